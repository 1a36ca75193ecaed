//! Owns the advancing of a sandbox's clock, whatever else goes on meanwhile.
//!
//! An advance answers for what was there when it began, and for what follows from that: its own timers,
//! and the deliveries that those queue. It waits for these deliveries and for no others. Timers of
//! requests that come meanwhile fire in their order too when the clock passes them, but nobody waits for
//! what they send: each would find new ones behind it, and traffic would never let the clock get on.

use super::Sandbox;
use super::firing::{TIMERS_AT_ONCE, fire};
use crate::clock::Hold;
use crate::delivery::Awaited;
use crate::domain::delivery;
use crate::domain::error::DomainError;
use crate::spans::{Span, Spans};
use crate::store::{Origin, Tx};
use crate::time::Time;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Timers of others fired in the first transaction that has as many.
const OTHERS_AT_ONCE: usize = 500;

/// Why advances end before their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The clock was frozen.
    Frozen,
    /// Another state was put in place.
    Replaced,
    /// The account was closed.
    Closed,
}

impl End {
    fn error(self, now: Time) -> DomainError {
        let message = match self {
            Self::Frozen => format!(
                "The clock was frozen on the way, at {now}, and stands there. Advance again to go on."
            ),
            Self::Replaced => {
                "The sandbox was reset, filled or restored on the way. Its clock shows what \
                               belongs to its new state."
                    .to_owned()
            }
            Self::Closed => return DomainError::closed(),
        };
        DomainError::invalid("advance_interrupted", message)
    }
}

/// Writes down how far an advance has come.
pub(crate) trait NoteAdvance: Send + 'static {
    /// Called first; returns how far to go, which is less when the same advance was cut off before.
    fn begin(&self, tx: &Tx<'_>, by_ms: i64) -> Result<i64, DomainError>;

    /// Called in each transaction on the way.
    fn still_to_go(&self, tx: &Tx<'_>, left_ms: i64) -> Result<(), DomainError>;
}

/// An advance that nobody repeats.
struct Unnoted;

impl NoteAdvance for Unnoted {
    fn begin(&self, _: &Tx<'_>, by_ms: i64) -> Result<i64, DomainError> {
        Ok(by_ms)
    }

    fn still_to_go(&self, _: &Tx<'_>, _: i64) -> Result<(), DomainError> {
        Ok(())
    }
}

/// Lets the clock run again however the advancing ends.
struct Held<'a>(&'a Sandbox, Hold);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.store.shared().clock.release(self.1);
        self.0.wake();
    }
}

/// An advance on its way.
struct Course<N, F> {
    hold: Hold,
    target: Time,
    /// Timers that were there when it began, or follow from those.
    own: Spans,
    awaited: Arc<Awaited>,
    /// What this instant's own timers have queued, to be waited for at its end.
    queued: Option<u64>,
    /// How many timers of others the next transaction fires at most.
    others_at_once: usize,
    note: N,
    conclude: F,
}

/// Where a transaction left an advance.
enum Turn<N, F, T> {
    /// On its way; deliveries are to be waited for, or it was enough for one transaction.
    Under(Course<N, F>, Option<u64>),
    /// Somebody has taken the clock away from it.
    Stopped(Course<N, F>),
    Arrived(T),
}

impl Sandbox {
    /// Checks that the clock can be advanced by this.
    ///
    /// # Errors
    /// `parameter_invalid` when that would take it past the horizon.
    pub(crate) fn check_advance(&self, by: Duration) -> Result<(), DomainError> {
        let target = self.store.shared().clock.now().plus_millis(millis(by));
        if by.is_zero() || target <= Time::HORIZON {
            return Ok(());
        }
        let message = "The clock goes no further than the year 9990.";
        Err(DomainError::invalid("parameter_invalid", message))
    }

    /// Advances the clock: fires every due timer in (due, sequence) order, those created on the way
    /// included, and waits for each instant's deliveries before the next. One advance at a time: another
    /// waits until this one has ended. It goes on to its end even when whoever asked has gone.
    ///
    /// `conclude` runs in the transaction that reaches the end; with the reason in one of its own when
    /// the clock is frozen before.
    ///
    /// # Errors
    /// `advance_interrupted` when the clock is frozen, or another state put in place, before the end.
    pub(crate) async fn advance<T, F>(
        self: &Arc<Self>,
        by: Duration,
        conclude: F,
    ) -> Result<T, DomainError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>, Result<(), DomainError>) -> Result<T, DomainError> + Send + 'static,
    {
        self.advance_noted(by, Unnoted, conclude).await
    }

    /// As [`Sandbox::advance`], noting in each transaction how far there is still to go: what a crash cuts
    /// off can then be made up for.
    pub(crate) async fn advance_noted<T, N, F>(
        self: &Arc<Self>,
        by: Duration,
        note: N,
        conclude: F,
    ) -> Result<T, DomainError>
    where
        T: Send + 'static,
        N: NoteAdvance,
        F: FnOnce(&Tx<'_>, Result<(), DomainError>) -> Result<T, DomainError> + Send + 'static,
    {
        // From now on: what ends advances also ends those that still wait for their turn.
        let mut ends = self.ends.subscribe();
        let sandbox = Arc::clone(self);
        let under_way =
            tokio::spawn(async move { sandbox.go(&mut ends, by, note, conclude).await });
        under_way
            .await
            .unwrap_or_else(|error| Err(DomainError::internal(error)))
    }

    async fn go<T, N, F>(
        &self,
        ends: &mut watch::Receiver<End>,
        by: Duration,
        note: N,
        conclude: F,
    ) -> Result<T, DomainError>
    where
        T: Send + 'static,
        N: NoteAdvance,
        F: FnOnce(&Tx<'_>, Result<(), DomainError>) -> Result<T, DomainError> + Send + 'static,
    {
        let _alone = tokio::select! {
            biased;
            end = next(ends) => return self.break_off(end, conclude).await,
            alone = self.firing.lock() => alone,
        };
        self.check_advance(by)?;
        let order = self.dispatcher.in_order();
        let held = Held(self, self.store.shared().clock.hold());
        let (hold, awaited) = (held.1, order.awaited());
        let begun = self.store.run(Origin::default(), move |tx| {
            let target = tx.now().plus_millis(note.begin(tx, millis(by))?);
            let mut own = Spans::default();
            own.add(Span {
                after: 0,
                to: tx.last_timer(),
            });
            // What was queued before counts as due at once.
            let queued = awaited.add(Span {
                after: 0,
                to: delivery::queue_end(tx)?,
            });
            let course = Course {
                hold,
                target,
                own,
                awaited,
                queued: None,
                others_at_once: OTHERS_AT_ONCE,
                note,
                conclude,
            };
            Ok::<_, DomainError>(Turn::Under(course, Some(queued)))
        });
        let mut turn = begun.await?;
        loop {
            let course = match turn {
                Turn::Arrived(value) => return Ok(value),
                Turn::Stopped(course) => {
                    let end = next(ends).await;
                    return self.break_off(end, course.conclude).await;
                }
                Turn::Under(course, None) => course,
                Turn::Under(course, Some(queued)) => {
                    let sent = tokio::select! {
                        biased;
                        end = next(ends) => return self.break_off(end, course.conclude).await,
                        sent = order.wait_until_sent(queued) => sent,
                    };
                    sent?;
                    course
                }
            };
            turn = self
                .store
                .run(Origin::default(), move |tx| course.turn(tx))
                .await?;
        }
    }

    /// Ends an advance before its time. Its answer is concluded only where its state still is.
    async fn break_off<T, F>(&self, end: End, conclude: F) -> Result<T, DomainError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>, Result<(), DomainError>) -> Result<T, DomainError> + Send + 'static,
    {
        let error = end.error(self.store.shared().clock.now());
        if end != End::Frozen {
            return Err(error);
        }
        self.store
            .run(Origin::default(), move |tx| conclude(tx, Err(error)))
            .await
    }

    /// Ends the advances that were asked for up to now, and waits until the last of them has stopped: who
    /// holds what this returns has the clock alone.
    pub(super) async fn end_advances(&self, end: End) -> tokio::sync::MutexGuard<'_, ()> {
        self.ends.send_replace(end);
        self.store.shared().clock.end_hold();
        self.firing.lock().await
    }

    /// Stops the clock where it is, and ends an advance that is under way.
    pub(crate) fn freeze(&self) {
        // First: who finds the clock taken away asks for the reason.
        self.ends.send_replace(End::Frozen);
        self.store.shared().clock.set_pace(0.0);
        self.wake();
    }

    /// Lets the clock run at this pace; 0 freezes it.
    pub(crate) fn set_pace(&self, pace: f64) {
        if pace <= 0.0 {
            return self.freeze();
        }
        self.store.shared().clock.set_pace(pace);
        self.wake();
    }

    /// Waits until nobody moves the clock.
    pub(crate) async fn wait_until_still(&self) {
        drop(self.firing.lock().await);
    }
}

/// What ends advances next.
async fn next(ends: &mut watch::Receiver<End>) -> End {
    match ends.changed().await {
        Ok(()) => *ends.borrow_and_update(),
        Err(_) => End::Closed,
    }
}

fn millis(by: Duration) -> i64 {
    i64::try_from(by.as_millis()).unwrap_or(i64::MAX)
}

impl<N: NoteAdvance, F> Course<N, F> {
    /// Fires the timers of one instant after the other, as far as one transaction goes: to the end, to an
    /// instant with deliveries to wait for, or through so many timers.
    ///
    /// Those of others may be twice as many each time that they cost it a turn: between two turns only so
    /// many requests get theirs, so that they fall behind, and the advance ends.
    fn turn<T>(mut self, tx: &Tx<'_>) -> Result<Turn<N, F, T>, DomainError>
    where
        F: FnOnce(&Tx<'_>, Result<(), DomainError>) -> Result<T, DomainError>,
    {
        let (mut fired, mut others) = (0, 0);
        loop {
            let timer = tx.next_timer()?.filter(|timer| timer.due <= self.target);
            let instant = timer.as_ref().map_or(self.target, |timer| timer.due);
            let is_over = timer.is_none() || instant > tx.now();
            let is_enough = fired >= TIMERS_AT_ONCE || others >= self.others_at_once;
            if others >= self.others_at_once {
                self.others_at_once = self.others_at_once.saturating_mul(2);
            }
            if is_enough || (is_over && self.queued.is_some()) {
                self.write_down(tx)?;
                let queued = self.queued.take_if(|_| is_over);
                return Ok(Turn::Under(self, queued));
            }
            if !tx.move_clock(self.hold, instant) {
                self.write_down(tx)?;
                return Ok(Turn::Stopped(self));
            }
            let Some(timer) = timer else {
                tx.persist_clock()?;
                return (self.conclude)(tx, Ok(())).map(Turn::Arrived);
            };
            if !self.own.contains(timer.sequence) {
                others += 1;
                fire(tx, &timer)?;
                continue;
            }
            fired += 1;
            let (timers, queue) = (tx.last_timer(), delivery::queue_end(tx)?);
            fire(tx, &timer)?;
            self.own.add(Span {
                after: timers,
                to: tx.last_timer(),
            });
            let to = delivery::queue_end(tx)?;
            if to > queue {
                self.queued = Some(self.awaited.add(Span { after: queue, to }));
            }
        }
    }

    /// A crash on the way must not take the clock back behind what was shown.
    fn write_down(&self, tx: &Tx<'_>) -> Result<(), DomainError> {
        self.note
            .still_to_go(tx, self.target.millis() - tx.now().millis())?;
        tx.persist_clock()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, start};
    use super::{Course, OTHERS_AT_ONCE, Turn, Unnoted};
    use crate::domain::error::DomainError;
    use crate::domain::timers::TimerKind;
    use crate::spans::Spans;
    use crate::store::{Origin, Tx};
    use serde_json::json;
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::time::Duration;

    #[tokio::test]
    async fn an_advance_ends_when_the_store_does_not_take_what_came_of_its_deliveries() {
        let (sandbox, mut router) = start().await;
        let sql = async |sql: &'static str| {
            let work = move |tx: &Tx<'_>| Ok::<_, DomainError>(tx.connection().execute_batch(sql)?);
            sandbox.store.run(Origin::default(), work).await.unwrap();
        };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hook = json!({ "url": format!("http://{}/", listener.local_addr().unwrap()) });
        drop(listener);
        let (_, endpoint) = call(&mut router, "/v1/webhook_endpoints", Some(hook)).await;
        sql("CREATE TRIGGER failing BEFORE DELETE ON delivery_queue
             BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        .await;
        let customer = json!({ "email": "a@example.com" });
        call(&mut router, "/v1/customers", Some(customer)).await;
        let minute = Duration::from_secs(60);
        let failed = sandbox.advance(minute, |_, arrived| arrived).await;
        assert_eq!(failed.unwrap_err().code, "internal_error");
        sql("DROP TRIGGER failing").await;
        sandbox.advance(minute, |_, arrived| arrived).await.unwrap();
        let id = endpoint["id"].as_str().unwrap();
        let path = format!("/v1/webhook_endpoints/{id}/deliveries");
        let (_, made) = call(&mut router, &path, None).await;
        let attempts = made["data"].as_array().unwrap();
        assert_eq!(attempts.len(), 2, "{made}");
        assert!(
            attempts.iter().all(|one| one["status"] == "retrying"),
            "{made}"
        );
    }

    #[tokio::test]
    async fn timers_of_others_cost_an_advance_few_turns_however_many_they_are() {
        let (sandbox, _router) = start().await;
        let work = sandbox.store.run(Origin::default(), |tx| {
            let due = tx.now().plus_millis(1);
            let many = 7 * OTHERS_AT_ONCE - 1;
            for _ in 0..many {
                tx.schedule(due, TimerKind::DeliveryRetry.name(), "dlv_gone")?;
            }
            let before = tx.pending_timers()?;
            let mut course = Course {
                hold: tx.clock().hold(),
                target: due,
                own: Spans::default(),
                awaited: Arc::default(),
                queued: None,
                others_at_once: OTHERS_AT_ONCE,
                note: Unnoted,
                conclude: |_: &Tx<'_>, arrived: Result<(), DomainError>| arrived,
            };
            let mut fired = Vec::new();
            while let Turn::Under(next, None) = course.turn(tx)? {
                course = next;
                fired.push(before - tx.pending_timers()?);
            }
            assert_eq!(before - tx.pending_timers()?, i64::try_from(many).unwrap());
            Ok::<_, DomainError>(fired)
        });
        let fired = work.await.unwrap();
        assert_eq!(fired, [1, 3].map(|times| times * OTHERS_AT_ONCE as i64));
    }
}
