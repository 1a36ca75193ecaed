//! Owns the audit of subscriptions: what must hold of them whatever was done.

use super::{Status, Subscription};
use crate::domain::error::DomainError;
use crate::store::Tx;
use crate::time::Time;

/// Adds a sentence for each breach found.
pub(crate) fn audit(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    audit_charges(tx, breaches)?;
    audit_timers(tx, breaches)
}

/// A period's charge may be tried often and end well once. A settlement that was returned has been
/// authorised before: it counts.
fn audit_charges(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    let mut statement = tx.connection().prepare(
        "SELECT body->>'$.subscription' AS subscription, body->>'$.internal.period' AS period \
         FROM payments WHERE subscription IS NOT NULL \
         AND (state <> 'FAILED' OR body->>'$.captured_at' IS NOT NULL) \
         GROUP BY subscription, period HAVING count(*) > 1",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    for row in rows {
        let (id, period) = row?;
        breaches.push(format!(
            "subscription {id}: period {period} was charged twice"
        ));
    }
    Ok(())
}

/// Each has the timers that its status needs and no others, or it would stop or be charged too often.
fn audit_timers(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    let mut statement = tx
        .connection()
        .prepare("SELECT body FROM subscriptions WHERE deleted = 0 ORDER BY sequence")?;
    let bodies = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut timers = tx
        .connection()
        .prepare("SELECT kind, due FROM timers WHERE reference = ?1 ORDER BY kind")?;
    for body in bodies {
        let subscription: Subscription =
            serde_json::from_str(&body?).map_err(DomainError::internal)?;
        let found = timers
            .query_map([&subscription.id], |row| {
                Ok((row.get(0)?, Time::from_millis(row.get(1)?)))
            })?
            .collect::<Result<Vec<(String, Time)>, _>>()?;
        let expected: Vec<(String, Time)> = subscription
            .timers()
            .map(|(kind, due)| (kind.name().to_owned(), due))
            .collect();
        let (id, status) = (&subscription.id, subscription.status);
        if found != expected {
            breaches.push(format!(
                "subscription {id} is {} but its timers are {found:?}",
                status.name()
            ));
        }
        if (status == Status::PastDue) != subscription.internal.owed.is_some() {
            breaches.push(format!(
                "subscription {id} is {} and owes {:?}",
                status.name(),
                subscription.internal.owed
            ));
        }
    }
    Ok(())
}
