//! The examples, run against the sandbox.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod actix_receiver;
mod axum_merchant;
mod crash_safe;
mod lost_response;
mod pacing;
mod quickstart;
mod receivers;
mod reconciliation;
