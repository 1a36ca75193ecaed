//! Tests of the SDK against the contract and a scripted server.
mod generated;
