//! What became of a delivery, and the answer Fluxa needs.

use std::time::Duration;

use super::{Lease, StoreError};

/// What became of a delivery.
///
/// Answer it with [`Processed::status_code`]. With the features `axum` and `actix-web` it is a
/// response by itself, so that a handler of a request may return it. Fluxa delivers again after
/// anything but 2xx.
///
/// | outcome | status | the handler | then |
/// |---|---|---|---|
/// | [`Done`](Self::Done) | 200 | ran, once | nothing more |
/// | [`Duplicate`](Self::Duplicate) | 200 | ran before | nothing more |
/// | [`InFlight`](Self::InFlight) | 409, `Retry-After` | runs elsewhere | delivered again; 2xx would lose the event if the other worker died |
/// | [`Failed`](Self::Failed) | 500 | returned an error | given back, delivered again |
/// | [`TransactionEnded`](Self::TransactionEnded) | 500 | ended the transaction itself | delivered again, and **may take effect again**; mend the handler |
/// | [`RolledBack`](Self::RolledBack) | 503 | ran, without effect | given back, delivered again |
/// | [`LeaseLost`](Self::LeaseLost) | 503 | was stopped, or too late | another worker may have it; delivered again |
/// | [`StoreFailed`](Self::StoreFailed) | 503 | did not run | delivered again |
/// | [`NotMarked`](Self::NotMarked) | 503 | ran | delivered again, and **may run again** |
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "Fluxa needs an answer by the outcome: see `status_code`"]
pub enum Processed<T, E> {
    /// The handler succeeded and the event is marked.
    Done(T),
    /// The event was processed before; the handler was not run.
    Duplicate,
    /// Another worker is at it; the handler was not run.
    InFlight {
        /// What is left of the other's lease, unless it extends it.
        remaining: Duration,
    },
    /// The handler failed. The event was given back, so the next delivery is processed.
    Failed(E),
    /// The lease ran out before the event was marked: the handler was dropped, or ended too late.
    ///
    /// What it did so far stands, except in `process_in_transaction`, which undid it.
    LeaseLost,
    /// The store could not be asked before the handler ran. It has not run.
    StoreFailed(StoreError),
    /// The handler succeeded, but the store could not be told: the next delivery runs it again.
    ///
    /// In `process_in_transaction` it means that the commit was not confirmed, and the database could
    /// not be asked about it either. Whether it took place is known at the next delivery, and the
    /// effects are there once in either case.
    NotMarked {
        /// What the handler returned.
        value: T,
        /// Why the store could not be told.
        error: StoreError,
    },
    /// Of `process_in_transaction`: the handler succeeded, but its transaction could not be
    /// committed, and nothing it wrote stands. The event was given back.
    ///
    /// Such as when a deferred constraint fails, the transaction is read-only, the connection is
    /// lost, or the handler hid a statement's failure.
    RolledBack {
        /// What the handler returned.
        value: T,
        /// Why it could not be committed.
        error: StoreError,
    },
    /// Of `process_in_transaction`: the handler ended the transaction with SQL of its own, so that
    /// effect and mark are not one. The event is not marked, and comes back when the lease ends.
    ///
    /// This is a mistake in the handler. The error's text says whether what it wrote stands.
    TransactionEnded {
        /// What the handler returned.
        result: Result<T, E>,
        /// Whether what the handler wrote stands, and what to do.
        error: StoreError,
    },
}

impl<T, E> Processed<T, E> {
    /// Returns the status to answer the delivery with: 200, 409, 500 or 503, as in the table above.
    pub fn status_code(&self) -> u16 {
        match self {
            Self::Done(_) | Self::Duplicate => 200,
            Self::InFlight { .. } => 409,
            Self::Failed(_) | Self::TransactionEnded { .. } => 500,
            Self::LeaseLost
            | Self::StoreFailed(_)
            | Self::NotMarked { .. }
            | Self::RolledBack { .. } => 503,
        }
    }

    /// Returns the seconds for the answer's `Retry-After`, rounded up: what is left of another
    /// worker's lease.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::InFlight { remaining } => {
                let part = u64::from(remaining.subsec_nanos() > 0);
                Some(remaining.as_secs().saturating_add(part).max(1))
            }
            _ => None,
        }
    }

    /// Returns whether the event is processed, now or before: Fluxa need not deliver it again.
    pub fn is_processed(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Duplicate)
    }

    /// Returns whether the event was processed before.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate)
    }

    /// Returns a short text for the answer's body, which Fluxa shows in the delivery's history.
    ///
    /// It holds nothing of the handler's error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Done(_) => "processed",
            Self::Duplicate => "processed before",
            Self::InFlight { .. } => "being processed by another worker",
            Self::Failed(_) => "the handler failed",
            Self::LeaseLost => "the lease was lost",
            Self::StoreFailed(_) => "the inbox's store could not be asked",
            Self::NotMarked { .. } => "processed, but the inbox's store could not be told",
            Self::RolledBack { .. } => "the transaction could not be committed, and is undone",
            Self::TransactionEnded { .. } => "the handler ended the inbox's transaction itself",
        }
    }

    /// Looks at the handler's error, such as to log it: the inbox cannot, since it may be of any
    /// type and may hold what belongs in no log.
    ///
    /// ```
    /// # use fluxa_sdk::webhooks::inbox::Processed;
    /// # let processed = Processed::<(), _>::Failed(std::io::Error::other("no stock"));
    /// let processed = processed.inspect_failed(|error| tracing::error!(%error, "not shipped"));
    /// # assert_eq!(processed.status_code(), 500);
    /// ```
    pub fn inspect_failed(self, look: impl FnOnce(&E)) -> Self {
        if let Self::Failed(error)
        | Self::TransactionEnded {
            result: Err(error), ..
        } = &self
        {
            look(error);
        }
        self
    }

    /// Tells `tracing` of the outcome. Nothing of the body nor of what the handler returned.
    pub(super) fn traced(self, event_id: &str, lease: Option<&Lease>) -> Self {
        let fence = lease.map(Lease::fence);
        let outcome = self.reason();
        match &self {
            Self::Done(_) | Self::Duplicate | Self::InFlight { .. } => {
                tracing::debug!(event_id, fence, outcome, "event delivered");
            }
            Self::Failed(_) | Self::LeaseLost => {
                tracing::warn!(event_id, fence, outcome, "event not processed");
            }
            Self::StoreFailed(error)
            | Self::NotMarked { error, .. }
            | Self::RolledBack { error, .. } => {
                let error = error.with_causes();
                tracing::warn!(event_id, fence, outcome, error, "event not processed");
            }
            Self::TransactionEnded { error, .. } => {
                let error = error.with_causes();
                tracing::error!(event_id, fence, outcome, error, "event not processed");
            }
        }
        self
    }
}

#[cfg(feature = "axum")]
impl<T, E> axum_core::response::IntoResponse for Processed<T, E> {
    fn into_response(self) -> axum_core::response::Response {
        let status = http::StatusCode::from_u16(self.status_code()).expect("a constant of ours");
        let mut response = (status, self.reason()).into_response();
        if let Some(seconds) = self.retry_after_seconds() {
            response
                .headers_mut()
                .insert(http::header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(feature = "actix-web")]
impl<T, E> actix_web::Responder for Processed<T, E> {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _request: &actix_web::HttpRequest) -> actix_web::HttpResponse {
        let status = actix_web::http::StatusCode::from_u16(self.status_code());
        let mut response = actix_web::HttpResponse::build(status.expect("a constant of ours"));
        if let Some(seconds) = self.retry_after_seconds() {
            response.insert_header((actix_web::http::header::RETRY_AFTER, seconds));
        }
        response.body(self.reason())
    }
}
