//! Owns one call of the API as data: sending it, showing it instead, and saying how it is repeated
//! when nobody knows whether it was carried out.
//!
//! What is sent and what comes back is JSON as it is, so that nothing is dropped that this version
//! does not know.

use std::ops::Deref;

use fluxa_sdk::{Client, IdempotencyKey, Response, contract};
use serde_json::{Map, Value, json};

use crate::cli::CallOptions;
use crate::commands::Context;
use crate::connection;
use crate::error::{CliError, Fate, Kind, Outcome, Result, redact};
use crate::json_text::JsonText;
use crate::signals::interrupted;
use crate::ui::{Line, Tone};

/// The media type of almost every answer.
pub(crate) const JSON: &str = "application/json";

/// A call, checked and ready.
#[derive(Clone)]
pub(crate) struct RawCall {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timing: Option<String>,
    /// The media type asked for.
    pub(crate) accept: String,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) options: CallOptions,
    /// The command that makes this very call, without its idempotency key.
    pub(crate) words: Vec<String>,
    /// Dotted names in the body that may not be shown.
    pub(crate) confidential: Vec<&'static str>,
}

impl RawCall {
    /// A call of a path, with neither parameters nor a body yet.
    pub(crate) fn new(method: &'static str, path: String, words: Vec<String>) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            body: None,
            headers: Vec::new(),
            timing: None,
            accept: JSON.to_owned(),
            idempotency_key: None,
            options: CallOptions::default(),
            words,
            confidential: Vec::new(),
        }
    }

    pub(crate) fn reads(&self) -> bool {
        matches!(self.method, "GET" | "HEAD")
    }

    /// Returns the command, to say how it is run otherwise.
    pub(crate) fn words(&self) -> Vec<&str> {
        let key = self.idempotency_key.as_deref();
        let key = key.map(|key| ["--idempotency-key", key]);
        let words = self.words.iter().map(String::as_str);
        words.chain(key.into_iter().flatten()).collect()
    }

    /// Returns whether the API keeps idempotency keys for calls like this one.
    fn takes_key(&self) -> bool {
        self.method == "POST"
    }

    /// Sends it. Ctrl-C ends it, and so does whoever else stops us: then it is said what is not known.
    pub(crate) async fn send(&self, context: &Context, client: &Client) -> Result<Answer<'_>> {
        self.send_or(context, client, |_| Ok(())).await
    }

    /// Sends it, and lets `failed` look at an error of the SDK before it becomes one of the CLI.
    pub(crate) async fn send_or(
        &self,
        context: &Context,
        client: &Client,
        failed: impl FnOnce(&fluxa_sdk::Error) -> Result<()>,
    ) -> Result<Answer<'_>> {
        let mut call = client.raw(self.method, &self.path).text(&self.accept);
        for (name, value) in &self.query {
            call = call.query(name, value);
        }
        for (name, value) in &self.headers {
            call = call.header(name, value);
        }
        if let Some(body) = &self.body {
            call = call.json(body.clone());
        }
        if let Some(timing) = &self.timing {
            call = call.sandbox_timing(timing);
        }
        if let Some(timeout) = self.options.timeout {
            call = call.timeout(timeout);
        }
        if let Some(version) = &self.options.api_version {
            call = call.api_version(version);
        }
        let key = match &self.idempotency_key {
            Some(key) => Some(IdempotencyKey::new(key.as_str())?),
            None => self.takes_key().then(IdempotencyKey::new_v4),
        };
        if let Some(key) = &key {
            call = call.idempotency_key(key.clone());
        }
        let stopped = async {
            match self.reads() {
                // There is nothing to be told of it: the system ends it, wherever it waits.
                true => std::future::pending().await,
                false => interrupted().await,
            }
        };
        let answer = tokio::select! {
            answer = call => answer,
            _ = stopped => {
                let error = CliError::interrupted();
                return Err(self.unknown(context, key.as_ref(), error));
            }
        };
        let error = match answer {
            Ok(response) => {
                return Ok(Answer {
                    call: self,
                    key,
                    response,
                });
            }
            Err(error) => error,
        };
        let fate = Fate::from(&error);
        failed(&error)?;
        let error = CliError::from(error);
        let reach = connection::with_reach_hint(&context.settings);
        Err(match fate.outcome {
            _ if self.reads() => reach(error),
            Outcome::Unknown => {
                let error = CliError {
                    hint: None,
                    ..error
                };
                self.unknown(context, key.as_ref(), error)
            }
            _ => reach(error).fate(fate),
        })
    }

    /// Says of a call, of which nobody knows whether it was carried out, how to find out and how to
    /// repeat it.
    fn unknown(
        &self,
        context: &Context,
        key: Option<&IdempotencyKey>,
        error: CliError,
    ) -> CliError {
        let key = key.filter(|_| self.takes_key());
        let look = key.map(|key| {
            let words = [
                "logs",
                "tail",
                "--no-follow",
                "--idempotency-key",
                key.as_str(),
            ];
            let look = context.settings.suggested(&words);
            format!("; `{look}` shows the request and its status if it was")
        });
        error
            .further_hint(format!(
                "it may have been carried out{}; {}",
                look.unwrap_or_default(),
                self.again(context, key, "is safe, it is carried out once")
            ))
            .fate(fate(Outcome::Unknown, key, None))
    }

    /// Says how the call is repeated without being carried out twice, and what that does.
    fn again(&self, context: &Context, key: Option<&IdempotencyKey>, does: &str) -> String {
        let mut words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let hours = contract::IDEMPOTENCY_WINDOW.as_secs() / 3_600;
        match key.filter(|_| self.takes_key()) {
            // What may not be shown cannot be part of a command to copy.
            Some(key) if !self.confidential.is_empty() => format!(
                "within {hours} hours the same command with `--idempotency-key {}` {does}",
                key.as_str()
            ),
            Some(key) => {
                words.extend(["--idempotency-key", key.as_str()]);
                let command = context.settings.suggested(&words);
                format!("within {hours} hours this {does}: `{command}`")
            }
            None => format!(
                "it may be repeated safely: `{}`",
                context.settings.suggested(&words)
            ),
        }
    }

    /// Prints what would be sent.
    pub(crate) fn show(&self, context: &Context) -> Result<()> {
        connection::check_base_url(&context.settings.api_base)?;
        let mut url = url::Url::parse(&format!(
            "{}{}",
            context.settings.api_base.trim_end_matches('/'),
            self.path
        ))
        .map_err(|error| CliError::usage(format!("{}: {error}", self.path)))?;
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        let body = self
            .body
            .as_ref()
            .map(|body| masked(body, &self.confidential));
        let version = self.options.api_version.as_deref();
        let mut headers = vec![
            ("Accept", self.accept.as_str()),
            (contract::VERSION, version.unwrap_or(contract::API_VERSION)),
        ];
        if self.takes_key() {
            let key = self.idempotency_key.as_deref();
            headers.push((contract::IDEMPOTENCY_KEY, key.unwrap_or("(random)")));
        }
        if let Some(timing) = &self.timing {
            headers.push((contract::SANDBOX_TIMING, timing));
        }
        if body.is_some() {
            headers.push(("Content-Type", JSON));
        }
        for (name, value) in &self.headers {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            headers.push((name, value));
        }
        if context.ui.is_json() {
            let headers: Map<String, Value> = headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), redact(value).into()))
                .collect();
            let request = json!({
                "method": self.method,
                "url": redact(url.as_str()),
                "headers": headers,
                "body": body,
            });
            return context.ui.json(&request);
        }
        let line = Line::new().bold(self.method).text(" ");
        context.ui.line(&line.text(redact(url.as_str())))?;
        for (name, value) in headers {
            let line = Line::new().dim(name).text(": ").text(redact(value));
            context.ui.line(&line)?;
        }
        if let Some(body) = &body {
            let pretty = serde_json::to_string_pretty(body).unwrap_or_default();
            context.ui.line(&Line::new())?;
            let mut lines = pretty.lines();
            lines.try_for_each(|line| context.ui.line(&Line::new().text(redact(line))))?;
        }
        let note = Line::new().push(Tone::Dim, "nothing was sent");
        context.ui.note(&note);
        Ok(())
    }
}

/// An answer of the API. What fails once it is there, its reading or its printing, goes through
/// [`Answer::told`], so that nobody takes it for a call that was not carried out.
pub(crate) struct Answer<'a> {
    call: &'a RawCall,
    key: Option<IdempotencyKey>,
    response: Response<String>,
}

impl Deref for Answer<'_> {
    type Target = Response<String>;

    fn deref(&self) -> &Self::Target {
        &self.response
    }
}

impl Answer<'_> {
    /// Adds what became of the call to what failed after its answer.
    pub(crate) fn told<T>(&self, context: &Context, done: Result<T>) -> Result<T> {
        done.map_err(|error| match self.call.reads() {
            true => error,
            false => self.tell(context, error),
        })
    }

    fn tell(&self, context: &Context, error: CliError) -> CliError {
        let key = self.key.as_ref();
        let object = JsonText::parse(&self.response).ok();
        let Some(object) = object.filter(|object| matches!(object, JsonText::Object(_))) else {
            return self.call.unknown(context, key, error);
        };
        let id = object.get("id").and_then(JsonText::text);
        let became = match &id {
            Some(id) => format!("it was carried out: {id}"),
            None => "it was carried out".to_owned(),
        };
        let does = "prints the answer again and does nothing new";
        let again = self.call.again(context, key, does);
        // A success for whoever reads no further; that something was changed is to be known all the same.
        if error.kind == Kind::BrokenPipe {
            let said = format!("nobody reads the answer; {became}; {again}");
            context.ui.warn(&said);
            return error;
        }
        error
            .further_hint(format!("{became}; {again}"))
            .fate(fate(Outcome::CarriedOut, key, id))
    }
}

fn fate(outcome: Outcome, key: Option<&IdempotencyKey>, id: Option<String>) -> Fate {
    Fate {
        outcome,
        idempotency_key: key.map(ToString::to_string),
        id,
    }
}

/// Returns a body without what may not be shown.
pub(crate) fn masked(body: &Value, confidential: &[&str]) -> Value {
    let mut body = body.clone();
    for name in confidential {
        let pointer = format!("/{}", name.replace('.', "/"));
        if let Some(value) = body.pointer_mut(&pointer) {
            *value = "…".into();
        }
    }
    body
}
