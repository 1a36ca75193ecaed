//! One delivery through the inbox: claim, run the handler under its lease, mark.
//!
//! Owns the lease while the handler runs. Knows no particular store and spawns nothing, so that
//! dropping the future stops all of it.

use std::any::Any;
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
    ///   with `.await`; one that blocks its thread for longer than the lease loses it, also when
    ///   nobody else claimed the event, and then runs again at each delivery. Run what blocks in
    ///   [`tokio::task::spawn_blocking`], or set a longer [`Inbox::lease`].
    /// - The lease is lost: the handler is dropped at whatever it waits for.
    /// - This future is dropped, as servers do when the client disconnects: the handler is dropped
    ///   with it, and the event comes back when the lease ends.
    ///
    /// Each delivery is told to `tracing` with the event's id, fence and outcome: at `debug` when
    /// nothing is wrong, else at `warn` or `error`. What the handler's error says is not, because it
    /// may be of any type: see [`Processed::inspect_failed`].
    pub async fn process<T, E, H, F>(&self, event: &VerifiedEvent, handler: H) -> Processed<T, E>
    where
        H: FnOnce(Lease) -> F,
        F: Future<Output = Result<T, E>>,
    {
        // Before the request: the store's lease begins later, so it cannot end before ours does.
        let claimed_at = Instant::now();
        let lease = match self.claim(event).await {
            Ok(lease) => lease,
            Err(processed) => return processed.traced(event.id(), None),
        };
        let given = lease.clone();
        let work = async move { handler(given).await };
        let processed = match self.while_leased(&lease, claimed_at, work).await {
            Ran::Finished(Ok(value)) => match self.mark(&lease).await {
                Ok(true) => Processed::Done(value),
                Ok(false) => {
                    warn_of_a_late_mark(&lease, claimed_at.elapsed());
                    Processed::LeaseLost
                }
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
        };
        processed.traced(event.id(), Some(&lease))
    }

    /// Claims the event; `Err` is what to answer when it is not this worker's.
    pub(super) async fn claim<T, E>(
        &self,
        event: &VerifiedEvent,
    ) -> Result<Lease, Processed<T, E>> {
        match self.store.claim(event.id(), self.lease).await {
            Ok(Claim::New(lease)) => Ok(lease),
            Ok(Claim::Done) => Err(Processed::Duplicate),
            Ok(Claim::InFlight { remaining }) => Err(Processed::InFlight { remaining }),
            Err(error) => Err(Processed::StoreFailed(error)),
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

/// Says so when the handler came to its end and the mark was refused: with an effect outside the
/// store, each delivery takes effect again until this is mended.
pub(super) fn warn_of_a_late_mark(lease: &Lease, after: Duration) {
    let (event_id, fence) = (lease.event_id(), lease.fence());
    tracing::warn!(
        event_id,
        fence,
        ran_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
        "a handler finished after its lease had ended, so the event was not marked and will be \
         processed again; if the handler blocks its thread, run that part in \
         tokio::task::spawn_blocking, or set a longer Inbox::lease"
    );
}

pub(super) fn log(what: &'static str, lease: &Lease, error: &StoreError) {
    let (event_id, fence) = (lease.event_id(), lease.fence());
    let error = error.with_causes();
    tracing::warn!(event_id, fence, error, "{what}");
}
