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
    let doubled = PUT_OFF_MS.saturating_mul(1 << timer.failures.min(16));
    let again = tx.now().plus_millis(doubled.min(PUT_OFF_MOST_MS));
    let Timer {
        kind, reference, ..
    } = timer;
    tracing::error!(%error, kind, reference, %again, "a timer failed and is tried again");
    tx.put_off_timer(timer.sequence, again)
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
    use crate::accounts::Accounts;
    use crate::config::Config;
    use crate::domain::error::DomainError;
    use crate::domain::invariants;
    use crate::domain::refund;
    use crate::domain::timers::TimerKind;
    use crate::sandbox::Sandbox;
    use crate::store::{Origin, Tx};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::Arc;
    use std::time::Duration;
}
