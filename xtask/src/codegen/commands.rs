//! The CLI's table of operations: what a command needs to know of each, as data.
//!
//! Written as text, one line for each field, since the printer would spread it over thousands. What
//! the table is made of is `fluxa-cli/src/operations.rs`; what is done with it is the CLI's.

mod fields;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::contract::{Contract, Operation, id_prefix, reference, resolve, text};
use super::names::snake;
use super::{Files, HEADER, schemas};
use fields::{body_fields, fields, kind, required_first};

/// Verbs after which something is gone: they are asked about.
const DESTRUCTIVE: [&str; 8] = [
    "accept",
    "cancel",
    "delete",
    "detach",
    "expire",
    "revoke",
    "rotate",
    "rotate_secret",
];

/// What a table shows of an item: the first of these that it has, in this order.
const COLUMNS: [&str; 26] = [
    "id",
    "at",
    "actor",
    "type",
    "previous_state",
    "new_state",
    "reason",
    "state",
    "status",
    "reference",
    "method",
    "path",
    "kind",
    "name",
    "email",
    "account",
    "direction",
    "amount",
    "net",
    "payment",
    "customer",
    "event",
    "url",
    "response_status",
    "duration_ms",
    "created_at",
];

/// What a table shows instead: item, names.
const CHOSEN: [(&str, [&str; WIDTH]); 1] = [(
    "ApiKey",
    ["id", "name", "kind", "last4", "status", "last_used_at"],
)];

/// What a table shows besides, before the time, that is inside of a field: item, name, heading.
const NESTED: [(&str, &str, &str); 2] = [
    ("Event", "data.object.id", "OBJECT"),
    ("Event", "data.state", "STATE"),
];

/// How many columns a table has at most: what fits a terminal of 120 characters.
const WIDTH: usize = 6;

/// Returns a file for each resource, and the list of them.
pub(super) fn tables(document: &Value, contract: &Contract) -> Result<Files, String> {
    let mut resources: BTreeMap<String, Vec<&Operation>> = BTreeMap::new();
    for operation in &contract.operations {
        let path = &operation.accessor[..operation.accessor.len() - 1];
        resources.entry(path.join("_")).or_default().push(operation);
    }
    let mut files = Files::new();
    let mut modules = String::new();
    let mut list = String::new();
    for (module, operations) in &resources {
        let file = resource(document, contract, module, operations)?;
        files.insert(format!("{module}.rs").into(), file);
        modules += &format!("mod {module};\n");
        list += &format!("    &{module}::RESOURCE,\n");
    }
    files.insert("schemas.rs".into(), schemas::table(contract)?);
    let money = money_fields(contract);
    files.insert(
        "mod.rs".into(),
        format!(
            "{HEADER}//! Every operation of the contract, as data for commands.\n\n{modules}pub(crate) mod schemas;\n\n\
             use crate::operations::Resource;\n\n\
             /// Every resource.\n\
             pub(crate) static RESOURCES: [&Resource; {}] = [\n{list}];\n\n\
             /// Names of fields that hold money, in minor units of the `currency` beside them.\n\
             pub(crate) static MONEY: [&str; {}] = {money:?};\n",
            resources.len(),
            money.len(),
        ),
    );
    Ok(files)
}

fn resource(
    document: &Value,
    contract: &Contract,
    module: &str,
    operations: &[&Operation],
) -> Result<String, String> {
    let mut body = String::new();
    for operation in operations {
        body += &self::operation(document, contract, operation)?;
    }
    let tag = &operations[0].tag;
    let about = contract.tags.get(tag).map_or("", String::as_str);
    let noun = match module {
        // What people type; keys of another kind there are none.
        "api_keys" => "keys".to_owned(),
        other => kebab(other),
    };
    Ok(format!(
        "{HEADER}//! Operations of `{tag}`.\n\n\
         use fluxa_sdk::types;\n\n\
         use crate::operations::{{Field, Id, Kind, Operation, Resource}};\n{}\n\
         pub(super) static RESOURCE: Resource = Resource {{\n    \
         noun: {noun:?},\n    aliases: &{:?},\n    about: {:?},\n    operations: &[\n{body}    ],\n}};\n",
        if body.contains("&Schema::") { "use crate::schema::Schema;\n" } else { "" },
        aliases(&noun, module, tag),
        about.trim_end_matches('.'),
    )
    .replace("use fluxa_sdk::types;\n\n", if body.contains("types::") { "use fluxa_sdk::types;\n\n" } else { "" })
    .replace("{Field, Id, Kind, Operation, Resource}", &used(&body)))
}

/// Returns the types that a file names.
fn used(body: &str) -> String {
    let names: Vec<&str> = [("Field {", "Field"), ("Id {", "Id"), ("Kind::", "Kind")]
        .into_iter()
        .filter_map(|(mark, name)| body.contains(mark).then_some(name))
        .chain(["Operation", "Resource"])
        .collect();
    format!("{{{}}}", names.join(", "))
}

/// What else a noun is called: in the singular, by its name in paths, and by its tag.
fn aliases(noun: &str, module: &str, tag: &str) -> Vec<String> {
    let mut names = BTreeSet::from([kebab(module)]);
    if module.starts_with(&format!("{tag}_")) {
        names.insert(tag.to_owned());
    }
    for name in [noun.to_owned(), kebab(module)] {
        let singular = name.strip_suffix('s').filter(|_| name != "status");
        names.extend(singular.map(str::to_owned));
    }
    names.remove(noun);
    names.into_iter().collect()
}

fn operation(
    document: &Value,
    contract: &Contract,
    operation: &Operation,
) -> Result<String, String> {
    let accessor = operation.accessor.last().ok_or("an accessor has a verb")?;
    let verb = match accessor.as_str() {
        "retrieve" => "get".to_owned(),
        other => kebab(other),
    };
    let (mut query, mut headers, mut takes_expand, mut paged) =
        (String::new(), BTreeSet::new(), false, false);
    let definition = document
        .get("paths")
        .and_then(|paths| paths.get(&operation.path))
        .and_then(|item| item.get(operation.method.to_ascii_lowercase()))
        .ok_or("an operation is where it was read")?;
    let item = operation.output.as_ref().and_then(|name| {
        let items = contract
            .schemas
            .get(name)?
            .pointer("/properties/data/items/$ref")?;
        reference(items.as_str()?)
    });
    let parameters = definition.get("parameters").and_then(Value::as_array);
    for parameter in parameters.into_iter().flatten() {
        let parameter = resolve(document, parameter)?;
        let name = text(parameter, "name");
        match (text(parameter, "in").as_str(), name.as_str()) {
            ("header", _) => drop(headers.insert(name)),
            ("query", "expand[]") => takes_expand = true,
            ("query", "limit" | "after") if item.is_some() => paged = true,
            ("query", _) => {
                let schema = parameter.get("schema").ok_or("a parameter has a schema")?;
                for field in fields(
                    contract,
                    &name,
                    schema,
                    &text(parameter, "description"),
                    false,
                )? {
                    query += &field;
                }
            }
            _ => {}
        }
    }
    let (body, example) = match &operation.body {
        None => (String::new(), None),
        Some(name) => {
            let schema = contract.schemas.get(name).ok_or("a body has a schema")?;
            (
                required_first(body_fields(contract, "", schema, true)?),
                schema.pointer("/examples/0"),
            )
        }
    };
    let id = match &operation.id_schema {
        None => "None".to_owned(),
        Some(name) => {
            let schema = contract.schemas.get(name).ok_or("an id has a schema")?;
            let prefix = id_prefix(schema).ok_or("an id has a prefix")?;
            let what = snake(name.trim_end_matches("Id")).replace('_', " ");
            let example = schema.pointer("/examples/0").and_then(Value::as_str);
            format!(
                "Some(Id {{ prefix: {prefix:?}, what: {what:?}, example: {:?} }})",
                example.unwrap_or_default()
            )
        }
    };
    let shown = item.as_ref().or(operation.output.as_ref());
    let expand = match takes_expand {
        true => expandable(contract, shown),
        false => Vec::new(),
    };
    let has_header = |name: &str| headers.contains(name);
    Ok(format!(
        "        Operation {{\n            \
         id: {:?},\n            verb: {verb:?},\n            alias: {:?},\n            \
         summary: {:?},\n            description: {:?},\n            \
         method: {:?},\n            path: {:?},\n            identified: {id},\n            \
         query: &[{}],\n            has_body: {},\n            body: &[{}],\n            \
         example: {:?},\n            expand: &{expand:?},\n            \
         columns: &{:?},\n            paged: {paged},\n            idempotent: {},\n            \
         timing: {},\n            csv: {},\n            streaming: {},\n            destructive: {},\n            issues: {},\n            \
         answer: {},\n        }},\n",
        operation.id,
        if accessor.replace('_', "-") == verb && !accessor.contains('_') {
            ""
        } else {
            accessor
        },
        operation.summary.trim_end_matches('.'),
        operation.description,
        operation.method,
        operation.path,
        closed(&query),
        operation.body.is_some(),
        closed(&body),
        example.map(flags).unwrap_or_default(),
        columns(contract, item.as_deref()),
        has_header("Idempotency-Key"),
        has_header("X-Fluxa-Sandbox-Timing"),
        operation.csv,
        operation.streaming,
        DESTRUCTIVE.contains(&accessor.as_str()),
        issues(contract, accessor, operation.output.as_ref()),
        schemas::answer(operation.output.as_ref()),
    ))
}

/// A list of fields between its brackets.
fn closed(fields: &str) -> String {
    match fields {
        "" => String::new(),
        fields => format!("\n{fields}            "),
    }
}

/// Fields of an object that can be expanded: references, and what is there only when expanded.
fn expandable(contract: &Contract, object: Option<&String>) -> Vec<String> {
    let schema = object.and_then(|name| contract.schemas.get(name));
    let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
    let leads = |property: &Value| {
        let own = property.get("$ref");
        let all = property.get("anyOf").and_then(Value::as_array);
        let options = all
            .into_iter()
            .flatten()
            .filter_map(|option| option.get("$ref"));
        let named = own.into_iter().chain(options);
        named
            .filter_map(Value::as_str)
            .filter_map(reference)
            .any(|name| {
                contract.expandables.contains_key(&name)
                    || text(property, "description").contains("when expanded")
            })
    };
    properties
        .into_iter()
        .flatten()
        .filter(|(_, property)| leads(property))
        .map(|(name, _)| name.clone())
        .collect()
}

/// What a table shows of an item: name, heading.
fn columns(contract: &Contract, item: Option<&str>) -> Vec<(&'static str, String)> {
    let schema = item.and_then(|name| contract.schemas.get(name));
    let Some(properties) = schema.and_then(|schema| schema.get("properties")) else {
        return Vec::new();
    };
    let own = CHOSEN.into_iter().find(|(of, _)| Some(*of) == item);
    let names = own.as_ref().map_or(&COLUMNS[..], |(_, names)| &names[..]);
    let mut chosen: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| properties.get(name).is_some())
        .collect();
    // The time comes last, and is not what is left out.
    if chosen.len() > WIDTH {
        chosen.drain(WIDTH - 1..chosen.len() - 1);
    }
    let mut columns: Vec<(&str, String)> = chosen
        .into_iter()
        .map(|name| {
            (
                name,
                name.trim_end_matches("_at")
                    .replace('_', " ")
                    .to_uppercase(),
            )
        })
        .collect();
    let nested = NESTED.into_iter().filter(|(of, ..)| Some(*of) == item);
    let time = columns.len() - 1;
    columns.splice(
        time..time,
        nested.map(|(_, name, heading)| (name, heading.to_owned())),
    );
    columns
}

/// Whether the answer holds a secret that is shown once.
fn issues(contract: &Contract, accessor: &str, output: Option<&String>) -> bool {
    let schema = output.and_then(|name| contract.schemas.get(name));
    let secret = schema.and_then(|schema| schema.pointer("/properties/secret"));
    let once =
        secret.is_some_and(|secret| text(secret, "description").contains("Only in the answer"));
    once && (accessor.starts_with("create") || accessor.starts_with("rotate"))
}

/// Names of all fields that hold money.
fn money_fields(contract: &Contract) -> Vec<String> {
    let mut found = BTreeSet::new();
    for schema in contract.schemas.values() {
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            if kind(contract, property).is_ok_and(|kind| kind == "Kind::Money")
                || text(property, "description").contains("minor units")
            {
                found.insert(name.clone());
            }
        }
    }
    found.into_iter().collect()
}

/// An example body as flags.
fn flags(example: &Value) -> String {
    fn walk(prefix: &str, value: &Value, out: &mut Vec<String>) {
        let flag = format!("--{}", kebab(prefix));
        let quoted = |text: &str| match text.contains([' ', '&', '?', '*', '\'']) {
            true => format!("\"{text}\""),
            false => text.to_owned(),
        };
        match value {
            Value::Object(fields) if prefix == "metadata" => {
                let pairs = fields
                    .iter()
                    .filter_map(|(key, value)| Some((key, value.as_str()?)));
                out.extend(
                    pairs.map(|(key, value)| {
                        format!("{flag} {}", quoted(&format!("{key}={value}")))
                    }),
                );
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    let path = match prefix {
                        "" => name.clone(),
                        prefix => format!("{prefix}.{name}"),
                    };
                    walk(&path, value, out);
                }
            }
            Value::Array(items) => {
                let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                out.push(format!("{flag} {}", quoted(&items.join(","))));
            }
            Value::Bool(true) => out.push(flag),
            Value::Bool(false) => out.push(format!("{flag}=false")),
            Value::String(text) => out.push(format!("{flag} {}", quoted(text))),
            other => out.push(format!("{flag} {other}")),
        }
    }
    let mut out = Vec::new();
    walk("", example, &mut out);
    out.join(" ")
}

fn kebab(name: &str) -> String {
    name.replace('_', "-")
}
