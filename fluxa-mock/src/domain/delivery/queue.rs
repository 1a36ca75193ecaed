//! Owns the queue of attempts that wait to be sent: what is added, and which are taken next. Every look
//! is by index: its cost follows from what is taken, not from how much waits.

use super::{Task, prepare};
use crate::domain::error::DomainError;
use crate::spans::{Span, Spans};
use crate::store::Tx;
use rusqlite::params;
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
pub(crate) struct Wanted {
    /// Of those that the clock waits for, whatever the endpoint: the oldest.
    pub(crate) awaited: Allowance,
    /// Of all others, by endpoint: those with an allowance of their own.
    pub(crate) known: HashMap<String, Allowance>,
    /// That of every other endpoint.
    pub(crate) unknown: Allowance,
}

/// The attempts that come next.
#[derive(Default)]
pub(crate) struct Taken {
    /// Those that the clock waits for, in their order.
    pub(crate) awaited: Vec<Task>,
    /// The others.
    pub(crate) others: Vec<Task>,
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
    Ok(rows == 1)
}

/// What is queued for an endpoint, the oldest first.
pub(super) fn of_endpoint(tx: &Tx<'_>, endpoint: &str) -> Result<Vec<String>, DomainError> {
    oldest_of(tx, endpoint, Span::ALL, usize::MAX)
}

/// The last place of the queue that was ever given out.
pub(crate) fn queue_end(tx: &Tx<'_>) -> Result<i64, DomainError> {
    tx.last_place("delivery_queue")
}

/// The attempts to start next, ready to be sent; never one of `under_way`. Those at places in `awaited`
/// come by themselves, in their order; places where nothing waits any more are dropped from it.
///
/// The only place where the order of sending is decided: what shuffles, holds back or doubles
/// deliveries on purpose belongs here.
pub(crate) fn take(
    tx: &Tx<'_>,
    wanted: &Wanted,
    awaited: &mut Spans,
    under_way: &HashSet<String>,
) -> Result<Taken, DomainError> {
    let mut taken = Taken::default();
    match first_of(tx, awaited)? {
        None => awaited.clear(),
        Some(first) => {
            awaited.forget_before(first);
            let queued = oldest_in(tx, awaited, limit(wanted.awaited))?;
            start(tx, queued, wanted.awaited, under_way, &mut taken.awaited)?;
        }
    }
    // What lies between awaited places waits with them: it came in the same moment.
    for span in around(tx, awaited)? {
        let mut last = String::new();
        while let Some(endpoint) = next_endpoint(tx, &last)? {
            let allowance = *wanted.known.get(&endpoint).unwrap_or(&wanted.unknown);
            if allowance.more > 0 {
                let queued = oldest_of(tx, &endpoint, span, limit(allowance))?;
                start(tx, queued, allowance, under_way, &mut taken.others)?;
            }
            last = endpoint;
        }
    }
    Ok(taken)
}

/// The parts of the queue before and after what is awaited, if anything is there.
fn around(tx: &Tx<'_>, awaited: &Spans) -> Result<Vec<Span>, DomainError> {
    let Some(hull) = awaited.hull() else {
        return Ok(vec![Span::ALL]);
    };
    let sql = "SELECT (SELECT min(sequence) FROM delivery_queue), \
               (SELECT max(sequence) FROM delivery_queue)";
    let ends = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let (first, last): (Option<i64>, Option<i64>) =
        tx.connection().prepare_cached(sql)?.query_row([], ends)?;
    let before = Span {
        to: hull.after,
        ..Span::ALL
    };
    let after = Span {
        after: hull.to,
        ..Span::ALL
    };
    let mut parts = Vec::new();
    parts.extend(first.filter(|first| *first <= hull.after).map(|_| before));
    parts.extend(last.filter(|last| *last > hull.to).map(|_| after));
    Ok(parts)
}

/// How far to read so that what has started cannot hide what may.
fn limit(allowance: Allowance) -> usize {
    match allowance.more {
        0 => 0,
        more => more + allowance.under_way,
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
    tx.mark_queued();
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

/// The first place of the queue that is in `places`.
fn first_of(tx: &Tx<'_>, places: &Spans) -> Result<Option<i64>, DomainError> {
    let sql = "SELECT min(sequence) FROM delivery_queue WHERE sequence > ?1 AND sequence <= ?2";
    let mut statement = tx.connection().prepare_cached(sql)?;
    for Span { after, to } in places.iter() {
        let first: Option<i64> = statement.query_row([after, to], |row| row.get(0))?;
        if first.is_some() {
            return Ok(first);
        }
    }
    Ok(None)
}

/// The oldest attempts at `places`.
fn oldest_in(tx: &Tx<'_>, places: &Spans, limit: usize) -> Result<Vec<String>, DomainError> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT delivery FROM delivery_queue WHERE sequence > ?1 AND sequence <= ?2 \
         ORDER BY sequence LIMIT ?3",
    )?;
    let mut oldest = Vec::new();
    for Span { after, to } in places.iter() {
        let left = limit.saturating_sub(oldest.len());
        if left == 0 {
            break;
        }
        let left = i64::try_from(left).unwrap_or(i64::MAX);
        let rows = statement.query_map([after, to, left], |row| row.get::<_, String>(0))?;
        for row in rows {
            oldest.push(row?);
        }
    }
    Ok(oldest)
}

/// The oldest attempts to an endpoint at places of `span`.
fn oldest_of(
    tx: &Tx<'_>,
    endpoint: &str,
    span: Span,
    limit: usize,
) -> Result<Vec<String>, DomainError> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT delivery FROM delivery_queue \
         WHERE endpoint = ?1 AND sequence > ?2 AND sequence <= ?3 ORDER BY sequence LIMIT ?4",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![endpoint, span.after, span.to, limit], |row| {
        row.get(0)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
