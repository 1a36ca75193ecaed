//! `listen` as a pipeline: source → filter → signer → forwarder, each step emitting
//! [`ListenEvent`]s; `report` alone renders them.
//!
//! Owns the order of things: per object one delivery after the other, across objects as many at
//! once as allowed; an event counts as handled when the target has answered or has been given up.

pub(crate) mod acknowledge;
pub(crate) mod api;
mod cursor;
pub(crate) mod filter;
pub(crate) mod forwarder;
pub(crate) mod report;
pub(crate) mod signer;
pub(crate) mod source;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::error::{CliError, Result};
use acknowledge::{Acknowledgement, Acknowledger};
use cursor::Cursor;
use filter::Filter;
use forwarder::{Answer, Forwarder};
use signer::{Signer, delivery_id};
use source::{EventApi, Signal, Source};

/// The most events held while they wait for the target; beyond it the source waits too.
const HELD: usize = 1_024;

/// How long deliveries that are under way may take to end once the stop has been asked for.
const FAREWELL: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;

/// An event as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) id: String,
    pub(crate) event_type: String,
    /// Id of the object it is about: what is kept in order.
    pub(crate) object: Option<String>,
    /// The bytes, forwarded and signed as they are.
    pub(crate) body: Bytes,
}

/// What happens in the pipeline. This is also the NDJSON of `--output json`: additive only.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ListenEvent {
    /// Events that happen from now on arrive.
    Ready {
        session: String,
        forward_to: String,
        api_base: String,
        events: Vec<String>,
    },
    /// An event arrived.
    Event {
        id: String,
        event_type: String,
        object: Option<String>,
        payload: Box<RawValue>,
    },
    /// The target answered, or an attempt to reach it failed.
    Delivery {
        event: String,
        event_type: String,
        object: Option<String>,
        delivery: String,
        attempt: u32,
        ok: bool,
        status: Option<u16>,
        error: Option<String>,
        duration_ms: f64,
        /// Whether no further attempt follows.
        last: bool,
    },
    /// The delivery will be tried again.
    Retry {
        event: String,
        event_type: String,
        attempt: u32,
        delay_ms: u64,
    },
    /// The stream is lost; it will be opened again.
    Reconnecting {
        reason: String,
        attempt: u32,
        delay_ms: u64,
    },
    /// The stream is open again; nothing was lost.
    Recovered { attempts: u32, after_ms: u64 },
    /// Something a person should know.
    #[serde(skip)]
    Warning(String),
    /// The end.
    Summary(Summary),
}

/// What was done, in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) events: u64,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    pub(crate) retries: u64,
    pub(crate) reconnects: u64,
    pub(crate) duration_ms: u64,
}

/// When to stop without being asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) max_events: Option<u64>,
    pub(crate) within: Option<Duration>,
}

/// Why the pipeline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// `max_events` were handled.
    Complete,
    /// The time is over.
    TimeUp,
    /// Somebody asked for it.
    Stopped,
}

/// Everything the pipeline is made of.
pub(crate) struct Pipeline<A> {
    pub(crate) api: A,
    pub(crate) since: Option<String>,
    pub(crate) patience: ExponentialBackoff,
    pub(crate) filter: Filter,
    pub(crate) signer: Signer,
    pub(crate) forwarder: Forwarder,
    pub(crate) acknowledger: Option<Acknowledger>,
    pub(crate) concurrency: usize,
    pub(crate) retries: u32,
    pub(crate) limits: Limits,
    /// What to say once events arrive.
    pub(crate) ready: ListenEvent,
}

/// An event on its way to the target.
struct Parcel {
    event: Incoming,
    attempt: u32,
    patience: ExponentialBackoff,
}

/// One thing that ended.
enum Step {
    Answered {
        parcel: Box<Parcel>,
        delivery: String,
        answer: Answer,
    },
    /// The wait before the next attempt is over.
    Woken(Box<Parcel>),
}

type StepFuture = Pin<Box<dyn Future<Output = Step> + Send>>;

impl<A: EventApi> Pipeline<A> {
    /// Runs until a limit is reached, `stop` is ready, or the API refuses for good.
    ///
    /// Every event of the pipeline goes through `emit`, whose error (a closed stdout) ends it.
    pub(crate) async fn run(
        self,
        stop: impl Future<Output = ()>,
        mut emit: impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<(Summary, Ended)> {
        let started = Instant::now();
        let cursor = Arc::new(Mutex::new(Cursor::default()));
        let (sender, mut signals) = mpsc::channel(256);
        let source = Source {
            api: self.api,
            cursor: Arc::clone(&cursor),
            since: self.since,
            silence: source::SILENCE,
            patience: self.patience,
        };
        let reading = tokio::spawn(source.run(sender));
        let mut ready = Some(self.ready);
        let mut work = Work {
            signer: Arc::new(self.signer),
            forwarder: self.forwarder,
            acknowledger: self.acknowledger,
            cursor,
            concurrency: self.concurrency.max(1),
            retries: self.retries,
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            steps: FuturesUnordered::new(),
            attempting: 0,
            held: 0,
            accepted: 0,
            max_events: self.limits.max_events.unwrap_or(u64::MAX),
            summary: Summary::default(),
        };
        let mut stop = pin!(stop);
        let mut time_up = pin!(async {
            match self.limits.within {
                Some(within) => tokio::time::sleep(within).await,
                None => std::future::pending().await,
            }
        });
        let ended = loop {
            if work.is_complete() {
                break Ended::Complete;
            }
            tokio::select! {
                biased;
                () = &mut stop => break Ended::Stopped,
                () = &mut time_up => break Ended::TimeUp,
                Some(step) = work.steps.next() => work.ended(step, &mut emit)?,
                signal = signals.recv(), if work.has_room() => match signal {
                    Some(Signal::Connected) => {
                        if let Some(ready) = ready.take() {
                            emit(ready)?;
                        }
                    }
                    Some(Signal::Event(event)) => {
                        if self.filter.wants(&event.event_type) {
                            work.arrived(event, &mut emit)?;
                        } else {
                            work.handled(&event.id);
                        }
                    }
                    Some(Signal::Lost { reason, attempt, delay }) => {
                        work.summary.reconnects += u64::from(attempt == 1);
                        let delay_ms = millis(delay);
                        emit(ListenEvent::Reconnecting { reason, attempt, delay_ms })?;
                    }
                    Some(Signal::Recovered { attempts, after }) => {
                        emit(ListenEvent::Recovered { attempts, after_ms: millis(after) })?;
                    }
                    Some(Signal::Warning(warning)) => emit(ListenEvent::Warning(warning))?,
                    Some(Signal::Failed(error)) => return Err(error),
                    None => return Err(CliError::failure("the event source stopped")),
                },
            }
        };
        reading.abort();
        if ended != Ended::Complete {
            work.farewell(&mut emit).await?;
        }
        if let Some(acknowledger) = work.acknowledger {
            acknowledger.finish().await;
        }
        let mut summary = work.summary;
        summary.duration_ms = millis(started.elapsed());
        emit(ListenEvent::Summary(summary.clone()))?;
        Ok((summary, ended))
    }
}

/// The deliveries: what waits, what is under way, what is done.
struct Work {
    signer: Arc<Signer>,
    forwarder: Forwarder,
    acknowledger: Option<Acknowledger>,
    cursor: Arc<Mutex<Cursor>>,
    concurrency: usize,
    retries: u32,
    /// Objects with a delivery that is not done, each with what waits behind it.
    lanes: HashMap<String, VecDeque<Incoming>>,
    /// First of their lanes, waiting for a free place.
    ready: VecDeque<Box<Parcel>>,
    steps: FuturesUnordered<StepFuture>,
    attempting: usize,
    held: usize,
    accepted: u64,
    max_events: u64,
    summary: Summary,
}

impl Work {
    fn has_room(&self) -> bool {
        self.held < HELD && self.accepted < self.max_events
    }

    fn is_complete(&self) -> bool {
        self.accepted >= self.max_events && self.held == 0
    }

    fn arrived(
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
        match self.lanes.get_mut(lane(&event)) {
            Some(waiting) => waiting.push_back(event),
            None => {
                self.lanes.insert(lane(&event).to_owned(), VecDeque::new());
                self.enqueue(event);
            }
        }
        emit(said)
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
        self.ready.push_back(Box::new(Parcel {
            event,
            attempt: 0,
            patience,
        }));
        self.fill();
    }

    /// Starts attempts while there are places.
    fn fill(&mut self) {
        while self.attempting < self.concurrency
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

    fn ended(
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
        let again = !ok && answer.is_worth_retrying() && parcel.attempt <= self.retries;
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
        };
        if again {
            let delay = parcel.patience.next_backoff().unwrap_or_default();
            let attempt = parcel.attempt + 1;
            self.summary.retries += 1;
            self.steps.push(Box::pin(async move {
                tokio::time::sleep(delay).await;
                Step::Woken(parcel)
            }));
            self.fill();
            emit(said)?;
            return emit(ListenEvent::Retry {
                event,
                event_type,
                attempt,
                delay_ms: millis(delay),
            });
        }
        match ok {
            true => self.summary.delivered += 1,
            false => self.summary.failed += 1,
        }
        self.held -= 1;
        self.handled(&event);
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

    fn handled(&self, id: &str) {
        self.cursor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .handled(id);
    }

    /// Lets what is under way end, for a moment.
    async fn farewell(&mut self, emit: &mut impl FnMut(ListenEvent) -> Result<()>) -> Result<()> {
        self.ready.clear();
        self.lanes.clear();
        self.retries = 0;
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
                Ok(Some(Step::Woken(_))) => {}
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
fn on_one_line(json: &[u8]) -> Box<RawValue> {
    let text = match json.iter().any(u8::is_ascii_control) {
        true => serde_json::from_slice::<serde_json::Value>(json)
            .map(|value| value.to_string())
            .ok(),
        false => std::str::from_utf8(json).map(str::to_owned).ok(),
    };
    text.and_then(|text| RawValue::from_string(text).ok())
        .unwrap_or_else(|| RawValue::NULL.to_owned())
}

/// Returns whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
impl Incoming {
    pub(crate) fn for_test(id: &str, event_type: &str, object: &str) -> Self {
        let body = format!(
            r#"{{"id":"{id}","type":"{event_type}","data":{{"object":{{"id":"{object}"}}}}}}"#
        );
        Self::parse(Bytes::from(body)).unwrap()
    }
}
