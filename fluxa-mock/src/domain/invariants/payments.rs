//! Owns the comparison of each payment with what the other tables say of it.

use super::facts::{AllFacts, Facts, STATES};
use super::settlements::Batches;
use super::{each_body, part};
use crate::domain::error::DomainError;
use crate::domain::payment::PaymentState;
use crate::ledger;
use crate::store::Tx;
use serde::Deserialize;

/// A payment, as far as the audit looks.
#[derive(Deserialize)]
pub(super) struct PaymentRow {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) fee: Option<i64>,
    pub(super) net: Option<i64>,
    state: PaymentState,
    ledger_state: Option<PaymentState>,
    pub(super) settlement_reference: Option<String>,
    #[serde(default)]
    amount_refunded: i64,
    pub(super) internal: PaymentInternal,
}

/// What the server keeps for itself of it.
#[derive(Deserialize)]
pub(super) struct PaymentInternal {
    refund_reserved: i64,
    pub(super) settlement: Option<String>,
}

/// Compares every payment, and adds it to its batch.
pub(super) fn check(
    tx: &Tx<'_>,
    mut facts: AllFacts,
    batches: &mut Batches,
    breaches: &mut Vec<String>,
) -> Result<(), DomainError> {
    each_body(tx, "payments", |body| {
        let payment: PaymentRow = part(body)?;
        let facts = facts.remove(&payment.id).unwrap_or_default();
        check_ledger(&payment, &facts, breaches);
        check_way_to_the_bank(&payment, &facts, breaches);
        check_refunds(&payment, &facts, breaches);
        check_moves(&payment, &facts, breaches);
        if facts.open_disputes > 1 {
            let (id, open) = (&payment.id, facts.open_disputes);
            breaches.push(format!("payment {id}: {open} disputes are open, not one"));
        }
        batches.add(&payment, breaches);
        Ok(())
    })?;
    let mut unknown: Vec<_> = facts.into_keys().collect();
    unknown.sort();
    breaches.extend(
        unknown
            .into_iter()
            .map(|id| format!("payment {id} does not exist, but other records are about it")),
    );
    Ok(())
}

fn check_ledger(payment: &PaymentRow, facts: &Facts, breaches: &mut Vec<String>) {
    let stands = payment.ledger_state.is_some() && payment.state != PaymentState::Failed;
    let money = |amount: Option<i64>| if stands { amount.unwrap_or(0) } else { 0 };
    let holds = ledger::position(payment.state, payment.ledger_state);
    for (account, booked) in ledger::ACCOUNTS.iter().zip(facts.accounts) {
        let here = match holds {
            Some(position) if position == *account => money(payment.net) - payment.amount_refunded,
            _ => 0,
        };
        let expected = match *account {
            ledger::CARDHOLDER => facts.lost - money(Some(payment.amount)),
            ledger::FEES => money(payment.fee),
            ledger::REFUNDS => payment.amount_refunded,
            ledger::DISPUTES => facts.held,
            // Short of what is held, and of what was lost and no settlement made good.
            ledger::PARTNER_CLEARING => here - facts.held - (facts.lost - facts.deducted),
            ledger::MERCHANT_BANK => here - facts.deducted,
            _ => here,
        };
        if booked != expected {
            breaches.push(format!(
                "payment {} is {} but the ledger has {booked} in {account}, not {expected}",
                payment.id,
                payment.state.name()
            ));
        }
    }
}

/// The merchant gets the money of a payment once, and pays for its loss once.
fn check_way_to_the_bank(payment: &PaymentRow, facts: &Facts, breaches: &mut Vec<String>) {
    let (id, state) = (&payment.id, payment.state);
    for (account, booked) in ledger::ACCOUNTS.iter().zip(facts.accounts) {
        let in_flight = *account == ledger::SETTLEMENT_IN_FLIGHT;
        if in_flight && booked != 0 && state != PaymentState::Settling {
            let state = state.name();
            breaches.push(format!(
                "payment {id} is {state}, but {booked} of it is stranded in {account}: no batch takes it"
            ));
        }
    }
    // Refunded before it settled, it pays for its own loss with what is left.
    let stays = state == PaymentState::Refunded && payment.settlement_reference.is_none();
    let left = payment.net.unwrap_or(0) - payment.internal.refund_reserved;
    let own = if stays { left.max(0) } else { 0 };
    let (deducted, owing) = (facts.deducted, (facts.lost - own).max(0));
    if deducted > owing {
        breaches.push(format!(
            "payment {id}: settlements deducted {deducted} for its lost dispute, which left {owing} owing"
        ));
    }
    if facts.made_good && deducted < owing {
        let short = owing - deducted;
        breaches.push(format!(
            "payment {id}: its lost dispute counts as made good, but {short} of it is still owing"
        ));
    }
}

fn check_refunds(payment: &PaymentRow, facts: &Facts, breaches: &mut Vec<String>) {
    let id = &payment.id;
    let (shown, refunded) = (payment.amount_refunded, facts.refunded);
    if shown != refunded {
        breaches.push(format!(
            "payment {id}: amount_refunded is {shown} but its refunds make {refunded}"
        ));
    }
    let (reserved, promised) = (payment.internal.refund_reserved, facts.promised);
    // Refunds of a payment that failed meanwhile fail, and nobody asks for more.
    if reserved != promised && payment.state != PaymentState::Failed {
        breaches.push(format!(
            "payment {id}: {reserved} is reserved for refunds, which make {promised}"
        ));
    }
    if promised + facts.held + facts.lost > payment.amount {
        breaches.push(format!(
            "payment {id}: refunds and disputes take more than its {}",
            payment.amount
        ));
    }
}

fn check_moves(payment: &PaymentRow, facts: &Facts, breaches: &mut Vec<String>) {
    let (id, state) = (&payment.id, payment.state.name());
    let last = facts.last.map_or("nothing", |place| STATES[place].name());
    if last != state {
        breaches.push(format!(
            "payment {id} is {state} but its history ends with {last}"
        ));
    }
    for (place, state) in STATES.iter().enumerate() {
        let (moves, events) = (facts.moves[place], facts.events[place]);
        if moves != events {
            breaches.push(format!(
                "payment {id}: {moves} moves to {} but {events} events of it",
                state.name()
            ));
        }
    }
}
