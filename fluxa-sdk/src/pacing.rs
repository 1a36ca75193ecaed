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
    line: BTreeMap<Key, Arc<Slot>>,
    /// Who was given leave and has not come for it.
    given: BTreeMap<Key, Given>,
    arrivals: u64,
    /// When the first answer told what there is to wait for.
    learned_at: Option<Instant>,
}

/// Where in line: its rank, and its number.
type Key = (Rank, u64);

/// A call that waits.
struct Slot {
    turn: Notify,
    key: Mutex<Key>,
}

struct Given {
    ticket: Ticket,
    at: Duration,
    slot: Arc<Slot>,
}

/// How long leave waits to be come for, and how long a call waits before it looks after the others.
///
/// A future is run only while somebody awaits it: in the body of a loop over `buffer_unordered`, the
/// calls of that stream stand still. Were they first in line, a call in the body would wait for
/// ever. So leave is given by whoever runs, and taken back from who does not.
const STANDSTILL: Duration = Duration::from_secs(2);

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
                given: BTreeMap::new(),
                arrivals: 0,
                learned_at: None,
            }),
            created_at: Instant::now(),
        }
    }

    /// Waits for leave to send one request. Dropping the future gives the place in line back.
    pub(crate) async fn acquire(self: &Arc<Self>, rank: Rank) -> Permit {
        let place = Place::take(self, rank);
        loop {
            match place.ask() {
                Ok(ticket) => {
                    return Permit {
                        pacer: Arc::clone(self),
                        ticket: Some(ticket),
                    };
                }
                // Woken earlier when leave is given, or an answer changes what is known.
                Err(at) => {
                    let until = self.created_at + at;
                    let _ = timeout_at(until, place.slot.turn.notified()).await;
                }
            }
        }
    }

    /// Returns since when it is known what calls wait for; until the first answer it is not, and
    /// waiting is for a server that may be down.
    pub(crate) fn learned_at(&self) -> Option<Instant> {
        self.state().learned_at
    }

    fn end(&self, ticket: Ticket, ending: Ending) {
        let now = self.now();
        let mut state = self.state();
        let throttled = matches!(ending, Ending::Throttled(..));
        state.bucket.end(ticket, ending, now);
        if state.learned_at.is_none() && (throttled || state.bucket.has_learned()) {
            state.learned_at = Some(self.created_at + now);
        }
        state.hand_out(now);
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
    fn join(&mut self, rank: Rank) -> Key {
        self.arrivals += 1;
        (rank, self.arrivals)
    }

    /// Gives leave to those who are first, as far as the bucket allows. Returns when there will be
    /// more, if time alone brings it.
    fn hand_out(&mut self, now: Duration) -> Option<Duration> {
        self.take_back(now);
        let mut some = false;
        while let Some(first) = self.line.first_entry() {
            let ticket = match self.bucket.take(now) {
                Next::Send(ticket) => ticket,
                wait => {
                    if some {
                        self.wake_first();
                    }
                    return match wait {
                        Next::At(at) => Some(at),
                        _ => None,
                    };
                }
            };
            some = true;
            let (key, slot) = first.remove_entry();
            slot.turn.notify_one();
            let at = now;
            self.given.insert(key, Given { ticket, at, slot });
        }
        None
    }

    /// Takes leave from those who did not come for it, and sends them to the end of the line.
    fn take_back(&mut self, now: Duration) {
        let late: Vec<Key> = self
            .given
            .iter()
            .filter(|(_, given)| given.at.saturating_add(STANDSTILL) <= now)
            .map(|(key, _)| *key)
            .collect();
        for key in late {
            if let Some(given) = self.given.remove(&key) {
                self.bucket.end(given.ticket, Ending::NotSent, now);
                let key = self.join(Rank::First);
                given.slot.set_key(key);
                self.line.insert(key, given.slot);
            }
        }
    }

    fn wake_first(&self) {
        if let Some(slot) = self.line.values().next() {
            slot.turn.notify_one();
        }
    }
}

impl Slot {
    fn key(&self) -> Key {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_key(&self, key: Key) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = key;
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
    slot: Arc<Slot>,
}

impl<'a> Place<'a> {
    fn take(pacer: &'a Pacer, rank: Rank) -> Self {
        let mut state = pacer.state();
        let key = state.join(rank);
        let slot = Arc::new(Slot {
            turn: Notify::new(),
            key: Mutex::new(key),
        });
        state.line.insert(key, Arc::clone(&slot));
        Self { pacer, slot }
    }

    /// Takes the leave that was given here, or returns when to ask again.
    fn ask(&self) -> Result<Ticket, Duration> {
        let now = self.pacer.now();
        let mut state = self.pacer.state();
        let more_at = state.hand_out(now);
        let key = self.slot.key();
        if let Some(given) = state.given.remove(&key) {
            return Ok(given.ticket);
        }
        let is_first = state
            .line
            .first_key_value()
            .is_some_and(|(first, _)| *first == key);
        Err(match more_at {
            Some(at) if is_first => at,
            _ => now.saturating_add(STANDSTILL),
        })
    }
}

impl Drop for Place<'_> {
    /// Leaves the line, and lets the next come forward.
    fn drop(&mut self) {
        let now = self.pacer.now();
        let mut state = self.pacer.state();
        let key = self.slot.key();
        let waited = state.line.remove(&key).is_some();
        if let Some(given) = state.given.remove(&key) {
            state.bucket.end(given.ticket, Ending::NotSent, now);
        } else if !waited {
            return;
        }
        state.hand_out(now);
        state.wake_first();
    }
}

#[cfg(test)]
mod tests;
