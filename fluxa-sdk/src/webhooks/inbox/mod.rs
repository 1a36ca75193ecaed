//! The inbox: every event processed once, however often it is delivered and to however many
//! replicas.
//!
//! Owns the promise a store of events makes: [`EventStore`]. A worker claims an event for the time
//! of a lease, and marks it done with the lease it was given; a worker whose lease ran out cannot.

#[cfg(feature = "inbox-redis")]
mod redis;
mod store;

#[cfg(feature = "inbox-redis")]
pub use self::redis::{RedisStore, RedisStoreBuilder};
pub use store::{Claim, EventStore, Lease, StoreError};
