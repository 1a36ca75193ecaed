//! Owns the life of a request to an operation: read, admit, check, replay or perform, store, answer.
//! Everything from admission to the stored answer happens in one transaction.

use super::auth::{self, Caller};
use super::idempotency::Identity;
use super::observe::{self, Arrival};
use super::operation::{Answering, Content, Input, Method, Operation};
use super::params::{self, Source};
use super::reply::{CSV, JSON, Reply, RequestId};
use super::{Peer, body, expand, form, idempotency, stream};
use crate::domain::api_key::ApiKey;
use crate::domain::error::{DomainError, Kind};
use crate::domain::request_log;
use crate::domain::timing::Timing;
use crate::sandbox::Sandbox;
use crate::store::{Origin, Tx};
use axum::extract::Request;
use axum::response::Response;
use fluxa_sdk::contract;
use http::header::ACCEPT;
use serde_json::{Map, Value};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

/// A request to an operation, read and parsed but not yet admitted.
pub(super) struct Call {
    pub(super) operation: &'static Operation,
    pub(super) caller: Caller,
    pub(super) request_id: String,
    pub(super) last_event_id: Option<String>,
    id: Option<String>,
    parsed: Result<Parsed, DomainError>,
    idempotency_key: Option<Result<String, DomainError>>,
    path: String,
    timing: Option<String>,
    wants_csv: bool,
    arrival: Option<Arrival>,
}

struct Parsed {
    checked: Result<Map<String, Value>, DomainError>,
    /// Before the types were checked, to tell requests apart that did not pass.
    raw: Map<String, Value>,
    expand: Vec<String>,
}

impl Parsed {
    fn fingerprint(&self, tx: &Tx<'_>, operation: &Operation, path: &str) -> Option<String> {
        let Ok(checked) = &self.checked else {
            return idempotency::fingerprint(tx, operation, path, Identity::Refused(&self.raw));
        };
        let mut whole = checked.clone();
        if !self.expand.is_empty() {
            whole.insert("expand".to_owned(), self.expand.clone().into());
        }
        idempotency::fingerprint(tx, operation, path, Identity::Checked(&whole))
    }
}

/// Serves a request.
pub(super) async fn handle(
    operation: &'static Operation,
    sandbox: Arc<Sandbox>,
    id: Option<String>,
    request: Request,
) -> Response {
    let call = Call::read(operation, &sandbox, id, request).await;
    if let Answering::Stream = operation.answering {
        return stream::open(sandbox, call).await;
    }
    let request_id = call.request_id.clone();
    if operation.method == Method::Get {
        return serve(&sandbox, call).await.into_response();
    }
    // A task of its own: a client that goes away does not undo half of what it asked for.
    let serving = tokio::spawn(async move { serve(&sandbox, call).await });
    let reply = match serving.await {
        Ok(reply) => reply,
        Err(error) => Reply::refusal(&DomainError::internal(error), &request_id),
    };
    reply.into_response()
}

async fn serve(sandbox: &Arc<Sandbox>, call: Call) -> Reply {
    let request_id = call.request_id.clone();
    let mut gate = match &call.idempotency_key {
        Some(Ok(key)) => {
            let patience = sandbox.config.idempotency_wait;
            match sandbox.in_flight.enter(key, patience).await {
                Ok(gate) => Some(gate),
                Err(error) => return Reply::refusal(&error, &request_id),
            }
        }
        _ => None,
    };
    let result = match call.operation.answering {
        Answering::AdvanceClock => advance_clock(sandbox, call).await,
        _ => {
            if call.operation.reads_log {
                sandbox.write_log().await;
            }
            let shared = Arc::clone(sandbox);
            let origin = call.origin();
            sandbox
                .store
                .run(origin, move |tx| call.execute(tx, &shared))
                .await
        }
    };
    if let (Some(gate), Ok(reply)) = (&mut gate, &result) {
        gate.answered(reply);
    }
    drop(gate);
    result.unwrap_or_else(|error: DomainError| Reply::refusal(&error, &request_id))
}

/// A call that passed every check before its work.
pub(super) struct Admitted {
    pub(super) input: Input,
    pub(super) reply_with: Reply,
    expand: Vec<String>,
    fingerprint: Option<(String, String)>,
    /// Of a write, whose row in the log is written with it.
    arrival: Option<Arrival>,
}

impl Call {
    async fn read(
        operation: &'static Operation,
        sandbox: &Sandbox,
        id: Option<String>,
        request: Request,
    ) -> Self {
        let (parts, content) = request.into_parts();
        let peer = parts
            .extensions
            .get::<Peer>()
            .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0);
        let request_id = parts
            .extensions
            .get::<RequestId>()
            .map_or(String::new(), |id| id.0.clone());
        let text = |name: &str| {
            let value = parts.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let config = &sandbox.config;
        let parsed = match operation.method {
            Method::Get | Method::Delete => form::parse(query).map(|raw| (raw, Source::Form)),
            Method::Post | Method::Patch => {
                match body::read(content, config.body_cap, config.body_timeout).await {
                    Ok(bytes) => body::parse(&parts.headers, &bytes),
                    Err(error) => Err(error),
                }
            }
        };
        let parsed = parsed.and_then(|(raw, source)| {
            let (raw, fault) = match operation.method {
                Method::Get | Method::Delete => (raw, None),
                Method::Post | Method::Patch => merge(query, raw)?,
            };
            Ok(parse(operation, id.as_deref(), raw, source, fault))
        });
        let idempotency_key = (operation.method == Method::Post)
            .then(|| idempotency::read_key(&parts.headers))
            .flatten();
        Self {
            operation,
            caller: Caller::new(&parts.headers, peer),
            request_id,
            last_event_id: text(contract::LAST_EVENT_ID),
            id,
            path: parts.uri.path().to_owned(),
            parsed,
            idempotency_key,
            timing: text(contract::SANDBOX_TIMING),
            wants_csv: text(ACCEPT.as_str()).is_some_and(|accept| prefers_csv(&accept)),
            arrival: parts.extensions.get::<Arrival>().cloned(),
        }
    }

    pub(super) fn origin(&self) -> Origin {
        Origin {
            request_id: Some(self.request_id.clone()),
            idempotency_key: self.idempotency_key.clone().and_then(Result::ok),
        }
    }

    /// Admits the call; `Err` is the answer that ends it here.
    pub(super) fn admit(
        self,
        tx: &Tx<'_>,
        sandbox: &Sandbox,
    ) -> Result<Result<Admitted, Reply>, DomainError> {
        let admission = auth::admit(tx, self.operation, &self.caller, &sandbox.limiter);
        let blank = Reply::new(200, JSON, String::new(), &self.request_id)
            .asked_by(admission.key_id, admission.allowance);
        let writes = self.operation.method != Method::Get;
        let arrival = self.arrival.clone().filter(|_| writes);
        match self.check(tx, admission.key) {
            Ok(Checked::Proceed(input, expand, fingerprint)) => Ok(Ok(Admitted {
                input: *input,
                reply_with: blank,
                expand,
                fingerprint,
                arrival,
            })),
            Ok(Checked::Replay(reply)) => Ok(Err(reply.asked_by(blank.key, blank.allowance))),
            Err(error) if error.kind == Kind::Internal => Err(error),
            Err(error) => Ok(Err(
                Reply::refusal(&error, &blank.request_id).asked_by(blank.key, blank.allowance)
            )),
        }
    }

    fn check(
        self,
        tx: &Tx<'_>,
        key: Result<Option<ApiKey>, DomainError>,
    ) -> Result<Checked, DomainError> {
        let key = key?;
        let idempotency_key = self.idempotency_key.transpose()?;
        let parsed = self.parsed?;
        // Before a replay: a stored answer may hold what another key was allowed to expand.
        if let (Some(start), Some(key)) = (self.operation.expand, &key) {
            expand::check_scopes(start, &parsed.expand, key)?;
        }
        let mut fingerprint = None;
        if let Some(key) = idempotency_key
            && let Some(print) = parsed.fingerprint(tx, self.operation, &self.path)
        {
            if let Some(reply) = idempotency::lookup(tx, &key, &print)? {
                return Ok(Checked::Replay(reply));
            }
            fingerprint = Some((key, print));
        }
        // Read whether it is of use or not: who misspells it is to hear of it at once.
        let timing = self.timing.as_deref().map(Timing::parse).transpose();
        let (params, timing) = match parsed.checked.and_then(|params| Ok((params, timing?))) {
            Ok(read) => read,
            Err(error) => {
                let reply = Reply::refusal(&error, &self.request_id);
                if let Some((key, print)) = &fingerprint {
                    idempotency::store(tx, key, print, &reply)?;
                }
                return Ok(Checked::Replay(reply));
            }
        };
        let input = Input {
            id: self.id,
            params,
            key,
            timing,
            wants_csv: self.wants_csv,
        };
        Ok(Checked::Proceed(
            Box::new(input),
            parsed.expand,
            fingerprint,
        ))
    }

    fn execute(self, tx: &Tx<'_>, sandbox: &Sandbox) -> Result<Reply, DomainError> {
        let operation = self.operation;
        let admitted = match self.admit(tx, sandbox)? {
            Ok(admitted) => admitted,
            Err(reply) => return Ok(reply),
        };
        let Answering::Handler(handler) = operation.answering else {
            return Err(DomainError::internal("an operation without a handler"));
        };
        // A refusal undoes the work, and is itself stored.
        let result = tx.attempt(|tx| {
            let mut answer = handler(tx, &admitted.input)?;
            if let Some(start) = operation.expand
                && !admitted.expand.is_empty()
            {
                answer.content = answer.content.parsed()?;
                if let Content::Json(value) = &mut answer.content {
                    expand::apply(tx, start, &admitted.expand, value)?;
                }
            }
            Ok(answer)
        });
        let (status, media, text) = match result {
            Ok(answer) => match answer.content {
                Content::Json(value) => (answer.status, JSON, value.to_string()),
                Content::Text(text) => (answer.status, JSON, text),
                Content::Csv(text) => (answer.status, CSV, text),
            },
            Err(error) if error_is_ours(&error) => return Err(error),
            Err(error) => {
                let refused = Reply::refusal(&error, &admitted.reply_with.request_id);
                (refused.status, JSON, refused.body)
            }
        };
        admitted.conclude(tx, status, media, text)
    }
}

fn error_is_ours(error: &DomainError) -> bool {
    error.kind == Kind::Internal
}

enum Checked {
    Proceed(Box<Input>, Vec<String>, Option<(String, String)>),
    Replay(Reply),
}

impl Admitted {
    /// The answer, stored under its idempotency key if it has one.
    pub(super) fn conclude(
        self,
        tx: &Tx<'_>,
        status: u16,
        media: &str,
        text: String,
    ) -> Result<Reply, DomainError> {
        let mut reply = self.reply_with;
        reply.status = status;
        reply.media = media.to_owned();
        reply.body = text;
        if let Some((key, print)) = &self.fingerprint {
            idempotency::store(tx, key, print, &reply)?;
        }
        // What was refused and is not stored has written nothing: its row is not worth an fsync.
        let wrote = status < 400 || self.fingerprint.is_some();
        if let Some(arrival) = self.arrival.filter(|_| wrote) {
            let code = observe::error_code(status, reply.body.as_bytes());
            request_log::write_one(tx, arrival.row(status, reply.key.clone(), code))?;
            reply.is_logged = true;
        }
        Ok(reply)
    }
}

async fn advance_clock(sandbox: &Arc<Sandbox>, call: Call) -> Result<Reply, DomainError> {
    let origin = call.origin();
    let shared = Arc::clone(sandbox);
    let admitted = match sandbox
        .store
        .run(origin, move |tx| call.admit(tx, &shared))
        .await?
    {
        Ok(admitted) => admitted,
        Err(reply) => return Ok(reply),
    };
    let seconds = admitted.input.integer("seconds").unwrap_or(0);
    let by = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    if let Err(error) = sandbox.check_advance(by) {
        let error = error.about("seconds");
        let refused = Reply::refusal(&error, &admitted.reply_with.request_id);
        return sandbox
            .store
            .run(Origin::default(), move |tx| {
                admitted.conclude(tx, refused.status, JSON, refused.body)
            })
            .await;
    }
    let note = idempotency::NotedAdvance(admitted.fingerprint.clone());
    sandbox
        .advance_noted(by, note, move |tx, arrived| {
            if let Err(error) = arrived {
                let refused = Reply::refusal(&error, &admitted.reply_with.request_id);
                return admitted.conclude(tx, refused.status, JSON, refused.body);
            }
            let clock = super::routes::clock_view(tx)?;
            admitted.conclude(tx, 200, JSON, clock.to_string())
        })
        .await
}

/// The body's parameters, with `expand[]` from the query beside them, and what else the query holds that
/// has no place there. That is refused, but as parameters are: under the request's idempotency key.
fn merge(
    query: &[u8],
    mut raw: Map<String, Value>,
) -> Result<(Map<String, Value>, Option<DomainError>), DomainError> {
    let mut fault = None;
    for (name, value) in form::parse(query)? {
        if name == "expand" && !raw.contains_key("expand") {
            raw.insert(name, value);
            continue;
        }
        let shown = form::clip(&name);
        let message = format!("{shown} belongs in the body, not in the query.");
        let refused = match name.as_str() {
            "expand" => DomainError::parameter("expand", "The parameter is given twice."),
            _ => DomainError::invalid("parameter_unknown", message).about(shown),
        };
        fault.get_or_insert(refused);
        // Told apart from a parameter of the body when the request is repeated.
        raw.insert(format!("?{name}"), value);
    }
    Ok((raw, fault))
}

fn parse(
    operation: &Operation,
    id: Option<&str>,
    raw: Map<String, Value>,
    source: Source,
    fault: Option<DomainError>,
) -> Parsed {
    let mut rest = raw.clone();
    let checked = (|| {
        if let Some(fault) = fault {
            return Err(fault);
        }
        let mut paths = Vec::new();
        if let Some(start) = operation.expand
            && let Some(value) = rest.remove("expand")
        {
            // It may come from the query of a request whose body is JSON.
            paths = params::text_list(value, Source::Form, "expand")?;
            expand::check(start, &paths)?;
        }
        if let (Some(prefix), Some(id)) = (operation.id, id) {
            params::check_id(id, prefix).map_err(|error| error.about("id"))?;
        }
        Ok((params::check(operation, rest, source)?, paths))
    })();
    match checked {
        Ok((checked, expand)) => Parsed {
            checked: Ok(checked),
            raw,
            expand,
        },
        Err(error) => Parsed {
            checked: Err(error),
            raw,
            expand: Vec::new(),
        },
    }
}

/// Whether an Accept header asks for CSV rather than JSON, which is what comes if it does not say.
fn prefers_csv(accept: &str) -> bool {
    let ranges: Vec<(String, f32)> = accept.split(',').map(media_range).collect();
    // The most specific range counts: `text/csv;q=0` refuses it whatever `*/*` says.
    let find = |names: &[&str]| {
        names.iter().find_map(|name| {
            let place = ranges.iter().position(|(range, _)| range == name)?;
            Some((place, ranges[place].1))
        })
    };
    let csv = find(&["text/csv", "text/*"]);
    let json = find(&["application/json", "application/*"]);
    match (csv, json) {
        (Some((csv, wanted)), Some((json, other))) => {
            wanted > other || (wanted == other && wanted > 0.0 && csv < json)
        }
        (Some((_, wanted)), None) => {
            wanted > 0.0 && find(&["*/*"]).is_none_or(|(_, other)| wanted >= other)
        }
        (None, _) => false,
    }
}

/// A media type or a range of them, and how much it is wanted: 1 unless it says, 0 for not at all.
fn media_range(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then(|| value.trim().parse().ok())
    });
    (name, quality.flatten().unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use super::prefers_csv;

    #[test]
    fn an_accept_header_is_read_with_its_qualities() {
        for (accept, expected) in [
            ("text/csv", true),
            ("TEXT/CSV; charset=utf-8", true),
            ("text/*", true),
            ("text/csv, application/json", true),
            ("application/json, text/csv", false),
            ("application/json;q=0.5, text/csv", true),
            ("text/csv;q=0.5, application/json", false),
            ("text/csv, */*", true),
            ("text/csv;q=0.1, */*", false),
            ("text/csv;q=0", false),
            ("text/csv; q=0.0, application/json;q=0", false),
            ("text/csv;q=0, */*", false),
            ("text/*, text/csv;q=0", false),
            ("*/*", false),
            ("text/html", false),
            ("", false),
        ] {
            assert_eq!(prefers_csv(accept), expected, "{accept}");
        }
    }
}
