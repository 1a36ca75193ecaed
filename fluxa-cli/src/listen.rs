//! `listen` as a pipeline: source → filter → signer → forwarder, each step emitting
//! [`ListenEvent`]s; `report` alone renders them.
//!
//! Owns the order of things: per object one delivery after the other, across objects as many at
//! once as allowed; an event counts as handled when the target has answered or has been given up.

pub(crate) mod acknowledge;
pub(crate) mod api;
pub(crate) mod chaos;
pub(crate) mod child;
mod cursor;
pub(crate) mod doctor;
pub(crate) mod expect;
pub(crate) mod filter;
pub(crate) mod forwarder;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod signer;
pub(crate) mod source;
pub(crate) mod targets;
mod work;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use backoff::ExponentialBackoff;
use bytes::Bytes;
use futures_util::stream::StreamExt;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use crate::error::{CliError, Result};
use acknowledge::Acknowledger;
use chaos::{Chaos, Tally, Trouble};
use cursor::{Cursor, Ticket};
use doctor::{Diagnosis, Doctor};
use expect::{Expected, Goal};
use filter::Filter;
use record::Recorder;
use signer::Signer;
use source::{EventApi, Signal, Since, Source};
use targets::{TargetInfo, Targets};
use work::{Effort, Work};

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
    /// What `--chaos` does to it.
    pub(crate) trouble: Option<Box<Trouble>>,
    /// Its place in the order of receipt.
    pub(crate) ticket: Ticket,
}

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
    /// The stream is open again: where it stopped, or, when there was no such place or the server
    /// did not know it, from the server's first event.
    Recovered {
        attempts: u32,
        after_ms: u64,
        resumed: bool,
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

/// Everything the pipeline is made of.
pub(crate) struct Pipeline<A> {
    pub(crate) api: A,
    pub(crate) since: Option<Since>,
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
        stop: impl Future<Output = Result<Ended>>,
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
        let ended = loop {
            if work.is_complete() {
                break Ended::Complete;
            }
            if work.session.goal.is_reached() {
                break Ended::Reached;
            }
            tokio::select! {
                biased;
                ended = &mut stop => break ended?,
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
                            work.handled(event.ticket);
                        }
                    }
                    Some(Signal::Lost { reason, attempt, delay }) => {
                        work.summary.reconnects += u64::from(attempt == 1);
                        let delay_ms = millis(delay);
                        emit(ListenEvent::Reconnecting { reason, attempt, delay_ms })?;
                    }
                    Some(Signal::Recovered { attempts, after, resumed }) => {
                        let after_ms = millis(after);
                        emit(ListenEvent::Recovered { attempts, after_ms, resumed })?;
                    }
                    Some(Signal::Warning(warning)) => emit(ListenEvent::Warning(warning))?,
                    Some(Signal::Failed(error)) => return Err(error),
                    None => return Err(CliError::failure("the event source stopped")),
                },
            }
        };
        reading.abort();
        match ended {
            Ended::Complete => {}
            // Nobody waits for the end at a terminal: what has arrived is delivered.
            Ended::Reached | Ended::Command(_) => work.drain(&mut emit).await?,
            Ended::TimeUp | Ended::Stopped => work.farewell(&mut emit).await?,
        }
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

#[cfg(test)]
impl Incoming {
    pub(crate) fn for_test(id: &str, event_type: &str, object: &str) -> Self {
        let body = format!(
            r#"{{"id":"{id}","type":"{event_type}","data":{{"object":{{"id":"{object}"}}}}}}"#
        );
        Self::parse(Bytes::from(body)).unwrap()
    }
}
