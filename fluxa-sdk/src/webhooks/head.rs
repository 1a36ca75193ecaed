//! The head of an event: its `id` and `type`, read without reading the rest.
//!
//! Owns stopping early. An acknowledgement, a deduplication and a dispatch need the two alone, and
//! skipping over the object costs as much as a good part of reading it. A fault behind the head is
//! found when the event is read.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// What an event is known by.
#[derive(Default)]
pub(crate) struct Head<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) event_type: Option<Cow<'a, str>>,
}

impl<'a> Head<'a> {
    /// Returns what stands before the first fault, up to where both are found.
    ///
    /// Only members of the body's own object count, not those of objects in it. Neither is
    /// returned when one is there twice before both are found: which to believe is not ours to
    /// choose.
    pub(crate) fn read(body: &'a [u8]) -> Self {
        let mut head = Self::default();
        let mut json = serde_json::Deserializer::from_slice(body);
        // Stopping early is a fault to serde_json as well, so that its result tells nothing.
        let _ = HeadSeed(&mut head).deserialize(&mut json);
        head
    }
}

struct HeadSeed<'s, 'a>(&'s mut Head<'a>);

impl<'de> DeserializeSeed<'de> for HeadSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for HeadSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while self.0.id.is_none() || self.0.event_type.is_none() {
            let place = match map.next_key()? {
                Some(Member::Id) => &mut self.0.id,
                Some(Member::Type) => &mut self.0.event_type,
                Some(Member::Other) => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                None => return Ok(()),
            };
            if place.is_some() {
                *self.0 = Head::default();
                return Err(A::Error::custom("there twice"));
            }
            *place = Some(map.next_value::<Text<'de>>()?.0);
        }
        Ok(())
    }
}

/// Text, borrowed when no escape is in it.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A member of the event's object.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Id,
    Type,
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::{Cow, Head};

    fn read(body: &str) -> (Option<String>, Option<String>) {
        let head = Head::read(body.as_bytes());
        (
            head.id.map(Cow::into_owned),
            head.event_type.map(Cow::into_owned),
        )
    }

    fn both() -> (Option<String>, Option<String>) {
        (Some("evt_1".to_owned()), Some("a.b".to_owned()))
    }

    #[test]
    fn the_two_are_found_wherever_they_stand_and_however_they_are_written() {
        for body in [
            r#"{"id":"evt_1","type":"a.b"}"#,
            r#" { "type" : "a.b" , "n":[1,{"id":2}], "id" : "evt_1" , "x":1}"#,
            r#"{"data":{"id":"pay_1","type":"card","object":{"id":"x"}},"type":"a.b","id":"evt_1"}"#,
            r#"{"\u0069d":"evt\u005f1","ty\u0070e":"a.b"}"#,
        ] {
            assert_eq!(read(body), both(), "{body}");
        }
    }

    #[test]
    fn what_follows_the_head_is_not_looked_at() {
        assert_eq!(read(r#"{"id":"evt_1","type":"a.b",<html>"#), both());
    }

    #[test]
    fn members_of_inner_objects_are_not_the_events() {
        for body in [
            r#"{"data":{"id":"pay_1","type":"card"}}"#,
            r#"[{"id":"evt_1","type":"a.b"}]"#,
            r#""id""#,
            "",
        ] {
            assert_eq!(read(body), (None, None), "{body}");
        }
    }

    #[test]
    fn one_that_is_no_text_or_there_twice_is_not_taken() {
        assert_eq!(read(r#"{"id":7,"type":"a.b"}"#), (None, None));
        assert_eq!(read(r#"{"type":null,"id":"evt_1"}"#), (None, None));
        let twice = r#"{"id":"evt_1","id":"evt_2","type":"a.b"}"#;
        assert_eq!(read(twice), (None, None));
        assert_eq!(read("{\"id\":\"\u{1}\",\"type\":\"a.b\"}"), (None, None));
    }
}
