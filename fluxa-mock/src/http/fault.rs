//! Owns the spoiling of requests by the faults in force: answers, delays and cut connections. Which
//! request is hit is `crate::faults`' decision. A cut is told to the connection by an extension of the
//! response, or by a body that breaks off.

use super::rate_limit::Allowance;
use super::reply::{JSON, Reply, RequestId};
use super::{auth, body, error, guard};
use crate::clock::real_millis;
use crate::faults::{Cut, Fault, When};
use crate::sandbox::Sandbox;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// The connection is to be cut here: in the extensions of a response, not even its head is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutHere;

impl fmt::Display for CutHere {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection was cut by a fault")
    }
}

impl std::error::Error for CutHere {}

/// Serves a request, or what the faults in force make of it. The control plane is out of their reach.
pub(super) async fn around(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path == "/_mock" || path.starts_with("/_mock/") {
        return next.run(request).await;
    }
    let Some(sandbox) = request.extensions().get::<Arc<Sandbox>>().cloned() else {
        return next.run(request).await;
    };
    let faults = &sandbox.store.shared().faults;
    match faults.of_request(request.method().as_str(), path) {
        None => next.run(request).await,
        Some(fault) => spoil(&sandbox, &fault, request, next).await,
    }
}

async fn spoil(sandbox: &Sandbox, fault: &Fault, request: Request, next: Next) -> Response {
    let id = request
        .extensions()
        .get::<RequestId>()
        .map_or(String::new(), |id| id.0.clone());
    let bearer = auth::bearer(request.headers());
    let after = match fault.cut {
        Some(Cut::Body { .. }) => true,
        _ => fault.when == Some(When::After),
    };
    if !after {
        wait(fault).await;
        if fault.cut == Some(Cut::BeforeReading) {
            return cut_before_head();
        }
        if fault.cut.is_none() && fault.status.is_none() {
            return next.run(request).await;
        }
        // Read to its end all the same: a server that answers early resets the connection.
        let limits = (sandbox.config.body_cap, sandbox.config.body_timeout);
        drop(body::read(request.into_body(), limits.0, limits.1).await);
        return match fault.status {
            None => cut_before_head(),
            Some(status) => {
                let allowance = match bearer {
                    Some(bearer) => guard::uncounted(sandbox, bearer).await,
                    None => sandbox.limiter.full(),
                };
                answer(fault, status, &id, allowance)
            }
        };
    }
    let response = next.run(request).await;
    wait(fault).await;
    match (fault.cut, fault.status) {
        (Some(Cut::Body { after_bytes }), _) => cut_in_body(response, after_bytes),
        (Some(_), _) => cut_before_head(),
        (None, Some(status)) => {
            let counted = response.extensions().get::<Allowance>().copied();
            let allowance = counted.unwrap_or_else(|| sandbox.limiter.full());
            answer(fault, status, &id, allowance)
        }
        (None, None) => response,
    }
}

async fn wait(fault: &Fault) {
    if let Some(ms) = fault.delay_ms {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

fn cut_before_head() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(CutHere);
    response
}

fn answer(fault: &Fault, status: u16, id: &str, mut allowance: Allowance) -> Response {
    let (error_type, usual) = match status {
        401 => ("authentication", "key_invalid"),
        403 => ("permission", "insufficient_scope"),
        404 => ("not_found", "resource_missing"),
        409 => ("idempotency", "idempotency_key_in_use"),
        429 => ("rate_limit", "rate_limit_exceeded"),
        500 => ("api_error", "internal_error"),
        501.. => ("api_error", "service_unavailable"),
        _ => ("invalid_request", "parameter_invalid"),
    };
    let code = fault.code.as_deref().unwrap_or(usual);
    let message = fault
        .message
        .as_deref()
        .unwrap_or("A fault of the sandbox answers in place of the API.");
    let retry_after = fault.retry_after.or((status == 429).then_some(1));
    let body = error::body(error_type, code, message, None, id).to_string();
    let mut reply = Reply::new(status, JSON, body, id);
    reply.retry_after = retry_after;
    if status == 429 {
        let seconds = i64::try_from(retry_after.unwrap_or(1)).unwrap_or(1);
        allowance.remaining = 0;
        allowance.reset = real_millis() / 1000 + seconds;
    }
    reply.with_allowance(Some(allowance)).into_response()
}

fn cut_in_body(response: Response, after_bytes: u64) -> Response {
    let exact = HttpBody::size_hint(response.body()).exact();
    if exact == Some(0) {
        return cut_before_head();
    }
    response.map(|inner| {
        Body::new(Broken {
            inner,
            size: exact,
            left: exact.map_or(after_bytes, |size| after_bytes.min(size - 1)),
            flushing: true,
        })
    })
}

/// A body that breaks off.
struct Broken {
    inner: Body,
    /// As announced to the client.
    size: Option<u64>,
    left: u64,
    /// What was given out still has to reach the connection.
    flushing: bool,
}

impl HttpBody for Broken {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left > 0 {
            match Pin::new(&mut self.inner).poll_frame(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(mut data) = frame.into_data() {
                        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
                        data.truncate(most);
                        self.left -= data.len() as u64;
                        return Poll::Ready(Some(Ok(Frame::data(data))));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                Poll::Ready(None) => {}
            }
            self.left = 0;
        }
        if std::mem::take(&mut self.flushing) {
            // hyper drops what it has not written when a body fails: let it write first.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(CutHere.into())))
    }

    fn size_hint(&self) -> SizeHint {
        self.size
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
