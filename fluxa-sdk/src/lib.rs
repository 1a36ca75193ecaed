//! The official Rust client of the Fluxa payments API.

pub mod contract;
pub mod webhooks;
