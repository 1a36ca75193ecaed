//! The examples, run against the sandbox.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod axum_merchant;
mod pacing;
mod quickstart;
