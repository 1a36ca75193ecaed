//! What can go wrong with a call, and whether the request may have taken effect.
//!
//! Owns [`Error`] and the facts every error answers. How a fault is classified and retried is
//! `retry`'s; this module only carries the result. Nothing here ever prints the API
//! key or a body; the idempotency key is printed on purpose, to repeat the call with.

mod api;
mod local;
mod text;

use std::fmt;
use std::sync::Arc;

pub(crate) use api::Envelope;
pub use api::{ApiError, ErrorType};
pub use local::{ConfigError, DecodeError, NetworkError, NetworkFault, TimeoutError, TimeoutPhase};
pub(crate) use text::redact;

use crate::idempotency::IdempotencyKey;
use crate::secret::Mode;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whether a failed call may have taken effect at the server.
///
/// | what happened | outcome |
/// |---|---|
/// | the request was refused here ([`Error::Config`]) | `NotSent` |
/// | no attempt got a connection (DNS, refused, connect time-out, TLS or certificate fault) | `NotSent` |
/// | a 4xx answer of the API: its body has an error `code` | `Rejected` |
/// | 408; 409 `idempotency_key_in_use` | `Unknown` |
/// | any other 4xx without a `code`: a proxy's page, an empty or cut body | `Unknown`: it may have been passed on before |
/// | 3xx, 5xx | `Unknown` |
/// | a time-out after connecting, a reset, an answer cut short | `Unknown` |
/// | a 2xx answer that could not be read ([`Error::Decode`]) | `Unknown`; most likely it succeeded |
/// | an earlier attempt was `Unknown`, then no connection | `Unknown` |
/// | an earlier attempt was `Unknown`, then 401, 403 or 429, which are answered before the key is looked up | `Unknown` |
/// | an earlier attempt was `Unknown`, then another 4xx with a `code`, and an idempotency key was sent | `Rejected`: the stored answer |
/// | an earlier attempt was `Unknown`, then another 4xx, without a key or without a `code` | `Unknown` |
///
/// An earlier attempt is one of the same call, or of the call that this one
/// [resumes](crate::Call::resume).
///
/// On `Unknown`, repeat the call with [`Call::resume`](crate::Call::resume), or with
/// [`Error::idempotency_key`] within 24 hours: the server then answers what it answered, or would
/// have answered, the first time.
///
/// Not `#[non_exhaustive]`, on purpose: each of the three asks for something else when money is at
/// stake, so a match must handle all of them and has no `_` arm to lose one in. A fourth would be a
/// breaking change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The request never reached the server.
    NotSent,
    /// The server refused the request; nothing changed.
    Rejected,
    /// The request may have been carried out.
    Unknown,
}

/// Why a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The server answered with an error status.
    Api(Box<ApiError>),
    /// No answer came: no connection, or one that broke.
    Network(Box<NetworkError>),
    /// No answer came in time.
    Timeout(Box<TimeoutError>),
    /// A success was answered that could not be read.
    Decode(Box<DecodeError>),
    /// The client or the request is not valid; nothing was sent.
    Config(Box<ConfigError>),
}

/// What every error knows of the call that failed.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) operation: &'static str,
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    pub(crate) attempts: u32,
    pub(crate) outcome: Outcome,
    pub(crate) request_id: Option<String>,
    pub(crate) cursor: Option<String>,
    /// What tells a raw call from others.
    pub(crate) target: Option<u64>,
    /// The mode of the client; `None` when no call reached the attempt loop.
    pub(crate) mode: Option<Mode>,
    /// Whether it was a call that only reads.
    pub(crate) reads: bool,
    /// Whether one more retry was due, and the allowance of retries was used up.
    pub(crate) allowance_exhausted: bool,
    pub(crate) place: Option<Arc<Place>>,
}

/// Where the requests went.
#[derive(Debug)]
pub(crate) struct Place {
    /// Scheme, host and port: a path may carry what should not be printed.
    pub(crate) origin: String,
    pub(crate) loopback: bool,
    /// Whether the base URL ends in the API's version.
    pub(crate) versioned: bool,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            operation: "",
            idempotency_key: None,
            attempts: 0,
            outcome: Outcome::NotSent,
            request_id: None,
            cursor: None,
            target: None,
            mode: None,
            reads: false,
            allowance_exhausted: false,
            place: None,
        }
    }
}

impl Error {
    /// Returns the error of something refused before it was sent.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::Config(Box::new(ConfigError {
            message: message.into(),
            trace: Trace::default(),
        }))
    }

    /// Returns whether the request may have taken effect.
    pub fn outcome(&self) -> Outcome {
        self.trace().outcome
    }

    /// Returns the idempotency key that was sent, made by the SDK or given by the caller.
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.trace().idempotency_key.as_ref()
    }

    /// Returns how often the request was tried; 0 when it was refused before.
    pub fn attempts(&self) -> u32 {
        self.trace().attempts
    }

    /// Returns whether one more retry was due and not made, because the allowance of retries that
    /// all calls to the origin share was used up: the API has been failing for a while.
    pub fn retry_allowance_exhausted(&self) -> bool {
        self.trace().allowance_exhausted
    }

    /// Returns the `req_…` id of the last answer, to quote to support.
    pub fn request_id(&self) -> Option<&str> {
        self.trace().request_id.as_deref()
    }

    /// Returns the operation that failed (its `operationId`), empty when there was none.
    pub fn operation(&self) -> &'static str {
        self.trace().operation
    }

    /// Returns the cursor that the page which failed starts after, to go on with `.after(…)`.
    ///
    /// `None` when it was the list's first page, when the list itself leads nowhere (a `Decode`
    /// error at `next_cursor`), or when no list was walked.
    pub fn cursor(&self) -> Option<&str> {
        self.trace().cursor.as_deref()
    }

    /// Returns the server's error when the server answered one.
    pub fn as_api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }

    /// Takes note that the call repeats one that may have been carried out: whatever was refused or
    /// lost on this side, the outcome of both is not known.
    pub(crate) fn after_unknown(mut self, key: Option<&IdempotencyKey>) -> Self {
        let trace = self.trace_mut();
        if trace.outcome == Outcome::NotSent {
            trace.outcome = Outcome::Unknown;
            trace.idempotency_key = trace.idempotency_key.take().or_else(|| key.cloned());
        }
        self
    }

    pub(crate) fn mode(&self) -> Option<Mode> {
        self.trace().mode
    }

    pub(crate) fn with_cursor(mut self, cursor: Option<String>) -> Self {
        self.trace_mut().cursor = cursor;
        self
    }

    pub(crate) fn target(&self) -> Option<u64> {
        self.trace().target
    }

    /// Notes which call it was: its target, and the mode when the error was made far from it.
    pub(crate) fn of_call(mut self, target: Option<u64>, mode: Mode) -> Self {
        let trace = self.trace_mut();
        trace.target = target;
        trace.mode.get_or_insert(mode);
        self
    }

    pub(crate) fn with_operation(mut self, operation: &'static str) -> Self {
        self.trace_mut().operation = operation;
        self
    }

    fn trace(&self) -> &Trace {
        match self {
            Self::Api(error) => &error.trace,
            Self::Network(error) => &error.trace,
            Self::Timeout(error) => &error.trace,
            Self::Decode(error) => &error.trace,
            Self::Config(error) => &error.trace,
        }
    }

    fn trace_mut(&mut self) -> &mut Trace {
        match self {
            Self::Api(error) => &mut error.trace,
            Self::Network(error) => &mut error.trace,
            Self::Timeout(error) => &mut error.trace,
            Self::Decode(error) => &mut error.trace,
            Self::Config(error) => &mut error.trace,
        }
    }
}

impl fmt::Display for Error {
    /// Writes what failed and what to do next; the cause is in `source()`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => fmt::Display::fmt(error, f),
            Self::Network(error) => fmt::Display::fmt(error, f),
            Self::Timeout(error) => fmt::Display::fmt(error, f),
            Self::Decode(error) => fmt::Display::fmt(error, f),
            Self::Config(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Network(error) => error.source(),
            Self::Timeout(error) => error.source(),
            Self::Api(_) | Self::Decode(_) | Self::Config(_) => None,
        }
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// Writes the advice that follows from the outcome, after what failed.
fn write_advice(f: &mut fmt::Formatter<'_>, trace: &Trace) -> fmt::Result {
    if trace.attempts == 0 && trace.outcome != Outcome::Unknown {
        // Nothing was to be sent: a webhook that could not be read.
        return Ok(());
    }
    if trace.allowance_exhausted {
        f.write_str("; not retried further, since the allowance of retries is used up")?;
    }
    if trace.outcome == Outcome::Unknown && trace.reads {
        // There was nothing to carry out.
        return Ok(());
    }
    match (trace.outcome, &trace.idempotency_key) {
        (Outcome::Unknown, Some(key)) => write!(
            f,
            "; it may have been carried out, so repeat it only with the same idempotency key, \
             `{key}`"
        ),
        (Outcome::Unknown, None) => f.write_str("; it may have been carried out"),
        (Outcome::NotSent, _) => f.write_str("; nothing was sent"),
        (Outcome::Rejected, _) => Ok(()),
    }
}
