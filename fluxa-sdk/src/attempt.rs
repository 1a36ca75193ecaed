//! One attempt: send, read the whole answer, and say what came of it.
//!
//! Owns telling faults apart. Knows nothing of retries, keys or deadlines beyond its own.

use std::error::Error as StdError;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use reqwest::ResponseBuilderExt;
use tokio::time::{Instant, timeout_at};

use crate::context::Limits;
use crate::error::{
    ApiError, DecodeError, Envelope, Error, NetworkError, NetworkFault, TimeoutError, TimeoutPhase,
    Trace, redact,
};
use crate::headers;
use crate::retry::Observation;
use crate::secret::ApiKey;
use crate::testing::Script;

/// The largest answer that is read into memory.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The most of an error's body that is kept; the rest is not read.
const MAX_ERROR_BODY_BYTES: usize = 256 * 1024;
/// The longest an error's body is waited for once its status is known.
const ERROR_BODY_TIME: Duration = Duration::from_secs(2);

/// A 2xx answer.
pub(crate) enum Success {
    /// Read whole.
    Buffered(StatusCode, HeaderMap, Bytes),
    /// Head only; the body is the caller's to read.
    Streaming(Box<reqwest::Response>),
}

/// Anything else.
pub(crate) enum Failure {
    /// The server answered an error.
    Answer {
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
        envelope: Box<Envelope>,
    },
    /// The connection failed or broke.
    Network(NetworkFault, Option<reqwest::Error>),
    /// No connection in time.
    ConnectTimeout(Option<reqwest::Error>),
    /// No answer in time.
    Timeout(Duration),
    /// The answer is larger than is read.
    TooLarge(StatusCode, HeaderMap),
    /// The test's script has no answer to it.
    Unscripted(String),
}

/// Where a request goes.
pub(crate) enum Wire<'a> {
    /// To the network.
    Http(&'a reqwest::Client),
    /// To a test's script, for requests below this base URL.
    Script(&'a Script, &'a str),
}

impl Wire<'_> {
    async fn execute(
        &self,
        request: reqwest::Request,
        limit: Duration,
    ) -> Result<reqwest::Response, Failure> {
        match self {
            Self::Http(http) => http.execute(request).await.map_err(Failure::of),
            Self::Script(script, base_url) => script.play(&request, base_url, limit).await,
        }
    }
}

/// Sends the request once. The limit covers the body too, unless the operation streams.
pub(crate) async fn send(
    wire: &Wire<'_>,
    request: reqwest::Request,
    limit: Duration,
    streaming: bool,
) -> Result<Success, Failure> {
    let until = Instant::now() + limit;
    let mut response = match timeout_at(until, wire.execute(request, limit)).await {
        Ok(response) => response?,
        Err(_) => return Err(Failure::Timeout(limit)),
    };
    let success = response.status().is_success();
    if success && streaming {
        return Ok(Success::Streaming(Box::new(response)));
    }
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    // Said beforehand, it need not be found out by reading so much.
    let announced = response.content_length().unwrap_or_default();
    if success && announced > MAX_BODY_BYTES as u64 {
        return Err(Failure::TooLarge(status, headers));
    }
    let mut body = Body::default();
    // What an error means is in its status and its first bytes: an endless body is not waited for.
    let (until, most) = match success {
        true => (until, MAX_BODY_BYTES),
        false => (
            until.min(Instant::now() + ERROR_BODY_TIME),
            MAX_ERROR_BODY_BYTES,
        ),
    };
    let read = timeout_at(until, body.read(response, most)).await;
    let body = body.into_bytes();
    if !success {
        // Status and headers stand, however little of the body arrived.
        let envelope = Box::new(Envelope::read(&body));
        return Err(Failure::Answer {
            status,
            headers,
            body,
            envelope,
        });
    }
    match read {
        Ok(Ok(true)) => Ok(Success::Buffered(status, headers, body)),
        Ok(Ok(false)) => Err(Failure::TooLarge(status, headers)),
        Ok(Err(error)) => Err(Failure::Network(NetworkFault::Interrupted, Some(error))),
        Err(_) => Err(Failure::Timeout(limit)),
    }
}

/// A body as far as it was read: most come in one piece, which is not copied then.
#[derive(Default)]
struct Body {
    first: Bytes,
    rest: BytesMut,
}

impl Body {
    /// Reads to the end, or up to `most` bytes; returns `false` when there are more.
    async fn read(
        &mut self,
        mut response: reqwest::Response,
        most: usize,
    ) -> reqwest::Result<bool> {
        while let Some(mut chunk) = response.chunk().await? {
            let length = self.first.len() + self.rest.len();
            let whole = length + chunk.len() <= most;
            chunk.truncate(most - length);
            if length == 0 {
                self.first = chunk;
            } else {
                if self.rest.is_empty() {
                    self.rest
                        .extend_from_slice(&std::mem::take(&mut self.first));
                }
                self.rest.extend_from_slice(&chunk);
            }
            if !whole {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn into_bytes(self) -> Bytes {
        if self.rest.is_empty() {
            return self.first;
        }
        self.rest.freeze()
    }
}

impl Success {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Buffered(status, ..) => *status,
            Self::Streaming(response) => response.status(),
        }
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        match self {
            Self::Buffered(_, headers, _) => headers,
            Self::Streaming(response) => response.headers(),
        }
    }

    pub(crate) fn body(&self) -> Option<Bytes> {
        match self {
            Self::Buffered(_, _, body) => Some(body.clone()),
            Self::Streaming(_) => None,
        }
    }

    /// Returns the answer as the generated client wants it, and its headers.
    ///
    /// Apart, because the generated client would copy them twice on their way to the caller.
    /// The URL is handed on because reqwest would parse a made-up one for want of it.
    pub(crate) fn into_parts(self, url: &reqwest::Url) -> (reqwest::Response, HeaderMap) {
        match self {
            Self::Buffered(status, headers, body) => {
                let builder = http::Response::builder().url(url.clone());
                let mut response = builder.body(body).unwrap_or_default();
                *response.status_mut() = status;
                (reqwest::Response::from(response), headers)
            }
            Self::Streaming(mut response) => {
                let headers = std::mem::take(response.headers_mut());
                (*response, headers)
            }
        }
    }
}

impl Failure {
    fn of(error: reqwest::Error) -> Self {
        if error.is_builder() {
            return Self::Network(NetworkFault::Request, Some(error));
        }
        if !error.is_connect() {
            return Self::Network(NetworkFault::Interrupted, Some(error));
        }
        if is_tls_fault(&error) {
            return Self::Network(NetworkFault::Tls, Some(error));
        }
        if error.is_timeout() {
            return Self::ConnectTimeout(Some(error));
        }
        let fault = if error.is_dns() {
            NetworkFault::Dns
        } else {
            NetworkFault::Connect
        };
        Self::Network(fault, Some(error))
    }

    pub(crate) fn observation(&self) -> Observation<'_> {
        match self {
            Self::Answer {
                status, envelope, ..
            } => Observation::Status(status.as_u16(), envelope.code.as_deref()),
            Self::Network(NetworkFault::Tls, _) => Observation::Tls,
            Self::Network(NetworkFault::Dns | NetworkFault::Connect, _) => Observation::Connect,
            Self::Network(NetworkFault::Request | NetworkFault::ThreadEnded, _) => {
                Observation::Unsendable
            }
            Self::Network(NetworkFault::Interrupted, _) => Observation::Interrupted,
            Self::ConnectTimeout(_) => Observation::Connect,
            Self::Timeout(_) => Observation::Timeout,
            Self::TooLarge(..) => Observation::TooLarge,
            Self::Unscripted(_) => Observation::Unsendable,
        }
    }

    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answer { status, .. } | Self::TooLarge(status, _) => Some(status.as_u16()),
            _ => None,
        }
    }

    pub(crate) fn headers(&self) -> Option<&HeaderMap> {
        match self {
            Self::Answer { headers, .. } | Self::TooLarge(_, headers) => Some(headers),
            _ => None,
        }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        headers::request_id(self.headers()?)
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answer { headers, .. } => headers::retry_after(headers, Timestamp::now()),
            _ => None,
        }
    }

    /// The name of an answer whose status is the fault.
    pub(crate) const STATUS: &'static str = "status";

    /// Returns a word for logs.
    pub(crate) fn name(&self) -> &'static str {
        match self.observation() {
            Observation::Status(..) => Self::STATUS,
            Observation::Connect if matches!(self, Self::Network(NetworkFault::Dns, _)) => "dns",
            Observation::Connect => "connect",
            Observation::Tls => "tls",
            Observation::Interrupted => "interrupted",
            Observation::Timeout => "timeout",
            Observation::Unsendable => "unsendable",
            Observation::TooLarge => "too_large",
        }
    }

    /// Returns the error for the caller.
    pub(crate) fn into_error(self, mut trace: Trace, limits: Limits, key: &ApiKey) -> Error {
        trace.request_id = self.request_id().map(str::to_owned);
        if let Some(request_id) = &mut trace.request_id {
            redact(request_id, key.expose());
        }
        let retry_after = self.retry_after();
        match self {
            Self::Answer {
                status,
                headers,
                body,
                mut envelope,
            } => {
                envelope.redact(key.expose());
                let error = ApiError::new(trace, status, headers, body, *envelope, retry_after);
                Error::Api(Box::new(error))
            }
            Self::Network(fault, source) => {
                Error::Network(Box::new(NetworkError::new(trace, fault, source)))
            }
            Self::ConnectTimeout(source) => {
                let phase = TimeoutPhase::Connect;
                let error = TimeoutError::new(trace, phase, limits.connect, source);
                Error::Timeout(Box::new(error))
            }
            Self::Timeout(limit) => {
                let (phase, limit) = match limit < limits.attempt {
                    true => (TimeoutPhase::Total, limits.total),
                    false => (TimeoutPhase::Attempt, limits.attempt),
                };
                Error::Timeout(Box::new(TimeoutError::new(trace, phase, limit, None)))
            }
            Self::TooLarge(..) => {
                let reason = format!("it is larger than {MAX_BODY_BYTES} bytes");
                let error = DecodeError::new(trace, String::new(), reason, Bytes::new());
                Error::Decode(Box::new(error))
            }
            Self::Unscripted(message) => Error::config(message).with_operation(trace.operation),
        }
    }
}

/// Returns whether rustls refused the connection, as opposed to the network breaking it.
fn is_tls_fault(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // `io::Error::source` skips the error it wraps.
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if inner.is_some_and(|inner| is_tls_fault(inner)) {
            return true;
        }
        next = error.source();
    }
    false
}
