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
mod transport;

pub use client::{Client, ClientBuilder};
pub use error::{Error, Outcome, Result};
pub use headers::RateLimit;
pub use idempotency::IdempotencyKey;
pub use money::{Currency, Money};
pub use raw::RawParams;
pub use request::Call;
pub use response::Response;
pub use secret::{ApiKey, Mode, WebhookSecret};
