//! Tests of the SDK against the contract and a scripted server.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod generated;
