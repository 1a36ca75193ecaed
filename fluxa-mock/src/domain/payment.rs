//! Owns the payment object and its six states: which moves exist and the guarded write that makes
//! one. What sets a move off (cards, timers, calls) is `payment_flow`.

use super::card::{Card, Failure, Outcome, ThreeDSecure};
use super::error::DomainError;
use super::history::{self, Actor};
use super::timing::Timing;
use super::{Metadata, dispute, settlement};
use crate::events::{self, EventType, Transition};
use crate::ledger;
use crate::store::{Resource, Tx, to_body};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// The six states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PaymentState {
    PaymentReceived,
    Captured,
    Settling,
    Settled,
    Failed,
    Refunded,
}

impl PaymentState {
    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PaymentReceived => "PAYMENT_RECEIVED",
            Self::Captured => "CAPTURED",
            Self::Settling => "SETTLING",
            Self::Settled => "SETTLED",
            Self::Failed => "FAILED",
            Self::Refunded => "REFUNDED",
        }
    }

    /// Whether the state machine has the move from `self` to `next`.
    pub(crate) fn may_become(self, next: Self) -> bool {
        use PaymentState::{Captured, Failed, PaymentReceived, Refunded, Settled, Settling};
        matches!(
            (self, next),
            (PaymentReceived, Captured | Failed)
                | (Captured, Settling | Failed | Refunded)
                | (Settling, Settled | Failed | Refunded)
                | (Settled, Refunded)
        )
    }

    /// The event of getting there.
    pub(crate) fn event(self) -> EventType {
        match self {
            Self::PaymentReceived => EventType::PaymentReceived,
            Self::Captured => EventType::PaymentCaptured,
            Self::Settling => EventType::PaymentSettling,
            Self::Settled => EventType::PaymentSettled,
            Self::Failed => EventType::PaymentFailed,
            Self::Refunded => EventType::PaymentRefunded,
        }
    }
}

/// How it was paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PaymentMethodDetails {
    #[serde(rename = "type")]
    kind: String,
    pub(crate) card: Card,
}

impl PaymentMethodDetails {
    /// A card.
    pub(crate) fn card(card: Card) -> Self {
        Self {
            kind: "card".to_owned(),
            card,
        }
    }
}

/// A payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) id: String,
    object: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) fee: Option<i64>,
    pub(crate) net: Option<i64>,
    pub(crate) state: PaymentState,
    pub(crate) ledger_state: Option<PaymentState>,
    livemode: bool,
    created_at: Time,
    captured_at: Option<Time>,
    settling_at: Option<Time>,
    settled_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settlement_scheduled_for: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_at: Option<Time>,
    pub(crate) settlement_reference: Option<String>,
    pub(crate) settlement_method: Option<String>,
    pub(crate) payment_method: PaymentMethodDetails,
    /// None while the cardholder is being asked.
    pub(crate) three_d_secure: Option<ThreeDSecure>,
    pub(crate) customer: Option<String>,
    pub(crate) checkout_session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subscription: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_message: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) amount_refunded: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dispute: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) internal: Internal,
}

/// What the server keeps for itself about a payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Internal {
    pub(crate) timing: Timing,
    pub(crate) outcome: Outcome,
    /// Refunds asked for and not failed: what may no longer be refunded.
    pub(crate) refund_reserved: i64,
    /// The settlement batch.
    pub(crate) settlement: Option<String>,
    /// The number of the subscription's period that it is for.
    #[serde(default)]
    period: Option<i64>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn is_zero(amount: &i64) -> bool {
    *amount == 0
}

/// What a new payment is made of.
pub(crate) struct NewPayment {
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) card: Card,
    pub(crate) outcome: Outcome,
    pub(crate) timing: Timing,
    pub(crate) customer: Option<String>,
    pub(crate) checkout_session: Option<String>,
    pub(crate) subscription: Option<SubscriptionCharge>,
    pub(crate) metadata: Metadata,
}

/// Which charge of a subscription a payment is.
pub(crate) struct SubscriptionCharge {
    pub(crate) subscription: String,
    pub(crate) period: i64,
}

impl Resource for Payment {
    const TABLE: &'static str = "payments";
    const PREFIX: &'static str = contract::prefix::PAYMENT;

    fn id(&self) -> &str {
        &self.id
    }

    fn render(&self, tx: &Tx<'_>) -> Value {
        let mut value = crate::store::public_view(self);
        if let Some(object) = value.as_object_mut() {
            object.insert("url".to_owned(), url(tx, &self.id).into());
        }
        value
    }

    fn render_body(tx: &Tx<'_>, body: String) -> Result<String, DomainError> {
        let id = body
            .strip_prefix(ID_FIRST)
            .and_then(|rest| rest.split('"').next());
        match id {
            Some(id) => Ok(public_body(tx, id, &body)),
            None => Err(DomainError::internal("a stored payment without its id")),
        }
    }

    fn column(&self, name: &'static str) -> Option<Option<Cow<'_, str>>> {
        Some(match name {
            "state" => Some(self.state.name().into()),
            "customer" => self.customer.as_deref().map(Cow::from),
            "settlement_reference" => self.settlement_reference.as_deref().map(Cow::from),
            "created_at" => Some(self.created_at.to_string().into()),
            "settled_at" => self.settled_at.map(|at| at.to_string().into()),
            "settlement" => self.internal.settlement.as_deref().map(Cow::from),
            _ => return None,
        })
    }
}

/// How the body of a payment begins, and where its part that is not shown does: the fields are written in
/// the order of the type, `internal` last, and nothing in it is a merchant's text.
const ID_FIRST: &str = "{\"id\":\"";
const INTERNAL_LAST: &str = ",\"internal\":{";

/// The address of a payment.
fn url(tx: &Tx<'_>, id: &str) -> String {
    format!("{}/payments/{id}", tx.base_url())
}

/// A payment as the API shows it, cut from its stored body: what is read and told most often is not parsed.
fn public_body(tx: &Tx<'_>, id: &str, body: &str) -> String {
    let end = body.rfind(INTERNAL_LAST).unwrap_or(body.len());
    [&body[..end], ",\"url\":\"", &url(tx, id), "\"}"].concat()
}

/// Fluxa's fee on `amount`: 1.4 % + 29p, half up.
pub(crate) fn fee_of(amount: i64) -> i64 {
    (amount * 14 + 500) / 1000 + 29
}

/// Creates a payment in its first state, its cardholder authenticated.
pub(crate) fn receive(tx: &Tx<'_>, new: NewPayment) -> Result<Payment, DomainError> {
    insert(tx, new, true)
}

/// Creates a payment in its first state, where it waits for what its cardholder says to a challenge.
pub(crate) fn receive_unauthenticated(
    tx: &Tx<'_>,
    new: NewPayment,
) -> Result<Payment, DomainError> {
    insert(tx, new, false)
}

fn insert(tx: &Tx<'_>, new: NewPayment, authenticated: bool) -> Result<Payment, DomainError> {
    let id = tx.new_id(Payment::PREFIX);
    let (subscription, period) = match new.subscription {
        Some(charge) => (Some(charge.subscription), Some(charge.period)),
        None => (None, None),
    };
    let payment = Payment {
        object: "payment".to_owned(),
        amount: new.amount,
        currency: new.currency,
        fee: None,
        net: None,
        state: PaymentState::PaymentReceived,
        ledger_state: None,
        livemode: false,
        created_at: tx.now(),
        captured_at: None,
        settling_at: None,
        settled_at: None,
        settlement_scheduled_for: None,
        failed_at: None,
        refunded_at: None,
        settlement_reference: None,
        settlement_method: None,
        payment_method: PaymentMethodDetails::card(new.card),
        three_d_secure: authenticated.then(|| match new.checkout_session {
            Some(_) => new.outcome.three_d_secure(&id, true),
            None => new.outcome.three_d_secure_off_session(&id),
        }),
        customer: new.customer,
        checkout_session: new.checkout_session,
        subscription,
        failure_code: None,
        failure_message: None,
        amount_refunded: 0,
        dispute: None,
        metadata: new.metadata,
        internal: Internal {
            timing: new.timing,
            outcome: new.outcome,
            refund_reserved: 0,
            settlement: None,
            period,
        },
        id,
    };
    let body = to_body(&payment);
    tx.insert_body(&payment, &body)?;
    // A charge that a timer makes is nobody's call.
    let actor = match tx.origin().request_id {
        Some(_) => Actor::Merchant,
        None => Actor::System,
    };
    record_move(tx, &payment, &body, None, actor, "payment_received")?;
    Ok(payment)
}

/// Why a payment moves.
pub(crate) struct Cause {
    pub(crate) actor: Actor,
    pub(crate) reason: &'static str,
    pub(crate) failure: Option<Failure>,
}

impl Cause {
    /// The sandbox's own doing.
    pub(crate) fn system(reason: &'static str) -> Self {
        Self {
            actor: Actor::System,
            reason,
            failure: None,
        }
    }

    /// The merchant's call.
    pub(crate) fn merchant(reason: &'static str) -> Self {
        Self {
            actor: Actor::Merchant,
            reason,
            failure: None,
        }
    }

    /// A failure.
    pub(crate) fn failure(failure: Failure) -> Self {
        Self {
            actor: Actor::System,
            reason: failure.code,
            failure: Some(failure),
        }
    }
}

/// Moves a payment: guarded write, ledger, history and event, in this one transaction.
///
/// # Errors
/// `state_conflict` when the state machine has no such move, or another move came first.
pub(crate) fn transition(
    tx: &Tx<'_>,
    payment: &mut Payment,
    next: PaymentState,
    cause: &Cause,
) -> Result<(), DomainError> {
    let previous = payment.state;
    if !previous.may_become(next) {
        return Err(DomainError::state_conflict(format!(
            "A payment that is {} cannot become {}.",
            previous.name(),
            next.name()
        )));
    }
    let now = tx.now();
    payment.state = next;
    match next {
        PaymentState::PaymentReceived => {}
        PaymentState::Captured => {
            let fee = fee_of(payment.amount);
            payment.fee = Some(fee);
            payment.net = Some(payment.amount - fee);
            payment.captured_at = Some(now);
            payment.ledger_state = Some(next);
        }
        PaymentState::Settling => {
            payment.settling_at = Some(now);
            payment.settlement_scheduled_for = match payment.internal.timing {
                Timing::Steps { settled_ms, .. } => Some(now.plus_millis(settled_ms)),
                Timing::Instant => Some(now),
                Timing::Manual => None,
            };
            payment.ledger_state = Some(next);
        }
        PaymentState::Settled => {
            let batch = settlement::join(tx, payment)?;
            payment.settlement_reference = Some(batch.reference.clone());
            payment.settlement_method = Some(batch.method.clone());
            payment.internal.settlement = Some(batch.id);
            payment.settled_at = Some(now);
            payment.settlement_scheduled_for = None;
            payment.ledger_state = Some(next);
        }
        PaymentState::Failed => {
            payment.failed_at = Some(now);
            payment.settlement_scheduled_for = None;
            payment.failure_code = cause.failure.map(|failure| failure.code.to_owned());
            payment.failure_message = cause.failure.map(|failure| failure.message.to_owned());
        }
        PaymentState::Refunded => {
            payment.refunded_at = Some(now);
            payment.settlement_scheduled_for = None;
        }
    }
    let body = to_body(payment);
    if !tx.update_body_guarded(payment, &body, "state", previous.name())? {
        return Err(DomainError::state_conflict(
            "Another move of this payment came first.",
        ));
    }
    ledger::record_transition(tx, payment, previous, next)?;
    let Cause { actor, reason, .. } = cause;
    record_move(tx, payment, &body, Some(previous), *actor, reason)?;
    match next {
        PaymentState::Failed => dispute::payment_failed(tx, payment),
        PaymentState::Refunded => dispute::payment_refunded(tx, payment),
        _ => Ok(()),
    }
}

fn record_move(
    tx: &Tx<'_>,
    payment: &Payment,
    body: &str,
    previous: Option<PaymentState>,
    actor: Actor,
    reason: &str,
) -> Result<(), DomainError> {
    let previous = previous.map(PaymentState::name);
    history::append(
        tx,
        &payment.id,
        actor,
        previous,
        payment.state.name(),
        reason,
    )?;
    let transition = Transition {
        previous_state: previous,
        state: payment.state.name(),
    };
    let shown = public_body(tx, &payment.id, body);
    events::emit_text(
        tx,
        payment.state.event(),
        &payment.id,
        &shown,
        Some(transition),
    )
}

/// Replaces the metadata.
pub(crate) fn set_metadata(
    tx: &Tx<'_>,
    id: &str,
    metadata: Metadata,
) -> Result<Payment, DomainError> {
    let mut payment: Payment = tx.get(id)?;
    payment.metadata = metadata;
    tx.update(&payment)?;
    Ok(payment)
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Cause, Payment, PaymentState, fee_of, receive, transition};
    use crate::domain::card::{Card, Outcome};
    use crate::domain::error::DomainError;
    use crate::domain::payment::NewPayment;
    use crate::domain::timing::Timing;
    use crate::store::{Opening, Origin, Store, Tx};

    #[test]
    fn the_fee_is_the_pages_example_and_rounds_half_up() {
        assert_eq!(fee_of(4999), 99);
        assert_eq!(fee_of(1999), 57);
        assert_eq!(fee_of(250), 33); // 3.5p rounds up to 4p
        assert_eq!(fee_of(30), 29);
    }

    pub(in crate::domain) fn received(tx: &Tx<'_>) -> Result<Payment, DomainError> {
        let card = Card {
            brand: "visa".to_owned(),
            last4: "4242".to_owned(),
            exp_month: 1,
            exp_year: 2099,
            country: "GB".to_owned(),
            funding: "credit".to_owned(),
        };
        let new = NewPayment {
            amount: 4999,
            currency: "GBP".to_owned(),
            card,
            outcome: Outcome::Success,
            timing: Timing::Manual,
            customer: None,
            checkout_session: None,
            subscription: None,
            metadata: Default::default(),
        };
        receive(tx, new)
    }

    pub(in crate::domain) async fn in_transaction(work: fn(&Tx<'_>) -> Result<(), DomainError>) {
        let store = Store::open(&Opening::frozen_in_memory()).unwrap();
        store.run(Origin::default(), work).await.unwrap();
    }

    #[tokio::test]
    async fn a_move_from_a_state_that_is_no_longer_true_is_refused() {
        in_transaction(|tx| {
            let mut payment = received(tx)?;
            let mut stale = payment.clone();
            let cause = Cause::system("authorised");
            transition(tx, &mut payment, PaymentState::Captured, &cause)?;
            // Another handler still holds the payment as it was before.
            let refused = transition(tx, &mut stale, PaymentState::Failed, &cause).unwrap_err();
            assert_eq!(refused.code, "state_conflict");
            assert_eq!(
                tx.get::<Payment>(&payment.id)?.state,
                PaymentState::Captured
            );
            Ok(())
        })
        .await;
    }

    #[test]
    fn only_the_moves_of_the_page_exist() {
        use PaymentState::{Captured, Failed, PaymentReceived, Refunded, Settled, Settling};
        let states = [
            PaymentReceived,
            Captured,
            Settling,
            Settled,
            Failed,
            Refunded,
        ];
        let moves: Vec<(&str, &str)> = states
            .iter()
            .flat_map(|from| states.iter().map(move |to| (*from, *to)))
            .filter(|(from, to)| from.may_become(*to))
            .map(|(from, to)| (from.name(), to.name()))
            .collect();
        let expected = [
            ("PAYMENT_RECEIVED", "CAPTURED"),
            ("PAYMENT_RECEIVED", "FAILED"),
            ("CAPTURED", "SETTLING"),
            ("CAPTURED", "FAILED"),
            ("CAPTURED", "REFUNDED"),
            ("SETTLING", "SETTLED"),
            ("SETTLING", "FAILED"),
            ("SETTLING", "REFUNDED"),
            ("SETTLED", "REFUNDED"),
        ];
        assert_eq!(moves, expected);
    }
}
