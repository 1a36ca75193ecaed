//! The examples, run against the sandbox.

mod axum_merchant;
