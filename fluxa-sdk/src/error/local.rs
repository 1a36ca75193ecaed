//! Errors without an answer from the API: no connection, no time, no sense, no valid request.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::text::{is_plain, printable, shortened};
use super::{Error, Trace, write_advice};

/// What broke a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkFault {
    /// The host's name could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// The server's certificate is not trusted, or it does not speak TLS 1.3.
    Tls,
    /// The connection broke before the whole answer was there.
    Interrupted,
    /// The request could not be built or sent for another reason.
    Request,
    /// The thread of a blocking client ended, or the call died on it.
    ThreadEnded,
}

/// No answer came: no connection, or one that broke.
pub struct NetworkError {
    pub(super) trace: Trace,
    fault: NetworkFault,
    source: Option<reqwest::Error>,
}

impl NetworkError {
    pub(crate) fn new(trace: Trace, fault: NetworkFault, source: Option<reqwest::Error>) -> Self {
        // The URL is dropped: paths carry ids, queries carry filters, and errors get logged.
        Self {
            trace,
            fault,
            source: source.map(reqwest::Error::without_url),
        }
    }

    /// Returns what broke.
    pub fn fault(&self) -> NetworkFault {
        self.fault
    }

    pub(super) fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }

    /// Writes where to, and the innermost cause: the words between repeat each other.
    fn write_where(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_origin(f, &self.trace)?;
        match &self.source {
            Some(source) => write!(f, " ({})", printable(&innermost(source).to_string())),
            None => Ok(()),
        }
    }
}

/// Writes the origin of the base URL, never its path.
fn write_origin(f: &mut fmt::Formatter<'_>, trace: &Trace) -> fmt::Result {
    match &trace.place {
        Some(place) => write!(f, " at {}", place.origin),
        None => Ok(()),
    }
}

/// Writes what to look at when nobody answers on this machine.
fn write_loopback_hint(f: &mut fmt::Formatter<'_>, trace: &Trace) -> fmt::Result {
    match &trace.place {
        Some(place) if place.loopback => {
            f.write_str(", check that the mock (`fluxa mock`) or proxy there is running")
        }
        _ => f.write_str(", check the network and base URL"),
    }
}

/// Returns the cause of all causes.
fn innermost<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> &'a (dyn std::error::Error + 'static) {
    // `io::Error::source` skips the error it wraps.
    let wrapped = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    match (wrapped, error.source()) {
        (Some(inner), _) => innermost(inner),
        (None, Some(source)) => innermost(source),
        (None, None) => error,
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fault {
            NetworkFault::Dns => {
                f.write_str("the host name of the API")?;
                self.write_where(f)?;
                f.write_str(" could not be resolved, check the network and base URL")?;
            }
            NetworkFault::Connect => {
                f.write_str("no connection to the API")?;
                self.write_where(f)?;
                write_loopback_hint(f, &self.trace)?;
            }
            NetworkFault::Tls => {
                f.write_str("the TLS handshake with the API")?;
                self.write_where(f)?;
                f.write_str(
                    " failed, check for an intercepting proxy, the clock and the trusted roots",
                )?;
            }
            NetworkFault::Interrupted => {
                f.write_str("the connection broke before the answer was complete")?;
            }
            NetworkFault::Request => f.write_str("the request could not be sent")?,
            NetworkFault::ThreadEnded => f.write_str(
                "the call was lost with the blocking client's thread, make a new client",
            )?,
        }
        write_advice(f, &self.trace)
    }
}

impl fmt::Debug for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkError")
            .field("fault", &self.fault)
            .field("trace", &self.trace)
            .field("source", &self.source)
            .finish()
    }
}

/// Which clock ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Connecting took too long.
    Connect,
    /// One attempt took too long.
    Attempt,
    /// The call as a whole, its retries and waits included, took too long.
    Total,
}

/// No answer came in time.
pub struct TimeoutError {
    pub(super) trace: Trace,
    phase: TimeoutPhase,
    limit: Duration,
    source: Option<reqwest::Error>,
}

impl TimeoutError {
    pub(crate) fn new(
        trace: Trace,
        phase: TimeoutPhase,
        limit: Duration,
        source: Option<reqwest::Error>,
    ) -> Self {
        Self {
            trace,
            phase,
            limit,
            source: source.map(reqwest::Error::without_url),
        }
    }

    /// Returns which clock ran out.
    pub fn phase(&self) -> TimeoutPhase {
        self.phase
    }

    /// Returns the limit that was passed.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}

impl fmt::Display for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit.as_secs_f64();
        match self.phase {
            _ if self.trace.attempts == 0 => {
                write!(
                    f,
                    "a time-out of {limit} s leaves no time to send the request"
                )?;
            }
            TimeoutPhase::Connect => {
                f.write_str("no connection to the API")?;
                write_origin(f, &self.trace)?;
                write!(f, " within {limit} s")?;
            }
            TimeoutPhase::Attempt => write!(f, "no answer from the API within {limit} s")?,
            TimeoutPhase::Total => {
                write!(f, "no answer from the API within the call's {limit} s")?;
            }
        }
        write_advice(f, &self.trace)
    }
}

impl fmt::Debug for TimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutError")
            .field("phase", &self.phase)
            .field("limit", &self.limit)
            .field("trace", &self.trace)
            .field("source", &self.source)
            .finish()
    }
}

/// The longest path that is kept: its keys are the server's.
const MAX_PATH_CHARS: usize = 256;

/// A success was answered that could not be read.
///
/// It has no `source()`: the JSON reader's own words quote values of the body, and a body must not
/// reach a log by way of an error. [`DecodeError::raw_body`] has all of it.
pub struct DecodeError {
    pub(super) trace: Trace,
    path: String,
    reason: String,
    body: Bytes,
}

impl DecodeError {
    pub(crate) fn new(trace: Trace, path: String, reason: String, body: Bytes) -> Self {
        Self {
            trace,
            path: shortened(&path, MAX_PATH_CHARS),
            reason,
            body,
        }
    }

    /// Returns where in the JSON the fault is, such as `data[3].amount`; empty for the whole.
    ///
    /// At most 256 characters and 32 levels; what is left out shows as `…`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what is wrong there, without values of the body.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the body as it was received.
    pub fn raw_body(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer could not be read")?;
        if !self.path.is_empty() {
            write!(f, " at `{}`", printable(&self.path))?;
        }
        write!(f, ": {}", printable(&self.reason))?;
        write_advice(f, &self.trace)
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("path", &self.path)
            .field("reason", &self.reason)
            .field("trace", &self.trace)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// The client or the request is not valid; nothing was sent.
#[derive(Clone)]
pub struct ConfigError {
    pub(super) trace: Trace,
    pub(super) message: String,
}

impl ConfigError {
    /// Returns the fault of a call's parameters, which is one of configuration whatever it came
    /// as: only this kind of error can be cloned, and so can every call.
    pub(crate) fn from_fault(error: Error) -> Box<Self> {
        match error {
            Error::Config(error) => error,
            other => Box::new(Self {
                trace: Trace::default(),
                message: other.to_string(),
            }),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A script's account of what it missed has lines.
        let plain = |c: &char| *c == '\n' || is_plain(*c);
        f.write_str(&self.message.chars().filter(plain).collect::<String>())?;
        write_advice(f, &self.trace)
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigError")
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}
