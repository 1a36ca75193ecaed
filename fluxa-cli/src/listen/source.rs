//! Owns where events come from: the API's event stream, kept open for as long as it takes, and the
//! list of events where there is no stream to be had.
//!
//! Nothing is lost or repeated over a reconnect, nor over a change between the two: each goes on
//! by cursor, and what was seen is not passed on again. Knows nothing of filters, signatures or
//! targets.

mod polling;
mod reconnecting;
mod refusal;

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use bytes::Bytes;
use eventsource_stream::{EventStreamError, Eventsource};
use futures_util::stream::{BoxStream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Incoming;
use super::cursor::{Cursor, Position};
use super::framing::{Fault, messages};
use super::history::{Listed, Page};
use crate::error::{CliError, Result};
use crate::when::When;
use refusal::Refusal;

/// The server's comment comes every 15 seconds; silence for two and a half of them is a dead line.
pub(crate) const SILENCE: Duration = Duration::from_millis(37_500);

/// A stream that lives this long was a good one: the next loss is a new one.
const GOOD: Duration = Duration::from_secs(5);

/// How long a stream that was opened again may leave us waiting for what happened meanwhile.
const RECOVERY: Duration = Duration::from_secs(5);

/// How long the server may take to begin a stream. A proxy that holds it back begins none.
const OPENING: Duration = Duration::from_secs(10);

/// How often in a row a stream may turn out to be of no use before the list is read instead: it
/// brings nothing, what nobody can read, or not what is known to have happened.
const USELESS: u32 = 3;

/// Why the list is read although there is a stream.
const HELD_BACK: &str = "nothing comes on the stream: a proxy may be holding it back";

/// The bytes of a stream of server-sent events.
pub(crate) type ByteStream = BoxStream<'static, std::result::Result<Bytes, String>>;

/// What the source needs of the API. A trait so that tests can script it.
pub(crate) trait EventApi: Send + Sync + 'static {
    /// Opens the stream after an event, or at its newest end.
    fn open(&self, after: Option<&str>) -> impl Future<Output = Result<ByteStream>> + Send;

    /// Returns the id of the newest event there is.
    fn newest(&self) -> impl Future<Output = Result<Option<String>>> + Send;

    /// Returns whether the list of events can be read. Asked once: it may be that nobody is there.
    fn lists(&self) -> impl Future<Output = bool> + Send {
        async { self.newest().await.is_ok() }
    }

    /// Returns whether the stream brings events such as this one.
    fn brings(&self, _event: &Listed) -> bool {
        true
    }

    /// Returns the id of the newest event that is older than this.
    fn last_before(&self, _when: When) -> impl Future<Output = Result<Option<String>>> + Send {
        async { Ok(None) }
    }

    /// Returns a page of the list of all events, newest first.
    fn page(&self, after: Option<&str>) -> impl Future<Output = Result<Page>> + Send;

    /// Is ready when a server that could not be reached can be. Where that cannot be told cheaply,
    /// never.
    fn returned(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// Where to start instead of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// After this event.
    Event(String),
    /// With what happened at this moment, and everything after it.
    Time(When),
}

/// Where to start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Start {
    #[default]
    Now,
    Since(Since),
    /// Where an earlier run stopped.
    At(Position),
}

/// What the source tells.
#[derive(Debug)]
pub(crate) enum Signal {
    /// Events arrive for the first time.
    Connected,
    /// An event that was not seen before.
    Event(Incoming),
    /// The stream broke, or could not be opened again.
    Lost {
        reason: String,
        attempt: u32,
        delay: Duration,
    },
    /// Events arrive again, and what happened meanwhile has been passed on.
    Recovered {
        attempts: u32,
        after: Duration,
        /// Whether the server took the position it was resumed at.
        resumed: bool,
        /// Whether they come from the list, for want of a stream.
        polling: bool,
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
    pub(crate) start: Start,
    pub(crate) silence: Duration,
    pub(crate) patience: ExponentialBackoff,
    pub(crate) signals: mpsc::Sender<Signal>,
    /// How much came that is no event.
    pub(crate) strange: AtomicU64,
}

/// There is nothing more to do: nobody listens, or the API refuses for good.
struct Over;

/// How an interruption went so far.
struct Outage {
    since: Instant,
    attempts: u32,
    resumed: bool,
}

/// A stream that was opened.
struct Opened {
    bytes: ByteStream,
    /// Whether it goes on after an event, and does not begin with the newest.
    is_resumed: bool,
}

impl Opened {
    fn new(bytes: ByteStream, after: Option<&str>) -> Self {
        Self {
            bytes,
            is_resumed: after.is_some(),
        }
    }
}

/// Where events come from at the moment.
enum Feed {
    Stream(Opened),
    /// The list, because of this.
    List(String),
}

impl<A: EventApi> Source<A> {
    /// Reads, reconnects and reads on, until the receiver is gone or the API refuses for good.
    pub(crate) async fn run(mut self) {
        // `Over` has been told already, or there is nobody to tell.
        let _ = self.read_on().await;
    }

    async fn read_on(&mut self) -> Result<(), Over> {
        let mut outage = None;
        let mut feed = self.first().await?;
        match &feed {
            Feed::Stream(_) => self.tell(Signal::Connected).await?,
            Feed::List(_) => {}
        }
        let mut connected = matches!(feed, Feed::Stream(_));
        let mut useless = 0;
        loop {
            feed = match feed {
                Feed::List(reason) => {
                    Feed::Stream(self.poll(reason, &mut outage, &mut connected).await?)
                }
                Feed::Stream(stream) => {
                    let opened = Instant::now();
                    let position = self.cursor().received();
                    let fault = self.read(stream, &mut outage).await?;
                    let advanced = self.cursor().received() != position;
                    let good = advanced || opened.elapsed() > GOOD;
                    if good {
                        self.patience.reset();
                    }
                    useless = match &fault {
                        Fault::Spoiled(_) | Fault::Empty(_) if advanced => 1,
                        Fault::Spoiled(_) | Fault::Empty(_) => useless + 1,
                        // Nothing was missing on it, which does not make it a better one.
                        Fault::Lost(_) if !good => useless,
                        _ => 0,
                    };
                    match fault {
                        Fault::Mute => Feed::List(HELD_BACK.to_owned()),
                        Fault::Spoiled(what) if useless >= USELESS => {
                            Feed::List(format!("the stream cannot be read: {what}"))
                        }
                        Fault::Empty(what) | Fault::Lost(what) if useless >= USELESS => {
                            Feed::List(format!("the stream brings nothing: {what}"))
                        }
                        Fault::Lost(reason) | Fault::Spoiled(reason) | Fault::Empty(reason) => {
                            self.reconnect(reason, &mut outage).await?
                        }
                        Fault::Silent => {
                            let reason = "no sign of life from the server".to_owned();
                            self.reconnect(reason, &mut outage).await?
                        }
                    }
                }
            };
        }
    }

    /// Opens the stream for the first time, at a known position: what happens from here on can be
    /// resumed even when the line breaks before the first event.
    async fn first(&mut self) -> Result<Feed, Over> {
        match self.open_first().await {
            Ok(feed) => Ok(feed),
            Err(error) => self.fail(error).await,
        }
    }

    async fn open_first(&mut self) -> Result<Feed> {
        let resuming = matches!(self.start, Start::At(_));
        let position = match std::mem::take(&mut self.start) {
            Start::Now => Position::after(self.api.newest().await?),
            Start::Since(Since::Event(event)) => Position::after(Some(event)),
            Start::Since(Since::Time(when)) => Position::after(self.api.last_before(when).await?),
            Start::At(position) => position,
        };
        let after = position.after.clone();
        *self.cursor() = Cursor::at(position);
        let mut opened = self.open(after.as_deref()).await;
        if let Err(error) = &opened
            && resuming
            && matches!(Refusal::of(error), Refusal::UnknownCursor)
        {
            self.cursor().forget();
            let warning = "the server does not know the event where the last run stopped: \
                           starting with its first one";
            let _ = self.tell(Signal::Warning(warning.to_owned())).await;
            opened = self.open(None).await;
        }
        let error = match opened {
            Ok(feed) => return Ok(feed),
            Err(error) => error,
        };
        match Refusal::of(&error) {
            Refusal::NoStream => Ok(Feed::List(no_stream(&error))),
            // Whether it is the stream alone that is not to be had, the list tells.
            Refusal::Later(_) if self.api.lists().await => Ok(Feed::List(no_stream(&error))),
            _ => Err(error),
        }
    }

    async fn open(&self, after: Option<&str>) -> Result<Feed> {
        match tokio::time::timeout(OPENING, self.api.open(after)).await {
            Ok(opened) => opened.map(|bytes| Feed::Stream(Opened::new(bytes, after))),
            Err(_) => Ok(Feed::List(HELD_BACK.to_owned())),
        }
    }

    /// Passes on what the stream brings, until it ends one way or the other. What ends an outage
    /// is told as soon as everything that happened meanwhile has come.
    async fn read(&self, stream: Opened, outage: &mut Option<Outage>) -> Result<Fault, Over> {
        // Where there was no event to resume after, the stream alone cannot tell what happened
        // before it was open: the list can. It is read after opening, so that nothing falls
        // between the two, and what both have is recognised. That there is one by now is too late for
        // this stream, which began with the newest.
        if !stream.is_resumed
            && let Err(error) = self.catch_up().await?
        {
            return match Refusal::of(&error) {
                Refusal::Final => self.fail(error).await,
                _ => Ok(Fault::Lost(error.message)),
            };
        }
        let before = self.cursor().received();
        let mut events = messages(stream.bytes, self.silence).eventsource();
        let mut give_up = Instant::now() + RECOVERY;
        let mut asking = pin!(self.last_missed());
        // The last event that happened meanwhile, once that is known.
        let mut awaited: Option<Option<String>> = None;
        loop {
            let recovering = outage.is_some();
            let next = tokio::select! {
                biased;
                () = self.signals.closed() => return Err(Over),
                next = events.next() => next,
                last = &mut asking, if recovering && awaited.is_none() => {
                    // It may have come while it was asked for.
                    let last = last.filter(|id| !self.cursor().knows(id));
                    if last.is_none() {
                        self.recovered(outage.take(), false).await?;
                    }
                    awaited = Some(last);
                    continue;
                }
                () = tokio::time::sleep_until(give_up), if recovering => match awaited {
                    Some(_) => return Ok(Fault::Mute),
                    None => {
                        self.recovered(outage.take(), false).await?;
                        continue;
                    }
                },
            };
            match next {
                Some(Ok(event)) if event.data.is_empty() => {}
                Some(Ok(event)) => {
                    let id = self.pass_on(Bytes::from(event.data)).await?;
                    if recovering && matches!(&awaited, Some(last) if *last == id) {
                        self.recovered(outage.take(), false).await?;
                    }
                    give_up = Instant::now() + RECOVERY;
                }
                Some(Err(EventStreamError::Transport(Fault::Lost(reason)))) => {
                    // What has happened meanwhile, and it did not bring: that is no better than
                    // nothing, however it began.
                    if recovering && awaited.is_none() && self.cursor().received() == before {
                        awaited = Some(asking.await);
                    }
                    return Ok(match awaited {
                        Some(Some(_)) if self.cursor().received() == before => Fault::Empty(reason),
                        _ => Fault::Lost(reason),
                    });
                }
                Some(Err(EventStreamError::Transport(fault))) => return Ok(fault),
                Some(Err(_)) => {
                    let what = "it sends what is no event".to_owned();
                    return Ok(Fault::Spoiled(what));
                }
                None => return Ok(Fault::Lost("the server closed the stream".to_owned())),
            }
        }
    }

    /// Returns the newest event that the stream is to bring and did not yet.
    async fn last_missed(&self) -> Option<String> {
        let page = self.api.page(None).await.ok()?;
        let mut missed = page
            .events
            .into_iter()
            .take_while(|event| !self.cursor().knows(&event.id));
        missed
            .find(|event| self.api.brings(event))
            .map(|event| event.id)
    }

    /// Passes an event on, if it is one and is new. Returns its id.
    async fn pass_on(&self, body: Bytes) -> Result<Option<String>, Over> {
        match Incoming::parse(body) {
            Ok(event) => {
                let id = event.id.clone();
                // Received and told in one: who sees that the cursor knows it may look for it.
                let place = self.signals.reserve().await.map_err(|_| Over)?;
                let mut cursor = self.cursor();
                if let Some(ticket) = cursor.receive(&id) {
                    place.send(Signal::Event(Incoming { ticket, ..event }));
                }
                Ok(Some(id))
            }
            Err(error) => {
                let so_far = self.strange.fetch_add(1, Ordering::Relaxed) + 1;
                // The first, the tenth, the hundredth: a server may send nothing else.
                if 10_u64.pow(so_far.ilog10()) == so_far {
                    let warning =
                        format!("skipped something that is no event: {error} ({so_far} so far)");
                    self.tell(Signal::Warning(warning)).await?;
                }
                Ok(None)
            }
        }
    }

    async fn recovered(&self, outage: Option<Outage>, polling: bool) -> Result<(), Over> {
        let Some(outage) = outage else {
            return Ok(());
        };
        self.tell(Signal::Recovered {
            attempts: outage.attempts,
            after: outage.since.elapsed(),
            resumed: outage.resumed,
            polling,
        })
        .await
    }

    async fn tell(&self, signal: Signal) -> Result<(), Over> {
        self.signals.send(signal).await.map_err(|_| Over)
    }

    async fn fail<T>(&self, error: CliError) -> Result<T, Over> {
        self.tell(Signal::Failed(error)).await?;
        Err(Over)
    }

    fn cursor(&self) -> std::sync::MutexGuard<'_, Cursor> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outage {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
            attempts: 0,
            resumed: true,
        }
    }
}

fn next_delay(patience: &mut ExponentialBackoff) -> Duration {
    patience.next_backoff().unwrap_or(patience.max_interval)
}

fn no_stream(error: &CliError) -> String {
    match &error.api {
        Some(api) => format!("there is no stream (it is answered {})", api.status),
        None => format!("there is no stream ({})", error.message),
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
mod tests;
