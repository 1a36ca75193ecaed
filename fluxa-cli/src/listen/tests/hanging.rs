//! Targets that do not answer, beside others that do.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::*;

/// A target that answers nothing but what is free before the gate opens, and notes what it answered.
#[derive(Clone)]
struct Gated {
    gate: watch::Sender<bool>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Gated {
    async fn start() -> (Self, String) {
        let gated = Self {
            gate: watch::Sender::new(false),
            seen: Arc::default(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(hold).with_state(gated.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (gated, format!("http://{address}/"))
    }
}

async fn hold(State(gated): State<Gated>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let verifier = Verifier::new(SECRET).unwrap();
    let id = verifier
        .verify_headers(&body, &headers)
        .unwrap()
        .id()
        .to_owned();
    if !id.ends_with("free") {
        gated.gate.subscribe().wait_for(|open| *open).await.unwrap();
    }
    gated.seen.lock().unwrap().push(id);
    StatusCode::OK
}

/// An event of some size.
fn large(id: &str, object: &str, size: usize) -> Bytes {
    let padding = "x".repeat(size);
    Bytes::from(format!(
        r#"{{"id":"{id}","type":"payment.settled","data":{{"object":{{"id":"{object}","description":"{padding}"}}}}}}"#
    ))
}

fn stream_of(bodies: Vec<Bytes>) -> Script {
    Script::new(Some("evt_before"), [Open::Stays(bodies)])
}

async fn to(targets: &[String], script: Script) -> Pipeline<Script> {
    Pipeline {
        targets: Targets::parse(targets, &[], &manner()).unwrap(),
        retries: 0,
        ..pipeline(script, &Target::default()).await
    }
}

#[tokio::test]
async fn what_waits_for_a_hanging_target_is_let_go_and_read_again_in_order_and_none_lost() {
    // More than the bytes that are held.
    const EVENTS: usize = 1_500;
    let bodies: HashMap<String, Bytes> = (0..EVENTS)
        .map(|n| format!("evt_{n:04}"))
        .map(|id| (id.clone(), large(&id, &format!("pay_{}", &id[6..]), 5_000)))
        .collect();
    let mut stream: Vec<(String, Bytes)> = bodies.clone().into_iter().collect();
    stream.sort();
    let script = stream_of(stream.into_iter().map(|(_, body)| body).collect());
    let (hangs, hanging) = Gated::start().await;
    let good = Target::default();
    let good_url = good.start().await.to_string();
    let recalled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&recalled);
    let session = Session {
        recall: Some(Arc::new(move |id| {
            counter.fetch_add(1, Ordering::Relaxed);
            let body = bodies[&id].clone();
            Box::pin(async move { Ok(body) })
        })),
        ..Session::default()
    };
    let pipeline = Pipeline {
        session,
        limits: Limits {
            max_events: Some(EVENTS as u64),
            within: None,
        },
        ..to(&[hanging, good_url.clone()], script).await
    };
    let mut delivered = 0;
    let (summary, ended, _) = run_pipeline(pipeline, |told| {
        if let Some(ListenEvent::Delivery { target, ok, .. }) = told.last()
            && *target == good_url
        {
            assert!(*ok);
            delivered += 1;
            // Only now, so that nothing was delivered for want of waiting.
            if delivered == EVENTS {
                hangs.gate.send(true).unwrap();
            }
        }
        false
    })
    .await;
    assert_eq!(ended, Ended::Complete);
    assert_eq!((summary.delivered, summary.failed), (EVENTS as u64, 0));
    assert!(recalled.load(Ordering::Relaxed) > 0);
    let mut seen = hangs.seen.lock().unwrap().clone();
    for object in 0..100 {
        let ending = format!("{object:02}");
        let of_object: Vec<&String> = seen.iter().filter(|id| id.ends_with(&ending)).collect();
        assert!(of_object.is_sorted(), "{of_object:?}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), EVENTS);
}

#[tokio::test]
async fn many_that_hang_keep_no_place_from_others_of_the_same_target() {
    let hanging = (0..85).map(|n| event(&format!("evt_{n}"), &format!("pay_{n}")));
    let bodies = hanging.chain([event("evt_free", "pay_free")]);
    let (target, url) = Gated::start().await;
    let pipeline = to(&[url], stream_of(bodies.collect())).await;
    let is_delivery = |event: &ListenEvent| matches!(event, ListenEvent::Delivery { .. });
    let (summary, _, told) = run_pipeline(pipeline, |told| told.iter().any(is_delivery)).await;
    assert_eq!(*target.seen.lock().unwrap(), ["evt_free"]);
    assert_eq!((summary.delivered, summary.unfinished), (1, 85));
    let is_warning = |event: &ListenEvent| matches!(event, ListenEvent::Warning(_));
    assert!(!told.iter().any(is_warning), "{told:?}");
}

/// Runs until a warning is told; returns all of them.
async fn warnings(pipeline: Pipeline<Script>) -> Vec<String> {
    let is_warning = |event: &ListenEvent| matches!(event, ListenEvent::Warning(_));
    let (_, _, told) = run_pipeline(pipeline, |told| told.iter().any(is_warning)).await;
    let warning = |event| match event {
        ListenEvent::Warning(warning) => Some(warning),
        _ => None,
    };
    told.into_iter().filter_map(warning).collect()
}

#[tokio::test]
async fn a_target_with_as_many_unanswered_as_may_be_is_named_once() {
    let bodies = (0..200).map(|n| event(&format!("evt_{n}"), &format!("pay_{n}")));
    let (_hangs, hanging) = Gated::start().await;
    let pipeline = to(std::slice::from_ref(&hanging), stream_of(bodies.collect())).await;
    let told = warnings(pipeline).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with(&hanging) && told[0].contains("--timeout"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_target_for_which_everything_waits_is_named_once() {
    // All of one object: one of them hangs, and all others wait behind it.
    let bodies = (0..9_000).map(|n| event(&format!("evt_{n}"), "pay_1"));
    let (_hangs, hanging) = Gated::start().await;
    let pipeline = to(std::slice::from_ref(&hanging), stream_of(bodies.collect())).await;
    let told = warnings(pipeline).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(&hanging) && told[0].contains("8192 events"),
        "{told:?}"
    );
}
