//! Owns what ledger, refunds, disputes, history and events each say of a payment, gathered before the
//! payments themselves are looked at.

use super::{each_body, part};
use crate::domain::error::DomainError;
use crate::domain::payment::PaymentState;
use crate::ledger;
use crate::store::Tx;
use fluxa_sdk::contract;
use serde::Deserialize;
use std::collections::HashMap;

/// The states, in the order that counts are kept in.
pub(super) const STATES: [PaymentState; 6] = [
    PaymentState::PaymentReceived,
    PaymentState::Captured,
    PaymentState::Settling,
    PaymentState::Settled,
    PaymentState::Failed,
    PaymentState::Refunded,
];

/// What the other tables say of one payment.
#[derive(Default)]
pub(super) struct Facts {
    /// Debits less credits, in the order of `ledger::ACCOUNTS`.
    pub(super) accounts: [i64; ledger::ACCOUNTS.len()],
    /// Refunds that went out.
    pub(super) refunded: i64,
    /// Refunds that went out or may still.
    pub(super) promised: i64,
    /// Held for open disputes.
    pub(super) held: i64,
    pub(super) open_disputes: u32,
    /// Lost in disputes, and not void.
    pub(super) lost: i64,
    /// What settlements were charged with for `lost`, less what they got back.
    pub(super) deducted: i64,
    /// Whether `lost` counts as made good.
    pub(super) made_good: bool,
    /// The last state in the history, by its place in `STATES`.
    pub(super) last: Option<usize>,
    pub(super) moves: [u32; STATES.len()],
    pub(super) events: [u32; STATES.len()],
}

/// Facts by payment.
pub(super) type AllFacts = HashMap<String, Facts>;

fn about<'a>(facts: &'a mut AllFacts, payment: &str) -> &'a mut Facts {
    // Looked up twice rather than copied each time: most rows are about a known payment.
    if !facts.contains_key(payment) {
        facts.insert(payment.to_owned(), Facts::default());
    }
    facts
        .get_mut(payment)
        .expect("it was inserted if it was missing")
}

/// A line of the ledger. Borrowed: there are seven of each payment.
#[derive(Deserialize)]
struct EntryRow<'a> {
    payment: Option<&'a str>,
    account: &'a str,
    direction: &'a str,
    amount: i64,
    currency: &'a str,
    transaction: &'a str,
}

/// Reads the ledger: every movement balances, in one currency.
pub(super) fn read_ledger(
    tx: &Tx<'_>,
    facts: &mut AllFacts,
    breaches: &mut Vec<String>,
) -> Result<(), DomainError> {
    // Only movements that do not balance so far: few at any time, however long the ledger.
    let mut unbalanced: HashMap<String, (String, i64)> = HashMap::new();
    each_body(tx, "ledger_entries", |body| {
        let entry: EntryRow<'_> = part(body)?;
        let debit = entry.direction == "debit";
        let amount = if debit { entry.amount } else { -entry.amount };
        let movement = entry.transaction;
        match unbalanced.get_mut(movement) {
            None => {
                let begun = (entry.currency.to_owned(), amount);
                unbalanced.insert(movement.to_owned(), begun);
            }
            Some((currency, sum)) => {
                if currency != entry.currency {
                    breaches.push(format!("ledger: movement {movement} mixes currencies"));
                }
                *sum += amount;
                if *sum == 0 {
                    unbalanced.remove(movement);
                }
            }
        }
        let place = ledger::ACCOUNTS
            .iter()
            .position(|name| *name == entry.account);
        match (place, entry.payment) {
            (Some(place), Some(payment)) => about(facts, payment).accounts[place] += amount,
            (Some(_), None) => {}
            (None, _) => {
                let account = entry.account;
                breaches.push(format!(
                    "ledger: movement {movement} is on {account}, no account"
                ));
            }
        }
        Ok(())
    })?;
    let mut left: Vec<_> = unbalanced.into_iter().collect();
    left.sort();
    breaches.extend(left.into_iter().map(|(movement, (_, sum))| {
        format!("ledger: movement {movement} is out of balance by {sum}")
    }));
    Ok(())
}

#[derive(Deserialize)]
struct RefundRow {
    payment: String,
    amount: i64,
    status: String,
}

/// Reads the refunds; returns how many have each status.
pub(super) fn read_refunds(
    tx: &Tx<'_>,
    facts: &mut AllFacts,
) -> Result<HashMap<String, i64>, DomainError> {
    let mut counts = HashMap::new();
    each_body(tx, "refunds", |body| {
        let refund: RefundRow = part(body)?;
        let facts = about(facts, &refund.payment);
        if refund.status == "succeeded" {
            facts.refunded += refund.amount;
        }
        if refund.status != "failed" {
            facts.promised += refund.amount;
        }
        *counts.entry(refund.status).or_default() += 1;
        Ok(())
    })?;
    Ok(counts)
}

#[derive(Deserialize)]
struct DisputeRow {
    payment: String,
    amount: i64,
    status: String,
    internal: DisputeInternal,
}

#[derive(Deserialize)]
struct DisputeInternal {
    recovery: Option<String>,
    deducted: i64,
    #[serde(default)]
    returned: i64,
}

/// Reads the disputes; returns how many have each status, and what settlements have made good.
pub(super) fn read_disputes(
    tx: &Tx<'_>,
    facts: &mut AllFacts,
) -> Result<(HashMap<String, i64>, i64), DomainError> {
    let mut counts = HashMap::new();
    let mut made_good = 0;
    each_body(tx, "disputes", |body| {
        let dispute: DisputeRow = part(body)?;
        let facts = about(facts, &dispute.payment);
        if !matches!(dispute.status.as_str(), "won" | "lost") {
            facts.held += dispute.amount;
            facts.open_disputes += 1;
        }
        made_good += dispute.internal.deducted;
        let recovery = dispute.internal.recovery.as_deref();
        if matches!(recovery, Some("due" | "done")) {
            facts.made_good = recovery == Some("done");
            facts.lost += dispute.amount;
            facts.deducted += dispute.internal.deducted - dispute.internal.returned;
        }
        *counts.entry(dispute.status).or_default() += 1;
        Ok(())
    })?;
    Ok((counts, made_good))
}

/// Reads the histories: each move starts where the one before ended.
pub(super) fn read_history(
    tx: &Tx<'_>,
    facts: &mut AllFacts,
    breaches: &mut Vec<String>,
) -> Result<(), DomainError> {
    let place = |name: &str| STATES.iter().position(|state| state.name() == name);
    let sql = "SELECT payment, previous_state, new_state FROM payment_history ORDER BY sequence";
    let mut statement = tx.connection().prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |column: usize| -> Result<Option<&str>, DomainError> {
            let value = row.get_ref(column)?;
            value.as_str_or_null().map_err(DomainError::internal)
        };
        let payment = text(0)?.unwrap_or_default();
        let previous = text(1)?.and_then(place);
        let Some(next) = text(2)?.and_then(place) else {
            breaches.push(format!(
                "payment {payment}: its history has a state that is none"
            ));
            continue;
        };
        let facts = about(facts, payment);
        if facts.last != previous {
            breaches.push(format!(
                "payment {payment}: a move does not start where the one before ended"
            ));
        }
        facts.last = Some(next);
        facts.moves[next] += 1;
    }
    Ok(())
}

/// Reads the events of payments' moves from two indexes, without a single body.
pub(super) fn read_events(tx: &Tx<'_>, facts: &mut AllFacts) -> Result<(), DomainError> {
    let mut kinds: HashMap<i64, usize> = HashMap::new();
    let mut statement = tx
        .connection()
        .prepare_cached("SELECT sequence FROM events WHERE type = ?1")?;
    for (place, state) in STATES.iter().enumerate() {
        let mut rows = statement.query([state.event().as_str()])?;
        while let Some(row) = rows.next()? {
            kinds.insert(row.get(0)?, place);
        }
    }
    let prefix = contract::prefix::PAYMENT;
    let mut statement = tx.connection().prepare_cached(
        "SELECT sequence, subject FROM events WHERE subject >= ?1 AND subject < ?2",
    )?;
    let mut rows = statement.query([prefix, &format!("{prefix}~")])?;
    while let Some(row) = rows.next()? {
        if let Some(place) = kinds.get(&row.get(0)?) {
            let subject = row.get_ref(1)?.as_str().map_err(DomainError::internal)?;
            about(facts, subject).events[*place] += 1;
        }
    }
    Ok(())
}
