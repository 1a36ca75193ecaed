//! The contract as the generator sees it: operations, ids, enums, events, read from openapi.json.

use std::collections::BTreeMap;

use serde_json::Value;

/// Everything that the generator reads from the contract.
pub(crate) struct Contract {
    pub(crate) operations: Vec<Operation>,
    pub(crate) ids: Vec<Id>,
    pub(crate) enums: Vec<OpenEnum>,
    /// Name of an expandable schema → name of the resource.
    pub(crate) expandables: BTreeMap<String, String>,
    pub(crate) events: Vec<Event>,
    pub(crate) schemas: serde_json::Map<String, Value>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// One operation.
pub(crate) struct Operation {
    pub(crate) id: String,
    /// Path to it in the SDK: `["checkout", "sessions", "create"]`.
    pub(crate) accessor: Vec<String>,
    pub(crate) tag: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) query: Vec<Query>,
    /// Schema of the id in its path, when there is one.
    pub(crate) id_schema: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) streaming: bool,
    /// Whether it answers CSV too, when asked.
    pub(crate) csv: bool,
}

/// One query parameter.
pub(crate) struct Query {
    pub(crate) name: String,
    pub(crate) description: String,
    /// Name of its schema, when it is a component.
    pub(crate) schema: Option<String>,
}

/// One prefixed id.
pub(crate) struct Id {
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) what: String,
    pub(crate) description: String,
}

/// One enum that may grow.
pub(crate) struct OpenEnum {
    pub(crate) name: String,
    pub(crate) description: String,
    /// Wire value, description.
    pub(crate) values: Vec<(String, String)>,
}

/// One webhook event.
pub(crate) struct Event {
    pub(crate) wire: String,
    /// Name of the schema of the whole event.
    pub(crate) schema: String,
    pub(crate) object: String,
    pub(crate) description: String,
}

const METHODS: [&str; 5] = ["get", "post", "patch", "put", "delete"];

impl Contract {
    pub(crate) fn read(document: &Value) -> Result<Self, String> {
        let schemas = document
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .ok_or("openapi.json has no /components/schemas")?
            .clone();
        let mut operations = Vec::new();
        for (path, item) in object(document, "/paths")? {
            for method in METHODS {
                if let Some(operation) = item.get(method) {
                    operations.push(read_operation(document, path, method, operation)?);
                }
            }
        }
        let mut ids = Vec::new();
        let mut enums = Vec::new();
        let mut expandables = BTreeMap::new();
        for (name, schema) in &schemas {
            if let Some(prefix) = id_prefix(schema) {
                ids.push(Id {
                    name: name.clone(),
                    prefix,
                    what: words(name.trim_end_matches("Id")),
                    description: text(schema, "description"),
                });
            } else if let Some(values) = open_enum(schema) {
                let described = |value: &str| {
                    schema
                        .pointer("/x-enum-descriptions")
                        .and_then(|all| all.get(value))
                        .and_then(Value::as_str)
                        .map_or_else(|| format!("`{value}`."), str::to_owned)
                };
                enums.push(OpenEnum {
                    name: name.clone(),
                    description: text(schema, "description"),
                    values: values
                        .into_iter()
                        .map(|v| (v.clone(), described(&v)))
                        .collect(),
                });
            } else if let Some(resource) = expandable(schema) {
                expandables.insert(name.clone(), resource);
            }
        }
        let mut events = Vec::new();
        for (wire, item) in object(document, "/webhooks")? {
            let schema = item
                .pointer("/post/requestBody/content/application~1json/schema/$ref")
                .and_then(Value::as_str)
                .and_then(reference)
                .ok_or_else(|| format!("/webhooks/{wire} has no payload schema"))?;
            let object = schemas
                .get(&schema)
                .and_then(|s| s.pointer("/allOf/1/properties/data/properties/object/$ref"))
                .and_then(Value::as_str)
                .and_then(reference)
                .ok_or_else(|| format!("{schema} does not say what its data.object is"))?;
            let description = item.pointer("/post/description").and_then(Value::as_str);
            events.push(Event {
                wire: wire.clone(),
                schema,
                object,
                description: description.unwrap_or_default().to_owned(),
            });
        }
        let mut tags = BTreeMap::new();
        for tag in document
            .pointer("/tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            tags.insert(text(tag, "name"), text(tag, "description"));
        }
        Ok(Self {
            operations,
            ids,
            enums,
            expandables,
            events,
            schemas,
            tags,
        })
    }
}

fn read_operation(
    document: &Value,
    path: &str,
    method: &str,
    operation: &Value,
) -> Result<Operation, String> {
    let at = format!("/paths{path} {method}");
    let accessor: Vec<String> = operation
        .get("x-fluxa-accessor")
        .and_then(Value::as_str)
        .ok_or_else(|| format!("{at} has no x-fluxa-accessor"))?
        .split('.')
        .map(str::to_owned)
        .collect();
    let id = text(operation, "operationId");
    if id != accessor.join("_") {
        return Err(format!(
            "{at}: operationId {id} is not its accessor {}",
            accessor.join(".")
        ));
    }
    let mut query = Vec::new();
    let mut id_schema = None;
    for parameter in operation
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let parameter = resolve(document, parameter)?;
        let schema = parameter
            .pointer("/schema/$ref")
            .and_then(Value::as_str)
            .and_then(reference);
        if parameter.get("in").and_then(Value::as_str) == Some("query") {
            query.push(Query {
                name: text(parameter, "name"),
                description: text(parameter, "description"),
                schema,
            });
        } else if parameter.get("in").and_then(Value::as_str) == Some("path") {
            id_schema = schema;
        }
    }
    let success = operation
        .get("responses")
        .and_then(Value::as_object)
        .and_then(|all| all.iter().find(|(status, _)| status.starts_with('2')))
        .map(|(_, response)| response)
        .ok_or_else(|| format!("{at} has no success response"))?;
    let schema_of = |value: &Value| {
        value
            .pointer("/content/application~1json/schema/$ref")
            .and_then(Value::as_str)
            .and_then(reference)
    };
    Ok(Operation {
        tag: operation
            .pointer("/tags/0")
            .and_then(Value::as_str)
            .ok_or_else(|| format!("{at} has no tag"))?
            .to_owned(),
        id,
        accessor,
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: text(operation, "summary"),
        description: text(operation, "description"),
        query,
        id_schema,
        body: operation.get("requestBody").and_then(schema_of),
        output: schema_of(success),
        streaming: success.pointer("/content/text~1event-stream").is_some(),
        csv: success.pointer("/content/text~1csv").is_some(),
    })
}

/// The values of an enum written as `anyOf: [{enum}, {type: string}]`.
pub(crate) fn open_enum(schema: &Value) -> Option<Vec<String>> {
    let options = schema.get("anyOf")?.as_array()?;
    let [closed, open] = options.as_slice() else {
        return None;
    };
    if open.get("type")? != "string" || open.get("enum").is_some() {
        return None;
    }
    let values = closed.get("enum")?.as_array()?;
    Some(
        values
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    )
}

/// The resource of a schema written as `anyOf: [id, resource]`.
pub(crate) fn expandable(schema: &Value) -> Option<String> {
    let options = schema.get("anyOf")?.as_array()?;
    let [id, resource] = options.as_slice() else {
        return None;
    };
    let id = reference(id.get("$ref")?.as_str()?)?;
    let resource = reference(resource.get("$ref")?.as_str()?)?;
    (id == format!("{resource}Id")).then_some(resource)
}

/// The prefix of an id schema, read from its pattern: `^pay_[0-9a-f]{16}$`.
pub(crate) fn id_prefix(schema: &Value) -> Option<String> {
    let pattern = schema.get("pattern")?.as_str()?;
    let prefix = pattern.strip_prefix('^')?.strip_suffix("[0-9a-f]{16}$")?;
    Some(prefix.to_owned())
}

/// The component's name in a reference to a schema.
pub(crate) fn reference(reference: &str) -> Option<String> {
    reference
        .strip_prefix("#/components/schemas/")
        .map(str::to_owned)
}

/// Follows a `$ref` within the document.
pub(crate) fn resolve<'d>(document: &'d Value, value: &'d Value) -> Result<&'d Value, String> {
    match value.get("$ref").and_then(Value::as_str) {
        None => Ok(value),
        Some(target) => target
            .strip_prefix('#')
            .and_then(|pointer| document.pointer(pointer))
            .ok_or_else(|| format!("{target} leads nowhere")),
    }
}

fn object<'d>(
    document: &'d Value,
    pointer: &str,
) -> Result<impl Iterator<Item = (&'d String, &'d Value)>, String> {
    let map = document.pointer(pointer).and_then(Value::as_object);
    Ok(map
        .ok_or_else(|| format!("openapi.json has no {pointer}"))?
        .iter())
}

pub(crate) fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// `WebhookEndpoint` → `webhook endpoint`; `ApiKey` → `API key`.
fn words(name: &str) -> String {
    let mut out = String::new();
    for (index, character) in name.chars().enumerate() {
        if character.is_uppercase() && index > 0 {
            out.push(' ');
        }
        out.extend(character.to_lowercase());
    }
    out.replace("api ", "API ")
}
