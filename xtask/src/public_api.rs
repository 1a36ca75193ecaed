//! `cargo xtask public-api`: the foreign types in the SDK's public interface are those that
//! `docs/public-api.md` lists, each with its reason.
//!
//! Reads rustdoc's JSON, which is not stable: that is why `release-check` runs it and a change
//! does not wait for it. Only fields that have kept their names for years are read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const LIST: &str = "docs/public-api.md";
/// The language's own, which are foreign to nobody.
const OWN: [&str; 3] = ["std", "core", "alloc"];

pub(crate) fn check(root: &Path) -> Result<String, String> {
    let target = root.join("target/public-api");
    let status = Command::new(env!("CARGO"))
        .args([
            "rustdoc",
            "--package",
            "fluxa-sdk",
            "--all-features",
            "--lib",
        ])
        .args(["--locked", "--quiet", "--target-dir"])
        .arg(&target)
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(root)
        .status()
        .map_err(|error| format!("cargo rustdoc: {error}"))?;
    if !status.success() {
        return Err(format!("cargo rustdoc: {status}"));
    }
    let text = fs::read_to_string(target.join("doc/fluxa_sdk.json"))
        .map_err(|error| format!("rustdoc's JSON: {error}"))?;
    let document: Value =
        serde_json::from_str(&text).map_err(|error| format!("rustdoc's JSON: {error}"))?;
    let found = foreign(&document)?;
    let page = fs::read_to_string(root.join(LIST)).map_err(|error| format!("{LIST}: {error}"))?;
    let faults = compare(&found, &listed(&page));
    if faults.is_empty() {
        return Ok(format!(
            "public API: {} foreign types, all listed",
            found.len()
        ));
    }
    Err(format!("{LIST}\n  {}", faults.join("\n  ")))
}

fn compare(found: &BTreeSet<String>, listed: &BTreeSet<String>) -> Vec<String> {
    let new = found.difference(listed).map(|name| {
        format!(
            "{name} is in a public signature and not listed: keep it out, or list it and say why"
        )
    });
    let gone = listed
        .difference(found)
        .map(|name| format!("{name} is listed and in no public signature: take it off the list"));
    new.chain(gone).collect()
}

/// The names that open the rows of the page's tables: `` | `crate::Name` | ``.
fn listed(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Foreign types and traits that public items name, as `crate::Name`.
fn foreign(document: &Value) -> Result<BTreeSet<String>, String> {
    let index = document.get("index").and_then(Value::as_object);
    let index = index.ok_or("rustdoc's JSON has no `index`: has its format changed?")?;
    let mut ids = BTreeSet::new();
    for item in index.values() {
        let own = item.get("crate_id").and_then(Value::as_u64) == Some(0);
        let implementation = item.pointer("/inner/impl");
        let made_up = implementation.is_some_and(|implementation| {
            implementation.get("is_synthetic") == Some(&Value::Bool(true))
                || implementation
                    .get("blanket_impl")
                    .is_some_and(|of| !of.is_null())
        });
        if own && !made_up {
            collect(item.get("inner").unwrap_or(&Value::Null), &mut ids);
        }
    }
    if ids.is_empty() {
        return Err("rustdoc's JSON names no type: has its format changed?".into());
    }
    Ok(ids.iter().filter_map(|id| name(document, id)).collect())
}

/// Collects the ids of all that is written as a path: `{"path": …, "id": …, "args": …}`.
fn collect(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let (Some(Value::String(_)), Some(id)) = (members.get("path"), members.get("id")) {
                ids.insert(id.to_string());
            }
            members.values().for_each(|value| collect(value, ids));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, ids)),
        _ => {}
    }
}

fn name(document: &Value, id: &str) -> Option<String> {
    let item = document.get("paths")?.get(id.trim_matches('"'))?;
    let path = item.get("path")?.as_array()?;
    let (first, last) = (path.first()?.as_str()?, path.last()?.as_str()?);
    let own = item.get("crate_id")?.as_u64()? == 0;
    (!own && !OWN.contains(&first)).then(|| format!("{first}::{last}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{compare, foreign, listed};

    #[test]
    fn a_foreign_type_in_a_signature_must_be_listed_and_the_list_not_longer() {
        let named = |id: u64| json!({ "resolved_path": { "path": "X", "id": id, "args": null } });
        let item = |inner| json!({ "crate_id": 0, "inner": inner });
        let document = json!({
            "index": {
                "1": item(json!({ "function": { "sig": { "inputs": [["a", named(10)]] } } })),
                "2": item(json!({ "struct_field": named(11) })),
                "3": item(json!({ "impl": { "for": named(12), "blanket_impl": named(12) } })),
                "4": item(json!({ "struct_field": named(13) })),
            },
            "paths": {
                "10": { "crate_id": 5, "path": ["http", "header", "map", "HeaderMap"] },
                "11": { "crate_id": 1, "path": ["alloc", "string", "String"] },
                "12": { "crate_id": 6, "path": ["other", "Blanket"] },
                "13": { "crate_id": 0, "path": ["fluxa_sdk", "Client"] },
            },
        });
        let found = foreign(&document).unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), ["http::HeaderMap"]);
        assert!(compare(&found, &listed("| `http::HeaderMap` | headers |")).is_empty());
        assert_eq!(compare(&found, &listed("none")).len(), 1);
        let long = "| `http::HeaderMap` | a |\n| `url::Url` | b |";
        assert_eq!(compare(&found, &listed(long)).len(), 1);
    }

    #[test]
    fn another_format_is_told_and_not_taken_for_nothing() {
        assert!(foreign(&json!({})).is_err());
        assert!(foreign(&json!({ "index": {} })).is_err());
    }
}
