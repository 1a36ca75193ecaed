//! The inbox: every event processed once, however often it is delivered and to however many
//! replicas.
//!
//! Fluxa delivers an event until an endpoint answers 2xx, so the same event may arrive twice: again
//! after a time-out, or at two replicas at once. An [`Inbox`] claims it in a store that all replicas
//! share, runs your handler, marks it done, and says which status to answer.
//!
//! ```
//! use fluxa_sdk::webhooks::inbox::{Inbox, MemoryStore};
//! # use fluxa_sdk::webhooks::Verifier;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let verifier = Verifier::new("whsec_5f3a")?;
//! # let body = br#"{"id":"evt_1","type":"payment.settled"}"#;
//! # let header = fluxa_sdk::testing::sign("whsec_5f3a", body);
//! let inbox = Inbox::new(MemoryStore::new()); // PostgresStore or RedisStore when there are replicas
//!
//! let event = verifier.verify(body, &header)?;
//! let processed = inbox
//!     .process(&event, |_lease| async {
//!         // ship the order
//!         Ok::<_, std::io::Error>(())
//!     })
//!     .await;
//! assert_eq!(processed.status_code(), 200);
//!
//! // The delivery comes again: the handler is not run, and the answer is 200 all the same.
//! let again = inbox.process(&event, |_lease| async { Ok::<_, std::io::Error>(()) }).await;
//! assert!(again.is_duplicate());
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//!
//! | what the handler does | with | it takes effect |
//! |---|---|---|
//! | writes to the PostgreSQL that holds the inbox | `Inbox::process_in_transaction`, or `PostgresStore::done_in` in a transaction of yours | **exactly once**: effect and mark commit together or not at all |
//! | anything else: another database, an e-mail, a call of an API | [`Inbox::process`] | **at least once**, and more than once only when a worker dies, loses its lease or cannot reach the store between the effect and the mark |
//!
//! No inbox can promise more for the second row: the effect and the mark are in two places, and a
//! worker can die between them. Make such an effect safe to repeat: give it a key that is the same
//! each time, such as `IdempotencyKey::derive("evt", event.id())` for a call of Fluxa, or let what
//! takes it check the fence.
//!
//! # Leases and fences
//!
//! A claim holds for a lease, 30 s unless told otherwise. [`Inbox::process`] extends it every third
//! of that while the handler runs; when it cannot, the handler is dropped before anyone else may
//! claim the event. A worker that dies gives the event back when its lease ends.
//!
//! A worker may be held up for longer than its lease without noticing: a paused machine, a blocked
//! thread. It cannot mark the event done then, the store refuses it. What it can do is act late,
//! after another worker took over. That is what the [fence](Lease::fence) is for: it grows with each
//! claim, so something that remembers the highest one it has seen can refuse the late one:
//! `UPDATE orders SET …, fence = $fence WHERE id = $id AND fence < $fence`.
//!
//! # When the client disconnects
//!
//! Servers drop the handler of a request when its client goes away, and so the future of
//! [`Inbox::process`] with it. The event is not lost: its lease ends, and the next delivery is
//! processed. But the handler was stopped at whatever it waited for. To let it finish, spawn it:
//!
//! ```
//! # use std::sync::Arc;
//! # use fluxa_sdk::webhooks::inbox::{Inbox, MemoryStore, Processed};
//! # use fluxa_sdk::webhooks::VerifiedEvent;
//! # async fn settle(_: &VerifiedEvent) -> Result<(), std::io::Error> { Ok(()) }
//! async fn deliver(inbox: Arc<Inbox<MemoryStore>>, event: VerifiedEvent) -> u16 {
//!     let work = async move { inbox.process(&event, |_lease| settle(&event)).await.status_code() };
//!     tokio::spawn(work).await.unwrap_or(500)
//! }
//! ```

#[cfg(feature = "inbox-postgres")]
mod connection;
#[cfg(feature = "inbox-postgres")]
mod fate;
mod memory;
#[cfg(feature = "inbox-postgres")]
mod postgres;
mod process;
mod processed;
#[cfg(feature = "inbox-redis")]
mod redis;
mod store;
#[cfg(feature = "inbox-postgres")]
mod transaction;

use std::time::Duration;

#[cfg(feature = "inbox-redis")]
pub use self::redis::{RedisStore, RedisStoreBuilder};
pub use memory::MemoryStore;
#[cfg(feature = "inbox-postgres")]
pub use postgres::PostgresStore;
pub use processed::Processed;
pub use store::{Claim, EventStore, Lease, StoreError};
#[cfg(feature = "inbox-postgres")]
pub use transaction::TransactionFuture;

use crate::contract;
use crate::error::Error;

/// The least time a store keeps a processed event: 7 days.
///
/// Fluxa repeats a delivery for 72 hours, and afterwards when someone asks for it.
pub const MIN_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The shortest lease: below it, a slow answer of the store would cost the lease.
pub const MIN_LEASE: Duration = Duration::from_secs(1);

/// The longest lease: an event of a worker that died waits for its end. A store takes more as this.
pub const MAX_LEASE: Duration = Duration::from_secs(24 * 60 * 60);

/// Processes each event once, over a store that the replicas share. See [the module](self).
///
/// Make one and keep it; it is as cheap to clone as its store.
#[derive(Clone, Debug)]
pub struct Inbox<S> {
    store: S,
    lease: Duration,
}

impl<S: EventStore> Inbox<S> {
    /// Returns an inbox over a store.
    pub fn new(store: S) -> Self {
        let lease = contract::WEBHOOK_TIMEOUT;
        Self { store, lease }
    }

    /// Claims events for this long, and extends the claim while the handler runs. Default: 30 s.
    ///
    /// The default is the time Fluxa waits for an answer; its next delivery is a minute after the
    /// first. So the claim of a worker that died within its 30 s has ended when the event comes
    /// again. A longer lease survives a longer outage of the store, and makes the event of a worker
    /// that died wait for a later delivery.
    ///
    /// # Errors
    /// [`Error::Config`] when it is less than [`MIN_LEASE`] or more than [`MAX_LEASE`].
    pub fn lease(mut self, lease: Duration) -> Result<Self, Error> {
        if !(MIN_LEASE..=MAX_LEASE).contains(&lease) {
            return Err(Error::config(format!(
                "a lease of {lease:?} is not within 1 s and 24 h"
            )));
        }
        self.lease = lease;
        Ok(self)
    }

    /// Returns the store.
    pub fn store(&self) -> &S {
        &self.store
    }
}
