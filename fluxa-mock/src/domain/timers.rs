//! Owns the kinds of timers and what each does when it fires.

use super::error::DomainError;
use super::{
    api_key, checkout_session, delivery, dispute, payment_flow, refund, settlement, subscription,
};
use crate::store::{Origin, Timer, Tx};

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimerKind {
    PaymentSettling,
    PaymentSettled,
    Refund,
    SessionExpiry,
    SettlementClose,
    DeliveryDelayed,
    DeliveryRetry,
    KeyExpiry,
    DisputeDeadline,
    SubscriptionPeriod,
    SubscriptionRetry,
}

impl TimerKind {
    pub(crate) const ALL: [Self; 11] = [
        Self::PaymentSettling,
        Self::PaymentSettled,
        Self::Refund,
        Self::SessionExpiry,
        Self::SettlementClose,
        Self::DeliveryDelayed,
        Self::DeliveryRetry,
        Self::KeyExpiry,
        Self::DisputeDeadline,
        Self::SubscriptionPeriod,
        Self::SubscriptionRetry,
    ];

    /// The name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PaymentSettling => "payment_settling",
            Self::PaymentSettled => "payment_settled",
            Self::Refund => "refund",
            Self::SessionExpiry => "session_expiry",
            Self::SettlementClose => "settlement_close",
            Self::DeliveryDelayed => "delivery_delayed",
            Self::DeliveryRetry => "delivery_retry",
            Self::KeyExpiry => "key_expiry",
            Self::DisputeDeadline => "dispute_deadline",
            Self::SubscriptionPeriod => "subscription_period",
            Self::SubscriptionRetry => "subscription_retry",
        }
    }
}

/// Fires a timer: removes it and does what it is for, as the sandbox's own doing.
pub(crate) fn fire(tx: &Tx<'_>, timer: &Timer) -> Result<(), DomainError> {
    tx.remove_timer(timer)?;
    tx.mark_changed();
    let tx = &tx.with_origin(Origin::default());
    let reference = timer.reference.as_str();
    let Some(kind) = TimerKind::ALL
        .into_iter()
        .find(|kind| kind.name() == timer.kind)
    else {
        return Err(DomainError::internal(format!(
            "no timer is called {}",
            timer.kind
        )));
    };
    match kind {
        TimerKind::PaymentSettling | TimerKind::PaymentSettled => {
            payment_flow::on_timer(tx, kind, reference)
        }
        TimerKind::Refund => refund::on_timer(tx, reference),
        TimerKind::SessionExpiry => checkout_session::on_timer(tx, reference),
        TimerKind::SettlementClose => settlement::on_timer(tx, reference),
        TimerKind::DeliveryDelayed => delivery::on_delay_over(tx, reference),
        TimerKind::DeliveryRetry => delivery::on_timer(tx, reference),
        TimerKind::KeyExpiry => api_key::on_timer(tx, reference),
        TimerKind::DisputeDeadline => dispute::on_timer(tx, reference),
        TimerKind::SubscriptionPeriod => subscription::on_period_timer(tx, reference),
        TimerKind::SubscriptionRetry => subscription::on_retry_timer(tx, reference),
    }
}
