//! End to end: the real binary against the real mock, over sockets.
//!
//! Each test has its own home, its own ports and a cleared environment. No test takes a time to be
//! long enough: it waits for a ready file, a line or a condition, with a deadline. Between two
//! looks at a condition it sleeps a few milliseconds; no outcome depends on how many.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics; clippy knows tests by #[test] alone"
)]

mod accounts;
mod api;
mod check;
mod check_server;
mod config;
mod crash;
mod demo;
mod errors;
mod events;
mod keyring;
mod keys;
mod keys_rotation;
mod listen;
mod listen_resume;
mod listen_session;
mod listen_targets;
mod look;
mod mock;
mod mock_env;
mod ndjson;
mod replay;
mod resources;
mod resources_faults;
mod restore;
mod support;
#[cfg(target_os = "linux")]
mod terminal;
mod trigger;
mod webhook_endpoints;
mod webhooks;
mod writes;
