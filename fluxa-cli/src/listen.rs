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
mod courier;
pub(crate) mod cursor;
pub(crate) mod doctor;
pub(crate) mod expect;
pub(crate) mod filter;
pub(crate) mod forwarder;
mod framing;
pub(crate) mod history;
mod incoming;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod signer;
pub(crate) mod source;
pub(crate) mod stock;
pub(crate) mod targets;
mod work;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backoff::ExponentialBackoff;
use futures_util::stream::StreamExt;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::error::{CliError, Result};
use acknowledge::Acknowledger;
use bookmark::{Bookmark, Keeper};
use chaos::{Chaos, Tally, Trouble};
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
    /// The end.
    Summary(Summary),
}

/// What was done, in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) events: u64,
    pub(crate) delivered: u64,
    pub(crate) failed: u64,
    /// What was given up: the first of it, as much as can be said at the end.
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

/// The most of what was given up that is told one by one.
pub(crate) const UNDELIVERED: usize = 100;

/// An event that a target did not take.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Undelivered {
    pub(crate) event: String,
    pub(crate) target: String,
}

impl Summary {
    /// Notes what was given up.
    pub(crate) fn gave_up(&mut self, event: &str, target: &str) {
        if self.undelivered.len() < UNDELIVERED {
            self.undelivered.push(Undelivered {
                event: event.to_owned(),
                target: target.to_owned(),
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

/// How long what a command made happen may take to arrive once it has ended.
const CLOSING: Duration = Duration::from_secs(5);

/// The command after `--` has ended; what it made happen is still to come.
struct Closing {
    status: u8,
    awaited: Vec<String>,
    until: tokio::time::Instant,
}

/// Is ready when the time for closing is over.
async fn closed(closing: Option<&Closing>) {
    match closing {
        Some(closing) => tokio::time::sleep_until(closing.until).await,
        None => std::future::pending().await,
    }
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
    /// Runs until a limit or the goal is reached, `stop` says why to end, or the API refuses for good.
    ///
    /// Every event of the pipeline goes through `emit`, whose error (a closed stdout) ends it.
    pub(crate) async fn run(
        self,
        stop: impl Future<Output = Result<Stop>>,
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
        let mut stop = pin!(stop);
        let mut time_up = pin!(async {
            match self.limits.within {
                Some(within) => tokio::time::sleep(within).await,
                None => std::future::pending().await,
            }
        });
        // Events that came since the source was lost, until it has recovered.
        let mut made_up: Option<u64> = None;
        // Once the command has ended: its status, and the events that are still to come.
        let mut closing: Option<Closing> = None;
        let outcome: Result<Ended> = async {
            loop {
                if work.is_complete() {
                    return Ok(Ended::Complete);
                }
                if work.session.goal.is_reached() {
                    return Ok(Ended::Reached);
                }
                if let Some(closing) = &closing
                    && closing.awaited.iter().all(|id| work.knows(id))
                    && signals.is_empty()
                {
                    return Ok(Ended::Command(closing.status));
                }
                tokio::select! {
                    biased;
                    ended = &mut stop, if closing.is_none() => match ended? {
                        Stop::Interrupted => return Ok(Ended::Stopped),
                        Stop::Command { status, awaited } => {
                            let until = tokio::time::Instant::now() + CLOSING;
                            closing = Some(Closing { status, awaited, until });
                        }
                    },
                    () = closed(closing.as_ref()) => {
                        return Ok(Ended::Command(closing.map_or(0, |closing| closing.status)));
                    }
                    () = &mut time_up, if closing.is_none() => return Ok(Ended::TimeUp),
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
        match outcome {
            // Nobody waits at a terminal: what has arrived is delivered.
            Ok(Ended::Reached | Ended::Command(_)) => work.drain(&mut emit).await?,
            Ok(Ended::Stopped | Ended::TimeUp) => work.farewell(&mut emit).await?,
            Ok(Ended::Complete) | Err(_) => {}
        }
        if let Err(unsaved) = keeper.save().await {
            emit(unsaved)?;
        }
        let ended = outcome?;
        if let Some(acknowledger) = work.acknowledger {
            work.summary.unreported = acknowledger.finish().await;
        }
        let mut summary = work.summary;
        summary.unfinished = summary.events - summary.delivered - summary.failed;
        summary.duration_ms = millis(started.elapsed());
        summary.by_type = work.session.goal.by_type();
        summary.expectations = work.session.goal.results();
        summary.chaos = work.session.chaos.as_ref().map(Chaos::tally);
        emit(ListenEvent::Summary(summary.clone()))?;
        Ok((summary, ended))
    }
}

/// Returns milliseconds to the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Returns whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
