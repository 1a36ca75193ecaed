//! The inbox in memory: for tests, and for a receiver of one process that may forget on restart.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::store::{check_event_id, check_retention};
use super::{Claim, EventStore, Lease, MAX_LEASE, MIN_RETENTION, StoreError};
use crate::error::Error;

/// The most events held at once, unless told otherwise.
const DEFAULT_CAPACITY: usize = 1_000_000;
/// How often what is too old is looked for: a look goes through everything.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Keeps events in this process. Clones share them.
///
/// It is not shared by replicas and forgets everything on restart, so a delivery repeated after one
/// is processed again. For production, take `PostgresStore` or `RedisStore`.
///
/// Defaults: events are kept for 7 days, at most 1 000 000 of them. When it is full it refuses new
/// events with a [`StoreError`] instead of forgetting old ones: a refused delivery comes again, a
/// forgotten event would be processed twice.
///
/// Time is [`tokio::time::Instant`]: a test with paused time moves leases and retention too.
#[derive(Clone)]
pub struct MemoryStore {
    events: Arc<Mutex<Events>>,
    retention: Duration,
    capacity: usize,
}

struct Events {
    by_id: HashMap<String, Entry>,
    swept_at: Instant,
}

struct Entry {
    fence: u64,
    lease_until: Instant,
    done: bool,
    /// When it was last claimed, extended, released or marked: retention counts from here.
    touched_at: Instant,
}

impl MemoryStore {
    /// Returns an empty store.
    pub fn new() -> Self {
        let events = Events {
            by_id: HashMap::new(),
            swept_at: Instant::now(),
        };
        Self {
            events: Arc::new(Mutex::new(events)),
            retention: MIN_RETENTION,
            capacity: DEFAULT_CAPACITY,
        }
    }

    /// Keeps events for this long after they were last touched. Default: 7 days, which is the least.
    ///
    /// # Errors
    /// [`Error::Config`] when it is less than [`MIN_RETENTION`].
    pub fn retention(mut self, retention: Duration) -> Result<Self, Error> {
        self.retention = check_retention(retention)?;
        Ok(self)
    }

    /// Holds at most this many events. Default: 1 000 000, about 150 bytes each.
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events;
        self
    }

    fn lock(&self) -> MutexGuard<'_, Events> {
        // No code that can panic runs while it is held, so what a panic left is whole.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim_now(&self, event_id: &str, lease: Duration) -> Result<Claim, StoreError> {
        check_event_id(event_id)?;
        let lease = lease.min(MAX_LEASE);
        let now = Instant::now();
        let mut events = self.lock();
        if now.duration_since(events.swept_at) >= SWEEP_EVERY {
            events.sweep(now, self.retention);
        }
        if let Some(entry) = events.by_id.get_mut(event_id)
            && now.duration_since(entry.touched_at) <= self.retention
        {
            if entry.done {
                return Ok(Claim::Done);
            }
            if entry.lease_until > now {
                let remaining = entry.lease_until - now;
                return Ok(Claim::InFlight { remaining });
            }
            entry.fence += 1;
            entry.lease_until = now + lease;
            entry.touched_at = now;
            return Ok(Claim::New(Lease::new(event_id, entry.fence)));
        }
        if events.by_id.len() >= self.capacity {
            events.sweep(now, self.retention);
        }
        if events.by_id.len() >= self.capacity {
            return Err(StoreError::new(
                "the inbox in memory is full",
                "raise its capacity, or keep the inbox in PostgreSQL or Redis",
            ));
        }
        let entry = Entry {
            fence: 1,
            lease_until: now + lease,
            done: false,
            touched_at: now,
        };
        events.by_id.insert(event_id.to_owned(), entry);
        Ok(Claim::New(Lease::new(event_id, 1)))
    }

    /// Changes what the lease is for, if it still holds.
    fn change(&self, lease: &Lease, change: impl FnOnce(&mut Entry, Instant)) -> bool {
        let now = Instant::now();
        let mut events = self.lock();
        let held = events.by_id.get_mut(lease.event_id());
        let held = held
            .filter(|entry| entry.fence == lease.fence() && !entry.done && entry.lease_until > now);
        let Some(entry) = held else { return false };
        entry.touched_at = now;
        change(entry, now);
        true
    }

    fn is_done_by(&self, lease: &Lease) -> bool {
        let events = self.lock();
        let entry = events.by_id.get(lease.event_id());
        entry.is_some_and(|entry| entry.done && entry.fence == lease.fence())
    }
}

impl Events {
    fn sweep(&mut self, now: Instant, retention: Duration) {
        self.swept_at = now;
        self.by_id
            .retain(|_, entry| now.duration_since(entry.touched_at) <= retention);
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("events", &self.lock().by_id.len())
            .field("retention", &self.retention)
            .field("capacity", &self.capacity)
            .finish()
    }
}

impl EventStore for MemoryStore {
    async fn claim(&self, event_id: &str, lease: Duration) -> Result<Claim, StoreError> {
        self.claim_now(event_id, lease)
    }

    async fn extend(&self, lease: &Lease, duration: Duration) -> Result<bool, StoreError> {
        let duration = duration.min(MAX_LEASE);
        Ok(self.change(lease, |entry, now| entry.lease_until = now + duration))
    }

    async fn done(&self, lease: &Lease) -> Result<bool, StoreError> {
        Ok(self.change(lease, |entry, _| entry.done = true) || self.is_done_by(lease))
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        Ok(self.change(lease, |entry, now| entry.lease_until = now))
    }
}
