//! Owns the log of requests to the API: one row for each, of the last 30 days and bounded in number.
//! Rows of writes are written with the write; those of reads wait in memory and are written together,
//! since a read is not worth an fsync. In a sandbox without a file all rows wait until the log is read.

use super::Metadata;
use super::error::DomainError;
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Rows kept of an account.
pub(crate) const KEPT: usize = 10_000;

/// How long a row is kept.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// Rows written one by one between two looks at what is too old or too many.
const PRUNE_STEP: i64 = 1_000;

/// A request to the API.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RequestLog {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    pub(crate) created_at: Time,
    metadata: Metadata,
    method: String,
    path: String,
    status: u16,
    key: Option<String>,
    ip: String,
    idempotency_key: Option<String>,
    duration_ms: u64,
    error_code: Option<String>,
}

/// What is told about a request when it comes in.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) id: String,
    pub(crate) at: Time,
    pub(crate) method: String,
    /// Path and query, without card data.
    pub(crate) path: String,
    pub(crate) ip: String,
    pub(crate) idempotency_key: Option<String>,
}

/// What is told about its answer.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) key: Option<String>,
    pub(crate) duration_ms: u64,
    pub(crate) error_code: Option<String>,
}

impl Resource for RequestLog {
    const TABLE: &'static str = "request_logs";
    const PREFIX: &'static str = contract::prefix::REQUEST;

    fn id(&self) -> &str {
        &self.id
    }
}

impl RequestLog {
    /// The row of a request.
    pub(crate) fn new(asked: Asked, answered: Answered) -> Self {
        Self {
            id: asked.id,
            object: "request_log".to_owned(),
            livemode: false,
            created_at: asked.at,
            metadata: Metadata::new(),
            method: asked.method,
            path: asked.path,
            status: answered.status,
            key: answered.key,
            ip: asked.ip,
            idempotency_key: asked.idempotency_key,
            duration_ms: answered.duration_ms,
            error_code: answered.error_code,
        }
    }
}

/// Rows that wait to be written; the oldest go when there are more than are kept anyway.
#[derive(Default)]
pub(crate) struct Waiting {
    rows: Mutex<VecDeque<RequestLog>>,
}

impl Waiting {
    fn rows(&self) -> MutexGuard<'_, VecDeque<RequestLog>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a row; `true` when it is the first that waits.
    pub(crate) fn push(&self, row: RequestLog) -> bool {
        let mut rows = self.rows();
        if rows.len() >= KEPT {
            rows.pop_front();
        }
        rows.push_back(row);
        rows.len() == 1
    }

    /// Takes everything.
    pub(crate) fn take(&self) -> VecDeque<RequestLog> {
        std::mem::take(&mut *self.rows())
    }

    /// Puts rows back that could not be written.
    pub(crate) fn put_back(&self, mut older: VecDeque<RequestLog>) {
        let mut rows = self.rows();
        older.append(&mut rows);
        while older.len() > KEPT {
            older.pop_front();
        }
        *rows = older;
    }
}

/// Writes the row of a write, in its own transaction.
pub(crate) fn write_one(tx: &Tx<'_>, row: RequestLog) -> Result<(), DomainError> {
    if let Some(waiting) = tx.unlogged() {
        waiting.push(row);
        return Ok(());
    }
    insert(tx, &row)?;
    if tx.connection().last_insert_rowid() % PRUNE_STEP == 0 {
        prune(tx)?;
    }
    Ok(())
}

/// Writes rows that have waited, and drops what is too old or too many.
pub(crate) fn write_many(tx: &Tx<'_>, rows: &VecDeque<RequestLog>) -> Result<(), DomainError> {
    for row in rows {
        insert(tx, row)?;
    }
    prune(tx)
}

fn insert(tx: &Tx<'_>, row: &RequestLog) -> Result<(), DomainError> {
    let body = serde_json::to_string(row).map_err(DomainError::internal)?;
    tx.connection()
        // A batch that failed after its commit comes twice.
        .prepare_cached(
            "INSERT OR IGNORE INTO request_logs (id, body, created_at, status, key) \
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            row.id,
            body,
            row.created_at.to_string(),
            row.status.to_string(),
            row.key
        ])?;
    Ok(())
}

fn prune(tx: &Tx<'_>) -> Result<(), DomainError> {
    let kept = i64::try_from(KEPT).unwrap_or(i64::MAX);
    tx.connection()
        .prepare_cached(
            "DELETE FROM request_logs WHERE sequence <= (SELECT max(sequence) FROM request_logs) - ?1",
        )?
        .execute([kept])?;
    let oldest: Option<String> = tx
        .connection()
        .prepare_cached("SELECT created_at FROM request_logs ORDER BY sequence LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let limit = tx.now().plus_millis(-KEPT_MS).to_string();
    if oldest.is_some_and(|oldest| oldest < limit) {
        tx.connection()
            .prepare_cached("DELETE FROM request_logs WHERE created_at < ?1")?
            .execute([limit])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Answered, Asked, KEPT, RequestLog, Waiting};
    use crate::time::Time;

    fn row(number: usize) -> RequestLog {
        let asked = Asked {
            id: format!("req_{number:016x}"),
            at: Time::from_millis(0),
            method: "GET".to_owned(),
            path: "/v1/payments".to_owned(),
            ip: "127.0.0.1".to_owned(),
            idempotency_key: None,
        };
        let answered = Answered {
            status: 200,
            key: None,
            duration_ms: 0,
            error_code: None,
        };
        RequestLog::new(asked, answered)
    }

    #[test]
    fn rows_that_wait_are_bounded_and_the_oldest_go_first() {
        let waiting = Waiting::default();
        for number in 0..KEPT + 5 {
            assert_eq!(waiting.push(row(number)), number == 0);
        }
        let taken = waiting.take();
        assert_eq!(taken.len(), KEPT);
        assert_eq!(taken[0].id, row(5).id);
        waiting.push(row(KEPT + 5));
        waiting.put_back(taken);
        let taken = waiting.take();
        assert_eq!((taken.len(), &taken[0].id), (KEPT, &row(6).id));
        assert_eq!(taken[KEPT - 1].id, row(KEPT + 5).id);
    }
}
