//! Owns the audit of a sandbox: what must hold whatever was done to it. Each breach is one sentence.

use super::error::DomainError;
use super::payment::{Payment, PaymentState};
use super::subscription;
use crate::ledger;
use crate::store::Tx;
use std::collections::BTreeMap;

/// Every breach found; empty when all holds.
pub(crate) fn audit(tx: &Tx<'_>) -> Result<Vec<String>, DomainError> {
    let mut breaches = Vec::new();
    audit_ledger(tx, &mut breaches)?;
    audit_payments(tx, &mut breaches)?;
    audit_history(tx, &mut breaches)?;
    subscription::audit(tx, &mut breaches)?;
    Ok(breaches)
}

fn audit_ledger(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    let mut statement = tx.connection().prepare(
        "SELECT body->>'$.transaction' AS movement, \
         sum(iif(body->>'$.direction' = 'debit', 1, -1) * (body->>'$.amount')) AS total \
         FROM ledger_entries GROUP BY movement HAVING total <> 0",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    for row in rows {
        let (movement, total) = row?;
        breaches.push(format!(
            "ledger: movement {movement} is out of balance by {total}"
        ));
    }
    Ok(())
}

fn audit_payments(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    // One pass over the ledger: what each payment has where.
    let mut positions: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut statement = tx.connection().prepare(
        "SELECT payment, account, \
         sum(iif(body->>'$.direction' = 'debit', 1, -1) * (body->>'$.amount')) \
         FROM ledger_entries WHERE payment IS NOT NULL GROUP BY payment, account",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((
            (row.get::<_, String>(0)?, row.get::<_, String>(1)?),
            row.get::<_, i64>(2)?,
        ))
    })?;
    for row in rows {
        let (key, total) = row?;
        positions.insert(key, total);
    }
    let mut statement = tx.connection().prepare("SELECT body FROM payments")?;
    let bodies = statement.query_map([], |row| row.get::<_, String>(0))?;
    for body in bodies {
        let payment: Payment = serde_json::from_str(&body?).map_err(DomainError::internal)?;
        let holds = match payment.state {
            PaymentState::PaymentReceived | PaymentState::Failed => None,
            _ => ledger::position(payment.ledger_state),
        };
        for account in [
            ledger::PARTNER_CLEARING,
            ledger::SETTLEMENT_IN_FLIGHT,
            ledger::MERCHANT_BANK,
        ] {
            let expected = match holds {
                Some(position) if position == account => {
                    payment.net.unwrap_or(0) - payment.amount_refunded
                }
                _ => 0,
            };
            let booked = positions
                .get(&(payment.id.clone(), account.to_owned()))
                .copied()
                .unwrap_or(0);
            if booked != expected {
                breaches.push(format!(
                    "payment {} is {} but the ledger has {booked} in {account}, not {expected}",
                    payment.id,
                    payment.state.name()
                ));
            }
        }
    }
    Ok(())
}

fn audit_history(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    let mut check = |sql: &str, what: &str| -> Result<(), DomainError> {
        let mut statement = tx.connection().prepare(sql)?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        for row in rows {
            breaches.push(format!("payment {}: {what}", row?));
        }
        Ok(())
    };
    check(
        "SELECT p.id FROM payments p WHERE p.state IS NOT \
         (SELECT new_state FROM payment_history h WHERE h.payment = p.id \
          ORDER BY h.sequence DESC LIMIT 1)",
        "the state is not the last of its history",
    )?;
    check(
        "SELECT DISTINCT payment FROM (SELECT payment, previous_state, \
         lag(new_state) OVER (PARTITION BY payment ORDER BY sequence) AS before \
         FROM payment_history) WHERE previous_state IS NOT before",
        "a move does not start where the one before ended",
    )?;
    check(
        "SELECT h.payment FROM payment_history h GROUP BY h.payment HAVING count(*) <> \
         (SELECT count(*) FROM events e WHERE e.subject = h.payment \
          AND e.body->>'$.data.state' IS NOT NULL)",
        "not every move has its event",
    )
}
