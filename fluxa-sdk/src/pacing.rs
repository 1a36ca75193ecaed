//! Pacing: waiting for the rate limit before a request is sent, instead of for its 429 after.
//!
//! Owns the line that requests wait in: first come, first served; a retry goes before what was not
//! sent yet. How many may go is `bucket`'s. Knows nothing of calls.
//!
//! What is promised: as long as this process alone uses the key, the server never refuses for the
//! rate limit. All clients of the process with one key and origin share one line, so their number
//! does not matter. Several processes cannot know of each other but by their answers: each finds
//! its part of the rate, 429s are few once the first answers are there, and a refused request goes
//! back to the front of the line. A call fails for it only when its last attempt is refused too:
//! `bucket`'s simulation sees none among up to 8 processes, but it is no promise.

mod bucket;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use ring::digest::{Context, SHA256};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::bucket::pause;
use self::bucket::{Bucket, Ending, Next, Ticket};
use crate::headers::RateLimit;
use crate::secret::ApiKey;

/// The pacers of all keys. One lives as long as a client with its key does.
static REGISTRY: Mutex<BTreeMap<Fingerprint, Weak<Pacer>>> = Mutex::new(BTreeMap::new());

/// A SHA-256 of origin and key: the key itself stays where its memory is wiped.
type Fingerprint = [u8; 32];

/// The line before one rate limit.
pub(crate) struct Pacer {
    state: Mutex<State>,
    created_at: Instant,
}

struct State {
    bucket: Bucket,
    /// Who waits, in order: retries first, then by time of arrival.
    line: BTreeMap<(Rank, u64), Arc<Notify>>,
    arrivals: u64,
}

/// Whether a request was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// It was: it has waited before.
    Retry,
    /// It was not.
    First,
}

/// Leave to send one request. Dropped without a word, it counts as sent and not answered.
#[must_use = "a permit that is dropped counts as used"]
pub(crate) struct Permit {
    pacer: Arc<Pacer>,
    ticket: Option<Ticket>,
}

impl Pacer {
    /// Returns the pacer of the clients with this key to this origin.
    pub(crate) fn of(origin: &str, key: &ApiKey) -> Arc<Self> {
        let fingerprint = fingerprint(origin, key);
        let mut registry = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = registry.get(&fingerprint).and_then(Weak::upgrade) {
            return shared;
        }
        registry.retain(|_, known| known.strong_count() > 0);
        let new = Arc::new(Self::own());
        registry.insert(fingerprint, Arc::downgrade(&new));
        new
    }

    /// Returns a pacer that nobody else has.
    pub(crate) fn own() -> Self {
        Self {
            state: Mutex::new(State {
                bucket: Bucket::new(),
                line: BTreeMap::new(),
                arrivals: 0,
            }),
            created_at: Instant::now(),
        }
    }

    /// Waits for leave to send one request. Dropping the future gives the place in line back.
    pub(crate) async fn acquire(self: &Arc<Self>, rank: Rank) -> Permit {
        let place = Place::take(self, rank);
        loop {
            match place.ask() {
                Some(Next::Send(ticket)) => {
                    return Permit {
                        pacer: Arc::clone(self),
                        ticket: Some(ticket),
                    };
                }
                // Woken earlier when an answer changes what is known.
                Some(Next::At(at)) => {
                    let until = self.created_at + at;
                    let _ = timeout_at(until, place.turn.notified()).await;
                }
                Some(Next::WhenAnswered) | None => place.turn.notified().await,
            }
        }
    }

    fn end(&self, ticket: Ticket, ending: Ending) {
        let now = self.now();
        let mut state = self.state();
        state.bucket.end(ticket, ending, now);
        state.wake_first();
    }

    fn now(&self) -> Duration {
        self.created_at.elapsed()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fingerprint(origin: &str, key: &ApiKey) -> Fingerprint {
    let mut context = Context::new(&SHA256);
    context.update(origin.as_bytes());
    // An origin has no NUL, so no two pairs run together.
    context.update(b"\0");
    context.update(key.expose().as_bytes());
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(context.finish().as_ref());
    fingerprint
}

impl State {
    fn wake_first(&self) {
        if let Some(turn) = self.line.values().next() {
            turn.notify_one();
        }
    }
}

impl Permit {
    /// The request never left.
    pub(crate) fn not_sent(mut self) {
        self.end(Ending::NotSent);
    }

    /// The request was answered.
    pub(crate) fn answered(mut self, rate_limit: Option<RateLimit>) {
        self.end(Ending::Answered(rate_limit));
    }

    /// The request was refused by the rate limit.
    pub(crate) fn throttled(
        mut self,
        retry_after: Option<Duration>,
        rate_limit: Option<RateLimit>,
    ) {
        self.end(Ending::Throttled(retry_after, rate_limit));
    }

    fn end(&mut self, ending: Ending) {
        if let Some(ticket) = self.ticket.take() {
            self.pacer.end(ticket, ending);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.end(Ending::NoAnswer);
    }
}

/// A place in line, given back when dropped.
struct Place<'a> {
    pacer: &'a Pacer,
    key: (Rank, u64),
    turn: Arc<Notify>,
}

impl<'a> Place<'a> {
    fn take(pacer: &'a Pacer, rank: Rank) -> Self {
        let turn = Arc::new(Notify::new());
        let mut state = pacer.state();
        state.arrivals += 1;
        let key = (rank, state.arrivals);
        state.line.insert(key, Arc::clone(&turn));
        Self { pacer, key, turn }
    }

    /// Asks the bucket when this is the first in line; `None` when it is not.
    fn ask(&self) -> Option<Next> {
        let now = self.pacer.now();
        let mut state = self.pacer.state();
        let (first, _) = state.line.first_key_value()?;
        (*first == self.key).then(|| state.bucket.take(now))
    }
}

impl Drop for Place<'_> {
    /// Leaves the line, and lets the next come forward.
    fn drop(&mut self) {
        let mut state = self.pacer.state();
        state.line.remove(&self.key);
        state.wake_first();
    }
}

#[cfg(test)]
mod tests;
