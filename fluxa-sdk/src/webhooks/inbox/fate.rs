//! Which transaction a handler is in, and what became of it.
//!
//! A handler can end the inbox's transaction with SQL of its own, and a commit's answer can be lost.
//! PostgreSQL knows both: the transaction's number, taken when it begins, says whether it is still
//! the same one, and on any other connection whether it was committed.

use tokio_postgres::Transaction;
use tokio_postgres::types::{ToSql, Type};

use super::{PostgresStore, StoreError};

/// The older name of `pg_current_xact_id()`, which PostgreSQL 12 and older do not have.
const NUMBER: &str = "SELECT txid_current()";

const IS_SAME: &str = "SELECT txid_current() = $1";

/// A prepared transaction counts as in progress, also when its connection is gone.
const FATE: &str = "
SELECT CASE
    WHEN EXISTS (SELECT FROM pg_prepared_xacts
                 WHERE transaction::text::int8 = $1 & 4294967295) THEN 'prepared'
    ELSE txid_status($1)
END";

/// The number of a transaction, which no other one will have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(i64);

impl Number {
    pub(super) async fn of(transaction: &Transaction<'_>) -> Result<Self, tokio_postgres::Error> {
        let row = transaction.query_typed(NUMBER, &[]).await?;
        // A statement without FROM has one row.
        Ok(Self(row.first().map_or(0, |row| row.get(0))))
    }

    /// Returns whether what is open on the connection is still this transaction.
    pub(super) async fn is_still(
        self,
        transaction: &Transaction<'_>,
    ) -> Result<bool, tokio_postgres::Error> {
        let rows = transaction
            .query_typed(IS_SAME, &[self.parameter()])
            .await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    pub(super) fn parameter(&self) -> (&(dyn ToSql + Sync), Type) {
        (&self.0, Type::INT8)
    }
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    RolledBack,
    /// Its connection has not ended it yet, or was closed a moment ago.
    InProgress,
    /// `PREPARE TRANSACTION` put it aside: it waits for `COMMIT PREPARED`.
    Prepared,
    /// PostgreSQL could not be asked, or no longer knows.
    Unknown,
}

impl Fate {
    /// Returns what to tell whose handler ended the transaction.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Committed => {
                "the handler committed the inbox's transaction itself: what it wrote stands, the \
                 event is not marked, and its next delivery will write it again; take COMMIT out \
                 of the handler and check this event's effects"
            }
            Self::RolledBack => {
                "the handler rolled the inbox's transaction back itself: what it wrote before is \
                 undone, what it wrote after may stand, and the event is not marked; take ROLLBACK \
                 and BEGIN out of the handler, and return an error to roll back"
            }
            Self::Prepared => {
                "the handler prepared the inbox's transaction itself: what it wrote waits for COMMIT \
                 PREPARED or ROLLBACK PREPARED, and the event is not marked; take PREPARE \
                 TRANSACTION out of the handler and end what it left in pg_prepared_xacts"
            }
            Self::InProgress | Self::Unknown => {
                "the handler ended the inbox's transaction itself: whether what it wrote stands is \
                 not known, and the event is not marked; take COMMIT, ROLLBACK and BEGIN out of the \
                 handler and check this event's effects"
            }
        }
    }
}

impl PostgresStore {
    /// Asks on a connection of its own what became of a transaction.
    pub(super) async fn fate(&self, number: Number) -> Result<Fate, StoreError> {
        let what = "what became of the transaction could not be asked";
        let rows = self.run(what, FATE, &[number.parameter()]).await?;
        let fate: Option<&str> = rows.first().and_then(|row| row.get(0));
        Ok(match fate {
            Some("committed") => Fate::Committed,
            Some("aborted") => Fate::RolledBack,
            Some("in progress") => Fate::InProgress,
            Some("prepared") => Fate::Prepared,
            _ => Fate::Unknown,
        })
    }
}
