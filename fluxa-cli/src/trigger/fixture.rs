//! Owns the form of a fixture: what a file of steps looks like, and reading one of the user's own.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::contract;
use crate::error::{CliError, Result};
use crate::input;
use crate::suggest;

/// No fixture of anyone's is larger.
const LARGEST_BYTES: u64 = 1024 * 1024;

/// How to make an event happen.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    /// What happens, in a sentence.
    pub(crate) summary: String,
    /// The event that it ends in, if it is there for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    /// Id of the object that the event is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<String>,
    /// What to ask of the API, in order.
    pub(crate) steps: Vec<Step>,
}

/// One request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// What later steps call its answer: `${name.id}`.
    pub(crate) name: String,
    /// Method and path.
    pub(crate) request: String,
    /// The pace of what it creates in the sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timing: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
}

impl Step {
    /// Returns whether it moves a payment to where it comes by itself in time.
    pub(crate) fn does_what_time_does(&self) -> bool {
        let to = self.body.as_ref().and_then(|body| body["to"].as_str());
        self.request.starts_with("POST /sandbox/payments/")
            && self.request.ends_with("/advance")
            && matches!(to, Some("CAPTURED" | "SETTLING" | "SETTLED"))
    }
}

impl Fixture {
    /// Returns the fixture as its file has it.
    pub(crate) fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|error| CliError::failure(format!("cannot write JSON: {error}")))
    }
}

/// Reads a fixture of the user's own.
///
/// # Errors
/// Failure where there is no such file; usage where it is no fixture, with the place.
pub(crate) fn read(path: &Path) -> Result<Fixture> {
    let text = input::read_text(path, LARGEST_BYTES)?;
    parse(&text).map_err(|error| error.context(path.display()))
}

/// Reads a fixture, and holds it against the contract.
pub(crate) fn parse(text: &str) -> Result<Fixture> {
    let fixture: Fixture = serde_json::from_str(text).map_err(|error| {
        CliError::usage(error.to_string())
            .hint("`fluxa trigger payment.settled --show` prints a fixture to start from")
    })?;
    check(&fixture)?;
    Ok(fixture)
}

fn check(fixture: &Fixture) -> Result<()> {
    if fixture.steps.is_empty() {
        return Err(CliError::usage("it has no steps"));
    }
    match (&fixture.event, &fixture.about) {
        (Some(event), None) => {
            let hint = "such as \"about\": \"${payment.id}\"";
            let fault = format!("which object is {event} about? `about` names its id");
            return Err(CliError::usage(fault).hint(hint));
        }
        (Some(event), _) if !suggest::event_types().contains(&event.as_str()) => {
            let fault = format!("there is no event `{event}`");
            return Err(suggest::unknown_event_type(event, fault));
        }
        _ => {}
    }
    let mut known: HashSet<&str> = HashSet::new();
    for step in &fixture.steps {
        let texts = step.body.as_ref().map(texts).unwrap_or_default();
        for text in std::iter::once(step.request.as_str()).chain(texts) {
            check_variables(text, &known)
                .map_err(|error| error.context(format!("step `{}`", step.name)))?;
        }
        if step.name.is_empty() || !known.insert(&step.name) {
            let fault = format!("two steps are called `{}`, or one nothing", step.name);
            return Err(CliError::usage(fault).hint("later steps name them: ${name.id}"));
        }
    }
    if let Some(about) = &fixture.about {
        check_variables(about, &known).map_err(|error| error.context("about"))?;
    }
    contract::check(fixture)
}

/// Returns every text in a value.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Refuses a variable of a step that has not been by then.
pub(crate) fn check_variables(text: &str, known: &HashSet<&str>) -> Result<()> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let (path, behind) = after
            .split_once('}')
            .ok_or_else(|| CliError::usage(format!("`{text}` has a `${{` without its `}}`")))?;
        let step = path.split('.').next().unwrap_or(path);
        if !known.contains(step) {
            let error = CliError::usage(format!("`${{{path}}}`: there is no step `{step}` before"));
            return Err(match suggest::closest(step, known.iter().copied()) {
                Some(closest) => error.hint(format!("did you mean `{closest}`?")),
                None => error,
            });
        }
        rest = behind;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_fixture_is_told_where() {
        let step = r#"{ "name": "a", "request": "POST /customers", "body": { "email": "a@b.c" } }"#;
        let whole = |steps: &str| format!(r#"{{ "summary": "S.", "steps": [{steps}] }}"#);
        parse(&whole(step)).unwrap();
        let later = r#"{ "name": "b", "request": "GET /customers/${a.id}" }"#;
        parse(&whole(&format!("{step}, {later}"))).unwrap();
        for (wrong, said) in [
            ("{".to_owned(), "line 1"),
            (whole(""), "no steps"),
            (whole(&format!("{later}, {step}")), "no step `a` before"),
            (whole(&format!("{step}, {step}")), "two steps"),
            (
                r#"{ "summary": "S.", "stps": [] }"#.to_owned(),
                "unknown field `stps`",
            ),
            (
                format!(r#"{{ "summary": "S.", "event": "payment.settled", "steps": [{step}] }}"#),
                "about",
            ),
            (
                format!(
                    r#"{{ "summary": "S.", "event": "payment.setled", "about": "x", "steps": [{step}] }}"#
                ),
                "no event",
            ),
        ] {
            let error = parse(&wrong).unwrap_err();
            assert!(error.message.contains(said), "{error}: {wrong}");
        }
    }
}
