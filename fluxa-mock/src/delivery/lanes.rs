//! Owns the decision when an attempt may start: pure, told the time. Each endpoint has a lane of its
//! own, so that none waits for another's; what an advance of the clock waits for has one for itself.
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

/// Attempts at the same time that the clock waits for.
const ABREAST_AWAITED: usize = 256;

/// Attempts that the clock waits for, taken at once to be sent one after the other: one transaction
/// for all of them.
const AHEAD: usize = 64;

/// Attempts to one endpoint in a row before the sustained rate applies.
const BURST: f64 = 100.0;

/// Attempts a second to one endpoint, sustained.
const PER_SECOND: f64 = 1.0;

/// Attempts under way, and since when.
type UnderWay = HashMap<String, Instant>;

/// When the oldest of them has taken too long: from then on its endpoint is slow.
fn slow_from(under_way: &UnderWay) -> Option<Instant> {
    let oldest = under_way.values().min()?;
    Some(*oldest + PATIENCE)
}

struct Lane {
    under_way: UnderWay,
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

    /// How many attempts may start, or when to ask again.
    fn allowance(&mut self, now: Instant) -> (usize, Option<Instant>) {
        self.refill(now);
        let abreast = match slow_from(&self.under_way) {
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

/// The lanes of every endpoint that was sent something lately, and beside them the one lane of what the
/// clock waits for.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: HashMap<String, Lane>,
    /// What the clock waits for: attempts under way to each endpoint.
    awaited: HashMap<String, UnderWay>,
}

impl Lanes {
    /// What may start now, and when to ask again if nothing happens before.
    pub(super) fn wanted(&mut self, now: Instant) -> (Wanted, Option<Instant>) {
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
        let awaited = Allowance {
            more: usize::from(self.may_start_awaited(now)) * AHEAD,
            under_way: self.awaited_under_way(),
        };
        let unknown = Allowance {
            more: 1,
            under_way: 0,
        };
        let wanted = Wanted {
            awaited,
            known,
            unknown,
        };
        (wanted, wake)
    }

    /// Whether an attempt may start that the clock waits for: when every one before it has ended or is
    /// to a slow endpoint.
    pub(super) fn may_start_awaited(&self, now: Instant) -> bool {
        self.awaited_under_way() < ABREAST_AWAITED
            && self.awaited_slow_from().is_none_or(|slow| slow <= now)
    }

    /// When every endpoint that the clock waits for is slow; `None` when it waits for none.
    pub(super) fn awaited_slow_from(&self) -> Option<Instant> {
        self.awaited.values().filter_map(slow_from).max()
    }

    fn awaited_under_way(&self) -> usize {
        self.awaited.values().map(UnderWay::len).sum()
    }

    /// The clock begins to be advanced: it waits for what is under way.
    pub(super) fn await_all(&mut self) {
        for (endpoint, lane) in &self.lanes {
            if !lane.under_way.is_empty() {
                let awaited = self.awaited.entry(endpoint.clone()).or_default();
                awaited.extend(lane.under_way.clone());
            }
        }
    }

    /// Every attempt under way.
    pub(super) fn under_way(&self) -> HashSet<String> {
        let lanes = self.lanes.values();
        lanes
            .flat_map(|lane| lane.under_way.keys())
            .chain(self.awaited.values().flat_map(HashMap::keys))
            .cloned()
            .collect()
    }

    /// An attempt starts that counts against its endpoint's rate.
    pub(super) fn start(&mut self, endpoint: &str, delivery: &str, now: Instant) {
        let lane = self
            .lanes
            .entry(endpoint.to_owned())
            .or_insert_with(|| Lane::new(now));
        lane.under_way.insert(delivery.to_owned(), now);
        lane.tokens -= 1.0;
    }

    /// An attempt starts that the clock waits for: no rate holds it back.
    pub(super) fn start_awaited(&mut self, endpoint: &str, delivery: &str, now: Instant) {
        let under_way = self.awaited.entry(endpoint.to_owned()).or_default();
        under_way.insert(delivery.to_owned(), now);
    }

    /// An attempt has ended.
    pub(super) fn end(&mut self, endpoint: &str, delivery: &str) {
        if let Some(under_way) = self.awaited.get_mut(endpoint) {
            under_way.remove(delivery);
            // Of thousands of endpoints, those under way are few.
            if under_way.is_empty() {
                self.awaited.remove(endpoint);
            }
        }
        if let Some(lane) = self.lanes.get_mut(endpoint) {
            lane.under_way.remove(delivery);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ABREAST, AHEAD, Lanes, PATIENCE};
    use crate::domain::delivery::Wanted;
    use std::time::{Duration, Instant};

    fn more(wanted: &Wanted, endpoint: &str) -> usize {
        let known = wanted.known.get(endpoint);
        known.unwrap_or(&wanted.unknown).more
    }

    #[test]
    fn an_endpoint_that_answers_gets_one_attempt_at_a_time() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.start("a", "1", now);
        let (wanted, wake) = lanes.wanted(now);
        assert_eq!((more(&wanted, "a"), more(&wanted, "b")), (0, 1));
        assert_eq!(wake, Some(now + PATIENCE));
        lanes.end("a", "1");
        assert_eq!(more(&lanes.wanted(now).0, "a"), 1);
    }

    #[test]
    fn a_slow_endpoint_gets_others_beside_the_one_it_keeps_up_to_a_bound() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.start("a", "1", now);
        let later = now + PATIENCE;
        assert_eq!(more(&lanes.wanted(later).0, "a"), ABREAST - 1);
        for number in 2..=ABREAST {
            lanes.start("a", &number.to_string(), later);
        }
        let (wanted, wake) = lanes.wanted(later);
        assert_eq!((more(&wanted, "a"), wake), (0, None));
    }

    #[test]
    fn a_burst_of_a_hundred_then_one_a_second() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        let send = |lanes: &mut Lanes, now: Instant| {
            let (wanted, wake) = lanes.wanted(now);
            let may = more(&wanted, "a") > 0;
            if may {
                lanes.start("a", "x", now);
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
    fn what_the_clock_waits_for_starts_one_by_one_and_waits_for_no_slow_one() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        assert_eq!(lanes.wanted(now).0.awaited.more, AHEAD);
        lanes.start_awaited("a", "1", now);
        assert!(!lanes.may_start_awaited(now));
        let (wanted, _) = lanes.wanted(now);
        assert_eq!((wanted.awaited.more, more(&wanted, "a")), (0, 1));
        let later = now + PATIENCE;
        assert_eq!(lanes.awaited_slow_from(), Some(later));
        assert!(lanes.may_start_awaited(later));
        lanes.start_awaited("b", "2", later);
        assert!(!lanes.may_start_awaited(later));
        lanes.end("b", "2");
        // Another one to the endpoint that is known to be slow.
        lanes.start_awaited("a", "3", later);
        assert!(lanes.may_start_awaited(later));
    }

    #[test]
    fn an_advance_waits_for_what_was_under_way_before_it() {
        let (mut lanes, now) = (Lanes::default(), Instant::now());
        lanes.start("a", "1", now);
        lanes.await_all();
        assert!(!lanes.may_start_awaited(now));
        lanes.end("a", "1");
        assert!(lanes.may_start_awaited(now));
    }
}
