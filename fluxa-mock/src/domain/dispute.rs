//! Owns disputes: raised by the cardholder's bank, answered with evidence or accepted, closed by the
//! bank, by the deadline, or because the payment itself fails. What a dispute moves is in `ledger`.

use super::Metadata;
use super::error::DomainError;
use super::payment::{Payment, PaymentState};
use super::payment_flow::named;
use super::timers::TimerKind;
use crate::events::{self, EventType, Transition};
use crate::ledger;
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long evidence is waited for: 14 days.
const EVIDENCE_WINDOW_MS: i64 = 14 * 24 * 3_600_000;

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisputeStatus {
    EvidenceRequired,
    EvidenceSubmitted,
    Won,
    Lost,
}

impl DisputeStatus {
    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EvidenceRequired => "evidence_required",
            Self::EvidenceSubmitted => "evidence_submitted",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Whether nothing is decided yet.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::EvidenceRequired | Self::EvidenceSubmitted)
    }
}

/// How a dispute ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Won,
    Lost,
}

/// Whether a lost amount has been made good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Recovery {
    /// Something of it is still to be taken from a settlement.
    Due,
    /// All of it was taken, or paid by the payment itself.
    Done,
    /// The payment has failed: nothing is owed, and what was taken was given back.
    Void,
}

/// A dispute.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    payment: String,
    amount: i64,
    currency: String,
    reason: String,
    pub(crate) status: DisputeStatus,
    evidence_due_by: Time,
    evidence: BTreeMap<String, String>,
    internal: Internal,
}

/// What the server keeps for itself about a dispute.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Internal {
    /// Only of a lost one.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery: Option<Recovery>,
    /// Taken from settlements so far.
    deducted: i64,
    /// Paid from what is left of the payment itself, which will never settle.
    #[serde(default)]
    covered: i64,
    /// Of `deducted`, what went back to the merchant when the payment itself paid.
    #[serde(default)]
    returned: i64,
}

impl Dispute {
    /// What a settlement still has to make good, once it is lost.
    fn owed(&self) -> i64 {
        self.amount - self.internal.covered - (self.internal.deducted - self.internal.returned)
    }

    /// Pays a lost dispute from what stands of its payment at the partner. Only a payment that was
    /// refunded before it settled has such money: that of any other still goes to the bank, or is there.
    fn cover(&mut self, payment: &Payment) {
        let settles = payment.state != PaymentState::Refunded
            || payment.ledger_state == Some(PaymentState::Settled);
        if !settles {
            // Refunds that are promised are paid from it first.
            let left = payment.net.unwrap_or(0) - payment.internal.refund_reserved;
            self.internal.covered = left.clamp(0, self.amount);
            self.internal.returned = (-self.owed()).max(0);
        }
        self.settle_up();
    }

    fn settle_up(&mut self) {
        self.internal.recovery = Some(match self.owed() {
            0 => Recovery::Done,
            _ => Recovery::Due,
        });
    }
}

/// Parameters of a new dispute.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateDispute {
    payment: String,
    reason: Option<String>,
}

impl Resource for Dispute {
    const TABLE: &'static str = "disputes";
    const PREFIX: &'static str = contract::prefix::DISPUTE;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Raises a dispute over all that is left of a payment, and holds the money back.
///
/// # Errors
/// `state_conflict` when there is nothing to dispute, or a dispute is open.
pub(crate) fn create(tx: &Tx<'_>, new: CreateDispute) -> Result<Dispute, DomainError> {
    let mut payment: Payment = named(tx.find(&new.payment), "payment", &new.payment)?;
    let refuse = |message: String| Err(DomainError::state_conflict(message).about("payment"));
    if matches!(
        payment.state,
        PaymentState::PaymentReceived | PaymentState::Failed
    ) {
        let state = payment.state.name();
        return refuse(format!("A payment that is {state} cannot be disputed."));
    }
    match of(tx, &payment)? {
        Some(open) if open.status.is_open() => {
            return refuse(format!("The dispute {} is still open.", open.id));
        }
        Some(lost) if lost.status == DisputeStatus::Lost => {
            return refuse(format!("The dispute {} took what there was.", lost.id));
        }
        _ => {}
    }
    // What is promised to the cardholder already cannot be claimed a second time.
    let amount = payment.amount - payment.internal.refund_reserved;
    if amount == 0 {
        return refuse("The payment is refunded in full: nothing is left to dispute.".to_owned());
    }
    let due = tx.now().plus_millis(EVIDENCE_WINDOW_MS);
    let dispute = Dispute {
        id: tx.new_id(Dispute::PREFIX),
        object: "dispute".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: Metadata::new(),
        payment: payment.id.clone(),
        amount,
        currency: payment.currency.clone(),
        reason: new.reason.unwrap_or_else(|| "general".to_owned()),
        status: DisputeStatus::EvidenceRequired,
        evidence_due_by: due,
        evidence: BTreeMap::new(),
        internal: Internal::default(),
    };
    tx.insert(&dispute)?;
    payment.dispute = Some(dispute.id.clone());
    tx.update(&payment)?;
    ledger::record_hold(tx, &payment, &dispute.id, amount)?;
    tx.schedule(due, TimerKind::DisputeDeadline.name(), &dispute.id)?;
    for event in [
        EventType::DisputeCreated,
        EventType::DisputeEvidenceRequired,
    ] {
        emit(tx, event, &dispute, None)?;
    }
    Ok(dispute)
}

/// The dispute that a payment shows: its newest.
fn of(tx: &Tx<'_>, payment: &Payment) -> Result<Option<Dispute>, DomainError> {
    let found = payment.dispute.as_deref().map(|id| tx.get::<Dispute>(id));
    found.transpose()
}

/// Refuses what would return money twice: a refund beside a dispute that is open or lost.
///
/// # Errors
/// `payment_not_refundable`.
pub(crate) fn check_refundable(tx: &Tx<'_>, payment: &Payment) -> Result<(), DomainError> {
    let message = match of(tx, payment)? {
        Some(dispute) if dispute.status.is_open() => format!(
            "The dispute {} of this payment is open; refund after it is won, or accept it.",
            dispute.id
        ),
        Some(dispute) if dispute.status == DisputeStatus::Lost => format!(
            "The dispute {} of this payment was lost: the cardholder has the money.",
            dispute.id
        ),
        _ => return Ok(()),
    };
    Err(DomainError::invalid("payment_not_refundable", message).about("payment"))
}

/// Adds evidence, field by field, and sends it to the payment partner.
///
/// # Errors
/// `dispute_closed`; `parameter_missing` without any evidence; `state_conflict` past the deadline.
pub(crate) fn submit_evidence(
    tx: &Tx<'_>,
    id: &str,
    evidence: BTreeMap<String, String>,
) -> Result<Dispute, DomainError> {
    let mut dispute = open(tx, id)?;
    if evidence.is_empty() {
        let message = "Send at least one field of evidence.";
        return Err(DomainError::invalid("parameter_missing", message));
    }
    if tx.now() > dispute.evidence_due_by {
        let message = format!("Evidence was due by {}.", dispute.evidence_due_by);
        return Err(DomainError::state_conflict(message));
    }
    dispute.evidence.extend(evidence);
    let previous = dispute.status;
    move_to(tx, &mut dispute, DisputeStatus::EvidenceSubmitted)?;
    let event = EventType::DisputeEvidenceSubmitted;
    if previous == dispute.status {
        // More of it is forwarded too, though nothing moves.
        events::emit(tx, event, dispute.render(tx), None)?;
    } else {
        emit(tx, event, &dispute, Some(previous))?;
    }
    Ok(dispute)
}

/// Gives a dispute up.
///
/// # Errors
/// `dispute_closed`.
pub(crate) fn accept(tx: &Tx<'_>, id: &str) -> Result<Dispute, DomainError> {
    let dispute = open(tx, id)?;
    lose(tx, dispute)
}

/// Decides a dispute, as the card scheme would.
///
/// # Errors
/// `dispute_closed`.
pub(crate) fn resolve(tx: &Tx<'_>, id: &str, outcome: Outcome) -> Result<Dispute, DomainError> {
    let dispute = open(tx, id)?;
    match outcome {
        Outcome::Won => win(tx, dispute),
        Outcome::Lost => lose(tx, dispute),
    }
}

/// The deadline has come.
pub(crate) fn on_timer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let dispute: Dispute = tx.get(id)?;
    if dispute.status == DisputeStatus::EvidenceRequired {
        lose(tx, dispute)?;
    }
    Ok(())
}

/// A payment has failed: its money goes back whole, so there is nothing to dispute about any more. An
/// open dispute ends in the merchant's favour; what a lost one has taken is given back.
pub(crate) fn payment_failed(tx: &Tx<'_>, payment: &Payment) -> Result<(), DomainError> {
    let Some(mut dispute) = of(tx, payment)? else {
        return Ok(());
    };
    if dispute.status.is_open() {
        win(tx, dispute)?;
    } else if dispute.status == DisputeStatus::Lost {
        // A payment that may still fail has covered nothing.
        let (owed, deducted) = (dispute.owed(), dispute.internal.deducted);
        ledger::record_loss_undone(tx, payment, &dispute.id, owed, deducted)?;
        dispute.internal.recovery = Some(Recovery::Void);
        tx.update(&dispute)?;
    }
    Ok(())
}

/// A payment was refunded: if it had not settled, what is left of it pays for a dispute that was lost
/// meanwhile, and what settlements have paid in its place goes back to the merchant.
pub(crate) fn payment_refunded(tx: &Tx<'_>, payment: &Payment) -> Result<(), DomainError> {
    let Some(mut dispute) = of(tx, payment)? else {
        return Ok(());
    };
    if dispute.status == DisputeStatus::Lost {
        dispute.cover(payment);
        let returned = dispute.internal.returned;
        ledger::record_deduction_returned(tx, payment, &dispute.id, returned)?;
        tx.update(&dispute)?;
    }
    Ok(())
}

/// Takes what lost disputes have cost from a settlement, oldest first, up to `available`; returns how
/// much that was. What it cannot cover is left for the next.
pub(crate) fn deduct(tx: &Tx<'_>, currency: &str, available: i64) -> Result<i64, DomainError> {
    let mut left = available;
    for mut dispute in tx.all_by::<Dispute>("recovery", "due")? {
        if left == 0 {
            break;
        }
        if dispute.currency != currency {
            continue;
        }
        let taken = dispute.owed().min(left);
        ledger::record_deduction(tx, &tx.get(&dispute.payment)?, &dispute.id, taken)?;
        dispute.internal.deducted += taken;
        dispute.settle_up();
        tx.update(&dispute)?;
        left -= taken;
    }
    Ok(available - left)
}

fn open(tx: &Tx<'_>, id: &str) -> Result<Dispute, DomainError> {
    let dispute: Dispute = tx.get(id)?;
    if dispute.status.is_open() {
        return Ok(dispute);
    }
    Err(closed(dispute.status))
}

fn closed(status: DisputeStatus) -> DomainError {
    let message = format!("The dispute is {} and final.", status.name());
    DomainError::invalid("dispute_closed", message)
}

fn win(tx: &Tx<'_>, mut dispute: Dispute) -> Result<Dispute, DomainError> {
    let previous = dispute.status;
    move_to(tx, &mut dispute, DisputeStatus::Won)?;
    let payment = tx.get(&dispute.payment)?;
    ledger::record_hold_returned(tx, &payment, &dispute.id, dispute.amount)?;
    emit(tx, EventType::DisputeWon, &dispute, Some(previous))?;
    Ok(dispute)
}

fn lose(tx: &Tx<'_>, mut dispute: Dispute) -> Result<Dispute, DomainError> {
    let previous = dispute.status;
    let payment: Payment = tx.get(&dispute.payment)?;
    dispute.cover(&payment);
    move_to(tx, &mut dispute, DisputeStatus::Lost)?;
    ledger::record_loss(tx, &payment, &dispute.id, dispute.amount)?;
    emit(tx, EventType::DisputeLost, &dispute, Some(previous))?;
    Ok(dispute)
}

/// Writes a new status, unless another move came first; past the first the deadline is no more.
fn move_to(tx: &Tx<'_>, dispute: &mut Dispute, next: DisputeStatus) -> Result<(), DomainError> {
    let previous = dispute.status;
    dispute.status = next;
    if !tx.update_guarded(dispute, "status", previous.name())? {
        return Err(DomainError::state_conflict(
            "Another move of this dispute came first.",
        ));
    }
    tx.cancel_timers(&dispute.id)
}

fn emit(
    tx: &Tx<'_>,
    event: EventType,
    dispute: &Dispute,
    previous: Option<DisputeStatus>,
) -> Result<(), DomainError> {
    let transition = Transition {
        previous_state: previous.map(DisputeStatus::name),
        state: dispute.status.name(),
    };
    events::emit(tx, event, dispute.render(tx), Some(transition))
}
