//! Owns where events come from: the API's event stream, kept open for as long as it takes.
//!
//! Nothing is lost or repeated over a reconnect: the stream is resumed by cursor, and what was
//! seen is not passed on again. Knows nothing of filters, signatures or targets.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use bytes::Bytes;
use eventsource_stream::Eventsource;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::Incoming;
use super::cursor::{Cursor, Ticket};
use crate::error::{CliError, Kind, Result};

/// The server's comment comes every 15 seconds; silence for two and a half of them is a dead line.
pub(crate) const SILENCE: Duration = Duration::from_millis(37_500);

/// The code with which the API answers a cursor it does not know.
const UNKNOWN_CURSOR: &str = "invalid_cursor";

/// The bytes of a stream of server-sent events.
pub(crate) type ByteStream = BoxStream<'static, std::result::Result<Bytes, String>>;

/// What the source needs of the API. A trait so that tests can script it.
pub(crate) trait EventApi: Send + Sync + 'static {
    /// Opens the stream after an event, or at its newest end.
    fn open(&self, after: Option<&str>) -> impl Future<Output = Result<ByteStream>> + Send;
    /// Returns the id of the newest event there is.
    fn newest(&self) -> impl Future<Output = Result<Option<String>>> + Send;
    /// Returns every event there is, oldest first, each as the stream would send it.
    fn all(&self) -> impl Future<Output = Result<Vec<Bytes>>> + Send;
}

/// Where to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// After this event.
    Event(String),
    /// With what happened this long ago, and everything after it.
    Ago(Duration),
}

/// What the source tells.
#[derive(Debug)]
pub(crate) enum Signal {
    /// The stream is open for the first time.
    Connected,
    /// An event that was not seen before.
    Event(Incoming),
    /// The stream broke, or could not be opened again.
    Lost {
        reason: String,
        attempt: u32,
        delay: Duration,
    },
    /// The stream is open again.
    Recovered {
        attempts: u32,
        after: Duration,
        /// Whether the server took the position it was resumed at.
        resumed: bool,
    },
    /// Something a person should know.
    Warning(String),
    /// It is over: asking again would not help.
    Failed(CliError),
}

/// Reads events until nobody wants them any more.
pub(crate) struct Source<A> {
    pub(crate) api: A,
    pub(crate) cursor: Arc<Mutex<Cursor>>,
    /// Where to start; `None` is now.
    pub(crate) since: Option<Since>,
    pub(crate) silence: Duration,
    pub(crate) patience: ExponentialBackoff,
}

/// Why reading stopped.
enum End {
    /// The receiver is gone.
    Unwanted,
    Broken(String),
}

impl<A: EventApi> Source<A> {
    /// Reads, reconnects and reads on, until the receiver is gone or the API refuses for good.
    pub(crate) async fn run(mut self, signals: mpsc::Sender<Signal>) {
        let stream = match self.start().await {
            Ok(stream) => stream,
            Err(error) => {
                let _ = signals.send(Signal::Failed(error)).await;
                return;
            }
        };
        if signals.send(Signal::Connected).await.is_err() {
            return;
        }
        let mut stream = stream;
        loop {
            let End::Broken(reason) = self.read(stream, &signals).await else {
                return;
            };
            match self.reconnect(reason, &signals).await {
                Some(opened) => stream = opened,
                None => return,
            }
        }
    }

    /// Opens the stream for the first time, at a known position: what happens from here on can be
    /// resumed even when the line breaks before the first event.
    async fn start(&mut self) -> Result<ByteStream> {
        let position = match self.since.take() {
            Some(Since::Event(event)) => Some(event),
            Some(Since::Ago(_)) | None => self.api.newest().await?,
        };
        *self.cursor() = Cursor::after(position.clone());
        self.api.open(position.as_deref()).await
    }

    /// Passes on what the stream brings, until it ends one way or the other.
    async fn read(&self, stream: ByteStream, signals: &mpsc::Sender<Signal>) -> End {
        // Where there was no event to resume after, the stream alone cannot tell what happened
        // before it was open: the list can. It is read after opening, so that nothing falls
        // between the two, and what both have is recognised.
        if self.cursor().resume_after().is_none() {
            match self.api.all().await {
                Ok(events) => {
                    for body in events {
                        if self.pass_on(body, signals).await.is_err() {
                            return End::Unwanted;
                        }
                    }
                }
                Err(error) => return End::Broken(error.message),
            }
        }
        let mut events = alive(stream, self.silence).eventsource();
        loop {
            let next = tokio::select! {
                next = events.next() => next,
                () = signals.closed() => return End::Unwanted,
            };
            match next {
                Some(Ok(event)) if event.data.is_empty() => {}
                Some(Ok(event)) => {
                    if self
                        .pass_on(Bytes::from(event.data), signals)
                        .await
                        .is_err()
                    {
                        return End::Unwanted;
                    }
                }
                Some(Err(error)) => return End::Broken(describe(&error)),
                None => return End::Broken("the server closed the stream".to_owned()),
            }
        }
    }

    async fn pass_on(&self, body: Bytes, signals: &mpsc::Sender<Signal>) -> Result<(), ()> {
        let signal = match Incoming::parse(body) {
            Ok(event) => {
                let Some(ticket) = self.cursor().receive(&event.id) else {
                    return Ok(());
                };
                Signal::Event(Incoming { ticket, ..event })
            }
            Err(error) => Signal::Warning(format!("skipped something that is no event: {error}")),
        };
        signals.send(signal).await.map_err(drop)
    }

    /// Opens the stream again, with growing waits, for as long as it takes.
    async fn reconnect(
        &mut self,
        reason: String,
        signals: &mpsc::Sender<Signal>,
    ) -> Option<ByteStream> {
        let lost = Instant::now();
        let mut reason = reason;
        let mut attempt = 0;
        self.patience.reset();
        loop {
            attempt += 1;
            let delay = self
                .patience
                .next_backoff()
                .unwrap_or(self.patience.max_interval);
            signals
                .send(Signal::Lost {
                    reason,
                    attempt,
                    delay,
                })
                .await
                .ok()?;
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = signals.closed() => return None,
            }
            let position = self.cursor().resume_after().map(str::to_owned);
            match self.api.open(position.as_deref()).await {
                Ok(stream) => {
                    let recovered = Signal::Recovered {
                        attempts: attempt,
                        after: lost.elapsed(),
                        resumed: position.is_some(),
                    };
                    signals.send(recovered).await.ok()?;
                    return Some(stream);
                }
                Err(error) if is_unknown_cursor(&error) => {
                    // The server is not the one we knew, or was emptied.
                    self.cursor().forget();
                    let warning = "the server started anew: its earlier events are gone";
                    signals
                        .send(Signal::Warning(warning.to_owned()))
                        .await
                        .ok()?;
                    reason = error.message;
                }
                Err(error) if error.kind == Kind::Network => reason = error.message,
                Err(error) => {
                    let _ = signals.send(Signal::Failed(error)).await;
                    return None;
                }
            }
        }
    }

    fn cursor(&self) -> std::sync::MutexGuard<'_, Cursor> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a stream that has been silent for too long: a line that died without a word looks like one
/// on which nothing happens, but for the comments that should come.
fn alive(
    stream: ByteStream,
    silence: Duration,
) -> impl Stream<Item = std::result::Result<Bytes, String>> + Send + Unpin {
    Box::pin(futures_util::stream::unfold(
        Some(stream),
        move |stream| async move {
            let mut stream = stream?;
            match tokio::time::timeout(silence, stream.next()).await {
                Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(stream))),
                Ok(Some(Err(error))) => Some((Err(error), None)),
                Ok(None) => None,
                Err(_) => Some((Err("no sign of life from the server".to_owned()), None)),
            }
        },
    ))
}

fn describe(error: &eventsource_stream::EventStreamError<String>) -> String {
    match error {
        eventsource_stream::EventStreamError::Transport(reason) => reason.clone(),
        other => format!("the stream is not one of events: {other}"),
    }
}

fn is_unknown_cursor(error: &CliError) -> bool {
    error.api.as_ref().and_then(|api| api.code.as_deref()) == Some(UNKNOWN_CURSOR)
}

impl Incoming {
    /// Reads what the pipeline needs of an event, and keeps its bytes as they came.
    pub(crate) fn parse(body: Bytes) -> std::result::Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Head<'b> {
            id: String,
            #[serde(rename = "type")]
            event_type: String,
            #[serde(borrow, default)]
            data: Option<&'b serde_json::value::RawValue>,
        }
        #[derive(Deserialize)]
        struct Data {
            object: Object,
        }
        #[derive(Deserialize)]
        struct Object {
            id: String,
        }
        let (id, event_type, object) = {
            let head: Head<'_> = serde_json::from_slice(&body)?;
            // An event about something without an id, or of a shape yet to come, is an event.
            let data = head
                .data
                .and_then(|data| serde_json::from_str::<Data>(data.get()).ok());
            (head.id, head.event_type, data.map(|data| data.object.id))
        };
        Ok(Self {
            id,
            event_type,
            object,
            body,
            trouble: None,
            ticket: Ticket::default(),
        })
    }
}

/// Returns the waits between attempts to reconnect: at once for a server on this machine, which is
/// being restarted, and gently for one that others use too.
pub(crate) fn patience(local: bool) -> ExponentialBackoff {
    let (initial, max) = match local {
        true => (Duration::from_millis(10), Duration::from_millis(250)),
        false => (Duration::from_millis(500), Duration::from_secs(15)),
    };
    ExponentialBackoff {
        current_interval: initial,
        initial_interval: initial,
        max_interval: max,
        max_elapsed_time: None,
        ..ExponentialBackoff::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Bytes, Incoming};

    #[test]
    fn an_event_of_any_shape_is_one_as_long_as_it_has_an_id_and_a_type() {
        for (data, object) in [
            (r#"{"object":{"id":"pay_1"}}"#, Some("pay_1")),
            (r#"{"object":{"id":7}}"#, None),
            (r#"{"object":[]}"#, None),
            ("null", None),
            ("[1]", None),
        ] {
            let text = format!(r#"{{"id":"evt_1","type":"moon.landed","data":{data}}}"#);
            let event = Incoming::parse(Bytes::from(text)).unwrap();
            assert_eq!(event.object.as_deref(), object, "{data}");
        }
        assert!(Incoming::parse(Bytes::from_static(br#"{"id":"evt_1"}"#)).is_err());
    }
}
