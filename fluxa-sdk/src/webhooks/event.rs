//! Events: the envelope all of them share, and the macro that makes the enum of them.
//!
//! Owns reading events. Which types there are is generated. A type, state or field that came
//! after this SDK is kept or skipped, never an error.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::decode;
use crate::error::{DecodeError, Error, Trace};
use crate::generated::events::{Event, EventType};
use crate::time::Timestamp;

/// An event whose signature was verified: its bytes, its id and its type.
///
/// Apart from the typed event, so that a delivery can be acknowledged, stored or deduplicated
/// before anything is made of its content.
#[derive(Clone)]
pub struct VerifiedEvent {
    bytes: Bytes,
    id: String,
    event_type: EventType,
    signed_at_unix_seconds: i64,
}

impl VerifiedEvent {
    pub(super) fn new(bytes: Bytes, id: String, event_type: EventType, signed_at: i64) -> Self {
        Self {
            bytes,
            id,
            event_type,
            signed_at_unix_seconds: signed_at,
        }
    }

    /// Returns the body as it was signed.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the `evt_…` id, the same on every delivery of the event: deduplicate by it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the type as sent, such as `payment.settled`.
    pub fn event_type(&self) -> &str {
        self.event_type.as_str()
    }

    /// Returns when this delivery was signed, in Unix seconds.
    pub fn signed_at_unix_seconds(&self) -> i64 {
        self.signed_at_unix_seconds
    }

    /// Returns the typed event. A type that is new gives `Event::Unknown`.
    ///
    /// # Errors
    /// [`Error::Decode`] when the body is not JSON to its end, the object lacks what its type
    /// requires, or a second `id` or `type` contradicts the first; the signature held nevertheless,
    /// and [`Self::bytes`] has all of it.
    pub fn event(&self) -> Result<Event, Error> {
        let event = Event::read_as(&self.event_type, &self.bytes)?;
        agree(&event, &self.id, self.event_type(), &self.bytes)?;
        Ok(event)
    }

    /// Returns the body read as a type of your own.
    ///
    /// # Errors
    /// [`Error::Decode`] when it is not one; the signature held nevertheless.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.bytes)
    }
}

impl fmt::Debug for VerifiedEvent {
    /// Leaves out the body: it carries personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedEvent")
            .field("id", &self.id)
            .field("event_type", &self.event_type.as_str())
            .finish_non_exhaustive()
    }
}

/// Reads JSON that no call answered.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| unreadable(body, &error))
}

/// Checks that the whole is the event that its head named: JSON may say a thing twice, and what was
/// deduplicated by one id must not be handled by another.
fn agree(event: &Event, id: &str, event_type: &str, body: &Bytes) -> Result<(), Error> {
    for (path, first, last) in [
        ("id", id, event.id()),
        ("type", event_type, event.type_text()),
    ] {
        if first != last {
            let reason = "it is there twice and says different things".to_owned();
            let error = DecodeError::new(Trace::default(), path.to_owned(), reason, body.clone());
            return Err(Error::Decode(Box::new(error)));
        }
    }
    Ok(())
}

#[cold]
fn unreadable(body: &Bytes, error: &serde_json::Error) -> Error {
    let (path, reason) = decode::explain(body, error);
    let error = DecodeError::new(Trace::default(), path, reason, body.clone());
    Error::Decode(Box::new(error))
}

/// An event about an object of type `T`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventEnvelope<T> {
    /// The `evt_…` id.
    pub id: String,
    /// Always `event`.
    #[serde(default = "object_name")]
    pub object: String,
    /// The type as sent.
    #[serde(rename = "type")]
    pub type_: String,
    /// The version of the API that `data` is in.
    #[serde(default)]
    pub api_version: String,
    /// Whether it is about real money.
    #[serde(default)]
    pub livemode: bool,
    /// When it happened.
    pub created_at: Timestamp,
    /// The event's own metadata.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// What happened.
    pub data: EventData<T>,
    /// The request that caused it, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<EventRequest>,
}

fn object_name() -> String {
    "event".to_owned()
}

/// The object an event is about, and its move when it made one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventData<T> {
    /// The whole object, as it was after the event.
    pub object: T,
    /// The state it left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_state: Option<String>,
    /// The state it entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// When it moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transitioned_at: Option<Timestamp>,
}

/// The request that caused an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventRequest {
    /// The `req_…` id.
    #[serde(default)]
    pub id: Option<String>,
    /// The idempotency key it carried.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// An event of a type this version of the SDK does not know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// The type as sent.
    pub type_: String,
    /// The whole event as sent.
    pub raw: serde_json::Value,
}

impl UnknownEvent {
    /// Returns an event of unknown type.
    pub(crate) fn new(raw: serde_json::Value) -> Self {
        let type_ = raw["type"].as_str().unwrap_or_default().to_owned();
        Self { type_, raw }
    }

    /// Returns the `evt_…` id.
    pub fn id(&self) -> &str {
        self.raw["id"].as_str().unwrap_or_default()
    }
}

/// Declares `Event` and `EventType`:
/// `event_enum! { /// doc\n PaymentReceived: "payment.received" => Payment, … }`.
macro_rules! event_enum {
    ($($(#[$meta:meta])* $variant:ident: $text:literal => $object:ty),* $(,)?) => {
        $crate::open_enum::open_enum! {
            /// The type of an event.
            EventType { $($(#[$meta])* $variant => $text),* }
        }

        /// An event with its object, by type.
        ///
        /// Always keep an arm for types that are new: `Event::Unknown` now, other variants later.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$meta])* $variant(Box<$crate::webhooks::EventEnvelope<$object>>),)*
            /// An event of a type this version of the SDK does not know.
            Unknown($crate::webhooks::UnknownEvent),
        }

        impl Event {
            /// Returns the `evt_…` id, the same on every delivery of the event.
            pub fn id(&self) -> &str {
                match self {
                    $(Self::$variant(event) => &event.id,)*
                    Self::Unknown(event) => event.id(),
                }
            }

            /// Returns the type.
            pub fn event_type(&self) -> EventType {
                match self {
                    $(Self::$variant(_) => EventType::$variant,)*
                    Self::Unknown(event) => EventType::from(event.type_.as_str()),
                }
            }

            /// Returns the type as sent.
            pub(crate) fn type_text(&self) -> &str {
                match self {
                    $(Self::$variant(event) => &event.type_,)*
                    Self::Unknown(event) => &event.type_,
                }
            }

            /// Returns the event in `json`. A type that is new gives `Event::Unknown`.
            ///
            /// # Errors
            /// `Error::Decode` when it is no JSON, or an object lacks what its type requires.
            pub fn from_slice(
                json: impl AsRef<[u8]>,
            ) -> ::std::result::Result<Self, $crate::Error> {
                Self::read(&::bytes::Bytes::copy_from_slice(json.as_ref()))
            }

            pub(crate) fn read(json: &::bytes::Bytes) -> ::std::result::Result<Self, $crate::Error> {
                #[derive(::serde::Deserialize)]
                struct Typed {
                    #[serde(rename = "type")]
                    event_type: EventType,
                }
                let head = $crate::webhooks::head::Head::read(json);
                let event_type = match head.event_type {
                    Some(event_type) => EventType::from(event_type.as_ref()),
                    // Over all the bytes, so that the fault is told by its place in them.
                    None => $crate::webhooks::read::<Typed>(json)?.event_type,
                };
                Self::read_as(&event_type, json)
            }

            /// Reads an event whose type is known already.
            pub(crate) fn read_as(
                event_type: &EventType,
                json: &::bytes::Bytes,
            ) -> ::std::result::Result<Self, $crate::Error> {
                match event_type {
                    $(EventType::$variant => $crate::webhooks::read(json).map(Self::$variant),)*
                    EventType::Unknown(_) => $crate::webhooks::read(json)
                        .map(|raw| Self::Unknown($crate::webhooks::UnknownEvent::new(raw))),
                }
            }
        }

        impl ::serde::Serialize for Event {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(event) => event.serialize(serializer),)*
                    Self::Unknown(event) => event.raw.serialize(serializer),
                }
            }
        }

        impl<'de> ::serde::Deserialize<'de> for Event {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                let raw = <::serde_json::Value as ::serde::Deserialize>::deserialize(deserializer)?;
                let event_type = EventType::from(raw["type"].as_str().unwrap_or_default());
                match event_type {
                    $(EventType::$variant => ::serde_json::from_value(raw)
                        .map(Self::$variant)
                        .map_err(::serde::de::Error::custom),)*
                    EventType::Unknown(_) => {
                        Ok(Self::Unknown($crate::webhooks::UnknownEvent::new(raw)))
                    }
                }
            }
        }
    };
}
pub(crate) use event_enum;

#[cfg(test)]
mod tests;
