//! The mock's tests, one binary. Every answer of the API that passes through `support::Api` is checked
//! against `openapi.json`.

#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on panics")]

mod support;
mod unsettled;

mod accounts;
mod api_keys;
mod audit;
mod checkout;
mod checkout_page;
mod clock;
mod clock_traffic;
mod conformance;
mod customers;
mod deliveries;
mod deliveries_faults;
mod disputes;
mod durability;
mod every_event;
mod expand;
mod faults;
mod handle;
mod idempotency;
mod inspector;
mod lists;
mod off_session;
mod property;
mod protocol;
mod refunds;
mod request_logs;
mod requests_seen;
mod samples;
mod scopes;
mod security;
mod seed;
mod snapshots;
mod snapshots_forged;
mod states;
mod stream;
mod subscriptions;
