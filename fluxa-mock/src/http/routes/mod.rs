//! Owns the table of operations, one module per resource. What is in the contract but not served yet
//! is listed here, so that it answers 501 and not 404.

mod api_keys;
mod checkout;
mod customers;
mod events;
mod ledger;
mod listen_sessions;
mod merchant;
mod payments;
mod refunds;
mod sandbox;
mod settlements;
mod webhook_endpoints;

pub(super) use sandbox::clock_view;

use super::operation::Method::{Get, Patch, Post};
use super::operation::{Answering, Method, Operation};

/// Every operation.
pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    [
        checkout::OPERATIONS,
        payments::OPERATIONS,
        refunds::OPERATIONS,
        customers::OPERATIONS,
        settlements::OPERATIONS,
        ledger::OPERATIONS,
        events::OPERATIONS,
        webhook_endpoints::OPERATIONS,
        listen_sessions::OPERATIONS,
        api_keys::OPERATIONS,
        merchant::OPERATIONS,
        sandbox::OPERATIONS,
        NOT_IMPLEMENTED,
    ]
    .into_iter()
    .flatten()
}

const fn missing(method: Method, path: &'static str, scope: &'static str) -> Operation {
    Operation::special(method, path, scope, Answering::NotImplemented)
}

static NOT_IMPLEMENTED: &[Operation] = &[
    missing(Post, "/subscriptions", "subscriptions"),
    missing(Get, "/subscriptions", "subscriptions"),
    missing(Get, "/subscriptions/{id}", "subscriptions"),
    missing(Patch, "/subscriptions/{id}", "subscriptions"),
    missing(Post, "/subscriptions/{id}/cancel", "subscriptions"),
    missing(Post, "/subscriptions/{id}/pause", "subscriptions"),
    missing(Post, "/subscriptions/{id}/resume", "subscriptions"),
    missing(Get, "/disputes", "disputes"),
    missing(Get, "/disputes/{id}", "disputes"),
    missing(Post, "/disputes/{id}/evidence", "disputes"),
    missing(Post, "/disputes/{id}/accept", "disputes"),
    missing(Get, "/api_keys/{id}/requests", "api_keys"),
    missing(Get, "/request_logs", "request_logs"),
    missing(Get, "/request_logs/{id}", "request_logs"),
    missing(Post, "/sandbox/disputes", "sandbox"),
    missing(Post, "/sandbox/disputes/{id}/resolve", "sandbox"),
    missing(Post, "/sandbox/subscriptions/{id}/renew", "sandbox"),
    missing(Post, "/sandbox/merchant/kyb", "sandbox"),
];
