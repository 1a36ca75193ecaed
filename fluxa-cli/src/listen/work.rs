//! Owns the deliveries: what waits, what is under way, what is done.
//!
//! One after the other per object, side by side across objects; a delivery that failed keeps its
//! place while it waits to be tried again, and takes up none of the places of others.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde_json::value::RawValue;

use super::acknowledge::{Acknowledgement, Acknowledger};
use super::chaos::HOLD;
use super::cursor::Cursor;
use super::forwarder::{Answer, Forwarder};
use super::signer::{Signer, delivery_id};
use super::{Incoming, ListenEvent, Session, Summary, millis};
use crate::error::Result;

/// The most events held while they wait for the target; beyond it the source waits too.
const HELD: usize = 1_024;

/// How long deliveries that are under way may take to end once the stop has been asked for.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long all that has arrived may take to end once the session is over by itself.
const DRAIN: Duration = Duration::from_secs(5);

/// An event on its way to the target.
pub(super) struct Parcel {
    event: Incoming,
    attempt: u32,
    patience: ExponentialBackoff,
}

/// One thing that ended.
pub(super) enum Step {
    Answered {
        parcel: Box<Parcel>,
        delivery: String,
        answer: Answer,
    },
    /// The wait before the next attempt is over.
    Woken(Box<Parcel>),
    /// An event of `--chaos` has waited long enough to be overtaken.
    Alone { object: String, event: String },
}

type StepFuture = Pin<Box<dyn Future<Output = Step> + Send>>;

/// How hard to try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    pub(super) concurrency: usize,
    pub(super) retries: u32,
    pub(super) max_events: u64,
}

/// The deliveries: what waits, what is under way, what is done.
pub(super) struct Work {
    signer: Arc<Signer>,
    forwarder: Forwarder,
    pub(super) acknowledger: Option<Acknowledger>,
    cursor: Arc<Mutex<Cursor>>,
    effort: Effort,
    /// Objects with a delivery that is not done, each with what waits behind it.
    lanes: HashMap<String, VecDeque<Incoming>>,
    /// First of their lanes, waiting for a free place.
    ready: VecDeque<Box<Parcel>>,
    pub(super) steps: FuturesUnordered<StepFuture>,
    attempting: usize,
    held: usize,
    accepted: u64,
    pub(super) session: Session,
    pub(super) summary: Summary,
}

impl Work {
    pub(super) fn new(
        signer: Signer,
        forwarder: Forwarder,
        acknowledger: Option<Acknowledger>,
        cursor: Arc<Mutex<Cursor>>,
        effort: Effort,
        session: Session,
    ) -> Self {
        Self {
            signer: Arc::new(signer),
            forwarder,
            acknowledger,
            cursor,
            effort,
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            steps: FuturesUnordered::new(),
            attempting: 0,
            held: 0,
            accepted: 0,
            session,
            summary: Summary::default(),
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.held < HELD && self.accepted < self.effort.max_events
    }

    pub(super) fn is_complete(&self) -> bool {
        self.accepted >= self.effort.max_events && self.held == 0
    }

    pub(super) fn arrived(
        &mut self,
        event: Incoming,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        self.accepted += 1;
        self.held += 1;
        self.summary.events += 1;
        let payload = on_one_line(&event.body);
        let said = ListenEvent::Event {
            id: event.id.clone(),
            event_type: event.event_type.clone(),
            object: event.object.clone(),
            payload,
        };
        match &mut self.session.chaos {
            None => self.line_up(event),
            Some(chaos) => {
                let (object, id) = (event.object.clone(), event.id.clone());
                let now = chaos.arrange(event);
                if let (true, Some(object)) = (now.is_empty(), object) {
                    self.steps.push(Box::pin(async move {
                        tokio::time::sleep(HOLD).await;
                        Step::Alone { object, event: id }
                    }));
                }
                now.into_iter().for_each(|event| self.line_up(event));
            }
        }
        emit(said)
    }

    /// Puts an event behind what waits of its object.
    fn line_up(&mut self, event: Incoming) {
        match self.lanes.get_mut(lane(&event)) {
            Some(waiting) => waiting.push_back(event),
            None => {
                self.lanes.insert(lane(&event).to_owned(), VecDeque::new());
                self.enqueue(event);
            }
        }
    }

    fn enqueue(&mut self, event: Incoming) {
        let patience = ExponentialBackoff {
            current_interval: Duration::from_millis(200),
            initial_interval: Duration::from_millis(200),
            multiplier: 2.0,
            max_interval: Duration::from_secs(5),
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        let delay_ms = event.trouble.as_ref().map_or(0, |trouble| trouble.delay_ms);
        let parcel = Box::new(Parcel {
            event,
            attempt: 0,
            patience,
        });
        match delay_ms {
            0 => self.ready.push_back(parcel),
            _ => self.wake(parcel, Duration::from_millis(delay_ms)),
        }
        self.fill();
    }

    /// Puts a parcel back into the row after a while.
    fn wake(&self, parcel: Box<Parcel>, after: Duration) {
        self.steps.push(Box::pin(async move {
            tokio::time::sleep(after).await;
            Step::Woken(parcel)
        }));
    }

    /// Starts attempts while there are places.
    fn fill(&mut self) {
        while self.attempting < self.effort.concurrency
            && let Some(mut parcel) = self.ready.pop_front()
        {
            self.attempting += 1;
            parcel.attempt += 1;
            let delivery = delivery_id();
            let headers = self.signer.headers(&parcel.event, &delivery);
            let forwarder = self.forwarder.clone();
            self.steps.push(Box::pin(async move {
                let answer = forwarder.post(headers, parcel.event.body.clone()).await;
                Step::Answered {
                    parcel,
                    delivery,
                    answer,
                }
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
                self.ready.push_back(parcel);
                self.fill();
                Ok(())
            }
            Step::Alone { object, event } => {
                let chaos = self.session.chaos.as_mut();
                if let Some(event) = chaos.and_then(|chaos| chaos.release(&object, &event)) {
                    self.line_up(event);
                }
                Ok(())
            }
            Step::Answered {
                parcel,
                delivery,
                answer,
            } => {
                self.attempting -= 1;
                self.answered(parcel, delivery, &answer, emit)
            }
        }
    }

    fn answered(
        &mut self,
        mut parcel: Box<Parcel>,
        delivery: String,
        answer: &Answer,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        let ok = answer.is_success();
        let again = !ok && answer.is_worth_retrying() && parcel.attempt <= self.effort.retries;
        let (event, event_type) = (parcel.event.id.clone(), parcel.event.event_type.clone());
        if let Some(acknowledger) = &self.acknowledger {
            acknowledger.acknowledge(Acknowledgement {
                event: event.clone(),
                attempt: parcel.attempt,
                answer: answer.clone(),
            });
        }
        let said = ListenEvent::Delivery {
            event: event.clone(),
            event_type: event_type.clone(),
            object: parcel.event.object.clone(),
            delivery,
            attempt: parcel.attempt,
            ok,
            status: answer.status,
            error: answer.error.clone(),
            duration_ms: (answer.duration.as_secs_f64() * 1e6).round() / 1e3,
            last: !again,
            chaos: parcel.event.trouble.as_deref().cloned(),
        };
        if again {
            let delay = parcel.patience.next_backoff().unwrap_or_default();
            let attempt = parcel.attempt + 1;
            self.summary.retries += 1;
            self.wake(parcel, delay);
            self.fill();
            emit(said)?;
            return emit(ListenEvent::Retry {
                event,
                event_type,
                attempt,
                delay_ms: millis(delay),
            });
        }
        if let (true, Some(trouble)) = (ok, &mut parcel.event.trouble)
            && std::mem::take(&mut trouble.again)
        {
            // Sent once more, with a delivery id of its own; the event is done when this is.
            (trouble.duplicate, trouble.delay_ms) = (true, 0);
            parcel.attempt = 0;
            parcel.patience.reset();
            self.ready.push_back(parcel);
            self.fill();
            return emit(said);
        }
        match ok {
            true => self.summary.delivered += 1,
            false => self.summary.failed += 1,
        }
        self.held -= 1;
        self.handled(&event);
        self.session.goal.handled(&event_type);
        match self
            .lanes
            .get_mut(lane(&parcel.event))
            .and_then(VecDeque::pop_front)
        {
            Some(next) => self.enqueue(next),
            None => {
                self.lanes.remove(lane(&parcel.event));
                self.fill();
            }
        }
        emit(said)
    }

    pub(super) fn handled(&self, id: &str) {
        self.cursor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .handled(id);
    }

    /// Delivers all that has arrived, as far as that can be done soon.
    pub(super) async fn drain(
        &mut self,
        emit: &mut impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<()> {
        if let Some(chaos) = &mut self.session.chaos {
            let held = chaos.release_all();
            held.into_iter().for_each(|event| self.line_up(event));
        }
        let deadline = tokio::time::Instant::now() + DRAIN;
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
        self.ready.clear();
        self.lanes.clear();
        self.effort.retries = 0;
        let deadline = tokio::time::Instant::now() + FAREWELL;
        while self.attempting > 0 {
            match tokio::time::timeout_at(deadline, self.steps.next()).await {
                Ok(Some(Step::Answered {
                    parcel,
                    delivery,
                    answer,
                })) => {
                    self.attempting -= 1;
                    self.answered(parcel, delivery, &answer, emit)?;
                }
                Ok(Some(Step::Woken(_) | Step::Alone { .. })) => {}
                Ok(None) | Err(_) => break,
            }
        }
        Ok(())
    }
}

/// What must stay in order: the object, or the event itself where there is none.
fn lane(event: &Incoming) -> &str {
    event.object.as_deref().unwrap_or(&event.id)
}

/// Returns JSON as it is, or compacted when it has line breaks, which NDJSON must not have.
pub(super) fn on_one_line(json: &[u8]) -> Box<RawValue> {
    let text = match json.iter().any(u8::is_ascii_control) {
        true => serde_json::from_slice::<serde_json::Value>(json)
            .map(|value| value.to_string())
            .ok(),
        false => std::str::from_utf8(json).map(str::to_owned).ok(),
    };
    text.and_then(|text| RawValue::from_string(text).ok())
        .unwrap_or_else(|| RawValue::NULL.to_owned())
}
