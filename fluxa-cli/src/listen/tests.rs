//! The pipeline between a scripted stream and a real local server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use fluxa_sdk::webhooks::Verifier;
use futures_util::stream::{self, StreamExt};
use tokio::sync::Notify;

use super::forwarder::Manner;
use super::history::tests::page_of;
use super::history::{Listed, Page};
use super::source::{ByteStream, EventApi, patience};
use super::*;

mod endings;
mod hanging;

const SECRET: &str = "whsec_pipeline";

/// One opening of the stream.
enum Open {
    /// These events, then the end of the stream.
    Ends(Vec<Bytes>),
    /// These events, then silence.
    Stays(Vec<Bytes>),
    /// This event after a while, then silence.
    Later(Duration, Bytes),
    Refused(CliError),
}

/// The API as the test wants it.
#[derive(Clone, Default)]
struct Script {
    newest: Option<&'static str>,
    opens: Arc<Mutex<VecDeque<Open>>>,
    /// Oldest first.
    listed: Arc<Mutex<Vec<Listed>>>,
    asked_after: Arc<Mutex<Vec<Option<String>>>>,
}

impl Script {
    fn new(newest: Option<&'static str>, opens: impl IntoIterator<Item = Open>) -> Self {
        let opens = Arc::new(Mutex::new(opens.into_iter().collect()));
        Self {
            newest,
            opens,
            ..Self::default()
        }
    }

    fn asked_after(&self) -> Vec<Option<String>> {
        self.asked_after.lock().unwrap().clone()
    }
}

impl EventApi for Script {
    async fn open(&self, after: Option<&str>) -> Result<ByteStream> {
        self.asked_after
            .lock()
            .unwrap()
            .push(after.map(str::to_owned));
        let frame = |body: &Bytes| {
            let text = String::from_utf8_lossy(body);
            Ok(Bytes::from(format!(
                ": ping\n\nid: x\nevent: y\ndata: {text}\n\n"
            )))
        };
        match self.opens.lock().unwrap().pop_front() {
            Some(Open::Ends(events)) => {
                let frames: Vec<_> = events.iter().map(frame).collect();
                Ok(stream::iter(frames).boxed())
            }
            Some(Open::Stays(events)) => {
                let connected = Ok(Bytes::from_static(b": connected\n\n"));
                let frames: Vec<_> = std::iter::once(connected)
                    .chain(events.iter().map(frame))
                    .collect();
                Ok(stream::iter(frames).chain(stream::pending()).boxed())
            }
            Some(Open::Later(after, event)) => {
                let frame = frame(&event);
                let later = stream::once(async move {
                    tokio::time::sleep(after).await;
                    frame
                });
                Ok(later.chain(stream::pending()).boxed())
            }
            Some(Open::Refused(error)) => Err(error),
            None => Ok(stream::pending().boxed()),
        }
    }

    async fn newest(&self) -> Result<Option<String>> {
        Ok(self.newest.map(str::to_owned))
    }

    async fn page(&self, after: Option<&str>) -> Result<Page> {
        Ok(page_of(&self.listed.lock().unwrap(), after))
    }
}

fn event(id: &str, object: &str) -> Bytes {
    Incoming::for_test(id, "payment.settled", object).body
}

fn listed(id: &str, object: &str) -> Listed {
    let body = event(id, object);
    let (id, event_type) = (id.to_owned(), "payment.settled".to_owned());
    Listed {
        id,
        event_type,
        body,
    }
}

/// What the local server saw, and how it answers.
#[derive(Clone, Default)]
struct Target {
    seen: Arc<Mutex<Vec<String>>>,
    verified: Arc<Mutex<u32>>,
    /// Answered first, in order; afterwards 200.
    statuses: Arc<Mutex<VecDeque<u16>>>,
    /// When set, the event named first waits until the one named second has come.
    hold: Option<(&'static str, &'static str, Arc<Notify>)>,
}

impl Target {
    async fn start(&self) -> url::Url {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(receive).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/hooks").parse().unwrap()
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn receive(State(target): State<Target>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let verifier = Verifier::new(SECRET).unwrap();
    let event = verifier.verify_headers(&body, &headers).unwrap();
    *target.verified.lock().unwrap() += 1;
    if let Some((held, releasing, released)) = &target.hold {
        if event.id() == *held {
            released.notified().await;
        } else if event.id() == *releasing {
            released.notify_one();
        }
    }
    target.seen.lock().unwrap().push(event.id().to_owned());
    let status = target.statuses.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}

fn manner() -> Manner {
    Manner {
        timeout: Duration::from_secs(30),
        ..Manner::default()
    }
}

async fn run(script: Script, target: &Target, events: u64) -> (Summary, Vec<ListenEvent>) {
    let limits = Limits {
        max_events: Some(events),
        within: None,
    };
    let (summary, ended, told) = run_limited(script, target, limits).await;
    assert_eq!(ended, Ended::Complete);
    (summary, told)
}

async fn run_limited(
    script: Script,
    target: &Target,
    limits: Limits,
) -> (Summary, Ended, Vec<ListenEvent>) {
    run_until(script, target, limits, None, |_| false).await
}

/// Stops once so many deliveries were made and the source has recovered.
fn delivered_and_recovered(deliveries: usize) -> impl FnMut(&[ListenEvent]) -> bool {
    move |told| {
        let is_delivery = |event: &&ListenEvent| matches!(event, ListenEvent::Delivery { .. });
        told.iter().filter(is_delivery).count() >= deliveries
            && told
                .iter()
                .any(|event| matches!(event, ListenEvent::Recovered { .. }))
    }
}

async fn pipeline(script: Script, target: &Target) -> Pipeline<Script> {
    Pipeline {
        api: script,
        start: Start::Now,
        bookmark: None,
        patience: patience(true),
        filter: Filter::default(),
        signer: Signer::new(SECRET),
        targets: Targets::parse(&[target.start().await.into()], &[], &manner()).unwrap(),
        acknowledger: None,
        concurrency: 8,
        retries: 1,
        limits: Limits::default(),
        session: Session::default(),
        ready: ListenEvent::Ready {
            session: "lst_1".into(),
            forward_to: String::new(),
            targets: Vec::new(),
            api_base: String::new(),
            livemode: false,
            events: Vec::new(),
        },
    }
}

async fn run_until(
    script: Script,
    target: &Target,
    limits: Limits,
    acknowledger: Option<Acknowledger>,
    is_last: impl FnMut(&[ListenEvent]) -> bool,
) -> (Summary, Ended, Vec<ListenEvent>) {
    let pipeline = Pipeline {
        acknowledger,
        limits,
        ..pipeline(script, target).await
    };
    run_pipeline(pipeline, is_last).await
}

async fn run_pipeline(
    pipeline: Pipeline<Script>,
    mut is_last: impl FnMut(&[ListenEvent]) -> bool,
) -> (Summary, Ended, Vec<ListenEvent>) {
    let mut told = Vec::new();
    let stop = Notify::new();
    let stopped = async {
        stop.notified().await;
        Ok(Stop::Interrupted)
    };
    let running = pipeline.run(stream::once(stopped), |event| {
        told.push(event);
        if is_last(&told) {
            stop.notify_one();
        }
        Ok(())
    });
    let (summary, ended) = tokio::time::timeout(Duration::from_secs(120), running)
        .await
        .unwrap()
        .unwrap();
    (summary, ended, told)
}

#[tokio::test]
async fn deliveries_are_signed_and_in_order_per_object() {
    let bodies = (0..20).map(|n| event(&format!("evt_{n:02}"), &format!("pay_{}", n % 3)));
    let script = Script::new(Some("evt_before"), [Open::Stays(bodies.collect())]);
    let target = Target::default();
    let (summary, _) = run(script, &target, 20).await;
    assert_eq!((summary.delivered, summary.failed), (20, 0));
    assert_eq!(*target.verified.lock().unwrap(), 20);
    for object in 0..3 {
        let of_object: Vec<String> = target
            .seen()
            .into_iter()
            .filter(|id| id.trim_start_matches("evt_").parse::<u32>().unwrap() % 3 == object)
            .collect();
        assert!(of_object.is_sorted(), "{of_object:?}");
    }
}

#[tokio::test]
async fn a_slow_object_holds_up_no_other() {
    let bodies = vec![
        event("evt_slow", "pay_1"),
        event("evt_behind", "pay_1"),
        event("evt_other", "pay_2"),
    ];
    let target = Target {
        hold: Some(("evt_slow", "evt_other", Arc::default())),
        ..Target::default()
    };
    run(
        Script::new(Some("evt_0"), [Open::Stays(bodies)]),
        &target,
        3,
    )
    .await;
    assert_eq!(
        target.seen().iter().position(|id| id == "evt_behind"),
        Some(2)
    );
}

#[tokio::test]
async fn a_target_that_hangs_keeps_no_more_from_another_than_from_none() {
    const EVENTS: usize = 700;
    let hangs = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}/", hangs.local_addr().unwrap());
    let bodies = (0..EVENTS).map(|n| event(&format!("evt_{n}"), &format!("pay_{n}")));
    let script = Script::new(Some("evt_before"), [Open::Stays(bodies.collect())]);
    let good = Target::default();
    let targets = [hanging, good.start().await.into()];
    let targets = Targets::parse(&targets, &[], &manner()).unwrap();
    let enough = |told: &[ListenEvent]| {
        let is_delivery = |event: &&ListenEvent| matches!(event, ListenEvent::Delivery { .. });
        told.iter().filter(is_delivery).count() == EVENTS
    };
    let pipeline = Pipeline {
        targets,
        ..pipeline(script, &good).await
    };
    let (summary, ..) = run_pipeline(pipeline, enough).await;
    assert_eq!(good.seen().len(), EVENTS);
    assert_eq!((summary.events, summary.delivered), (EVENTS as u64, 0));
}

#[tokio::test]
async fn a_lost_stream_is_resumed_and_nothing_is_repeated() {
    let (a, b, c) = (
        event("evt_a", "pay_1"),
        event("evt_b", "pay_2"),
        event("evt_c", "pay_1"),
    );
    let script = Script::new(
        Some("evt_0"),
        [
            Open::Ends(vec![a.clone(), b.clone()]),
            Open::Refused(CliError::network("connection refused")),
            // Everything again, as a server does that resumes from before them.
            Open::Stays(vec![a, b, c]),
        ],
    );
    *script.listed.lock().unwrap() = ["evt_0", "evt_a", "evt_b", "evt_c"]
        .map(|id| listed(id, "pay_1"))
        .to_vec();
    let target = Target::default();
    let limits = Limits::default();
    let enough = delivered_and_recovered(3);
    let (summary, _, told) = run_until(script.clone(), &target, limits, None, enough).await;
    let mut seen = target.seen();
    seen.sort();
    assert_eq!(seen, ["evt_a", "evt_b", "evt_c"]);
    assert_eq!(summary.reconnects, 1);
    assert_eq!(script.asked_after()[0].as_deref(), Some("evt_0"));
    assert!(script.asked_after().iter().all(Option::is_some));
    assert!(told.iter().any(|event| matches!(
        event,
        ListenEvent::Recovered {
            attempts: 2,
            resumed: true,
            events: 1,
            polling: false,
            ..
        }
    )));
}

#[tokio::test]
async fn what_happened_while_there_was_nothing_to_resume_after_is_filled_in_from_the_list() {
    let script = Script::new(
        None,
        [
            Open::Ends(vec![]),
            Open::Stays(vec![event("evt_b", "pay_1")]),
        ],
    );
    *script.listed.lock().unwrap() = vec![listed("evt_a", "pay_1"), listed("evt_b", "pay_1")];
    let target = Target::default();
    run(script, &target, 2).await;
    assert_eq!(target.seen(), ["evt_a", "evt_b"]);
}

#[tokio::test]
async fn a_cursor_the_server_has_forgotten_starts_over() {
    let unknown = CliError {
        api: Some(Box::new(crate::error::ApiDetails {
            status: 400,
            code: Some("invalid_cursor".into()),
            ..Default::default()
        })),
        ..CliError::failure("no such event")
    };
    let script = Script::new(
        Some("evt_0"),
        [
            Open::Ends(vec![event("evt_a", "pay_1")]),
            Open::Refused(unknown),
            Open::Stays(vec![]),
        ],
    );
    *script.listed.lock().unwrap() = vec![listed("evt_new", "pay_1")];
    let target = Target::default();
    let (limits, enough) = (Limits::default(), delivered_and_recovered(2));
    let (.., told) = run_until(script, &target, limits, None, enough).await;
    assert_eq!(target.seen(), ["evt_a", "evt_new"]);
    assert!(told.iter().any(|event| matches!(
        event,
        ListenEvent::Warning(warning) if warning.contains("earlier events are gone")
    )));
    assert!(
        told.iter()
            .any(|event| matches!(event, ListenEvent::Recovered { resumed: false, .. }))
    );
}

#[tokio::test]
async fn a_failed_delivery_is_retried_then_given_up_and_the_stream_goes_on() {
    let bodies = ["evt_a", "evt_b", "evt_c"].map(|id| event(id, "pay_1"));
    let script = Script::new(Some("evt_0"), [Open::Stays(bodies.to_vec())]);
    let target = Target::default();
    // evt_a: 500 then 200. evt_b: 500 twice. evt_c: 400, which no retry changes.
    *target.statuses.lock().unwrap() = VecDeque::from([500, 200, 503, 503, 400]);
    let (summary, told) = run(script, &target, 3).await;
    assert_eq!(target.seen(), ["evt_a", "evt_a", "evt_b", "evt_b", "evt_c"]);
    assert_eq!(
        (summary.delivered, summary.failed, summary.retries),
        (1, 2, 2)
    );
    let last = told
        .iter()
        .filter(|event| matches!(event, ListenEvent::Delivery { last: true, .. }));
    assert_eq!(last.count(), 3);
}

#[tokio::test]
async fn what_waits_to_be_tried_again_at_the_end_is_unfinished() {
    let bodies = ["evt_a", "evt_b"].map(|id| event(id, "pay_1"));
    let script = Script::new(Some("evt_0"), [Open::Stays(bodies.to_vec())]);
    let target = Target::default();
    // evt_a: 500, and the stop comes before it is tried again; evt_b waits behind it.
    *target.statuses.lock().unwrap() = VecDeque::from([500]);
    let is_retry = |told: &[ListenEvent]| matches!(told, [.., ListenEvent::Retry { .. }]);
    let (summary, ended, _) = run_until(script, &target, Limits::default(), None, is_retry).await;
    assert_eq!(ended, Ended::Stopped);
    assert_eq!((summary.events, summary.unfinished), (2, 2));
}

#[tokio::test]
async fn what_fails_while_leaving_is_not_given_up_and_what_succeeds_is_done() {
    // The stop comes with the event, before its attempt has an answer.
    for (status, delivered, unfinished) in [(500, 0, 1), (200, 1, 0)] {
        let script = Script::new(Some("evt_0"), [Open::Stays(vec![event("evt_a", "pay_1")])]);
        let target = Target::default();
        *target.statuses.lock().unwrap() = VecDeque::from([status]);
        let arrived = |told: &[ListenEvent]| matches!(told, [.., ListenEvent::Event { .. }]);
        let limits = Limits::default();
        let (summary, ended, _) = run_until(script, &target, limits, None, arrived).await;
        assert_eq!(ended, Ended::Stopped);
        assert_eq!(target.seen(), ["evt_a"]);
        assert_eq!(
            (summary.delivered, summary.failed, summary.unfinished),
            (delivered, 0, unfinished)
        );
    }
}

#[tokio::test]
async fn attempts_that_could_not_be_reported_are_in_the_summary() {
    let bodies = ["evt_good", "evt_bad"].map(|id| event(id, "pay_1"));
    let script = Script::new(Some("evt_0"), [Open::Stays(bodies.to_vec())]);
    let target = Target::default();
    // evt_good once; evt_bad twice, and both attempts go unrecorded.
    *target.statuses.lock().unwrap() = VecDeque::from([200, 500, 200]);
    let limits = Limits {
        max_events: Some(2),
        within: None,
    };
    let acknowledger = Some(acknowledge::tests::choosy().await);
    let (summary, ..) = run_until(script, &target, limits, acknowledger, |_| false).await;
    assert_eq!((summary.delivered, summary.unreported), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn silence_beyond_two_and_a_half_pings_is_a_dead_line() {
    let script = Script::new(Some("evt_0"), [Open::Stays(vec![]), Open::Stays(vec![])]);
    let limits = Limits {
        max_events: None,
        within: Some(source::SILENCE + Duration::from_secs(5)),
    };
    let (summary, ended, told) = run_limited(script, &Target::default(), limits).await;
    assert_eq!(ended, Ended::TimeUp);
    assert_eq!(summary.reconnects, 1);
    let dead = told.iter().any(|event| {
        matches!(event, ListenEvent::Reconnecting { reason, .. } if reason.contains("no sign of life"))
    });
    assert!(dead, "{told:?}");
}
