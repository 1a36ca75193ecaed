//! What a script answers, and how it fails.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::ScriptedRequest;
use crate::attempt::Failure;
use crate::contract;
use crate::error::NetworkFault;

/// How a scripted request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScriptedFault {
    /// The host's name is not resolved; nothing is sent.
    DnsFailed,
    /// Nobody listens; nothing is sent.
    ConnectRefused,
    /// No connection in time; nothing is sent. Does not wait.
    ConnectTimedOut,
    /// The server's certificate is not trusted; nothing is sent.
    TlsFailed,
    /// The connection breaks after the request was sent.
    Reset,
    /// A 200 is answered, whose body breaks off in the middle.
    BodyCut,
    /// The request is sent, and no answer comes in the attempt's time. Does not wait.
    TimedOut,
    /// The request is sent, and no answer ever comes. Waits, on tokio's clock, until the attempt's
    /// time is up or the call's future is dropped.
    NeverAnswered,
}

/// An answer of a script.
#[derive(Clone)]
pub struct ScriptedAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    delay: Duration,
}

impl ScriptedAnswer {
    /// Returns an answer without a body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            delay: Duration::ZERO,
        }
    }

    /// Returns an error in the API's envelope, such as `error(404, "resource_missing")`.
    pub fn error(status: u16, code: &str) -> Self {
        let kind = match status {
            401 => "authentication",
            403 => "permission",
            404 => "not_found",
            409 => "idempotency",
            429 => "rate_limit",
            500.. => "api_error",
            _ => "invalid_request",
        };
        let doc_url = format!("{}/{code}", contract::DOC_BASE_URL);
        Self::new(status).json(json!({"error": {
            "type": kind, "code": code, "message": "Scripted.", "doc_url": doc_url,
        }}))
    }

    /// Returns a page of a list with these objects, the last one. For one before it name the cursor
    /// of the next with [`next_cursor`](Self::next_cursor).
    pub fn page(objects: impl IntoIterator<Item = Value>) -> Self {
        let data: Vec<Value> = objects.into_iter().collect();
        Self::new(200).json(json!({ "data": data, "has_more": false, "next_cursor": null }))
    }

    /// Says that this page has a next one, which is asked for with this cursor.
    ///
    /// # Panics
    /// When this is not a [`page`](Self::page).
    #[must_use]
    pub fn next_cursor(self, cursor: impl Into<String>) -> Self {
        let page = serde_json::from_slice::<Value>(&self.body).ok();
        let page = page.filter(|page| page["data"].is_array());
        let mut page = page.unwrap_or_else(|| panic!("only a page of a list has a next cursor"));
        page["has_more"] = true.into();
        page["next_cursor"] = cursor.into().into();
        self.json(page)
    }

    /// Sets the body.
    #[must_use]
    pub fn json(self, body: Value) -> Self {
        self.body(body.to_string())
    }

    /// Sets the body to these bytes, JSON or not.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Answers after this time of tokio's clock, which tests can pause. Default: at once.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    async fn send(self) -> Result<reqwest::Response, Failure> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let mut response = http::Response::new(self.body);
        *response.status_mut() = StatusCode::from_u16(self.status).map_err(|_| {
            Failure::Unscripted(format!(
                "the script answers {}, which is no status",
                self.status
            ))
        })?;
        for (name, value) in self.headers {
            let header = (HeaderName::try_from(&name), HeaderValue::try_from(&value));
            let (Ok(name), Ok(value)) = header else {
                return Err(Failure::Unscripted(format!(
                    "the script answers with `{name}`, which is no header"
                )));
            };
            response.headers_mut().append(name, value);
        }
        Ok(reqwest::Response::from(response))
    }
}

impl fmt::Debug for ScriptedAnswer {
    /// Leaves out the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedAnswer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// One step of a route.
#[derive(Clone)]
pub(super) enum Step {
    Answer(ScriptedAnswer),
    By(Arc<dyn Fn(&ScriptedRequest) -> ScriptedAnswer + Send + Sync>),
    Fault(ScriptedFault),
}

impl Step {
    pub(super) async fn play(
        self,
        request: &ScriptedRequest,
        limit: Duration,
    ) -> Result<reqwest::Response, Failure> {
        let fault = match self {
            Self::Answer(answer) => return answer.send().await,
            Self::By(answer) => return answer(request).send().await,
            Self::Fault(fault) => fault,
        };
        let fault = match fault {
            ScriptedFault::DnsFailed => NetworkFault::Dns,
            ScriptedFault::ConnectRefused => NetworkFault::Connect,
            ScriptedFault::TlsFailed => NetworkFault::Tls,
            ScriptedFault::Reset => NetworkFault::Interrupted,
            ScriptedFault::BodyCut => {
                let body = reqwest::Body::wrap_stream(CutBody::new());
                return Ok(reqwest::Response::from(http::Response::new(body)));
            }
            ScriptedFault::ConnectTimedOut => return Err(Failure::ConnectTimeout(None)),
            ScriptedFault::TimedOut => return Err(Failure::Timeout(limit)),
            ScriptedFault::NeverAnswered => return std::future::pending().await,
        };
        Err(Failure::Network(fault, None))
    }
}

/// A body that breaks off.
struct CutBody(VecDeque<io::Result<Bytes>>);

impl CutBody {
    fn new() -> Self {
        let cut = io::Error::from(io::ErrorKind::UnexpectedEof);
        Self(VecDeque::from([
            Ok(Bytes::from_static(b"{\"id\":")),
            Err(cut),
        ]))
    }
}

impl Stream for CutBody {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front())
    }
}
