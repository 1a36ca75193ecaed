//! Owns JSON as it was sent: the order of fields, numbers and fields that nobody knows are kept.
//!
//! [`serde_json::Value`] sorts fields and rounds numbers, which is well for what is built here, and
//! wrong for what is passed on.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// How deep an answer may be nested, as `serde_json` has it for its own values.
const DEPTH: u32 = 128;

/// A value as it was sent.
#[derive(Debug)]
pub(crate) enum JsonText {
    Object(Vec<(String, JsonText)>),
    Array(Vec<JsonText>),
    /// Text, a number, true, false or null, as written.
    Scalar(Box<RawValue>),
}

impl JsonText {
    /// Reads a document.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        Self::read(serde_json::from_str(text)?, DEPTH)
    }

    fn read(raw: &RawValue, depth: u32) -> serde_json::Result<Self> {
        let text = raw.get();
        let inner = || {
            let too_deep = || serde_json::Error::custom("it is nested too deeply");
            depth.checked_sub(1).ok_or_else(too_deep)
        };
        match text.as_bytes().first() {
            Some(b'{') => {
                let depth = inner()?;
                let fields = serde_json::from_str::<Fields<'_>>(text)?.0.into_iter();
                let read = fields.map(|(name, raw)| Ok((name, Self::read(raw, depth)?)));
                read.collect::<serde_json::Result<_>>().map(Self::Object)
            }
            Some(b'[') => {
                let depth = inner()?;
                let items = serde_json::from_str::<Vec<&RawValue>>(text)?.into_iter();
                let read = items.map(|raw| Self::read(raw, depth));
                read.collect::<serde_json::Result<_>>().map(Self::Array)
            }
            _ => Ok(Self::Scalar(raw.to_owned())),
        }
    }

    /// Returns a field of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(fields) = self else {
            return None;
        };
        let found = fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value)
    }

    pub(crate) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<String> {
        self.scalar()
    }

    pub(crate) fn integer(&self) -> Option<i64> {
        self.scalar()
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        self.scalar()
    }

    fn scalar<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        match self {
            Self::Scalar(raw) => serde_json::from_str(raw.get()).ok(),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(raw) if raw.get() == "null")
    }

    /// Returns the document on many lines, for people.
    pub(crate) fn pretty(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

impl Serialize for JsonText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Scalar(raw) => raw.serialize(serializer),
            Self::Array(items) => serializer.collect_seq(items),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// The fields of an object, in their order.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::JsonText;

    #[test]
    fn order_numbers_and_unknown_fields_are_kept_and_space_is_not() {
        let sent = "{ \"z\": 1.10,\n \"a\": [ 18446744073709551616, {\"new\\u0021\": null} ] }\n";
        let read = JsonText::parse(sent).unwrap();
        let line = serde_json::to_string(&read).unwrap();
        assert_eq!(
            line,
            r#"{"z":1.10,"a":[18446744073709551616,{"new!":null}]}"#
        );
        assert_eq!(
            JsonText::parse(&read.pretty().unwrap())
                .unwrap()
                .get("z")
                .unwrap()
                .text(),
            None
        );
    }

    #[test]
    fn what_is_no_json_or_nested_without_end_is_an_error_and_no_crash() {
        for text in ["", "<html>", "{\"a\":}", "{} {}"] {
            assert!(JsonText::parse(text).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(JsonText::parse(&deep).is_err());
    }
}
