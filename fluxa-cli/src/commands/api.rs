//! `fluxa api`: any call of the API, as it is.

use std::collections::BTreeMap;

use fluxa_sdk::{Error, contract};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Serialize;

use super::resources::{NOT_THE_API, stakes};
use super::{Context, whoami};
use crate::body;
use crate::cli::ApiArguments;
use crate::connection;
use crate::error::{CliError, Result};
use crate::json_text::JsonText;
use crate::raw_call::{self, RawCall};
use crate::ui::{Line, Tone};

pub(crate) async fn run(context: &Context, arguments: ApiArguments) -> Result<()> {
    let include = arguments.include;
    let call = call(context, arguments)?;
    if call.options.dry_run {
        return call.show(context);
    }
    let accept = call.accept.to_ascii_lowercase();
    let takes_json = accept.contains("json") || accept.contains("*/*");
    if !takes_json && !include && context.ui.is_json() {
        return Err(CliError::usage(format!("{} is no JSON", call.accept))
            .hint("add --include for one object that holds it, or --output human"));
    }
    let client = connection::client(&context.settings)?;
    // The SDK refuses a step of the sandbox with a live key: nothing to ask about.
    if !call.reads() && !call.path.starts_with(contract::SANDBOX_PATH) {
        let stakes = stakes(call.body.as_ref());
        let account = whoami::asked_about(context, &client).await;
        let doing = format!("{} {}{stakes}{account}", call.method, call.path);
        context.confirm_live_write(&doing, &call.words())?;
    }
    let answer = call
        .send_or(context, &client, |error| match error {
            Error::Api(api) if include => {
                let body = String::from_utf8_lossy(api.raw_body());
                whole(context, api.status(), api.headers(), &body)
            }
            _ => Ok(()),
        })
        .await?;
    let printed = match include {
        true => whole(context, answer.status(), answer.headers(), &answer),
        false => print(context, &answer, takes_json),
    };
    answer.told(context, printed)
}

/// Makes a call of what was typed.
fn call(context: &Context, arguments: ApiArguments) -> Result<RawCall> {
    let (path, mut query) = split(&arguments.path, &context.settings.api_base)?;
    query.extend(arguments.query);
    let body = match &arguments.data.data {
        Some(data) => Some(body::read(data, &context.ui)?),
        None => None,
    };
    let mut words = vec!["api".to_owned(), arguments.method.to_owned(), path.clone()];
    for (name, value) in &query {
        words.extend(["--query".to_owned(), format!("{name}={value}")]);
    }
    for (name, value) in &arguments.header {
        words.extend(["--header".to_owned(), format!("{name}: {value}")]);
    }
    // A card is sent nowhere else.
    let confidential = match path.starts_with("/sandbox/checkout/") {
        true => vec!["card.number", "card.cvc"],
        false => Vec::new(),
    };
    if let Some(body) = &body {
        let shown = raw_call::masked(body, &confidential);
        words.extend(["--data".to_owned(), shown.to_string()]);
    }
    let mut headers = arguments.header;
    let accept = headers
        .iter()
        .position(|(name, _)| name.eq_ignore_ascii_case("accept"))
        .map(|at| headers.remove(at).1);
    Ok(RawCall {
        method: arguments.method,
        confidential,
        path,
        query,
        body,
        headers,
        timing: None,
        accept: accept.unwrap_or_else(|| raw_call::JSON.to_owned()),
        idempotency_key: arguments.idempotency.idempotency_key,
        options: arguments.options,
        words,
    })
}

/// Splits a path from its query.
///
/// # Errors
/// Usage for what is no path below the base URL: the key goes nowhere else.
fn split(typed: &str, base: &str) -> Result<(String, Vec<(String, String)>)> {
    let (path, query) = typed.split_once('?').unwrap_or((typed, ""));
    let wrong = |what: &str| Err(CliError::usage(format!("the path `{typed}` {what}")));
    if path.contains("://") || path.starts_with("//") {
        return wrong("is a URL: the key is sent to the base URL only")
            .map_err(|error: CliError| error.hint("give the path alone, such as /payments"));
    }
    let Some(below) = path.strip_prefix('/') else {
        return wrong("does not start with `/`")
            .map_err(|error: CliError| error.hint(format!("did you mean /{typed}?")));
    };
    if below.split('/').any(|part| part == "..") {
        return wrong("leaves the base URL");
    }
    if let Some(rest) = path.strip_prefix("/v1/")
        && base.trim_end_matches('/').ends_with("/v1")
    {
        return wrong("repeats what the base URL ends with")
            .map_err(|error: CliError| error.hint(format!("did you mean /{rest}?")));
    }
    let query = url::form_urlencoded::parse(query.as_bytes());
    Ok((path.to_owned(), query.into_owned().collect()))
}

/// Prints status, headers and body: for scripts as one object.
fn whole(context: &Context, status: StatusCode, headers: &HeaderMap, body: &str) -> Result<()> {
    if !context.ui.is_json() {
        head(context, status, headers)?;
        return print(context, body, false);
    }
    let headers: BTreeMap<&str, String> = headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str(), value)
        })
        .collect();
    let body = JsonText::parse(body).map_or_else(|_| Body::Text(body), Body::Json);
    context.ui.json(&Whole {
        status: status.as_u16(),
        headers,
        body,
    })
}

#[derive(Serialize)]
struct Whole<'a> {
    status: u16,
    headers: BTreeMap<&'a str, String>,
    body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Json(JsonText),
    Text(&'a str),
}

fn head(context: &Context, status: StatusCode, headers: &HeaderMap) -> Result<()> {
    let tone = if status.is_success() {
        Tone::Good
    } else {
        Tone::Bad
    };
    context
        .ui
        .line(&Line::new().push(tone, status.to_string()))?;
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let line = Line::new().dim(name.as_str()).text(": ").text(value);
        context.ui.line(&line)?;
    }
    context.ui.line(&Line::new())
}

/// Prints a body: JSON on many lines for people and on one for scripts, anything else as it is.
///
/// # Errors
/// It was to be JSON, and is none: something else than the API has answered.
fn print(context: &Context, body: &str, as_json: bool) -> Result<()> {
    if body.is_empty() {
        return Ok(());
    }
    match JsonText::parse(body) {
        Ok(json) if context.ui.is_json() => context.ui.json(&json),
        Ok(json) => {
            let pretty = json.pretty().unwrap_or_else(|_| body.to_owned());
            super::print_lines(context, &pretty)
        }
        Err(_) if as_json => Err(CliError::network("the answer is no JSON")
            .hint(format!("{NOT_THE_API}; --include shows what it is"))),
        Err(_) => super::print_lines(context, body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://127.0.0.1:4010/v1";

    #[test]
    fn a_path_may_have_its_query_with_it() {
        let (path, query) = split("/payments?state=SETTLED&expand%5B%5D=customer", BASE).unwrap();
        assert_eq!(path, "/payments");
        assert_eq!(
            query,
            [
                ("state".to_owned(), "SETTLED".to_owned()),
                ("expand[]".to_owned(), "customer".to_owned())
            ]
        );
    }

    #[test]
    fn what_would_leave_the_base_url_is_refused_with_what_was_meant() {
        for (typed, says) in [
            ("https://evil.test/v1/payments", "such as /payments"),
            ("//evil.test/payments", "such as /payments"),
            ("payments", "did you mean /payments?"),
            ("/v1/payments", "did you mean /payments?"),
        ] {
            let error = split(typed, BASE).unwrap_err();
            assert!(
                error.hint.is_some_and(|hint| hint.contains(says)),
                "{typed}"
            );
        }
        assert!(split("/payments/../../secret", BASE).is_err());
    }
}
