//! Owns the audit of a sandbox: what must hold whatever was done to it. Each breach is one sentence.
//! Reads the tables by itself rather than through the code that wrote them, each once from end to end:
//! as many queries for a hundred thousand payments as for one.

mod facts;
mod payments;
mod settlements;

use super::error::DomainError;
use super::subscription;
use crate::events::EventType;
use crate::store::Tx;
use crate::time::Time;
use serde::Deserialize;
use settlements::Batches;
use std::collections::HashMap;

/// Every breach found; empty when all holds.
pub(crate) fn audit(tx: &Tx<'_>) -> Result<Vec<String>, DomainError> {
    let mut breaches = Vec::new();
    let mut facts = HashMap::new();
    facts::read_ledger(tx, &mut facts, &mut breaches)?;
    let refunds = facts::read_refunds(tx, &mut facts)?;
    let (disputes, made_good) = facts::read_disputes(tx, &mut facts)?;
    facts::read_history(tx, &mut facts, &mut breaches)?;
    facts::read_events(tx, &mut facts)?;
    let mut batches = Batches::read(tx)?;
    payments::check(tx, facts, &mut batches, &mut breaches)?;
    let completed = batches.check(made_good, &mut breaches);
    let ends = |counts: &HashMap<String, i64>, status: &str| counts.get(status).copied();
    let total = |counts: &HashMap<String, i64>| counts.values().sum::<i64>();
    let expected = [
        (EventType::RefundCreated, total(&refunds)),
        (
            EventType::RefundSucceeded,
            ends(&refunds, "succeeded").unwrap_or(0),
        ),
        (
            EventType::RefundFailed,
            ends(&refunds, "failed").unwrap_or(0),
        ),
        (EventType::DisputeCreated, total(&disputes)),
        (EventType::DisputeEvidenceRequired, total(&disputes)),
        (EventType::DisputeWon, ends(&disputes, "won").unwrap_or(0)),
        (EventType::DisputeLost, ends(&disputes, "lost").unwrap_or(0)),
        (EventType::SettlementCompleted, completed),
    ];
    for (event, happened) in expected {
        let told = count_events(tx, &event)?;
        if told != happened {
            let name = event.as_str();
            breaches.push(format!(
                "events: {told} are {name}, but it happened {happened} times"
            ));
        }
    }
    subscription::audit(tx, &mut breaches)?;
    tell_of_failed_timers(tx, &mut breaches)?;
    for (table, id) in tx.disagreements()? {
        breaches.push(format!(
            "{table}: the columns of {id} do not say what its body says"
        ));
    }
    Ok(breaches)
}

/// Timers that were fired in vain: what they are for has not happened, and is still to happen.
fn tell_of_failed_timers(tx: &Tx<'_>, breaches: &mut Vec<String>) -> Result<(), DomainError> {
    let sql = "SELECT kind, reference, failures, due FROM timers WHERE failures > 0 \
               ORDER BY due, sequence";
    let mut statement = tx.connection().prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, reference): (String, String) = (row.get(0)?, row.get(1)?);
        let failures: i64 = row.get(2)?;
        let due = Time::from_millis(row.get(3)?);
        breaches.push(format!(
            "timers: {kind} of {reference} has failed (attempts: {failures}) and is tried again at {due}"
        ));
    }
    Ok(())
}

/// How many events of a type there are: a walk over the index alone.
fn count_events(tx: &Tx<'_>, event: &EventType) -> Result<i64, DomainError> {
    Ok(tx
        .connection()
        .prepare_cached("SELECT count(*) FROM events WHERE type = ?1")?
        .query_row([event.as_str()], |row| row.get(0))?)
}

/// Reads every body of a table, oldest first.
fn each_body<F>(tx: &Tx<'_>, table: &str, mut take: F) -> Result<(), DomainError>
where
    F: FnMut(&str) -> Result<(), DomainError>,
{
    let sql = format!("SELECT body FROM {table} ORDER BY sequence");
    let mut statement = tx.connection().prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(0)?.as_str().map_err(DomainError::internal)?;
        take(body)?;
    }
    Ok(())
}

/// The part of a body that is looked at.
fn part<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, DomainError> {
    serde_json::from_str(body).map_err(DomainError::internal)
}
