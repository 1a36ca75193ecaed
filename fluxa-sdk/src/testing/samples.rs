//! Sample events: one of every type, as the contract shows it, to change, sign and post.
//!
//! Owns what tests do with a sample. What is in it is generated from the contract.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Value, json};

use crate::contract;
use crate::error::Error;
use crate::time::Timestamp;
use crate::webhooks::{self, Event, EventType};

/// Read at the first use: tests alone pay for it.
static SAMPLES: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../generated/samples.json"))
        .expect("the generator writes JSON")
});

/// Returns a sample event of a type: complete, in a state that fits, the same on every call.
///
/// A type that this SDK does not know gives an event of that type about an empty object, to test
/// what a receiver does with types that come later.
///
/// ```
/// use fluxa_sdk::testing::sample_event;
/// use fluxa_sdk::webhooks::{Event, EventType, Verifier};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let delivery = sample_event(EventType::PaymentSettled)
///     .metadata("order_id", "ord_1")
///     .set("/data/object/amount", 1999)
///     .signed("whsec_test");
/// let event = Verifier::new("whsec_test")?.verify(&delivery.body, &delivery.signature)?.event()?;
/// let Event::PaymentSettled(event) = event else { panic!() };
/// assert_eq!(event.data.object.metadata["order_id"], "ord_1");
/// # Ok(())
/// # }
/// ```
pub fn sample_event(event_type: impl Into<EventType>) -> SampleEvent {
    let json = sample_event_json(event_type);
    SampleEvent { json }
}

/// Returns a sample event as JSON: see [`sample_event`].
pub fn sample_event_json(event_type: impl Into<EventType>) -> Value {
    let event_type = event_type.into();
    let name = event_type.as_str();
    SAMPLES.get(name).cloned().unwrap_or_else(|| {
        json!({
            "id": "evt_0000000000000000",
            "object": "event",
            "livemode": false,
            "created_at": "2026-05-19T10:23:14.572Z",
            "metadata": {},
            "type": name,
            "api_version": contract::API_VERSION,
            "data": { "object": {} },
            "request": null,
        })
    })
}

/// A sample event that can still be changed.
#[derive(Clone, PartialEq)]
#[must_use]
pub struct SampleEvent {
    json: Value,
}

impl SampleEvent {
    /// Sets the `evt_…` id. Samples of one type share theirs, as deliveries of one event do.
    pub fn id(self, id: impl Into<String>) -> Self {
        self.set("/id", id.into())
    }

    /// Sets when the event happened.
    pub fn created_at(self, at: Timestamp) -> Self {
        self.set("/created_at", at.to_string())
    }

    /// Sets an entry of the object's `metadata`.
    pub fn metadata(self, key: &str, value: impl Into<String>) -> Self {
        let key = key.replace('~', "~0").replace('/', "~1");
        self.set(&format!("/data/object/metadata/{key}"), value.into())
    }

    /// Sets the value at a JSON pointer, such as `/data/object/amount`.
    ///
    /// Objects on the way to it are made when they are not there.
    ///
    /// # Panics
    /// When `pointer` does not begin with `/`, or leads through something that is not an object:
    /// a test that changes nothing would prove nothing.
    pub fn set(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let path = pointer.strip_prefix('/');
        let path = path.unwrap_or_else(|| panic!("`{pointer}` does not begin with `/`"));
        let mut place = &mut self.json;
        for key in path.split('/') {
            if place.is_null() {
                *place = json!({});
            }
            let key = key.replace("~1", "/").replace("~0", "~");
            place = place
                .as_object_mut()
                .unwrap_or_else(|| panic!("`{pointer}` leads through what is not an object"))
                .entry(key)
                .or_insert(Value::Null);
        }
        *place = value.into();
        self
    }

    /// Changes the JSON in any way, such as taking a field out.
    pub fn with(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.json);
        self
    }

    /// Returns the event as JSON.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// Returns the object that the event is about, whole, as a call would answer it: for a
    /// [`Script`](crate::testing::Script).
    pub fn object(&self) -> Value {
        self.json["data"]["object"].clone()
    }

    /// Returns the bytes that Fluxa would post.
    pub fn body(&self) -> Bytes {
        self.json.to_string().into()
    }

    /// Returns the typed event.
    ///
    /// # Errors
    /// [`Error::Decode`] when a change made it unreadable.
    pub fn event(&self) -> Result<Event, Error> {
        Event::from_slice(self.body())
    }

    /// Returns the delivery of this event, signed now, ready to post.
    pub fn signed(&self, secret: impl AsRef<[u8]>) -> SignedDelivery {
        self.signed_at(secret, Timestamp::now().as_second())
    }

    /// Returns the delivery of this event, signed at a time in Unix seconds.
    pub fn signed_at(
        &self,
        secret: impl AsRef<[u8]>,
        timestamp_unix_seconds: i64,
    ) -> SignedDelivery {
        let body = self.body();
        let signature = webhooks::sign(secret.as_ref(), timestamp_unix_seconds, &body);
        let event_type = self.json["type"].as_str().unwrap_or_default().to_owned();
        SignedDelivery {
            body,
            signature,
            event_type,
        }
    }
}

impl fmt::Debug for SampleEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SampleEvent")
            .field("id", &self.json["id"])
            .field("type", &self.json["type"])
            .finish_non_exhaustive()
    }
}

/// A delivery as Fluxa posts it: the body and what its headers say.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedDelivery {
    /// The body. Post these very bytes: the signature is over them.
    pub body: Bytes,
    /// The value of `X-Fluxa-Signature`.
    pub signature: String,
    event_type: String,
}

impl SignedDelivery {
    /// Returns all headers that Fluxa sends with a delivery.
    pub fn headers(&self) -> HeaderMap {
        let values = [
            (header::CONTENT_TYPE.as_str(), "application/json"),
            (header::USER_AGENT.as_str(), contract::WEBHOOK_USER_AGENT),
            (contract::SIGNATURE, self.signature.as_str()),
            (contract::EVENT, self.event_type.as_str()),
            (contract::DELIVERY_ID, "dlv_0000000000000000"),
        ];
        // A type with a line break in it, made for a test, has no place in a header.
        let entries = values.into_iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        entries.collect()
    }
}

impl fmt::Debug for SignedDelivery {
    /// Leaves out the body, as the SDK does everywhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedDelivery")
            .field("event_type", &self.event_type)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
