//! `trigger`: makes an event happen by doing, through the real API, what leads to it.
//!
//! Owns running the steps of a fixture: what was typed over it, variables between steps, and the
//! proof that the event is there. Knows nothing of printing.

mod changes;
pub(crate) mod contract;
pub(crate) mod fixture;
pub(crate) mod registry;
mod wait;

use std::cell::RefCell;
use std::time::Duration;

use fluxa_sdk::Client;
use serde_json::{Map, Value};

pub(crate) use changes::Change;
pub(crate) use wait::{Missed, Why};

use crate::error::{CliError, Result};
use crate::json_path::JsonPath;
use fixture::{Fixture, Step};

/// How long the event may take to appear once its steps are done, unless it is said otherwise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Name and id of every object that a run has made so far, in order. Kept by whoever starts it, so
/// that what was made is known however the run ends.
#[derive(Debug, Default)]
pub(crate) struct Made(RefCell<Vec<(String, String)>>);

impl Made {
    pub(crate) fn objects(&self) -> Vec<(String, String)> {
        self.0.borrow().clone()
    }

    /// Adds an object, unless it is there.
    fn add(&self, name: &str, id: &str) {
        let mut objects = self.0.borrow_mut();
        if !objects.iter().any(|(_, known)| known == id) {
            objects.push((name.to_owned(), id.to_owned()));
        }
    }
}

/// Why a run did not end in its event.
#[derive(Debug)]
pub(crate) enum Trouble {
    Failed(CliError),
    /// All was done, and the event did not come of it.
    Missed(Missed),
}

impl From<CliError> for Trouble {
    fn from(error: CliError) -> Self {
        Self::Failed(error)
    }
}

impl From<fluxa_sdk::Error> for Trouble {
    fn from(error: fluxa_sdk::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Failed(error) => error,
            Trouble::Missed(missed) => Self::unmet(missed.to_string()),
        }
    }
}

/// The timing under which nothing moves by itself.
pub(crate) const BY_HAND: &str = "manual";

/// Applies what was typed over the fixture. A timing also takes the place of the steps that move a payment
/// by hand.
///
/// # Errors
/// Usage: a path that no step sends, or a timing where nothing takes time.
pub(crate) fn prepare(
    fixture: &mut Fixture,
    changes: &[Change],
    timing: Option<&str>,
) -> Result<()> {
    for change in changes {
        change.apply(&mut fixture.steps)?;
    }
    if let Some(timing) = timing {
        let mut takes_time = false;
        for step in &mut fixture.steps {
            if let Some(default) = &mut step.timing {
                timing.clone_into(default);
                takes_time = true;
            }
        }
        if timing != BY_HAND {
            // Time moves it there by itself, and has perhaps done so already.
            fixture.steps.retain(|step| !step.does_what_time_does());
        }
        if !takes_time {
            return Err(CliError::usage(
                "--timing: nothing in this event takes time",
            ));
        }
    }
    Ok(())
}

/// Runs the steps, then looks for the event. Returns its id; `None` when it comes later, by the timing
/// asked for, or the fixture is for none.
///
/// With `patience` the event must appear within it; without, it is looked for once.
pub(crate) async fn run(
    client: &Client,
    fixture: &Fixture,
    patience: Option<Duration>,
    made: &Made,
) -> Result<Option<String>, Trouble> {
    let mut answers = Map::new();
    for step in &fixture.steps {
        let answer = send(client, step, &answers).await?;
        if let Some(id) = answer.get("id").and_then(Value::as_str) {
            made.add(&step.name, id);
        }
        answers.insert(step.name.clone(), answer);
    }
    let (Some(event), Some(about)) = (&fixture.event, &fixture.about) else {
        return Ok(None);
    };
    let about = fill(about, &answers)?;
    made.add(event.split('.').next().unwrap_or(event), &about);
    wait::for_event(client, event, &about, patience).await
}

async fn send(client: &Client, step: &Step, answers: &Map<String, Value>) -> Result<Value> {
    let filled = fill(&step.request, answers);
    let request = filled.map_err(|error| error.context(format!("step `{}`", step.name)))?;
    let perform = async {
        let (method, path) = request
            .split_once(' ')
            .ok_or_else(|| CliError::failure(format!("`{request}` is no request")))?;
        let mut call = client.raw(method, path);
        if let Some(body) = &step.body {
            let mut body = body.clone();
            fill_value(&mut body, answers)?;
            call = call.json(body);
        }
        if let Some(timing) = &step.timing {
            call = call.sandbox_timing(timing);
        }
        Ok(call.await?.into_inner())
    };
    let answer: Result<Value> = perform.await;
    answer.map_err(|error| error.context(format!("step `{}` ({request})", step.name)))
}

/// Replaces `${step.path}` in every string of a value. A string that is nothing else becomes what is
/// there: a number stays one.
pub(crate) fn fill_value(value: &mut Value, answers: &Map<String, Value>) -> Result<()> {
    match value {
        Value::String(text) => {
            let whole = text
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'))
                .filter(|path| !path.contains('}'));
            *value = match whole {
                Some(path) => look_up(path, answers)?.clone(),
                None => Value::String(fill(text, answers)?),
            };
        }
        Value::Array(items) => {
            for item in items {
                fill_value(item, answers)?;
            }
        }
        Value::Object(fields) => {
            for field in fields.values_mut() {
                fill_value(field, answers)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Replaces `${step.path}` by what that step answered.
pub(crate) fn fill(text: &str, answers: &Map<String, Value>) -> Result<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (path, behind) = after
            .split_once('}')
            .ok_or_else(|| CliError::failure(format!("`{text}` has a `${{` without its `}}`")))?;
        filled.push_str(before);
        match look_up(path, answers)? {
            Value::String(value) => filled.push_str(value),
            Value::Number(value) => filled.push_str(&value.to_string()),
            _ => return Err(nothing_at(path)),
        }
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Returns what a variable stands for: something of an answer, or what has the name alone.
fn look_up<'a>(path: &str, answers: &'a Map<String, Value>) -> Result<&'a Value> {
    let (step, place) = match path.split_once('.') {
        Some((step, place)) => (step, Some(place)),
        None => (path, None),
    };
    let answer = answers.get(step).ok_or_else(|| nothing_at(path))?;
    let found = match place {
        None => Some(answer),
        Some(place) => {
            let place: JsonPath = place.parse().map_err(|_| nothing_at(path))?;
            place.get(answer)
        }
    };
    found.ok_or_else(|| nothing_at(path))
}

fn nothing_at(path: &str) -> CliError {
    CliError::failure(format!("no step answered `{path}`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_taken_from_earlier_answers() {
        let Value::Object(answers) =
            json!({ "session": { "id": "chk_1" }, "list": { "data": [{ "id": "pm_1", "n": 7 }] } })
        else {
            unreachable!()
        };
        assert_eq!(fill("/a/${session.id}/b", &answers).unwrap(), "/a/chk_1/b");
        assert_eq!(
            fill("${list.data.0.id}-${list.data.0.n}", &answers).unwrap(),
            "pm_1-7"
        );
        for wrong in [
            "${nobody.id}",
            "${session.nothing}",
            "${session",
            "${list.data.9.id}",
        ] {
            assert!(fill(wrong, &answers).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_timing_takes_the_place_of_steps_that_do_what_time_does_and_of_no_other() {
        let advance = |name: &str, to: &str| {
            let request = "POST /sandbox/payments/${payment.id}/advance";
            json!({ "name": name, "request": request, "body": { "to": to } })
        };
        let fixture = json!({ "summary": "A.", "about": "x", "steps": [
            { "name": "payment", "request": "POST /payments", "timing": "manual" },
            advance("captured", "CAPTURED"),
            advance("failed", "FAILED"),
        ]});
        let left = |timing: &str| -> Vec<String> {
            let mut fixture = serde_json::from_value::<Fixture>(fixture.clone()).unwrap();
            prepare(&mut fixture, &[], Some(timing)).unwrap();
            fixture.steps.into_iter().map(|step| step.name).collect()
        };
        assert_eq!(left("5s"), ["payment", "failed"]);
        assert_eq!(left("manual"), ["payment", "captured", "failed"]);
    }

    #[test]
    fn a_timing_replaces_every_pace_and_is_refused_where_there_is_none() {
        let fixture = |text| serde_json::from_value::<Fixture>(text).unwrap();
        let mut timed = fixture(json!({ "summary": "A.", "about": "x", "steps": [
            { "name": "a", "request": "POST /a", "timing": "instant" },
            { "name": "b", "request": "POST /b" },
        ]}));
        prepare(&mut timed, &[], Some("5s")).unwrap();
        assert_eq!(timed.steps[0].timing.as_deref(), Some("5s"));
        assert_eq!(timed.steps[1].timing, None);
        let mut untimed = fixture(json!({ "summary": "A.", "about": "x", "steps": [
            { "name": "b", "request": "POST /b" },
        ]}));
        assert!(prepare(&mut untimed, &[], Some("5s")).is_err());
    }
}
