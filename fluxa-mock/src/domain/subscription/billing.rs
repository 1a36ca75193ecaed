//! Owns the charges of subscriptions: which method is charged, what a charge's end does to the
//! subscription, and the retries of a declined one. When a period is over is `lifecycle`'s.

use super::{Retry, Status, Subscription, Told, lifecycle, proration};
use crate::domain::card::{Failure, Outcome};
use crate::domain::customer::Customer;
use crate::domain::error::DomainError;
use crate::domain::payment::{NewPayment, Payment, PaymentState, SubscriptionCharge};
use crate::domain::payment_flow;
use crate::domain::payment_method::PaymentMethod;
use crate::events::EventType;
use crate::store::Tx;
use crate::time::Time;

/// When a declined charge is tried again, in days after it was declined first.
const RETRY_DAYS: [i64; 4] = [1, 3, 5, 7];

const DAY_MS: i64 = 24 * 3_600_000;

/// The failure that is never retried by itself.
const FRAUD: &str = "fraud_suspected";

/// How a charge ended.
enum Charged {
    Paid,
    /// With `manual` timing: a call of the sandbox will say.
    UnderWay,
    Declined(Failure),
}

/// Whether a charge of what is owed takes the place of a planned retry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    Planned,
    Extra,
}

/// Charges for the current period, with what is pending.
pub(super) fn bill(
    tx: &Tx<'_>,
    subscription: &mut Subscription,
    forced: Option<Outcome>,
    told: Told,
) -> Result<(), DomainError> {
    let previous = subscription.status;
    let total = subscription.price() + subscription.internal.pending;
    let (amount, carried) = proration::split(total);
    subscription.internal.pending = carried;
    subscription.status = Status::Active;
    let mut charged = None;
    if amount > 0 {
        let ended = charge(tx, subscription, amount, forced)?;
        if let Charged::Declined(failure) = ended {
            subscription.status = Status::PastDue;
            subscription.internal.owed = Some(amount);
            subscription.plan_retries(failure, tx.now());
        }
        charged = Some(ended);
    }
    conclude(tx, subscription, previous, charged.as_ref(), told)
}

/// Charges what is owed. Once it is paid, a period that is over by then is followed by a new one.
pub(super) fn collect(
    tx: &Tx<'_>,
    subscription: &mut Subscription,
    forced: Option<Outcome>,
    attempt: Attempt,
) -> Result<(), DomainError> {
    let amount = subscription
        .internal
        .owed
        .ok_or_else(|| DomainError::internal("a subscription that owes nothing is past due"))?;
    // A retry made by hand stands for the next one planned, if there is one.
    let is_planned = attempt == Attempt::Planned && !subscription.retry_schedule.is_empty();
    if is_planned {
        subscription.retry_schedule.remove(0);
    }
    let charged = charge(tx, subscription, amount, forced)?;
    settle(tx, subscription, &charged, is_planned)
}

/// The retry's time has come.
pub(crate) fn on_retry_timer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let mut subscription: Subscription = tx.get(id)?;
    let is_due = subscription
        .next_retry()
        .is_some_and(|retry| retry.scheduled_at <= tx.now());
    if is_due {
        collect(tx, &mut subscription, None, Attempt::Planned)?;
    }
    Ok(())
}

/// A charge that waited for a call of the sandbox was authorised or declined.
pub(crate) fn on_authorised(
    tx: &Tx<'_>,
    payment: &Payment,
    failure: Option<Failure>,
) -> Result<(), DomainError> {
    let Some(id) = &payment.subscription else {
        return Ok(());
    };
    let mut subscription: Subscription = tx.get(id)?;
    if subscription.internal.awaiting.as_ref() != Some(&payment.id) {
        return Ok(());
    }
    subscription.internal.awaiting = None;
    let charged = match failure {
        Some(failure) => Charged::Declined(failure),
        None => Charged::Paid,
    };
    let previous = subscription.status;
    match (previous, &charged) {
        (Status::Cancelled, _) => tx.update(&subscription),
        (Status::PastDue, _) => settle(tx, &mut subscription, &charged, true),
        (Status::Active, Charged::Declined(failure)) => {
            subscription.status = Status::PastDue;
            subscription.internal.owed = Some(payment.amount);
            subscription.plan_retries(*failure, tx.now());
            conclude(tx, &subscription, previous, Some(&charged), Told::Updated)
        }
        _ => conclude(tx, &subscription, previous, Some(&charged), Told::Already),
    }
}

/// What the end of a charge of what is owed does.
fn settle(
    tx: &Tx<'_>,
    subscription: &mut Subscription,
    charged: &Charged,
    is_planned: bool,
) -> Result<(), DomainError> {
    let previous = subscription.status;
    match *charged {
        Charged::UnderWay => {}
        Charged::Paid => {
            subscription.status = Status::Active;
            subscription.internal.owed = None;
            subscription.retry_schedule.clear();
        }
        Charged::Declined(failure) if failure.code == FRAUD => subscription.retry_schedule.clear(),
        Charged::Declined(failure) if subscription.retry_schedule.is_empty() => {
            if is_planned {
                subscription.mark_cancelled(tx.now());
            } else {
                // After a suspicion of fraud nothing was planned: another method starts anew.
                subscription.plan_retries(failure, tx.now());
            }
        }
        Charged::Declined(_) => {}
    }
    conclude(tx, subscription, previous, Some(charged), Told::Updated)?;
    if subscription.status == Status::Active && subscription.current_period_end <= tx.now() {
        lifecycle::end_period(tx, subscription, lifecycle::Next::Now, None)?;
    }
    Ok(())
}

/// Writes the subscription down after a charge (or none, when there was too little to charge) and tells
/// of both.
fn conclude(
    tx: &Tx<'_>,
    subscription: &Subscription,
    previous: Status,
    charged: Option<&Charged>,
    told: Told,
) -> Result<(), DomainError> {
    let event = match charged {
        Some(Charged::Paid) => Some(EventType::SubscriptionPaymentSucceeded),
        Some(Charged::Declined(_)) => Some(EventType::SubscriptionPaymentFailed),
        Some(Charged::UnderWay) | None => None,
    };
    if let Some(event) = event {
        subscription.emit(tx, event, previous)?;
    }
    subscription.save(tx, previous, told)?;
    subscription.reschedule(tx)
}

fn charge(
    tx: &Tx<'_>,
    subscription: &mut Subscription,
    amount: i64,
    forced: Option<Outcome>,
) -> Result<Charged, DomainError> {
    let (card, outcome) = match chargeable(tx, subscription)? {
        Some(method) => {
            subscription.internal.last_method = method.id;
            let outcome = forced.unwrap_or(method.internal.outcome);
            (method.card, outcome.off_session())
        }
        None => {
            // Nothing to charge: the charge fails, with the card that it would have been made to.
            let last: PaymentMethod = tx.get(&subscription.internal.last_method)?;
            (last.card, Outcome::CardDeclined)
        }
    };
    let new = NewPayment {
        amount,
        currency: subscription.currency.clone(),
        card,
        outcome,
        timing: subscription.internal.timing,
        customer: Some(subscription.customer.clone()),
        checkout_session: None,
        subscription: Some(SubscriptionCharge {
            subscription: subscription.id.clone(),
            period: subscription.internal.number,
        }),
        metadata: subscription.metadata.clone(),
    };
    let payment = payment_flow::authorise(tx, new)?;
    subscription.internal.awaiting = None;
    subscription.latest_payment = Some(payment.id.clone());
    if let Some(failure) = outcome.authorisation_failure() {
        return Ok(Charged::Declined(failure));
    }
    if payment.state == PaymentState::PaymentReceived {
        subscription.internal.awaiting = Some(payment.id);
        return Ok(Charged::UnderWay);
    }
    Ok(Charged::Paid)
}

/// The method to charge: the one named, unless it was detached; then the customer's default.
fn chargeable(
    tx: &Tx<'_>,
    subscription: &Subscription,
) -> Result<Option<PaymentMethod>, DomainError> {
    let owner = subscription.customer.as_str();
    let attached = |id: &str| -> Result<Option<PaymentMethod>, DomainError> {
        let method: Option<PaymentMethod> = tx.find(id)?;
        Ok(method.filter(|method| method.customer.as_deref() == Some(owner)))
    };
    if let Some(id) = &subscription.payment_method
        && let Some(method) = attached(id)?
    {
        return Ok(Some(method));
    }
    let customer: Option<Customer> = tx.find(owner)?;
    match customer.and_then(|customer| customer.default_payment_method) {
        Some(id) => attached(&id),
        None => Ok(None),
    }
}

impl Subscription {
    /// Plans the retries of a charge declined at `now`.
    fn plan_retries(&mut self, failure: Failure, now: Time) {
        self.retry_schedule = match failure.code {
            FRAUD => Vec::new(),
            _ => (1..)
                .zip(RETRY_DAYS)
                .map(|(attempt, days)| Retry {
                    attempt,
                    scheduled_at: now.plus_millis(days * DAY_MS),
                })
                .collect(),
        };
    }
}
