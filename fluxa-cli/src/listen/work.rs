//! Owns the deliveries: what waits, what is under way, what is done.
//!
//! Per target one after the other per object, side by side across objects; a delivery that failed
//! keeps its place while it waits to be tried again, and takes up none of the places of others. No
//! target waits for another.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::acknowledge::{Acknowledgement, Acknowledger};
use super::cursor::{Cursor, Ticket};
use super::forwarder::{Answer, Forwarder};
use super::signer::{Signer, delivery_id};
use super::targets::Targets;
use super::{Incoming, ListenEvent, Payload, Summary, millis};
use crate::error::Result;

/// The most events held while they wait for a target; beyond it the source waits too.
const HELD: usize = 4_096;

/// The most bytes of events held.
const HELD_BYTES: usize = 4 * 1024 * 1024;

/// The most events between the resume point and the newest; beyond it the source waits too.
const OPEN: usize = 32_768;

/// An attempt that takes longer gives up its place, so that endpoints which hang on some events do
/// not keep others waiting.
const SLOW: Duration = Duration::from_millis(500);

/// The most attempts to one target that have given up their places; further ones keep theirs. Each
/// may hold half a megabyte of an answer's headers.
const SLOW_AT_ONCE: usize = 48;

/// How long deliveries that are under way may take to end once the stop has been asked for.
const FAREWELL: Duration = Duration::from_millis(500);

/// An event and how many of its targets are not done with it.
struct Shared {
    event: Incoming,
    left: AtomicUsize,
    failed: AtomicBool,
}

/// An event on its way to one target.
pub(super) struct Parcel {
    shared: Arc<Shared>,
    target: usize,
    attempt: u32,
    patience: ExponentialBackoff,
}

/// One thing that ended.
pub(super) enum Step {
    Answered {
        parcel: Box<Parcel>,
        delivery: String,
        answer: Answer,
        /// Whether it had given up its place.
        slow: bool,
    },
    /// An attempt takes long: the rest of it.
    Slow { target: usize, rest: StepFuture },
    /// The wait before the next attempt is over.
    Woken(Box<Parcel>),
}

type StepFuture = Pin<Box<dyn Future<Output = Step> + Send>>;

/// How hard to try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub(super) concurrency: usize,
    pub(super) retries: u32,
    pub(super) max_events: u64,
}

/// What waits for one target, and what is under way to it.
struct Counter {
    forwarder: Arc<Forwarder>,
    /// Objects with a delivery that is not done, each with what waits behind it.
    lanes: HashMap<String, VecDeque<Arc<Shared>>>,
    /// First of their lanes, waiting for a free place.
    ready: VecDeque<Box<Parcel>>,
    attempting: usize,
    slow: usize,
}

/// The deliveries: what waits, what is under way, what is done.
pub(super) struct Work {
    signer: Arc<Signer>,
    targets: Targets,
    counters: Vec<Counter>,
    pub(super) acknowledger: Option<Acknowledger>,
    cursor: Arc<Mutex<Cursor>>,
    effort: Effort,
    pub(super) steps: FuturesUnordered<StepFuture>,
    held: usize,
    held_bytes: usize,
    accepted: u64,
    /// No attempt is begun any more.
    leaving: bool,
    pub(super) summary: Summary,
}

impl Work {
    pub(super) fn new(
        signer: Signer,
        targets: Targets,
        acknowledger: Option<Acknowledger>,
        cursor: Arc<Mutex<Cursor>>,
        effort: Effort,
    ) -> Self {
        let counter = |forwarder: &Arc<Forwarder>| Counter {
            forwarder: Arc::clone(forwarder),
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            attempting: 0,
            slow: 0,
        };
        Self {
            signer: Arc::new(signer),
            counters: targets.iter().map(|t| counter(&t.forwarder)).collect(),
            targets,
            acknowledger,
            cursor,
            effort,
            steps: FuturesUnordered::new(),
            held: 0,
            held_bytes: 0,
            accepted: 0,
            leaving: false,
            summary: Summary::default(),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.held < HELD
            && self.held_bytes < HELD_BYTES
            && self.accepted < self.effort.max_events
            && self.cursor().open() < OPEN
    }

    pub(super) fn is_complete(&self) -> bool {
        self.accepted >= self.effort.max_events && self.held == 0
    }

    /// Takes an event on. One that no target wants is done.
    pub(super) fn arrived(
        &mut self,
        event: Incoming,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        let targets = self.targets.of(&event.event_type);
        if targets.is_empty() {
            self.handled(event.ticket);
            return Ok(());
        }
        self.accepted += 1;
        self.held += 1;
        self.held_bytes += event.body.len();
        self.summary.events += 1;
        let said = ListenEvent::Event {
            id: event.id.clone(),
            event_type: event.event_type.clone(),
            object: event.object.clone(),
            payload: Payload(event.body.clone()),
        };
        let shared = Arc::new(Shared {
            event,
            left: AtomicUsize::new(targets.len()),
            failed: AtomicBool::new(false),
        });
        for target in targets {
            let lanes = &mut self.counters[target].lanes;
            match lanes.get_mut(lane(&shared.event)) {
                Some(waiting) => waiting.push_back(Arc::clone(&shared)),
                None => {
                    lanes.insert(lane(&shared.event).to_owned(), VecDeque::new());
                    self.enqueue(target, Arc::clone(&shared));
                }
            }
        }
        emit(said)
    }

    fn enqueue(&mut self, target: usize, shared: Arc<Shared>) {
        let patience = ExponentialBackoff {
            current_interval: Duration::from_millis(200),
            initial_interval: Duration::from_millis(200),
            multiplier: 2.0,
            max_interval: Duration::from_secs(5),
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        self.counters[target].ready.push_back(Box::new(Parcel {
            shared,
            target,
            attempt: 0,
            patience,
        }));
        self.fill(target);
    }

    /// Starts attempts while there are places.
    fn fill(&mut self, target: usize) {
        let counter = &mut self.counters[target];
        while counter.attempting < self.effort.concurrency
            && let Some(mut parcel) = counter.ready.pop_front()
        {
            counter.attempting += 1;
            parcel.attempt += 1;
            let forwarder = Arc::clone(&counter.forwarder);
            let delivery = delivery_id();
            let event = &parcel.shared.event;
            let headers = self.signer.headers(event, &delivery);
            let body = event.body.clone();
            let mut attempt = Box::pin(async move { forwarder.post(headers, body).await });
            self.steps.push(Box::pin(async move {
                if let Ok(answer) = tokio::time::timeout(SLOW, &mut attempt).await {
                    return answered(parcel, delivery, answer, false);
                }
                let rest = Box::pin(async move { answered(parcel, delivery, attempt.await, true) });
                Step::Slow { target, rest }
            }));
        }
    }

    pub(super) fn ended(
        &mut self,
        step: Step,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        match step {
            Step::Woken(parcel) => {
                let target = parcel.target;
                self.counters[target].ready.push_back(parcel);
                self.fill(target);
                Ok(())
            }
            Step::Slow { target, rest } => {
                self.slowed(target, rest);
                Ok(())
            }
            Step::Answered {
                parcel,
                delivery,
                answer,
                slow,
            } => {
                self.leave(parcel.target, slow);
                self.answered(parcel, delivery, &answer, emit)
            }
        }
    }

    /// Lets an attempt that takes long go on without a place, if not too many do.
    fn slowed(&mut self, target: usize, rest: StepFuture) {
        let counter = &mut self.counters[target];
        if counter.slow < SLOW_AT_ONCE {
            counter.slow += 1;
            counter.attempting -= 1;
            self.steps.push(rest);
            self.fill(target);
        } else {
            self.steps.push(Box::pin(async move {
                match rest.await {
                    Step::Answered {
                        parcel,
                        delivery,
                        answer,
                        ..
                    } => answered(parcel, delivery, answer, false),
                    other => other,
                }
            }));
        }
    }

    fn leave(&mut self, target: usize, slow: bool) {
        let counter = &mut self.counters[target];
        match slow {
            true => counter.slow -= 1,
            false => counter.attempting -= 1,
        }
    }

    fn answered(
        &mut self,
        mut parcel: Box<Parcel>,
        delivery: String,
        answer: &Answer,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        let target = parcel.target;
        let ok = answer.is_success();
        let again = !ok && answer.is_worth_retrying() && parcel.attempt <= self.effort.retries;
        let shared = Arc::clone(&parcel.shared);
        let event = &shared.event;
        if let Some(acknowledger) = &self.acknowledger {
            acknowledger.acknowledge(Acknowledgement {
                event: event.id.clone(),
                attempt: parcel.attempt,
                answer: answer.clone(),
            });
        }
        let said = ListenEvent::Delivery {
            event: event.id.clone(),
            event_type: event.event_type.clone(),
            object: event.object.clone(),
            target: self.counters[target].forwarder.target().to_string(),
            delivery,
            attempt: parcel.attempt,
            ok,
            status: answer.status,
            error: answer.error.clone(),
            duration_ms: (answer.duration.as_secs_f64() * 1e6).round() / 1e3,
            last: !again || self.leaving,
        };
        if again && self.leaving {
            // Neither delivered nor given up: the cursor stays before it.
            return emit(said);
        }
        if again {
            let delay = parcel.patience.next_backoff().unwrap_or_default();
            let attempt = parcel.attempt + 1;
            self.summary.retries += 1;
            self.steps.push(Box::pin(async move {
                tokio::time::sleep(delay).await;
                Step::Woken(parcel)
            }));
            self.fill(target);
            emit(said)?;
            return emit(ListenEvent::Retry {
                event: event.id.clone(),
                event_type: event.event_type.clone(),
                target: self.counters[target].forwarder.target().to_string(),
                attempt,
                delay_ms: millis(delay),
            });
        }
        self.done(&shared, ok);
        let lanes = &mut self.counters[target].lanes;
        match lanes.get_mut(lane(event)).and_then(VecDeque::pop_front) {
            Some(next) => self.enqueue(target, next),
            None => {
                lanes.remove(lane(event));
                self.fill(target);
            }
        }
        emit(said)
    }

    /// One of an event's targets is done with it. It counts once all are.
    fn done(&mut self, shared: &Shared, ok: bool) {
        shared.failed.fetch_or(!ok, Ordering::Relaxed);
        if shared.left.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        match shared.failed.load(Ordering::Relaxed) {
            false => self.summary.delivered += 1,
            true => self.summary.failed += 1,
        }
        self.held -= 1;
        self.held_bytes -= shared.event.body.len();
        self.handled(shared.event.ticket);
    }

    pub(super) fn handled(&self, ticket: Ticket) {
        self.cursor().handled(ticket);
    }

    fn cursor(&self) -> std::sync::MutexGuard<'_, Cursor> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets what is under way end, for a moment.
    pub(super) async fn farewell(
        &mut self,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        for counter in &mut self.counters {
            counter.ready.clear();
            counter.lanes.clear();
        }
        self.leaving = true;
        let deadline = tokio::time::Instant::now() + FAREWELL;
        while self.counters.iter().any(|c| c.attempting + c.slow > 0) {
            match tokio::time::timeout_at(deadline, self.steps.next()).await {
                Ok(Some(Step::Woken(_))) => {}
                Ok(Some(step)) => self.ended(step, emit)?,
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
    }
}

fn answered(parcel: Box<Parcel>, delivery: String, answer: Answer, slow: bool) -> Step {
    Step::Answered {
        parcel,
        delivery,
        answer,
        slow,
    }
}

/// What must stay in order: the object, or the event itself where there is none.
fn lane(event: &Incoming) -> &str {
    event.object.as_deref().unwrap_or(&event.id)
}
