//! Owns the way from settings to a client of the API, and from the SDK's errors to the CLI's.

use fluxa_sdk::error::NetworkFault;
use fluxa_sdk::{Client, Error, Outcome};

use crate::commands::mock;
use crate::config::{Origin, Settings};
use crate::env;
use crate::error::{self, ApiDetails, CliError, Fate, Kind, Result, kind_of_status};
use crate::listen::forwarder::is_loopback;
use crate::ui::{self, Ui};

/// The code of a path that the API does not have.
const NO_SUCH_ROUTE: &str = "route_missing";

/// Returns a client for the settings.
pub(crate) fn client(settings: &Settings) -> Result<Client> {
    settings.check_profile()?;
    settings.warn_of_overrides(&Ui::new(settings.output));
    let key = settings.required_key()?;
    let from = settings
        .api_key_origin
        .describe("--api-key", env::SECRET_KEY);
    client_with(settings, key).map_err(|error| match error.kind {
        // What is shown of a key stands for it in a suggested command.
        Kind::Auth if key.contains('…') => error
            .context(format!("the key of {from}"))
            .hint("put the whole key where `…` stands"),
        Kind::Auth => error.context(format!("the key of {from}")),
        _ => error,
    })
}

/// Returns a client with another key than that of the settings.
pub(crate) fn client_with(settings: &Settings, key: &str) -> Result<Client> {
    // A key is checked apart from the base URL, so that the message names the right culprit.
    fluxa_sdk::ApiKey::new(key).map_err(|error| CliError {
        kind: Kind::Auth,
        ..CliError::failure(error.to_string())
    })?;
    let mut builder = Client::builder(key).base_url(&settings.api_base).app_info(
        "fluxa-cli",
        env!("CARGO_PKG_VERSION"),
        None,
    );
    if is_local(&settings.api_base) {
        // A server on this machine is there or it is not; nobody waits seconds to learn which.
        builder = builder.max_retries(1);
    }
    if settings.verbose > 0 {
        builder = builder.observe(ui::tell_call);
    }
    builder.build().map_err(|error| {
        let from = settings
            .api_base_origin
            .describe("--api-base", env::API_BASE);
        bad_base_url(&settings.api_base, &error).context(format!("the base URL of {from}"))
    })
}

/// Refuses a base URL that no client could be made with.
///
/// # Errors
/// Usage, with what was probably meant.
pub(crate) fn check_base_url(base_url: &str) -> Result<()> {
    Client::builder(mock::well_known_key())
        .base_url(base_url)
        .build()
        .map(drop)
        .map_err(|error| bad_base_url(base_url, &error))
}

fn bad_base_url(base_url: &str, error: &Error) -> CliError {
    let error = CliError::usage(error.to_string());
    match with_scheme(base_url) {
        Some(meant) => error.hint(format!("did you mean {meant}?")),
        None => error,
    }
}

/// Returns the URL that was meant by `host:port`, with the path of the API where there is none.
fn with_scheme(typed: &str) -> Option<String> {
    if typed.contains("://") {
        return None;
    }
    let url = url::Url::parse(&format!("http://{typed}")).ok()?;
    let host = url.host_str()?;
    if !is_loopback(&url) && !host.contains('.') {
        return None;
    }
    let scheme = if is_loopback(&url) { "http" } else { "https" };
    let rest = typed.trim_end_matches('/');
    let path = if url.path() == "/" { "/v1" } else { "" };
    Some(format!("{scheme}://{rest}{path}"))
}

/// Returns whether a base URL is on this machine.
pub(crate) fn is_local(base_url: &str) -> bool {
    url::Url::parse(base_url).is_ok_and(|url| is_loopback(&url))
}

/// Returns host and port of a base URL that is on this machine.
pub(crate) fn local_address(base_url: &str) -> Option<(String, u16)> {
    let url = url::Url::parse(base_url).ok().filter(is_loopback)?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    Some((host, url.port_or_known_default()?))
}

/// Says what to do about a server that does not answer.
fn unreachable_hint(base_url_is_mock: bool) -> &'static str {
    match base_url_is_mock {
        true => "is it running? start it with `fluxa mock` in another terminal",
        false => "check the base URL and your network",
    }
}

impl From<&Error> for Fate {
    fn from(error: &Error) -> Self {
        Self {
            outcome: match error.outcome() {
                Outcome::NotSent => error::Outcome::NotSent,
                Outcome::Rejected => error::Outcome::Rejected,
                Outcome::Unknown => error::Outcome::Unknown,
            },
            idempotency_key: error.idempotency_key().map(ToString::to_string),
            id: None,
        }
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        let told = told(&error);
        // Only what changes something has a key.
        match error.idempotency_key() {
            Some(_) => told.fate(Fate::from(&error)),
            None => told,
        }
    }
}

/// Returns an error of the SDK as people read it.
fn told(error: &Error) -> CliError {
    match error {
        Error::Api(api) => {
            let status = api.status().as_u16();
            let code = api.code().map(str::to_owned);
            let said = api.message().map(|message| message.trim_end_matches('.'));
            let message = match (said, &code) {
                (Some(message), Some(code)) => format!("{message} ({code})"),
                (Some(message), None) => message.to_owned(),
                (None, _) => format!("the API answered {status}"),
            };
            let hint = hint_of(status, code.as_deref());
            CliError {
                kind: kind_of_status(status),
                hint: hint.map(str::to_owned),
                api: Some(Box::new(ApiDetails {
                    status,
                    code,
                    param: api.param().map(str::to_owned),
                    request_id: api.request_id().map(str::to_owned),
                    doc_url: api.doc_url().filter(is_link).map(str::to_owned),
                    retry_after: api.retry_after(),
                })),
                ..CliError::failure(message)
            }
        }
        Error::Config(_) => CliError::usage(error.to_string()),
        Error::Network(_) | Error::Timeout(_) | Error::Decode(_) => {
            let said = cause(error);
            let not_trusted = said.starts_with("invalid peer certificate");
            let unanswered = match error {
                Error::Network(network) => {
                    matches!(network.fault(), NetworkFault::Dns | NetworkFault::Connect)
                }
                Error::Timeout(_) => true,
                _ => false,
            };
            let failed = CliError {
                unanswered,
                ..CliError::network(said)
            };
            match (error.outcome(), error.idempotency_key()) {
                (Outcome::Unknown, Some(key)) => failed.hint(format!(
                    "it may have been carried out all the same: look before repeating \
                         (idempotency key {key})"
                )),
                _ if matches!(error, Error::Decode(_)) => {
                    failed.hint("is that the Fluxa API? `fluxa config list` shows the base URL")
                }
                _ if not_trusted => failed.hint(
                    "this machine does not trust who answers: is the base URL right, or a \
                         proxy in between?",
                ),
                _ if !unanswered => failed.hint(
                    "something answers there, and not to the end or not as the API does: try \
                         again, and look at the base URL: `fluxa config list`",
                ),
                _ => failed,
            }
        }
        _ => CliError::failure(error.to_string()),
    }
}

/// Returns what failed, and that alone: what to do about it is the hint's.
fn cause(error: &Error) -> String {
    match error {
        Error::Timeout(timeout) if error.attempts() > 0 => {
            format!("no answer within {} s", timeout.limit().as_secs_f64())
        }
        Error::Decode(decode) if decode.path().is_empty() => {
            format!("the answer could not be read: {}", decode.reason())
        }
        Error::Decode(decode) => format!(
            "the answer could not be read at `{}`: {}",
            decode.path(),
            decode.reason()
        ),
        // What is at the bottom of it: the rest only leads there.
        Error::Network(_) => {
            let mut deepest: &dyn std::error::Error = error;
            while let Some(source) = deepest.source() {
                deepest = source;
            }
            deepest.to_string()
        }
        _ => error.to_string(),
    }
}

/// Returns whether a URL is one that a browser opens, and runs nothing.
fn is_link(url: &&str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn hint_of(status: u16, code: Option<&str>) -> Option<&'static str> {
    match (status, code) {
        (_, Some("livemode_mismatch")) => Some("use a key of the mode the object belongs to"),
        (_, Some("sandbox_only")) => Some("this works with test keys only (`sk_test_…`)"),
        (_, Some("insufficient_scope")) => {
            Some("use a key that has the scope, or create one: `fluxa keys create --help`")
        }
        (_, Some("ip_not_allowed")) => Some("the key may be used from its allow-list only"),
        (401, _) => Some("check the key: is it whole, of this account, and not revoked?"),
        (429, _) => Some(
            "wait a moment; a sandbox of one's own has no limit with `fluxa mock --rate-limit off`",
        ),
        (300..=399, _) => Some("the API never redirects: `fluxa config list` shows the base URL"),
        (501, _) => Some("this mock does not do that yet"),
        _ => None,
    }
}

/// Adds what to do when the API could not be reached, or was asked at the wrong place.
pub(crate) fn with_reach_hint(settings: &Settings) -> impl Fn(CliError) -> CliError {
    let base = settings.api_base.clone();
    let mock = settings.api_base_origin == Origin::Mock || is_local(&base);
    let has_version = base.trim_end_matches('/').ends_with("/v1");
    move |error| match (error.kind, &error.hint, &error.api) {
        (Kind::Network, None, None) if error.unanswered => error
            .context(format!("{base} does not answer"))
            .hint(unreachable_hint(mock)),
        (_, None, Some(api)) if api.code.as_deref() == Some(NO_SUCH_ROUTE) && !has_version => {
            let hint = format!("does the base URL end in /v1? it is {base}");
            error.hint(hint)
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_without_its_scheme_is_completed() {
        for (typed, meant) in [
            ("127.0.0.1:4010", Some("http://127.0.0.1:4010/v1")),
            ("localhost:4010", Some("http://localhost:4010/v1")),
            ("localhost:4010/v1/", Some("http://localhost:4010/v1")),
            ("api.example.com/v1", Some("https://api.example.com/v1")),
            ("nonsense", None),
            ("http://example.com", None),
            ("", None),
        ] {
            assert_eq!(with_scheme(typed).as_deref(), meant, "{typed}");
            assert!(check_base_url(typed).is_err(), "{typed}");
        }
        check_base_url("http://127.0.0.1:4010/v1").unwrap();
    }
}
