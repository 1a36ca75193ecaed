//! The source between a scripted API and a receiver, in paused time.

mod without_a_stream;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream;

use super::super::history::tests::page_of;
use super::polling::POLL;
use super::refusal::UNKNOWN_CURSOR;
use super::*;
use crate::error::{ApiDetails, Kind};

/// What an opening of the stream leads to.
enum Opening {
    /// These pieces, then the end.
    Ends(Vec<&'static [u8]>),
    /// These pieces, then silence.
    Stays(Vec<&'static [u8]>),
    Refused(CliError),
    /// No answer.
    Never,
}

type Opens = Box<dyn Fn(usize) -> Opening + Send + Sync>;
type Lists = Box<dyn Fn(usize) -> Result<Vec<&'static str>> + Send + Sync>;

/// An API whose answers depend on how often it was asked.
struct Script {
    opens: Opens,
    opened: Arc<AtomicUsize>,
    /// Ids, oldest first.
    lists: Lists,
    listed: AtomicUsize,
    /// Whether the newest event can be asked for, that is the list of events at all.
    answers: fn(usize) -> bool,
    asked: AtomicUsize,
}

impl Script {
    fn new(
        opens: impl Fn(usize) -> Opening + Send + Sync + 'static,
        lists: impl Fn(usize) -> Result<Vec<&'static str>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            opens: Box::new(opens),
            opened: Arc::default(),
            lists: Box::new(lists),
            listed: AtomicUsize::new(0),
            answers: |_| true,
            asked: AtomicUsize::new(0),
        }
    }
}

impl EventApi for Script {
    async fn open(&self, _: Option<&str>) -> Result<ByteStream> {
        let pieces = |pieces: Vec<&'static [u8]>| {
            stream::iter(
                pieces
                    .into_iter()
                    .map(|piece| Ok(Bytes::from_static(piece))),
            )
        };
        match (self.opens)(self.opened.fetch_add(1, Ordering::Relaxed)) {
            Opening::Ends(all) => Ok(pieces(all).boxed()),
            Opening::Stays(all) => Ok(pieces(all).chain(stream::pending()).boxed()),
            Opening::Refused(error) => Err(error),
            Opening::Never => std::future::pending().await,
        }
    }

    async fn newest(&self) -> Result<Option<String>> {
        match (self.answers)(self.asked.fetch_add(1, Ordering::Relaxed)) {
            true => Ok(Some("evt_0".to_owned())),
            false => Err(refusal(503, "service_unavailable", None)),
        }
    }

    async fn last_before(&self, when: When) -> Result<Option<String>> {
        match when {
            When::Ago(ago) => Ok(Some(format!("evt_{}s_ago", ago.as_secs()))),
            When::At(moment) => Ok(Some(format!("evt_at_{}", moment.as_second()))),
        }
    }

    async fn page(&self, after: Option<&str>) -> Result<Page> {
        let ids = (self.lists)(self.listed.fetch_add(1, Ordering::Relaxed))?;
        let listed = |id: &'static str| Listed {
            id: id.to_owned(),
            event_type: "a.b".to_owned(),
            body: format!(r#"{{"id":"{id}","type":"a.b"}}"#).into(),
        };
        let all: Vec<Listed> = ids.into_iter().map(listed).collect();
        Ok(page_of(&all, after))
    }
}

fn refusal(status: u16, code: &str, retry_after: Option<Duration>) -> CliError {
    CliError {
        kind: crate::error::kind_of_status(status),
        api: Some(Box::new(ApiDetails {
            status,
            code: Some(code.to_owned()),
            retry_after,
            ..ApiDetails::default()
        })),
        ..CliError::failure(format!("answered {status}"))
    }
}

/// What a source told, and when.
struct Told {
    signals: mpsc::Receiver<Signal>,
    cursor: Arc<Mutex<Cursor>>,
    events: Vec<String>,
    lost: Vec<(String, u32, Duration)>,
    recovered: Vec<bool>,
    warnings: Vec<String>,
    connected: u32,
    failed: Option<CliError>,
}

impl Told {
    fn by(api: Script) -> Self {
        Self::from(api, Start::Now)
    }

    fn from(api: impl EventApi, start: Start) -> Self {
        let (sender, signals) = mpsc::channel(16);
        let cursor = Arc::new(Mutex::new(Cursor::default()));
        let source = Source {
            api,
            cursor: Arc::clone(&cursor),
            start,
            silence: SILENCE,
            patience: patience(true),
            signals: sender,
            strange: AtomicU64::default(),
        };
        tokio::spawn(source.run());
        Self {
            signals,
            cursor,
            events: Vec::new(),
            lost: Vec::new(),
            recovered: Vec::new(),
            warnings: Vec::new(),
            connected: 0,
            failed: None,
        }
    }

    /// Takes signals, each event as handled at once, for this long or until the source is over.
    async fn after(mut self, time: Duration) -> Self {
        let end = Instant::now() + time;
        while let Ok(Some(signal)) = tokio::time::timeout_at(end, self.signals.recv()).await {
            match signal {
                Signal::Connected => self.connected += 1,
                Signal::Event(event) => {
                    self.cursor.lock().unwrap().handled(event.ticket);
                    self.events.push(event.id);
                }
                Signal::Lost {
                    reason,
                    attempt,
                    delay,
                } => self.lost.push((reason, attempt, delay)),
                Signal::Recovered { polling, .. } => self.recovered.push(polling),
                Signal::Warning(warning) => self.warnings.push(warning),
                Signal::Failed(error) => self.failed = Some(error),
            }
        }
        self
    }
}

const CONNECTED: &[u8] = b": connected\n\n";
const A: &[u8] = b"id: evt_a\ndata: {\"id\":\"evt_a\",\"type\":\"a.b\"}\n\n";
const B: &[u8] = b"id: evt_b\ndata: {\"id\":\"evt_b\",\"type\":\"a.b\"}\n\n";
const C: &[u8] = b"id: evt_c\ndata: {\"id\":\"evt_c\",\"type\":\"a.b\"}\n\n";

#[tokio::test(start_paused = true)]
async fn what_is_handled_while_a_stream_is_opened_at_the_newest_event_hides_none_before_it() {
    let cursor: Arc<OnceLock<Arc<Mutex<Cursor>>>> = Arc::default();
    let of_it = Arc::clone(&cursor);
    let api = Script::new(
        move |opened| match opened {
            0 => Opening::Ends(vec![CONNECTED, A]),
            _ => {
                // The first event's delivery ends only now: this stream was asked for without it.
                let ticket = crate::listen::cursor::Ticket::default();
                of_it.get().unwrap().lock().unwrap().handled(ticket);
                Opening::Stays(vec![CONNECTED, C])
            }
        },
        |listed| match listed {
            0 => Ok(vec![]),
            _ => Ok(vec!["evt_a", "evt_b", "evt_c"]),
        },
    );
    let mut told = Told::from(api, Start::At(Position::after(None)));
    cursor.set(Arc::clone(&told.cursor)).unwrap();
    let mut events = Vec::new();
    while events.len() < 3 {
        let signal = tokio::time::timeout(SILENCE, told.signals.recv()).await;
        if let Some(Signal::Event(event)) = signal.expect("an event is missing") {
            events.push(event.id);
        }
    }
    assert_eq!(events, ["evt_a", "evt_b", "evt_c"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_what_is_no_event_is_told_of_now_and_then() {
    let api = Script::new(
        |_| Opening::Stays(vec![b"data: {\"log\":1}\n\n"; 5_000]),
        |_| Ok(vec!["evt_0"]),
    );
    let told = Told::by(api).after(POLL).await;
    assert_eq!(told.warnings.len(), 4, "{:?}", told.warnings);
    assert!(told.warnings[3].contains("1000 so far"));
}

#[tokio::test(start_paused = true)]
async fn a_byte_order_mark_and_lines_of_several_parts_are_taken_as_the_standard_says() {
    let api = Script::new(
        |_| {
            Opening::Stays(vec![
                b"\xef\xbb\xbf: connected\r\n\r\n",
                b"event: a.b\rdata: {\"id\":\"evt_a\",\r\ndata:\"type\":\"a.b\"}\r\r",
                b"data\n\nretry: 5\n\nid: evt_nothing\n\n",
                B,
            ])
        },
        |_| Ok(vec!["evt_0"]),
    );
    let told = Told::by(api).after(POLL).await;
    assert_eq!(told.events, ["evt_a", "evt_b"]);
    assert!(told.warnings.is_empty() && told.lost.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_garbled_once_is_resumed_by_the_stream() {
    let api = Script::new(
        |opened| match opened {
            0 => Opening::Stays(vec![CONNECTED, A, b"data: \xff\n\n", B]),
            _ => Opening::Stays(vec![CONNECTED, A, B]),
        },
        |_| Ok(vec!["evt_0", "evt_a", "evt_b"]),
    );
    let told = Told::by(api).after(Duration::from_secs(5)).await;
    assert_eq!(told.events, ["evt_a", "evt_b"]);
    assert_eq!(told.recovered, [false]);
    assert_eq!(told.lost.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_api_is_left_alone_for_as_long_as_it_asks() {
    let seven = Duration::from_secs(7);
    let api = Script::new(
        move |opened| match opened {
            0 => Opening::Ends(vec![CONNECTED]),
            1 => Opening::Refused(refusal(429, "rate_limit_exceeded", Some(seven))),
            2 => Opening::Refused(refusal(503, "service_unavailable", Some(seven))),
            _ => Opening::Stays(vec![CONNECTED, A]),
        },
        |_| Ok(vec!["evt_0"]),
    );
    let told = Told::by(api).after(2 * seven - POLL).await;
    assert!(told.events.is_empty() && told.failed.is_none());
    let told = told.after(2 * POLL).await;
    assert_eq!(told.events, ["evt_a"]);
    let waits: Vec<Duration> = told.lost.iter().skip(1).map(|lost| lost.2).collect();
    assert_eq!(waits, [seven, seven]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_again_and_again_is_opened_ever_more_slowly() {
    let api = Script::new(|_| Opening::Ends(vec![CONNECTED]), |_| Ok(vec!["evt_0"]));
    let opened = Arc::clone(&api.opened);
    Told::by(api).after(Duration::from_secs(60)).await;
    // A quarter of a second apart, give or take half of it.
    assert!(opened.load(Ordering::Relaxed) < 60 * 8 + 20);
}

#[tokio::test(start_paused = true)]
async fn a_time_is_the_event_before_it() {
    for (when, expected) in [
        (When::Ago(Duration::from_secs(600)), "evt_600s_ago"),
        (When::At(jiff::Timestamp::UNIX_EPOCH), "evt_at_0"),
    ] {
        let api = Script::new(|_| Opening::Stays(vec![CONNECTED]), |_| Ok(vec![]));
        let start = Start::Since(Since::Time(when));
        let told = Told::from(api, start).after(POLL).await;
        let cursor = told.cursor.lock().unwrap();
        assert_eq!(cursor.resume_after(), Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_resumes_at_a_server_that_is_new_starts_with_its_first_event() {
    let api = Script::new(
        |opened| match opened {
            0 => Opening::Refused(refusal(400, UNKNOWN_CURSOR, None)),
            _ => Opening::Stays(vec![CONNECTED, B]),
        },
        |_| Ok(vec!["evt_a", "evt_b"]),
    );
    let position = Position::after(Some("evt_gone".into()));
    let told = Told::from(api, Start::At(position)).after(POLL).await;
    assert_eq!(told.events, ["evt_a", "evt_b"]);
    assert!(
        told.warnings[0].contains("does not know"),
        "{:?}",
        told.warnings
    );
    // An event that was named by hand is another matter.
    let api = Script::new(
        |_| Opening::Refused(refusal(400, UNKNOWN_CURSOR, None)),
        |_| Ok(vec![]),
    );
    let since = Start::Since(Since::Event("evt_gone".into()));
    let told = Told::from(api, since).after(POLL).await;
    assert_eq!(told.failed.unwrap().kind, Kind::Api);
}

#[tokio::test(start_paused = true)]
async fn nobody_reading_stops_the_source_and_not_the_memory() {
    /// A hundred thousand events, counted as they are taken.
    struct Flood(Arc<AtomicUsize>);

    impl EventApi for Flood {
        async fn open(&self, _: Option<&str>) -> Result<ByteStream> {
            let taken = Arc::clone(&self.0);
            let events = (0..100_000).map(move |n| {
                taken.fetch_add(1, Ordering::Relaxed);
                let text = format!("data: {{\"id\":\"evt_{n}\",\"type\":\"a.b\"}}\n\n");
                Ok(Bytes::from(text))
            });
            Ok(stream::iter(events).chain(stream::pending()).boxed())
        }

        async fn newest(&self) -> Result<Option<String>> {
            Ok(Some("evt".to_owned()))
        }

        async fn page(&self, _: Option<&str>) -> Result<Page> {
            Ok(Page::default())
        }
    }

    let taken = Arc::new(AtomicUsize::new(0));
    let (sender, mut signals) = mpsc::channel(16);
    let source = Source {
        api: Flood(Arc::clone(&taken)),
        cursor: Arc::default(),
        start: Start::Now,
        silence: SILENCE,
        patience: patience(true),
        signals: sender,
        strange: AtomicU64::default(),
    };
    tokio::spawn(source.run());
    // Far longer than the silence that would be a dead line.
    tokio::time::sleep(2 * SILENCE).await;
    assert!(taken.load(Ordering::Relaxed) <= 20);
    // And on it goes, with all of them, and without a loss.
    let mut events = 0;
    while events < 100_000 {
        match signals.recv().await.unwrap() {
            Signal::Event(event) => {
                assert_eq!(event.id, format!("evt_{events}"));
                events += 1;
            }
            Signal::Connected => {}
            other => panic!("{other:?}"),
        }
    }
}
