//! Owns the moves of a subscription through time: the end of a period, pause and resume, and its end.
//! A move is decided by the subscription and the clock alone, never by which timer or call came first.

use super::billing::{self, Attempt};
use super::{Status, Subscription, Told};
use crate::domain::card::Outcome;
use crate::domain::error::DomainError;
use crate::store::Tx;
use crate::time::Time;

/// Where the next period starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Where this one ended.
    Following,
    /// Now; the calendar starts anew.
    Now,
}

/// Ends the current period: cancels if that was asked for, else starts the next one and charges for it.
pub(super) fn end_period(
    tx: &Tx<'_>,
    subscription: &mut Subscription,
    next: Next,
    forced: Option<Outcome>,
) -> Result<(), DomainError> {
    if subscription.cancel_at_period_end {
        return end(tx, subscription);
    }
    match next {
        Next::Following => subscription.enter_next_period(),
        Next::Now => subscription.enter_period_at(tx.now()),
    }
    billing::bill(tx, subscription, forced, Told::Updated)
}

/// Cancels now.
pub(super) fn end(tx: &Tx<'_>, subscription: &mut Subscription) -> Result<(), DomainError> {
    let previous = subscription.status;
    subscription.mark_cancelled(tx.now());
    subscription.save(tx, previous, Told::Updated)?;
    subscription.reschedule(tx)
}

impl Subscription {
    fn require_no_charge_under_way(&self) -> Result<(), DomainError> {
        match &self.internal.awaiting {
            None => Ok(()),
            Some(payment) => Err(DomainError::state_conflict(format!(
                "The payment {payment} is under way; advance it first."
            ))),
        }
    }

    /// Makes it cancelled; what it owed is forgotten.
    pub(super) fn mark_cancelled(&mut self, now: Time) {
        self.status = Status::Cancelled;
        self.cancelled_at = Some(now);
        self.retry_schedule.clear();
        self.internal.owed = None;
    }
}

/// The period's time is up.
pub(crate) fn on_period_timer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let mut subscription: Subscription = tx.get(id)?;
    if tx.now() < subscription.current_period_end {
        return Ok(());
    }
    let waits = subscription.internal.awaiting.is_some() && !subscription.cancel_at_period_end;
    match subscription.status {
        // Its charge could still be declined; the end of that sets the timer anew.
        Status::Active if waits => Ok(()),
        Status::Trial | Status::Active => end_period(tx, &mut subscription, Next::Following, None),
        Status::PastDue | Status::Paused if subscription.cancel_at_period_end => {
            end(tx, &mut subscription)
        }
        // While past due what is owed comes first; while paused nothing does.
        Status::PastDue | Status::Paused | Status::Cancelled => Ok(()),
    }
}

/// Ends the period now and charges for the next, as if the issuer had answered so. While past due there
/// is a charge to make first: the next retry is made now.
///
/// # Errors
/// `subscription_not_active` while paused or once cancelled; `state_conflict` while a charge is under
/// way.
pub(crate) fn renew(tx: &Tx<'_>, id: &str, outcome: Outcome) -> Result<Subscription, DomainError> {
    let mut subscription: Subscription = tx.get(id)?;
    match subscription.status {
        Status::Trial => {
            subscription.trial_end = Some(tx.now());
            end_period(tx, &mut subscription, Next::Now, Some(outcome))?;
        }
        Status::Active => {
            subscription.require_no_charge_under_way()?;
            end_period(tx, &mut subscription, Next::Now, Some(outcome))?;
        }
        Status::PastDue => {
            subscription.require_no_charge_under_way()?;
            billing::collect(tx, &mut subscription, Some(outcome), Attempt::Planned)?;
        }
        Status::Paused => return Err(subscription.refuse("resume it first")),
        Status::Cancelled => return Err(subscription.refuse("it has no more periods")),
    }
    Ok(subscription)
}

/// Cancels now, or when the current period is over.
///
/// # Errors
/// `subscription_not_active` once cancelled.
pub(crate) fn cancel(
    tx: &Tx<'_>,
    id: &str,
    at_period_end: bool,
) -> Result<Subscription, DomainError> {
    let mut subscription: Subscription = tx.get(id)?;
    let previous = subscription.status;
    if previous == Status::Cancelled {
        return Err(subscription.refuse("it cannot be cancelled again"));
    }
    let was_asked = subscription.cancel_at_period_end;
    if !at_period_end || set_cancel_at_period_end(tx, &mut subscription, true) {
        end(tx, &mut subscription)?;
    } else if !was_asked {
        subscription.save(tx, previous, Told::Updated)?;
        subscription.reschedule(tx)?;
    }
    Ok(subscription)
}

/// Notes whether it ends with its period; true when that is over already, and so is the subscription.
pub(super) fn set_cancel_at_period_end(
    tx: &Tx<'_>,
    subscription: &mut Subscription,
    wanted: bool,
) -> bool {
    subscription.cancel_at_period_end = wanted;
    wanted && subscription.current_period_end <= tx.now()
}

/// Stops charging until resumed.
///
/// # Errors
/// `subscription_not_active` unless in trial or active; `state_conflict` while a charge is under way,
/// which could still be declined.
pub(crate) fn pause(tx: &Tx<'_>, id: &str) -> Result<Subscription, DomainError> {
    let mut subscription: Subscription = tx.get(id)?;
    let previous = subscription.status;
    match previous {
        Status::Trial | Status::Active => {}
        Status::PastDue => return Err(subscription.refuse("what it owes comes first")),
        Status::Paused | Status::Cancelled => {
            return Err(subscription.refuse("there is nothing to pause"));
        }
    }
    subscription.require_no_charge_under_way()?;
    subscription.status = Status::Paused;
    subscription.save(tx, previous, Told::Updated)?;
    subscription.reschedule(tx)?;
    Ok(subscription)
}

/// Goes on with the paid period, or with a new one when that is over.
///
/// # Errors
/// `subscription_not_active` unless paused.
pub(crate) fn resume(tx: &Tx<'_>, id: &str) -> Result<Subscription, DomainError> {
    let mut subscription: Subscription = tx.get(id)?;
    let previous = subscription.status;
    if previous != Status::Paused {
        return Err(subscription.refuse("only a paused one can be resumed"));
    }
    if subscription.current_period_end <= tx.now() {
        end_period(tx, &mut subscription, Next::Now, None)?;
        return Ok(subscription);
    }
    subscription.status = match subscription.internal.number {
        0 => Status::Trial,
        _ => Status::Active,
    };
    subscription.save(tx, previous, Told::Updated)?;
    subscription.reschedule(tx)?;
    Ok(subscription)
}

/// Cancels whatever a customer who is being deleted has.
pub(crate) fn cancel_all_of(tx: &Tx<'_>, customer: &str) -> Result<(), DomainError> {
    for mut subscription in tx.all_by::<Subscription>("customer", customer)? {
        if subscription.status != Status::Cancelled {
            end(tx, &mut subscription)?;
        }
    }
    Ok(())
}
