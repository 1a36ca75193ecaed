//! Owns the transaction handle that domain code works on: the connection, the instant, the origin of
//! the change, and the rows that are not resources (timers, meta).

use super::{Resource, Shared, schema, write_clock};
use crate::clock::{ClockRecord, Hold, real_millis};
use crate::domain::api_key::ApiKey;
use crate::domain::error::DomainError;
use crate::domain::webhook_endpoint::WebhookEndpoint;
use crate::ids::Ids;
use crate::time::Time;
use rusqlite::{Connection, OptionalExtension, params};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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
    /// How often it was fired in vain.
    pub(crate) failures: u32,
}

/// A transaction.
pub(crate) struct Tx<'a> {
    connection: &'a Connection,
    shared: &'a Shared,
    ids: &'a Ids,
    now: Cell<Time>,
    origin: Origin,
    marks: Rc<Marks>,
    /// What the connection had changed, in rows, when the job began.
    changes_before: u64,
}

/// Whom to wake after the commit; the same whatever origin a transaction is seen from.
#[derive(Default)]
struct Marks {
    changed: Cell<bool>,
    queued: Cell<bool>,
    /// There is a timer before the one that is waited for.
    scheduled: Cell<bool>,
}

/// The marks of a transaction that has run.
pub(super) struct Marked {
    pub(super) changed: bool,
    pub(super) queued: bool,
    pub(super) scheduled: bool,
}

impl<'a> Tx<'a> {
    pub(super) fn new(connection: &'a Connection, shared: &'a Shared, origin: Origin) -> Self {
        let now = Cell::new(shared.clock.now());
        Self {
            connection,
            shared,
            ids: &shared.ids,
            now,
            origin,
            marks: Rc::default(),
            changes_before: connection.total_changes(),
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

    /// Moves the clock to `instant`, for this transaction too, never back; false when the hold has ended.
    pub(crate) fn move_clock(&self, hold: Hold, instant: Time) -> bool {
        let moved = self.shared.clock.move_to(hold, instant);
        if moved {
            self.now.set(self.now.get().max(instant));
        }
        moved
    }

    /// The same transaction with ids from another source, at whatever instant it is told: to write a
    /// past. The sandbox's clock stays as it is.
    pub(crate) fn of_the_past<'b>(&'b self, ids: &'b Ids) -> Tx<'b> {
        self.mark_changed();
        Tx {
            ids,
            ..self.with_origin(Origin::default())
        }
    }

    /// Goes to an instant of the past that is being written.
    pub(crate) fn go_to(&self, instant: Time) {
        self.now.set(instant);
    }

    /// Sets the clock, back if need be: only for a state that is new as a whole.
    pub(crate) fn restart_clock(&self, instant: Option<Time>, pace: f64) {
        let real_ms = real_millis();
        self.shared.clock.restore(ClockRecord {
            virtual_ms: instant.map_or(real_ms, Time::millis),
            real_ms,
            pace,
        });
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
            ids: self.ids,
            now: self.now.clone(),
            origin,
            marks: Rc::clone(&self.marks),
            changes_before: self.changes_before,
        }
    }

    /// A new id.
    pub(crate) fn new_id(&self, prefix: &str) -> String {
        self.ids.next(prefix)
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

    /// Whether other machines reach the server, so that the well-known keys open nothing.
    pub(crate) fn is_exposed(&self) -> bool {
        self.shared.is_exposed
    }

    /// Whose sandbox it is.
    pub(crate) fn identity(&self) -> &crate::accounts::Identity {
        &self.shared.identity
    }

    /// A row of a resource's table is about to change.
    pub(super) fn touches(&self, table: &str) {
        if table == ApiKey::TABLE || table == WebhookEndpoint::TABLE {
            self.shared.forget();
        }
    }

    /// The API key with this hash as it was last read, if nothing changed any key since.
    pub(crate) fn known_key(&self, hash: &str) -> Option<ApiKey> {
        self.shared.remembered().keys.get(hash).cloned()
    }

    /// Remembers a key as it stands in the database.
    pub(crate) fn remember_key(&self, hash: &str, key: &ApiKey) {
        let key = key.clone();
        self.shared.remembered().keys.insert(hash.to_owned(), key);
    }

    /// The endpoints that receive events, oldest first.
    pub(crate) fn enabled_endpoints(&self) -> Result<Arc<[WebhookEndpoint]>, DomainError> {
        if let Some(known) = &self.shared.remembered().endpoints {
            return Ok(Arc::clone(known));
        }
        let enabled: Arc<[_]> = self.all_by("status", "enabled")?.into();
        self.shared.remembered().endpoints = Some(Arc::clone(&enabled));
        Ok(enabled)
    }

    /// Rows of the log that are written when it is read; `None` when each row must outlive the process.
    pub(crate) fn unlogged(&self) -> Option<&crate::domain::request_log::Waiting> {
        Some(&self.shared.unlogged).filter(|_| !self.shared.is_durable)
    }

    /// The faults in force.
    pub(crate) fn faults(&self) -> &crate::faults::Faults {
        &self.shared.faults
    }

    /// The clock of the sandbox.
    pub(crate) fn clock(&self) -> &crate::clock::Clock {
        &self.shared.clock
    }

    /// What fingerprints of requests are keyed with.
    pub(crate) fn fingerprint_salt(&self) -> [u8; 32] {
        *self.shared.fingerprint_salt()
    }

    /// Tells watchers, after the commit, that there is something new.
    pub(crate) fn mark_changed(&self) {
        self.marks.changed.set(true);
    }

    /// Tells the dispatcher, after the commit, to look at the queue of deliveries. Apart from other
    /// changes: most commits concern no delivery.
    pub(crate) fn mark_queued(&self) {
        self.marks.queued.set(true);
    }

    /// Says which timer is waited for; what is scheduled before it wakes the timers.
    pub(crate) fn await_timer(&self, due: Option<Time>) {
        let due = due.map_or(i64::MAX, Time::millis);
        self.shared.awaited_timer.store(due, Ordering::Relaxed);
    }

    fn mark_scheduled(&self, due: Time) {
        if due.millis() < self.shared.awaited_timer.load(Ordering::Relaxed) {
            self.marks.scheduled.set(true);
        }
    }

    /// Whom to wake after the commit.
    pub(super) fn marks(&self) -> Marked {
        Marked {
            changed: self.marks.changed.get(),
            queued: self.marks.queued.get(),
            scheduled: self.marks.scheduled.get(),
        }
    }

    /// Runs `work` in a savepoint: an `Err` undoes what it did and nothing else.
    pub(crate) fn savepoint<T, E: From<DomainError>>(
        &self,
        work: impl FnOnce(&Tx<'a>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.statement("SAVEPOINT job")?;
        let result = work(self);
        if result.is_err() {
            self.undo()?;
        }
        if !self.is_undone() {
            self.statement("RELEASE job")?;
        }
        result
    }

    /// Whether SQLite has undone the whole transaction by itself, as it does when there is no room left.
    fn is_undone(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Runs `work` as in a savepoint, in the job's own when nothing has been written in that yet. Not
    /// within another savepoint.
    pub(crate) fn attempt<T, E: From<DomainError>>(
        &self,
        work: impl FnOnce(&Tx<'a>) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.connection.total_changes() != self.changes_before {
            return self.savepoint(work);
        }
        let result = work(self);
        // What is refused has written nothing, as a rule.
        if result.is_err() && self.connection.total_changes() != self.changes_before {
            self.undo()?;
        }
        result
    }

    fn undo(&self) -> Result<(), DomainError> {
        self.shared.forget();
        match self.is_undone() {
            true => Ok(()),
            false => self.statement("ROLLBACK TO job"),
        }
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
        self.schedule_at(self.reserve_timer(), due, kind, reference)
    }

    /// Draws a place for a timer that may come later: among those of its instant it fires as if it had
    /// been added now.
    pub(crate) fn reserve_timer(&self) -> i64 {
        self.ids.next_place()
    }

    /// Adds a timer at a place drawn before.
    pub(crate) fn schedule_at(
        &self,
        place: i64,
        due: Time,
        kind: &str,
        reference: &str,
    ) -> Result<(), DomainError> {
        let sql = "INSERT INTO timers (sequence, due, kind, reference) VALUES (?1, ?2, ?3, ?4)";
        self.connection.prepare_cached(sql)?.execute(params![
            place,
            due.millis(),
            kind,
            reference
        ])?;
        self.mark_scheduled(due);
        Ok(())
    }

    /// Drops the timers about `reference`.
    pub(crate) fn cancel_timers(&self, reference: &str) -> Result<(), DomainError> {
        self.connection
            .prepare_cached("DELETE FROM timers WHERE reference = ?1")?
            .execute([reference])?;
        Ok(())
    }

    /// The next timer, in (due, sequence) order.
    pub(crate) fn next_timer(&self) -> Result<Option<Timer>, DomainError> {
        let sql = "SELECT sequence, due, kind, reference, failures FROM timers ORDER BY due, sequence LIMIT 1";
        Ok(self
            .connection
            .prepare_cached(sql)?
            .query_row([], |row| {
                Ok(Timer {
                    sequence: row.get(0)?,
                    due: Time::from_millis(row.get(1)?),
                    kind: row.get(2)?,
                    reference: row.get(3)?,
                    failures: row.get(4)?,
                })
            })
            .optional()?)
    }

    /// Removes a timer that is being fired.
    pub(crate) fn remove_timer(&self, timer: &Timer) -> Result<(), DomainError> {
        self.connection
            .prepare_cached("DELETE FROM timers WHERE due = ?1 AND sequence = ?2")?
            .execute([timer.due.millis(), timer.sequence])?;
        Ok(())
    }

    /// Puts off a timer that failed, at its own place.
    pub(crate) fn put_off_timer(&self, timer: &Timer, due: Time) -> Result<(), DomainError> {
        let sql =
            "UPDATE timers SET due = ?3, failures = failures + 1 WHERE due = ?1 AND sequence = ?2";
        self.connection.prepare_cached(sql)?.execute([
            timer.due.millis(),
            timer.sequence,
            due.millis(),
        ])?;
        self.mark_scheduled(due);
        Ok(())
    }

    /// The last place of a timer that was ever given out.
    pub(crate) fn last_timer(&self) -> i64 {
        self.ids.last_place()
    }

    /// The last place of a table whose places only rise, whether or not its row is still there.
    pub(crate) fn last_place(&self, table: &str) -> Result<i64, DomainError> {
        let place = self
            .connection
            .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")?
            .query_row([table], |row| row.get(0))
            .optional()?;
        Ok(place.unwrap_or(0))
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
        self.shared.forget();
        self.marks.scheduled.set(true);
        self.mark_queued();
        self.shared.unlogged.take();
        self.mark_changed();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Tx;
    use crate::domain::error::DomainError;
    use crate::events::{self, EventType};
    use crate::store::{Opening, Origin, Store};
    use serde_json::json;

    fn store() -> Store {
        Store::open(&Opening::frozen_in_memory()).unwrap()
    }

    fn refused(tx: &Tx<'_>, kind: &str) -> DomainError {
        let refusal = tx.attempt(|tx| {
            tx.schedule(tx.now(), kind, "")?;
            Err::<(), _>(DomainError::invalid("refused", "No."))
        });
        refusal.unwrap_err()
    }

    #[tokio::test]
    async fn what_is_refused_is_undone_and_what_stood_before_it_stays() {
        let store = store();
        let counted = store.run(Origin::default(), |tx| {
            assert_eq!(refused(tx, "first").code, "refused");
            assert_eq!(tx.pending_timers()?, 0, "nothing was written before it");
            tx.schedule(tx.now(), "kept", "")?;
            assert_eq!(refused(tx, "second").code, "refused");
            Ok::<_, DomainError>(tx.next_timer()?.map(|timer| timer.kind))
        });
        assert_eq!(counted.await.unwrap().as_deref(), Some("kept"));
        let left = store.run(Origin::default(), |tx| tx.pending_timers());
        assert_eq!(left.await.unwrap(), 1);
    }

    #[tokio::test]
    async fn an_endpoint_whose_creation_was_undone_receives_nothing() {
        let store = store();
        let checked = store.run(Origin::default(), |tx| {
            let undone: Result<(), DomainError> = tx.savepoint(|tx| {
                let new = json!({ "url": "http://127.0.0.1:9/", "events": [] });
                let new = serde_json::from_value(new).map_err(DomainError::internal)?;
                crate::domain::webhook_endpoint::create(tx, new)?;
                events::emit(
                    tx,
                    EventType::CustomerCreated,
                    json!({ "id": "cus_1" }),
                    None,
                )?;
                assert_eq!(tx.enabled_endpoints()?.len(), 1);
                Err(DomainError::invalid("refused", "No."))
            });
            assert_eq!(undone.unwrap_err().code, "refused");
            Ok::<_, DomainError>(tx.enabled_endpoints()?.len())
        });
        assert_eq!(checked.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn of_timers_due_together_the_one_whose_place_was_drawn_first_fires_first() {
        let store = store();
        let order = store.run(Origin::default(), |tx| {
            let drawn = tx.reserve_timer();
            tx.schedule(tx.now(), "later", "")?;
            tx.schedule_at(drawn, tx.now(), "earlier", "")?;
            let mut kinds = Vec::new();
            while let Some(timer) = tx.next_timer()? {
                tx.remove_timer(&timer)?;
                kinds.push(timer.kind);
            }
            Ok::<_, DomainError>(kinds)
        });
        assert_eq!(order.await.unwrap(), ["earlier", "later"]);
    }
}
