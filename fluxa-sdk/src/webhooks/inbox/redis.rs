//! The store of events in Redis: one record per event, each step a script.
//!
//! Owns the records' form and their time to live. Redis decides by its own clock.

mod builder;
mod connection;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{FromRedisValue, Script, ScriptInvocation};
use tokio::time::timeout;
use uuid::Uuid;

pub use builder::RedisStoreBuilder;
use connection::{Fault, Source};

use super::store::{Claim, EventStore, Lease, StoreError};

/// The form of the records. A record of another form is refused, never overwritten.
const VERSION: &str = "1";
/// The longest id that is taken, in bytes. The ids of Fluxa have 20.
const ID_LIMIT: usize = 255;
/// A longer lease is taken as this.
const LEASE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Keeps the events of an inbox in Redis, 6 or newer. Tested with 7.
///
/// ```no_run
/// use fluxa_sdk::webhooks::inbox::RedisStore;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::builder()
///     .namespace("shop")?
///     .connect("redis://127.0.0.1:6379")
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// Each event is one key and each step one script that touches only this key, so that a step is
/// atomic, and the keys may be spread over a Redis Cluster. The store is cheap to clone; clones share a connection.
///
/// # What it promises
///
/// Of all who claim an event, one gets it. A worker whose lease ran out, or was given back, cannot
/// mark the event, extend the lease or give it back again. The fence of an event grows for as long
/// as its record lives: [`retention`](RedisStoreBuilder::retention) after the last claim's lease,
/// and after the event was marked. It begins anew after that: a worker that slept for longer than
/// the retention could meet its own fence again in another's hands.
///
/// # What it does not promise
///
/// The mark and what your handler did are not one transaction. A worker that dies between the two
/// leaves the event to be processed again. Make the handler's effect repeatable, or guard it with
/// [`Lease::fence`]; where neither can be, keep the inbox in PostgreSQL and mark events inside your
/// own transaction.
///
/// The store remembers what Redis remembers. An event whose mark is lost is processed again, and a
/// claim that is lost takes its fence along: two workers may then hold the event with one fence.
/// That happens when
///
/// - Redis keeps nothing on disk (`appendonly no`, `save ""`) and restarts;
/// - Redis or its machine crashes with `appendfsync everysec`, the default: up to two seconds are
///   lost, also when only the process dies. With `appendonly yes` and `appendfsync always`, what was
///   answered is on disk;
/// - a replica takes over that had not yet received the last writes: replication is asynchronous;
/// - Redis evicts keys. `maxmemory-policy` must be `noeviction`:
///   [`connect`](RedisStoreBuilder::connect) refuses any other that can take effect. A full Redis
///   then refuses claims with an error, and still takes marks;
/// - someone deletes the keys (`FLUSHDB`).
///
/// Leases are measured by the clock of the Redis that answers. Set forward, it ends them early; set
/// back, it makes them longer.
///
/// # What it costs
///
/// An event that was processed takes about 180 bytes until its retention ends. Processing one is two
/// calls of Redis, a claim and a mark.
#[derive(Clone)]
pub struct RedisStore {
    shared: Arc<Shared>,
}

struct Shared {
    source: Box<dyn Source>,
    /// What stands before the id in a key.
    key_start: String,
    retention: Duration,
    timeout: Duration,
    scripts: Scripts,
}

struct Scripts {
    claim: Script,
    extend: Script,
    done: Script,
    release: Script,
}

impl Scripts {
    fn new() -> Self {
        Self {
            claim: Script::new(include_str!("redis/claim.lua")),
            extend: Script::new(include_str!("redis/extend.lua")),
            done: Script::new(include_str!("redis/done.lua")),
            release: Script::new(include_str!("redis/release.lua")),
        }
    }
}

impl RedisStore {
    /// Returns a store of the Redis at `url`, with everything else at its default.
    ///
    /// # Errors
    /// See [`RedisStoreBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::builder().connect(url).await
    }

    /// Returns a builder: namespace, retention, time-out, and whose connection.
    pub fn builder() -> RedisStoreBuilder {
        RedisStoreBuilder::default()
    }

    /// Returns the event's key, for a look at its record (`HGETALL`, `PTTL`).
    ///
    /// # Errors
    /// [`StoreError`] when this is no id of an event.
    pub fn key(&self, event_id: &str) -> Result<String, StoreError> {
        let well_formed = !event_id.is_empty()
            && event_id.len() <= ID_LIMIT
            // Without `:`, a key says unambiguously which namespace it is of.
            && event_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !well_formed {
            return Err(StoreError::new(
                "not an event's id: nothing was asked of Redis",
                format!(
                    "{} bytes; an id is 1 to {ID_LIMIT} of `A-Z a-z 0-9 _ -`. Pass the id of a verified event",
                    event_id.len()
                ),
            ));
        }
        Ok(format!("{}{event_id}", self.shared.key_start))
    }

    fn invocation<'a>(
        &self,
        script: &'a Script,
        event_id: &str,
    ) -> Result<ScriptInvocation<'a>, StoreError> {
        let mut invocation = script.key(self.key(event_id)?);
        invocation.arg(VERSION);
        Ok(invocation)
    }

    /// How long a record outlives the claim, for the fence and for the mark that may follow.
    fn keep(&self, lease: Duration) -> u64 {
        millis(lease + self.shared.retention)
    }

    /// Asks Redis, once more if that failed for the connection's sake.
    ///
    /// Repeating is safe: a claim carries a nonce by which Redis knows it again, and the other
    /// steps answer the same when they were taken before.
    async fn ask<T: FromRedisValue>(
        &self,
        failed: &'static str,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let Shared {
            source,
            timeout: limit,
            ..
        } = &*self.shared;
        let mut number = 0;
        let asked = timeout(*limit, async {
            let mut again = true;
            loop {
                let mut connection;
                (connection, number) = source.connection();
                match invocation.invoke_async(&mut connection).await {
                    Err(error) => {
                        let fault = connection::fault(&error);
                        if fault == Fault::Replace {
                            source.replace(number);
                        }
                        if !again || fault == Fault::None || error.is_timeout() {
                            return Err(error);
                        }
                        again = false;
                    }
                    answer => return answer,
                }
            }
        })
        .await;
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(StoreError::new(failed, error)),
            Err(_) => {
                source.replace(number);
                let cause = format!("Redis did not answer within {limit:?}");
                Err(StoreError::new(failed, cause))
            }
        }
    }

    async fn ask_yes_or_no(
        &self,
        failed: &'static str,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<bool, StoreError> {
        match self.ask::<i64>(failed, invocation).await? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(StoreError::new(failed, format!("Redis answered {other}"))),
        }
    }
}

impl EventStore for RedisStore {
    async fn claim(&self, event_id: &str, lease: Duration) -> Result<Claim, StoreError> {
        const FAILED: &str = "could not claim the event in Redis";
        let lease = lease.min(LEASE_MAX);
        let mut invocation = self.invocation(&self.shared.scripts.claim, event_id)?;
        invocation
            .arg(Uuid::new_v4().as_bytes())
            .arg(millis(lease))
            .arg(self.keep(lease));
        match self.ask::<(i64, u64)>(FAILED, &invocation).await? {
            (1, fence) => Ok(Claim::New(Lease::new(event_id, fence))),
            (2, left) => Ok(Claim::InFlight {
                remaining: Duration::from_millis(left),
            }),
            (3, _) => Ok(Claim::Done),
            other => Err(StoreError::new(FAILED, format!("Redis answered {other:?}"))),
        }
    }

    async fn extend(&self, lease: &Lease, duration: Duration) -> Result<bool, StoreError> {
        let duration = duration.min(LEASE_MAX);
        let mut invocation = self.invocation(&self.shared.scripts.extend, lease.event_id())?;
        invocation
            .arg(lease.fence())
            .arg(millis(duration))
            .arg(self.keep(duration));
        self.ask_yes_or_no("could not extend the lease in Redis", &invocation)
            .await
    }

    async fn done(&self, lease: &Lease) -> Result<bool, StoreError> {
        let mut invocation = self.invocation(&self.shared.scripts.done, lease.event_id())?;
        invocation
            .arg(lease.fence())
            .arg(millis(self.shared.retention));
        self.ask_yes_or_no("could not mark the event in Redis", &invocation)
            .await
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        let mut invocation = self.invocation(&self.shared.scripts.release, lease.event_id())?;
        invocation.arg(lease.fence());
        self.ask_yes_or_no("could not give the event back in Redis", &invocation)
            .await
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the connection: its address may hold a password.
        f.debug_struct("RedisStore")
            .field("key_start", &self.shared.key_start)
            .field("retention", &self.shared.retention)
            .field("timeout", &self.shared.timeout)
            .finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> u64 {
    // Leases and retention are bounded far below the limit.
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
