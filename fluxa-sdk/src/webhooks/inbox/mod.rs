//! The inbox: every event processed once, however often it is delivered and to however many
//! replicas.
//!
//! Owns the promise a store of events makes: [`EventStore`]. A worker claims an event for the time
//! of a lease, and marks it done with the lease it was given; a worker whose lease ran out cannot.

mod store;

pub use store::{Claim, EventStore, Lease, StoreError};
