//! Owns the rules of the sandbox: what each operation does to the state. Synchronous and pure over
//! the store's transaction handle; never reaches axum, http, tokio, reqwest or the system clock.

pub(crate) mod api_key;
pub(crate) mod card;
pub(crate) mod checkout_session;
pub(crate) mod customer;
pub(crate) mod delivery;
pub(crate) mod delivery_fault;
pub(crate) mod dispute;
pub(crate) mod error;
pub(crate) mod history;
pub(crate) mod invariants;
pub(crate) mod listen_session;
pub(crate) mod merchant;
pub(crate) mod payment;
pub(crate) mod payment_flow;
pub(crate) mod payment_method;
pub(crate) mod refund;
pub(crate) mod request_log;
pub(crate) mod seed;
pub(crate) mod settlement;
pub(crate) mod sizes;
pub(crate) mod stored;
pub(crate) mod subscription;
pub(crate) mod timers;
pub(crate) mod timing;
pub(crate) mod webhook_endpoint;

use std::collections::BTreeMap;

/// A merchant's own key-value pairs.
pub(crate) type Metadata = BTreeMap<String, String>;
