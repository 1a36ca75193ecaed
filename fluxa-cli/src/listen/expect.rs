//! Owns what a session waits for: events counted by type, held against what was asked.
//!
//! An event counts once it is handled: delivered, or given up. Knows nothing of how it was sent.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::filter::{self, Filter};
use super::targets::Targets;
use crate::error::{CliError, Result};
use crate::suggest;

/// The most types that are counted one by one: a server that makes up new ones fills no memory.
const TYPES_COUNTED: usize = 256;

/// So many events of a type, or of the types a pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expectation {
    pattern: String,
    /// Whether more are as good.
    or_more: bool,
    wanted: u64,
}

impl FromStr for Expectation {
    type Err = String;

    /// Reads `TYPE=N` (exactly), `TYPE>=N`, or `TYPE`, which is `TYPE>=1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (pattern, or_more, wanted) = match text.rsplit_once('=') {
            None => (text, true, "1"),
            Some((pattern, wanted)) => match pattern.strip_suffix('>') {
                Some(pattern) => (pattern, true, wanted),
                None => (pattern, false, wanted),
            },
        };
        let wanted = wanted
            .trim()
            .parse()
            .map_err(|_| "not TYPE=N or TYPE>=N, such as payment.settled=2".to_owned())?;
        let pattern = known_pattern(pattern)?;
        Ok(Self {
            pattern,
            or_more,
            wanted,
        })
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comparison = if self.or_more { ">=" } else { "=" };
        write!(formatter, "{}{comparison}{}", self.pattern, self.wanted)
    }
}

/// Reads a type or a pattern that matches one: what matches none would be waited for in vain.
pub(crate) fn known_pattern(text: &str) -> Result<String, String> {
    let pattern = text.trim();
    let known = suggest::event_types();
    if known.iter().any(|event| filter::matches(pattern, event)) {
        return Ok(pattern.to_owned());
    }
    Err(match suggest::closest_pattern(pattern) {
        Some(closest) => format!("no event type matches `{pattern}`; did you mean `{closest}`?"),
        None => format!("no event type matches `{pattern}`"),
    })
}

/// What came of one expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Expected {
    /// As it was asked for: `payment.settled=2`.
    pub(crate) expectation: String,
    pub(crate) wanted: u64,
    /// How many arrived.
    pub(crate) came: u64,
    pub(crate) handled: u64,
    pub(crate) met: bool,
}

impl Expected {
    /// Returns how many came, and whether that is another number than how many counted.
    pub(crate) fn in_words(&self) -> String {
        match self.came.saturating_sub(self.handled) {
            0 => format!("{} came", self.came),
            undelivered => format!("{} came, {undelivered} not delivered", self.came),
        }
    }
}

/// An expectation, and what has come of it so far.
#[derive(Debug)]
struct Counted {
    expectation: Expectation,
    came: u64,
    handled: u64,
}

/// What the session waits for, and what has come of it.
#[derive(Debug, Default)]
pub(crate) struct Goal {
    expectations: Vec<Counted>,
    until: Option<String>,
    /// Whether the session is over once the expectations are met.
    ends_when_met: bool,
    until_came: bool,
    by_type: BTreeMap<String, u64>,
}

impl Goal {
    /// `ends_when_met`: nothing else was named that ends the session.
    pub(crate) fn new(
        expectations: Vec<Expectation>,
        until: Option<String>,
        ends_when_met: bool,
    ) -> Self {
        let counted = |expectation| Counted {
            expectation,
            came: 0,
            handled: 0,
        };
        Self {
            expectations: expectations.into_iter().map(counted).collect(),
            ends_when_met: ends_when_met && until.is_none(),
            until,
            ..Self::default()
        }
    }

    /// Refuses what cannot come: what the filter lets nothing of through, or what goes to no target.
    pub(crate) fn check(&self, filter: &Filter, targets: &Targets) -> Result<()> {
        let waited_for = self
            .expectations
            .iter()
            .filter(|one| one.expectation.wanted > 0)
            .map(|one| &one.expectation.pattern);
        for pattern in waited_for.chain(&self.until) {
            let types = suggest::event_types().iter();
            let mut wanted = types
                .filter(|event| filter::matches(pattern, event) && filter.wants(event))
                .peekable();
            if wanted.peek().is_none() {
                let message = format!("`{pattern}` is waited for and filtered out");
                return Err(CliError::usage(message).hint("name it in --events too"));
            }
            if !wanted.any(|event| targets.take(event)) {
                let message = format!("`{pattern}` is waited for and goes to no target");
                return Err(CliError::usage(message)
                    .hint("a --route takes its types alone; --forward-to takes the rest"));
            }
        }
        Ok(())
    }

    /// Counts an event that is still to be handled.
    pub(crate) fn arrived(&mut self, event_type: &str) {
        for one in &mut self.expectations {
            one.came += u64::from(filter::matches(&one.expectation.pattern, event_type));
        }
    }

    /// Counts an event that is handled.
    pub(crate) fn handled(&mut self, event_type: &str) {
        for one in &mut self.expectations {
            one.handled += u64::from(filter::matches(&one.expectation.pattern, event_type));
        }
        self.until_came |= self
            .until
            .as_ref()
            .is_some_and(|until| filter::matches(until, event_type));
        if let Some(count) = self.by_type.get_mut(event_type) {
            *count += 1;
        } else if self.by_type.len() < TYPES_COUNTED {
            self.by_type.insert(event_type.to_owned(), 1);
        }
    }

    /// Returns whether the session is over: `--until` has come, or the expectations are met, or one
    /// of them cannot be met any more.
    pub(crate) fn is_reached(&self) -> bool {
        if self.until_came {
            return true;
        }
        // What is met by nothing at all, such as `payment.failed=0`, ends nothing by itself.
        let waits = self
            .expectations
            .iter()
            .any(|one| one.expectation.wanted > 0);
        let met = self.expectations.iter().all(Counted::is_met);
        self.ends_when_met && (self.is_broken() || (waits && met))
    }

    /// Returns whether an expectation cannot be met any more.
    fn is_broken(&self) -> bool {
        let broken =
            |one: &Counted| !one.expectation.or_more && one.handled > one.expectation.wanted;
        self.expectations.iter().any(broken)
    }

    /// Returns whether an expectation is not met, and all of them can be.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.is_broken() && !self.expectations.iter().all(Counted::is_met)
    }

    /// Returns what is not met, in words.
    pub(crate) fn missing(&self) -> Vec<String> {
        missing(&self.results())
    }

    pub(crate) fn results(&self) -> Vec<Expected> {
        self.expectations
            .iter()
            .map(|one| Expected {
                expectation: one.expectation.to_string(),
                wanted: one.expectation.wanted,
                came: one.came,
                handled: one.handled,
                met: one.is_met(),
            })
            .collect()
    }

    pub(crate) fn by_type(&self) -> BTreeMap<String, u64> {
        self.by_type.clone()
    }
}

impl Counted {
    fn is_met(&self) -> bool {
        match self.expectation.or_more {
            true => self.handled >= self.expectation.wanted,
            false => self.handled == self.expectation.wanted,
        }
    }
}

/// Returns what of this is not met, in words: `payment.settled=2 (1 came)`.
pub(crate) fn missing(expectations: &[Expected]) -> Vec<String> {
    let unmet = expectations.iter().filter(|expected| !expected.met);
    let told = |one: &Expected| format!("{} ({})", one.expectation, one.in_words());
    unmet.map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::super::forwarder::Manner;
    use super::*;

    fn goal(expectations: &[&str], until: Option<&str>) -> Goal {
        let read = |text: &&str| text.parse().unwrap();
        let expectations = expectations.iter().map(read).collect();
        Goal::new(expectations, until.map(str::to_owned), true)
    }

    #[test]
    fn an_expectation_is_a_type_and_a_number() {
        for (typed, shown) in [
            ("payment.settled=2", "payment.settled=2"),
            ("payment.*>=3", "payment.*>=3"),
            ("refund.created", "refund.created>=1"),
            (" payment.failed = 0", "payment.failed=0"),
        ] {
            let read: Expectation = typed.parse().unwrap();
            assert_eq!(read.to_string(), shown, "{typed}");
        }
        for wrong in [
            "",
            "payment.settled=",
            "payment.settled=two",
            "=1",
            "payment.settled<=1",
        ] {
            assert!(wrong.parse::<Expectation>().is_err(), "{wrong}");
        }
        let error = "payment.setled=1".parse::<Expectation>().unwrap_err();
        assert!(error.contains("did you mean `payment.settled`?"), "{error}");
    }

    #[test]
    fn exactly_is_failed_by_too_many_and_at_least_is_not() {
        for (expectation, handled, met) in [
            ("payment.settled=2", 1, false),
            ("payment.settled=2", 2, true),
            ("payment.settled=2", 3, false),
            ("payment.settled>=2", 3, true),
            ("payment.settled", 0, false),
            ("payment.failed=0", 0, true),
        ] {
            let mut goal = goal(&[expectation], None);
            let event_type = expectation.split(['=', '>']).next().unwrap();
            (0..handled).for_each(|_| goal.handled(event_type));
            assert_eq!(goal.results()[0].met, met, "{expectation} {handled}");
            assert_eq!(goal.results()[0].handled, handled);
        }
    }

    #[test]
    fn a_session_ends_when_all_is_met_or_something_cannot_be_any_more() {
        let mut both = goal(
            &["payment.settled=1", "refund.*>=1", "payment.failed=0"],
            None,
        );
        assert!(!both.is_reached());
        both.handled("payment.settled");
        assert!(!both.is_reached());
        both.handled("refund.created");
        assert!(both.is_reached());
        let mut broken = goal(&["payment.settled=1", "payment.failed=0"], None);
        broken.handled("payment.failed");
        assert!(broken.is_reached());
        // Nothing is waited for: it goes on until something else ends it.
        assert!(!goal(&["payment.failed=0"], None).is_reached());
        assert!(!goal(&[], None).is_reached());
    }

    #[test]
    fn until_ends_it_whatever_else_is_met() {
        let mut goal = goal(&["payment.settled=1"], Some("refund.*"));
        goal.handled("payment.settled");
        assert!(!goal.is_reached());
        goal.handled("refund.created");
        assert!(goal.is_reached());
    }

    #[test]
    fn what_is_filtered_out_is_not_waited_for() {
        let payments = Filter::parse(&["payment.*".into()]).unwrap();
        let nowhere = Targets::parse(&[], &[], &Manner::default()).unwrap();
        let check = |goal: Goal| goal.check(&payments, &nowhere);
        assert!(check(goal(&["payment.settled=1"], None)).is_ok());
        assert!(check(goal(&["*.created=1"], None)).is_err());
        assert!(check(goal(&["refund.created=0"], None)).is_ok());
        assert!(check(goal(&[], Some("refund.created"))).is_err());
    }

    #[test]
    fn what_goes_to_no_target_is_not_waited_for() {
        let routes = ["refund.*=1003".to_owned()];
        let routed = Targets::parse(&[], &routes, &Manner::default()).unwrap();
        let check = |goal: Goal| goal.check(&Filter::default(), &routed);
        assert!(check(goal(&["refund.created=1"], None)).is_ok());
        assert!(check(goal(&["*.created=1"], None)).is_ok());
        assert!(check(goal(&["payment.settled=0"], None)).is_ok());
        let error = check(goal(&["payment.settled=1"], None)).unwrap_err();
        assert!(
            error.message.contains("goes to no target"),
            "{}",
            error.message
        );
    }

    #[test]
    fn what_arrived_and_was_not_delivered_is_told_apart_from_what_never_came() {
        let mut goal = goal(&["payment.settled=2", "refund.created=1"], None);
        goal.arrived("payment.settled");
        goal.arrived("payment.settled");
        goal.handled("payment.settled");
        assert_eq!(
            goal.missing(),
            [
                "payment.settled=2 (2 came, 1 not delivered)",
                "refund.created=1 (0 came)"
            ]
        );
    }

    #[test]
    fn it_is_worth_waiting_until_all_is_met_or_something_cannot_be() {
        let mut both = goal(&["payment.settled=1", "refund.created>=2"], None);
        assert!(both.is_waiting());
        both.handled("refund.created");
        both.handled("payment.settled");
        assert!(both.is_waiting());
        both.handled("refund.created");
        assert!(!both.is_waiting());
        let mut broken = goal(&["payment.failed=0", "payment.settled=1"], None);
        broken.handled("payment.failed");
        assert!(!broken.is_waiting());
        assert!(!goal(&["payment.failed=0"], None).is_waiting());
        assert!(!goal(&[], None).is_waiting());
    }

    #[test]
    fn made_up_types_fill_no_memory() {
        let mut goal = goal(&["payment.settled=1"], None);
        for number in 0..10 * TYPES_COUNTED {
            goal.handled(&format!("type.{number}"));
        }
        goal.handled("payment.settled");
        assert_eq!(goal.by_type().len(), TYPES_COUNTED);
        assert!(goal.results()[0].met);
    }
}
