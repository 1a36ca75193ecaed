//! The inbox, in each of its stores.

#[cfg(feature = "inbox-redis")]
mod redis;
#[cfg(feature = "inbox-redis")]
mod redis_processes;
#[cfg(feature = "inbox-redis")]
mod redis_server;
mod stress;
