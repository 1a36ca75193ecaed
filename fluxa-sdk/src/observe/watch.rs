//! One call and its attempts under observation: spans of `tracing`, and events to observers.
//!
//! Owns the names of fields, which are those of OpenTelemetry's conventions for HTTP clients. A
//! call or an attempt whose future is dropped is told of as well.

use std::time::Duration;

use reqwest::{Request, Url};
use tokio::time::Instant;
use tracing::Span;
use tracing::field::{Empty, display};

use super::{AttemptEnded, AttemptStarted, CallEnded, CallEvent, CallInfo, CallResult};
use crate::attempt::{Failure, Success};
use crate::context::Shared;
use crate::headers;
use crate::request::Operation;

/// What stands for the value of a query parameter, which may be personal data.
const REDACTED: &str = "REDACTED";

/// Returns the span of a call, the parent of its attempts'.
pub(crate) fn call_span(operation: &Operation) -> Span {
    tracing::info_span!(
        "fluxa.call",
        otel.name = operation.id,
        otel.kind = "internal",
        otel.status_code = Empty,
        fluxa.operation = operation.id,
        fluxa.attempts = Empty,
        fluxa.outcome = Empty,
        fluxa.request_id = Empty,
    )
}

/// Tells that a call is over.
pub(crate) fn call_ended(
    shared: &Shared,
    result: CallResult,
    (attempts, paced): (u32, Duration),
    status: Option<u16>,
    request_id: Option<&str>,
) {
    let span = &shared.span;
    span.record("fluxa.attempts", attempts);
    span.record("fluxa.outcome", result.as_str());
    if let Some(request_id) = request_id {
        span.record("fluxa.request_id", request_id);
    }
    if result != CallResult::Succeeded {
        span.record("otel.status_code", "ERROR");
    }
    shared.client.observers().tell(|| {
        CallEvent::CallEnded(CallEnded {
            call: info(shared),
            result,
            attempts,
            status,
            request_id,
            duration: shared.started.elapsed(),
            paced,
        })
    });
}

fn info(shared: &Shared) -> CallInfo<'_> {
    CallInfo {
        operation: shared.operation.id,
        method: shared.operation.method,
        path_template: shared.operation.path,
        host: &shared.client.address().authority,
        idempotency_key: shared.idempotency_key.as_ref(),
    }
}

/// One attempt under way.
pub(crate) struct Watch<'a> {
    shared: &'a Shared,
    attempt: u32,
    /// Empty when there is nobody to tell.
    path: String,
    started: Instant,
    span: Span,
    ended: bool,
}

impl<'a> Watch<'a> {
    /// Tells that an attempt begins.
    pub(crate) fn begin(shared: &'a Shared, attempt: u32, request: &Request) -> Self {
        let span = attempt_span(shared, attempt, request);
        let observers = shared.client.observers();
        let path = match observers.is_empty() {
            true => String::new(),
            false => request.url().path().to_owned(),
        };
        observers.tell(|| {
            CallEvent::AttemptStarted(AttemptStarted {
                call: info(shared),
                path: &path,
                attempt,
            })
        });
        Self {
            shared,
            attempt,
            path,
            started: Instant::now(),
            span,
            ended: false,
        }
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Returns how long the attempt has taken so far.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Tells that the answer is there.
    pub(crate) fn answered(mut self, success: &Success, duration: Duration) {
        let status = Some(success.status().as_u16());
        let request_id = headers::request_id(success.headers());
        self.end(status, None, request_id, duration, None);
    }

    /// Tells that the attempt failed, and how long is waited until the next, if there is one.
    pub(crate) fn failed(mut self, failure: &Failure, duration: Duration, wait: Option<Duration>) {
        let fault = Some(failure.name());
        self.end(
            failure.status(),
            fault,
            failure.request_id(),
            duration,
            wait,
        );
    }

    fn end(
        &mut self,
        status: Option<u16>,
        fault: Option<&str>,
        request_id: Option<&str>,
        duration: Duration,
        retry_wait: Option<Duration>,
    ) {
        self.ended = true;
        // A server that quotes the API key there must not get it into a log.
        let key = self.shared.client.key().expose();
        let request_id = request_id.filter(|request_id| !request_id.contains(key));
        if let Some(status) = status {
            self.span.record("http.response.status_code", status);
        }
        if let Some(request_id) = request_id {
            self.span.record("fluxa.request_id", request_id);
        }
        if let Some(fault) = fault {
            match status {
                Some(status) if fault == Failure::STATUS => {
                    self.span.record("error.type", display(status));
                }
                _ => {
                    self.span.record("error.type", fault);
                }
            }
            self.span.record("otel.status_code", "ERROR");
        }
        tracing::debug!(
            parent: &self.shared.span,
            attempt = self.attempt,
            status,
            fault,
            duration_ms = millis(duration),
            request_id,
            retry_wait_ms = retry_wait.map(millis),
            "attempt ended"
        );
        self.shared.client.observers().tell(|| {
            CallEvent::AttemptEnded(AttemptEnded {
                call: info(self.shared),
                path: &self.path,
                attempt: self.attempt,
                status,
                fault,
                duration,
                request_id,
                retry_wait,
            })
        });
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let duration = self.elapsed();
            self.end(None, Some("cancelled"), None, duration, None);
        }
    }
}

/// Returns the span of an attempt. Nothing is formatted unless a subscriber wants it.
fn attempt_span(shared: &Shared, attempt: u32, request: &Request) -> Span {
    let (operation, address) = (shared.operation, shared.client.address());
    // A raw call has no template, and a path with ids in it would be one name for each object.
    let template = operation.path.starts_with('/').then_some(operation.path);
    tracing::info_span!(
        parent: &shared.span,
        "fluxa.attempt",
        otel.name = name(operation.method, template),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = operation.method,
        http.request.resend_count = (attempt > 1).then(|| attempt - 1),
        http.response.status_code = Empty,
        server.address = address.host,
        server.port = address.port,
        url.template = template,
        url.full = full(request.url()),
        "error.type" = Empty,
        fluxa.request_id = Empty,
    )
}

fn name(method: &str, template: Option<&str>) -> String {
    match template {
        Some(template) => format!("{method} {template}"),
        None => method.to_owned(),
    }
}

/// Returns the URL with the values of its query redacted: filters carry e-mail addresses.
fn full(url: &Url) -> String {
    let mut shown = url.clone();
    if url.query().is_some() {
        let names = url.query_pairs().map(|(name, _)| (name, REDACTED));
        shown.query_pairs_mut().clear().extend_pairs(names);
    }
    shown.into()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
