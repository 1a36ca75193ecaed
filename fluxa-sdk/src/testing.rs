//! Help for testing a webhook endpoint: signatures as Fluxa makes them, and a sample event of each
//! type.
//!
//! ```
//! let body = br#"{"id":"evt_1","type":"payment.settled"}"#;
//! let header = fluxa_sdk::testing::sign("whsec_test", body);
//! let verifier = fluxa_sdk::webhooks::Verifier::new("whsec_test").unwrap();
//! assert!(verifier.verify(body, &header).is_ok());
//! ```

mod samples;

use jiff::Timestamp;

use crate::webhooks;

pub use samples::{SampleEvent, SignedDelivery, sample_event, sample_event_json};

/// Returns the `X-Fluxa-Signature` of `body`, signed now.
pub fn sign(secret: impl AsRef<[u8]>, body: impl AsRef<[u8]>) -> String {
    sign_at(secret, Timestamp::now().as_second(), body)
}

/// Returns the `X-Fluxa-Signature` of `body`, signed at a time in Unix seconds.
pub fn sign_at(
    secret: impl AsRef<[u8]>,
    timestamp_unix_seconds: i64,
    body: impl AsRef<[u8]>,
) -> String {
    webhooks::sign(secret.as_ref(), timestamp_unix_seconds, body.as_ref())
}
