//! The mock's tests, one binary. Every answer of the API that passes through `support::Api` is checked
//! against `openapi.json`.

#![expect(clippy::unwrap_used, reason = "a test helper that cannot go on panics")]

mod support;

mod accounts;
mod api_keys;
mod checkout;
mod clock;
mod conformance;
mod deliveries;
mod durability;
mod expand;
mod idempotency;
mod lists;
mod protocol;
mod refunds;
mod request_logs;
mod requests_seen;
mod samples;
mod security;
mod stream;
