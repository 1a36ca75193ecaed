//! OpenAPI 3.1 → 3.0.3, in memory, for progenitor.
//!
//! Each 3.1 keyword is translated or dropped *knowingly*; any other is an error that names its
//! JSON pointer, so that nothing of the contract is lost in silence. Validation keywords are
//! dropped because progenitor enforces them when it *decodes*: a longer id in an answer would
//! fail the whole answer. Requests are checked by the SDK's own layer.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::contract::{expandable, id_prefix, open_enum, reference, resolve};

/// Schemas that are written in place of a reference to them: a name of their own would make a
/// newtype where a plain integer, string or map is meant.
const INLINE: [&str; 3] = ["Amount", "Metadata", "Scope"];

/// Stands for `format: password`: text that is never shown.
pub(crate) const SECRET: &str = "SecretText";

/// Schemas that progenitor sees as a placeholder because the SDK has its own type for them.
const REPLACED: [&str; 3] = ["Timestamp", "Currency", "Event"];

/// Keywords with a meaning for validation or for readers only.
const DROPPED: [&str; 16] = [
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "default",
    "examples",
    "deprecated",
];

/// Lowers the whole document.
pub(crate) fn lower(document: &Value) -> Result<Value, String> {
    if document
        .get("openapi")
        .and_then(Value::as_str)
        .is_none_or(|v| !v.starts_with("3.1."))
    {
        return Err("openapi.json is not OpenAPI 3.1".into());
    }
    let lowering = Lowering { document };
    let mut paths = Map::new();
    for (path, item) in document
        .pointer("/paths")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let mut methods = Map::new();
        for (method, operation) in item.as_object().into_iter().flatten() {
            let pointer = format!("/paths/{}/{method}", path.replace('/', "~1"));
            methods.insert(method.clone(), lowering.operation(operation, &pointer)?);
        }
        paths.insert(path.clone(), Value::Object(methods));
    }
    let paths = Value::Object(paths);
    // Webhooks have no place in 3.0: the event types are generated from the 3.1 form. Schemas that
    // only they use are left out.
    let mut schemas = Map::new();
    let mut wanted = references(&paths);
    while let Some(name) = wanted.pop_first() {
        if schemas.contains_key(&name) {
            continue;
        }
        if name == SECRET {
            schemas.insert(name, json!({ "type": "string" }));
            continue;
        }
        let schema = document
            .pointer(&format!("/components/schemas/{name}"))
            .ok_or_else(|| format!("#/components/schemas/{name} leads nowhere"))?;
        let lowered = lowering.component(&name, schema)?;
        wanted.extend(references(&lowered));
        schemas.insert(name, lowered);
    }
    Ok(json!({
        "openapi": "3.0.3",
        "info": {
            "title": document.pointer("/info/title"),
            "version": document.pointer("/info/version"),
        },
        "paths": paths,
        "components": { "schemas": schemas },
    }))
}

struct Lowering<'d> {
    document: &'d Value,
}

impl Lowering<'_> {
    fn operation(&self, operation: &Value, pointer: &str) -> Result<Value, String> {
        let mut parameters = Vec::new();
        let given = operation.get("parameters").and_then(Value::as_array);
        for parameter in given.into_iter().flatten() {
            self.parameter(resolve(self.document, parameter)?, pointer, &mut parameters)?;
        }
        let mut out = json!({
            "operationId": operation.get("operationId"),
            "tags": operation.get("tags"),
            "summary": operation.get("summary"),
            "parameters": parameters,
        });
        if let Some(body) = operation.get("requestBody") {
            // Form bodies stay in the contract for curl; the SDK sends JSON, and progenitor
            // takes one media type.
            let schema = body
                .pointer("/content/application~1json/schema")
                .ok_or_else(|| format!("{pointer}/requestBody has no JSON form"))?;
            let at = format!("{pointer}/requestBody/content/application~1json/schema");
            out["requestBody"] = json!({
                "required": true,
                "content": { "application/json": { "schema": self.schema(schema, &at)? } },
            });
        }
        let mut responses = Map::new();
        for (status, response) in operation
            .get("responses")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if !status.starts_with('2') {
                continue;
            }
            let at = format!("{pointer}/responses/{status}");
            // Any 2xx: a payment that was made must not be an error because the status was 200
            // where the contract says 201.
            responses.insert("2XX".into(), self.success(response, &at)?);
        }
        // Error responses are left out: the SDK's hook turns every one, JSON or not, into its own
        // error type before the generated code looks at it.
        out["responses"] = Value::Object(responses);
        Ok(out)
    }

    fn success(&self, response: &Value, pointer: &str) -> Result<Value, String> {
        let content = response.get("content").and_then(Value::as_object);
        let content = content.ok_or_else(|| format!("{pointer} has no content"))?;
        if let Some(media) = content.get("application/json") {
            let at = format!("{pointer}/content/application~1json/schema");
            let schema = self.schema(media.get("schema").unwrap_or(&Value::Null), &at)?;
            return Ok(json!({
                "description": "Success.",
                "content": { "application/json": { "schema": schema } },
            }));
        }
        match content.keys().next().map(String::as_str) {
            Some(media @ "text/event-stream") => Ok(json!({
                "description": "Success.",
                "content": { media: { "schema": { "type": "string", "format": "binary" } } },
            })),
            _ => Err(format!(
                "{pointer}/content: no media type that the generator knows"
            )),
        }
    }

    fn parameter(
        &self,
        parameter: &Value,
        pointer: &str,
        out: &mut Vec<Value>,
    ) -> Result<(), String> {
        let name = parameter
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let pointer = format!("{pointer}/parameters/{name}");
        let place = parameter
            .get("in")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let schema = parameter
            .get("schema")
            .ok_or_else(|| format!("{pointer} has no schema"))?;
        match place {
            // Headers are options of a call (key, version, timing), set in the SDK's hook.
            "header" => return Ok(()),
            "path" | "query" => {}
            other => {
                return Err(format!(
                    "{pointer}: parameters in {other} are not supported"
                ));
            }
        }
        if parameter.get("style").and_then(Value::as_str) == Some("deepObject") {
            // progenitor has no deepObject: one parameter per property.
            let target = resolve(self.document, schema)?;
            let properties = target.get("properties").and_then(Value::as_object);
            for (key, property) in properties.into_iter().flatten() {
                let at = format!("{pointer}/{key}");
                out.push(json!({
                    "name": format!("{name}[{key}]"),
                    "in": "query",
                    "required": false,
                    "schema": self.schema(property, &at)?,
                }));
            }
            return Ok(());
        }
        out.push(json!({
            "name": name,
            "in": place,
            "required": place == "path",
            "schema": self.schema(schema, &pointer)?,
        }));
        Ok(())
    }

    fn component(&self, name: &str, schema: &Value) -> Result<Value, String> {
        let replaced = REPLACED.contains(&name)
            || id_prefix(schema).is_some()
            || open_enum(schema).is_some()
            || expandable(schema).is_some();
        if replaced {
            return Ok(json!({ "type": "string" }));
        }
        self.schema(schema, &format!("/components/schemas/{name}"))
    }

    fn schema(&self, schema: &Value, pointer: &str) -> Result<Value, String> {
        let map = schema
            .as_object()
            .ok_or_else(|| format!("{pointer} is not a schema"))?;
        if let Some(target) = map.get("$ref").and_then(Value::as_str) {
            // A description beside a reference is put back on the field after generation; what validates
            // is dropped there as it is anywhere.
            if let Some(other) = map
                .keys()
                .map(String::as_str)
                .find(|key| !matches!(*key, "$ref" | "description") && !DROPPED.contains(key))
            {
                return Err(format!("{pointer}/{other}: not supported beside $ref"));
            }
            let name =
                reference(target).ok_or_else(|| format!("{pointer}: {target} is no schema"))?;
            if INLINE.contains(&name.as_str()) {
                let target = resolve(self.document, schema)?;
                return self.schema(target, &format!("/components/schemas/{name}"));
            }
            return Ok(json!({ "$ref": target }));
        }
        if map.get("format").and_then(Value::as_str) == Some("password") {
            return Ok(json!({ "$ref": format!("#/components/schemas/{SECRET}") }));
        }
        let mut out = Map::new();
        for (key, value) in map {
            let at = format!("{pointer}/{key}");
            match key.as_str() {
                "type" => lower_type(value, &at, &mut out)?,
                "anyOf" | "oneOf" => self.nullable_union(value, &at, &mut out)?,
                "properties" => {
                    let mut properties = Map::new();
                    for (name, property) in value.as_object().into_iter().flatten() {
                        let lowered = self.schema(property, &format!("{at}/{name}"))?;
                        properties.insert(name.clone(), lowered);
                    }
                    out.insert(key.clone(), Value::Object(properties));
                }
                "items" => {
                    out.insert(key.clone(), self.schema(value, &at)?);
                }
                // A closed object would refuse a field that a newer server adds.
                "additionalProperties" if value == &Value::Bool(false) => {}
                "additionalProperties" if value.is_boolean() => {
                    out.insert(key.clone(), value.clone());
                }
                "additionalProperties" => {
                    out.insert(key.clone(), self.schema(value, &at)?);
                }
                // `object` and flags that are always true: plain values, kept as they come.
                "const" if value.is_string() || value.is_boolean() => {}
                "format" if matches!(value.as_str(), Some("int64" | "int32" | "binary")) => {
                    out.insert(key.clone(), value.clone());
                }
                "format"
                    if matches!(value.as_str(), Some("uri" | "email" | "date" | "date-time")) => {}
                "required" | "description" => {
                    out.insert(key.clone(), value.clone());
                }
                key if DROPPED.contains(&key) || key.starts_with("x-") => {}
                _ => return Err(format!("{at}: the generator does not know this keyword")),
            }
        }
        Ok(Value::Object(out))
    }

    /// `anyOf: [X, {type: null}]` → X, nullable.
    fn nullable_union(
        &self,
        value: &Value,
        pointer: &str,
        out: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let options = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let [some, null] = options else {
            return Err(format!(
                "{pointer}: only a union with null can be generated here; name the schema"
            ));
        };
        if null != &json!({ "type": "null" }) {
            return Err(format!(
                "{pointer}: only a union with null can be generated here; name the schema"
            ));
        }
        let lowered = self.schema(some, &format!("{pointer}/0"))?;
        if lowered.get("$ref").is_some() {
            out.insert("allOf".into(), json!([lowered]));
        } else {
            out.extend(lowered.as_object().cloned().unwrap_or_default());
        }
        out.insert("nullable".into(), Value::Bool(true));
        Ok(())
    }
}

/// `type: [T, null]` → `type: T`, nullable.
fn lower_type(value: &Value, pointer: &str, out: &mut Map<String, Value>) -> Result<(), String> {
    let types: Vec<&str> = match value {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => return Err(format!("{pointer}: not a type")),
    };
    match types.as_slice() {
        [one] if *one != "null" => {
            out.insert("type".into(), json!(one));
        }
        [one, "null"] => {
            out.insert("type".into(), json!(one));
            out.insert("nullable".into(), Value::Bool(true));
        }
        _ => return Err(format!("{pointer}: {value} cannot be lowered")),
    }
    Ok(())
}

fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    match value {
        Value::Object(map) => {
            if let Some(name) = map.get("$ref").and_then(Value::as_str).and_then(reference) {
                found.insert(name);
            }
            map.values()
                .for_each(|value| found.extend(references(value)));
        }
        Value::Array(items) => items
            .iter()
            .for_each(|value| found.extend(references(value))),
        _ => {}
    }
    found
}
