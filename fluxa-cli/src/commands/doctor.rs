//! `fluxa doctor`: one check after the other, each with what to do when it fails.
//!
//! Changes nothing of the account: a listen session is opened where a secret is to be compared, as
//! `listen` does. The server that webhooks go to is sent an event that it must refuse, without a
//! signature and with a wrong one, and only when it is named.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fluxa_sdk::types::EventType;
use fluxa_sdk::{Client, WebhookSecret, contract};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use serde::Serialize;
use serde_json::{Value, json};

use super::Context;
use super::listen::open_session;
use crate::cli::DoctorArguments;
use crate::connection;
use crate::env;
use crate::error::{CliError, Result};
use crate::listen::filter::Filter;
use crate::listen::forwarder::{Answer, Forwarder, Manner, parse_target};
use crate::listen::signer::delivery_id;
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
            checks.extend(webhook_secret(context, &client).await);
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
    let mut signatures = vec![None, Some(wrong_signature())].into_iter();
    let mut how = "without a signature";
    // The second is asked only where the first was refused as it should be.
    let check = loop {
        let Some(signature) = signatures.next() else {
            break Check::ok(
                SIGNATURE,
                "what is not signed, or wrongly, is refused; `fluxa listen` tries a genuine one",
            );
        };
        if signature.is_some() {
            how = "with a wrong signature";
        }
        let headers = delivery(signature.as_deref());
        let answer = forwarder.post(headers, unsigned_event().into()).await;
        if let Some(check) = not_refused(&answer, how) {
            break check;
        }
    };
    checks.push(check);
}

const SIGNATURE: &str = "webhook signature";

/// Says what is wrong with an answer to an event that is to be refused.
fn not_refused(answer: &Answer, how: &str) -> Option<Check> {
    Some(match (answer.status, &answer.error) {
        (Some(status @ 200..=299), _) => Check::fail(
            SIGNATURE,
            CliError::failure(format!(
                "it answers {status} to an event {how}: anyone can send it events"
            ))
            .hint(
                "verify each delivery before anything else: docs/webhooks.md shows how in Rust, \
                 Python and JavaScript",
            ),
        ),
        (Some(404 | 405), _) => Check::fail(
            SIGNATURE,
            CliError::failure("there is nothing at that path, or it takes no POST")
                .hint("give the path of your webhook route, such as 3000/webhooks"),
        ),
        (Some(400..=499), _) => return None,
        (Some(status), _) => Check::warn(
            SIGNATURE,
            format!("it answers {status} to an event {how}; a 400 is expected"),
            "it may break where the header is missing or wrong: anyone can make it do so, and what \
             it answers 5xx to is sent again and again",
        ),
        (None, error) => Check::warn(
            SIGNATURE,
            error.clone().unwrap_or_else(|| "no answer".to_owned()),
            "it accepted the connection but gave no answer",
        ),
    })
}

/// The headers of a delivery.
fn delivery(signature: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let own = |value| HeaderValue::from_static(value);
    headers.insert(CONTENT_TYPE, own("application/json"));
    headers.insert(USER_AGENT, own(contract::WEBHOOK_USER_AGENT));
    let delivery = delivery_id();
    let event_type = EventType::CustomerUpdated;
    let more = [
        (contract::EVENT, Some(event_type.as_str())),
        (contract::DELIVERY_ID, Some(delivery.as_str())),
        (contract::SIGNATURE, signature),
    ];
    for (name, value) in more {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = value.map(HeaderValue::from_str);
        if let (Ok(name), Some(Ok(value))) = (name, value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// A signature of now that is nobody's.
fn wrong_signature() -> String {
    let digits = "0".repeat(64);
    format!("t={},v1={digits}", Timestamp::now().as_second())
}

/// An event that has all that a handler reads first, about a customer that nobody has: whoever takes
/// it does no harm.
fn unsigned_event() -> String {
    let zeros = "0".repeat(16);
    let now = Timestamp::now().to_string();
    json!({
        "id": format!("{}{zeros}", contract::prefix::EVENT),
        "object": "event",
        "type": EventType::CustomerUpdated.as_str(),
        "livemode": false,
        "created_at": now,
        "api_version": contract::API_VERSION,
        "metadata": {},
        "data": { "object": {
            "id": format!("{}{zeros}", contract::prefix::CUSTOMER),
            "object": "customer",
            "livemode": false,
            "created_at": now,
            "metadata": { "made_by": "fluxa doctor" },
            "email": "doctor@example.com",
            "name": null,
        } },
    })
    .to_string()
}

/// Whether the secret in the environment is the one that `listen` signs with.
async fn webhook_secret(context: &Context, client: &Client) -> Option<Check> {
    const NAME: &str = "webhook secret";
    let variable = env::WEBHOOK_SECRET;
    let text = env::text(variable)?;
    let prefix = contract::WEBHOOK_SECRET_PREFIX;
    let refused = WebhookSecret::new(text.as_str()).err();
    let fault = refused.map(|error| error.to_string()).or_else(|| {
        (!text.starts_with(prefix)).then(|| format!("it does not start with `{prefix}`"))
    });
    if let Some(fault) = fault {
        let hint = "use the secret whole, prefix and all, without quotes or white space";
        return Some(Check::warn(NAME, format!("{variable}: {fault}"), hint));
    }
    // Nothing is made for a live key to find this out, and what may not be is no fault.
    if context.settings.is_live() {
        return None;
    }
    let session = open_session(client, &Filter::parse(&[]).ok()?).await.ok()?;
    Some(match session.secret.expose() == text {
        true => Check::ok(NAME, format!("{variable} is what `listen` signs with")),
        false => {
            let print = context.settings.suggested(&["listen", "--print-secret"]);
            Check::warn(
                NAME,
                format!("{variable} is not what `listen` signs with for this key"),
                format!(
                    "for what `listen` forwards: export {variable}=$({print}); the secret of a \
                     webhook endpoint is another one, and right for that endpoint alone"
                ),
            )
        }
    })
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
