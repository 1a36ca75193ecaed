//! Owns changing what a fixture sends: `--override`, `--add` and `--remove`, each with a path, and a
//! step before it where it is meant for one alone: `session:metadata.a=b`.

use serde_json::{Map, Value};

use super::contract;
use super::fixture::Step;
use crate::error::{CliError, Result};
use crate::json_path::{JsonPath, leaves};
use crate::suggest;

/// What is done at a place.
#[derive(Clone, Debug, PartialEq)]
enum Action {
    /// Another value for what is sent.
    Override(Value),
    /// A value that is not sent yet.
    Add(Value),
    /// Nothing there any more.
    Remove,
}

/// A change that was typed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// As it was typed, with its flag and without the value.
    typed: String,
    /// The value as it was typed.
    text: String,
    step: Option<String>,
    path: JsonPath,
    action: Action,
}

impl Change {
    /// Reads `path=value`, of what is sent already. The value is JSON where it is valid JSON, and
    /// text where not.
    pub(crate) fn replace(text: &str) -> Result<Self> {
        let (target, value) = pair("--override", text)?;
        Self::new("--override", text, target, Action::Override(value))
    }

    /// Reads `path=value`, of what is not sent yet.
    pub(crate) fn add(text: &str) -> Result<Self> {
        let (target, value) = pair("--add", text)?;
        Self::new("--add", text, target, Action::Add(value))
    }

    /// Reads `path`, of what is not to be sent.
    pub(crate) fn remove(text: &str) -> Result<Self> {
        Self::new("--remove", text, text, Action::Remove)
    }

    fn new(flag: &str, text: &str, target: &str, action: Action) -> Result<Self> {
        let (step, path) = match target.split_once(':') {
            Some((step, path)) => (Some(step.to_owned()), path),
            None => (None, target),
        };
        let path = path.parse().map_err(|_| wrong(flag, text))?;
        Ok(Self {
            typed: format!("{flag} {target}"),
            text: text
                .split_once('=')
                .map_or("", |(_, value)| value)
                .to_owned(),
            step,
            path,
            action,
        })
    }

    /// Changes every step that it is for: the one it names, else all whose body has, or by the
    /// contract may have, the path.
    ///
    /// # Errors
    /// Usage, with what was probably meant: no step is changed, or the contract has no such value.
    pub(crate) fn apply(&self, steps: &mut [Step]) -> Result<()> {
        if let Some(name) = &self.step
            && !steps.iter().any(|step| step.name == *name)
        {
            let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
            let fault = format!("{}: there is no step `{name}`", self.typed);
            return Err(CliError::usage(fault).hint(format!("steps: {}", names.join(", "))));
        }
        let mut changed = false;
        for step in steps.iter_mut().filter(|step| self.is_for(step)) {
            changed |= self.change(step)?;
        }
        match changed {
            true => Ok(()),
            false => Err(self.meant(steps)),
        }
    }

    fn is_for(&self, step: &Step) -> bool {
        self.step.as_ref().is_none_or(|name| *name == step.name)
    }

    /// Changes one step. Returns whether it did.
    fn change(&self, step: &mut Step) -> Result<bool> {
        let operation = contract::operation(step)?;
        let path = self.path.to_string();
        let is_there = step
            .body
            .as_ref()
            .is_some_and(|body| self.path.get(body).is_some());
        let value = match &self.action {
            Action::Remove => {
                return Ok(step
                    .body
                    .as_mut()
                    .is_some_and(|body| self.path.remove(body)));
            }
            // Metadata has whatever name somebody gives it: a new one is no typing error.
            Action::Override(value) if is_there || self.is_of_a_map_in(step) => value,
            Action::Add(value) if !is_there && contract::takes(operation, &path) => value,
            _ => return Ok(false),
        };
        let value = contract::as_typed(operation, &path, value, &self.text);
        let checked = contract::check_value(operation, &path, &value);
        checked.map_err(|error| error.context(&self.typed))?;
        let body = step.body.get_or_insert_with(|| Value::Object(Map::new()));
        self.path.set(body, value);
        Ok(true)
    }

    /// Whether it names something in an object of the body that takes any name.
    fn is_of_a_map_in(&self, step: &Step) -> bool {
        let path = self.path.to_string();
        let is_map = contract::operation(step)
            .ok()
            .and_then(|operation| contract::field(operation, &path))
            .is_some_and(|field| field.name != path);
        let parent = step.body.as_ref().and_then(|body| self.path.parent(body));
        is_map && parent.is_some_and(Value::is_object)
    }

    /// Says what was probably meant by a change that changes nothing.
    fn meant(&self, steps: &[Step]) -> CliError {
        let path = self.path.to_string();
        let typed = &self.typed;
        let concerned = || steps.iter().filter(|step| self.is_for(step));
        let sent: Vec<String> = concerned()
            .filter_map(|step| step.body.as_ref())
            .flat_map(|body| leaves(body).into_iter().map(|(path, _)| path))
            .collect();
        let taken: Vec<&str> = concerned()
            .filter_map(|step| contract::operation(step).ok())
            .flat_map(|operation| operation.body.iter().map(|field| field.name))
            .collect();
        let is_sent = sent.contains(&path);
        if matches!(self.action, Action::Add(_)) && is_sent {
            return CliError::usage(format!("{typed}: it is sent already"))
                .hint(format!("change it: --override {path}=…"));
        }
        if matches!(self.action, Action::Override(_)) && taken.contains(&path.as_str()) {
            return CliError::usage(format!("{typed}: nothing that is sent has it"))
                .hint(format!("send it, too: --add {path}=…"));
        }
        let mut candidates: Vec<&str> = match self.action {
            Action::Add(_) => taken,
            _ => sent.iter().map(String::as_str).collect(),
        };
        candidates.sort_unstable();
        candidates.dedup();
        let fault = match self.action {
            Action::Add(_) => format!("{typed}: no step takes it"),
            _ => format!("{typed}: nothing that is sent has it"),
        };
        let error = CliError::usage(fault);
        match suggest::closest(&path, candidates.iter().copied()) {
            Some(closest) => error.hint(format!("did you mean `{closest}`?")),
            None => error.hint(format!("there are: {}", candidates.join(", "))),
        }
    }
}

fn pair<'a>(flag: &str, text: &'a str) -> Result<(&'a str, Value)> {
    let (target, value) = text.split_once('=').ok_or_else(|| wrong(flag, text))?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((target, value))
}

/// The value is not repeated: it may be a card number.
fn wrong(flag: &str, text: &str) -> CliError {
    let target = text.split('=').next().unwrap_or_default();
    let form = if flag == "--remove" {
        "PATH"
    } else {
        "PATH=VALUE"
    };
    CliError::usage(format!("{flag} `{target}` is not {form}")).hint(format!(
        "for example {flag} metadata.order_id{}, or with a step before it: session:metadata.order_id",
        if flag == "--remove" { "" } else { "=ord_1" }
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn steps() -> Vec<Step> {
        serde_json::from_value(json!([
            { "name": "customer", "request": "POST /customers",
              "body": { "email": "a@example.com", "metadata": { "made_by": "x" } } },
            { "name": "session", "request": "POST /checkout/sessions",
              "body": { "amount": 1, "metadata": { "made_by": "x" } } },
            { "name": "expired", "request": "POST /checkout/sessions/${session.id}/expire" },
        ]))
        .unwrap()
    }

    fn apply(change: Result<Change>) -> Result<Vec<Step>> {
        let mut steps = steps();
        change?.apply(&mut steps)?;
        Ok(steps)
    }

    fn body(steps: &[Step], at: usize) -> &Value {
        steps[at].body.as_ref().unwrap()
    }

    #[test]
    fn values_are_json_where_they_can_be_and_reach_every_step_that_has_them() {
        let changed = apply(Change::replace("amount=2500")).unwrap();
        assert_eq!(body(&changed, 1)["amount"], json!(2500));
        let changed = apply(Change::replace("metadata.order_id=ord_1")).unwrap();
        for at in [0, 1] {
            let expected = json!({ "made_by": "x", "order_id": "ord_1" });
            assert_eq!(body(&changed, at)["metadata"], expected);
        }
        let changed = apply(Change::replace("session:metadata.made_by=y")).unwrap();
        assert_eq!(body(&changed, 0)["metadata"]["made_by"], "x");
        assert_eq!(body(&changed, 1)["metadata"]["made_by"], "y");
    }

    #[test]
    fn what_the_contract_takes_can_be_added_and_what_is_sent_removed() {
        let changed = apply(Change::add("ui_mode=embedded")).unwrap();
        assert_eq!(body(&changed, 1)["ui_mode"], "embedded");
        let changed = apply(Change::remove("metadata.made_by")).unwrap();
        assert!((0..2).all(|at| body(&changed, at)["metadata"] == json!({})));
        let changed = apply(Change::remove("customer:metadata")).unwrap();
        assert_eq!(body(&changed, 0).get("metadata"), None);
        assert_ne!(body(&changed, 1).get("metadata"), None);
    }

    #[test]
    fn a_text_that_looks_like_a_number_is_sent_as_the_contract_has_it() {
        let changed = apply(Change::replace("metadata.order_id=8421")).unwrap();
        assert_eq!(body(&changed, 1)["metadata"]["order_id"], json!("8421"));
        let changed = apply(Change::add("customer:phone=00447700900123")).unwrap();
        assert_eq!(body(&changed, 0)["phone"], json!("00447700900123"));
        let changed = apply(Change::replace("amount=8421")).unwrap();
        assert_eq!(body(&changed, 1)["amount"], json!(8421));
    }

    #[test]
    fn what_changes_nothing_is_refused_with_what_was_meant() {
        for (change, hint) in [
            (Change::replace("amuont=1"), "did you mean `amount`?"),
            (
                Change::replace("ui_mode=embedded"),
                "send it, too: --add ui_mode=…",
            ),
            (Change::add("amount=1"), "change it: --override amount=…"),
            (Change::add("ui_mod=embedded"), "did you mean `ui_mode`?"),
            (Change::remove("emial"), "did you mean `email`?"),
            (
                Change::replace("nobody:amount=1"),
                "steps: customer, session, expired",
            ),
        ] {
            assert_eq!(apply(change).unwrap_err().hint.as_deref(), Some(hint));
        }
    }

    #[test]
    fn values_that_the_contract_does_not_take_are_refused() {
        for wrong in [
            Change::replace("amount=plenty"),
            Change::replace("amount=1.5"),
            Change::add("ui_mode=embeded"),
        ] {
            let error = apply(wrong).unwrap_err();
            assert!(error.message.contains("amount") || error.message.contains("embedded"));
        }
        for wrong in ["amount", "=1", "a..b=1", ":a=1x"] {
            let _ = apply(Change::replace(wrong)).unwrap_err();
        }
        let error = Change::replace("card..number=4242424242424242").unwrap_err();
        assert!(!error.message.contains("4242"), "{error}");
    }
}
