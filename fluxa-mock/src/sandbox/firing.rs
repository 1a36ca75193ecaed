//! Owns the firing of due timers: one at a time, a failed one put off, and all of them by themselves when
//! the clock reaches them.

use super::Sandbox;
use crate::domain::error::DomainError;
use crate::domain::timers;
use crate::store::{Origin, Timer, Tx};
use crate::time::Time;
use std::sync::Arc;
use std::time::Duration;

/// Due timers fired in one transaction: requests get their turn in between.
pub(super) const TIMERS_AT_ONCE: usize = 200;

/// How long the timers wait after the store refused them.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// How long a timer that failed is put off, in virtual milliseconds; twice as long each time.
const PUT_OFF_MS: i64 = 60_000;

/// The longest that a timer is put off: a day, so that one that fails for ever costs an advance of years
/// little.
const PUT_OFF_MOST_MS: i64 = 86_400_000;

/// Fires a timer. One that fails stays, and is tried again later on the virtual clock: it holds up no
/// other meanwhile, and the audit tells of it.
pub(super) fn fire(tx: &Tx<'_>, timer: &Timer) -> Result<(), DomainError> {
    let fired: Result<(), DomainError> = tx.savepoint(|tx| timers::fire(tx, timer));
    let Err(error) = fired else { return Ok(()) };
    let again = tx.now().plus_millis(put_off_by(timer.failures));
    let Timer {
        kind, reference, ..
    } = timer;
    tracing::error!(%error, kind, reference, %again, "a timer failed and is tried again");
    tx.put_off_timer(timer, again)
}

/// How long a timer waits that has failed so often before.
fn put_off_by(failures: u32) -> i64 {
    let doubled = PUT_OFF_MS.saturating_mul(1 << failures.min(16));
    doubled.min(PUT_OFF_MOST_MS)
}

/// Fires some of the timers that are due; returns when the next one is.
fn fire_due(tx: &Tx<'_>) -> Result<Option<Time>, DomainError> {
    let mut fired = 0;
    while let Some(timer) = tx.next_timer()? {
        if timer.due > tx.now() || fired == TIMERS_AT_ONCE {
            return Ok(Some(timer.due));
        }
        fired += 1;
        fire(tx, &timer)?;
    }
    Ok(None)
}

/// Fires timers when the clock reaches them by itself.
pub(super) async fn fire_as_due(sandbox: Arc<Sandbox>) {
    let mut timers = sandbox.store.timers();
    loop {
        timers.borrow_and_update();
        let alone = sandbox.firing.lock().await;
        let fired = sandbox
            .store
            .run(Origin::default(), |tx| {
                let next = fire_due(tx)?;
                tx.await_timer(next);
                Ok(next)
            })
            .await;
        drop(alone);
        let next: Result<Option<Time>, DomainError> = fired;
        let wait = match next {
            Ok(next) => next.and_then(|due| sandbox.store.shared().clock.real_time_until(due)),
            Err(error) => {
                // A full disk, say, is mended while the server runs; what is due stays due.
                tracing::error!(%error, "timers wait for the store");
                Some(STORE_RETRY)
            }
        };
        let sleep = tokio::time::sleep(wait.unwrap_or(Duration::from_secs(3600)));
        tokio::select! {
            () = sleep => {}
            changed = timers.changed() => if changed.is_err() { return },
            () = sandbox.clock_changed.notified() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, start};
    use super::{PUT_OFF_MOST_MS, PUT_OFF_MS};
    use crate::domain::error::DomainError;
    use crate::domain::invariants;
    use crate::sandbox::Sandbox;
    use crate::store::Origin;
    use serde_json::json;
    use std::time::Duration;

    const DAY: Duration = Duration::from_secs(86_400);

    async fn sql(sandbox: &Sandbox, sql: &'static str) {
        let work = sandbox.store.run(Origin::default(), move |tx| {
            tx.connection().execute_batch(sql)?;
            Ok::<_, DomainError>(())
        });
        work.await.unwrap();
    }

    async fn breaches(sandbox: &Sandbox) -> Vec<String> {
        let audit = sandbox.store.run(Origin::default(), invariants::audit);
        audit.await.unwrap()
    }

    #[tokio::test]
    async fn a_timer_that_the_store_fails_is_told_of_and_fires_when_the_store_is_well() {
        let (sandbox, mut router) = start().await;
        let session = json!({
            "amount": 4999, "currency": "GBP",
            "success_url": "https://example.com/done", "cancel_url": "https://example.com/cancel",
        });
        let (status, session) = call(&mut router, "/v1/checkout/sessions", Some(session)).await;
        assert_eq!(status, 201, "{session}");
        let id = session["id"].as_str().unwrap();
        let path = format!("/v1/checkout/sessions/{id}");
        let other = json!({ "email": "a@example.com" });

        sql(
            &sandbox,
            "CREATE TRIGGER failing BEFORE UPDATE ON checkout_sessions
             BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
        )
        .await;
        // Nothing else is held up by it.
        sandbox
            .advance(2 * DAY, |_, arrived| arrived)
            .await
            .unwrap();
        assert_eq!(call(&mut router, &path, None).await.1["status"], "open");
        assert_eq!(call(&mut router, "/v1/customers", Some(other)).await.0, 201);
        let told = breaches(&sandbox).await;
        let timer = format!("timers: session_expiry of {id} has failed");
        assert!(told.len() == 1 && told[0].starts_with(&timer), "{told:?}");

        sql(&sandbox, "DROP TRIGGER failing").await;
        sandbox.advance(DAY, |_, arrived| arrived).await.unwrap();
        assert_eq!(call(&mut router, &path, None).await.1["status"], "expired");
        assert_eq!(breaches(&sandbox).await, [""; 0]);
    }

    #[test]
    fn a_timer_is_put_off_by_a_minute_first_and_a_day_at_most() {
        let delays: Vec<i64> = [0, 1, 10, 11, 40, u32::MAX].map(super::put_off_by).to_vec();
        let minutes = [1, 2, 1_024].map(|minutes| minutes * PUT_OFF_MS);
        assert_eq!(delays[..3], minutes);
        assert_eq!(delays[3..], [PUT_OFF_MOST_MS; 3]);
    }
}
