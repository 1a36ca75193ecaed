//! Owns one examination: what is asked of a target, in which order, and what its answers mean.

use std::sync::Arc;
use std::time::Duration;

use fluxa_sdk::SecretText;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::rfc2822};

use super::candidate::{self, Candidate};
use super::cause::{Clock, Found, in_words};
use super::{Alteration, Cause, Diagnosis, Forwarder, Incoming, Signer};
use crate::listen::signer::delivery_id;

/// The most questions asked of a target at a time.
pub(super) const PROBES: u32 = 16;

/// How long all questions together may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The clocks of one machine and its containers agree within this.
const CLOCK_NOISE_SECONDS: i64 = 5;

/// By how much the time is wrong of whoever mistakes summer time, or London for UTC.
const HOUR_SECONDS: i64 = 3_600;

/// So far ahead is no clock: whoever takes a signature of then refuses old ones only.
const FAR_SECONDS: i64 = 365 * 86_400;

/// What the answers so far have told.
#[derive(Clone, Copy, Default)]
pub(super) struct Learned {
    /// By how many seconds the target's clock is ahead, by its `Date` header.
    skew: Option<i64>,
    /// What it answers to a wrong signature, when that is not what it answers to the right one.
    to_wrong: Option<u16>,
}

/// One event, one target.
pub(super) struct Examination {
    pub(super) signer: Arc<Signer>,
    pub(super) secret: SecretText,
    pub(super) other_secret: Option<SecretText>,
    pub(super) print_secret: String,
    pub(super) event: Incoming,
    pub(super) forwarder: Arc<Forwarder>,
    pub(super) probes: u32,
    pub(super) learned: Learned,
}

/// What a target answered.
struct Reply {
    status: Option<u16>,
    accepted: bool,
}

impl Examination {
    pub(super) async fn run(mut self, status: u16) -> Diagnosis {
        let found = tokio::time::timeout(PATIENCE, self.find()).await;
        let timed_out = found.is_err();
        let (cause, alteration, clock) = match found {
            Ok(Some(found)) => found,
            // The answer to a wrong signature shows that the right one was known for right.
            _ if self.learned.to_wrong.is_some() => (Cause::NotTheSignature, None, self.clock()),
            _ => (Cause::Unknown, None, self.clock()),
        };
        let (message, fix) = in_words(&Found {
            cause,
            alteration,
            clock,
            status,
            to_wrong: self.learned.to_wrong,
            timed_out,
            probes: self.probes,
            other_known: self.other_secret.is_some(),
            print_secret: &self.print_secret,
        });
        Diagnosis {
            event: self.event.id,
            target: self.forwarder.target().to_string(),
            status,
            cause,
            alteration,
            message,
            fix,
            probes: self.probes,
            accepted: !matches!(cause, Cause::Unknown | Cause::NotTheSignature),
        }
    }

    /// What is known of the target's clock without having been told by a signature.
    fn clock(&self) -> Clock {
        match self.learned.skew {
            None => Clock::Unknown,
            Some(skew) if skew.abs() <= CLOCK_NOISE_SECONDS => Clock::Right,
            Some(skew) => Clock::Off(skew),
        }
    }

    /// Asks until something is accepted, and finds out which of what was asked it was.
    async fn find(&mut self) -> Option<(Cause, Option<Alteration>, Clock)> {
        let right = Candidate::right(&self.secret, &self.event.body);
        let as_it_should_be = std::slice::from_ref(&right);
        // The same again: what is accepted by chance must not be taken for a cure.
        let first = self.ask(as_it_should_be, 0).await;
        if first.accepted {
            return Some((Cause::NotRepeated, None, self.clock()));
        }
        // What is suspected most is asked about alone: then it is handled once.
        if let Some(other) = &self.other_secret {
            let other = right.with_secret(other);
            if self.ask(&[other], 0).await.accepted {
                return Some((Cause::OtherSecret, None, self.clock()));
            }
        }
        let wrong = self.put(&candidate::wrong(now())).await;
        if wrong.accepted {
            return Some((Cause::NotRepeated, None, self.clock()));
        }
        let refusals = [first.status, wrong.status].map(|status| status.filter(is_refusal));
        if let [Some(first), Some(wrong)] = refusals {
            self.learned.to_wrong = (wrong != first).then_some(wrong);
        }
        // By the target's own clock, where it says what that is.
        let skew = match self.clock() {
            Clock::Off(skew) => skew,
            _ => 0,
        };
        if skew != 0 && self.ask(as_it_should_be, skew).await.accepted {
            return Some((Cause::ClockSkew, None, self.clock()));
        }
        // Whoever tells a wrong signature from the right one has the secret and the body.
        let alone = match self.learned.to_wrong {
            Some(_) => Vec::new(),
            None => candidate::alone(&right, self.other_secret.as_ref()),
        };
        for group in [&alone, &candidate::together(&alone)] {
            if !group.is_empty() && self.ask(group, skew).await.accepted {
                let found = self.narrowed(group, skew).await;
                return Some((found.cause, found.alteration, self.clock()));
            }
        }
        for shift in shifts() {
            if self.ask(as_it_should_be, shift).await.accepted {
                return Some((Cause::ClockSkew, None, Clock::Shifted(shift)));
            }
        }
        if self.ask(as_it_should_be, FAR_SECONDS).await.accepted {
            return Some((Cause::ClockSkew, None, Clock::Ahead));
        }
        if self
            .ask_at(as_it_should_be, Timestamp::now().as_millisecond())
            .await
            .accepted
        {
            return Some((Cause::Milliseconds, None, self.clock()));
        }
        // Each by itself, for those that look at the first signature only, or at the last.
        let is_new = |known: &&Candidate| skew != 0 || known.cause != Cause::OtherSecret;
        for candidate in alone.iter().filter(is_new) {
            if self
                .ask(std::slice::from_ref(candidate), skew)
                .await
                .accepted
            {
                return Some((candidate.cause, candidate.alteration, self.clock()));
            }
        }
        None
    }

    /// Finds out which of a group was accepted. The less likely half is asked about: what is
    /// refused is not handled once more.
    async fn narrowed<'a>(&mut self, group: &'a [Candidate], ahead: i64) -> &'a Candidate {
        let mut rest = group;
        while rest.len() > 1 {
            let (likely, others) = rest.split_at(rest.len().div_ceil(2));
            rest = match self.ask(others, ahead).await.accepted {
                true => others,
                false => likely,
            };
        }
        &rest[0]
    }

    /// Sends the event as all of these sign it, so many seconds ahead of now.
    async fn ask(&mut self, candidates: &[Candidate], ahead: i64) -> Reply {
        self.ask_at(candidates, now() + ahead).await
    }

    async fn ask_at(&mut self, candidates: &[Candidate], at: i64) -> Reply {
        self.put(&candidate::header(candidates, at)).await
    }

    /// Sends the event with this signature, unless enough was asked.
    async fn put(&mut self, signature: &str) -> Reply {
        if self.probes == PROBES {
            let (status, accepted) = (None, false);
            return Reply { status, accepted };
        }
        self.probes += 1;
        let headers = self
            .signer
            .headers_with(&self.event, &delivery_id(), signature);
        let (answer, date) = self.forwarder.probe(headers, self.event.body.clone()).await;
        let clock = date.and_then(|date| rfc2822::parse(date.to_str().ok()?).ok());
        if let Some(clock) = clock {
            self.learned.skew = Some(clock.timestamp().as_second() - now());
        }
        Reply {
            status: answer.status,
            accepted: answer.is_success(),
        }
    }
}

/// What a target answers which does not like what it got.
pub(super) fn is_refusal(status: &u16) -> bool {
    matches!(status, 400 | 401 | 403)
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

/// By how much clocks are wrong which take a local time for UTC: an hour, and this machine's offset.
fn shifts() -> Vec<i64> {
    let here = TimeZone::system().to_offset(Timestamp::now()).seconds();
    let mut shifts = vec![HOUR_SECONDS, i64::from(here).abs()];
    shifts.dedup();
    shifts.retain(|shift| *shift != 0);
    shifts.into_iter().flat_map(|by| [by, -by]).collect()
}
