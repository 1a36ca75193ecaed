//! Owns the append-only history of payments: one row per move. The database itself refuses to change
//! or delete a row.

use super::error::DomainError;
use crate::store::{ListQuery, Tx};
use crate::time::Time;
use rusqlite::{OptionalExtension, params};
use serde::Serialize;

/// Who moved a payment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Actor {
    System,
    Merchant,
}

impl Actor {
    fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Merchant => "merchant",
        }
    }
}

/// One move.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    object: &'static str,
    payment: String,
    actor: String,
    at: Time,
    previous_state: Option<String>,
    new_state: String,
    reason: String,
    #[serde(skip)]
    pub(crate) sequence: i64,
}

/// Adds a move.
pub(crate) fn append(
    tx: &Tx<'_>,
    payment: &str,
    actor: Actor,
    previous_state: Option<&str>,
    new_state: &str,
    reason: &str,
) -> Result<(), DomainError> {
    tx.connection()
        // As for a resource: one row that fails has changed nothing.
        .prepare_cached(
            "INSERT OR FAIL INTO payment_history (payment, at, actor, previous_state, new_state, reason) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            payment,
            tx.now().millis(),
            actor.name(),
            previous_state,
            new_state,
            reason
        ])?;
    Ok(())
}

/// A page of a payment's moves, newest first; the cursor is the entry's place in the history.
///
/// # Errors
/// `invalid_cursor` when the cursor is not of this payment's history.
pub(crate) fn list(
    tx: &Tx<'_>,
    payment: &str,
    query: &ListQuery,
) -> Result<(Vec<Entry>, bool), DomainError> {
    let before = match &query.after {
        None => i64::MAX,
        Some(after) => {
            let sequence: i64 = after
                .parse()
                .map_err(|_| DomainError::invalid_cursor(after))?;
            tx.connection()
                .prepare_cached(
                    "SELECT 1 FROM payment_history WHERE sequence = ?1 AND payment = ?2",
                )?
                .query_row(params![sequence, payment], |_| Ok(()))
                .optional()?
                .ok_or_else(|| DomainError::invalid_cursor(after))?;
            sequence
        }
    };
    let take = i64::try_from(query.limit + 1).unwrap_or(i64::MAX);
    let mut entries = read(
        tx,
        payment,
        "AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3",
        before,
        take,
    )?;
    let has_more = entries.len() > query.limit;
    entries.truncate(query.limit);
    Ok((entries, has_more))
}

/// The whole history as CSV, oldest first.
pub(crate) fn csv(tx: &Tx<'_>, payment: &str) -> Result<String, DomainError> {
    let mut text = String::from("payment,at,actor,previous_state,new_state,reason\n");
    for entry in read(
        tx,
        payment,
        "AND sequence < ?2 ORDER BY sequence LIMIT ?3",
        i64::MAX,
        -1,
    )? {
        // No field can hold a comma or a quote: ids, instants and names only.
        text.push_str(&format!(
            "{},{},{},{},{},{}\n",
            entry.payment,
            entry.at,
            entry.actor,
            entry.previous_state.unwrap_or_default(),
            entry.new_state,
            entry.reason
        ));
    }
    Ok(text)
}

fn read(
    tx: &Tx<'_>,
    payment: &str,
    rest: &str,
    before: i64,
    take: i64,
) -> Result<Vec<Entry>, DomainError> {
    let sql = format!(
        "SELECT payment, actor, at, previous_state, new_state, reason, sequence \
         FROM payment_history WHERE payment = ?1 {rest}"
    );
    let mut statement = tx.connection().prepare_cached(&sql)?;
    let rows = statement.query_map(params![payment, before, take], |row| {
        Ok(Entry {
            object: "payment_history_entry",
            payment: row.get(0)?,
            actor: row.get(1)?,
            at: Time::from_millis(row.get(2)?),
            previous_state: row.get(3)?,
            new_state: row.get(4)?,
            reason: row.get(5)?,
            sequence: row.get(6)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
