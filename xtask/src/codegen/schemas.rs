//! The CLI's table of what the API answers and what events hold: which fields there are, and of what
//! type. The form of the table is `fluxa-cli/src/schema.rs`; what is done with it is the CLI's.

use std::collections::BTreeMap;

use serde_json::Value;

use super::HEADER;
use super::contract::{Contract, reference, text};
use super::names::snake;

/// The schema of every error.
const ERROR: &str = "Error";

/// The schema that all events share, and that of what they are about.
const EVENT: &str = "Event";
const EVENT_DATA: &str = "EventData";

/// Fields of an object that its events call `state`.
const STATES: [&str; 3] = ["state", "status", "kyb_status"];

/// Returns the file.
pub(super) fn table(contract: &Contract) -> Result<String, String> {
    let mut tables = Tables {
        contract,
        made: BTreeMap::new(),
    };
    tables.named(ERROR)?;
    for operation in &contract.operations {
        if let Some(output) = &operation.output {
            tables.named(output)?;
        }
    }
    let mut events = String::new();
    for event in &contract.events {
        let of = tables.event(&event.object)?;
        events += &format!("    ({:?}, {of}),\n", event.wire);
    }
    let made: String = tables
        .made
        .iter()
        .map(|(name, schema)| format!("\npub(super) static {name}: Schema = {schema};\n"))
        .collect();
    let made = made.replace(
        "pub(super) static ERROR:",
        "/// The body of every error.\npub(crate) static ERROR:",
    );
    Ok(format!(
        "{HEADER}//! What the API answers, and what events hold.\n\n\
         use fluxa_sdk::types;\n\nuse crate::schema::Schema;\n\n\
         /// Each event type, and what an event of it is.\n\
         pub(crate) static EVENTS: [(&str, &Schema); {}] = [\n{events}];\n{made}",
        contract.events.len(),
    ))
}

/// Returns how the answer of an operation is named from beside the table.
pub(super) fn answer(output: Option<&String>) -> String {
    match output {
        Some(name) => format!("&super::schemas::{}", constant(name)),
        // A stream, or a text.
        None => "&Schema::Any".to_owned(),
    }
}

/// The tables of objects made so far, by name.
struct Tables<'c> {
    contract: &'c Contract,
    made: BTreeMap<String, String>,
}

impl Tables<'_> {
    /// Returns a reference to a schema of the contract.
    fn named(&mut self, name: &str) -> Result<String, String> {
        let contract = self.contract;
        if contract.enums.iter().any(|known| known.name == name) {
            return Ok(format!("&Schema::OneOf(types::{name}::KNOWN)"));
        }
        if let Some(of) = contract.expandables.get(name) {
            return Ok(format!("&Schema::Expandable({})", self.named(of)?));
        }
        let schema = contract.schemas.get(name);
        let schema = schema.ok_or_else(|| format!("there is no schema {name}"))?;
        if schema.get("properties").is_none() {
            return self.schema(schema);
        }
        let constant = constant(name);
        if !self.made.contains_key(&constant) {
            // Its own fields may lead back to it.
            self.made.insert(constant.clone(), String::new());
            let object = self.object(schema, &[])?;
            self.made.insert(constant.clone(), object);
        }
        Ok(format!("&{constant}"))
    }

    /// Returns a reference to the event about an object.
    fn event(&mut self, object: &str) -> Result<String, String> {
        let constant = format!("EVENT_ABOUT_{}", constant(object));
        if !self.made.contains_key(&constant) {
            let contract = self.contract;
            let find = |name: &str| {
                let schema = contract.schemas.get(name);
                schema.ok_or_else(|| format!("there is no schema {name}"))
            };
            let mut instead = vec![("object", self.named(object)?)];
            let states = find(object)?;
            let state = STATES
                .iter()
                .find_map(|name| states.get("properties")?.get(name));
            if let Some(state) = state {
                let state = self.schema(state)?;
                instead.extend([("state", state.clone()), ("previous_state", state)]);
            }
            let data = format!("&{}", self.object(find(EVENT_DATA)?, &instead)?);
            let event = self.object(find(EVENT)?, &[("data", data)])?;
            self.made.insert(constant.clone(), event);
        }
        Ok(format!("&{constant}"))
    }

    /// Returns a table of fields; `instead`: what some of them are here.
    fn object(&mut self, schema: &Value, instead: &[(&str, String)]) -> Result<String, String> {
        let mut fields = String::new();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let of = match instead.iter().find(|(known, _)| known == name) {
                Some((_, of)) => of.clone(),
                None => self.schema(property)?,
            };
            fields += &format!("    ({name:?}, {of}),\n");
        }
        Ok(format!("Schema::Object(&[\n{fields}])"))
    }

    /// Returns a reference to a schema as it stands somewhere.
    fn schema(&mut self, schema: &Value) -> Result<String, String> {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference(name).ok_or_else(|| format!("{name} is no schema"))?;
            return self.named(&name);
        }
        if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
            let is_null = |option: &&Value| text(option, "type") == "null";
            return match options
                .iter()
                .filter(|option| !is_null(option))
                .collect::<Vec<_>>()[..]
            {
                [one] => self.schema(one),
                _ => Err(format!("no table can hold {schema}")),
            };
        }
        let type_of = match schema.get("type") {
            Some(Value::String(one)) => one.as_str(),
            // With null.
            Some(Value::Array(some)) => {
                let mut some = some.iter().filter_map(Value::as_str);
                some.find(|one| *one != "null").unwrap_or_default()
            }
            _ => "",
        };
        Ok(match type_of {
            "string" => match schema.get("const") {
                Some(only) => format!("&Schema::OneOf(&[{only}])"),
                None => "&Schema::Text".to_owned(),
            },
            "integer" => "&Schema::Integer".to_owned(),
            "number" => "&Schema::Number".to_owned(),
            "boolean" => "&Schema::Boolean".to_owned(),
            "array" => {
                let items = schema.get("items").ok_or("an array has items")?;
                format!("&Schema::List({})", self.schema(items)?)
            }
            "object" if schema.get("properties").is_some() => {
                format!("&{}", self.object(schema, &[])?)
            }
            "object"
                if schema
                    .get("additionalProperties")
                    .is_some_and(Value::is_object) =>
            {
                "&Schema::Map".to_owned()
            }
            "object" => "&Schema::Any".to_owned(),
            _ => return Err(format!("no table can hold {schema}")),
        })
    }
}

fn constant(name: &str) -> String {
    snake(name).to_uppercase()
}
