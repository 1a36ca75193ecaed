//! The official Rust client of the Fluxa payments API.

pub mod contract;
pub mod error;
pub mod expand;
pub mod id;
pub mod pagination;
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
