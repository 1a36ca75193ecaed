// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! One method per operation, by tag.
mod api_keys;
mod checkout;
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
