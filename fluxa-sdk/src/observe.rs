//! Observing calls: what merchants hang their metrics and logs on.
//!
//! Owns what an observer is told, and that one which panics breaks no call. Nothing here carries
//! a key of the API, a header or a body. For traces there are `tracing` spans: see
//! [the crate's page](crate#observing).
//!
//! ```
//! use fluxa_sdk::Client;
//! use fluxa_sdk::observe::CallEvent;
//!
//! # fn main() -> Result<(), fluxa_sdk::Error> {
//! let fluxa = Client::builder("sk_test_mock0000000000000000000000000000")
//!     .base_url("http://127.0.0.1:4010/v1")
//!     .observe(|event: &CallEvent<'_>| {
//!         if let CallEvent::AttemptEnded(attempt) = event {
//!             let call = &attempt.call;
//!             println!("{} {:?} {:?}", call.operation, attempt.status, attempt.duration);
//!         }
//!     })
//!     .build()?;
//! # let _ = fluxa; Ok(())
//! # }
//! ```

pub(crate) mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::error::Outcome;
use crate::idempotency::IdempotencyKey;

/// Is told of attempts and calls. Closures over `&CallEvent<'_>` are observers.
///
/// It is called on the task that makes the call, so it should return at once. One that panics is
/// reported as a `tracing` error, and the call goes on.
pub trait Observer: Send + Sync {
    /// Takes note of what happened.
    fn observe(&self, event: &CallEvent<'_>);
}

impl<F: Fn(&CallEvent<'_>) + Send + Sync> Observer for F {
    fn observe(&self, event: &CallEvent<'_>) {
        self(event);
    }
}

/// What an observer is told, in this order: each attempt's start and end, then the call's end.
///
/// A call that is refused before it begins (a faulty parameter) is not observed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CallEvent<'a> {
    /// A request is about to be sent.
    AttemptStarted(AttemptStarted<'a>),
    /// Its answer is there, or it failed, or nobody waits for it any more.
    AttemptEnded(AttemptEnded<'a>),
    /// The call is over.
    CallEnded(CallEnded<'a>),
}

/// The call that an event is of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallInfo<'a> {
    /// The `operationId`, `raw` for a raw call.
    pub operation: &'a str,
    /// The HTTP method in upper case.
    pub method: &'a str,
    /// The path with its parameters in braces, so that it has few values: `/payments/{id}`.
    pub path_template: &'a str,
    /// The host, and the port when it is not the scheme's own.
    pub host: &'a str,
    /// The key that the call's attempts carry. No secret: it names the call, not the merchant.
    pub idempotency_key: Option<&'a IdempotencyKey>,
}

/// A request is about to be sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptStarted<'a> {
    /// The call it is of.
    pub call: CallInfo<'a>,
    /// The path as it is sent, without its query: ids are in it, so it is for reading, not for
    /// labels of metrics.
    pub path: &'a str,
    /// Counts from 1.
    pub attempt: u32,
}

/// An attempt is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptEnded<'a> {
    /// The call it is of.
    pub call: CallInfo<'a>,
    /// The path as it was sent: see [`AttemptStarted::path`].
    pub path: &'a str,
    /// Counts from 1.
    pub attempt: u32,
    /// The status that was answered, if one was.
    pub status: Option<u16>,
    /// What failed, if something did: `status`, `dns`, `connect`, `tls`, `interrupted`, `timeout`,
    /// `unsendable`, `too_large` or `cancelled`; more may come.
    pub fault: Option<&'a str>,
    /// From sending to the end of the answer (of an event stream: its head); waits before are not
    /// in it.
    pub duration: Duration,
    /// The `req_…` id of the answer.
    pub request_id: Option<&'a str>,
    /// How long is waited now, if there is to be another attempt; of a call that goes back to the
    /// line of [`pace_requests`](crate::ClientBuilder::pace_requests), the least.
    pub retry_wait: Option<Duration>,
}

/// A call is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallEnded<'a> {
    /// The call.
    pub call: CallInfo<'a>,
    /// How it ended.
    pub result: CallResult,
    /// How often it was tried.
    pub attempts: u32,
    /// The status of the last answer, if there was one.
    pub status: Option<u16>,
    /// The `req_…` id of the last answer.
    pub request_id: Option<&'a str>,
    /// The whole of it, with all waits.
    pub duration: Duration,
    /// What of it was waited for the rate limit: see
    /// [`ClientBuilder::pace_requests`](crate::ClientBuilder::pace_requests).
    pub paced: Duration,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallResult {
    /// The caller has the answer.
    Succeeded,
    /// The caller has the error, whose outcome this is.
    Failed(Outcome),
    /// The caller dropped the call's future; the outcome tells whether it may have been carried out.
    Cancelled(Outcome),
}

impl CallResult {
    /// Returns a word for metrics and spans.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed(outcome) | Self::Cancelled(outcome) => match outcome {
                Outcome::NotSent => "not_sent",
                Outcome::Rejected => "rejected",
                Outcome::Unknown => "unknown",
            },
        }
    }
}

/// The observers of a client.
#[derive(Clone, Default)]
pub(crate) struct Observers(Vec<Arc<dyn Observer>>);

impl Observers {
    pub(crate) fn add(&mut self, observer: Arc<dyn Observer>) {
        self.0.push(observer);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells everyone, or does nothing at all when there is nobody to tell.
    pub(crate) fn tell<'a>(&self, event: impl FnOnce() -> CallEvent<'a>) {
        if self.0.is_empty() {
            return;
        }
        let event = event();
        for observer in &self.0 {
            // The answer of a payment is worth more than the metric of it.
            if catch_unwind(AssertUnwindSafe(|| observer.observe(&event))).is_err() {
                tracing::error!("an observer panicked; the call goes on");
            }
        }
    }
}
