//! Owns the decision when an attempt may start: pure, told the time. Each endpoint has a lane of its
//! own, so that none waits for another's; while the clock is advanced all lanes are one.
//!
//! A lane starts an attempt when the one before has ended. An endpoint that keeps one for longer than
//! [`PATIENCE`] gets the next ones beside it: it holds up neither itself nor, in an advance, the others
//! for a whole time-out per attempt, and an endpoint that answers promptly gets everything in order.

use crate::domain::delivery::{Allowance, Wanted};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// How long an attempt may be under way before others start beside it.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// Attempts to one slow endpoint at the same time.
const ABREAST: usize = 32;

/// Attempts to all endpoints at the same time while the clock is advanced.
const ABREAST_IN_ORDER: usize = 256;

/// Attempts to one endpoint in a row before the sustained rate applies.
const BURST: f64 = 100.0;

/// Attempts a second to one endpoint, sustained.
const PER_SECOND: f64 = 1.0;

struct Lane {
    under_way: HashMap<String, Instant>,
    tokens: f64,
    at: Instant,
}

impl Lane {
    fn new(now: Instant) -> Self {
        Self {
            under_way: HashMap::new(),
            tokens: BURST,
            at: now,
        }
    }

    fn refill(&mut self, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * PER_SECOND;
        self.tokens = (self.tokens + gained).min(BURST);
        self.at = now;
    }

    /// When the oldest attempt under way has taken too long.
    fn slow_from(&self) -> Option<Instant> {
        let oldest = self.under_way.values().min()?;
        Some(*oldest + PATIENCE)
    }

    /// How many attempts may start, or when to ask again.
    fn allowance(&mut self, now: Instant) -> (usize, Option<Instant>) {
        self.refill(now);
        let abreast = match self.slow_from() {
            None => 1,
            Some(slow_from) if now >= slow_from => ABREAST.saturating_sub(self.under_way.len()),
            Some(slow_from) => return (0, Some(slow_from)),
        };
        if abreast > 0 && self.tokens < 1.0 {
            let missing = Duration::from_secs_f64((1.0 - self.tokens) / PER_SECOND);
            // Rounded up: a moment too early would find no token again.
            return (0, Some(now + missing + Duration::from_millis(1)));
        }
        (abreast.min(self.tokens as usize), None)
    }
}

/// The lanes of every endpoint that was sent something lately.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: HashMap<String, Lane>,
}

impl Lanes {
    /// What may start now, and when to ask again if nothing happens before.
    pub(super) fn wanted(&mut self, now: Instant, in_order: bool) -> (Wanted, Option<Instant>) {
        if in_order {
            return self.wanted_in_order(now);
        }
        // A lane like new need not be kept.
        self.lanes.retain(|_, lane| {
            lane.refill(now);
            !lane.under_way.is_empty() || lane.tokens < BURST
        });
        let mut wake: Option<Instant> = None;
        let mut known = HashMap::new();
        for (endpoint, lane) in &mut self.lanes {
            let (more, again) = lane.allowance(now);
            wake = [wake, again].into_iter().flatten().min();
            let under_way = lane.under_way.len();
            known.insert(endpoint.clone(), Allowance { more, under_way });
        }
        let others = Allowance {
            more: 1,
            under_way: 0,
        };
        (Wanted::OfEach { known, others }, wake)
    }

    /// One attempt, when every one under way has ended or is to a slow endpoint.
    fn wanted_in_order(&self, now: Instant) -> (Wanted, Option<Instant>) {
        let under_way = self.lanes.values().map(|lane| lane.under_way.len()).sum();
        let all_slow_from = self.lanes.values().filter_map(Lane::slow_from).max();
        let waits = all_slow_from.filter(|slow_from| now < *slow_from);
        let more = usize::from(waits.is_none() && under_way < ABREAST_IN_ORDER);
        (Wanted::InOrder(Allowance { more, under_way }), waits)
    }

    /// Every attempt under way.
    pub(super) fn under_way(&self) -> HashSet<String> {
        let lanes = self.lanes.values();
        lanes
            .flat_map(|lane| lane.under_way.keys().cloned())
            .collect()
    }

    /// An attempt starts; `limited` ones count against the endpoint's rate.
    pub(super) fn start(&mut self, endpoint: &str, delivery: &str, now: Instant, limited: bool) {
        let lane = self
            .lanes
            .entry(endpoint.to_owned())
            .or_insert_with(|| Lane::new(now));
        lane.under_way.insert(delivery.to_owned(), now);
        if limited {
            lane.tokens -= 1.0;
        }
    }

    /// An attempt has ended, and its end is recorded.
    pub(super) fn end(&mut self, endpoint: &str, delivery: &str) {
        if let Some(lane) = self.lanes.get_mut(endpoint) {
            lane.under_way.remove(delivery);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ABREAST, Lanes, PATIENCE};
    use crate::domain::delivery::Wanted;
    use std::time::{Duration, Instant};

    fn more(wanted: &Wanted, endpoint: &str) -> usize {
        match wanted {
            Wanted::OfEach { known, others } => {
                known.get(endpoint).map_or(others.more, |one| one.more)
            }
            Wanted::InOrder(allowance) => allowance.more,
        }
    }

    #[test]
    fn an_endpoint_that_answers_gets_one_attempt_at_a_time() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.start("a", "1", now, true);
        let (wanted, wake) = lanes.wanted(now, false);
        assert_eq!((more(&wanted, "a"), more(&wanted, "b")), (0, 1));
        assert_eq!(wake, Some(now + PATIENCE));
        lanes.end("a", "1");
        assert_eq!(more(&lanes.wanted(now, false).0, "a"), 1);
    }

    #[test]
    fn a_slow_endpoint_gets_others_beside_the_one_it_keeps_up_to_a_bound() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.start("a", "1", now, true);
        let later = now + PATIENCE;
        assert_eq!(more(&lanes.wanted(later, false).0, "a"), ABREAST - 1);
        for number in 2..=ABREAST {
            lanes.start("a", &number.to_string(), later, true);
        }
        let (wanted, wake) = lanes.wanted(later, false);
        assert_eq!((more(&wanted, "a"), wake), (0, None));
    }

    #[test]
    fn a_burst_of_a_hundred_then_one_a_second() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        let send = |lanes: &mut Lanes, now: Instant| {
            let (wanted, wake) = lanes.wanted(now, false);
            let may = more(&wanted, "a") > 0;
            if may {
                lanes.start("a", "x", now, true);
                lanes.end("a", "x");
            }
            (may, wake)
        };
        for _ in 0..100 {
            assert!(send(&mut lanes, now).0);
        }
        let (may, wake) = send(&mut lanes, now);
        assert!(!may);
        let wake = wake.unwrap();
        assert!(
            wake - now < Duration::from_millis(1_002),
            "{:?}",
            wake - now
        );
        assert!(send(&mut lanes, wake).0);
        assert!(!send(&mut lanes, wake).0);
        let hour = now + Duration::from_secs(3600);
        let sent = (0..200).filter(|_| send(&mut lanes, hour).0).count();
        assert_eq!(sent, 100);
    }

    #[test]
    fn an_advance_sends_one_at_a_time_whatever_the_endpoint_and_waits_for_no_slow_one() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.start("a", "1", now, false);
        let (wanted, wake) = lanes.wanted(now, true);
        assert_eq!((more(&wanted, "b"), wake), (0, Some(now + PATIENCE)));
        let later = now + PATIENCE;
        assert_eq!(more(&lanes.wanted(later, true).0, "b"), 1);
        lanes.start("b", "2", later, false);
        let (wanted, wake) = lanes.wanted(later, true);
        assert_eq!((more(&wanted, "a"), wake), (0, Some(later + PATIENCE)));
        lanes.end("b", "2");
        lanes.start("a", "3", later, false);
        assert_eq!(more(&lanes.wanted(later, true).0, "a"), 1);
    }
}
