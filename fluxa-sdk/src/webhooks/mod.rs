//! Webhooks: signing, verifying and reading events.

mod signature;

pub use signature::{sign, sign_all};
