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
//!   server is repeated only when that is safe. `Retry-After` is honoured; a client whose calls
//!   keep failing stops retrying, so that an outage is not multiplied.
//! - **Errors that say what happened.** Every [`Error`] answers [`Error::outcome`]: not sent,
//!   rejected, or unknown. On unknown, repeat the call with [`Error::idempotency_key`].
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
//! | walk a list | [`pagination`] |
//! | receive webhooks | [`webhooks`], [`testing`] |
//! | call what this SDK does not know | [`Client::raw`] |
//! | find a header, prefix or limit | [`contract`] |
//!
//! # Observing
//!
//! Calls are [`tracing`](https://docs.rs/tracing) spans named `fluxa.call`, with an event for each
//! attempt: `attempt`, `status`, `duration_ms`, `request_id`. The SDK never installs a subscriber.
//!
//! # Licences
//!
//! MIT or Apache-2.0. The run-time dependency `progenitor-client` is MPL-2.0, which asks nothing of
//! those who use it unchanged.

pub mod contract;
pub mod error;
pub mod expand;
pub mod id;
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
mod idempotency;
mod money;
mod open_enum;
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
pub use request::Call;
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
