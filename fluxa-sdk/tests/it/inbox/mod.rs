//! The inbox: what its stores promise, and what becomes of a delivery.

mod memory;
#[cfg(feature = "inbox-postgres")]
pub(crate) mod pg_server;
#[cfg(feature = "inbox-postgres")]
mod postgres;
#[cfg(feature = "inbox-postgres")]
mod postgres_stress;
mod process;
#[cfg(feature = "inbox-redis")]
mod redis;
#[cfg(feature = "inbox-redis")]
mod redis_processes;
#[cfg(feature = "inbox-redis")]
mod redis_server;
mod stress;
#[cfg(feature = "inbox-postgres")]
mod transaction;
#[cfg(feature = "inbox-postgres")]
mod transaction_ended;

use fluxa_sdk::testing;
use fluxa_sdk::webhooks::inbox::{Claim, Lease};
use fluxa_sdk::webhooks::{VerifiedEvent, Verifier};

/// A delivery of the event, signed and verified.
pub(crate) fn event(event_id: &str) -> VerifiedEvent {
    let body = format!(r#"{{"id":"{event_id}","type":"payment.settled"}}"#);
    let header = testing::sign("whsec_test", &body);
    let verifier = Verifier::new("whsec_test").unwrap();
    verifier.verify(&body, &header).unwrap()
}

/// The lease of a claim that must have been granted.
fn granted(claim: Claim) -> Lease {
    match claim {
        Claim::New(lease) => lease,
        other => panic!("not granted: {other:?}"),
    }
}
