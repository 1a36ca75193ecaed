//! The table against openapi.json, which the generator read too; and the commands against clap.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use clap::error::ErrorKind;
use serde_json::Value;

use super::*;
use crate::cli;
use crate::operations::Kind;

/// The contract, as it is in the repository.
fn contract() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Follows a reference.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(target) => document.pointer(&target[1..]).unwrap(),
        None => value,
    }
}

/// Every operation of the contract: method, path, definition.
fn operations_of(document: &Value) -> Vec<(String, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let mut found = Vec::new();
    for (path, item) in paths {
        for (method, definition) in item.as_object().unwrap() {
            if definition["operationId"].is_string() {
                found.push((method.to_uppercase(), path.as_str(), definition));
            }
        }
    }
    found
}

fn table() -> Vec<(&'static Resource, &'static Operation)> {
    let resources = RESOURCES.iter();
    let each =
        resources.flat_map(|resource| resource.operations.iter().map(move |o| (*resource, o)));
    each.collect()
}

#[test]
fn every_operation_of_the_contract_is_in_the_table_once_and_nothing_else_is() {
    let document = contract();
    let operations = operations_of(&document);
    assert_eq!(operations.len(), table().len());
    for (method, path, definition) in operations {
        let found: Vec<_> = table()
            .into_iter()
            .filter(|(_, o)| o.method == method && o.path == path)
            .collect();
        assert_eq!(found.len(), 1, "{method} {path}");
        assert_eq!(found[0].1.id, definition["operationId"].as_str().unwrap());
        assert_eq!(found[0].1.identified.is_some(), path.contains("{id}"));
    }
}

#[test]
fn every_parameter_and_property_of_the_contract_has_a_flag() {
    fn leaves(document: &Value, prefix: &str, schema: &Value, found: &mut BTreeMap<String, Value>) {
        for (name, property) in schema["properties"].as_object().unwrap() {
            let target = resolved(document, property);
            if target["properties"].is_object() {
                leaves(document, &format!("{prefix}{name}."), target, found);
            } else {
                found.insert(format!("{prefix}{name}"), target.clone());
            }
        }
    }
    let document = contract();
    for (_, path, definition) in operations_of(&document) {
        let id = definition["operationId"].as_str().unwrap();
        let (_, operation) = table().into_iter().find(|(_, o)| o.id == id).unwrap();
        let names = |fields: &[Field]| fields.iter().map(|f| f.name.to_owned()).collect();
        let mut wanted = BTreeSet::new();
        for parameter in definition["parameters"].as_array().into_iter().flatten() {
            let parameter = resolved(&document, parameter);
            let name = parameter["name"].as_str().unwrap();
            match (parameter["in"].as_str().unwrap(), name) {
                ("query", "expand[]") => assert!(!operation.expand.is_empty(), "{id}"),
                ("query", "limit" | "after") if operation.paged => {}
                ("query", name) if parameter["style"] == "deepObject" => {
                    wanted.extend(["gte", "gt", "lte", "lt"].map(|b| format!("{name}[{b}]")));
                }
                ("query", name) => drop(wanted.insert(name.to_owned())),
                ("header", "Idempotency-Key") => assert!(operation.idempotent, "{id}"),
                ("header", "X-Fluxa-Sandbox-Timing") => assert!(operation.timing, "{id}"),
                // The SDK sends the one, and the commands have options for the other.
                ("header", "Last-Event-ID" | "Fluxa-Version") => {}
                ("path", "id") => assert!(operation.identified.is_some(), "{id}"),
                (place, name) => panic!("{path}: a parameter {name} in {place} has no flag"),
            }
        }
        assert_eq!(names(operation.query), wanted, "{id}");
        let body = &definition["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(operation.has_body, body.is_object(), "{id}");
        let mut wanted = BTreeMap::new();
        if body.is_object() {
            let schema = resolved(&document, body);
            leaves(&document, "", schema, &mut wanted);
            for name in schema["required"].as_array().unwrap() {
                let name = name.as_str().unwrap();
                let nested = format!("{name}.");
                let needed = |f: &&Field| f.name == name || f.name.starts_with(&nested);
                assert!(
                    operation.body.iter().filter(needed).any(|f| f.required),
                    "{id} {name}"
                );
            }
        }
        let found: BTreeSet<String> = names(operation.body);
        assert_eq!(found, wanted.keys().cloned().collect(), "{id}");
        for field in operation.body {
            let schema = &wanted[field.name];
            let fits = match field.kind {
                Kind::OneOf(values) => schema["anyOf"][0]["enum"] == Value::from(values.to_vec()),
                Kind::Integer | Kind::Money | Kind::Seconds => schema["type"] == "integer",
                Kind::Boolean => schema["type"] == "boolean",
                Kind::List(_) => schema["type"] == "array",
                Kind::Map => schema["type"] == "object",
                Kind::Secret => schema["format"] == "password",
                Kind::Time => schema["format"] == "date-time",
                Kind::Id(prefix) => schema["pattern"].as_str().unwrap().contains(prefix),
                Kind::Text => schema["type"] == "string" && schema["format"] != "password",
                Kind::Url => schema["format"] == "uri",
            };
            assert!(fits, "{id} {}: {:?} for {schema}", field.name, field.kind);
        }
    }
}

#[test]
fn every_operation_is_reached_by_exactly_one_command_that_explains_itself() {
    let mut command = cli::command();
    command.build();
    for (resource, operation) in table() {
        let (noun, verb) = (resource.noun, operation.verb);
        let is = |command: &&Command, name: &str| {
            command.get_name() == name || command.get_all_aliases().any(|alias| alias == name)
        };
        let nouns: Vec<_> = command.get_subcommands().filter(|c| is(c, noun)).collect();
        assert_eq!(nouns.len(), 1, "{noun}");
        if !nouns[0].has_subcommands() {
            continue;
        }
        let verbs: Vec<_> = nouns[0].get_subcommands().filter(|c| is(c, verb)).collect();
        assert_eq!(verbs.len(), 1, "{noun} {verb}");
        let about = verbs[0].get_about().map(ToString::to_string);
        assert!(about.is_some_and(|about| !about.contains('\n') && about.len() < 80));
        for argument in verbs[0].get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{noun} {verb}: {}",
                argument.get_id()
            );
        }
    }
}

#[test]
fn every_example_of_the_help_is_a_command_that_is_understood() {
    for (resource, operation) in table() {
        let example = example(resource, operation).replace("\\\n", " ");
        // The quotes around a value of several words are all that a shell would take away.
        let mut words = Vec::new();
        for (at, part) in example.split('"').enumerate() {
            match at % 2 {
                0 => words.extend(part.split_whitespace().map(OsString::from)),
                _ => words.push(part.into()),
            }
        }
        let by_hand = Cli::command();
        if by_hand.find_subcommand(resource.noun).is_some_and(|noun| {
            !noun.has_subcommands() || noun.find_subcommand(operation.verb).is_some()
        }) {
            continue;
        }
        let read = Cli::parse_from_words(words).unwrap_or_else(|e| panic!("{example}: {e}"));
        let crate::cli::Command::Resource(chosen) = read.command else {
            panic!("{example}");
        };
        assert_eq!(chosen.operation.id, operation.id);
    }
}

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::parse_from_words(line.split_whitespace().map(OsString::from).collect())
}

#[test]
fn what_is_made_by_hand_wins_and_lacks_nothing() {
    // By another name too, which only the contract's commands know.
    for line in ["events", "event"].map(|noun| format!("fluxa {noun} diff evt_1")) {
        let events = parse(&line).unwrap();
        assert!(matches!(events.command, crate::cli::Command::Events(_)));
    }
    let stream = parse("fluxa --output json events stream").unwrap();
    assert!(matches!(stream.command, crate::cli::Command::Resource(_)));
    assert_eq!(stream.global.output, Some(crate::ui::Output::Json));
    for line in ["fluxa keys get key_1", "fluxa api-keys get key_1"] {
        assert!(parse(line).is_ok(), "{line}");
    }
}

#[test]
fn nouns_may_be_singular_and_fields_may_be_spelt_as_they_are_sent() {
    for line in [
        "fluxa payment get pay_1",
        "fluxa payments retrieve pay_1",
        "fluxa payments list --created_at[gte] 2026-01-01",
        "fluxa refunds create --payment pay_1 --dry-run",
        "fluxa webhook-endpoints rotate_secret we_1",
        "fluxa webhook-endpoints rotate-secret we_1 --grace 24h",
        "fluxa subscriptions update sub_1 --cancel_at_period_end",
        "fluxa subscriptions update sub_1 --cancel-at-period-end=false",
        "fluxa payments list --created-at-gte -24h",
        "fluxa customers create --data {}",
    ] {
        assert!(parse(line).is_ok(), "{line}: {}", parse(line).unwrap_err());
    }
}

#[test]
fn a_near_miss_is_told_with_the_one_noun_that_was_meant() {
    for (line, meant) in [
        ("fluxa paymnts list", "'payments'"),
        ("fluxa payment-mthods get x", "'payment-methods'"),
        ("fluxa lsten", "'listen'"),
        ("fluxa payments lst", "'list'"),
        ("fluxa payments list --stat x", "'--state'"),
    ] {
        let error = parse(line).unwrap_err();
        let text = error.to_string();
        let tips: Vec<&str> = text.lines().filter(|line| line.contains("tip:")).collect();
        assert!(matches!(tips[..], [tip] if tip.ends_with(meant)), "{text}");
    }
}

#[test]
fn verbs_are_made_for_the_noun_that_was_named_only() {
    let command = cli::command();
    let payments = command.find_subcommand("payments").unwrap();
    assert_eq!(payments.get_subcommands().count(), 0);
    let version = parse("fluxa --version").unwrap_err();
    assert_eq!(version.kind(), ErrorKind::DisplayVersion);
}
