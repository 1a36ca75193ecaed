//! Owns the table of operations, one module per resource. What is in the contract but not served yet
//! is listed here, so that it answers 501 and not 404.

mod api_keys;
mod checkout;
mod customers;
mod disputes;
mod events;
mod ledger;
mod listen_sessions;
mod merchant;
mod payments;
mod refunds;
mod request_logs;
mod sandbox;
mod settlements;
mod subscriptions;
mod webhook_endpoints;

pub(super) use sandbox::clock_view;

use super::operation::Method::Post;
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
        subscriptions::OPERATIONS,
        disputes::OPERATIONS,
        request_logs::OPERATIONS,
        NOT_IMPLEMENTED,
    ]
    .into_iter()
    .flatten()
}

const fn missing(method: Method, path: &'static str, scope: &'static str) -> Operation {
    Operation::special(method, path, scope, Answering::NotImplemented)
}

static NOT_IMPLEMENTED: &[Operation] = &[
    missing(Post, "/sandbox/disputes", "sandbox"),
    missing(Post, "/sandbox/disputes/{id}/resolve", "sandbox"),
    missing(Post, "/sandbox/subscriptions/{id}/renew", "sandbox"),
    missing(Post, "/sandbox/merchant/kyb", "sandbox"),
];
