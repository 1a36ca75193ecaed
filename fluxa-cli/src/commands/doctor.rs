//! `fluxa doctor`: one check after the other, each with what to do when it fails.
//!
//! Changes nothing. The server that webhooks go to is sent one request without a signature, and
//! only when it is named.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fluxa_sdk::{Client, contract};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::Context;
use crate::cli::DoctorArguments;
use crate::connection;
use crate::env;
use crate::error::{CliError, Result};
use crate::listen::forwarder::{Forwarder, Manner, parse_target};
use crate::private_file;
use crate::ui::{Line, Tone};

/// How long the API has for each answer, and the target to refuse what is not signed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A clock that is off by more makes people wonder.
const NOTICEABLE_SKEW_SECONDS: i64 = 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok,
    Warn,
    Fail,
}

/// What was looked at, and what came of it.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    result: Outcome,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            result: Outcome::Ok,
            detail: detail.into(),
            hint: None,
        }
    }

    fn warn(name: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            result: Outcome::Warn,
            hint: Some(hint.into()),
            ..Self::ok(name, detail)
        }
    }

    fn fail(name: &'static str, error: CliError) -> Self {
        Self {
            result: Outcome::Fail,
            hint: error.hint,
            ..Self::ok(name, error.message)
        }
    }
}

pub(crate) async fn run(context: &Context, arguments: DoctorArguments) -> Result<()> {
    let mut checks = vec![configuration(context), keyring(context)];
    checks.extend(proxies(context));
    match connection::client(&context.settings) {
        Ok(client) => {
            checks.push(key(context));
            context.ui.spinner("asking the API");
            api(context, &client, &mut checks).await;
        }
        Err(error) => checks.push(Check::fail("key and base URL", error)),
    }
    if let Some(target) = &arguments.forward_to {
        context.ui.spinner("asking the target");
        webhooks_to(target, &mut checks).await;
    }
    context.ui.stop_bar();
    show(context, &checks)?;
    let failed = checks.iter().filter(|check| check.result == Outcome::Fail);
    match failed.count() {
        0 => Ok(()),
        1 => Err(CliError::failure("one check failed")),
        more => Err(CliError::failure(format!("{more} checks failed"))),
    }
}

fn show(context: &Context, checks: &[Check]) -> Result<()> {
    if context.ui.is_json() {
        let healthy = checks.iter().all(|check| check.result != Outcome::Fail);
        return context.ui.json(&json!({ "ok": healthy, "checks": checks }));
    }
    for check in checks {
        let (tone, word) = match check.result {
            Outcome::Ok => (Tone::Good, "ok"),
            Outcome::Warn => (Tone::Warn, "warn"),
            Outcome::Fail => (Tone::Bad, "FAIL"),
        };
        let line = Line::new()
            .column(tone, word, 6)
            .column(Tone::Bold, check.name, 18)
            .text(&check.detail);
        context.ui.line(&line)?;
        if let Some(hint) = &check.hint {
            let hint = Line::new()
                .text(" ".repeat(6))
                .push(Tone::Accent, "→ ")
                .text(hint);
            context.ui.line(&hint)?;
        }
    }
    Ok(())
}

/// The directory and its files: who may read them.
fn configuration(context: &Context) -> Check {
    const NAME: &str = "configuration";
    let directory = match context.settings.directory() {
        Ok(directory) => directory.path(""),
        Err(error) => return Check::fail(NAME, error),
    };
    if !directory.exists() {
        return Check::ok(
            NAME,
            format!("none yet; it would be in {}", directory.display()),
        );
    }
    let wide: Vec<PathBuf> = private_file::read_by_others(&directory);
    let profile = &context.settings.profile;
    match wide.first() {
        None => Check::ok(NAME, format!("{}, profile {profile}", directory.display())),
        Some(path) => Check::warn(
            NAME,
            format!("others can read {}", path.display()),
            format!("chmod go-rwx '{}'", path.display()),
        ),
    }
}

/// Where a key would be stored. Nothing is put there to find out.
fn keyring(context: &Context) -> Check {
    Check::ok(
        "keyring",
        match context.settings.keyring.why_not() {
            None => "there is one: `fluxa login` puts keys into it".to_owned(),
            Some(why) => format!("not used, keys go into a file of mode 0600: {why}"),
        },
    )
}

/// A proxy of the environment takes calls to the API, and never those to this machine.
fn proxies(context: &Context) -> Option<Check> {
    const NAME: &str = "proxy";
    let names = env::proxies();
    if names.is_empty() {
        return None;
    }
    let names = names.join(", ");
    Some(match connection::is_local(&context.settings.api_base) {
        true => Check::ok(NAME, format!("{names} set; not used for this machine")),
        false => Check::warn(
            NAME,
            format!("{names} set: calls go through it"),
            "if calls fail or hang, unset it and try again; event streams need a proxy that does not buffer",
        ),
    })
}

fn key(context: &Context) -> Check {
    let settings = &context.settings;
    let from = settings
        .api_key_origin
        .describe("--api-key", env::SECRET_KEY);
    let mode = if settings.is_live() {
        "live: real money"
    } else {
        "test"
    };
    Check::ok("key", format!("{mode}, from {from}"))
}

/// Whether the API answers, takes the key, and agrees about the time.
async fn api(context: &Context, client: &Client, checks: &mut Vec<Check>) {
    let reach = connection::with_reach_hint(&context.settings);
    let base = &context.settings.api_base;
    let started = Instant::now();
    let answer = match client.raw("GET", "/status").timeout(PATIENCE).await {
        Ok(answer) => answer,
        Err(error) => return checks.push(Check::fail("API", reach(error.into()))),
    };
    let millis = started.elapsed().as_secs_f64() * 1e3;
    let encrypted = match base.starts_with("https://") {
        true => "TLS verified",
        false => "this machine, no TLS",
    };
    checks.push(Check::ok(
        "API",
        format!("{base} answered in {millis:.0} ms, {encrypted}"),
    ));
    checks.extend(clock(answer.headers(), Timestamp::now()));
    let overall = answer["overall"].as_str().unwrap_or("unknown").to_owned();
    checks.push(match overall.as_str() {
        "operational" => Check::ok("platform", overall),
        _ => Check::warn("platform", overall, "`fluxa status` shows what is affected"),
    });
    checks.push(
        match client.raw("GET", "/merchant").timeout(PATIENCE).await {
            Ok(merchant) => Check::ok("account", account(&merchant)),
            Err(error) => match CliError::from(error) {
                error if error.api_status() == Some(403) => {
                    Check::ok("account", "the key is taken; it may not see the account")
                }
                error => Check::fail("account", reach(error)),
            },
        },
    );
}

fn account(merchant: &Value) -> String {
    let text = |name: &str| merchant[name].as_str().unwrap_or("unknown");
    format!(
        "{} ({}), KYB {}",
        text("name"),
        text("id"),
        text("kyb_status")
    )
}

/// Webhooks are refused when the clocks are further apart than their tolerance.
fn clock(headers: &HeaderMap, now: Timestamp) -> Option<Check> {
    const NAME: &str = "clock";
    let date = headers.get(reqwest::header::DATE)?.to_str().ok()?;
    let theirs = DateTimeParser::new().parse_timestamp(date).ok()?;
    let skew = now.as_second() - theirs.as_second();
    let tolerance = i64::try_from(contract::WEBHOOK_TOLERANCE.as_secs()).unwrap_or(i64::MAX);
    let (ahead, off) = (if skew < 0 { "behind" } else { "ahead of" }, skew.abs());
    let detail = format!("{off} s {ahead} the API's");
    let hint = "set this machine's clock by NTP (`timedatectl set-ntp true`)";
    Some(match off {
        off if off > tolerance => Check::fail(
            NAME,
            CliError::failure(format!(
                "{detail}: every webhook is refused beyond {tolerance} s"
            ))
            .hint(hint),
        ),
        off if off > NOTICEABLE_SKEW_SECONDS => Check::warn(NAME, detail, hint),
        _ => Check::ok(NAME, format!("within {off} s of the API's")),
    })
}

/// Whether the merchant's server is there, and refuses what nobody signed.
async fn webhooks_to(target: &str, checks: &mut Vec<Check>) {
    let manner = Manner {
        timeout: PATIENCE,
        ..Manner::default()
    };
    let forwarder = match parse_target(target).and_then(|target| Forwarder::new(target, &manner)) {
        Ok(forwarder) => forwarder,
        Err(error) => return checks.push(Check::fail("webhook target", error)),
    };
    let target = forwarder.target().to_string();
    if !forwarder.is_reachable().await {
        let error = CliError::failure(format!("nothing listens at {target}"))
            .hint("start your server, or give the port it listens on");
        return checks.push(Check::fail("webhook target", error));
    }
    checks.push(Check::ok("webhook target", format!("{target} is there")));
    const NAME: &str = "webhook signature";
    let answer = forwarder.post(HeaderMap::new(), "{}".into()).await;
    checks.push(match (answer.status, answer.error) {
        (Some(status @ 200..=299), _) => Check::fail(
            NAME,
            CliError::failure(format!(
                "it answers {status} to what nobody signed: anyone can send it events"
            ))
            .hint("verify each delivery with `fluxa_sdk::webhooks::Verifier` before anything else"),
        ),
        (Some(404 | 405), _) => Check::fail(
            NAME,
            CliError::failure("there is nothing at that path, or it takes no POST")
                .hint("give the path of your webhook route, such as 3000/webhooks"),
        ),
        (Some(status @ 400..=499), _) => {
            Check::ok(NAME, format!("what nobody signed is refused with {status}"))
        }
        (Some(status), _) => Check::warn(
            NAME,
            format!("it answers {status} to what nobody signed"),
            "a 400 is expected: a 5xx makes Fluxa send the event again and again",
        ),
        (None, error) => Check::warn(
            NAME,
            error.unwrap_or_else(|| "no answer".to_owned()),
            "it accepted the connection but gave no answer",
        ),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_beyond_the_tolerance_fails_and_one_that_is_a_little_off_is_told() {
        let mut headers = HeaderMap::new();
        assert!(clock(&headers, Timestamp::UNIX_EPOCH).is_none());
        headers.insert("date", "Tue, 19 May 2026 10:23:14 GMT".parse().unwrap());
        let at = |text: &str| clock(&headers, text.parse().unwrap()).unwrap();
        assert_eq!(at("2026-05-19T10:23:20Z").result, Outcome::Ok);
        assert_eq!(at("2026-05-19T10:22:14Z").result, Outcome::Warn);
        assert_eq!(at("2026-05-19T10:28:14Z").result, Outcome::Warn);
        let late = at("2026-05-19T10:28:15Z");
        assert_eq!(late.result, Outcome::Fail);
        assert!(late.detail.starts_with("301 s ahead of"), "{}", late.detail);
        assert!(
            at("2026-05-19T10:18:13Z")
                .detail
                .starts_with("301 s behind")
        );
    }
}
