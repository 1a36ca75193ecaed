//! Owns holding a fixture against the contract: which operation a step asks for, what its body may
//! have, and what was probably meant where it has something else.

use serde_json::Value;

use super::fixture::{Fixture, Step, texts};
use crate::error::{CliError, Result};
use crate::generated::RESOURCES;
use crate::json_path::{JsonPath, leaves};
use crate::operations::{Field, Kind, Operation};
use crate::suggest;

/// Returns the operation that a step asks for.
///
/// # Errors
/// Usage, with the closest request that there is.
pub(crate) fn operation(step: &Step) -> Result<&'static Operation> {
    let found = operations().find(|operation| asks_for(step, operation));
    found.ok_or_else(|| {
        let fault = format!("step `{}`: the API has no `{}`", step.name, step.request);
        let known: Vec<String> = operations()
            .map(|operation| format!("{} {}", operation.method, operation.path))
            .collect();
        let typed = with_placeholders(&step.request);
        match suggest::closest(&typed, known.iter().map(String::as_str)) {
            Some(closest) => CliError::usage(fault).hint(format!("did you mean `{closest}`?")),
            None => CliError::usage(fault).hint("a request is a method and a path: POST /payments"),
        }
    })
}

fn operations() -> impl Iterator<Item = &'static Operation> {
    RESOURCES
        .into_iter()
        .flat_map(|resource| resource.operations)
}

fn asks_for(step: &Step, operation: &Operation) -> bool {
    let Some((method, path)) = step.request.split_once(' ') else {
        return false;
    };
    let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (typed, known) = (parts(path), parts(operation.path));
    method == operation.method
        && typed.len() == known.len()
        && typed
            .iter()
            .zip(&known)
            .all(|(typed, known)| typed == known || (known.starts_with('{') && is_value(typed)))
}

/// What may stand for an id in a path: one, or what an earlier step answered.
fn is_value(part: &str) -> bool {
    part.starts_with("${") || (part.contains('_') && !part.is_empty())
}

fn with_placeholders(request: &str) -> String {
    let parts = request.split('/').map(|part| match part.starts_with("${") {
        true => "{id}",
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Returns the field of the contract that a path in a step's body is, if it is one.
pub(crate) fn field(operation: &Operation, path: &str) -> Option<&'static Field> {
    operation.body.iter().find(|field| match field.kind {
        Kind::Map => path == field.name || path.starts_with(&format!("{}.", field.name)),
        _ => path == field.name,
    })
}

/// Returns whether the body of a step may have something at a path, or below it.
pub(crate) fn takes(operation: &Operation, path: &str) -> bool {
    let below = format!("{path}.");
    field(operation, path).is_some()
        || operation
            .body
            .iter()
            .any(|field| field.name.starts_with(&below))
}

/// Returns what was typed for a path as the contract has it: a text that looks like a number, such as
/// a card's, stays a text.
pub(crate) fn as_typed(operation: &Operation, path: &str, value: &Value, typed: &str) -> Value {
    let text = Value::from(typed);
    let is_text = !value.is_string()
        && check_value(operation, path, value).is_err()
        && check_value(operation, path, &text).is_ok();
    if is_text { text } else { value.clone() }
}

/// Says what is wrong with a value at a path. What an earlier step answers is not known yet.
///
/// # Errors
/// Usage: the type, or the values there are.
pub(crate) fn check_value(operation: &Operation, path: &str, value: &Value) -> Result<()> {
    let Some(field) = field(operation, path) else {
        return Ok(());
    };
    // Of a map, what is below it.
    let kind = match (field.kind, path == field.name) {
        (Kind::Map, false) => Kind::Text,
        (kind, _) => kind,
    };
    let is_variable = value.as_str().is_some_and(|text| text.contains("${"));
    if is_variable || value.is_null() {
        return Ok(());
    }
    fault(kind, value).map_or(Ok(()), |wrong| {
        Err(CliError::usage(format!("`{path}`: {wrong}")).hint(field.about))
    })
}

fn fault(kind: Kind, value: &Value) -> Option<String> {
    match (kind, value) {
        (Kind::Integer, Value::Number(number)) if number.is_i64() => None,
        (Kind::Money, Value::Number(number)) if number.is_i64() => None,
        (Kind::Integer, _) => Some("it is a whole number".to_owned()),
        (Kind::Money, _) => Some("it is a whole number of minor units: £49.99 is 4999".to_owned()),
        (Kind::Boolean, Value::Bool(_)) => None,
        (Kind::Boolean, _) => Some("it is true or false".to_owned()),
        (Kind::OneOf(known), Value::String(text)) if !known.contains(&text.as_str()) => {
            let meant = suggest::closest(text, known.iter().copied());
            Some(meant.map_or_else(
                || format!("it is one of {}", known.join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            ))
        }
        (Kind::List(of), Value::Array(items)) => items.iter().find_map(|item| fault(*of, item)),
        (Kind::List(_), _) => Some("it is a list".to_owned()),
        (Kind::Map, Value::Object(_)) => None,
        (Kind::Map, _) => Some("it is an object of texts".to_owned()),
        (_, Value::String(_)) => None,
        _ => Some("it is a text".to_owned()),
    }
}

/// Refuses a fixture that asks for what the contract does not have.
pub(crate) fn check(fixture: &Fixture) -> Result<()> {
    for (at, step) in fixture.steps.iter().enumerate() {
        let operation = operation(step)?;
        let texts = step.body.as_ref().map(texts).unwrap_or_default();
        for text in std::iter::once(step.request.as_str()).chain(texts) {
            check_variables(text, &fixture.steps[..at])
                .map_err(|error| error.context(format!("step `{}`", step.name)))?;
        }
        let leaves = step.body.as_ref().map(leaves).unwrap_or_default();
        for (path, value) in leaves.iter().filter(|(path, _)| !path.is_empty()) {
            if field(operation, path).is_none() {
                return Err(unknown(step, operation, path));
            }
            check_value(operation, path, value)
                .map_err(|error| error.context(format!("step `{}`", step.name)))?;
        }
    }
    let about = fixture.about.as_deref().unwrap_or_default();
    check_variables(about, &fixture.steps).map_err(|error| error.context("about"))
}

/// Refuses a variable for what no step before answers.
fn check_variables(text: &str, before: &[Step]) -> Result<()> {
    let variables = text.split("${").skip(1);
    for variable in variables.filter_map(|rest| Some(rest.split_once('}')?.0)) {
        let Some((name, place)) = variable.split_once('.') else {
            continue;
        };
        let step = before.iter().find(|step| step.name == name);
        let (Some(step), Ok(place)) = (step, place.parse::<JsonPath>()) else {
            continue;
        };
        let answer = operation(step)?.answer;
        let Err(nowhere) = answer.at(&place, false) else {
            continue;
        };
        let request = &step.request;
        let fault = format!("`${{{variable}}}`: `{request}` answers no `{place}`");
        return Err(match answer.at(&place, true) {
            Ok(_) => CliError::usage(fault).hint(format!(
                "{}: let a step of its own ask for that object",
                nowhere.fault
            )),
            Err(_) => CliError {
                hint: nowhere.hint,
                ..CliError::usage(fault)
            },
        });
    }
    Ok(())
}

fn unknown(step: &Step, operation: &Operation, path: &str) -> CliError {
    let request = format!("{} {}", operation.method, operation.path);
    let fault = format!("step `{}`: {request} takes no `{path}`", step.name);
    let names = operation.body.iter().map(|field| field.name);
    match suggest::closest(path, names) {
        Some(closest) => CliError::usage(fault).hint(format!("did you mean `{closest}`?")),
        None => CliError::usage(fault).hint(match operation.body {
            [] => "it takes no body".to_owned(),
            fields => {
                let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
                format!("it takes: {}", names.join(", "))
            }
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fixture(steps: Value) -> Fixture {
        serde_json::from_value(json!({ "summary": "A.", "steps": steps })).unwrap()
    }

    #[test]
    fn what_the_contract_does_not_have_is_named_with_what_it_has() {
        for (step, hint) in [
            (
                json!({ "request": "POST /customer" }),
                "did you mean `POST /customers`?",
            ),
            (
                json!({ "request": "POST /customers", "body": { "emial": "a@b.c" } }),
                "did you mean `email`?",
            ),
            (
                json!({ "request": "POST /sandbox/checkout/sessions/${a.id}/complete",
                        "body": { "card": { "numbr": "4" } } }),
                "did you mean `card.number`?",
            ),
            (
                json!({ "request": "POST /sandbox/payments/pay_1/advance", "body": { "to": "SETLED" } }),
                "",
            ),
        ] {
            let mut step = step;
            step["name"] = json!("s");
            let error = check(&fixture(json!([step]))).unwrap_err();
            if hint.is_empty() {
                assert!(error.message.contains("did you mean `SETTLED`?"), "{error}");
            } else {
                assert_eq!(error.hint.as_deref(), Some(hint), "{error}");
            }
        }
    }

    #[test]
    fn a_variable_is_of_what_its_step_answers() {
        let with = |request: &str, about: &str| {
            check(
                &serde_json::from_value(json!({ "summary": "A.", "about": about, "steps": [
                    { "name": "c", "request": "POST /customers", "body": { "email": "a@b.c" } },
                    { "name": "closed", "request": "POST /sandbox/settlements/close" },
                    { "name": "p", "request": "GET /payments/pay_1" },
                    { "name": "then", "request": request },
                ] }))
                .unwrap(),
            )
        };
        with("GET /customers/${c.id}", "${closed.data.0.id}").unwrap();
        with("GET /customers/${p.customer}", "${c.metadata.anything}").unwrap();
        for (request, about, hint) in [
            ("GET /customers/${c.idd}", "x", "did you mean `id`?"),
            (
                "GET /payments",
                "${closed.data.0.idd}",
                "did you mean `data.0.id`?",
            ),
            ("GET /payments", "${p.customer.email}", "a step of its own"),
        ] {
            let error = with(request, about).unwrap_err();
            let said = error.hint.as_deref().unwrap_or_default();
            assert!(said.contains(hint), "{error}: {said}");
        }
    }

    #[test]
    fn values_have_their_types_and_variables_any() {
        let body = |body: Value| {
            check(&fixture(
                json!([{ "name": "s", "request": "POST /refunds", "body": body }]),
            ))
        };
        body(json!({ "payment": "${p.id}", "amount": 100, "metadata": { "a": "b" } })).unwrap();
        body(json!({ "payment": "pay_1", "amount": "${p.amount}" })).unwrap();
        for wrong in [
            json!({ "amount": "100" }),
            json!({ "amount": 1.5 }),
            json!({ "payment": 7 }),
            json!({ "metadata": { "a": 1 } }),
        ] {
            assert!(body(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
