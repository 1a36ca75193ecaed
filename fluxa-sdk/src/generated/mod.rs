// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! What `cargo xtask codegen` makes of the contract.
#![allow(clippy::all, unreachable_pub, rust_2018_idioms)]
#![allow(clippy::unwrap_used, clippy::allow_attributes)]
mod bodies;
pub(crate) mod client;
pub(crate) mod enums;
pub(crate) mod events;
pub(crate) mod ids;
mod operations;
pub(crate) mod resources;
pub(crate) mod types;
