//! The Fluxa sandbox server.

mod clock;
mod domain;
mod events;
mod ids;
mod ledger;
mod store;
mod time;
