//! One delivery through the inbox: claim, run the handler under its lease, mark.
//!
//! Owns the lease while the handler runs. Knows no particular store and spawns nothing, so that
//! dropping the future stops all of it.

use std::any::Any;
use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{Claim, EventStore, Inbox, Lease, Processed, StoreError};
use crate::webhooks::VerifiedEvent;

/// The waits before marking is tried again. Marking may be repeated, and giving up means that the
/// handler runs twice.
const MARK_AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// How the handler ended.
pub(super) enum Ran<O> {
    Finished(O),
    Panicked(Box<dyn Any + Send>),
    LeaseLost,
}

impl<S: EventStore> Inbox<S> {
    /// Runs the handler unless the event was processed before or is being processed elsewhere.
    ///
    /// The handler is given the [`Lease`], for its fence. What it does takes effect at least once;
    /// [the module](super) says when that is more than once, and how to make it exactly once.
    ///
    /// - It returns an error: the event is given back, and the next delivery is processed.
    /// - It panics: the event is given back, then the panic goes on.
    /// - It runs for long: the lease is extended every third of it. That needs the handler to wait
    ///   with `.await`; one that blocks its thread for longer than the lease loses it.
    /// - The lease is lost: the handler is dropped at whatever it waits for.
    /// - This future is dropped, as servers do when the client disconnects: the handler is dropped
    ///   with it, and the event comes back when the lease ends.
    pub async fn process<T, E, H, F>(&self, event: &VerifiedEvent, handler: H) -> Processed<T, E>
    where
        H: FnOnce(Lease) -> F,
        F: Future<Output = Result<T, E>>,
    {
        // Before the request: the store's lease begins later, so it cannot end before ours does.
        let claimed_at = Instant::now();
        let lease = match self.store.claim(event.id(), self.lease).await {
            Ok(Claim::New(lease)) => lease,
            Ok(Claim::Done) => return Processed::Duplicate,
            Ok(Claim::InFlight { remaining }) => return Processed::InFlight { remaining },
            Err(error) => return Processed::StoreFailed(error),
        };
        let given = lease.clone();
        let work = async move { handler(given).await };
        match self.while_leased(&lease, claimed_at, work).await {
            Ran::Finished(Ok(value)) => match self.mark(&lease).await {
                Ok(true) => Processed::Done(value),
                Ok(false) => Processed::LeaseLost,
                Err(error) => Processed::NotMarked { value, error },
            },
            Ran::Finished(Err(error)) => {
                self.give_back(&lease).await;
                Processed::Failed(error)
            }
            Ran::Panicked(payload) => {
                self.give_back(&lease).await;
                resume_unwind(payload)
            }
            Ran::LeaseLost => Processed::LeaseLost,
        }
    }

    /// Runs the work and extends the lease beside it, in the same task. Drops the work when the
    /// lease is lost.
    pub(super) async fn while_leased<F: Future>(
        &self,
        lease: &Lease,
        claimed_at: Instant,
        work: F,
    ) -> Ran<F::Output> {
        let mut work = pin!(work);
        let mut extending = pin!(self.extend_until_lost(lease, claimed_at));
        poll_fn(|context| {
            // What panicked is not polled again, only dropped.
            let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
            match polled {
                Ok(Poll::Ready(output)) => Poll::Ready(Ran::Finished(output)),
                Err(payload) => Poll::Ready(Ran::Panicked(payload)),
                Ok(Poll::Pending) => extending.as_mut().poll(context).map(|()| Ran::LeaseLost),
            }
        })
        .await
    }

    /// Ends when the lease is lost: the store says so, or could not be asked until its end.
    async fn extend_until_lost(&self, lease: &Lease, claimed_at: Instant) {
        // A little less than the lease, so that the handler is stopped before others may claim.
        let holds_for = self.lease - self.lease / 30;
        let mut ends_at = claimed_at + holds_for;
        let mut next_at = claimed_at + self.lease / 3;
        loop {
            sleep_until(next_at).await;
            let asked_at = Instant::now();
            let answer = timeout_at(ends_at, self.store.extend(lease, self.lease)).await;
            match answer {
                Ok(Ok(true)) => {
                    ends_at = asked_at + holds_for;
                    next_at = asked_at + self.lease / 3;
                }
                Ok(Err(error)) if Instant::now() < ends_at => {
                    log(
                        "the lease could not be extended; trying again",
                        lease,
                        &error,
                    );
                    next_at = ends_at.min(Instant::now() + self.lease / 12);
                }
                Ok(Ok(false) | Err(_)) | Err(_) => {
                    let (event_id, fence) = (lease.event_id(), lease.fence());
                    tracing::warn!(event_id, fence, "the lease of an event was lost");
                    return;
                }
            }
        }
    }

    async fn mark(&self, lease: &Lease) -> Result<bool, StoreError> {
        for wait in MARK_AGAIN_AFTER {
            match self.store.done(lease).await {
                Ok(marked) => return Ok(marked),
                Err(error) => log("an event could not be marked; trying again", lease, &error),
            }
            sleep(wait).await;
        }
        self.store.done(lease).await
    }

    /// Gives the event back. When that fails it comes back with the lease's end, so nothing is lost.
    pub(super) async fn give_back(&self, lease: &Lease) {
        if let Err(error) = self.store.release(lease).await {
            log(
                "an event could not be given back; its lease will end",
                lease,
                &error,
            );
        }
    }
}

fn log(what: &'static str, lease: &Lease, error: &StoreError) {
    let (event_id, fence) = (lease.event_id(), lease.fence());
    let cause = error.source().map(ToString::to_string);
    tracing::warn!(event_id, fence, %error, cause, "{what}");
}
