//! `listen` as a pipeline: source → filter → signer → forwarder, each step emitting
//! [`ListenEvent`]s; `report` alone renders them.
//!
//! Owns the order of things: per object one delivery after the other, across objects as many at
//! once as allowed; an event counts as handled when the target has answered or has been given up.

pub(crate) mod acknowledge;
pub(crate) mod api;
pub(crate) mod bookmark;
mod cursor;
pub(crate) mod filter;
pub(crate) mod forwarder;
mod framing;
pub(crate) mod history;
mod incoming;
pub(crate) mod report;
pub(crate) mod signer;
pub(crate) mod source;
pub(crate) mod targets;
mod work;

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
use cursor::Cursor;
use filter::Filter;
pub(crate) use incoming::{Incoming, Payload};
use signer::Signer;
use source::{EventApi, Signal, Source, Start};
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
    },
    /// The delivery will be tried again.
    Retry {
        event: String,
        event_type: String,
        target: String,
        attempt: u32,
        delay_ms: u64,
    },
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
    /// Neither delivered nor given up when it ended: waiting for an attempt, or in the middle of one.
    pub(crate) unfinished: u64,
    pub(crate) retries: u64,
    pub(crate) reconnects: u64,
    /// Attempts the API is not known to have recorded.
    pub(crate) unreported: u64,
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
    /// What to say once events arrive.
    pub(crate) ready: ListenEvent,
}

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
        let (sender, mut signals) = mpsc::channel(SIGNALS);
        let source = Source {
            api: self.api,
            cursor: Arc::clone(&cursor),
            start: self.start,
            silence: source::SILENCE,
            patience: self.patience,
            signals: sender,
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
        let outcome: Result<Ended> = async {
            loop {
                if work.is_complete() {
                    return Ok(Ended::Complete);
                }
                tokio::select! {
                    biased;
                    () = &mut stop => return Ok(Ended::Stopped),
                    () = &mut time_up => return Ok(Ended::TimeUp),
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
        if matches!(outcome, Ok(Ended::Stopped | Ended::TimeUp)) {
            work.farewell(&mut emit).await?;
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
        emit(ListenEvent::Summary(summary.clone()))?;
        Ok((summary, ended))
    }
}

/// Returns whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
