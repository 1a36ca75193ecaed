//! The retry decision: what to retry, when, and how much of it may be done.
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
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

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
        Observation::Status(408, _) => Outcome::Unknown,
        Observation::Status(409, Some(contract::CODE_IDEMPOTENCY_KEY_IN_USE)) => Outcome::Unknown,
        // Only the API's own code proves who refused: a proxy's 4xx may come after it passed the
        // request on.
        Observation::Status(400..=499, Some(_)) => Outcome::Rejected,
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
    let ceiling = base.saturating_mul(1 << doublings).min(MAX_DELAY);
    let mut wait = ceiling / 2 + (ceiling / 2).mul_f64(random[0]);
    if let Some(floor) = retry_after {
        if floor > MAX_RETRY_AFTER {
            return None;
        }
        wait = wait.max(floor + (floor / 10).mul_f64(random[1]));
    }
    (wait < remaining).then_some(wait)
}

/// An origin's allowance of retries, so that many calls do not multiply an outage.
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

    /// Gives back what was taken for a retry that was not made.
    pub(crate) fn give_back(&mut self, cost: u32) {
        let given = u64::from(cost) * 1000;
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
mod tests;
