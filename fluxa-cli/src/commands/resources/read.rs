//! Owns making a call of what was typed.

use clap::{ArgMatches, FromArgMatches};
use serde_json::{Map, Value};

use crate::body;
use crate::cli::{
    CallOptions, DataOption, IdempotencyOption, ResourceCommand, SecretOptions, argument,
};
use crate::commands::Context;
use crate::error::{CliError, Result};
use crate::operations::{Field, Kind, Operation};
use crate::raw_call::{self, RawCall};

/// Returns the call, checked as far as it can be here.
pub(super) fn call(command: &ResourceCommand, context: &Context) -> Result<RawCall> {
    let (operation, matches) = (command.operation, &command.matches);
    let mut words = vec![command.resource.noun.to_owned(), operation.verb.to_owned()];
    let mut path = operation.path.to_owned();
    if operation.identified.is_some() {
        let id = matches.get_one::<String>(argument::ID);
        let id = id.ok_or_else(|| CliError::usage("an id is needed"))?;
        path = path.replace("{id}", id);
        words.push(id.clone());
    }
    let mut query = Vec::new();
    for field in operation.query {
        if let Some(value) = matches.get_one::<Value>(field.name) {
            let value = plain(value);
            words.extend([format!("--{}", field.flag), value.clone()]);
            query.push((field.name.to_owned(), value));
        }
    }
    let expand = expand(operation, matches);
    if !expand.is_empty() {
        words.extend(["--expand".to_owned(), expand.join(",")]);
        query.extend(expand.into_iter().map(|path| ("expand[]".to_owned(), path)));
    }
    let body = match operation.has_body {
        true => body_of(operation, matches, context)?,
        false => None,
    };
    let secret = |field: &&Field| matches!(field.kind, Kind::Secret);
    let confidential: Vec<&str> = operation
        .body
        .iter()
        .filter(secret)
        .map(|field| field.name)
        .collect();
    if let Some(body) = &body {
        let shown = raw_call::masked(body, &confidential);
        words.extend(["--data".to_owned(), shown.to_string()]);
    }
    let csv = operation.csv && matches.get_flag(argument::CSV);
    let timing = match operation.timing {
        true => matches.get_one::<String>(argument::TIMING).cloned(),
        false => None,
    };
    if let Some(timing) = &timing {
        words.extend(["--timing".to_owned(), timing.clone()]);
    }
    if operation.issues {
        words.extend(options::<SecretOptions>(matches)?.words());
    }
    let options = options::<CallOptions>(matches)?;
    if let Some(version) = &options.api_version {
        words.extend(["--api-version".to_owned(), version.clone()]);
    }
    Ok(RawCall {
        method: operation.method,
        path,
        query,
        body,
        headers: Vec::new(),
        timing,
        accept: if csv { "text/csv" } else { raw_call::JSON }.to_owned(),
        idempotency_key: match operation.idempotent {
            true => options_of_key(matches)?,
            false => None,
        },
        options,
        words,
        confidential,
    })
}

/// Reads options that are the same for many commands.
pub(super) fn options<T: FromArgMatches>(matches: &ArgMatches) -> Result<T> {
    T::from_arg_matches(matches).map_err(|error| CliError::usage(error.to_string()))
}

fn options_of_key(matches: &ArgMatches) -> Result<Option<String>> {
    Ok(options::<IdempotencyOption>(matches)?.idempotency_key)
}

fn expand(operation: &Operation, matches: &ArgMatches) -> Vec<String> {
    if operation.expand.is_empty() {
        return Vec::new();
    }
    let typed = matches.get_many::<String>(argument::EXPAND);
    typed.into_iter().flatten().cloned().collect()
}

/// Returns the body: `--data`, and what flags add to it or put in its place.
fn body_of(
    operation: &'static Operation,
    matches: &ArgMatches,
    context: &Context,
) -> Result<Option<Value>> {
    let data = options::<DataOption>(matches)?.data;
    let mut body = match &data {
        Some(data) => body::read(data, &context.ui)?,
        None => Value::Object(Map::new()),
    };
    if !body.is_object() {
        return Err(CliError::usage("--data is no JSON object")
            .hint("it is like {\"amount\": 4999, \"currency\": \"GBP\"}"));
    }
    let mut typed = false;
    for field in operation.body {
        if let Some(values) = matches.get_many::<Value>(field.name) {
            typed = true;
            let before = pointed(&body, field.name).cloned();
            put(&mut body, field, values.cloned());
            if before.is_some_and(|before| is_replaced(&before, pointed(&body, field.name))) {
                let (flag, name) = (field.flag, field.name);
                let said = format!("--{flag} is sent; --data holds another {name}");
                context.ui.warn(&said);
            }
        }
    }
    let missing = operation.body.iter().filter(|field| field.required);
    let missing: Vec<String> = missing
        .filter(|field| pointed(&body, field.name).is_none())
        .map(|field| format!("--{}", field.flag))
        .collect();
    if !missing.is_empty() {
        return Err(CliError::usage("--data lacks what is required")
            .hint(format!("add it there, or with {}", missing.join(", "))));
    }
    if !typed && data.is_none() && operation.method == "PATCH" {
        return Err(CliError::usage("nothing to change was given").hint(format!(
            "it may be {}",
            operation
                .body
                .iter()
                .map(|field| format!("--{}", field.flag))
                .collect::<Vec<_>>()
                .join(", ")
        )));
    }
    Ok((typed || data.is_some()).then_some(body))
}

/// Puts the values of a flag into the body.
fn put(body: &mut Value, field: &Field, values: impl Iterator<Item = Value>) {
    let mut place = body;
    for name in field.name.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name];
    }
    match field.kind {
        Kind::List(_) => {
            let mut items: Vec<Value> = Vec::new();
            for value in values {
                let one_or_many = match value {
                    Value::Null => Vec::new(),
                    Value::Array(many) => many,
                    one => vec![one],
                };
                for item in one_or_many {
                    if !items.contains(&item) {
                        items.push(item);
                    }
                }
            }
            *place = items.into();
        }
        Kind::Map => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            for value in values {
                if let (Value::Object(all), Value::Object(more)) = (&mut *place, value) {
                    all.extend(more);
                }
            }
        }
        _ => *place = values.last().unwrap_or_default(),
    }
}

/// Returns whether something of a value is no more. What was only added to is not replaced.
fn is_replaced(before: &Value, after: Option<&Value>) -> bool {
    match (before, after) {
        (Value::Object(before), Some(Value::Object(after))) => before
            .iter()
            .any(|(name, value)| after.get(name) != Some(value)),
        (before, after) => after != Some(before),
    }
}

/// Returns what stands at a dotted name.
fn pointed<'v>(body: &'v Value, name: &str) -> Option<&'v Value> {
    name.split('.')
        .try_fold(body, |value, name| value.get(name))
}

/// A value as a query has it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
