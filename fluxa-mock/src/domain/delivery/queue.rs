//! Owns the queue of attempts that wait to be sent: what is added, and which are taken next. Every look
//! is by index: its cost follows from what is taken, not from how much waits.

use super::{Task, prepare};
use crate::domain::error::DomainError;
use crate::store::Tx;
use std::collections::{HashMap, HashSet};

/// How many attempts of one endpoint may start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// May start now.
    pub(crate) more: usize,
    /// Have started, and are still in the queue.
    pub(crate) under_way: usize,
}

/// Which attempts are wanted next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// So many of each endpoint, the oldest first.
    OfEach {
        /// Endpoints with an allowance of their own.
        known: HashMap<String, Allowance>,
        /// That of all others.
        others: Allowance,
    },
    /// The oldest, whatever the endpoint.
    InOrder(Allowance),
}

/// Adds an attempt at the end.
pub(super) fn add(tx: &Tx<'_>, delivery: &str, endpoint: &str) -> Result<(), DomainError> {
    tx.connection()
        .prepare_cached("INSERT INTO delivery_queue (delivery, endpoint) VALUES (?1, ?2)")?
        .execute([delivery, endpoint])?;
    tx.mark_queued();
    Ok(())
}

/// Removes an attempt; false when it was not there any more.
pub(super) fn remove(tx: &Tx<'_>, delivery: &str) -> Result<bool, DomainError> {
    let rows = tx
        .connection()
        .prepare_cached("DELETE FROM delivery_queue WHERE delivery = ?1")?
        .execute([delivery])?;
    tx.mark_queued();
    Ok(rows == 1)
}

/// What is queued for an endpoint, the oldest first.
pub(super) fn of_endpoint(tx: &Tx<'_>, endpoint: &str) -> Result<Vec<String>, DomainError> {
    oldest_of(tx, endpoint, i64::MAX)
}

/// Whether an attempt waits, or is under way, at a place up to `sequence`.
pub(crate) fn is_waiting(tx: &Tx<'_>, sequence: i64) -> Result<bool, DomainError> {
    Ok(tx
        .connection()
        .prepare_cached("SELECT coalesce(min(sequence) <= ?1, 0) FROM delivery_queue")?
        .query_row([sequence], |row| row.get(0))?)
}

/// The last place of the queue.
pub(crate) fn queue_end(tx: &Tx<'_>) -> Result<i64, DomainError> {
    Ok(tx
        .connection()
        .prepare_cached("SELECT coalesce(max(sequence), 0) FROM delivery_queue")?
        .query_row([], |row| row.get(0))?)
}

/// The attempts to start next, ready to be sent; never one of `under_way`.
///
/// The only place where the order of sending is decided: what shuffles, holds back or doubles
/// deliveries on purpose belongs here.
pub(crate) fn take(
    tx: &Tx<'_>,
    wanted: &Wanted,
    under_way: &HashSet<String>,
) -> Result<Vec<Task>, DomainError> {
    let mut tasks = Vec::new();
    match wanted {
        Wanted::InOrder(allowance) => {
            let queued = oldest(tx, limit(*allowance))?;
            start(tx, queued, *allowance, under_way, &mut tasks)?;
        }
        Wanted::OfEach { known, others } => {
            let mut last = String::new();
            while let Some(endpoint) = next_endpoint(tx, &last)? {
                let allowance = known.get(&endpoint).copied().unwrap_or(*others);
                if allowance.more > 0 {
                    let queued = oldest_of(tx, &endpoint, limit(allowance))?;
                    start(tx, queued, allowance, under_way, &mut tasks)?;
                }
                last = endpoint;
            }
        }
    }
    Ok(tasks)
}

/// How far to read so that what has started cannot hide what may.
fn limit(allowance: Allowance) -> i64 {
    match allowance.more {
        0 => 0,
        more => i64::try_from(more + allowance.under_way).unwrap_or(i64::MAX),
    }
}

fn start(
    tx: &Tx<'_>,
    queued: Vec<String>,
    allowance: Allowance,
    under_way: &HashSet<String>,
    tasks: &mut Vec<Task>,
) -> Result<(), DomainError> {
    let next = queued.iter().filter(|id| !under_way.contains(*id));
    for id in next.take(allowance.more) {
        let prepared: Result<_, DomainError> = tx.savepoint(|tx| prepare(tx, id));
        match prepared {
            Ok(task) => tasks.extend(task),
            Err(error) => drop_broken(tx, id, &error)?,
        }
    }
    Ok(())
}

/// Takes out an attempt that cannot be made or recorded: it would fail for ever, and hold up others.
pub(crate) fn drop_broken(
    tx: &Tx<'_>,
    delivery: &str,
    error: &DomainError,
) -> Result<(), DomainError> {
    tracing::error!(%error, delivery, "a delivery is broken and is dropped");
    remove(tx, delivery).map(|_| ())
}

/// The first endpoint after `endpoint` for which something is queued: one step in the index, however
/// much that is.
fn next_endpoint(tx: &Tx<'_>, endpoint: &str) -> Result<Option<String>, DomainError> {
    Ok(tx
        .connection()
        .prepare_cached("SELECT min(endpoint) FROM delivery_queue WHERE endpoint > ?1")?
        .query_row([endpoint], |row| row.get(0))?)
}

fn oldest(tx: &Tx<'_>, limit: i64) -> Result<Vec<String>, DomainError> {
    let mut statement = tx
        .connection()
        .prepare_cached("SELECT delivery FROM delivery_queue ORDER BY sequence LIMIT ?1")?;
    let rows = statement.query_map([limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn oldest_of(tx: &Tx<'_>, endpoint: &str, limit: i64) -> Result<Vec<String>, DomainError> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT delivery FROM delivery_queue WHERE endpoint = ?1 ORDER BY sequence LIMIT ?2",
    )?;
    let rows = statement.query_map(rusqlite::params![endpoint, limit], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
