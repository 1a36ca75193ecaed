//! Owns refunds: asked for against what remains of a payment, processed later, booked on success.

use super::error::DomainError;
use super::payment::{self, Cause, Payment, PaymentState};
use super::payment_flow::named;
use super::timers::TimerKind;
use super::timing::Timing;
use super::{Metadata, dispute};
use crate::events::{self, EventType, Transition};
use crate::ledger;
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};

/// A refund.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    payment: String,
    amount: i64,
    currency: String,
    reason: Option<String>,
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure_message: Option<String>,
}

/// Parameters of a new refund.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateRefund {
    payment: String,
    amount: Option<i64>,
    reason: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

impl Resource for Refund {
    const TABLE: &'static str = "refunds";
    const PREFIX: &'static str = contract::prefix::REFUND;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Asks for a refund, of all that remains unless an amount is given.
///
/// # Errors
/// `payment_not_refundable` by the payment's state; `refund_exceeds_remaining`.
pub(crate) fn create(
    tx: &Tx<'_>,
    new: CreateRefund,
    timing: Option<Timing>,
) -> Result<Refund, DomainError> {
    let mut payment: Payment = named(tx.find(&new.payment), "payment", &new.payment)?;
    if matches!(
        payment.state,
        PaymentState::PaymentReceived | PaymentState::Failed
    ) {
        return Err(DomainError::invalid(
            "payment_not_refundable",
            format!(
                "A payment that is {} cannot be refunded.",
                payment.state.name()
            ),
        )
        .about("payment"));
    }
    dispute::check_refundable(tx, &payment)?;
    let remaining = payment.amount - payment.internal.refund_reserved;
    let amount = new.amount.unwrap_or(remaining);
    if amount > remaining || remaining == 0 {
        return Err(DomainError::invalid(
            "refund_exceeds_remaining",
            format!("Only {remaining} of {} is left to refund.", payment.amount),
        )
        .about("amount"));
    }
    payment.internal.refund_reserved += amount;
    tx.update(&payment)?;
    let refund = Refund {
        id: tx.new_id(Refund::PREFIX),
        object: "refund".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: new.metadata,
        payment: payment.id.clone(),
        amount,
        currency: payment.currency.clone(),
        reason: new.reason,
        status: "pending".to_owned(),
        failure_code: None,
        failure_message: None,
    };
    tx.insert(&refund)?;
    let created = Transition {
        previous_state: None,
        state: "pending",
    };
    let object = refund.render(tx);
    events::emit(tx, EventType::RefundCreated, object, Some(created))?;
    match timing.unwrap_or(payment.internal.timing) {
        Timing::Instant => return process(tx, refund),
        Timing::Steps { refund_ms, .. } => {
            let due = tx.now().plus_millis(refund_ms);
            tx.schedule(due, TimerKind::Refund.name(), &refund.id)?;
        }
        Timing::Manual => {}
    }
    Ok(refund)
}

/// The refund's time has come.
pub(crate) fn on_timer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let refund: Refund = tx.get(id)?;
    if refund.status == "pending" {
        process(tx, refund)?;
    }
    Ok(())
}

/// Processes every pending refund of a payment at once; refunds the whole when there is none.
pub(crate) fn complete_all(tx: &Tx<'_>, payment: &Payment) -> Result<(), DomainError> {
    let refunds: Vec<Refund> = tx.all_by("payment", &payment.id)?;
    let pending: Vec<Refund> = refunds
        .into_iter()
        .filter(|refund| refund.status == "pending")
        .collect();
    if pending.is_empty() {
        let whole = CreateRefund {
            payment: payment.id.clone(),
            amount: None,
            reason: None,
            metadata: Metadata::new(),
        };
        create(tx, whole, Some(Timing::Instant))?;
    }
    for refund in pending {
        tx.cancel_timers(&refund.id)?;
        process(tx, refund)?;
    }
    Ok(())
}

fn process(tx: &Tx<'_>, mut refund: Refund) -> Result<Refund, DomainError> {
    let mut payment: Payment = tx.get(&refund.payment)?;
    if payment.state == PaymentState::Failed {
        // The settlement came back before the refund went out: there is nothing to return.
        refund.failure_code = Some("refund_declined".to_owned());
        refund.failure_message = Some("The payment failed before it was refunded.".to_owned());
        return close(tx, refund, "failed", EventType::RefundFailed);
    }
    payment.amount_refunded += refund.amount;
    if payment.state == PaymentState::Refunded {
        tx.update(&payment)?;
    } else {
        let refunded = Cause::merchant("refund_processed");
        payment::transition(tx, &mut payment, PaymentState::Refunded, &refunded)?;
    }
    // Only now: the move may bring the money back to where refunds are paid from.
    ledger::record_refund(tx, &payment, &refund.id, refund.amount)?;
    close(tx, refund, "succeeded", EventType::RefundSucceeded)
}

fn close(
    tx: &Tx<'_>,
    mut refund: Refund,
    status: &'static str,
    event: EventType,
) -> Result<Refund, DomainError> {
    refund.status = status.to_owned();
    if !tx.update_guarded(&refund, "status", "pending")? {
        return Err(DomainError::state_conflict(
            "The refund is no longer pending.",
        ));
    }
    let closed = Transition {
        previous_state: Some("pending"),
        state: status,
    };
    events::emit(tx, event, refund.render(tx), Some(closed))?;
    Ok(refund)
}
