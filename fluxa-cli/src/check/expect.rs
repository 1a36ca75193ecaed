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
    /// How long that is, as it is said; empty for what is on its way.
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

    /// Waits for none to come until then.
    ///
    /// # Errors
    /// The one that came; or none can come any more, so that nothing is known.
    pub(super) async fn none_until(
        &self,
        until: Instant,
        log: &Log,
        found: &Found,
    ) -> Result<(), Failure> {
        let mut changes = log.changes();
        loop {
            changes.borrow_and_update();
            if let Verdict::Fails(failure) = log.look(|events| self.judge(events, found)) {
                return Err(failure);
            }
            if let Some(reason) = log.ended() {
                return Err(Failure::new(Kind::Network, self.told(), reason));
            }
            let change = tokio::time::timeout_at(until, changes.changed()).await;
            if change.is_err() {
                return Ok(());
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
        let within = match self.within.as_str() {
            "" => String::new(),
            within => format!(" within {within}"),
        };
        format!("{count}{}{conditions}{within}", self.expect.pattern)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::listen::{ListenEvent, Payload};

    fn came(log: &Log, id: &str, event_type: &str) {
        let payload = format!(r#"{{"id":"{id}","data":{{"object":{{"amount":1}}}}}}"#);
        log.record(ListenEvent::Event {
            id: id.to_owned(),
            event_type: event_type.to_owned(),
            object: None,
            payload: Payload(payload.into()),
        });
    }

    fn answered(log: &Log, id: &str, status: Option<u16>, last: bool) {
        log.record(ListenEvent::Delivery {
            event: id.to_owned(),
            event_type: String::new(),
            object: None,
            target: String::new(),
            delivery: String::new(),
            attempt: 1,
            ok: false,
            status,
            error: status.is_none().then(|| "connection refused".to_owned()),
            duration_ms: 1.0,
            last,
            chaos: None,
        });
    }

    fn expect(count: Option<u64>) -> Expect {
        Expect {
            pattern: "payment.*".to_owned(),
            count,
            conditions: Conditions::default(),
            answered: None,
        }
    }

    async fn wait(
        log: &Log,
        found: &Found,
        count: Option<u64>,
        answered: Option<StatusPattern>,
    ) -> Result<Vec<String>, Failure> {
        let expect = expect(count);
        let wanted = Wanted {
            expect: &expect,
            conditions: Conditions::default(),
            answered,
            until: Instant::now() + Duration::from_secs(5),
            within: "5 s".to_owned(),
        };
        let events = wanted.wait(log, found).await?;
        Ok(events.into_iter().map(|seen| seen.id).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn an_event_is_found_whether_it_came_before_or_comes_later_and_only_once() {
        let (log, mut found) = (Log::new(), Found::default());
        came(&log, "evt_0", "refund.created");
        came(&log, "evt_1", "payment.settled");
        assert_eq!(wait(&log, &found, None, None).await.unwrap(), ["evt_1"]);
        log.look(|events| found.take("payment.*", &events[1..]));
        let (waited, ()) = tokio::join!(wait(&log, &found, None, None), async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            came(&log, "evt_2", "payment.settled");
        });
        assert_eq!(waited.unwrap(), ["evt_2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_come_is_told_with_what_came_instead() {
        let (log, mut found) = (Log::new(), Found::default());
        came(&log, "evt_0", "refund.created");
        let failure = wait(&log, &found, None, None).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Unmet);
        assert_eq!(failure.expected, "payment.* within 5 s");
        assert_eq!(failure.got, "of the 1 event that came, none is payment.*");
        came(&log, "evt_1", "payment.settled");
        log.look(|events| found.take("payment.*", events));
        let failure = wait(&log, &found, None, None).await.unwrap_err();
        assert!(
            failure
                .got
                .contains("1 is payment.*, found by an earlier step"),
            "{}",
            failure.got
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_count_is_exact() {
        let (log, found) = (Log::new(), Found::default());
        assert!(wait(&log, &found, Some(0), None).await.unwrap().is_empty());
        came(&log, "evt_1", "payment.settled");
        came(&log, "evt_2", "payment.settled");
        assert_eq!(wait(&log, &found, Some(2), None).await.unwrap().len(), 2);
        for (count, got) in [
            (0, "2 came: evt_1, evt_2"),
            (1, "2 came: evt_1, evt_2"),
            (3, "2 of payment.* came: evt_1; evt_2"),
        ] {
            let failure = wait(&log, &found, Some(count), None).await.unwrap_err();
            assert_eq!((failure.kind, failure.got.as_str()), (Kind::Unmet, got));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_answer_of_the_server_counts() {
        let ok = Some(StatusPattern::Class(2));
        let (log, found) = (Log::new(), Found::default());
        came(&log, "evt_1", "payment.settled");
        answered(&log, "evt_1", Some(500), false);
        let failure = wait(&log, &found, None, ok).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Endpoint);
        assert!(
            failure.got.contains("has not answered it"),
            "{}",
            failure.got
        );
        answered(&log, "evt_1", Some(204), true);
        assert_eq!(wait(&log, &found, None, ok).await.unwrap(), ["evt_1"]);
        answered(&log, "evt_1", None, true);
        let failure = wait(&log, &found, None, ok).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.got.as_str()),
            (Kind::Endpoint, "connection refused")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_once_no_event_can_come() {
        let (log, found) = (Log::new(), Found::default());
        log.end(&crate::error::CliError::failure("the stream is gone"));
        let failure = wait(&log, &found, None, None).await.unwrap_err();
        assert_eq!(
            (failure.kind, failure.got.as_str()),
            (Kind::Network, "the stream is gone")
        );
    }
}
