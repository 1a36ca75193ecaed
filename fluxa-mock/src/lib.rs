//! The Fluxa sandbox server: the whole life of a payment, signed webhooks and a virtual clock, offline
//! and in one process.
//!
//! ```
//! # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
//! let server = fluxa_mock::MockServer::start().await?;
//! let (base_url, key) = (server.base_url(), server.secret_key());
//! // … point a client at `base_url` with `key`, then let time pass:
//! server.advance(std::time::Duration::from_secs(60)).await?;
//! # drop((base_url, key));
//! # std::io::Result::Ok(()) }).expect("it starts");
//! ```
//!
//! # Map
//! - [`serve`] runs a sandbox on a listener; [`MockServer`] is the in-process form for tests;
//!   [`Config`] sets both up.
//! - `http` is the face: routing, authentication, idempotency, parameters, the event stream.
//! - `domain` is the rules, synchronous and pure over a transaction; `events` and `ledger` beside it.
//! - `accounts` maps a key to its sandbox; `pages` is what a person looks at; `observe` keeps what was
//!   asked, for tests; `faults` decides what goes wrong on purpose.
//! - `store` is SQLite on one owner thread; a request is one transaction.
//! - `sandbox` fires the timers of the virtual `clock`; `delivery` sends the webhooks.

mod accounts;
mod clock;
mod config;
mod delivery;
mod domain;
mod events;
mod exposure;
mod faults;
mod handle;
mod http;
mod ids;
mod ledger;
mod observe;
mod pages;
mod sandbox;
mod server;
mod snapshots;
mod spans;
mod store;
mod time;

pub use config::{Config, DEFAULT_ADDRESS, RateLimit};
pub use domain::card::Outcome as CardOutcome;
pub use domain::seed::SeedPlan;
pub use exposure::ControlKey;
pub use faults::{Cut, Fault, Method};
pub use handle::{Account, FaultHandle, MockServer, MockServerBuilder};
pub use observe::{ReceivedRequest, RequestLine};
pub use server::serve;
pub use snapshots::Snapshot;
