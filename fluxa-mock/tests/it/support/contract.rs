//! Checks answers against `openapi.json`: the operation by method and path, the schema by status and
//! media type, and that no field is shown that the contract does not name.

use super::Answer;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// The path template that `path` is an instance of.
fn template(path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &&String| {
        let names: Vec<&str> = template.split('/').collect();
        names.len() == parts.len()
            && names
                .iter()
                .zip(&parts)
                .all(|(name, part)| name.starts_with('{') || name == part)
    };
    let mut found: Vec<&String> = DOCUMENT["paths"]
        .as_object()
        .unwrap()
        .keys()
        .filter(fits)
        .collect();
    // A literal path beats a template.
    found.sort_by_key(|template| template.contains('{'));
    found.first().map(|template| template.as_str())
}

fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => resolve(DOCUMENT.pointer(&reference[1..]).unwrap()),
        None => value,
    }
}

/// Validates `value` against a schema of the document.
#[track_caller]
pub(crate) fn validate(schema: &Value, value: &Value, what: &str) {
    let name = schema.to_string();
    let known = VALIDATORS.lock().unwrap().get(&name).cloned();
    let validator = known.unwrap_or_else(|| {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema], "components": DOCUMENT["components"],
        });
        let compiled = Arc::new(
            jsonschema::options()
                .should_validate_formats(true)
                .build(&whole)
                .unwrap(),
        );
        VALIDATORS
            .lock()
            .unwrap()
            .insert(name, Arc::clone(&compiled));
        compiled
    });
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{what} breaks the contract:\n{}\n{value:#}",
        errors.join("\n")
    );
}

/// Checks an answer to an operation of the contract.
#[track_caller]
pub(crate) fn check(method: &str, path: &str, answer: &Answer) {
    for header in ["x-fluxa-request-id", "fluxa-version", "x-ratelimit-limit"] {
        assert!(
            answer.headers.contains_key(header),
            "{method} {path} lacks {header}"
        );
    }
    let bare = path.split('?').next().unwrap();
    let operation = bare
        .strip_prefix("/v1")
        .and_then(template)
        .map(|template| &DOCUMENT["paths"][template][method.to_ascii_lowercase()])
        .filter(|operation| operation.is_object());
    if answer.status >= 400 {
        validate(
            &json!({ "$ref": "#/components/schemas/Error" }),
            &answer.body,
            path,
        );
        let error = &answer.body["error"];
        let code = error["code"].as_str().unwrap();
        assert_eq!(
            error["doc_url"],
            format!("https://docs.fluxapay.co.uk/{code}")
        );
        assert_eq!(
            error["request_id"],
            answer.headers["x-fluxa-request-id"].as_str()
        );
    }
    let Some(operation) = operation else { return };
    let responses = &operation["responses"];
    let status = answer.status.to_string();
    let family = format!("{}XX", &status[..1]);
    let response = [status.as_str(), family.as_str()]
        .iter()
        .find_map(|key| responses.get(*key))
        .unwrap_or_else(|| panic!("{method} {path} may not answer {status}: {}", answer.text));
    let content = &resolve(response)["content"];
    let media = answer.headers["content-type"].split(';').next().unwrap();
    assert!(
        content[media].is_object(),
        "{method} {path} may not answer {media}"
    );
    if media == "application/json" {
        let schema = &content[media]["schema"];
        validate(schema, &answer.body, &format!("{method} {path} {status}"));
        assert_no_unknown_fields(schema, &answer.body);
    }
    if media == "application/json" && answer.body["object"] == "event" {
        check_event(&answer.body);
    }
}

/// Checks a line of a recording.
#[track_caller]
pub(crate) fn check_recorded(line: &Value) {
    let response = &line["response"];
    let headers = response["headers"].as_object().unwrap().iter();
    let answer = Answer {
        status: u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
        headers: headers
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
        text: response["body"].to_string(),
        body: response["body"].clone(),
    };
    let request = &line["request"];
    let text = |name: &str| request[name].as_str().unwrap();
    check(text("method"), text("path"), &answer);
}

/// Checks an event against the schema of its own type.
#[track_caller]
pub(crate) fn check_event(event: &Value) {
    let wanted = &event["type"];
    let (name, schema) = DOCUMENT["components"]["schemas"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, schema)| &schema["allOf"][1]["properties"]["type"]["const"] == wanted)
        .unwrap_or_else(|| panic!("the contract has no event {wanted}"));
    validate(
        &json!({ "$ref": format!("#/components/schemas/{name}") }),
        event,
        name,
    );
    let base = &schema["allOf"][0];
    assert_no_unknown_fields(base, event);
    let object = &schema["allOf"][1]["properties"]["data"]["properties"]["object"];
    assert_no_unknown_fields(object, &event["data"]["object"]);
}

fn assert_no_unknown_fields(schema: &'static Value, value: &Value) {
    let schema = resolve(schema);
    if let (Some(items), Some(list)) = (schema.get("items"), value.as_array()) {
        list.iter()
            .for_each(|item| assert_no_unknown_fields(items, item));
    }
    let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object())
    else {
        return;
    };
    for (name, field) in object {
        let known = properties
            .get(name)
            .unwrap_or_else(|| panic!("the contract has no field {name}: {value:#}"));
        assert_no_unknown_fields(known, field);
    }
}
