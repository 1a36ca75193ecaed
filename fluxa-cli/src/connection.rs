//! Owns the way from settings to a client of the API, and from the SDK's errors to the CLI's.

use fluxa_sdk::{Client, Error};

use crate::config::{Origin, Settings};
use crate::env;
use crate::error::{ApiDetails, CliError, Kind, Result, kind_of_status};

/// Returns a client for the settings.
pub(crate) fn client(settings: &Settings) -> Result<Client> {
    settings.check_profile()?;
    let key = settings.api_key.as_ref().ok_or_else(CliError::no_key)?;
    let from = settings
        .api_key_origin
        .describe("--api-key", env::SECRET_KEY);
    // A key is checked apart from the base URL, so that the message names the right culprit.
    fluxa_sdk::ApiKey::new(key.as_str()).map_err(|error| {
        CliError {
            kind: Kind::Auth,
            ..CliError::failure(error.to_string())
        }
        .context(format!("the key of {from}"))
    })?;
    let mut builder = Client::builder(key.as_str())
        .base_url(&settings.api_base)
        .app_info("fluxa-cli", env!("CARGO_PKG_VERSION"), None);
    if is_local(&settings.api_base) {
        // A server on this machine is there or it is not; nobody waits seconds to learn which.
        builder = builder.max_retries(1);
    }
    builder.build().map_err(|error| {
        let from = settings
            .api_base_origin
            .describe("--api-base", env::API_BASE);
        CliError::usage(error.to_string()).context(format!("the base URL of {from}"))
    })
}

/// Returns whether a base URL is on this machine.
pub(crate) fn is_local(base_url: &str) -> bool {
    url::Url::parse(base_url).is_ok_and(|url| crate::listen::forwarder::is_loopback(&url))
}

/// Says what to do about a server that does not answer.
fn unreachable_hint(base_url_is_mock: bool) -> &'static str {
    match base_url_is_mock {
        true => "is it running? start it with `fluxa mock` in another terminal",
        false => "check the base URL and your network",
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        match &error {
            Error::Api(api) => {
                let status = api.status().as_u16();
                let code = api.code().map(str::to_owned);
                let message = match (api.message(), &code) {
                    (Some(message), Some(code)) => format!("{message} ({code})"),
                    (Some(message), None) => message.to_owned(),
                    (None, _) => format!("the API answered {status}"),
                };
                let hint = hint_of(status, code.as_deref());
                Self {
                    kind: kind_of_status(status),
                    message,
                    hint: hint.map(str::to_owned),
                    api: Some(Box::new(ApiDetails {
                        status,
                        code,
                        param: api.param().map(str::to_owned),
                        request_id: api.request_id().map(str::to_owned),
                        doc_url: api.doc_url().map(str::to_owned),
                    })),
                }
            }
            Error::Config(_) => Self::usage(error.to_string()),
            Error::Network(_) | Error::Timeout(_) | Error::Decode(_) => {
                let mut message = error.to_string();
                let mut source = std::error::Error::source(&error);
                while let Some(cause) = source {
                    let cause_text = cause.to_string();
                    if !message.contains(&cause_text) {
                        message = format!("{message}: {cause_text}");
                    }
                    source = cause.source();
                }
                Self::network(message)
            }
            _ => Self::failure(error.to_string()),
        }
    }
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
        (429, _) => Some("wait a moment; the mock takes `--rate-limit off`"),
        (501, _) => Some("this mock does not do that yet"),
        _ => None,
    }
}

/// Adds what to do when the API could not be reached.
pub(crate) fn with_reach_hint(settings: &Settings) -> impl Fn(CliError) -> CliError {
    let base = settings.api_base.clone();
    let mock = settings.api_base_origin == Origin::Mock || is_local(&base);
    move |error| match (error.kind, &error.hint, &error.api) {
        (Kind::Network, None, None) => error
            .context(format!("{base} does not answer"))
            .hint(unreachable_hint(mock)),
        _ => error,
    }
}
