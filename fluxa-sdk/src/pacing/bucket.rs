//! What is known of the server's bucket of tokens, so that a request is sent only when one is left.
//!
//! Pure: the time is an argument, counted from any fixed moment. Who waits, and how, is
//! `pacing`'s.
//!
//! The server takes a token when a request *arrives*, which is between its sending and its answer.
//! A full bucket gains nothing, so a token counted as taken too early would let in a refill that
//! never was, and a burst after a pause would end in a 429. Hence the model takes a token when the
//! *answer* is there, and holds one back for each request under way: whatever the network does in
//! between, the server has at least as many. The moment of reset is not used: it is told in whole
//! seconds, and follows from the limit and what remains.
//!
//! That holds for one process. When a 429 comes nevertheless, others spend from the bucket too, and
//! what they do between two answers cannot be known. From then on this side *shares*: it sends at a
//! part of the rate without saving up for a burst, halves that part at every further sign of
//! crowding, and wins it back slowly (as TCP does, so that several come to equal parts). A 429 is
//! the late sign; a server's bucket that runs low is the early one, and spares most of the 429s.
//! With the whole rate won back the second paragraph holds again. So that the first burst of
//! several need not be refused, a burst leaves over some moments in which its answers tell.

use std::time::Duration;

use crate::headers::RateLimit;
use crate::retry;

/// How long nothing is sent after a 429 that does not say.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that a 429 can ask for here; a longer one is the caller's error to see.
const MAX_PAUSE: Duration = retry::MAX_RETRY_AFTER;
/// What a sign of crowding leaves of the part of the rate, once in a round of answers.
const CUT: f64 = 0.5;
/// How long a cut has time to show before a bucket still low leads to the next, and for how long
/// after such a sign nothing is won back.
const SETTLE: Duration = Duration::from_millis(500);
/// The part of the whole rate that is won back in a second without a sign of crowding.
const RECOVERY_PER_SECOND: f64 = 0.1;
/// The least part of the rate.
const MIN_FACTOR: f64 = 0.01;
/// How many seconds' worth of the own part may be saved up while sharing.
const SHARED_BURST_SECONDS: f64 = 0.1;
/// A burst leaves at this many times the rate, so that its first answers can tell of others
/// before the rest is sent,
const BURST_SPEED: f64 = 10.0;
/// except for so many, which go at once.
const AT_ONCE: u32 = 16;
/// The part of a second's tokens that is never taken: a process that takes every token the moment
/// it is there would starve one that comes later, and never hear of it.
const LEFT_TO_OTHERS: f64 = 0.02;
/// Far below a token, far above the rounding of its sums.
const EPSILON: f64 = 1e-6;

/// Returns how long nothing is sent after a 429, or `None` when the caller should be told instead.
pub(crate) fn pause(retry_after: Option<Duration>) -> Option<Duration> {
    let pause = retry_after.unwrap_or(DEFAULT_PAUSE);
    (pause <= MAX_PAUSE).then_some(pause)
}

/// What the bucket says to the next in line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Send; hand the ticket back with what came of it.
    Send(Ticket),
    /// Ask again at this time.
    At(Duration),
    /// Ask again when a request under way has ended.
    WhenAnswered,
}

/// A request under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ticket {
    sent_at: Duration,
    answers_before: u64,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    /// It never left.
    NotSent,
    /// It left, and no answer came; or nobody waited for it.
    NoAnswer,
    /// It was answered, with the state of the bucket when the server says it.
    Answered(Option<RateLimit>),
    /// It was refused for want of a token: how long to wait, and the state of the bucket.
    Throttled(Option<Duration>, Option<RateLimit>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Knowledge {
    /// No answer yet: one request at a time.
    Nothing,
    /// The server tells no limit.
    NoLimit,
    /// Tokens a second, and the most there can be.
    Limit { rate: f64, capacity: f64 },
}

/// The model of the server's bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    knowledge: Knowledge,
    /// Tokens, those of requests under way included.
    tokens: f64,
    filled_at: Duration,
    under_way: u32,
    answers: u64,
    paused_until: Duration,
    cut_at: Option<Duration>,
    /// Nothing is won back before.
    held_until: Duration,
    /// When all that was sent would have left without [`AT_ONCE`].
    spread_until: Duration,
    /// The part of the rate that is used; less than 1 while others use the key too.
    factor: f64,
}

impl Bucket {
    pub(super) fn new() -> Self {
        Self {
            knowledge: Knowledge::Nothing,
            tokens: 0.0,
            filled_at: Duration::ZERO,
            under_way: 0,
            answers: 0,
            paused_until: Duration::ZERO,
            cut_at: None,
            held_until: Duration::ZERO,
            spread_until: Duration::ZERO,
            factor: 1.0,
        }
    }

    /// Takes a place, or says when to ask again.
    pub(super) fn take(&mut self, now: Duration) -> Next {
        if now < self.paused_until {
            return Next::At(self.paused_until);
        }
        match self.knowledge {
            Knowledge::Nothing if self.under_way > 0 => return Next::WhenAnswered,
            Knowledge::Nothing | Knowledge::NoLimit => {}
            Knowledge::Limit { rate, capacity } => {
                self.refill(now);
                let left = match self.shares() {
                    true => 0.0,
                    false => (rate.min(capacity) * LEFT_TO_OTHERS).floor(),
                };
                let needed = f64::from(self.under_way) + 1.0 + left;
                if needed > capacity {
                    return Next::WhenAnswered;
                }
                let spread = self.spread_until.saturating_sub(slack(rate));
                if now < spread {
                    return Next::At(spread);
                }
                let missing = needed - self.tokens;
                if missing > EPSILON {
                    let seconds = missing / (rate * self.factor);
                    let wait = Duration::try_from_secs_f64(seconds).unwrap_or(MAX_PAUSE);
                    return Next::At(now.saturating_add(wait.min(MAX_PAUSE)));
                }
            }
        }
        if let Knowledge::Limit { rate, .. } = self.knowledge {
            self.spread_until = self.spread_until.max(now).saturating_add(interval(rate));
        }
        self.under_way += 1;
        Next::Send(Ticket {
            sent_at: now,
            answers_before: self.answers,
        })
    }

    /// Takes note of what came of a request.
    pub(super) fn end(&mut self, ticket: Ticket, ending: Ending, now: Duration) {
        self.refill(now);
        self.under_way = self.under_way.saturating_sub(1);
        match ending {
            Ending::NotSent => {}
            Ending::NoAnswer => self.spend(),
            Ending::Answered(None) => {
                self.spend();
                if self.knowledge == Knowledge::Nothing {
                    self.knowledge = Knowledge::NoLimit;
                }
            }
            Ending::Answered(Some(said)) => {
                self.spend();
                self.learn(said, ticket, now);
            }
            Ending::Throttled(retry_after, said) => {
                if let (Some(said), false) = (said, self.knows_limit()) {
                    self.learn(said, ticket, now);
                }
                self.slow_down(retry_after, ticket, now);
            }
        }
    }

    fn spend(&mut self) {
        self.answers += 1;
        self.tokens -= 1.0;
    }

    /// Whether an answer has told of the limit, or that there is none.
    pub(super) fn has_learned(&self) -> bool {
        self.knowledge != Knowledge::Nothing
    }

    fn knows_limit(&self) -> bool {
        matches!(self.knowledge, Knowledge::Limit { .. })
    }

    fn shares(&self) -> bool {
        self.factor < 1.0
    }

    /// Corrects the model by an answer.
    fn learn(&mut self, said: RateLimit, ticket: Ticket, now: Duration) {
        if said.limit == 0 {
            return;
        }
        let rate = said.limit as f64;
        let remaining = said.remaining as f64;
        let capacity = remaining + 1.0;
        let Knowledge::Limit {
            capacity: known, ..
        } = self.knowledge
        else {
            self.knowledge = Knowledge::Limit { rate, capacity };
            (self.tokens, self.filled_at) = (remaining, now);
            return;
        };
        let capacity = capacity.max(known);
        self.knowledge = Knowledge::Limit { rate, capacity };
        // The server had `remaining` at some moment of the round trip. Since then it has lost at
        // most those of ours answered meanwhile, and gained at most the refill; those still under
        // way may be in its count already, or not.
        let round_trip = now.saturating_sub(ticket.sent_at);
        let most = remaining + rate * round_trip.as_secs_f64() + f64::from(self.under_way);
        if !self.shares() {
            // This answer is among `answers` already.
            let since = self.answers.saturating_sub(ticket.answers_before + 1);
            self.tokens = self.tokens.max(remaining - since as f64);
        } else if remaining < (capacity / 4.0).min(rate / 2.0) {
            if self
                .cut_at
                .is_none_or(|at| at.saturating_add(SETTLE) <= now)
            {
                self.cut(ticket, now);
            }
            self.held_until = now.saturating_add(SETTLE);
        }
        self.tokens = self.tokens.min(most).min(capacity);
    }

    /// A 429 nevertheless: others use the key too, so the model is too high.
    fn slow_down(&mut self, retry_after: Option<Duration>, ticket: Ticket, now: Duration) {
        let pause = pause(retry_after).unwrap_or(MAX_PAUSE);
        self.paused_until = self.paused_until.max(now.saturating_add(pause));
        self.tokens = self.tokens.min(f64::from(self.under_way));
        self.cut(ticket, now);
        self.held_until = self.held_until.max(self.paused_until);
    }

    /// Cuts the part of the rate, unless this is news of the time before the last cut.
    fn cut(&mut self, ticket: Ticket, now: Duration) {
        if self.cut_at.is_none_or(|at| ticket.sent_at > at) {
            self.factor = (self.factor * CUT).max(MIN_FACTOR);
            self.cut_at = Some(now);
        }
    }

    fn refill(&mut self, now: Duration) {
        let seconds = now.saturating_sub(self.filled_at).as_secs_f64();
        let calm = now.saturating_sub(self.filled_at.max(self.held_until));
        self.filled_at = self.filled_at.max(now);
        if let Knowledge::Limit { rate, capacity } = self.knowledge {
            let rate = rate * self.factor;
            let most = match self.shares() {
                true => f64::from(self.under_way) + (rate * SHARED_BURST_SECONDS).max(1.0),
                false => capacity,
            };
            self.tokens = (self.tokens + rate * seconds).min(most).min(capacity);
        }
        let won_back = RECOVERY_PER_SECOND * calm.as_secs_f64();
        self.factor = (self.factor + won_back).min(1.0);
    }
}

/// The time between two requests of a burst.
fn interval(rate: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / (rate * BURST_SPEED)).unwrap_or_default()
}

fn slack(rate: f64) -> Duration {
    interval(rate) * (AT_ONCE - 1)
}

#[cfg(test)]
mod tests;
