//! Owns changing what a fixture sends: `path=value` and `step:path=value`.

use serde_json::{Map, Value};

use super::registry::Step;
use crate::error::{CliError, Result};
use crate::suggest;

/// A change that was typed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Override {
    step: Option<String>,
    path: Vec<String>,
    value: Value,
}

impl Override {
    /// Reads `path=value`. The value is JSON where it is valid JSON, and text where not.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            CliError::usage(format!("--override `{text}` is not path=value"))
                .hint("for example --override amount=2500 or --override session:metadata.a=b")
        };
        let (target, value) = text.split_once('=').ok_or_else(wrong)?;
        let (step, path) = match target.split_once(':') {
            Some((step, path)) => (Some(step.to_owned()), path),
            None => (None, target),
        };
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(wrong());
        }
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        Ok(Self { step, path, value })
    }

    /// Changes the steps. With a step named, anything may be set in its body; without, every step
    /// whose body has the path, or the object it would stand in, is changed.
    pub(crate) fn apply(&self, steps: &mut [Step]) -> Result<()> {
        if let Some(name) = &self.step {
            let Some(step) = steps.iter_mut().find(|step| step.name == *name) else {
                let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
                return Err(
                    CliError::usage(format!("--override: there is no step `{name}`"))
                        .hint(format!("steps: {}", names.join(", "))),
                );
            };
            let body = step.body.get_or_insert_with(|| Value::Object(Map::new()));
            set(body, &self.path, &self.value);
            return Ok(());
        }
        let mut applied = false;
        for body in steps.iter_mut().filter_map(|step| step.body.as_mut()) {
            if has_place(body, &self.path) {
                set(body, &self.path, &self.value);
                applied = true;
            }
        }
        if applied {
            return Ok(());
        }
        let known = paths(steps);
        let path = self.path.join(".");
        let error = CliError::usage(format!("--override: nothing that is sent has `{path}`"));
        Err(
            match suggest::closest(&path, known.iter().map(String::as_str)) {
                Some(closest) => error.hint(format!("did you mean `{closest}`?")),
                None => error.hint(format!(
                    "there are: {}; or name the step to add it: `{}:{path}=…`",
                    known.join(", "),
                    steps.first().map_or("step", |step| &step.name)
                )),
            },
        )
    }
}

/// Returns whether the path is there, or could be added to an object below the top.
fn has_place(body: &Value, path: &[String]) -> bool {
    let Some((last, parents)) = path.split_last() else {
        return false;
    };
    let parent = parents.iter().try_fold(body, |value, key| value.get(key));
    match parent {
        Some(Value::Object(fields)) => fields.contains_key(last) || !parents.is_empty(),
        _ => false,
    }
}

fn set(body: &mut Value, path: &[String], value: &Value) {
    let mut place = body;
    for key in path {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(fields) = place else { return };
        place = fields.entry(key.clone()).or_insert(Value::Null);
    }
    *place = value.clone();
}

/// Returns every path that the steps send, each once.
fn paths(steps: &[Step]) -> Vec<String> {
    fn walk(value: &Value, prefix: &str, found: &mut Vec<String>) {
        let Value::Object(fields) = value else {
            found.push(prefix.to_owned());
            return;
        };
        for (key, value) in fields {
            let path = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            walk(value, &path, found);
        }
    }
    let mut found = Vec::new();
    for body in steps.iter().filter_map(|step| step.body.as_ref()) {
        walk(body, "", &mut found);
    }
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn steps() -> Vec<Step> {
        serde_json::from_value(json!([
            { "name": "session", "request": "POST /s",
              "body": { "amount": 1, "metadata": { "made_by": "x" } } },
            { "name": "expired", "request": "POST /e" },
        ]))
        .unwrap()
    }

    fn apply(text: &str) -> Result<Vec<Step>> {
        let mut steps = steps();
        Override::parse(text)?.apply(&mut steps)?;
        Ok(steps)
    }

    fn body(steps: &[Step], at: usize) -> &Value {
        steps[at].body.as_ref().unwrap()
    }

    #[test]
    fn values_are_json_where_they_can_be() {
        assert_eq!(
            body(&apply("amount=2500").unwrap(), 0)["amount"],
            json!(2500)
        );
        assert_eq!(
            body(&apply("amount=plenty").unwrap(), 0)["amount"],
            json!("plenty")
        );
        let steps = apply("metadata.order_id=ord_1").unwrap();
        assert_eq!(
            body(&steps, 0)["metadata"],
            json!({ "made_by": "x", "order_id": "ord_1" })
        );
    }

    #[test]
    fn a_named_step_takes_anything() {
        let steps = apply("expired:reason=\"late\"").unwrap();
        assert_eq!(body(&steps, 1), &json!({ "reason": "late" }));
    }

    #[test]
    fn a_path_that_nothing_has_is_refused_with_a_suggestion() {
        let error = apply("amuont=1").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `amount`?"));
        assert!(
            apply("nobody:amount=1")
                .unwrap_err()
                .hint
                .unwrap()
                .contains("session, expired")
        );
        for wrong in ["amount", "=1", "a..b=1", ":a=1x"] {
            let _ = apply(wrong).unwrap_err();
        }
    }
}
