//! Owns the deliveries: what waits, what is under way, what is done.
//!
//! Per target one after the other per object, side by side across objects; a delivery that failed
//! keeps its place while it waits to be tried again, and takes up none of the places of others. No
//! target waits for another.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backoff::backoff::Backoff;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::acknowledge::{Acknowledgement, Acknowledger};
use super::chaos::{Chaos, HOLD};
use super::cursor::{Cursor, Ticket};
use super::forwarder::Forwarder;
use super::parcel::{
    AttemptFuture, Attempted, Means, Parcel, Shared, Step, StepFuture, attempt, examined, lane,
    told,
};
use super::record::Sent;
use super::signer::Signer;
use super::stock::Stock;
use super::targets::Targets;
use super::{Incoming, ListenEvent, Session, Summary, millis, milliseconds};
use crate::error::Result;

/// Enough events to keep a target busy; the source waits when every target has that.
const ENOUGH: usize = 256;

/// The most events held for targets, or objects, that hang while others could go on; beyond it
/// these wait too.
const HELD: usize = 8_192;

/// The most bytes of events in hand.
const HELD_BYTES: usize = 4 * 1024 * 1024;

/// The most events between the resume point and the newest; beyond it the source waits too.
const OPEN: usize = 32_768;

/// The most attempts at once, to all targets together. Each may hold some 400 KB of an answer's
/// headers, and all of it is to stay under 64 MB whatever targets do.
const AT_ONCE: usize = 96;

/// The most places of all targets together. What is left of [`AT_ONCE`] is for attempts that gave
/// theirs up.
const PLACES: usize = 64;

/// An attempt that takes longer gives up its place, so that endpoints which hang on some events do
/// not keep others waiting.
const SLOW: Duration = Duration::from_millis(500);

/// The same at a target that leaves others unanswered.
const SLOW_AGAIN: Duration = Duration::from_millis(100);

/// How long deliveries that are under way may take to end once the stop has been asked for.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long all that has arrived may take to end once the session is over by itself.
const DRAIN: Duration = Duration::from_secs(5);

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
    /// Attempts that have given up their places.
    slow: usize,
    /// Events that it is not done with.
    waiting: usize,
    /// It was said that it leaves much unanswered.
    is_told_of: bool,
}

impl Counter {
    /// Returns whether an attempt could begin at once.
    fn is_idle(&self, effort: &Effort) -> bool {
        self.ready.is_empty() && self.attempting < effort.concurrency
    }

    /// Returns whether an event that has just lined up will be long in coming to its turn.
    fn is_behind(&self, event: &Incoming) -> bool {
        let lane = self.lanes.get(lane(event));
        self.ready.len() > ENOUGH || lane.is_some_and(|waiting| !waiting.is_empty())
    }
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
    /// What is not done, by target and in the order of receipt.
    undone: BTreeMap<(usize, Ticket), Arc<Shared>>,
    held: usize,
    stock: Stock,
    /// The most attempts that may have given up their places.
    slow_at_once: usize,
    accepted: u64,
    pub(super) session: Session,
    /// No attempt is begun any more.
    leaving: bool,
    /// It was said that no more events are taken.
    is_full_told: bool,
    pub(super) summary: Summary,
}

impl Work {
    pub(super) fn new(
        signer: Signer,
        targets: Targets,
        acknowledger: Option<Acknowledger>,
        cursor: Arc<Mutex<Cursor>>,
        mut effort: Effort,
        session: Session,
    ) -> Self {
        let how_many = targets.iter().count().max(1);
        effort.concurrency = effort.concurrency.min((PLACES / how_many).max(1));
        let counter = |forwarder: &Arc<Forwarder>| Counter {
            forwarder: Arc::clone(forwarder),
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            attempting: 0,
            slow: 0,
            waiting: 0,
            is_told_of: false,
        };
        Self {
            signer: Arc::new(signer),
            counters: targets.iter().map(|t| counter(&t.forwarder)).collect(),
            targets,
            acknowledger,
            cursor,
            effort,
            steps: FuturesUnordered::new(),
            undone: BTreeMap::new(),
            held: 0,
            stock: Stock::default(),
            slow_at_once: AT_ONCE.saturating_sub(how_many * effort.concurrency),
            accepted: 0,
            session,
            leaving: false,
            is_full_told: false,
            summary: Summary::default(),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        (self.held < ENOUGH || self.someone_is_idle())
            && self.accepted < self.effort.max_events
            && !self.is_full()
    }

    fn someone_is_idle(&self) -> bool {
        self.counters.iter().any(|c| c.is_idle(&self.effort))
    }

    /// Returns whether no more may be held, whoever could go on.
    fn is_full(&self) -> bool {
        self.held >= HELD || self.stock.bytes() >= HELD_BYTES || self.cursor().open() >= OPEN
    }

    pub(super) fn is_complete(&self) -> bool {
        self.accepted >= self.effort.max_events && self.held == 0
    }

    /// Takes an event on. One that no target wants is done; where there is no target at all, the
    /// events themselves are wanted, and done once they are told.
    pub(super) fn arrived(
        &mut self,
        event: Incoming,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        let targets = self.targets.of(&event.event_type);
        let is_viewer = self.counters.is_empty();
        if targets.is_empty() && !is_viewer {
            self.handled(event.ticket);
            return Ok(());
        }
        self.accepted += 1;
        self.summary.events += 1;
        self.session.goal.arrived(&event.event_type);
        if let Some(recorder) = &mut self.session.recorder {
            recorder.event(&event)?;
        }
        let said = told(&event);
        if is_viewer {
            emit(said)?;
            self.handled(event.ticket);
            self.session.goal.handled(&event.event_type);
            return Ok(());
        }
        self.held += 1;
        match &mut self.session.chaos {
            None => self.line_up(event, targets),
            Some(chaos) => {
                let (object, id) = (event.object.clone(), event.id.clone());
                let now = chaos.arrange(event);
                if let (true, Some(object)) = (now.is_empty(), object) {
                    self.steps.push(Box::pin(async move {
                        tokio::time::sleep(HOLD).await;
                        Step::Alone { object, event: id }
                    }));
                }
                self.line_up_all(now);
            }
        }
        emit(said)?;
        match !self.is_full_told && self.is_full() && self.someone_is_idle() {
            true => self.tell_of_who_holds_up(emit),
            false => Ok(()),
        }
    }

    /// Says once which target it is that all have to wait for.
    fn tell_of_who_holds_up(
        &mut self,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        self.is_full_told = true;
        let Some(counter) = self.counters.iter().max_by_key(|c| c.waiting) else {
            return Ok(());
        };
        let (target, waiting) = (counter.forwarder.target(), counter.waiting);
        emit(ListenEvent::Warning(format!(
            "{waiting} events wait for {target}, as many as are held: no more are taken, for no \
             target, until some of them are done; --timeout gives up sooner on what hangs"
        )))
    }

    fn line_up_all(&mut self, events: impl IntoIterator<Item = Incoming>) {
        for event in events {
            let targets = self.targets.of(&event.event_type);
            self.line_up(event, targets);
        }
    }

    /// Puts an event behind what waits of its object, at each of its targets that an earlier run has
    /// not done with it.
    fn line_up(&mut self, mut event: Incoming, mut targets: Vec<usize>) {
        if targets.len() > 1 {
            let mut cursor = self.cursor();
            targets.retain(|target| !cursor.is_done_at(event.ticket, self.url(*target)));
        }
        let kept = self.stock.keep(std::mem::take(&mut event.body));
        let shared = Arc::new(Shared {
            event,
            kept,
            left: AtomicUsize::new(targets.len()),
            failed: AtomicBool::new(false),
        });
        for &target in &targets {
            let place = (target, shared.event.ticket);
            self.undone.insert(place, Arc::clone(&shared));
            let counter = &mut self.counters[target];
            counter.waiting += 1;
            let lanes = &mut counter.lanes;
            match lanes.get_mut(lane(&shared.event)) {
                Some(waiting) => waiting.push_back(Arc::clone(&shared)),
                None => {
                    lanes.insert(lane(&shared.event).to_owned(), VecDeque::new());
                    self.enqueue(target, Arc::clone(&shared));
                }
            }
        }
        let is_behind = |target: &usize| self.counters[*target].is_behind(&shared.event);
        if targets.iter().all(is_behind) {
            self.let_go_if_tight(&shared);
        }
    }

    /// Lets go of an event's bytes when there are many in hand: of one that will wait for long.
    fn let_go_if_tight(&self, shared: &Shared) {
        if self.session.recall.is_some() && self.stock.is_tight() {
            shared.kept.let_go();
        }
    }

    fn enqueue(&mut self, target: usize, shared: Arc<Shared>) {
        let parcel = Parcel::new(shared, target);
        let delay_ms = parcel
            .trouble
            .as_ref()
            .map_or(0, |trouble| trouble.delay_ms);
        match delay_ms {
            0 => self.counters[target].ready.push_back(parcel),
            _ => self.wake(parcel, Duration::from_millis(delay_ms)),
        }
        self.fill(target);
    }

    /// Puts a parcel back into the row after a while.
    fn wake(&self, parcel: Box<Parcel>, after: Duration) {
        self.steps.push(Box::pin(async move {
            tokio::time::sleep(after).await;
            Step::Woken(parcel)
        }));
    }

    /// Starts attempts while there are places.
    fn fill(&mut self, target: usize) {
        let counter = &mut self.counters[target];
        while counter.attempting < self.effort.concurrency
            && let Some(mut parcel) = counter.ready.pop_front()
        {
            counter.attempting += 1;
            parcel.attempt += 1;
            let means = Means {
                forwarder: Arc::clone(&counter.forwarder),
                signer: Arc::clone(&self.signer),
                recall: self.session.recall.clone(),
                records: self.session.recorder.is_some(),
                place: match counter.slow {
                    0 => SLOW,
                    _ => SLOW_AGAIN,
                },
            };
            self.steps.push(attempt(parcel, means));
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
            Step::Slow { target, rest } => self.slowed(target, rest, emit),
            Step::Examined(parcel, diagnosis) => {
                let doctor = self.session.doctor.as_mut();
                let is_news =
                    doctor.is_some_and(|doctor| doctor.is_news(parcel.target, &diagnosis));
                self.over(&parcel, false);
                match is_news {
                    true => emit(ListenEvent::Diagnosis(*diagnosis)),
                    false => Ok(()),
                }
            }
            Step::Alone { object, event } => {
                let chaos = self.session.chaos.as_mut();
                if let Some(event) = chaos.and_then(|chaos| chaos.release(&object, &event)) {
                    self.line_up_all([event]);
                }
                Ok(())
            }
            Step::Answered(attempted) => {
                let counter = &mut self.counters[attempted.parcel.target];
                match attempted.slow {
                    true => counter.slow -= 1,
                    false => counter.attempting -= 1,
                }
                self.answered(attempted, emit)
            }
        }
    }

    /// Lets an attempt that takes long go on without a place, if not too many do.
    fn slowed(
        &mut self,
        target: usize,
        rest: AttemptFuture,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        let slow = self.counters.iter().map(|c| c.slow).sum::<usize>() < self.slow_at_once;
        self.steps.push(Box::pin(async move {
            Step::Answered(Attempted { slow, ..rest.await })
        }));
        if slow {
            let counter = &mut self.counters[target];
            counter.slow += 1;
            counter.attempting -= 1;
            self.fill(target);
            return Ok(());
        }
        // Not always this one: all have one bound together.
        let Some(counter) = self.counters.iter_mut().max_by_key(|c| c.slow) else {
            return Ok(());
        };
        if std::mem::replace(&mut counter.is_told_of, true) {
            return Ok(());
        }
        emit(ListenEvent::Warning(format!(
            "{} leaves deliveries unanswered, {} by now: its other events may have to wait until some \
             have ended; --timeout gives up on them sooner",
            counter.forwarder.target(),
            counter.slow + counter.attempting
        )))
    }

    fn answered(
        &mut self,
        attempted: Attempted,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        let Attempted {
            mut parcel,
            delivery,
            answer,
            body,
            ..
        } = attempted;
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
        if let (Some(recorder), Some((at, headers))) = (&mut self.session.recorder, &parcel.sent) {
            recorder.attempt(&Sent {
                at: *at,
                event,
                target: self.counters[target].forwarder.target().as_str(),
                delivery: &delivery,
                attempt: parcel.attempt,
                headers,
                answer: &answer,
                chaos: parcel.trouble.as_ref(),
            })?;
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
            duration_ms: milliseconds(answer.duration),
            last: !again || self.leaving,
            chaos: parcel.trouble.clone(),
        };
        if again && self.leaving {
            // Neither delivered nor given up: the cursor stays before it.
            return emit(said);
        }
        if again {
            let delay = parcel.patience.next_backoff().unwrap_or_default();
            let attempt = parcel.attempt + 1;
            self.summary.retries += 1;
            self.wake(parcel, delay);
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
        if let (true, false, Some(trouble)) = (ok, self.leaving, &mut parcel.trouble)
            && std::mem::take(&mut trouble.again)
        {
            // Sent once more, with a delivery id of its own; the event is done when this is.
            (trouble.duplicate, trouble.delay_ms) = (true, 0);
            parcel.attempt = 0;
            parcel.patience.reset();
            self.counters[target].ready.push_back(parcel);
            self.fill(target);
            return emit(said);
        }
        let forwarder = &self.counters[target].forwarder;
        if let Some(doctor) = self.session.doctor.as_mut().filter(|_| !self.leaving)
            && let Some(body) = &body
            && doctor.wants(target, forwarder, &answer)
        {
            // Before the next event of the object, which must not overtake what is sent again.
            let forwarder = Arc::clone(forwarder);
            self.steps
                .push(examined(parcel, body, forwarder, doctor, &answer));
            return emit(said);
        }
        self.over(&parcel, ok);
        emit(said)
    }

    /// An event is done at one target: the next of its object may go there.
    fn over(&mut self, parcel: &Parcel, ok: bool) {
        let (target, event) = (parcel.target, &parcel.shared.event);
        if !ok {
            let url = self.counters[target].forwarder.target().as_str();
            self.summary.gave_up(&event.id, url);
        }
        self.done(&parcel.shared, target, ok);
        let lanes = &mut self.counters[target].lanes;
        match lanes.get_mut(lane(event)).and_then(VecDeque::pop_front) {
            Some(next) => self.enqueue(target, next),
            None => {
                lanes.remove(lane(event));
                self.fill(target);
            }
        }
    }

    /// One of an event's targets is done with it. It counts once all are.
    fn done(&mut self, shared: &Shared, target: usize, ok: bool) {
        self.undone.remove(&(target, shared.event.ticket));
        self.counters[target].waiting -= 1;
        shared.failed.fetch_or(!ok, Ordering::Relaxed);
        if shared.left.fetch_sub(1, Ordering::Relaxed) > 1 {
            self.cursor().done_at(shared.event.ticket, self.url(target));
            // One target has it already: it is another that takes long.
            self.let_go_if_tight(shared);
            return;
        }
        match shared.failed.load(Ordering::Relaxed) {
            false => self.summary.delivered += 1,
            true => self.summary.failed += 1,
        }
        self.held -= 1;
        self.handled(shared.event.ticket);
        self.session.goal.handled(&shared.event.event_type);
    }

    fn url(&self, target: usize) -> &str {
        self.counters[target].forwarder.target().as_str()
    }

    pub(super) fn handled(&self, ticket: Ticket) {
        self.cursor().handled(ticket);
    }

    /// Returns whether an event was received.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.cursor().knows(id)
    }

    fn cursor(&self) -> std::sync::MutexGuard<'_, Cursor> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was done, and what was not.
    pub(super) fn summed_up(&mut self) -> Summary {
        let mut summary = std::mem::take(&mut self.summary);
        summary.unfinished = self.held as u64;
        for ((target, _), shared) in &self.undone {
            summary.not_delivered(&shared.event.id, self.url(*target), false);
        }
        summary.by_type = self.session.goal.by_type();
        summary.expectations = self.session.goal.results();
        summary.chaos = self.session.chaos.as_ref().map(Chaos::tally);
        summary
    }

    /// Delivers all that has arrived, as far as that can be done soon, and before `limit`.
    pub(super) async fn drain(
        &mut self,
        limit: Option<tokio::time::Instant>,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        if let Some(chaos) = &mut self.session.chaos {
            let held = chaos.release_all();
            self.line_up_all(held);
        }
        let soon = tokio::time::Instant::now() + DRAIN;
        let deadline = limit.map_or(soon, |limit| limit.min(soon));
        while self.held > 0 {
            match tokio::time::timeout_at(deadline, self.steps.next()).await {
                Ok(Some(step)) => self.ended(step, emit)?,
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
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
                Ok(Some(Step::Woken(_) | Step::Alone { .. })) => {}
                Ok(Some(step)) => self.ended(step, emit)?,
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
    }
}
