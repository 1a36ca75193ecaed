//! Owns what the contract says can be where a condition looks, and refusing a condition that no
//! answer can meet, or every answer does. Pure.

use std::fmt::Display;

use super::condition::Test;
use crate::generated::schemas::{ERROR, EVENTS};
use crate::json_path::JsonPath;
use crate::listen::filter::matches;
use crate::operations::Operation;
use crate::schema::{Nowhere, Schema};
use crate::suggest;

/// What can be where a condition looks: one of these, or anything where there is none.
#[derive(Default)]
pub(super) struct Known {
    schemas: Vec<&'static Schema>,
    /// Whether fields that can be expanded may be objects.
    expanded: bool,
}

impl Known {
    /// Nothing is known: of a merchant's own server, or where that was asked for.
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    /// What events whose types match can be.
    pub(super) fn of_events(pattern: &str) -> Self {
        let mut schemas: Vec<&'static Schema> = Vec::new();
        for (name, schema) in EVENTS {
            let is_new = || !schemas.iter().any(|known| std::ptr::eq(*known, schema));
            if matches(pattern, name) && is_new() {
                schemas.push(schema);
            }
        }
        Self {
            schemas,
            expanded: false,
        }
    }

    /// What an operation answers.
    pub(super) fn of_answer(operation: &'static Operation, expanded: bool) -> Self {
        Self {
            schemas: vec![operation.answer],
            expanded,
        }
    }

    /// What the API answers when it refuses.
    pub(super) fn of_errors() -> Self {
        Self {
            schemas: vec![&ERROR],
            expanded: false,
        }
    }

    /// Refuses what can never be so.
    ///
    /// # Errors
    /// There can be nothing at the place, or never what it is asked for.
    pub(super) fn check(&self, path: &JsonPath, test: &Test) -> Result<(), Nowhere> {
        if self.schemas.is_empty() {
            return Ok(());
        }
        let mut nowhere = None;
        let mut wrong = None;
        for schema in &self.schemas {
            match schema.at(path, self.expanded) {
                Ok(place) => match fault(place, test) {
                    None => return Ok(()),
                    Some(fault) => wrong = wrong.or(Some(fault)),
                },
                Err(error) => nowhere = nowhere.or(Some(error)),
            }
        }
        match (wrong, nowhere) {
            (Some(fault), _) => Err(Nowhere {
                fault: format!("`{path}`: {fault}"),
                hint: Some(
                    "`unchecked = true` in the step is for an API that is newer than this program"
                        .to_owned(),
                ),
            }),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(()),
        }
    }
}

/// Says why a test means nothing at a place.
fn fault(place: &Schema, test: &Test) -> Option<String> {
    let never = |what: &str| Some(format!("it is {}, and {what}", place.what()));
    match (test, place) {
        (_, Schema::Any) | (Test::Exists(_), _) => None,
        (Test::Equals(value) | Test::Not(value), _) => place.misfit(value),
        (Test::OneOf(values), _) => values.iter().find_map(|value| place.misfit(value)),
        (Test::Matches(pattern), Schema::OneOf(known)) => {
            let is_variable = pattern.contains("${");
            let is_met = is_variable || known.iter().any(|value| matches(pattern, value));
            (!is_met).then(|| match suggest::closest(pattern, known.iter().copied()) {
                Some(meant) => format!("nothing matches {pattern}: did you mean {meant}?"),
                None => format!("nothing matches {pattern}: it is one of {}", listed(known)),
            })
        }
        (Test::Matches(_), Schema::Text | Schema::Expandable(_)) => None,
        (Test::Matches(_), _) => never("`matches` is for texts"),
        (Test::AtLeast(_) | Test::AtMost(_), Schema::Integer | Schema::Number) => None,
        (Test::AtLeast(_) | Test::AtMost(_), _) => {
            never("`at-least` and `at-most` are for numbers")
        }
        (Test::Length(_), Schema::List(_) | Schema::Text | Schema::OneOf(_)) => None,
        (Test::Length(_), Schema::Expandable(_)) => None,
        (Test::Length(_), _) => never("`length` is for lists and texts"),
    }
}

fn listed(known: &[impl Display]) -> String {
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    known.join(", ")
}
