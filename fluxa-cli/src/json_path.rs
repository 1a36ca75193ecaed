//! Owns naming a place in JSON: `data.object.metadata.order_id`, `data.0.id`.
//!
//! A part is the name of a field, or the place in an array, from 0. Knows nothing of what is there.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

/// A place in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonPath {
    parts: Vec<String>,
}

impl FromStr for JsonPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<String> = text.split('.').map(str::to_owned).collect();
        match parts.iter().any(String::is_empty) {
            true => Err(format!("`{text}` is no path: write it as data.object.id")),
            false => Ok(Self { parts }),
        }
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.parts.join("."))
    }
}

impl JsonPath {
    pub(crate) fn parts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(String::as_str)
    }

    /// Returns the first item on the way, or at the end, that a list does not have.
    pub(crate) fn missing_item(&self, value: &Value) -> Option<Self> {
        let mut place = value;
        for (index, part) in self.parts.iter().enumerate() {
            match child(place, part) {
                Some(below) => place = below,
                None => {
                    let parts = self.parts[..=index].to_vec();
                    return place.is_array().then_some(Self { parts });
                }
            }
        }
        None
    }

    /// Returns what is there.
    pub(crate) fn get<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.parts.iter().try_fold(value, child)
    }

    /// Returns the object or array that it stands, or would stand, in.
    pub(crate) fn parent<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        let (_, parents) = self.parts.split_last()?;
        parents.iter().try_fold(value, child)
    }

    /// Puts a value there. Objects on the way that are not there are made, and what is neither an
    /// object nor an array gives way.
    pub(crate) fn set(&self, value: &mut Value, new: Value) {
        let mut place = value;
        for part in &self.parts {
            if child(place, part).is_none() && !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = match place {
                Value::Object(fields) => fields.entry(part.clone()).or_insert(Value::Null),
                Value::Array(items) => match part.parse::<usize>().ok() {
                    // It is there: see above.
                    Some(at) if at < items.len() => &mut items[at],
                    _ => return,
                },
                _ => return,
            };
        }
        *place = new;
    }

    /// Takes away what is there. Returns whether it was.
    pub(crate) fn remove(&self, value: &mut Value) -> bool {
        let Some((last, parents)) = self.parts.split_last() else {
            return false;
        };
        let mut place = value;
        for part in parents {
            let next = match place {
                Value::Object(fields) => fields.get_mut(part),
                Value::Array(items) => part.parse().ok().and_then(|at: usize| items.get_mut(at)),
                _ => None,
            };
            match next {
                Some(next) => place = next,
                None => return false,
            }
        }
        match place {
            Value::Object(fields) => fields.remove(last).is_some(),
            Value::Array(items) => match last.parse::<usize>() {
                Ok(at) if at < items.len() => {
                    items.remove(at);
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }
}

fn child(value: &Value, part: impl AsRef<str>) -> Option<&Value> {
    let part = part.as_ref();
    match value {
        Value::Object(fields) => fields.get(part),
        Value::Array(items) => part.parse().ok().and_then(|at: usize| items.get(at)),
        _ => None,
    }
}

/// Returns the path of every value that is no object, each with the value.
pub(crate) fn leaves(value: &Value) -> Vec<(String, &Value)> {
    fn walk<'a>(value: &'a Value, prefix: String, found: &mut Vec<(String, &'a Value)>) {
        let Value::Object(fields) = value else {
            found.push((prefix, value));
            return;
        };
        for (name, value) in fields {
            let path = match prefix.is_empty() {
                true => name.clone(),
                false => format!("{prefix}.{name}"),
            };
            walk(value, path, found);
        }
    }
    let mut found = Vec::new();
    walk(value, String::new(), &mut found);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> JsonPath {
        text.parse().unwrap()
    }

    #[test]
    fn places_are_found_in_objects_and_arrays() {
        let value = json!({ "data": [{ "id": "pay_1" }], "metadata": { "a": null } });
        assert_eq!(path("data.0.id").get(&value), Some(&json!("pay_1")));
        assert_eq!(path("metadata.a").get(&value), Some(&Value::Null));
        for absent in ["data.1.id", "data.id", "metadata.b", "metadata.a.b"] {
            assert_eq!(path(absent).get(&value), None, "{absent}");
        }
        for wrong in ["", ".", "a.", ".a", "a..b"] {
            assert!(wrong.parse::<JsonPath>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_set_is_there_and_what_is_removed_is_not() {
        let mut value = json!({ "items": [1, 2], "card": { "number": "4" } });
        path("card.cvc").set(&mut value, json!("123"));
        path("metadata.order.id").set(&mut value, json!(7));
        path("items.1").set(&mut value, json!(3));
        let expected = json!({
            "items": [1, 3], "card": { "number": "4", "cvc": "123" },
            "metadata": { "order": { "id": 7 } },
        });
        assert_eq!(value, expected);
        for gone in ["card.cvc", "metadata.order.id", "items.0"] {
            assert!(path(gone).remove(&mut value), "{gone}");
        }
        assert!(!path("card.cvc").remove(&mut value));
        assert!(!path("items.7").remove(&mut value));
        let expected =
            json!({ "items": [3], "card": { "number": "4" }, "metadata": { "order": {} } });
        assert_eq!(value, expected);
    }

    #[test]
    fn leaves_are_all_that_is_no_object() {
        let value = json!({ "a": { "b": 1, "c": [2] }, "d": null });
        let names: Vec<String> = leaves(&value).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a.b", "a.c", "d"]);
    }
}
