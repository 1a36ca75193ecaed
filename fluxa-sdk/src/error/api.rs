//! Errors the server answered: the envelope, or what can be said without one.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::text::{printable, redact};
use super::{Trace, write_advice};
use crate::contract;
use crate::open_enum::open_enum;

open_enum! {
    /// The kind of an error, `error.type` on the wire.
    ErrorType {
        /// The request is not valid, or the object is in another state.
        InvalidRequest => "invalid_request",
        /// The key is missing, wrong, revoked or expired.
        Authentication => "authentication",
        /// The key may not do this.
        Permission => "permission",
        /// There is no such object or route.
        NotFound => "not_found",
        /// The idempotency key is taken.
        Idempotency => "idempotency",
        /// Too many requests.
        RateLimit => "rate_limit",
        /// The server failed.
        ApiError => "api_error",
    }
}

/// An error the server answered.
pub struct ApiError {
    pub(super) trace: Trace,
    status: StatusCode,
    kind: ErrorType,
    code: Option<String>,
    param: Option<String>,
    message: Option<String>,
    doc_url: Option<String>,
    retry_after: Option<Duration>,
    headers: HeaderMap,
    body: Bytes,
}

/// The error object of an answer; every field may be missing when something else answered.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Envelope {
    #[serde(rename = "type")]
    kind: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    param: Option<String>,
    doc_url: Option<String>,
    request_id: Option<String>,
}

impl Envelope {
    /// Reads the envelope out of a body; a body of another kind gives an empty one.
    pub(crate) fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Outer {
            error: Envelope,
        }
        serde_json::from_slice::<Outer>(body)
            .map(|outer| outer.error)
            .map(|error| Self {
                code: error.code.filter(|code| !code.is_empty()),
                ..error
            })
            .unwrap_or_default()
    }

    /// Takes the API key out: a server that quotes it back must not get it into a log.
    pub(crate) fn redact(&mut self, key: &str) {
        let fields = [
            &mut self.kind,
            &mut self.code,
            &mut self.message,
            &mut self.param,
            &mut self.doc_url,
            &mut self.request_id,
        ];
        for text in fields.into_iter().flatten() {
            redact(text, key);
        }
    }
}

impl ApiError {
    pub(crate) fn new(
        mut trace: Trace,
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        envelope: Envelope,
        retry_after: Option<Duration>,
    ) -> Self {
        trace.request_id = trace.request_id.or(envelope.request_id);
        let kind = match envelope.kind {
            Some(kind) => ErrorType::from(kind),
            None => kind_of(status),
        };
        Self {
            trace,
            status,
            kind,
            code: envelope.code,
            param: envelope.param,
            message: envelope.message,
            doc_url: envelope.doc_url,
            retry_after,
            headers,
            body,
        }
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the kind; inferred from the status when the body was not the API's.
    pub fn kind(&self) -> &ErrorType {
        &self.kind
    }

    /// Returns the stable code, such as `amount_too_small`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns the parameter at fault.
    pub fn param(&self) -> Option<&str> {
        self.param.as_deref()
    }

    /// Returns the server's message, for people; branch on [`ApiError::code`] instead.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Returns the page that explains the code.
    pub fn doc_url(&self) -> Option<&str> {
        self.doc_url.as_deref()
    }

    /// Returns the `req_…` id, to quote to support.
    pub fn request_id(&self) -> Option<&str> {
        self.trace.request_id.as_deref()
    }

    /// Returns how long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Returns the headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the body as it was received, JSON or not.
    ///
    /// Possibly cut short: by the server, after 256 KiB, or after 2 s. The rest is not read.
    pub fn raw_body(&self) -> &Bytes {
        &self.body
    }

    /// Returns whether the idempotency key was used before with another request.
    pub fn is_idempotency_conflict(&self) -> bool {
        self.code() == Some(contract::CODE_IDEMPOTENCY_KEY_REUSED)
    }

    /// Returns whether another request with the same idempotency key is still running.
    pub fn is_idempotency_in_use(&self) -> bool {
        self.code() == Some(contract::CODE_IDEMPOTENCY_KEY_IN_USE)
    }

    /// Returns whether there were too many requests.
    pub fn is_rate_limited(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS
    }

    /// Returns whether the key is missing, wrong, revoked or expired.
    pub fn is_authentication(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    /// Returns whether the key may not do this.
    pub fn is_permission(&self) -> bool {
        self.status == StatusCode::FORBIDDEN
    }

    /// Returns whether there is no such object or route: 404, or an id in the body or a filter that
    /// is nobody's (`resource_missing`).
    pub fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND || self.code() == Some(contract::CODE_RESOURCE_MISSING)
    }

    /// Returns whether the request itself was at fault.
    pub fn is_invalid_request(&self) -> bool {
        self.kind == ErrorType::InvalidRequest
    }

    /// Returns whether the server failed.
    pub fn is_server_error(&self) -> bool {
        self.status.is_server_error()
    }

    fn write_hint(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_idempotency_conflict() {
            return f.write_str("; another request needs another idempotency key");
        }
        match (self.status, self.retry_after) {
            (StatusCode::UNAUTHORIZED, _) => f.write_str("; check which API key is configured"),
            (StatusCode::FORBIDDEN, _) => f.write_str("; check the key's scopes and allow-list"),
            (status, _) if status.is_redirection() => {
                f.write_str("; redirects are never followed, check the base URL")
            }
            (_, Some(wait)) => write!(f, "; try again in {} s", wait.as_secs_f64().ceil()),
            _ if self.code() == Some(contract::CODE_ROUTE_MISSING) && self.base_lacks_version() => {
                f.write_str("; the base URL should end in `/v1`, and the one configured does not")
            }
            _ => Ok(()),
        }
    }

    fn base_lacks_version(&self) -> bool {
        let place = self.trace.place.as_ref();
        place.is_some_and(|place| !place.versioned)
    }
}

fn kind_of(status: StatusCode) -> ErrorType {
    match status.as_u16() {
        401 => ErrorType::Authentication,
        403 => ErrorType::Permission,
        404 => ErrorType::NotFound,
        409 => ErrorType::Idempotency,
        429 => ErrorType::RateLimit,
        400..=499 => ErrorType::InvalidRequest,
        _ => ErrorType::ApiError,
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the API answered {}", self.status.as_u16())?;
        if let Some(code) = &self.code {
            write!(f, " `{}`", printable(code))?;
        }
        match &self.message {
            Some(message) => write!(f, ": {}", printable(message.trim_end_matches('.')))?,
            None => f.write_str(" without an error message")?,
        }
        if let Some(param) = &self.param {
            write!(f, " (parameter `{}`)", printable(param))?;
        }
        self.write_hint(f)?;
        write_advice(f, &self.trace)?;
        match &self.trace.request_id {
            Some(request_id) => write!(f, " [{}]", printable(request_id)),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ApiError {
    /// Leaves out headers and body: they may carry what must not be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("kind", &printable(self.kind.as_str()))
            .field("code", &self.code.as_deref().map(printable))
            .field("param", &self.param.as_deref().map(printable))
            .field("message", &self.message.as_deref().map(printable))
            .field("retry_after", &self.retry_after)
            .field("trace", &self.trace)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
