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
//!
//! # While a secret is rotated
//!
//! Accept both until the old one's grace is over. Fluxa signs with both; deliveries on their way
//! and those signed by one alone pass too.
//!
//! ```
//! # use fluxa_sdk::{testing, webhooks::Verifier};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let verifier = Verifier::new("whsec_new")?.also_accept("whsec_old")?;
//! # let body = testing::sample_event("payment.settled").body();
//! # for secret in ["whsec_new", "whsec_old"] {
//! # verifier.verify(&body, &testing::sign(secret, &body))?;
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! # Deliveries that waited
//!
//! A signature is good for five minutes. One that waited in a queue is verified by when it came
//! in, which the queue must have kept with its headers and raw body:
//!
//! ```
//! # use fluxa_sdk::{testing, webhooks::Verifier};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let verifier = Verifier::new("whsec_test")?;
//! # let sample = testing::sample_event("payment.settled").signed_at("whsec_test", 1_716_135_600);
//! # let (body, headers) = (&sample.body, sample.headers());
//! let received_at: fluxa_sdk::Timestamp = "2024-05-19T16:20:01Z".parse()?;
//! let event = verifier.verify_headers_received_at(body, &headers, received_at)?;
//! # assert_eq!(event.signed_at_unix_seconds(), 1_716_135_600);
//! # Ok(())
//! # }
//! ```
//!
//! # In a server
//!
//! With the feature `axum` or `actix-web` a handler takes a `Webhook`, an extractor that reads the
//! raw body within limits, verifies it, and answers what is not Fluxa's by itself. With any other
//! server take the body's bytes before anything parses or decompresses them, and give them to
//! [`Verifier::verify`]; an extractor of JSON, `Json<Event>` say, verifies nothing.

#[cfg(feature = "actix-web")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
pub(crate) mod event;
pub(crate) mod head;
pub mod inbox;
#[cfg(any(feature = "actix-web", feature = "axum"))]
mod receiver;
mod signature;
mod verifier;

pub use crate::generated::events::{Event, EventType};
pub(crate) use event::read;
pub use event::{EventData, EventEnvelope, EventRequest, UnknownEvent, VerifiedEvent};
#[cfg(any(feature = "actix-web", feature = "axum"))]
pub use receiver::{Receiver, Rejection, Webhook, WebhookEvent};
pub(crate) use signature::push_hex;
pub use signature::{sign, sign_all};
pub use verifier::{SignatureError, Verifier};
