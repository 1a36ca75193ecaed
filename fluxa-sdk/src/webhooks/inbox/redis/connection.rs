//! Where the store's connection comes from, and how one that fell silent is replaced.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use ::redis::{
    Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, ServerErrorKind, Value,
};

/// How often a lost connection is tried anew before the call fails. With the delays below that is
/// about a second: a restart of Redis goes unnoticed, and an outage fails before the call's time is
/// up.
const RECONNECTS: usize = 4;
const RECONNECT_MIN_DELAY: Duration = Duration::from_millis(50);
const RECONNECT_MAX_DELAY: Duration = Duration::from_millis(500);

/// Hands out connections.
pub(super) trait Source: Send + Sync {
    /// Returns the connection of now, and its number.
    fn connection(&self) -> (Connection, u64);

    /// Replaces the connection of that number: it did not answer in time.
    fn replace(&self, number: u64);
}

/// One connection, of whatever kind.
pub(super) struct Connection(Box<dyn ConnectionLike + Send + Sync>);

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        self.0.req_packed_command(command)
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        self.0.req_packed_commands(commands, offset, count)
    }

    fn get_db(&self) -> i64 {
        self.0.get_db()
    }
}

/// What an error means for the connection it came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing: Redis answered.
    None,
    /// It broke. The manager makes it anew.
    Broken,
    /// It is there and of no use.
    Replace,
}

/// Returns what the error means for the connection it came over.
pub(super) fn fault(error: &RedisError) -> Fault {
    if error.is_connection_dropped() {
        return Fault::Broken;
    }
    match error.kind() {
        // The primary became a replica, and its name leads elsewhere by now.
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown) => {
            Fault::Replace
        }
        ErrorKind::Server(_) | ErrorKind::Extension => Fault::None,
        // Silent, turned away, or speaking something else. The manager would keep a refused
        // password for ever.
        _ => Fault::Replace,
    }
}

/// A connection the merchant made and looks after.
pub(super) struct Given<C>(pub(super) C);

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Source for Given<C> {
    fn connection(&self) -> (Connection, u64) {
        (Connection(Box::new(self.0.clone())), 0)
    }

    fn replace(&self, _number: u64) {}
}

/// A connection that is made anew when it breaks, and when it is of no use.
///
/// [`ConnectionManager`] does the first, and shares one attempt among all who wait. It does not do
/// the second. Behind a failover that drops packets, every call would time out until the kernel
/// gives up the connection, which takes a quarter of an hour; behind one that demotes the primary,
/// every call would be refused for as long as the replica lives.
pub(super) struct Managed {
    client: Client,
    config: ConnectionManagerConfig,
    current: Mutex<(ConnectionManager, u64)>,
}

impl Managed {
    /// Returns a source that connects with its first call, each attempt within `timeout`.
    pub(super) fn new(client: Client, timeout: Duration) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(RECONNECTS)
            .set_min_delay(RECONNECT_MIN_DELAY)
            .set_max_delay(RECONNECT_MAX_DELAY)
            .set_connection_timeout(Some(timeout))
            // The store times the whole call. A second clock would only blur what the error says.
            .set_response_timeout(None);
        let first = ConnectionManager::new_lazy_with_config(client.clone(), config.clone())?;
        Ok(Self {
            client,
            config,
            current: Mutex::new((first, 0)),
        })
    }

    fn current(&self) -> MutexGuard<'_, (ConnectionManager, u64)> {
        // Nothing panics while it is held, and a connection cannot be half replaced.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Managed {
    fn connection(&self) -> (Connection, u64) {
        let current = self.current();
        (Connection(Box::new(current.0.clone())), current.1)
    }

    fn replace(&self, number: u64) {
        let mut current = self.current();
        if current.1 != number {
            return; // Another call that timed out was first.
        }
        // It was made once with this configuration, so it cannot fail; if it did, the old one stays.
        let next =
            ConnectionManager::new_lazy_with_config(self.client.clone(), self.config.clone());
        if let Ok(next) = next {
            *current = (next, number + 1);
        }
    }
}
