//! Owns what the pipeline knows of an event: enough to route and order it, and its bytes.

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::chaos::Trouble;
use super::cursor::Ticket;

/// The longest id and the longest type. Those of the contract are far shorter; what is remembered
/// of each event must have a bound.
const LONGEST: usize = 255;

/// An event as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) id: String,
    pub(crate) event_type: String,
    /// Id of the object it is about: what is kept in order.
    pub(crate) object: Option<String>,
    /// The bytes, forwarded and signed as they are.
    pub(crate) body: Bytes,
    /// What `--chaos` does to it.
    pub(crate) trouble: Option<Box<Trouble>>,
    /// Its place in the order of receipt.
    pub(crate) ticket: Ticket,
}

/// The bytes of an event as NDJSON shows them. Made when they are shown: mostly they are not.
#[derive(Clone, Debug)]
pub(crate) struct Payload(pub(crate) Bytes);

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        on_one_line(&self.0).serialize(serializer)
    }
}

#[derive(Deserialize)]
struct Head<'b> {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    #[serde(borrow, default)]
    data: Option<&'b RawValue>,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    id: String,
}

impl Incoming {
    /// Reads what the pipeline needs of an event, and keeps its bytes as they came.
    ///
    /// # Errors
    /// Why it is no event.
    pub(crate) fn parse(body: Bytes) -> Result<Self, String> {
        let (id, event_type, object) = {
            let head: Head<'_> =
                serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            // An event about something without an id, or of a shape yet to come, is an event.
            let data = head
                .data
                .and_then(|data| serde_json::from_str::<Data>(data.get()).ok());
            let object = data.map(|data| data.object.id);
            (head.id, head.event_type, object)
        };
        for (what, text) in [("id", &id), ("type", &event_type)] {
            if text.is_empty() || text.len() > LONGEST {
                return Err(format!("its {what} is {} bytes long", text.len()));
            }
        }
        Ok(Self {
            id,
            event_type,
            object: object.filter(|object| object.len() <= LONGEST),
            body,
            trouble: None,
            ticket: Ticket::default(),
        })
    }
}

/// Returns JSON as it is, or compacted when it has line breaks, which NDJSON must not have.
fn on_one_line(json: &[u8]) -> Box<RawValue> {
    let text = match json.iter().any(u8::is_ascii_control) {
        true => serde_json::from_slice::<serde_json::Value>(json)
            .map(|value| value.to_string())
            .ok(),
        false => std::str::from_utf8(json).map(str::to_owned).ok(),
    };
    text.and_then(|text| RawValue::from_string(text).ok())
        .unwrap_or_else(|| RawValue::NULL.to_owned())
}

#[cfg(test)]
impl Incoming {
    pub(crate) fn for_test(id: &str, event_type: &str, object: &str) -> Self {
        let body = format!(
            r#"{{"id":"{id}","type":"{event_type}","data":{{"object":{{"id":"{object}"}}}}}}"#
        );
        Self::parse(Bytes::from(body)).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_any_shape_is_one_as_long_as_it_has_an_id_and_a_type() {
        for (data, object) in [
            (r#"{"object":{"id":"pay_1"}}"#, Some("pay_1")),
            (r#"{"object":{"id":7}}"#, None),
            (r#"{"object":[]}"#, None),
            ("null", None),
            ("[1]", None),
        ] {
            let text = format!(r#"{{"id":"evt_1","type":"moon.landed","data":{data}}}"#);
            let event = Incoming::parse(Bytes::from(text)).unwrap();
            assert_eq!(event.object.as_deref(), object, "{data}");
        }
        assert!(Incoming::parse(Bytes::from_static(br#"{"id":"evt_1"}"#)).is_err());
    }

    #[test]
    fn a_payload_of_several_lines_is_shown_on_one() {
        assert_eq!(on_one_line(b"{\"a\": 1}").get(), "{\"a\": 1}");
        assert_eq!(on_one_line(b"{\n  \"a\":\t1\r\n}").get(), "{\"a\":1}");
        assert_eq!(on_one_line(b"\xff").get(), "null");
    }

    #[test]
    fn an_id_of_any_length_is_not_remembered() {
        let long = "x".repeat(LONGEST + 1);
        for (id, event_type) in [
            (long.as_str(), "a.b"),
            ("evt_1", long.as_str()),
            ("", "a.b"),
        ] {
            let text = format!(r#"{{"id":"{id}","type":"{event_type}"}}"#);
            assert!(Incoming::parse(Bytes::from(text)).is_err());
        }
        let text =
            format!(r#"{{"id":"evt_1","type":"a.b","data":{{"object":{{"id":"{long}"}}}}}}"#);
        assert_eq!(Incoming::parse(Bytes::from(text)).unwrap().object, None);
    }
}
