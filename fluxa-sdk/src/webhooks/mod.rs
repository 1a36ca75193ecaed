//! Webhooks: signing, verifying and reading events.
//!
//! ```
//! use fluxa_sdk::webhooks::Verifier;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::new("whsec_5f3a")?;
//! # let body = br#"{"id":"evt_1","type":"payment.settled"}"#;
//! # let header = fluxa_sdk::testing::sign("whsec_5f3a", body);
//! // The raw bytes of the request, before anything parsed them, and its `X-Fluxa-Signature`.
//! let event = verifier.verify(body, &header)?;
//! assert_eq!(event.event_type(), "payment.settled");
//! # Ok(())
//! # }
//! ```

pub(crate) mod event;
pub(crate) mod head;
pub mod inbox;
mod signature;
mod verifier;

pub use crate::generated::events::{Event, EventType};
pub(crate) use event::read;
pub use event::{EventData, EventEnvelope, EventRequest, UnknownEvent, VerifiedEvent};
pub(crate) use signature::push_hex;
pub use signature::{sign, sign_all};
pub use verifier::{SignatureError, Verifier};
