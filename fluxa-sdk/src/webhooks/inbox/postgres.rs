//! The inbox in PostgreSQL.
//!
//! Owns the table `fluxa_inbox` and every statement on it. Each method is one statement, so that it
//! is atomic without a transaction and works behind a pooler of transactions such as PgBouncer.
//! Time is the server's `clock_timestamp()`: `now()` would stand still in a merchant's transaction.

use std::fmt;
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Transaction};

use super::connection::{Connection, bounded};
use super::fate::Number;
use super::store::{check_event_id, check_retention, fault_of_name};
use super::{Claim, EventStore, Lease, MAX_LEASE, StoreError};
use crate::contract;
use crate::error::Error;

/// Longest wait for a connection and an answer, unless told otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// The least of it: with none at all, every claim would fail.
const MIN_TIMEOUT: Duration = Duration::from_millis(1);
/// Longest wait for a migration: it may wait for those of other replicas.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(60);
/// How long events are kept, unless told otherwise.
const DEFAULT_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Rows forgotten by one statement: few enough to hold no lock for long.
const PURGE_BATCH: i64 = 1_000;
/// How often a claim that met another one midway is tried: each time the other has got on.
const CLAIM_TRIES: u32 = 16;
/// The advisory lock of the migration: the bytes of "fluxa_in".
const MIGRATION_LOCK: i64 = 0x666c_7578_615f_696e;

/// The second half answers when nothing was claimed. It sees the table as it was when the statement
/// began, so it may find no row, or a lease that has ended: then another claim came in between, and
/// the statement is run again.
const CLAIM: &str = "
WITH claimed AS (
    INSERT INTO fluxa_inbox AS held (namespace, event_id, fence, lease_until)
    VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
    ON CONFLICT (namespace, event_id) DO UPDATE
        SET fence = held.fence + 1,
            lease_until = clock_timestamp() + make_interval(secs => $3)
        WHERE held.done_at IS NULL AND held.lease_until <= clock_timestamp()
    RETURNING fence
)
SELECT fence, false, 0::float8 FROM claimed
UNION ALL
SELECT NULL, done_at IS NOT NULL,
       extract(epoch FROM lease_until - clock_timestamp())::float8
FROM fluxa_inbox
WHERE namespace = $1 AND event_id = $2 AND NOT EXISTS (SELECT FROM claimed)";

const EXTEND: &str = "
UPDATE fluxa_inbox SET lease_until = clock_timestamp() + make_interval(secs => $4)
WHERE namespace = $1 AND event_id = $2 AND fence = $3
  AND done_at IS NULL AND lease_until > clock_timestamp()
RETURNING fence";

const DONE: &str = "
UPDATE fluxa_inbox SET done_at = coalesce(done_at, clock_timestamp())
WHERE namespace = $1 AND event_id = $2 AND fence = $3
  AND (done_at IS NOT NULL OR lease_until > clock_timestamp())
RETURNING fence";

/// As [`DONE`], and only in the transaction of this number: with another one, the handler has ended
/// it, and the mark would stand without the effect.
const DONE_IN: &str = "
WITH marked AS (
    UPDATE fluxa_inbox SET done_at = coalesce(done_at, clock_timestamp())
    WHERE namespace = $1 AND event_id = $2 AND fence = $3 AND txid_current() = $4
      AND (done_at IS NOT NULL OR lease_until > clock_timestamp())
    RETURNING fence
)
SELECT txid_current() = $4, EXISTS (SELECT FROM marked)";

const RELEASE: &str = "
UPDATE fluxa_inbox SET lease_until = clock_timestamp()
WHERE namespace = $1 AND event_id = $2 AND fence = $3
  AND done_at IS NULL AND lease_until > clock_timestamp()
RETURNING fence";

/// An event is done before its lease ends, so `lease_until` is older than retention only when
/// `done_at` is too. Rows that another purge holds are left to it.
const PURGE: &str = "
DELETE FROM fluxa_inbox WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM fluxa_inbox
    WHERE namespace = $1 AND lease_until < clock_timestamp() - make_interval(secs => $2)
    ORDER BY lease_until LIMIT $3 FOR UPDATE SKIP LOCKED
))
RETURNING fence";

const IS_MIGRATED: &str = "SELECT to_regclass('fluxa_inbox') IS NOT NULL
        AND to_regclass('fluxa_inbox_lease_until') IS NOT NULL";

/// Keeps events in PostgreSQL, in the table `fluxa_inbox`. Clones share the pool.
///
/// ```no_run
/// use deadpool_postgres::{Manager, Pool, Runtime};
/// use fluxa_sdk::webhooks::inbox::{Inbox, PostgresStore};
/// use tokio_postgres::NoTls; // or the TLS connector of your choice
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = "host=db.internal dbname=shop user=shop connect_timeout=5".parse()?;
/// let pool = Pool::builder(Manager::new(config, NoTls))
///     .max_size(16)
///     .runtime(Runtime::Tokio1)
///     .build()?;
/// let store = PostgresStore::new(pool).namespace("billing")?;
/// store.migrate().await?;
/// let inbox = Inbox::new(store);
/// # Ok(())
/// # }
/// ```
///
/// Defaults: namespace `default`, events kept for 30 days, 5 s for a connection and an answer. The
/// server's clock decides, so the replicas' clocks need not agree. The table is looked up in the
/// connection's `search_path`.
///
/// # The pool
///
/// A statement needs a connection for about a millisecond, `process_in_transaction` one for as long
/// as the handler runs, and one more for each extension of the lease. When the pool is used up, an
/// answer does not come in time or the database restarts, the methods fail with [`StoreError`] and
/// work again as soon as the database does. A connection that was given up on is closed, never
/// handed to the next. What it was doing may still happen on the server: set `statement_timeout` in
/// the connection's options to bound that.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    namespace: String,
    retention: Duration,
    timeout: Duration,
}

impl PostgresStore {
    /// The SQL that [`PostgresStore::migrate`] runs, for a migration tool of your own. It may be run
    /// again, and is in the package as `migrations/0001_inbox.sql`.
    pub const MIGRATION: &'static str = include_str!("../../../migrations/0001_inbox.sql");

    /// Returns a store over your pool. Whether TLS is spoken is the pool's connector's business.
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            namespace: "default".to_owned(),
            retention: DEFAULT_RETENTION,
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// Keeps this consumer's events apart from those of others in the same table. Default: `default`.
    ///
    /// Two consumers that each must see every event need two namespaces; the replicas of one
    /// consumer share one.
    ///
    /// # Errors
    /// [`Error::Config`] when it is not 1 to 255 bytes without control characters.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Result<Self, Error> {
        self.namespace = namespace.into();
        match fault_of_name(&self.namespace) {
            Some(fault) => Err(Error::config(format!(
                "the inbox's namespace cannot be kept: {fault}"
            ))),
            None => Ok(self),
        }
    }

    /// Keeps events for this long after their lease, until [`PostgresStore::purge`]. Default: 30 days.
    ///
    /// # Errors
    /// [`Error::Config`] when it is less than 7 days.
    pub fn retention(mut self, retention: Duration) -> Result<Self, Error> {
        self.retention = check_retention(retention)?;
        Ok(self)
    }

    /// Waits this long for a connection and an answer together. Default: 5 s.
    ///
    /// Keep it below a third of the lease, so that an extension can fail once and be repeated.
    ///
    /// # Errors
    /// [`Error::Config`] when it is not 1 ms to 30 s: Fluxa gives a delivery up after 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, Error> {
        if !(MIN_TIMEOUT..=contract::WEBHOOK_TIMEOUT).contains(&timeout) {
            return Err(Error::config(format!(
                "a time-out of {timeout:?} is not 1 ms to 30 s; Fluxa gives a delivery up after 30 s"
            )));
        }
        self.timeout = timeout;
        Ok(self)
    }

    /// Makes the table if it is not there. Call it at start: any number of replicas may at once.
    ///
    /// It takes an advisory lock for the time it needs. When the table is there already it changes
    /// nothing and needs no right to; to keep that right from the application, run
    /// [`PostgresStore::MIGRATION`] beforehand.
    ///
    /// # Errors
    /// [`StoreError`] when the database could not be asked or refused; nothing is left half done.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        const WHAT: &str = "the inbox's table could not be made";
        let deadline = Instant::now() + MIGRATION_TIMEOUT;
        let mut connection = self.connection(deadline).await?;
        bounded(deadline, WHAT, async {
            let failed = |error| StoreError::new(WHAT, error);
            let transaction = connection
                .client_mut()
                .transaction()
                .await
                .map_err(failed)?;
            let lock = [(&MIGRATION_LOCK as &(dyn ToSql + Sync), Type::INT8)];
            transaction
                .query_typed("SELECT pg_advisory_xact_lock($1)", &lock)
                .await
                .map_err(failed)?;
            let rows = transaction.query_typed(IS_MIGRATED, &[]).await;
            let rows = rows.map_err(failed)?;
            let is_migrated = rows.first().is_some_and(|row| row.get(0));
            if !is_migrated {
                transaction
                    .batch_execute(Self::MIGRATION)
                    .await
                    .map_err(failed)?;
            }
            transaction.commit().await.map_err(failed)?;
            connection.keep();
            Ok(())
        })
        .await
    }

    /// Forgets this namespace's events that are older than the retention, done or given up, and
    /// returns how many. Run it once a day, from any replica.
    ///
    /// It deletes in batches of 1000, each a statement of its own. Dropping the future stops it
    /// after a batch.
    ///
    /// # Errors
    /// [`StoreError`] when the database could not be asked; the batches before are deleted.
    pub async fn purge(&self) -> Result<u64, StoreError> {
        let retention = seconds(self.retention);
        let mut purged = 0;
        loop {
            let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
                (&self.namespace, Type::TEXT),
                (&retention, Type::FLOAT8),
                (&PURGE_BATCH, Type::INT8),
            ];
            let what = "old events could not be purged from the inbox";
            let rows = self.run(what, PURGE, &parameters).await?;
            purged += rows.len() as u64;
            if (rows.len() as u64) < PURGE_BATCH.unsigned_abs() {
                return Ok(purged);
            }
        }
    }

    /// Marks the event as processed in a transaction of yours: the mark is there when it commits.
    ///
    /// `false`: the lease ran out, and the transaction must be rolled back. Call it last, because it
    /// locks the event's row until the transaction ends: another worker's claim waits for that.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use fluxa_sdk::webhooks::VerifiedEvent;
    /// use fluxa_sdk::webhooks::inbox::{Claim, EventStore, PostgresStore};
    ///
    /// # async fn example(
    /// #     pool: deadpool_postgres::Pool,
    /// #     store: PostgresStore,
    /// #     event: VerifiedEvent,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// if let Claim::New(lease) = store.claim(event.id(), Duration::from_secs(30)).await? {
    ///     let mut client = pool.get().await?;
    ///     let transaction = client.transaction().await?;
    ///     transaction.execute("UPDATE orders SET paid = true WHERE id = $1", &[&8421_i64]).await?;
    ///     if store.done_in(&transaction, &lease).await? {
    ///         transaction.commit().await?; // effect and mark, together
    ///     } else {
    ///         transaction.rollback().await?; // another worker has the event
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The transaction must be on the same database, with the same `search_path`. Use the isolation
    /// level read committed, the default: a stricter one fails when the lease was extended after the
    /// transaction began.
    ///
    /// # Errors
    /// [`StoreError`] when the database could not be asked; roll back.
    pub async fn done_in(
        &self,
        transaction: &Transaction<'_>,
        lease: &Lease,
    ) -> Result<bool, StoreError> {
        let what = "the event could not be marked in the transaction";
        let (Some(fence), Ok(())) = (fence_of(lease), check_event_id(lease.event_id())) else {
            return Ok(false);
        };
        let event_id = lease.event_id();
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
            (&self.namespace, Type::TEXT),
            (&event_id, Type::TEXT),
            (&fence, Type::INT8),
        ];
        bounded(self.deadline(), what, async {
            let rows = transaction.query_typed(DONE, &parameters).await;
            rows.map_err(|error| failure(what, error))
        })
        .await
        .map(|rows| !rows.is_empty())
    }

    /// Marks the event in the transaction of this number. `None`: that one has ended, and nothing
    /// was marked.
    pub(super) async fn mark_in(
        &self,
        transaction: &Transaction<'_>,
        number: Number,
        lease: &Lease,
    ) -> Result<Option<bool>, StoreError> {
        let what = "the transaction failed before it could be committed";
        let (Some(fence), Ok(())) = (fence_of(lease), check_event_id(lease.event_id())) else {
            return Ok(Some(false));
        };
        let event_id = lease.event_id();
        let parameters: [(&(dyn ToSql + Sync), Type); 4] = [
            (&self.namespace, Type::TEXT),
            (&event_id, Type::TEXT),
            (&fence, Type::INT8),
            number.parameter(),
        ];
        bounded(self.deadline(), what, async {
            let rows = transaction.query_typed(DONE_IN, &parameters).await;
            let rows = rows.map_err(|error| match error.code() {
                Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => StoreError::new(
                    "a statement of the handler failed and it returned Ok all the same: the \
                     transaction was rolled back; pass the statement's error on, or put it in a \
                     savepoint",
                    error,
                ),
                _ => failure(what, error),
            })?;
            let row = rows.first();
            let is_same = row.is_some_and(|row| row.get(0));
            Ok(is_same.then(|| row.is_some_and(|row| row.get(1))))
        })
        .await
    }

    /// Returns when a statement begun now is given up on.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.timeout
    }

    pub(super) async fn connection(&self, deadline: Instant) -> Result<Connection, StoreError> {
        let what = "no connection to the inbox's database: it is away, or the pool is used up";
        bounded(deadline, what, async {
            let object = self.pool.get().await;
            let object = object.map_err(|error| StoreError::new(what, error))?;
            Ok(Connection::new(object))
        })
        .await
    }

    /// Runs a statement on a connection of its own.
    pub(super) async fn run(
        &self,
        what: &'static str,
        statement: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, StoreError> {
        let deadline = self.deadline();
        let connection = self.connection(deadline).await?;
        bounded(deadline, what, async {
            let rows = connection.client().query_typed(statement, parameters).await;
            let rows = rows.map_err(|error| failure(what, error))?;
            connection.keep();
            Ok(rows)
        })
        .await
    }

    /// Runs a statement on what the lease is for. `false` when it holds no more.
    async fn change(
        &self,
        what: &'static str,
        statement: &str,
        lease: &Lease,
        duration: Option<Duration>,
    ) -> Result<bool, StoreError> {
        // Nobody was given such a lease, so it is not the newest.
        let (Some(fence), Ok(())) = (fence_of(lease), check_event_id(lease.event_id())) else {
            return Ok(false);
        };
        let event_id = lease.event_id();
        let duration = duration.map(seconds);
        let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> = vec![
            (&self.namespace, Type::TEXT),
            (&event_id, Type::TEXT),
            (&fence, Type::INT8),
        ];
        if let Some(duration) = &duration {
            parameters.push((duration, Type::FLOAT8));
        }
        let rows = self.run(what, statement, &parameters).await?;
        Ok(!rows.is_empty())
    }
}

impl EventStore for PostgresStore {
    async fn claim(&self, event_id: &str, lease: Duration) -> Result<Claim, StoreError> {
        check_event_id(event_id)?;
        let what = "the event could not be claimed";
        let lease = seconds(lease.min(MAX_LEASE));
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
            (&self.namespace, Type::TEXT),
            (&event_id, Type::TEXT),
            (&lease, Type::FLOAT8),
        ];
        let deadline = self.deadline();
        let connection = self.connection(deadline).await?;
        bounded(deadline, what, async {
            for _ in 0..CLAIM_TRIES {
                let rows = connection.client().query_typed(CLAIM, &parameters).await;
                let row = match rows {
                    Ok(rows) => rows.into_iter().next(),
                    // Only where the connections' default isolation is stricter than read committed.
                    Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => {
                        None
                    }
                    Err(error) => return Err(failure(what, error)),
                };
                if let Some(claim) = row.and_then(|row| read_claim(event_id, &row)) {
                    connection.keep();
                    return Ok(claim);
                }
            }
            connection.keep();
            Err(StoreError::new(what, "too many workers claimed it at once"))
        })
        .await
    }

    async fn extend(&self, lease: &Lease, duration: Duration) -> Result<bool, StoreError> {
        let what = "the lease could not be extended";
        let duration = duration.min(MAX_LEASE);
        self.change(what, EXTEND, lease, Some(duration)).await
    }

    async fn done(&self, lease: &Lease) -> Result<bool, StoreError> {
        let what = "the event could not be marked";
        self.change(what, DONE, lease, None).await
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        let what = "the event could not be given back";
        self.change(what, RELEASE, lease, None).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the pool: its configuration names hosts and users.
        f.debug_struct("PostgresStore")
            .field("namespace", &self.namespace)
            .field("retention", &self.retention)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

fn failure(what: &'static str, error: tokio_postgres::Error) -> StoreError {
    let what = match error.code() {
        Some(&SqlState::UNDEFINED_TABLE) => "the inbox's table is missing: call `migrate` at start",
        _ => what,
    };
    StoreError::new(what, error)
}

/// Reads the answer of [`CLAIM`]. `None`: another claim came in between.
fn read_claim(event_id: &str, row: &Row) -> Option<Claim> {
    let fence: Option<i64> = row.get(0);
    let done: bool = row.get(1);
    let remaining_seconds: f64 = row.get(2);
    match fence {
        Some(fence) => Some(Claim::New(Lease::new(event_id, fence.unsigned_abs()))),
        None if done => Some(Claim::Done),
        None if remaining_seconds > 0.0 => {
            let remaining = Duration::try_from_secs_f64(remaining_seconds).unwrap_or(MAX_LEASE);
            Some(Claim::InFlight { remaining })
        }
        None => None,
    }
}

fn fence_of(lease: &Lease) -> Option<i64> {
    i64::try_from(lease.fence()).ok()
}

/// Returns a duration as PostgreSQL takes it; ten thousand years and more are as good as ever.
fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64().min(100_000_000_000.0)
}
