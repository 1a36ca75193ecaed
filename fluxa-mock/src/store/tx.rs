//! Owns the transaction handle that domain code works on: the connection, the instant, the origin of
//! the change, and the rows that are not resources (timers, meta).

use super::{Shared, schema, write_clock};
use crate::domain::error::DomainError;
use crate::time::Time;
use rusqlite::{Connection, OptionalExtension, params};
use std::cell::Cell;

/// Who caused a change: an API request, or the sandbox itself when empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// Id of the request.
    pub(crate) request_id: Option<String>,
    /// Its idempotency key.
    pub(crate) idempotency_key: Option<String>,
}

/// A due timer.
pub(crate) struct Timer {
    pub(crate) sequence: i64,
    pub(crate) due: Time,
    pub(crate) kind: String,
    pub(crate) reference: String,
}

/// A transaction.
pub(crate) struct Tx<'a> {
    connection: &'a Connection,
    shared: &'a Shared,
    now: Cell<Time>,
    origin: Origin,
    changed: Cell<bool>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(connection: &'a Connection, shared: &'a Shared, origin: Origin) -> Self {
        let now = Cell::new(shared.clock.now());
        Self {
            connection,
            shared,
            now,
            origin,
            changed: Cell::new(false),
        }
    }

    /// The connection, for SQL that is not a resource's.
    pub(crate) fn connection(&self) -> &Connection {
        self.connection
    }

    /// The instant of this transaction on the virtual clock.
    pub(crate) fn now(&self) -> Time {
        self.now.get()
    }

    /// Holds the clock at `instant`, for this transaction too; never moves it back.
    pub(crate) fn hold_clock_at(&self, instant: Time) {
        self.shared.clock.hold_at(instant);
        self.now.set(self.shared.clock.now());
    }

    /// Who caused it.
    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The same transaction seen from another origin (a timer fired inside a request's drain).
    pub(crate) fn with_origin(&self, origin: Origin) -> Tx<'_> {
        Tx {
            connection: self.connection,
            shared: self.shared,
            now: self.now.clone(),
            origin,
            changed: Cell::new(true),
        }
    }

    /// A new id.
    pub(crate) fn new_id(&self, prefix: &str) -> String {
        self.shared.ids.next(prefix)
    }

    /// The API's base URL, `…/v1`.
    pub(crate) fn base_url(&self) -> &str {
        self.shared
            .base_url
            .get()
            .map_or("http://127.0.0.1/v1", String::as_str)
    }

    /// Whether the configuration lets webhooks go to this host.
    pub(crate) fn is_allowed_host(&self, host: &str) -> bool {
        self.shared
            .allowed_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(host))
    }

    /// Whose sandbox it is.
    pub(crate) fn identity(&self) -> &crate::accounts::Identity {
        &self.shared.identity
    }

    /// Rows of the log that are written when it is read; `None` when each row must outlive the process.
    pub(crate) fn unlogged(&self) -> Option<&crate::domain::request_log::Waiting> {
        Some(&self.shared.unlogged).filter(|_| !self.shared.is_durable)
    }

    /// The clock of the sandbox.
    pub(crate) fn clock(&self) -> &crate::clock::Clock {
        &self.shared.clock
    }

    /// Tells watchers, after the commit, that there is something new.
    pub(crate) fn mark_changed(&self) {
        self.changed.set(true);
    }

    pub(super) fn has_changed(&self) -> bool {
        self.changed.get()
    }

    /// Runs `work` in a savepoint: an `Err` undoes what it did and nothing else.
    pub(crate) fn savepoint<T, E: From<DomainError>>(
        &self,
        work: impl FnOnce(&Tx<'a>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.statement("SAVEPOINT job")?;
        let result = work(self);
        if result.is_err() {
            self.statement("ROLLBACK TO job")?;
        }
        self.statement("RELEASE job")?;
        result
    }

    fn statement(&self, sql: &str) -> Result<(), DomainError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Adds a timer.
    pub(crate) fn schedule(
        &self,
        due: Time,
        kind: &str,
        reference: &str,
    ) -> Result<(), DomainError> {
        self.connection
            .prepare_cached("INSERT INTO timers (due, kind, reference) VALUES (?1, ?2, ?3)")?
            .execute(params![due.millis(), kind, reference])?;
        self.mark_changed();
        Ok(())
    }

    /// Drops the timers about `reference`.
    pub(crate) fn cancel_timers(&self, reference: &str) -> Result<(), DomainError> {
        self.connection
            .prepare_cached("DELETE FROM timers WHERE reference = ?1")?
            .execute([reference])?;
        self.mark_changed();
        Ok(())
    }

    /// The next timer, in (due, sequence) order.
    pub(crate) fn next_timer(&self) -> Result<Option<Timer>, DomainError> {
        let sql =
            "SELECT sequence, due, kind, reference FROM timers ORDER BY due, sequence LIMIT 1";
        Ok(self
            .connection
            .prepare_cached(sql)?
            .query_row([], |row| {
                Ok(Timer {
                    sequence: row.get(0)?,
                    due: Time::from_millis(row.get(1)?),
                    kind: row.get(2)?,
                    reference: row.get(3)?,
                })
            })
            .optional()?)
    }

    /// Removes a timer that is being fired.
    pub(crate) fn remove_timer(&self, sequence: i64) -> Result<(), DomainError> {
        self.connection
            .prepare_cached("DELETE FROM timers WHERE sequence = ?1")?
            .execute([sequence])?;
        Ok(())
    }

    /// How many timers wait.
    pub(crate) fn pending_timers(&self) -> Result<i64, DomainError> {
        Ok(self
            .connection
            .prepare_cached("SELECT count(*) FROM timers")?
            .query_row([], |row| row.get(0))?)
    }

    /// Writes the clock down, to continue from after a restart.
    pub(crate) fn persist_clock(&self) -> Result<(), DomainError> {
        write_clock(self.connection, self.shared.clock.record())?;
        Ok(())
    }

    /// Empties the sandbox.
    pub(crate) fn reset(&self) -> Result<(), DomainError> {
        schema::reset(self.connection)?;
        self.shared.unlogged.take();
        self.mark_changed();
        Ok(())
    }
}
