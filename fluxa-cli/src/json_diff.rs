//! Owns what differs between two JSON documents: place by place.
//!
//! Pure. Knows nothing of what the documents are.

use serde::Serialize;
use serde_json::Value;

/// A place where two documents differ. Part of the NDJSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Difference {
    /// `amount_refunded`, `metadata.order_id`, `retries.0.at`.
    pub(crate) path: String,
    pub(crate) change: Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Value>,
}

/// What became of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Added,
    Removed,
    Changed,
}

/// Returns all differences, in order of their paths.
pub(crate) fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    gather("", Some(before), Some(after), &mut found);
    found
}

fn gather(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    let inside = |name: &str| match path {
        "" => name.to_owned(),
        outer => format!("{outer}.{name}"),
    };
    match (before, after) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let added = other.keys().filter(|name| !one.contains_key(*name));
            let mut names: Vec<&String> = one.keys().chain(added).collect();
            names.sort_unstable();
            for name in names {
                gather(&inside(name), one.get(name), other.get(name), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for at in 0..one.len().max(other.len()) {
                gather(&inside(&at.to_string()), one.get(at), other.get(at), found);
            }
        }
        (before, after) if before != after => found.push(Difference {
            path: path.to_owned(),
            change: match (before, after) {
                (None, _) => Change::Added,
                (_, None) => Change::Removed,
                _ => Change::Changed,
            },
            before: before.cloned(),
            after: after.cloned(),
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_place_that_differs_is_named_once() {
        let before = json!({
            "state": "CAPTURED", "amount": 1, "card": { "last4": "4242" }, "gone": null,
            "list": [1, { "a": 1 }, 3], "same": [1],
        });
        let after = json!({
            "state": "SETTLED", "amount": 1, "card": "none", "new": [1],
            "list": [1, { "a": 2 }], "same": [1],
        });
        let found = differences(&before, &after);
        let texts: Vec<String> = found
            .iter()
            .map(|found| serde_json::to_string(found).unwrap())
            .collect();
        assert_eq!(
            texts,
            [
                r#"{"path":"card","change":"changed","before":{"last4":"4242"},"after":"none"}"#,
                r#"{"path":"gone","change":"removed","before":null}"#,
                r#"{"path":"list.1.a","change":"changed","before":1,"after":2}"#,
                r#"{"path":"list.2","change":"removed","before":3}"#,
                r#"{"path":"new","change":"added","after":[1]}"#,
                r#"{"path":"state","change":"changed","before":"CAPTURED","after":"SETTLED"}"#,
            ]
        );
        assert_eq!(differences(&before, &before), []);
    }
}
