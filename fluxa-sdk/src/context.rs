//! What one call carries through the generated client, and what comes back beside the answer.
//!
//! Owns [`CallContext`], the generated client's inner type. The generated code can only return
//! `reqwest::Error`; our own errors travel in the report here.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use progenitor_client::ResponseValue;
use tokio::time::Instant;
use tracing::Span;

use crate::client::Client;
use crate::contract;
use crate::decode;
use crate::error::{
    ApiError, DecodeError, Error, NetworkError, NetworkFault, Outcome, Place, Trace, redact,
};
use crate::headers;
use crate::idempotency::IdempotencyKey;
use crate::observe::{CallResult, watch};
use crate::request::Operation;
use crate::response::Response;

/// The time and the tries a call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) total: Duration,
    pub(crate) attempt: Duration,
    pub(crate) connect: Duration,
    pub(crate) max_retries: u32,
    pub(crate) base_delay: Duration,
}

/// Everything the attempt loop needs of one call. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CallContext(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) operation: &'static Operation,
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    pub(crate) headers: HeaderMap,
    pub(crate) limits: Limits,
    pub(crate) started: Instant,
    pub(crate) span: Span,
    report: Mutex<Report>,
}

/// What the attempt loop leaves behind.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) error: Option<Error>,
    pub(crate) attempts: u32,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the request only reads.
    pub(crate) reads: bool,
    /// Whether a retry was due that the allowance did not permit.
    pub(crate) allowance_exhausted: bool,
    /// What was waited for the rate limit.
    pub(crate) paced: Duration,
    /// What is known of the call's effect at this moment; `None` while nothing was sent, now or
    /// by the call that this one resumes.
    pub(crate) outcome: Option<Outcome>,
    /// Whether the caller was given the result.
    ended: bool,
}

/// What the generated client is made of for one call.
pub(crate) struct ApiContext {
    pub(crate) base_url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) context: CallContext,
}

impl ApiContext {
    /// Returns the generated client for this call.
    pub(crate) fn api(self) -> crate::generated::client::Client {
        crate::generated::client::Client::new_with_client(&self.base_url, self.http, self.context)
    }
}

/// Why the generated client returned no value. Ours is in the report when the loop failed.
#[derive(Debug)]
pub(crate) enum RunError {
    /// The request could not be built.
    Invalid(String),
    /// The HTTP client failed outside the loop.
    Transport(reqwest::Error),
    /// The body is not what the operation answers.
    Decode(serde_json::Error),
    /// The body is not of the form that was asked for, and no JSON at all.
    Unreadable(&'static str),
    /// The status is not one the operation answers.
    Unexpected(StatusCode),
}

impl<E> From<progenitor_client::Error<E>> for RunError {
    fn from(error: progenitor_client::Error<E>) -> Self {
        use progenitor_client::Error as Generated;
        match error {
            Generated::InvalidRequest(text) | Generated::Custom(text) => Self::Invalid(text),
            Generated::CommunicationError(error)
            | Generated::InvalidUpgrade(error)
            | Generated::ResponseBodyError(error) => Self::Transport(error),
            Generated::ErrorResponse(response) => Self::Unexpected(response.status()),
            Generated::InvalidResponsePayload(_, error) => Self::Decode(error),
            Generated::UnexpectedResponse(response) => Self::Unexpected(response.status()),
        }
    }
}

impl CallContext {
    pub(crate) fn new(
        client: Client,
        operation: &'static Operation,
        idempotency_key: Option<IdempotencyKey>,
        headers: HeaderMap,
        limits: Limits,
        earlier_unknown: bool,
    ) -> Self {
        let report = Mutex::new(Report {
            outcome: earlier_unknown.then_some(Outcome::Unknown),
            ..Report::default()
        });
        let span = watch::call_span(operation);
        Self(Arc::new(Shared {
            client,
            operation,
            idempotency_key,
            headers,
            limits,
            started: Instant::now(),
            span,
            report,
        }))
    }

    /// Returns the facts of the call so far, for an error.
    pub(crate) fn trace(&self, report: &Report, outcome: Outcome) -> Trace {
        let base_url = self.client.address();
        let place = Place {
            origin: base_url.origin.clone(),
            loopback: base_url.loopback,
            versioned: base_url.text.ends_with(contract::BASE_PATH),
        };
        Trace {
            operation: self.operation.id,
            idempotency_key: self.idempotency_key.clone(),
            attempts: report.attempts,
            outcome,
            request_id: None,
            cursor: None,
            target: None,
            mode: Some(self.client.mode()),
            reads: report.reads,
            allowance_exhausted: report.allowance_exhausted,
            place: Some(Arc::new(place)),
        }
    }

    /// Turns what the generated client returned into the call's result.
    pub(crate) fn finish<T>(
        &self,
        result: Result<ResponseValue<T>, RunError>,
    ) -> Result<Response<T>, Error> {
        let (result, progress) = {
            let mut report = self.report();
            report.ended = true;
            let result = match (report.error.take(), result) {
                (Some(error), _) => Err(error),
                (None, Ok(value)) => {
                    let headers = std::mem::take(&mut report.headers);
                    Ok(Response::new(value, headers, report.attempts))
                }
                (None, Err(error)) => Err(self.explain(&report, error)),
            };
            (result, (report.attempts, report.paced))
        };
        let (end, status, request_id) = match &result {
            Ok(response) => (
                CallResult::Succeeded,
                Some(response.status()),
                response.request_id(),
            ),
            Err(error) => (
                CallResult::Failed(error.outcome()),
                error.as_api().map(ApiError::status),
                error.request_id(),
            ),
        };
        let status = status.map(|status| status.as_u16());
        let key = self.client.key().expose();
        let request_id = request_id.filter(|request_id| !request_id.contains(key));
        watch::call_ended(self, end, progress, status, request_id);
        result
    }

    fn explain(&self, report: &Report, error: RunError) -> Error {
        let outcome = match report.attempts {
            0 => report.outcome.unwrap_or(Outcome::NotSent),
            _ => Outcome::Unknown,
        };
        let mut trace = self.trace(report, outcome);
        trace.request_id = headers::request_id(&report.headers).map(str::to_owned);
        let key = self.client.key().expose();
        if let Some(request_id) = &mut trace.request_id {
            redact(request_id, key);
        }
        let (mut path, reason) = match error {
            RunError::Invalid(text) => {
                return Error::config(format!("the request could not be built: {text}"))
                    .with_operation(self.operation.id);
            }
            RunError::Transport(error) => {
                let fault = NetworkFault::Request;
                return Error::Network(Box::new(NetworkError::new(trace, fault, Some(error))));
            }
            RunError::Decode(error) => decode::explain(&report.body, &error),
            RunError::Unreadable(reason) => (String::new(), reason.to_owned()),
            RunError::Unexpected(status) => {
                let status = status.as_u16();
                (
                    String::new(),
                    format!("{status} is not a status this operation answers"),
                )
            }
        };
        redact(&mut path, key);
        Error::Decode(Box::new(DecodeError::new(
            trace,
            path,
            reason,
            report.body.clone(),
        )))
    }
}

impl Shared {
    /// Takes note that an attempt goes out: from here on the call may take effect.
    pub(crate) fn begin_attempt(&self, attempts: u32) {
        let mut report = self.report();
        report.attempts = attempts;
        report.outcome = Some(Outcome::Unknown);
    }

    pub(crate) fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    /// The call's future was dropped before it had a result: its span and observers say so.
    fn drop(&mut self) {
        let (ended, attempts, paced, outcome) = {
            let report = self.report();
            (report.ended, report.attempts, report.paced, report.outcome)
        };
        if !ended {
            let result = CallResult::Cancelled(outcome.unwrap_or(Outcome::NotSent));
            watch::call_ended(self, result, (attempts, paced), None, None);
        }
    }
}

impl std::ops::Deref for CallContext {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("operation", &self.operation.id)
            .field("idempotency_key", &self.idempotency_key)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
