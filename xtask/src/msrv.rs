//! The stated `rust-version` of the SDK: no crate it can reach states a newer one.
//!
//! What the SDK's own code uses is clippy's to check (`incompatible_msrv`, which reads the same
//! `rust-version`).

use serde_json::Value;

use crate::tidy;

/// Adds a fault for each crate of the SDK's tree, all features on, that needs a newer Rust.
pub(crate) fn check(metadata: &Value, faults: &mut Vec<String>) {
    let packages: Vec<&Value> = metadata
        .get("packages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    let text = |package: &Value, field: &str| {
        let value = package.get(field).and_then(Value::as_str);
        value.map(str::to_owned)
    };
    let sdk = packages
        .iter()
        .find(|package| text(package, "name").as_deref() == Some("fluxa-sdk"));
    let stated = sdk.and_then(|package| text(package, "rust_version"));
    let Some(stated) = stated else {
        faults.push("fluxa-sdk/Cargo.toml: it states no rust-version".into());
        return;
    };
    let reached = tidy::reachable(metadata, "fluxa-sdk");
    for package in packages {
        let (Some(id), Some(needs)) = (text(package, "id"), text(package, "rust_version")) else {
            continue;
        };
        if reached.contains(&id) && numbers(&needs) > numbers(&stated) {
            let name = text(package, "name").unwrap_or(id);
            faults.push(format!(
                "fluxa-sdk reaches {name}, which needs Rust {needs}; the workspace states {stated}: \
                 raise `rust-version` or take an older {name}"
            ));
        }
    }
}

fn numbers(version: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> = version
        .split('.')
        .map(|part| part.parse().unwrap_or_default())
        .collect();
    numbers.resize(3, 0);
    numbers
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn faults(stated: &str, needs: Value, kind: Value) -> Vec<String> {
        let metadata = json!({
            "packages": [
                { "id": "sdk", "name": "fluxa-sdk", "rust_version": stated },
                { "id": "other", "name": "other", "rust_version": needs },
            ],
            "resolve": { "nodes": [
                { "id": "sdk", "deps": [{ "pkg": "other", "dep_kinds": [{ "kind": kind }] }] },
                { "id": "other", "deps": [] },
            ]},
        });
        let mut faults = Vec::new();
        check(&metadata, &mut faults);
        faults
    }

    #[test]
    fn a_crate_that_needs_a_newer_rust_is_a_fault() {
        for needs in ["1.90", "1.89.1", "2.0"] {
            assert_eq!(
                faults("1.89", json!(needs), Value::Null).len(),
                1,
                "{needs}"
            );
        }
        assert!(faults("1.89", json!("1.90"), Value::Null)[0].contains("other"));
    }

    #[test]
    fn an_older_one_or_one_for_tests_only_is_none() {
        for needs in [json!("1.89"), json!("1.89.0"), json!("1.9"), Value::Null] {
            assert!(
                faults("1.89", needs.clone(), Value::Null).is_empty(),
                "{needs}"
            );
        }
        assert!(faults("1.89", json!("1.95"), json!("dev")).is_empty());
    }
}
