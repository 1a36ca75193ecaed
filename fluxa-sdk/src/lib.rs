//! The official Rust client of the Fluxa payments API: idempotency, retries and webhooks.
//!
//! ```no_run
//! use fluxa_sdk::types::CreateCheckoutSession;
//! use fluxa_sdk::{Client, IdempotencyKey, Money};
//!
//! # async fn example() -> Result<(), fluxa_sdk::Error> {
//! let fluxa = Client::from_env()?; // FLUXA_SECRET_KEY
//! let (done, cart) = ("https://shop.test/done", "https://shop.test/cart");
//! let session = fluxa
//!     .checkout()
//!     .sessions()
//!     .create(CreateCheckoutSession::new(Money::gbp(1999), done, cart).metadata("order_id", "8421"))
//!     .idempotency_key(IdempotencyKey::derive("checkout", "8421"))
//!     .await?;
//! println!("{:?} ({:?}, {} attempts)", session.url, session.request_id(), session.attempts());
//! # Ok(())
//! # }
//! ```
//!
//! # What a call does
//!
//! - **One key, one body.** Every POST carries an idempotency key: yours, or one made for the call.
//!   Key and bytes are fixed before the first attempt, and every retry repeats them.
//! - **Retries that do no harm.** At most five attempts within 90 s. What may have reached the
//!   server is repeated only when that is safe. `Retry-After` is honoured; when calls keep failing,
//!   the process's clients stop retrying together, so that an outage is not multiplied. On request
//!   the rate limit is [waited for](ClientBuilder::pace_requests) instead of met.
//! - **Errors that say what happened.** Every [`Error`] answers [`Error::outcome`]: not sent,
//!   rejected, or unknown. On unknown, repeat the call with [`Call::resume`].
//! - **A server may move on.** New states, types and fields decode; unknown values are kept.
//! - **Nothing leaks.** Keys are redacted in `Debug`, wiped on drop, and in no error or trace;
//!   neither are bodies. TLS is 1.3 only; redirects are never followed.
//!
//! # Where things are
//!
//! | to | see |
//! |---|---|
//! | configure a client | [`Client`], [`ClientBuilder`] |
//! | find an operation | [`resources`], from the accessors of [`Client`] |
//! | find an object, a body, an id | [`types`] |
//! | set options of a call | [`Call`], [`IdempotencyKey`] |
//! | read an answer | [`Response`], [`RateLimit`] |
//! | handle an error | [`Error`], [`Outcome`], [`error`] |
//! | repeat a call whose outcome is unknown | [`Call::resume`] |
//! | walk a list | [`pagination`] |
//! | do without async | `blocking`, with the feature of that name |
//! | receive webhooks | [`webhooks`] |
//! | match a bank statement | `reconciliation`, with the feature of that name |
//! | test without network | [`testing::Script`], [`testing`] |
//! | count, time and trace calls | [`observe`] |
//! | call what this SDK does not know | [`Client::raw`] |
//! | find a header, prefix or limit | [`contract`] |
//!
//! # Observing
//!
//! Two ways, which do not exclude each other; neither ever carries a key of the API or a body.
//!
//! [`ClientBuilder::observe`] tells a closure of each attempt's start and end and of each call's
//! end: for metrics, and for logs of your own. See [`observe`].
//!
//! `tracing` spans are there when your program installs a subscriber;
//! the SDK never does. Their fields are those of OpenTelemetry's conventions for HTTP clients (1.23
//! and later), named as `tracing-opentelemetry` reads them:
//!
//! | span | fields |
//! |---|---|
//! | `fluxa.call`, one a call | `otel.name` (the operation), `otel.kind` (`internal`), `otel.status_code` (`ERROR` or none), `fluxa.operation`, `fluxa.attempts`, `fluxa.outcome` (`succeeded`, `not_sent`, `rejected`, `unknown`), `fluxa.request_id` |
//! | `fluxa.attempt`, one an attempt, its child | `otel.name` (`POST /refunds`), `otel.kind` (`client`), `otel.status_code`, `http.request.method`, `http.request.resend_count` (from the second on), `http.response.status_code`, `error.type` (the status, or as in [`observe::AttemptEnded::fault`]), `server.address`, `server.port`, `url.template`, `url.full`, `fluxa.request_id` |
//!
//! `url.full` has the ids of the path, and of the query the names alone: filters carry e-mail
//! addresses, so each value is `REDACTED`. A raw call has no `url.template`. In `fluxa.call` an event
//! of level debug ends each attempt: `attempt`, `status`, `fault`, `duration_ms`, `request_id`.
//!
//! # Cancelling
//!
//! A call ends when its future is dropped: by `tokio::time::timeout`, `select!`, or a closed
//! connection of your own. That is safe at any point. The client goes on as before, a place in line
//! for the rate limit goes to the next, and the cost of a retry that was not made goes back to the
//! allowance.
//!
//! What it cannot do is call a request back. Before the first attempt nothing was sent; from then on
//! **it may be carried out**, though nobody waits for the answer. So give a write that may be
//! dropped an [idempotency key](IdempotencyKey) of your own, keep it, and repeat the call with it: a
//! key that the SDK made is gone with the future. Observers are told of a dropped call, with its
//! outcome ([`observe::CallResult::Cancelled`]).
//!
//! # Features
//!
//! None is on by default, and each only adds.
//!
//! | feature | adds | crates more |
//! |---|---|---|
//! | `blocking` | `blocking::Client`: the same calls without async | none |
//! | `axum`, `actix-web` | the extractor [`webhooks`]`::Webhook` for that framework (axum 0.8, actix-web 4) | 2, 44 |
//! | `inbox-postgres` | `PostgresStore` for the [inbox](webhooks::inbox); beside it you need `deadpool-postgres` 0.14 and `tokio-postgres` 0.7 | 40 |
//! | `inbox-redis` | `RedisStore` for the inbox; beside it you may need `redis` 1, with its TLS | 13 |
//! | `reconciliation` | `reconciliation`: bank statements against settlements | 2 |
//!
//! The inbox in memory, samples of events and the scripted transport are always there.
//!
//! # Licences
//!
//! MIT or Apache-2.0. The run-time dependency `progenitor-client` is MPL-2.0, which asks nothing of
//! those who use it unchanged.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "blocking")]
pub mod blocking;
pub mod contract;
pub mod error;
pub mod expand;
pub mod id;
pub mod observe;
pub mod pagination;
#[cfg(feature = "reconciliation")]
pub mod reconciliation;
pub mod testing;
pub mod validate;
pub mod webhooks;

mod attempt;
mod client;
mod context;
mod decode;
mod headers;
mod history;
mod idempotency;
mod money;
mod open_enum;
mod pacing;
mod raw;
mod request;
mod response;
mod retry;
mod secret;
#[rustfmt::skip]
mod generated;
mod test_card;
mod time;
mod transport;

pub use client::{Client, ClientBuilder};
pub use error::{Error, Outcome, Result};
pub use expand::Expandable;
pub use headers::RateLimit;
pub use idempotency::IdempotencyKey;
pub use money::{Currency, Money};
pub use progenitor_client::ByteStream;
pub use raw::RawParams;
pub use request::{Async, Call};
pub use response::Response;
pub use secret::{ApiKey, Mode, SecretText, WebhookSecret};
pub use time::{TimeRange, Timestamp};

/// Objects of the API, bodies of requests, ids, open enums and events.
pub mod types {
    pub use crate::generated::enums::*;
    pub use crate::generated::events::{Event, EventType};
    pub use crate::generated::ids::*;
    pub use crate::generated::types::*;
}

/// Accessors of the resources and the parameters of their operations.
pub mod resources {
    pub use crate::generated::resources::*;
}

/// The package's page, compiled so that it stays true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
