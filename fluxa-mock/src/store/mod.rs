//! Owns the database of one sandbox: SQLite on one owner thread. A request is a closure sent to that
//! thread and runs in one transaction; closures waiting together share a commit (each in its own
//! savepoint) and are answered only after that commit is on disk. Knows nothing of HTTP.

mod file;
mod owner;
mod private;
mod resource;
mod schema;
mod snapshot;
mod tx;

pub(crate) use file::{databases_in, remove};
pub(crate) use private::make_private_directory;
pub(crate) use resource::{Filter, ListQuery, Page, Resource, Scope, public_view, to_body};
pub(crate) use snapshot::check as check_snapshot;
pub(crate) use tx::{Origin, Timer, Tx};

use crate::accounts::Identity;
use crate::clock::{Clock, ClockRecord};
use crate::domain::api_key::ApiKey;
use crate::domain::error::DomainError;
use crate::domain::request_log::Waiting;
use crate::domain::webhook_endpoint::WebhookEndpoint;
use crate::faults::Faults;
use crate::ids::{Ids, random_bytes};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use tokio::sync::{oneshot, watch};

/// Where the file keeps the last characters of the account's key.
const LAST4: &str = "account_last4";

/// Where the file keeps the salt of the fingerprints of requests.
const SALT: &str = "fingerprint_salt";

/// A database of this connection's own, behind a bounded page cache: that of `:memory:` holds every page,
/// and each commit walks all of it.
const IN_MEMORY: &str = "file:sandbox?vfs=memdb";

/// How a sandbox is opened.
pub(crate) struct Opening<'a> {
    pub(crate) path: Option<&'a Path>,
    pub(crate) seed: Option<u64>,
    /// As asked for, even of a file that has a clock.
    pub(crate) pace: Option<f64>,
    /// Of a sandbox that has no clock yet.
    pub(crate) first_pace: f64,
    pub(crate) allowed_hosts: &'a [String],
    pub(crate) is_exposed: bool,
    pub(crate) identity: Identity,
}

#[cfg(test)]
impl Opening<'_> {
    /// An empty sandbox in memory whose clock stands still, the same each time.
    pub(crate) fn frozen_in_memory() -> Self {
        Self {
            path: None,
            seed: Some(1),
            pace: None,
            first_pace: 0.0,
            allowed_hosts: &[],
            is_exposed: false,
            identity: Identity::primary(crate::accounts::KeyIndex::default()),
        }
    }
}

/// What every transaction may consult.
pub(crate) struct Shared {
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
    pub(crate) base_url: OnceLock<String>,
    pub(crate) allowed_hosts: Vec<String>,
    /// Whether the well-known keys open nothing.
    pub(crate) is_exposed: bool,
    pub(crate) identity: Identity,
    /// Requests whose rows in the log are not written yet.
    pub(crate) unlogged: Waiting,
    pub(crate) is_durable: bool,
    /// Not state: a rollback does not take a hit back.
    pub(crate) faults: Faults,
    /// When the timer that is waited for is due, Unix milliseconds of the virtual clock.
    awaited_timer: AtomicI64,
    /// Belongs to the stored answers: it goes where they go.
    fingerprint_salt: Mutex<[u8; 32]>,
    remembered: Mutex<Remembered>,
}

/// Rows as the database has them that nearly every request asks for. Forgotten when one of them changes,
/// or when a change is undone.
#[derive(Default)]
struct Remembered {
    /// API keys, by hash.
    keys: HashMap<String, ApiKey>,
    /// Endpoints that receive events.
    endpoints: Option<Arc<[WebhookEndpoint]>>,
}

impl Shared {
    fn fingerprint_salt(&self) -> MutexGuard<'_, [u8; 32]> {
        self.fingerprint_salt
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self) {
        *self.remembered() = Remembered::default();
    }
}

/// What a job that panics has changed is undone.
struct ForgetOnPanic<'a>(&'a Shared);

impl Drop for ForgetOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.forget();
        }
    }
}

/// Handle on the owner thread.
#[derive(Clone)]
pub(crate) struct Store {
    messages: mpsc::Sender<owner::Message>,
    changes: watch::Receiver<u64>,
    queue: watch::Receiver<u64>,
    timers: watch::Receiver<u64>,
    shared: Arc<Shared>,
}

impl Store {
    /// Opens (or creates) the database and starts the owner thread.
    pub(crate) fn open(opening: &Opening<'_>) -> io::Result<Self> {
        let connection = match opening.path {
            Some(path) => file::open(path)?,
            None => Connection::open(IN_MEMORY).map_err(io::Error::other)?,
        };
        Self::start(connection, opening).map_err(|error| file::explain(opening.path, &error))
    }

    fn start(connection: Connection, opening: &Opening<'_>) -> Result<Self, rusqlite::Error> {
        schema::configure(&connection, opening.path.is_some())?;
        schema::create(&connection)?;
        let shared = Arc::new(load_shared(&connection, opening)?);
        let (messages, receiver) = mpsc::channel();
        let (changed, changes) = watch::channel(0);
        let (queued, queue) = watch::channel(0);
        let (scheduled, timers) = watch::channel(0);
        let owner = owner::Owner::new(
            connection,
            receiver,
            owner::Watchers {
                changed,
                queued,
                scheduled,
            },
        );
        std::thread::Builder::new()
            .name("fluxa-mock-store".to_owned())
            .spawn(move || owner.run())
            .map_err(|_| rusqlite::Error::InvalidQuery)?;
        Ok(Self {
            messages,
            changes,
            queue,
            timers,
            shared,
        })
    }

    /// What transactions consult: ids, clock, base URL.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// A receiver that sees a change after each commit that made events, timers or deliveries.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// A receiver that sees a change after each commit that changed the queue of deliveries.
    pub(crate) fn queue(&self) -> watch::Receiver<u64> {
        self.queue.clone()
    }

    /// A receiver that sees a change after each commit that put a timer before the one waited for.
    pub(crate) fn timers(&self) -> watch::Receiver<u64> {
        self.timers.clone()
    }

    /// Closes the database; whatever is asked afterwards fails.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.messages.send(owner::Message::Stop(done)).is_ok() {
            // An error means that the thread is gone already.
            drop(closed.await);
        }
    }

    /// Runs `work` in a transaction and returns after the commit; an `Err` rolls it back.
    pub(crate) async fn run<T, E, F>(&self, origin: Origin, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DomainError> + Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let job: owner::Job = Box::new(move |connection| {
            let tx = Tx::new(connection, &shared, origin);
            let guard = ForgetOnPanic(&shared);
            let result = tx.savepoint(|tx| work(tx));
            drop(guard);
            let marks = tx.marks();
            let complete: owner::Completion = Box::new(move |committed: Result<(), String>| {
                if committed.is_err() {
                    shared.forget();
                }
                // What failed by itself knows better why.
                let outcome = match (committed, result) {
                    (Err(reason), Ok(_)) => Err(DomainError::store(reason).into()),
                    (_, result) => result,
                };
                // The caller may have gone away: what it asked for is done all the same.
                drop(reply.send(outcome));
            });
            owner::Executed { marks, complete }
        });
        if self.messages.send(owner::Message::Run(job)).is_err() {
            return Err(DomainError::closed().into());
        }
        answer
            .await
            .unwrap_or_else(|_| Err(self.unanswered().into()))
    }
}

impl Store {
    /// Runs `work` with the connection to itself, in no transaction.
    async fn alone<T, F>(&self, work: F) -> Result<T, DomainError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection, &Shared) -> Result<T, DomainError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let shared = Arc::clone(&self.shared);
        let job: owner::LoneJob = Box::new(move |connection| {
            // The caller may have gone away: what it asked for is done all the same.
            drop(reply.send(work(connection, &shared)));
        });
        if self.messages.send(owner::Message::Alone(job)).is_err() {
            return Err(DomainError::closed());
        }
        answer.await.unwrap_or_else(|_| Err(self.unanswered()))
    }

    /// Why a job got no answer: it panicked, or was still waiting when the database was closed.
    fn unanswered(&self) -> DomainError {
        match self.changes.has_changed() {
            Ok(_) => DomainError::internal("the store dropped a request"),
            Err(_) => DomainError::closed(),
        }
    }
}

fn load_shared(connection: &Connection, opening: &Opening<'_>) -> Result<Shared, rusqlite::Error> {
    let seed = match read_meta(connection, "seed")? {
        Some(text) => text,
        None => {
            let seed = match opening.seed {
                Some(seed) => hex::encode(Sha256::digest(seed.to_be_bytes())),
                None => hex::encode(random_bytes::<32>()),
            };
            write_meta(connection, "seed", &seed)?;
            seed
        }
    };
    let mut seed_bytes = [0; 32];
    hex::decode_to_slice(&seed, &mut seed_bytes).map_err(|_| rusqlite::Error::InvalidQuery)?;
    let start = read_number(connection, "starts")?.unwrap_or(0) + 1;
    write_meta(connection, "starts", &start.to_string())?;
    let clock = match read_clock(connection)? {
        Some(record) => {
            let floor =
                connection.query_row("SELECT coalesce(max(at), 0) FROM instants", [], |row| {
                    row.get::<_, i64>(0)
                })?;
            Clock::resume(record, floor)
        }
        None => Clock::new(opening.first_pace),
    };
    if let Some(pace) = opening.pace {
        clock.set_pace(pace);
    }
    write_clock(connection, clock.record())?;
    if read_salt(connection)?.is_none() {
        write_meta(connection, SALT, &hex::encode(random_bytes::<32>()))?;
    }
    let salt = read_salt(connection)?.ok_or(rusqlite::Error::InvalidQuery)?;
    let mut identity = opening.identity.clone();
    // A file's name tells the hash of the key only.
    match identity.key.last4.as_str() {
        "" => identity.key.last4 = read_meta(connection, LAST4)?.unwrap_or_default(),
        last4 => write_meta(connection, LAST4, last4)?,
    }
    Ok(Shared {
        ids: Ids::new(seed_bytes, u64::try_from(start).unwrap_or_default()),
        clock,
        base_url: OnceLock::new(),
        allowed_hosts: opening.allowed_hosts.to_vec(),
        is_exposed: opening.is_exposed,
        identity,
        unlogged: Waiting::default(),
        is_durable: opening.path.is_some(),
        faults: Faults::default(),
        awaited_timer: AtomicI64::new(i64::MAX),
        fingerprint_salt: Mutex::new(salt),
        remembered: Mutex::default(),
    })
}

/// The salt of the fingerprints that a database holds; `None` when it has none yet, or none that is whole.
fn read_salt(connection: &Connection) -> Result<Option<[u8; 32]>, rusqlite::Error> {
    let mut salt = [0; 32];
    let text = read_meta(connection, SALT)?;
    let whole = text.is_some_and(|text| hex::decode_to_slice(text, &mut salt).is_ok());
    Ok(whole.then_some(salt))
}

fn read_meta(connection: &Connection, name: &str) -> Result<Option<String>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn read_number(connection: &Connection, name: &str) -> Result<Option<i64>, rusqlite::Error> {
    Ok(read_meta(connection, name)?.and_then(|text| text.parse().ok()))
}

fn write_meta(connection: &Connection, name: &str, value: &str) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}

fn read_clock(connection: &Connection) -> Result<Option<ClockRecord>, rusqlite::Error> {
    let Some(text) = read_meta(connection, "clock")? else {
        return Ok(None);
    };
    let mut parts = text.split(' ');
    let mut next = || parts.next().unwrap_or_default();
    let (virtual_ms, real_ms, pace) = (next().parse(), next().parse(), next().parse());
    match (virtual_ms, real_ms, pace) {
        (Ok(virtual_ms), Ok(real_ms), Ok(pace)) => Ok(Some(ClockRecord {
            virtual_ms,
            real_ms,
            pace,
        })),
        _ => Err(rusqlite::Error::InvalidQuery),
    }
}

fn write_clock(connection: &Connection, record: ClockRecord) -> Result<(), rusqlite::Error> {
    let text = format!("{} {} {}", record.virtual_ms, record.real_ms, record.pace);
    write_meta(connection, "clock", &text)
}
