//! Owns waiting for an event: which one is meant, whether the server answered it as it should, and
//! saying what came instead.

use std::collections::{HashMap, HashSet};

use tokio::time::Instant;

use super::condition::{Conditions, Mismatch};
use super::log::{Log, Seen};
use super::outcome::Failure;
use super::step::Expect;
use crate::cli::StatusPattern;
use crate::error::{Kind, Result};
use crate::listen::filter::matches;
use crate::listen::report::plural;

/// The events that were found, by the name under which they were expected: no event is found twice
/// under one.
#[derive(Default)]
pub(super) struct Found(HashMap<String, HashSet<String>>);

impl Found {
    pub(super) fn take(&mut self, pattern: &str, events: &[Seen]) {
        let taken = self.0.entry(pattern.to_owned()).or_default();
        taken.extend(events.iter().map(|seen| seen.id.clone()));
    }
}

/// What is waited for.
pub(super) struct Wanted<'a> {
    pub(super) expect: &'a Expect,
    /// With the variables replaced.
    pub(super) conditions: Conditions,
    /// What the server is to have answered, where there is one.
    pub(super) answered: Option<StatusPattern>,
    pub(super) until: Instant,
    /// How long that is, as it is said.
    pub(super) within: String,
}

/// What the events so far mean for what is waited for.
enum Verdict {
    /// These are the events.
    Holds(Vec<Seen>),
    Waits,
    Fails(Failure),
}

impl Wanted<'_> {
    /// Waits until it holds, and returns the events that it is about.
    ///
    /// # Errors
    /// What came instead, when it did not in time or cannot any more.
    pub(super) async fn wait(&self, log: &Log, found: &Found) -> Result<Vec<Seen>, Failure> {
        let mut changes = log.changes();
        loop {
            // Seen before looking: what comes after the look wakes the loop again.
            changes.borrow_and_update();
            match log.look(|events| self.judge(events, found)) {
                Verdict::Holds(events) => return Ok(events),
                Verdict::Fails(failure) => return Err(failure),
                Verdict::Waits => {}
            }
            if let Some(reason) = log.ended() {
                return Err(Failure::new(Kind::Network, self.told(), reason));
            }
            let change = tokio::time::timeout_at(self.until, changes.changed()).await;
            if change.is_err() {
                return Err(log.look(|events| self.too_late(events, found)));
            }
        }
    }

    /// Returns the events that it is about and that were not found before.
    fn candidates<'e>(&self, events: &'e [Seen], found: &Found) -> Vec<&'e Seen> {
        let taken = found.0.get(&self.expect.pattern);
        let is_free = |seen: &&Seen| taken.is_none_or(|taken| !taken.contains(&seen.id));
        events
            .iter()
            .filter(|seen| matches(&self.expect.pattern, &seen.event_type))
            .filter(is_free)
            .collect()
    }

    fn judge(&self, events: &[Seen], found: &Found) -> Verdict {
        let mut holding = self.candidates(events, found);
        holding.retain(|seen| self.conditions.mismatch(&seen.body).is_none());
        let count = holding.len() as u64;
        match self.expect.count {
            Some(wanted) if count > wanted => {
                let ids: Vec<&str> = holding.iter().map(|seen| seen.id.as_str()).collect();
                let got = format!("{count} came: {}", ids.join(", "));
                return Verdict::Fails(Failure::new(Kind::Unmet, self.told(), got));
            }
            Some(wanted) if count < wanted => return Verdict::Waits,
            None if count == 0 => return Verdict::Waits,
            // Of those that may be meant, the first to come.
            None => holding.truncate(1),
            Some(_) => {}
        }
        if let Some(wanted) = self.answered {
            for seen in &holding {
                match &seen.answer {
                    None => return Verdict::Waits,
                    Some(answer) if answer.status.is_some_and(|status| wanted.matches(status)) => {}
                    Some(answer) => {
                        let expected =
                            format!("{} ({}) answered {wanted}", seen.event_type, seen.id);
                        let got = answer.told();
                        return Verdict::Fails(Failure::new(Kind::Endpoint, expected, got));
                    }
                }
            }
        }
        Verdict::Holds(holding.into_iter().cloned().collect())
    }

    /// Says what is awaited.
    fn told(&self) -> String {
        let count = match self.expect.count {
            Some(0) => "no ".to_owned(),
            Some(count) => format!("{count} × "),
            None => String::new(),
        };
        let conditions = match self.conditions.is_empty() {
            true => String::new(),
            false => format!(" where {}", self.conditions),
        };
        let within = &self.within;
        format!("{count}{}{conditions} within {within}", self.expect.pattern)
    }

    /// Says what came instead.
    fn too_late(&self, events: &[Seen], found: &Found) -> Failure {
        let pattern = &self.expect.pattern;
        let candidates = self.candidates(events, found);
        let of_name = |seen: &&Seen| matches(pattern, &seen.event_type);
        let holding = candidates
            .iter()
            .filter(|seen| self.conditions.mismatch(&seen.body).is_none());
        let unanswered = holding.clone().find(|seen| seen.answer.is_none());
        let got = match (candidates.first(), unanswered) {
            (_, Some(seen)) if self.is_enough(holding.count() as u64) => {
                let got = format!("{} came, and the server has not answered it", seen.id);
                return Failure::new(Kind::Endpoint, self.told(), got);
            }
            (None, _) => {
                let all = plural(events.len() as u64, "event");
                match events.iter().filter(of_name).count() {
                    0 => format!("of the {all} that came, none is {pattern}"),
                    before => format!(
                        "of the {all} that came, {before} {} {pattern}, found by an earlier step",
                        if before == 1 { "is" } else { "are" },
                    ),
                }
            }
            (Some(_), _) => {
                let told = candidates.iter().map(|seen| {
                    let mismatch = self.conditions.mismatch(&seen.body);
                    match mismatch {
                        None => seen.id.clone(),
                        Some(Mismatch { expected, got }) => {
                            format!("{}: {got}, not {expected}", seen.id)
                        }
                    }
                });
                let told: Vec<String> = told.take(5).collect();
                format!(
                    "{} of {pattern} came: {}",
                    candidates.len(),
                    told.join("; ")
                )
            }
        };
        Failure::new(Kind::Unmet, self.told(), got)
    }

    fn is_enough(&self, count: u64) -> bool {
        self.expect.count.unwrap_or(1) <= count && self.answered.is_some()
    }
}
