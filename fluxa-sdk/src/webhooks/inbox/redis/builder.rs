//! How a store in Redis is configured, and what of it is refused.

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::ConnectionLike;
use ::redis::{Client, RedisError};
use tokio::time::timeout;

use super::connection::{Given, Managed, Source};
use super::{RedisStore, Scripts, Shared};
use crate::error::Error;
use crate::webhooks::inbox::StoreError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Fluxa repeats a delivery for three days, and people repeat it after the weekend.
const RETENTION_MIN: Duration = DAY.saturating_mul(7);
const RETENTION_MAX: Duration = DAY.saturating_mul(3660);
const RETENTION_DEFAULT: Duration = DAY.saturating_mul(30);
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(3);
/// A delivery is given up after 30 s: a store that takes longer is of no use.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);
const NAME_LIMIT: usize = 128;

/// Configures a [`RedisStore`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it connects"]
pub struct RedisStoreBuilder {
    prefix: String,
    namespace: String,
    retention: Duration,
    timeout: Duration,
    allow_eviction: bool,
}

impl Default for RedisStoreBuilder {
    fn default() -> Self {
        Self {
            prefix: "fluxa:inbox".to_owned(),
            namespace: "default".to_owned(),
            retention: RETENTION_DEFAULT,
            timeout: TIMEOUT_DEFAULT,
            allow_eviction: false,
        }
    }
}

impl RedisStoreBuilder {
    /// Sets what all keys start with. Default: `fluxa:inbox`. Keys are `prefix:namespace:event_id`.
    ///
    /// # Errors
    /// [`Error::Config`] when it is not 1 to 128 of `A-Z a-z 0-9 _ - . : /`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Result<Self, Error> {
        // No braces: a hash tag would put all events on one node of a cluster.
        self.prefix = name(prefix.into(), "prefix", "_-.:/")?;
        Ok(self)
    }

    /// Sets which of the inboxes in this Redis it is: one per receiver that does its own work with
    /// the events. Default: `default`. All replicas of a receiver share one.
    ///
    /// # Errors
    /// [`Error::Config`] when it is not 1 to 128 of `A-Z a-z 0-9 _ - . /`.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Result<Self, Error> {
        self.namespace = name(namespace.into(), "namespace", "_-./")?;
        Ok(self)
    }

    /// Sets how long it is remembered that an event was processed. Default: 30 days.
    ///
    /// # Errors
    /// [`Error::Config`] when it is not 7 days to 10 years. Fluxa delivers an event again for 3 days,
    /// and longer when asked to.
    pub fn retention(mut self, retention: Duration) -> Result<Self, Error> {
        if !(RETENTION_MIN..=RETENTION_MAX).contains(&retention) {
            return Err(Error::config(format!(
                "a retention of {} s is not 7 days to 10 years; Fluxa delivers an event again for 3 days, \
                 and longer when asked to",
                retention.as_secs()
            )));
        }
        self.retention = retention;
        Ok(self)
    }

    /// Sets how long a call waits for Redis, connecting included. Default: 3 s.
    ///
    /// A call that waits longer is an error, and the next call uses a new connection.
    ///
    /// # Errors
    /// [`Error::Config`] when it is not 1 ms to 30 s: Fluxa gives a delivery up after 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, Error> {
        if timeout < Duration::from_millis(1) || timeout > TIMEOUT_MAX {
            return Err(Error::config(format!(
                "a time-out of {timeout:?} is not 1 ms to 30 s; Fluxa gives a delivery up after 30 s"
            )));
        }
        self.timeout = timeout;
        Ok(self)
    }

    /// Sets that a Redis that may evict the records will do. Default: it is refused.
    ///
    /// An event whose record was evicted is processed again when it is delivered again.
    pub fn allow_eviction(mut self, allow: bool) -> Self {
        self.allow_eviction = allow;
        self
    }

    /// Connects to `redis://[user:password@]host[:port][/database]`, or `redis+unix:///path`, and
    /// asks Redis whether it evicts.
    ///
    /// The connection is made anew when it breaks or falls silent. For `rediss://` turn on a TLS
    /// feature of the crate `redis` in your `Cargo.toml`.
    ///
    /// # Errors
    /// [`StoreError`] when this is no address, Redis cannot be reached in time, or it evicts keys. Where the right to `INFO` is not given, eviction is not checked.
    pub async fn connect(self, url: &str) -> Result<RedisStore, StoreError> {
        let client = Client::open(url).map_err(|error| {
            StoreError::new(
                "not an address of Redis: it is redis://host:port, and rediss:// needs a TLS feature of the crate redis",
                error,
            )
        })?;
        self.connect_with(client).await
    }

    /// Connects with a client of yours: its TLS, its credentials, its settings of TCP.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(self, client: Client) -> Result<RedisStore, StoreError> {
        let source = Managed::new(client, self.timeout).map_err(unreachable)?;
        match timeout(self.timeout, evicts(&source)).await {
            Err(_) => {
                let cause = format!("Redis did not answer within {:?}", self.timeout);
                return Err(StoreError::new(UNREACHABLE, cause));
            }
            Ok(Err(error)) => return Err(unreachable(error)),
            Ok(Ok(Some(policy))) if !self.allow_eviction => {
                return Err(StoreError::new(
                    "Redis may evict the inbox's records: set `maxmemory-policy noeviction`, or give the inbox a Redis of its own",
                    format!("maxmemory-policy is {policy}"),
                ));
            }
            Ok(Ok(_)) => {}
        }
        Ok(self.store(Box::new(source)))
    }

    /// Uses a connection of yours, which you look after: that of a cluster, of a sentinel, of a pool.
    ///
    /// Calls are timed all the same, but a connection that falls silent stays as it is. Nothing is
    /// asked of Redis here, so eviction is not checked.
    pub fn connection<C>(self, connection: C) -> RedisStore
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        self.store(Box::new(Given(connection)))
    }

    fn store(&self, source: Box<dyn Source>) -> RedisStore {
        RedisStore {
            shared: Arc::new(Shared {
                source,
                key_start: format!("{}:{}:", self.prefix, self.namespace),
                retention: self.retention,
                timeout: self.timeout,
                scripts: Scripts::new(),
            }),
        }
    }
}

fn name(text: String, what: &str, more: &str) -> Result<String, Error> {
    let sound = (1..=NAME_LIMIT).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || more.as_bytes().contains(&byte));
    if sound {
        return Ok(text);
    }
    Err(Error::config(format!(
        "the inbox's {what} is not 1 to {NAME_LIMIT} of letters, digits and `{more}`"
    )))
}

const UNREACHABLE: &str = "could not connect to Redis: check its address, credentials and network";

fn unreachable(error: RedisError) -> StoreError {
    StoreError::new(UNREACHABLE, error)
}

/// Connects, and returns the policy by which Redis evicts keys if it does.
async fn evicts(source: &impl Source) -> Result<Option<String>, RedisError> {
    let (mut connection, _) = source.connection();
    ::redis::cmd("PING")
        .query_async::<()>(&mut connection)
        .await?;
    let info = ::redis::cmd("INFO")
        .arg("memory")
        .query_async::<String>(&mut connection)
        .await;
    match info {
        Ok(info) => Ok(policy(&info)),
        // Some hosts forbid it. The documentation says what must be so.
        Err(error) if error.code().is_some() => Ok(None),
        Err(error) => Err(error),
    }
}

fn policy(info: &str) -> Option<String> {
    let of = |name: &str| {
        info.lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(':'))
    };
    let policy = of("maxmemory_policy")?;
    (of("maxmemory")? != "0" && policy != "noeviction").then(|| policy.to_owned())
}
