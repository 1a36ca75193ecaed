//! The retry decision: what to retry, when, and how much of it a client may do.
//!
//! Pure: no clock, no randomness, no I/O of its own; all three are arguments. The loop that acts
//! on it is `transport`'s.

use std::time::Duration;

use http::Method;

use crate::contract;
use crate::error::Outcome;

/// The most attempts of one call, the first included.
pub(crate) const MAX_ATTEMPTS: u32 = 5;
/// The wait before the first retry, before jitter.
pub(crate) const BASE_DELAY: Duration = Duration::from_millis(500);
/// The longest wait before a retry that the server did not ask for.
const MAX_DELAY: Duration = Duration::from_secs(8);
/// The longest wait the server may ask for; beyond it the caller decides.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// What one attempt came to, when it was no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observation<'a> {
    /// The server answered this status and error code.
    Status(u16, Option<&'a str>),
    /// No connection: DNS, refused, unreachable, connect time-out.
    Connect,
    /// The certificate or the protocol version was refused.
    Tls,
    /// The connection broke after it was made: reset, or an answer cut short.
    Interrupted,
    /// No answer in time.
    Timeout,
    /// The request could not be built.
    Unsendable,
    /// The answer is larger than the SDK reads.
    TooLarge,
}

/// What to do about an [`Observation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Try again, for this many tokens of the [`Quota`].
    Retry(u32),
    /// Return the error.
    Stop,
}

/// The price of retrying a fault that may burden a struggling server.
pub(crate) const TRANSIENT_COST: u32 = 14;
/// The price of retrying when the server itself said to come back.
pub(crate) const THROTTLED_COST: u32 = 5;

/// Decides whether an attempt may be repeated.
///
/// A request that reached the server is repeated only if that does no harm: its method is
/// idempotent by contract, or it carries an idempotency key.
pub(crate) fn classify(method: &Method, has_key: bool, observation: Observation<'_>) -> Verdict {
    let repeatable =
        has_key || [Method::GET, Method::HEAD, Method::PATCH, Method::DELETE].contains(method);
    match observation {
        Observation::Connect => Verdict::Retry(TRANSIENT_COST),
        Observation::Status(429, _) => Verdict::Retry(THROTTLED_COST),
        Observation::Status(409, Some(contract::CODE_IDEMPOTENCY_KEY_IN_USE)) => {
            Verdict::Retry(THROTTLED_COST)
        }
        Observation::Status(501 | 505, _) => Verdict::Stop,
        Observation::Status(408 | 500.., _) | Observation::Interrupted | Observation::Timeout
            if repeatable =>
        {
            Verdict::Retry(TRANSIENT_COST)
        }
        _ => Verdict::Stop,
    }
}

/// Tells whether a call may have taken effect, given its last attempt and those before it.
///
/// The table is in the documentation of [`Outcome`].
pub(crate) fn outcome(
    earlier_unknown: bool,
    has_key: bool,
    observation: Observation<'_>,
) -> Outcome {
    let last = match observation {
        Observation::Connect | Observation::Tls | Observation::Unsendable => Outcome::NotSent,
        Observation::Status(408, _) | Observation::Status(409, None) => Outcome::Unknown,
        Observation::Status(409, Some(contract::CODE_IDEMPOTENCY_KEY_IN_USE)) => Outcome::Unknown,
        Observation::Status(400..=499, _) => Outcome::Rejected,
        _ => Outcome::Unknown,
    };
    if !earlier_unknown {
        return last;
    }
    match observation {
        Observation::Status(401 | 403 | 429, _) => Outcome::Unknown,
        Observation::Status(..) if has_key => last,
        _ => Outcome::Unknown,
    }
}

/// Returns how long to wait before a retry, or `None` when the caller should be told instead.
///
/// `retry` counts from 1. The wait is c/2 + random·c/2 with c = min(8 s, base·2ⁿ⁻¹); what the
/// server asks for is a floor, to which up to a tenth is added so that clients told the same do
/// not return together. `None` when the server asks for more than 60 s, or the wait would not end
/// before `remaining` does. The randoms are in 0..=1.
pub(crate) fn delay(
    retry: u32,
    base: Duration,
    retry_after: Option<Duration>,
    remaining: Duration,
    random: [f64; 2],
) -> Option<Duration> {
    let doublings = retry.saturating_sub(1).min(31);
    let ceiling = base.saturating_mul(1 << doublings).min(MAX_DELAY.max(base));
    let mut wait = ceiling / 2 + (ceiling / 2).mul_f64(random[0]);
    if let Some(floor) = retry_after {
        if floor > MAX_RETRY_AFTER {
            return None;
        }
        wait = wait.max(floor + (floor / 10).mul_f64(random[1]));
    }
    (wait < remaining).then_some(wait)
}

/// A client's allowance of retries, so that many calls do not multiply an outage.
///
/// 500 tokens, refilled at 10 a second. A retry costs [`TRANSIENT_COST`] or [`THROTTLED_COST`]; a
/// success after retries gives back what they cost, and one at the first try gives 1. Calls
/// themselves are never refused.
#[derive(Debug)]
pub(crate) struct Quota {
    milli_tokens: u64,
    refilled_at: Duration,
}

impl Quota {
    const CAPACITY_MILLI: u64 = 500 * 1000;
    const REFILL_MILLI_PER_MILLISECOND: u64 = 10;

    /// Returns a full allowance. Times are since any fixed moment.
    pub(crate) fn new(now: Duration) -> Self {
        Self {
            milli_tokens: Self::CAPACITY_MILLI,
            refilled_at: now,
        }
    }

    /// Takes `cost` tokens, or none and returns `false`.
    pub(crate) fn take(&mut self, cost: u32, now: Duration) -> bool {
        self.refill(now);
        match self.milli_tokens.checked_sub(u64::from(cost) * 1000) {
            Some(left) => {
                self.milli_tokens = left;
                true
            }
            None => false,
        }
    }

    /// Gives tokens back after a success whose retries cost `spent`.
    pub(crate) fn succeed(&mut self, spent: u32) {
        let given = u64::from(spent.max(1)) * 1000;
        self.milli_tokens = (self.milli_tokens + given).min(Self::CAPACITY_MILLI);
    }

    fn refill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.refilled_at).as_millis();
        // Only whole milliseconds are spent, so that frequent calls lose none of the refill.
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.refilled_at += Duration::from_millis(elapsed);
        let given = elapsed.saturating_mul(Self::REFILL_MILLI_PER_MILLISECOND);
        self.milli_tokens = self
            .milli_tokens
            .saturating_add(given)
            .min(Self::CAPACITY_MILLI);
    }
}

#[cfg(test)]
mod tests {
    use super::Observation::{Connect, Interrupted, Status, Timeout, Tls, TooLarge, Unsendable};
    use super::*;

    const TRANSIENT: Verdict = Verdict::Retry(14);
    const THROTTLED: Verdict = Verdict::Retry(5);
    const IN_USE: Option<&str> = Some("idempotency_key_in_use");
    const REUSED: Option<&str> = Some("idempotency_key_reused");

    #[test]
    fn every_row_of_the_table_holds() {
        // observation, verdict when repeatable, verdict for a POST without a key
        let table = [
            (Connect, TRANSIENT, TRANSIENT),
            (Interrupted, TRANSIENT, Verdict::Stop),
            (Timeout, TRANSIENT, Verdict::Stop),
            (Tls, Verdict::Stop, Verdict::Stop),
            (Unsendable, Verdict::Stop, Verdict::Stop),
            (TooLarge, Verdict::Stop, Verdict::Stop),
            (Status(301, None), Verdict::Stop, Verdict::Stop),
            (Status(400, None), Verdict::Stop, Verdict::Stop),
            (Status(401, None), Verdict::Stop, Verdict::Stop),
            (Status(404, None), Verdict::Stop, Verdict::Stop),
            (Status(408, None), TRANSIENT, Verdict::Stop),
            (Status(409, None), Verdict::Stop, Verdict::Stop),
            (Status(409, REUSED), Verdict::Stop, Verdict::Stop),
            (Status(409, IN_USE), THROTTLED, THROTTLED),
            (Status(400, IN_USE), Verdict::Stop, Verdict::Stop),
            (Status(429, None), THROTTLED, THROTTLED),
            (Status(500, None), TRANSIENT, Verdict::Stop),
            (Status(501, None), Verdict::Stop, Verdict::Stop),
            (Status(502, None), TRANSIENT, Verdict::Stop),
            (Status(503, None), TRANSIENT, Verdict::Stop),
            (Status(504, None), TRANSIENT, Verdict::Stop),
            (Status(505, None), Verdict::Stop, Verdict::Stop),
            (Status(599, None), TRANSIENT, Verdict::Stop),
        ];
        for (observation, repeatable, bare_post) in table {
            assert_eq!(
                classify(&Method::POST, true, observation),
                repeatable,
                "{observation:?}"
            );
            assert_eq!(
                classify(&Method::POST, false, observation),
                bare_post,
                "{observation:?}"
            );
            for method in [Method::GET, Method::HEAD, Method::PATCH, Method::DELETE] {
                assert_eq!(
                    classify(&method, false, observation),
                    repeatable,
                    "{observation:?}"
                );
            }
            assert_eq!(
                classify(&Method::PUT, false, observation),
                bare_post,
                "{observation:?}"
            );
        }
    }

    #[test]
    fn the_outcome_is_unknown_whenever_the_server_may_have_acted() {
        use Outcome::{NotSent, Rejected, Unknown};
        // observation, alone, after an unknown attempt with a key, and without one
        let table = [
            (Connect, NotSent, Unknown, Unknown),
            (Tls, NotSent, Unknown, Unknown),
            (Unsendable, NotSent, Unknown, Unknown),
            (Interrupted, Unknown, Unknown, Unknown),
            (Timeout, Unknown, Unknown, Unknown),
            (TooLarge, Unknown, Unknown, Unknown),
            (Status(302, None), Unknown, Unknown, Unknown),
            (Status(400, None), Rejected, Rejected, Unknown),
            (Status(401, None), Rejected, Unknown, Unknown),
            (Status(403, None), Rejected, Unknown, Unknown),
            (Status(404, None), Rejected, Rejected, Unknown),
            (Status(408, None), Unknown, Unknown, Unknown),
            (Status(409, None), Unknown, Unknown, Unknown),
            (Status(409, REUSED), Rejected, Rejected, Unknown),
            (Status(409, IN_USE), Unknown, Unknown, Unknown),
            (Status(429, None), Rejected, Unknown, Unknown),
            (Status(500, None), Unknown, Unknown, Unknown),
            (Status(501, None), Unknown, Unknown, Unknown),
        ];
        for (observation, alone, keyed, bare) in table {
            assert_eq!(outcome(false, true, observation), alone, "{observation:?}");
            assert_eq!(outcome(false, false, observation), alone, "{observation:?}");
            assert_eq!(outcome(true, true, observation), keyed, "{observation:?}");
            assert_eq!(outcome(true, false, observation), bare, "{observation:?}");
        }
    }

    const FAR: Duration = Duration::from_secs(90);

    fn seconds(value: f64) -> Option<Duration> {
        Some(Duration::from_secs_f64(value))
    }

    #[test]
    fn waits_double_to_eight_seconds_and_are_half_random() {
        for (retry, low, high) in [
            (1, 0.25, 0.5),
            (2, 0.5, 1.0),
            (3, 1.0, 2.0),
            (4, 2.0, 4.0),
            (5, 4.0, 8.0),
            (60, 4.0, 8.0),
        ] {
            assert_eq!(
                delay(retry, BASE_DELAY, None, FAR, [0.0; 2]),
                seconds(low),
                "{retry}"
            );
            assert_eq!(
                delay(retry, BASE_DELAY, None, FAR, [1.0; 2]),
                seconds(high),
                "{retry}"
            );
        }
    }

    #[test]
    fn retry_after_is_a_floor_with_a_tenth_on_top() {
        let wait = |after: f64, random| delay(1, BASE_DELAY, seconds(after), FAR, [random; 2]);
        assert_eq!(wait(10.0, 0.0), seconds(10.0));
        assert_eq!(wait(10.0, 1.0), seconds(11.0));
        assert_eq!(
            wait(0.0, 1.0),
            seconds(0.5),
            "never shorter than without it"
        );
        assert_eq!(wait(60.0, 0.0), seconds(60.0));
        assert_eq!(wait(60.001, 0.0), None);
    }

    #[test]
    fn a_wait_past_the_deadline_is_not_begun() {
        let remaining = Duration::from_secs(1);
        assert_eq!(
            delay(1, BASE_DELAY, seconds(2.0), remaining, [0.0; 2]),
            None
        );
        assert_eq!(delay(3, BASE_DELAY, None, remaining, [0.0; 2]), None);
        assert_eq!(
            delay(1, BASE_DELAY, None, remaining, [0.0; 2]),
            seconds(0.25)
        );
    }

    #[test]
    fn a_quota_lasts_for_35_transient_retries_and_refills_ten_a_second() {
        let mut quota = Quota::new(Duration::ZERO);
        let taken = (0..100)
            .filter(|_| quota.take(TRANSIENT_COST, Duration::ZERO))
            .count();
        assert_eq!(taken, 35);
        assert!(
            !quota.take(TRANSIENT_COST, Duration::from_millis(300)),
            "10 left, 3 more"
        );
        assert!(quota.take(TRANSIENT_COST, Duration::from_millis(400)));
        assert!(quota.take(5, Duration::from_millis(900)));
    }

    #[test]
    fn successes_give_back_and_never_overfill() {
        let mut quota = Quota::new(Duration::ZERO);
        while quota.take(TRANSIENT_COST, Duration::ZERO) {}
        (0..4).for_each(|_| quota.succeed(0));
        assert!(
            quota.take(TRANSIENT_COST, Duration::ZERO),
            "10 + 4 first-try successes"
        );
        quota.succeed(28);
        assert!(quota.take(28, Duration::ZERO));
        (0..1000).for_each(|_| quota.succeed(100));
        assert!(quota.take(500, Duration::ZERO));
        assert!(!quota.take(1, Duration::ZERO));
    }
}
