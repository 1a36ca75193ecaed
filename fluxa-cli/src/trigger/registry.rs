//! Owns which events can be triggered, and how: the fixtures, readable JSON in the binary.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{CliError, Result};
use crate::suggest;

/// Names each file once: its event type and its content.
macro_rules! fixtures {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("fixtures/", $file)))),*]
    };
}

const FIXTURES: &[(&str, &str)] = fixtures![
    "checkout.session.completed.json",
    "checkout.session.created.json",
    "checkout.session.expired.json",
    "customer.created.json",
    "customer.updated.json",
    "dispute.created.json",
    "dispute.evidence_required.json",
    "dispute.evidence_submitted.json",
    "dispute.lost.json",
    "dispute.won.json",
    "merchant.kyb.action_required.json",
    "merchant.kyb.approved.json",
    "payment.captured.json",
    "payment.failed.json",
    "payment.received.json",
    "payment.refunded.json",
    "payment.settled.json",
    "payment.settling.json",
    "payment_method.attached.json",
    "payment_method.detached.json",
    "refund.created.json",
    "refund.failed.json",
    "refund.succeeded.json",
    "settlement.completed.json",
    "subscription.cancelled.json",
    "subscription.created.json",
    "subscription.payment.failed.json",
    "subscription.payment.succeeded.json",
    "subscription.updated.json",
];

/// The events that cannot be triggered, each with the reason.
const UNAVAILABLE: &str = include_str!("fixtures/unavailable.json");

/// How to make an event happen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    /// What happens, in a sentence.
    pub(crate) summary: String,
    /// Id of the object that the event is about.
    pub(crate) about: String,
    /// What to ask of the API, in order.
    pub(crate) steps: Vec<Step>,
}

/// One request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// What later steps call its answer: `${name.id}`.
    pub(crate) name: String,
    /// Method and path.
    pub(crate) request: String,
    /// The pace of what it creates in the sandbox.
    #[serde(default)]
    pub(crate) timing: Option<String>,
    #[serde(default)]
    pub(crate) body: Option<Value>,
}

/// What is known of one event type.
pub(crate) struct Entry {
    pub(crate) event: &'static str,
    /// The summary, or why it cannot be triggered.
    pub(crate) availability: std::result::Result<String, String>,
}

/// Returns the fixture of an event.
///
/// # Errors
/// Usage: no such event (with the closest one), or one that cannot be triggered yet.
pub(crate) fn find(event: &str) -> Result<Fixture> {
    if let Some(text) = text_of(event) {
        return parse(text);
    }
    if let Some(reason) = unavailable()?.get(event) {
        return Err(
            CliError::usage(format!("cannot trigger `{event}`: {reason}"))
                .hint("`fluxa trigger --list` shows what can be triggered"),
        );
    }
    let fault = format!("there is no event `{event}`");
    Err(suggest::unknown_event_type(event, fault))
}

/// Returns every event of the contract, with whether it can be triggered.
pub(crate) fn list() -> Result<Vec<Entry>> {
    let unavailable = unavailable()?;
    suggest::event_types()
        .iter()
        .map(|event| {
            let availability = match text_of(event) {
                Some(text) => Ok(parse(text)?.summary),
                None => Err(unavailable
                    .get(*event)
                    .cloned()
                    .unwrap_or_else(|| "there is no fixture for it".to_owned())),
            };
            Ok(Entry {
                event,
                availability,
            })
        })
        .collect()
}

fn text_of(event: &str) -> Option<&'static str> {
    FIXTURES
        .iter()
        .find(|(file, _)| file.strip_suffix(".json") == Some(event))
        .map(|(_, text)| *text)
}

fn parse(text: &str) -> Result<Fixture> {
    serde_json::from_str(text).map_err(|error| CliError::failure(format!("a fixture: {error}")))
}

fn unavailable() -> Result<BTreeMap<String, String>> {
    serde_json::from_str(UNAVAILABLE)
        .map_err(|error| CliError::failure(format!("the list of unavailable events: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_a_fixture_or_a_reason_and_never_both() {
        let unavailable = unavailable().unwrap();
        for event in suggest::event_types() {
            let has_fixture = text_of(event).is_some();
            assert_ne!(has_fixture, unavailable.contains_key(*event), "{event}");
        }
    }

    #[test]
    fn every_fixture_and_every_reason_is_of_an_event_of_the_contract() {
        let known = suggest::event_types();
        for (file, text) in FIXTURES {
            let event = file.strip_suffix(".json").unwrap();
            assert!(known.contains(&event), "{file}");
            let fixture = parse(text).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(
                !fixture.steps.is_empty() && fixture.summary.ends_with('.'),
                "{file}"
            );
        }
        for event in unavailable().unwrap().keys() {
            assert!(known.contains(&event.as_str()), "{event}");
        }
    }

    #[test]
    fn every_file_of_the_directory_is_in_the_binary() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/trigger/fixtures");
        let mut files: Vec<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "unavailable.json")
            .collect();
        files.sort();
        let mut known: Vec<&str> = FIXTURES.iter().map(|(file, _)| *file).collect();
        known.sort_unstable();
        assert_eq!(files, known);
    }

    #[test]
    fn a_typing_error_gets_a_suggestion() {
        let error = find("payment.setled").unwrap_err();
        assert_eq!(
            error.hint.as_deref(),
            Some("did you mean `payment.settled`?")
        );
    }
}
