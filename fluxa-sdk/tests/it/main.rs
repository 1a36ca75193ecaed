//! The SDK against scripted servers, and its webhooks against vectors of other tools.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod bad_input;
#[cfg(feature = "blocking")]
mod blocking;
mod cancellation;
mod environment;
mod error_texts;
#[cfg(feature = "actix-web")]
mod extract_actix;
#[cfg(feature = "axum")]
mod extract_axum;
mod face;
mod faults;
mod generated;
mod idempotency;
mod inbox;
mod limits;
mod observing;
mod operations;
mod pacing;
mod pagination;
#[cfg(feature = "reconciliation")]
mod reconciliation;
mod resume;
mod retries;
mod samples;
mod scripted;
mod secrecy;
mod server;
#[cfg(feature = "reconciliation")]
mod statements;
mod tls;
mod typed;
mod webhooks;

use std::time::Duration;

use fluxa_sdk::{Client, ClientBuilder};

/// The key of every test; no output may ever contain it.
pub(crate) const KEY: &str = "sk_test_a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6";

/// A builder for `server` that waits as good as nothing between attempts.
pub(crate) fn builder(base_url: &str) -> ClientBuilder {
    Client::builder(KEY)
        .base_url(base_url)
        .retry_base_delay(Duration::from_micros(10))
}

pub(crate) fn client(base_url: &str) -> Client {
    builder(base_url).build().unwrap()
}
