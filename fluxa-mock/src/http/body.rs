//! Owns the reading of request bodies: a cap, a time limit, and the two encodings.

use super::form;
use super::params::Source;
use crate::domain::error::DomainError;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;
use std::time::Duration;

/// What is read beyond the cap before answering, so that the answer reaches a client still sending.
const DRAIN_LIMIT: usize = 16 * 1024 * 1024;

/// Reads a body of at most `cap` bytes within `limit`.
///
/// # Errors
/// `body_too_large`; `body_malformed` when it is cut or too slow.
pub(crate) async fn read(
    mut body: Body,
    cap: usize,
    limit: Duration,
) -> Result<Bytes, DomainError> {
    let reading = async {
        let mut whole = BytesMut::new();
        let mut total = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| malformed("The body was cut off."))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            total += data.len();
            if total <= cap {
                whole.extend_from_slice(&data);
            } else if total > cap + DRAIN_LIMIT {
                break;
            }
        }
        if total > cap {
            let message = format!("A request body has at most {cap} bytes.");
            return Err(DomainError::invalid("body_too_large", message));
        }
        Ok(whole.freeze())
    };
    match tokio::time::timeout(limit, reading).await {
        Ok(result) => result,
        Err(_) => Err(malformed("The body did not arrive in time.")),
    }
}

/// Parses a body by its content type; nothing sent is no parameters.
///
/// # Errors
/// `body_malformed`.
pub(super) fn parse(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Map<String, Value>, Source), DomainError> {
    if body.is_empty() {
        return Ok((Map::new(), Source::Json));
    }
    let media = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let media = media
        .split(';')
        .next()
        .unwrap_or("")
        .trim()
        .to_ascii_lowercase();
    match media.as_str() {
        "application/x-www-form-urlencoded" => Ok((form::parse(body)?, Source::Form)),
        "" | "application/json" => {
            let Strict(value) = serde_json::from_slice(body).map_err(|error| {
                let place = format!("line {}, column {}", error.line(), error.column());
                malformed(&format!(
                    "The body is not valid JSON: {} at {place}.",
                    category(&error)
                ))
            })?;
            match value {
                Value::Object(object) => Ok((object, Source::Json)),
                _ => Err(malformed("The body is not a JSON object.")),
            }
        }
        _ => Err(malformed(
            "Send application/json or application/x-www-form-urlencoded.",
        )),
    }
}

/// The fault without the text around it, which might hold a card number.
fn category(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a name is given twice",
        _ => "syntax error",
    }
}

fn malformed(message: &str) -> DomainError {
    DomainError::invalid("body_malformed", message)
}

/// A JSON value in which no object has a name twice: which of the two counts is undefined in JSON,
/// and a payment is no place to guess.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, _>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is given twice"));
            }
        }
        Ok(Value::Object(object))
    }
}
