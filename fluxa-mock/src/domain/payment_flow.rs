//! Owns what sets a payment in motion: the card's outcome, the timers of its pace, and the sandbox's
//! call to advance it. Each move itself is `payment::transition`.

use super::card::Failure;
use super::customer::Customer;
use super::error::DomainError;
use super::payment::{self, Cause, NewPayment, Payment, PaymentState};
use super::payment_method::PaymentMethod;
use super::timers::TimerKind;
use super::timing::Timing;
use super::{Metadata, checkout_session, refund, subscription};
use crate::store::Tx;
use serde::Deserialize;

/// Parameters of a charge of a stored method.
#[derive(Debug, Deserialize)]
pub(crate) struct CreatePayment {
    amount: i64,
    currency: String,
    customer: Option<String>,
    payment_method: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

/// Charges a stored payment method.
///
/// # Errors
/// `payment_method_missing` when none is named and the customer has no default; `parameter_invalid` for
/// one that belongs to another customer, or to none since it was detached.
pub(crate) fn create(
    tx: &Tx<'_>,
    new: CreatePayment,
    timing: Timing,
) -> Result<Payment, DomainError> {
    let customer: Option<Customer> = new
        .customer
        .as_deref()
        .map(|id| named(tx.find(id), "customer", id))
        .transpose()?;
    let method_id = new
        .payment_method
        .or_else(|| {
            customer
                .as_ref()
                .and_then(|customer| customer.default_payment_method.clone())
        })
        .ok_or_else(|| {
            DomainError::invalid(
                "payment_method_missing",
                "Name a payment_method, or a customer that has a default one.",
            )
            .about("payment_method")
        })?;
    let method: PaymentMethod = named(tx.find(&method_id), "payment_method", &method_id)?;
    let owner = customer.map(|customer| customer.id);
    let refuse = |message| Err(DomainError::parameter("payment_method", message));
    if method.customer.is_none() {
        return refuse("This payment method was detached; attach it to a customer to charge it.");
    }
    if owner.is_some() && method.customer != owner {
        return refuse("This payment method belongs to another customer.");
    }
    let payment = NewPayment {
        amount: new.amount,
        currency: new.currency,
        customer: method.customer.clone(),
        outcome: method.internal.outcome.off_session(),
        card: method.card,
        timing,
        checkout_session: None,
        subscription: None,
        metadata: new.metadata,
    };
    authorise(tx, payment)
}

/// An object named by a parameter: its absence is the parameter's fault, not a 404.
pub(crate) fn named<T>(
    found: Result<Option<T>, DomainError>,
    param: &str,
    id: &str,
) -> Result<T, DomainError> {
    found?.ok_or_else(|| {
        DomainError::invalid("resource_missing", format!("No object has the id {id}.")).about(param)
    })
}

/// Receives a payment and takes it as far as its card and its timing say, now.
pub(crate) fn authorise(tx: &Tx<'_>, new: NewPayment) -> Result<Payment, DomainError> {
    let payment = payment::receive(tx, new)?;
    proceed(tx, payment)
}

/// Receives a payment whose cardholder is asked first; `answer_challenge` takes it further.
pub(crate) fn challenge(tx: &Tx<'_>, new: NewPayment) -> Result<Payment, DomainError> {
    payment::receive_unauthenticated(tx, new)
}

/// Takes a payment on from its challenge: passed, it goes as far as its card and its timing say; else
/// it fails.
pub(crate) fn answer_challenge(
    tx: &Tx<'_>,
    mut payment: Payment,
    answer: Result<(), Failure>,
) -> Result<Payment, DomainError> {
    let outcome = payment.internal.outcome;
    payment.three_d_secure = Some(outcome.three_d_secure(&payment.id, answer.is_ok()));
    match answer {
        Ok(()) => {
            // With `manual` no move follows that would write it.
            tx.update(&payment)?;
            proceed(tx, payment)
        }
        Err(failure) => {
            let cause = Cause::failure(failure);
            payment::transition(tx, &mut payment, PaymentState::Failed, &cause)?;
            Ok(payment)
        }
    }
}

/// Takes a received payment as far as its card and its timing say, now.
fn proceed(tx: &Tx<'_>, mut payment: Payment) -> Result<Payment, DomainError> {
    if let Some(failure) = payment.internal.outcome.authorisation_failure() {
        payment::transition(
            tx,
            &mut payment,
            PaymentState::Failed,
            &Cause::failure(failure),
        )?;
        return Ok(payment);
    }
    if payment.internal.timing == Timing::Manual {
        return Ok(payment);
    }
    let authorised = Cause::system("authorised");
    payment::transition(tx, &mut payment, PaymentState::Captured, &authorised)?;
    match payment.internal.timing {
        Timing::Instant => {
            let initiated = Cause::system("settlement_initiated");
            payment::transition(tx, &mut payment, PaymentState::Settling, &initiated)?;
            finish(tx, &mut payment)?;
        }
        Timing::Steps { .. } => schedule_next(tx, &payment)?,
        Timing::Manual => {}
    }
    Ok(payment)
}

/// The timer of a step fired.
pub(crate) fn on_timer(tx: &Tx<'_>, kind: TimerKind, id: &str) -> Result<(), DomainError> {
    let mut payment: Payment = tx.get(id)?;
    match (kind, payment.state) {
        (TimerKind::PaymentSettling, PaymentState::Captured) => {
            let initiated = Cause::system("settlement_initiated");
            payment::transition(tx, &mut payment, PaymentState::Settling, &initiated)?;
            schedule_next(tx, &payment)
        }
        (TimerKind::PaymentSettled, PaymentState::Settling) => finish(tx, &mut payment),
        // Refunded, failed or advanced by hand meanwhile.
        _ => Ok(()),
    }
}

/// Settles the payment, or returns it if its card says so.
fn finish(tx: &Tx<'_>, payment: &mut Payment) -> Result<(), DomainError> {
    match payment.internal.outcome.settlement_failure() {
        Some(failure) => {
            payment::transition(tx, payment, PaymentState::Failed, &Cause::failure(failure))
        }
        None => {
            let confirmed = Cause::system("settlement_confirmed");
            payment::transition(tx, payment, PaymentState::Settled, &confirmed)
        }
    }
}

/// Settles every payment that is SETTLING, as the end of the partner's day would.
pub(crate) fn settle_all(tx: &Tx<'_>) -> Result<(), DomainError> {
    let settling = PaymentState::Settling.name();
    for mut payment in tx.all_by::<Payment>("state", settling)? {
        tx.cancel_timers(&payment.id)?;
        finish(tx, &mut payment)?;
    }
    Ok(())
}

fn schedule_next(tx: &Tx<'_>, payment: &Payment) -> Result<(), DomainError> {
    let Timing::Steps {
        settling_ms,
        settled_ms,
        ..
    } = payment.internal.timing
    else {
        return Ok(());
    };
    let (kind, delay_ms) = match payment.state {
        PaymentState::Captured => (TimerKind::PaymentSettling, settling_ms),
        PaymentState::Settling => (TimerKind::PaymentSettled, settled_ms),
        _ => return Ok(()),
    };
    tx.schedule(tx.now().plus_millis(delay_ms), kind.name(), &payment.id)
}

/// Moves a payment to `to` through every state on the way.
///
/// # Errors
/// `state_conflict` when there is no way from where it is.
pub(crate) fn advance(tx: &Tx<'_>, id: &str, to: PaymentState) -> Result<Payment, DomainError> {
    let mut payment: Payment = tx.get(id)?;
    tx.cancel_timers(id)?;
    let was_challenged = payment.three_d_secure.is_none();
    if was_challenged {
        // Whoever moves it past its challenge answers for the cardholder.
        let passed = to != PaymentState::Failed;
        let outcome = payment.internal.outcome;
        payment.three_d_secure = Some(outcome.three_d_secure(id, passed));
    }
    match to {
        PaymentState::Failed => {
            let failure = if payment.state == PaymentState::PaymentReceived {
                Failure {
                    code: "card_declined",
                    message: "The card was declined by its issuer.",
                }
            } else {
                Failure {
                    code: "settlement_returned",
                    message: "The settlement was returned by the payment partner.",
                }
            };
            payment::transition(tx, &mut payment, to, &Cause::failure(failure))?;
            subscription::on_authorised(tx, &payment, Some(failure))?;
        }
        PaymentState::Refunded => {
            refund::complete_all(tx, &payment)?;
            return tx.get(id);
        }
        _ => {
            const LINE: [PaymentState; 4] = [
                PaymentState::PaymentReceived,
                PaymentState::Captured,
                PaymentState::Settling,
                PaymentState::Settled,
            ];
            let place = |state| LINE.iter().position(|member| *member == state);
            let (Some(from), Some(target)) = (place(payment.state), place(to)) else {
                return Err(no_way(&payment, to));
            };
            if target <= from {
                return Err(no_way(&payment, to));
            }
            for next in &LINE[from + 1..=target] {
                payment::transition(tx, &mut payment, *next, &Cause::merchant("sandbox_advance"))?;
            }
            schedule_next(tx, &payment)?;
            subscription::on_authorised(tx, &payment, None)?;
        }
    }
    if was_challenged {
        checkout_session::challenge_overtaken(tx, &payment)?;
    }
    Ok(payment)
}

fn no_way(payment: &Payment, to: PaymentState) -> DomainError {
    DomainError::state_conflict(format!(
        "A payment that is {} cannot be advanced to {}.",
        payment.state.name(),
        to.name()
    ))
}
