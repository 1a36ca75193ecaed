//! A connection of the pool, and how long it is waited for.

use std::future::Future;

use deadpool_postgres::Object;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Client;

use super::StoreError;

/// A connection that goes back to the pool only when nothing is under way on it.
///
/// A future may be dropped while a statement runs: on a time-out, or because a client disconnected.
/// In the pool, the connection's next user would wait for that statement; so it is closed instead.
/// So is one that failed: it may be lost, and the pool may not know yet.
pub(super) struct Connection(Option<Object>);

impl Connection {
    pub(super) fn new(object: Object) -> Self {
        Self(Some(object))
    }

    pub(super) fn client(&self) -> &Client {
        self.0.as_ref().expect("there until it is dropped")
    }

    pub(super) fn client_mut(&mut self) -> &mut Client {
        self.0.as_mut().expect("there until it is dropped")
    }

    /// Gives it back to the pool: nothing is under way on it.
    pub(super) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

/// Gives up at a time: a pool without a time-out of its own waits for ever.
pub(super) async fn bounded<T>(
    deadline: Instant,
    what: &'static str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let answer = timeout_at(deadline, work).await;
    answer.unwrap_or_else(|elapsed| Err(StoreError::new(what, elapsed)))
}
