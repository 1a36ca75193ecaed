//! `fluxa webhooks`: signing and verifying bodies by hand, as the SDK does it.

use std::path::Path;

use fluxa_sdk::webhooks::{SignatureError, Verifier, sign};
use fluxa_sdk::{WebhookSecret, contract};
use serde_json::json;

use super::Context;
use crate::alteration::{Alteration, alterations};
use crate::cli::{BodyArguments, WebhooksCommand};
use crate::env;
use crate::error::{CliError, Result};
use crate::input;
use crate::listen::report::plural;
use crate::ui::{Line, Tone};

/// The largest body that is read: no webhook comes near it.
const LARGEST_BYTES: u64 = 16 * 1024 * 1024;

pub(crate) fn run(context: &Context, command: WebhooksCommand) -> Result<()> {
    match command {
        WebhooksCommand::Sign {
            body,
            timestamp,
            header,
        } => {
            let (secret, body) = (secret(context, &body)?, read(&body.file)?);
            let timestamp = timestamp.unwrap_or_else(|| jiff::Timestamp::now().as_second());
            // What no verifier takes is not signed.
            if !(0..1_000_000_000_000).contains(&timestamp) {
                return Err(CliError::usage(
                    "a timestamp is Unix seconds of 1 to 12 digits",
                ));
            }
            let value = sign(secret.expose().as_bytes(), timestamp, &body);
            match context.ui.is_json() {
                true => context.ui.json(&json!({
                    "header": contract::SIGNATURE, "value": value, "timestamp": timestamp,
                })),
                false if header => {
                    let name = contract::SIGNATURE;
                    context
                        .ui
                        .line(&Line::new().text(format!("{name}: {value}")))
                }
                false => context.ui.line(&Line::new().text(value)),
            }
        }
        WebhooksCommand::Verify {
            body,
            signature,
            at,
            tolerance,
        } => {
            let (secret, body) = (secret(context, &body)?, read(&body.file)?);
            let verifier = Verifier::new(&secret)?.tolerance(tolerance);
            let signature = header_value(&signature);
            let now = || jiff::Timestamp::now().as_second();
            let at = jiff::Timestamp::from_second(at.unwrap_or_else(now))
                .map_err(|_| CliError::usage("--at is no time that a calendar has"))?;
            match verifier.verify_received_at(&body, signature, at) {
                Ok(event) => {
                    let age = at.as_second() - event.signed_at_unix_seconds();
                    valid(context, event.id(), event.event_type(), age)
                }
                Err(error) => Err(refusal(
                    &secret,
                    &body,
                    signature,
                    error,
                    tolerance.as_secs(),
                )),
            }
        }
    }
}

fn valid(context: &Context, id: &str, event_type: &str, age_seconds: i64) -> Result<()> {
    if context.ui.is_json() {
        return context.ui.json(&json!({
            "valid": true, "event": id, "event_type": event_type, "age_seconds": age_seconds,
        }));
    }
    let age = match age_seconds {
        0.. => format!(
            "signed {} earlier",
            plural(age_seconds.unsigned_abs(), "second")
        ),
        _ => format!(
            "signed {} later",
            plural(age_seconds.unsigned_abs(), "second")
        ),
    };
    let line = Line::new().push(Tone::Good, "valid").text("  ");
    context
        .ui
        .line(&line.bold(event_type).text(" ").dim(id).dim("  ").dim(age))
}

/// Returns why a signature is not good, found out by trying what may have gone wrong.
fn refusal(
    secret: &WebhookSecret,
    body: &[u8],
    signature: &str,
    error: SignatureError,
    tolerance_seconds: u64,
) -> CliError {
    let refused = |why: String| CliError::failure(format!("not valid: {why}"));
    match error {
        SignatureError::NoMatch => {}
        SignatureError::OutsideTolerance { age_seconds } => {
            let (by, side) = match age_seconds {
                0.. => (age_seconds.unsigned_abs() - tolerance_seconds, "too old"),
                _ => (
                    age_seconds.unsigned_abs() - tolerance_seconds,
                    "too far in the future",
                ),
            };
            return refused(format!(
                "the signature matches, and is {} {side} (the tolerance is {tolerance_seconds})",
                plural(by, "second")
            ))
            .hint("as of the time it was received: --at TIME; or check this machine's clock");
        }
        SignatureError::NotAnEvent => {
            return refused("the signature matches, but the body is no event".to_owned())
                .hint("an event is JSON with an `id` and a `type`");
        }
        other => {
            return refused(other.to_string())
                .hint("the header is t=<unix seconds>,v1=<64 hexadecimal digits>");
        }
    }
    if let Some(alteration) = alteration(secret, body, signature) {
        return refused(alteration)
            .hint("keep the bytes as they came: nothing added, nothing parsed");
    }
    if let Some(how) = other_form(secret, body, signature) {
        return refused(how).hint("use the secret as it is, prefix and all");
    }
    refused("it is by another secret, or the body is another".to_owned()).hint(
        "check that the secret is this endpoint's (`fluxa listen --print-secret` for what listen \
         forwards) and that the file holds the raw bytes received",
    )
}

/// Returns whether a secret made the signature, whenever that was.
fn matches(secret: &WebhookSecret, body: &[u8], signature: &str) -> bool {
    Verifier::new(secret).is_ok_and(|verifier| {
        let verifier = verifier.without_tolerance_accepting_replays();
        let verified = verifier.verify(body, signature);
        matches!(verified, Ok(_) | Err(SignatureError::NotAnEvent))
    })
}

/// Returns how the body differs from the one that was signed, when it is in a known way.
fn alteration(secret: &WebhookSecret, body: &[u8], signature: &str) -> Option<String> {
    let (alteration, _) = alterations(body)
        .into_iter()
        .find(|(_, altered)| matches(secret, altered, signature))?;
    Some(match alteration {
        Alteration::NewlineRemoved => {
            "the file has white space at its end that was not signed".to_owned()
        }
        Alteration::NewlineAdded => {
            "what was signed has a line feed at its end, which the file lacks".to_owned()
        }
        Alteration::Compact => {
            "the body was parsed and written again: what was signed is the same \
                                JSON without white space"
                .to_owned()
        }
        other => format!("before it was signed, the body {}", other.describe()),
    })
}

/// Returns how the secret was misread by whoever signed.
fn other_form(secret: &WebhookSecret, body: &[u8], signature: &str) -> Option<String> {
    let prefix = contract::WEBHOOK_SECRET_PREFIX;
    let bare = secret.expose().strip_prefix(prefix)?;
    let bare = WebhookSecret::try_from(bare).ok()?;
    matches(&bare, body, signature)
        .then(|| format!("it was signed with the secret without its `{prefix}`"))
}

/// Returns the value where the whole header was given.
fn header_value(text: &str) -> &str {
    let text = text.trim();
    match text.split_once(':') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case(contract::SIGNATURE) => {
            value.trim()
        }
        _ => text,
    }
}

fn secret(context: &Context, arguments: &BodyArguments) -> Result<WebhookSecret> {
    let name = env::WEBHOOK_SECRET;
    let text = match arguments.secret_stdin {
        true if arguments.file.as_os_str() == "-" => {
            return Err(
                CliError::usage("the body and the secret cannot both come from stdin")
                    .hint(format!("put one into a file, or the secret into {name}")),
            );
        }
        true => context.ui.read_stdin()?,
        false => env::text(name).ok_or_else(|| {
            CliError::usage(format!("no secret: {name} is not set"))
                .hint("set it, or give the secret on stdin with --secret-stdin")
        })?,
    };
    WebhookSecret::new(text.trim())
        .map_err(|error| CliError::usage(format!("no webhook secret: {error}")))
}

fn read(file: &Path) -> Result<Vec<u8>> {
    match file.as_os_str() == "-" {
        true => input::read_stdin(LARGEST_BYTES),
        false => input::read_file(file, LARGEST_BYTES),
    }
}
