// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Every operation of the contract, as data for commands.

mod api_keys;
mod checkout_sessions;
mod customers;
mod disputes;
mod events;
mod ledger;
mod listen_sessions;
mod merchant;
mod payment_methods;
mod payments;
mod refunds;
mod request_logs;
mod sandbox;
mod settlements;
mod status;
mod subscriptions;
mod webhook_endpoints;
pub(crate) mod schemas;

use crate::operations::Resource;

/// Every resource.
pub(crate) static RESOURCES: [&Resource; 17] = [
    &api_keys::RESOURCE,
    &checkout_sessions::RESOURCE,
    &customers::RESOURCE,
    &disputes::RESOURCE,
    &events::RESOURCE,
    &ledger::RESOURCE,
    &listen_sessions::RESOURCE,
    &merchant::RESOURCE,
    &payment_methods::RESOURCE,
    &payments::RESOURCE,
    &refunds::RESOURCE,
    &request_logs::RESOURCE,
    &sandbox::RESOURCE,
    &settlements::RESOURCE,
    &status::RESOURCE,
    &subscriptions::RESOURCE,
    &webhook_endpoints::RESOURCE,
];

/// Names of fields that hold money, in minor units of the `currency` beside them.
pub(crate) static MONEY: [&str; 10] = ["amount", "amount_refunded", "balance", "credits", "debits", "deductions", "fee", "fees", "gross", "net"];
