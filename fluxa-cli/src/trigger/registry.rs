//! Owns which events can be triggered, and how: the fixtures, readable JSON in the binary.

use super::fixture::Fixture;
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

/// What is known of one event type.
pub(crate) struct Entry {
    pub(crate) event: &'static str,
    pub(crate) summary: String,
}

/// Returns the fixture of an event.
///
/// # Errors
/// Usage: there is no such event, with the closest one.
pub(crate) fn find(event: &str) -> Result<Fixture> {
    match FIXTURES.iter().find(|(file, _)| event_of(file) == event) {
        Some((file, text)) => parse(file, text),
        None => {
            let fault = format!("there is no event `{event}`");
            Err(suggest::unknown_event_type(event, fault))
        }
    }
}

/// Returns every event, in the order of their names.
pub(crate) fn list() -> Result<Vec<Entry>> {
    FIXTURES
        .iter()
        .map(|(file, text)| {
            Ok(Entry {
                event: event_of(file),
                summary: parse(file, text)?.summary,
            })
        })
        .collect()
}

/// Each file is called by its event.
fn event_of(file: &'static str) -> &'static str {
    file.strip_suffix(".json").unwrap_or(file)
}

fn parse(file: &'static str, text: &str) -> Result<Fixture> {
    let mut fixture: Fixture = serde_json::from_str(text)
        .map_err(|error| CliError::failure(format!("the fixture {file}: {error}")))?;
    fixture.event = Some(event_of(file).to_owned());
    Ok(fixture)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn every_event_has_a_fixture_and_every_fixture_an_event() {
        let mut events: Vec<&str> = FIXTURES.iter().map(|(file, _)| event_of(file)).collect();
        let mut known = suggest::event_types().to_vec();
        events.sort_unstable();
        known.sort_unstable();
        assert_eq!(events, known);
    }

    #[test]
    fn every_fixture_asks_for_what_the_contract_has_and_can_be_run_from_a_file() {
        for (file, text) in FIXTURES {
            let shown = parse(file, text).unwrap().to_json().unwrap();
            let fixture = fixture::parse(&shown).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(fixture.summary.ends_with('.'), "{file}");
            assert_eq!(fixture.to_json().unwrap(), shown);
        }
    }

    #[test]
    fn every_file_of_the_directory_is_in_the_binary() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/trigger/fixtures");
        let mut files: Vec<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
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
