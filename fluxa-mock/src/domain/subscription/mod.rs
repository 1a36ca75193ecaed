//! Owns the subscription object: what it is made of, how it is started and changed, and the events
//! that tell of it. Its moves through time are `lifecycle`, its charges `billing`.

mod audit;
mod billing;
mod calendar;
mod lifecycle;
mod proration;

pub(crate) use audit::audit;
pub(crate) use billing::{on_authorised, on_retry_timer};
pub(crate) use lifecycle::{cancel, cancel_all_of, on_period_timer, pause, renew, resume};

use super::Metadata;
use super::customer::Customer;
use super::error::DomainError;
use super::payment_flow::named;
use super::payment_method::PaymentMethod;
use super::timers::TimerKind;
use super::timing::Timing;
use crate::events::{self, EventType, Transition};
use crate::store::{Resource, Tx, public_view};
use crate::time::Time;
use calendar::Interval;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};

/// The five statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Trial,
    Active,
    PastDue,
    Cancelled,
    Paused,
}

impl Status {
    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Cancelled => "cancelled",
            Self::Paused => "paused",
        }
    }
}

/// Whether a change of price counts within the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Proration {
    Prorate,
    None,
}

/// A planned retry of a declined charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retry {
    attempt: i64,
    scheduled_at: Time,
}

/// A subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    customer: String,
    payment_method: Option<String>,
    amount: i64,
    currency: String,
    quantity: i64,
    interval: Interval,
    interval_count: i64,
    pub(crate) status: Status,
    trial_end: Option<Time>,
    current_period_start: Time,
    current_period_end: Time,
    cancel_at_period_end: bool,
    cancelled_at: Option<Time>,
    retry_schedule: Vec<Retry>,
    latest_payment: Option<String>,
    proration_behaviour: Proration,
    internal: Internal,
}

/// What the server keeps for itself about a subscription.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Internal {
    /// Of every charge, as the creating call asked.
    timing: Timing,
    /// Where the calendar of the periods starts.
    anchor: Time,
    /// The place of the current period from the anchor; -1 in a trial, which ends at the anchor.
    place: i64,
    /// Number of the current period since creation, never used twice; 0 in a trial.
    number: i64,
    /// What proration adds to the next charge; a credit when negative.
    pending: i64,
    /// The declined charge's amount while past due.
    owed: Option<i64>,
    /// A charge that only the sandbox's calls move on (`manual` timing), until they do.
    awaiting: Option<String>,
    /// The method charged last: its card stands on a charge that fails for want of a method.
    last_method: String,
}

/// Parameters of a new subscription.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateSubscription {
    customer: String,
    amount: i64,
    currency: String,
    interval: Interval,
    interval_count: Option<i64>,
    quantity: Option<i64>,
    payment_method: Option<String>,
    trial_end: Option<Time>,
    #[serde(default)]
    metadata: Metadata,
}

/// Parameters of a change; what is absent stays.
#[derive(Debug, Deserialize)]
pub(crate) struct UpdateSubscription {
    amount: Option<i64>,
    quantity: Option<i64>,
    payment_method: Option<String>,
    proration_behaviour: Option<Proration>,
    cancel_at_period_end: Option<bool>,
    metadata: Option<Metadata>,
}

impl Resource for Subscription {
    const TABLE: &'static str = "subscriptions";
    const PREFIX: &'static str = contract::prefix::SUBSCRIPTION;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Starts a subscription: in its trial, or with its first charge at once. A declined charge leaves it
/// past due.
///
/// # Errors
/// `payment_method_missing`, `parameter_invalid` for another customer's method, `amount_too_large` when
/// a period costs more than one charge may be.
pub(crate) fn create(
    tx: &Tx<'_>,
    new: CreateSubscription,
    timing: Timing,
) -> Result<Subscription, DomainError> {
    let customer: Customer = named(tx.find(&new.customer), "customer", &new.customer)?;
    let method = new
        .payment_method
        .as_deref()
        .or(customer.default_payment_method.as_deref())
        .ok_or_else(|| {
            DomainError::invalid(
                "payment_method_missing",
                "Name a payment_method, or a customer that has a default one.",
            )
            .about("payment_method")
        })?;
    check_method(tx, method, &new.customer)?;
    let quantity = new.quantity.unwrap_or(1);
    check_price(new.amount, quantity, 0, "amount")?;
    let now = tx.now();
    // One that is over already is none.
    let trial_end = new.trial_end.filter(|end| *end > now);
    let mut subscription = Subscription {
        id: tx.new_id(Subscription::PREFIX),
        object: "subscription".to_owned(),
        livemode: false,
        created_at: now,
        metadata: new.metadata,
        payment_method: new.payment_method.clone(),
        amount: new.amount,
        currency: new.currency,
        quantity,
        interval: new.interval,
        interval_count: new.interval_count.unwrap_or(1),
        status: trial_end.map_or(Status::Active, |_| Status::Trial),
        trial_end,
        current_period_start: now,
        current_period_end: trial_end.unwrap_or(now),
        cancel_at_period_end: false,
        cancelled_at: None,
        retry_schedule: Vec::new(),
        latest_payment: None,
        proration_behaviour: Proration::Prorate,
        internal: Internal {
            timing,
            anchor: trial_end.unwrap_or(now),
            place: -1,
            number: 0,
            pending: 0,
            owed: None,
            awaiting: None,
            last_method: method.to_owned(),
        },
        customer: new.customer,
    };
    if trial_end.is_none() {
        subscription.enter_next_period();
    }
    tx.insert(&subscription)?;
    let started = Transition {
        previous_state: None,
        state: subscription.status.name(),
    };
    let object = subscription.render(tx);
    events::emit(tx, EventType::SubscriptionCreated, object, Some(started))?;
    if trial_end.is_none() {
        billing::bill(tx, &mut subscription, None, Told::Already)?;
    } else {
        subscription.reschedule(tx)?;
    }
    Ok(subscription)
}

/// Changes a subscription. Repeating a change changes nothing and charges nothing.
///
/// # Errors
/// `subscription_not_active` once cancelled, for all but the metadata; `amount_too_large` when the next
/// charge would be.
pub(crate) fn update(
    tx: &Tx<'_>,
    id: &str,
    change: UpdateSubscription,
) -> Result<Subscription, DomainError> {
    let mut subscription: Subscription = tx.get(id)?;
    let previous = subscription.status;
    let before = public_view(&subscription);
    let is_of_billing = change.amount.is_some()
        || change.quantity.is_some()
        || change.payment_method.is_some()
        || change.proration_behaviour.is_some()
        || change.cancel_at_period_end.is_some();
    if previous == Status::Cancelled && is_of_billing {
        return Err(subscription.refuse("only its metadata can be changed"));
    }
    subscription.metadata = change.metadata.unwrap_or(subscription.metadata);
    let behaviour = change.proration_behaviour;
    subscription.proration_behaviour = behaviour.unwrap_or(subscription.proration_behaviour);
    subscription.reprice(tx, change.amount, change.quantity)?;
    let mut new_method = false;
    if let Some(method) = change.payment_method {
        check_method(tx, &method, &subscription.customer)?;
        new_method = subscription.payment_method.as_ref() != Some(&method);
        subscription.payment_method = Some(method);
    }
    if let Some(wanted) = change.cancel_at_period_end
        && lifecycle::set_cancel_at_period_end(tx, &mut subscription, wanted)
    {
        lifecycle::end(tx, &mut subscription)?;
        return Ok(subscription);
    }
    if public_view(&subscription) != before {
        subscription.save(tx, previous, Told::Updated)?;
        subscription.reschedule(tx)?;
    }
    if new_method && previous == Status::PastDue && subscription.internal.awaiting.is_none() {
        billing::collect(tx, &mut subscription, None, billing::Attempt::Extra)?;
    }
    Ok(subscription)
}

/// Which event tells of a change of the object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// `subscription.updated`; `subscription.cancelled` when it is.
    Updated,
    /// None, unless the status changes too: another event tells it.
    Already,
}

impl Subscription {
    /// The cost of one period.
    fn price(&self) -> i64 {
        self.amount * self.quantity
    }

    /// Moves on to the period after the current one, by the calendar.
    fn enter_next_period(&mut self) {
        self.internal.place += 1;
        self.internal.number += 1;
        let boundary = |place: i64| {
            calendar::boundary(
                self.internal.anchor,
                self.interval,
                self.interval_count,
                place,
            )
        };
        self.current_period_start = boundary(self.internal.place);
        self.current_period_end = boundary(self.internal.place + 1);
    }

    /// Moves on to a period that starts at `start`, and with it the calendar.
    fn enter_period_at(&mut self, start: Time) {
        self.internal.anchor = start;
        self.internal.place = -1;
        self.enter_next_period();
    }

    fn reprice(
        &mut self,
        tx: &Tx<'_>,
        amount: Option<i64>,
        quantity: Option<i64>,
    ) -> Result<(), DomainError> {
        let old = self.price();
        let param = if amount.is_some() {
            "amount"
        } else {
            "quantity"
        };
        self.amount = amount.unwrap_or(self.amount);
        self.quantity = quantity.unwrap_or(self.quantity);
        if self.price() == old {
            return Ok(());
        }
        let is_in_paid_period = matches!(self.status, Status::Active | Status::PastDue);
        if is_in_paid_period && self.proration_behaviour == Proration::Prorate {
            self.internal.pending += proration::difference(
                self.price() - old,
                self.current_period_start,
                self.current_period_end,
                tx.now(),
            );
        }
        check_price(self.amount, self.quantity, self.internal.pending, param)
    }

    /// `subscription_not_active`.
    fn refuse(&self, hint: &str) -> DomainError {
        let message = format!("This subscription is {}: {hint}.", self.status.name());
        DomainError::invalid("subscription_not_active", message)
    }

    /// Writes it down, guarded by the status it had, and tells of it.
    fn save(&self, tx: &Tx<'_>, previous: Status, told: Told) -> Result<(), DomainError> {
        if !tx.update_guarded(self, "status", previous.name())? {
            return Err(DomainError::state_conflict(
                "Another change of this subscription came first.",
            ));
        }
        if told == Told::Already && previous == self.status {
            return Ok(());
        }
        let event = if self.status == Status::Cancelled && previous != Status::Cancelled {
            EventType::SubscriptionCancelled
        } else {
            EventType::SubscriptionUpdated
        };
        self.emit(tx, event, previous)
    }

    fn emit(&self, tx: &Tx<'_>, event: EventType, previous: Status) -> Result<(), DomainError> {
        let moved = (previous != self.status).then_some(Transition {
            previous_state: Some(previous.name()),
            state: self.status.name(),
        });
        events::emit(tx, event, self.render(tx), moved)
    }

    /// Sets the timers that its status needs, in place of what there was.
    fn reschedule(&self, tx: &Tx<'_>) -> Result<(), DomainError> {
        tx.cancel_timers(&self.id)?;
        for (kind, due) in self.timers() {
            tx.schedule(due, kind.name(), &self.id)?;
        }
        Ok(())
    }

    /// The timers that its status needs.
    fn timers(&self) -> impl Iterator<Item = (TimerKind, Time)> {
        let ends = match self.status {
            Status::Trial => true,
            // With `manual` timing: a period does not end before its charge has.
            Status::Active => self.internal.awaiting.is_none() || self.cancel_at_period_end,
            Status::PastDue | Status::Paused => self.cancel_at_period_end,
            Status::Cancelled => false,
        };
        let period = ends.then_some((TimerKind::SubscriptionPeriod, self.current_period_end));
        let retry = self
            .next_retry()
            .map(|retry| (TimerKind::SubscriptionRetry, retry.scheduled_at));
        period.into_iter().chain(retry)
    }

    /// The retry to come, unless a charge is still under way.
    fn next_retry(&self) -> Option<&Retry> {
        let waits = self.status == Status::PastDue && self.internal.awaiting.is_none();
        self.retry_schedule.first().filter(|_| waits)
    }
}

fn check_method(tx: &Tx<'_>, id: &str, customer: &str) -> Result<(), DomainError> {
    let method: PaymentMethod = named(tx.find(id), "payment_method", id)?;
    match method.customer.as_deref() {
        Some(owner) if owner == customer => Ok(()),
        Some(_) => Err(DomainError::parameter(
            "payment_method",
            "This payment method belongs to another customer.",
        )),
        None => Err(DomainError::parameter(
            "payment_method",
            "This payment method was detached; attach it to the customer to charge it.",
        )),
    }
}

/// Refuses a price that one charge could not take, with what is pending on it.
fn check_price(
    amount: i64,
    quantity: i64,
    pending: i64,
    param: &'static str,
) -> Result<(), DomainError> {
    let most = contract::AMOUNT_MINOR_MAX;
    let price = amount.saturating_mul(quantity);
    if price <= most && price.saturating_add(pending) <= most {
        return Ok(());
    }
    let message = format!("The next charge would be more than {most} pence.");
    Err(DomainError::invalid("amount_too_large", message).about(param))
}
