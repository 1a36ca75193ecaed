//! `listen` as a pipeline: source → filter → signer → forwarder, each step emitting
//! [`ListenEvent`]s; `report` alone renders them.
//!
//! Owns the order of things: per object one delivery after the other, across objects as many at
//! once as allowed; an event counts as handled when the target has answered or has been given up.

pub(crate) mod acknowledge;
pub(crate) mod api;
pub(crate) mod bookmark;
pub(crate) mod chaos;
pub(crate) mod child;
mod closing;
mod courier;
pub(crate) mod cursor;
pub(crate) mod doctor;
pub(crate) mod expect;
pub(crate) mod filter;
pub(crate) mod forwarder;
mod framing;
pub(crate) mod history;
mod incoming;
mod parcel;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod signer;
pub(crate) mod source;
pub(crate) mod stock;
pub(crate) mod targets;
mod work;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backoff::ExponentialBackoff;
use futures_util::stream::{Stream, StreamExt};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::error::{CliError, Kind, Result};
use acknowledge::Acknowledger;
use bookmark::{Bookmark, Keeper};
use chaos::{Chaos, Tally, Trouble};
use closing::Closing;
use cursor::Cursor;
use doctor::{Diagnosis, Doctor};
use expect::{Expected, Goal};
use filter::Filter;
pub(crate) use incoming::{Incoming, Payload};
use record::Recorder;
use signer::Signer;
use source::{EventApi, Signal, Source, Start};
use stock::Recall;
use targets::{TargetInfo, Targets};
use work::{Effort, Work};

#[cfg(test)]
mod tests;

/// What happens in the pipeline. This is also the NDJSON of `--output json`: additive only.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ListenEvent {
    /// Events that happen from now on arrive.
    Ready {
        session: String,
        /// The first target.
        forward_to: String,
        targets: Vec<TargetInfo>,
        api_base: String,
        /// Whether the events are of real payments.
        livemode: bool,
        events: Vec<String>,
    },
    /// An event arrived.
    Event {
        id: String,
        event_type: String,
        object: Option<String>,
        payload: Payload,
    },
    /// The target answered, or an attempt to reach it failed.
    Delivery {
        event: String,
        event_type: String,
        object: Option<String>,
        target: String,
        delivery: String,
        attempt: u32,
        ok: bool,
        status: Option<u16>,
        error: Option<String>,
        duration_ms: f64,
        /// Whether no further attempt follows.
        last: bool,
        /// What `--chaos` did to it.
        chaos: Option<Trouble>,
    },
    /// The delivery will be tried again.
    Retry {
        event: String,
        event_type: String,
        target: String,
        attempt: u32,
        delay_ms: u64,
    },
    /// Why a target refuses what is sent to it.
    Diagnosis(Diagnosis),
    /// The stream is lost; it will be opened again.
    Reconnecting {
        reason: String,
        attempt: u32,
        delay_ms: u64,
    },
    /// Events arrive again, from where they stopped; or, when there was no such place or the server
    /// did not know it, from the server's first event.
    Recovered {
        attempts: u32,
        after_ms: u64,
        resumed: bool,
        /// How many events happened meanwhile and have arrived.
        events: u64,
        /// Whether the list of events is read, for want of a stream.
        polling: bool,
    },
    /// Something a person should know.
    #[serde(skip)]
    Warning(String),
    /// What it is doing, for a person who waits.
    #[serde(skip)]
    Note(String),
    /// The end.
    Summary(Summary),
}

/// What was done, in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) events: u64,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    /// What was given up, and then what was unfinished: the first of it, as much as can be said at
    /// the end.
    pub(crate) undelivered: Vec<Undelivered>,
    /// Neither delivered nor given up when it ended: waiting for an attempt, or in the middle of one.
    pub(crate) unfinished: u64,
    pub(crate) retries: u64,
    pub(crate) reconnects: u64,
    /// Attempts the API is not known to have recorded.
    pub(crate) unreported: u64,
    pub(crate) duration_ms: u64,
    /// Events handled, delivered or given up, by type.
    pub(crate) by_type: BTreeMap<String, u64>,
    /// What came of each `--expect`.
    pub(crate) expectations: Vec<Expected>,
    /// What `--chaos` did.
    pub(crate) chaos: Option<Tally>,
}

/// The most of what was not delivered that is told one by one.
pub(crate) const UNDELIVERED: usize = 100;

/// An event that a target did not take.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Undelivered {
    pub(crate) event: String,
    pub(crate) target: String,
    /// Whether it would not have been tried again.
    pub(crate) given_up: bool,
}

impl Summary {
    /// Notes what was given up.
    pub(crate) fn gave_up(&mut self, event: &str, target: &str) {
        self.not_delivered(event, target, true);
    }

    /// Notes what was not delivered.
    fn not_delivered(&mut self, event: &str, target: &str, given_up: bool) {
        if self.undelivered.len() < UNDELIVERED {
            self.undelivered.push(Undelivered {
                event: event.to_owned(),
                target: target.to_owned(),
                given_up,
            });
        }
    }
}

/// When to stop without being asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) max_events: Option<u64>,
    pub(crate) within: Option<Duration>,
}

impl Limits {
    /// Returns when it is over, from now; `None` where no clock can say it.
    fn deadline(self) -> Option<tokio::time::Instant> {
        tokio::time::Instant::now().checked_add(self.within?)
    }
}

/// What a session adds to forwarding.
#[derive(Default)]
pub(crate) struct Session {
    pub(crate) goal: Goal,
    pub(crate) chaos: Option<Chaos>,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) doctor: Option<Doctor>,
    /// Without it, no bytes of an event are let go before their time.
    pub(crate) recall: Option<Recall>,
}

/// Why the pipeline is to end.
pub(crate) enum Stop {
    /// Somebody asked for it.
    Interrupted,
    /// The command after `--` ended.
    Command {
        status: u8,
        /// Ids of what it may have made happen: to be received before the end.
        awaited: Vec<String>,
    },
}

/// Why the pipeline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// `max_events` were handled.
    Complete,
    /// What was waited for has come, or cannot come any more.
    Reached,
    /// The command after `--` ended, with this status.
    Command(u8),
    /// The time is over.
    TimeUp,
    /// Somebody asked for it.
    Stopped,
}

/// How many signals of the source may wait: few, since each may hold an event of any size.
const SIGNALS: usize = 16;

/// Everything the pipeline is made of.
pub(crate) struct Pipeline<A> {
    pub(crate) api: A,
    pub(crate) start: Start,
    /// Where the position is kept for the next run.
    pub(crate) bookmark: Option<Bookmark>,
    pub(crate) patience: ExponentialBackoff,
    pub(crate) filter: Filter,
    pub(crate) signer: Signer,
    pub(crate) targets: Targets,
    pub(crate) acknowledger: Option<Acknowledger>,
    pub(crate) concurrency: usize,
    pub(crate) retries: u32,
    pub(crate) limits: Limits,
    pub(crate) session: Session,
    /// What to say once events arrive.
    pub(crate) ready: ListenEvent,
}

impl<A: EventApi> Pipeline<A> {
    /// Runs until a limit or the goal is reached, `stops` say why to end, or the API refuses for good.
    /// What a command made happen, and what is expected of it, may still come after its end.
    ///
    /// Every event of the pipeline goes through `emit`, whose error (a closed stdout) ends it.
    pub(crate) async fn run(
        self,
        stops: impl Stream<Item = Result<Stop>>,
        mut emit: impl FnMut(ListenEvent) -> Result<()>,
    ) -> Result<(Summary, Ended)> {
        let started = Instant::now();
        let cursor = Arc::new(Mutex::new(Cursor::default()));
        let (sender, mut signals) = mpsc::channel(SIGNALS);
        let source = Source {
            api: self.api,
            cursor: Arc::clone(&cursor),
            start: self.start,
            silence: source::SILENCE,
            patience: self.patience,
            signals: sender,
            strange: std::sync::atomic::AtomicU64::default(),
        };
        let reading = tokio::spawn(source.run());
        let mut keeper = Keeper::new(self.bookmark, Arc::clone(&cursor));
        let mut ready = Some(self.ready);
        let mut work = Work::new(
            self.signer,
            self.targets,
            self.acknowledger,
            cursor,
            Effort {
                concurrency: self.concurrency.max(1),
                retries: self.retries,
                max_events: self.limits.max_events.unwrap_or(u64::MAX),
            },
            self.session,
        );
        let mut stops = pin!(stops.fuse());
        let deadline = self.limits.deadline();
        let mut time_up = pin!(at(deadline));
        // Events that came since the source was lost, until it has recovered.
        let mut made_up: Option<u64> = None;
        // Once the command has ended.
        let mut closing: Option<Closing> = None;
        let mut outcome: Result<Ended> = async {
            loop {
                if work.is_complete() {
                    return Ok(Ended::Complete);
                }
                if work.session.goal.is_reached() {
                    return Ok(Ended::Reached);
                }
                if let Some(closing) = &closing
                    && signals.is_empty()
                    && closing.is_over(&work)
                {
                    return Ok(Ended::Command(closing.status));
                }
                tokio::select! {
                    biased;
                    Some(stop) = stops.next() => match stop? {
                        Stop::Interrupted => return Ok(Ended::Stopped),
                        Stop::Command { status, awaited } => {
                            closing = Some(Closing::begin(status, awaited));
                        }
                    },
                    () = &mut time_up => return Ok(match &closing {
                        Some(closing) => Ended::Command(closing.status),
                        None => Ended::TimeUp,
                    }),
                    () = at(closing.as_ref().and_then(|closing| closing.until)) => {
                        let Some(closing) = &mut closing else { continue };
                        if let Some(warning) = closing.late(&work) {
                            emit(ListenEvent::Warning(warning))?;
                        }
                        // How long to wait for what is expected was said, if --within was.
                        if deadline.is_none() || !closing.is_expectant(&work) {
                            return Ok(Ended::Command(closing.status));
                        }
                        emit(ListenEvent::Note(closing.wait_for_expectations_alone(&work)))?;
                    }
                    Some(step) = work.steps.next() => work.ended(step, &mut emit)?,
                    Err(unsaved) = keeper.step() => emit(unsaved)?,
                    signal = signals.recv(), if work.has_room() => match signal {
                        Some(Signal::Connected) => {
                            // Ready means that nothing from here on is lost, by a crash neither.
                            if let Err(unsaved) = keeper.start().await {
                                emit(unsaved)?;
                            }
                            if let Some(ready) = ready.take() {
                                emit(ready)?;
                            }
                        }
                        Some(Signal::Event(event)) => {
                            if self.filter.wants(&event.event_type) {
                                made_up = made_up.map(|events| events + 1);
                                work.arrived(event, &mut emit)?;
                            } else {
                                work.handled(event.ticket);
                            }
                        }
                        Some(Signal::Lost { reason, attempt, delay }) => {
                            made_up.get_or_insert(0);
                            work.summary.reconnects += u64::from(attempt == 1);
                            let delay_ms = millis(delay);
                            emit(ListenEvent::Reconnecting { reason, attempt, delay_ms })?;
                        }
                        Some(Signal::Recovered { attempts, after, resumed, polling }) => {
                            let after_ms = millis(after);
                            let events = made_up.take().unwrap_or_default();
                            emit(ListenEvent::Recovered {
                                attempts,
                                after_ms,
                                resumed,
                                events,
                                polling,
                            })?;
                        }
                        Some(Signal::Warning(warning)) => emit(ListenEvent::Warning(warning))?,
                        Some(Signal::Failed(error)) => return Err(error),
                        None => return Err(CliError::failure("the event source stopped")),
                    },
                }
            }
        }
        .await;
        reading.abort();
        if let Ok(Ended::Command(_) | Ended::TimeUp) = outcome
            && (made_up.is_some() || ready.is_some())
        {
            let unread =
                "events could not be read when it ended: what happened last may be missing";
            outcome = and(outcome, emit(ListenEvent::Warning(unread.to_owned())));
        }
        if let Ok(Ended::Reached | Ended::Command(_)) = outcome {
            // What has arrived is delivered, unless somebody waits at a terminal, or the time is over.
            let drained = tokio::select! {
                biased;
                () = interrupted(&mut stops) => Ok(Some(Ended::Stopped)),
                drained = work.drain(deadline, &mut emit) => drained.map(|()| None),
            };
            outcome = match drained {
                Ok(None) => outcome,
                Ok(Some(stopped)) => Ok(stopped),
                Err(error) => Err(error),
            };
        }
        let is_read = !matches!(&outcome, Err(error) if error.kind == Kind::BrokenPipe);
        if is_read {
            outcome = and(outcome, work.farewell(&mut emit).await);
        }
        outcome = and(outcome, keeper.save().await.or_else(&mut emit));
        let mut summary = work.summed_up();
        if let Some(acknowledger) = work.acknowledger {
            summary.unreported = acknowledger.finish().await;
        }
        summary.duration_ms = millis(started.elapsed());
        // Also after an error, unless it had not begun: what was done until then is done.
        if is_read && (outcome.is_ok() || ready.is_none()) {
            outcome = and(outcome, emit(ListenEvent::Summary(summary.clone())));
        }
        Ok((summary, outcome?))
    }
}

/// Is ready at a moment; never when there is none.
async fn at(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Is ready once somebody asks for the end; what becomes of the command is of no interest any more.
async fn interrupted(stops: &mut (impl Stream<Item = Result<Stop>> + Unpin)) {
    while let Some(stop) = stops.next().await {
        if matches!(stop, Ok(Stop::Interrupted)) {
            return;
        }
    }
    std::future::pending().await
}

/// Returns how it ended, or the first thing that went wrong.
fn and(outcome: Result<Ended>, further: Result<()>) -> Result<Ended> {
    let ended = outcome?;
    further.map(|()| ended)
}

/// Returns milliseconds to the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Returns whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
