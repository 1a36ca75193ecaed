//! Dropping a call's future, wherever it is: the client, its quota and its pacer stay whole.

use std::sync::Arc;
use std::time::Duration;

use fluxa_sdk::observe::{CallEvent, CallResult};
use fluxa_sdk::testing::{Script, ScriptedAnswer, ScriptedFault};
use fluxa_sdk::{Client, Outcome};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::builder;
use crate::server::{Server, Step, ok, status};

/// What an observer is told, in words, for tests to wait on.
struct Told(UnboundedReceiver<String>);

impl Told {
    async fn wait_for(&mut self, wanted: &str) {
        let found = async { while self.0.recv().await.is_some_and(|told| told != wanted) {} };
        let deadline = Duration::from_secs(10);
        timeout(deadline, found)
            .await
            .unwrap_or_else(|_| panic!("never told: {wanted}"));
    }
}

fn observed(client: fluxa_sdk::ClientBuilder) -> (Client, Told) {
    let (sender, told) = unbounded_channel();
    let observer = move |event: &CallEvent<'_>| {
        let word = match event {
            CallEvent::AttemptStarted(_) => "begun".to_owned(),
            CallEvent::AttemptEnded(ended) if ended.retry_wait.is_some() => "waiting".to_owned(),
            CallEvent::CallEnded(ended) => format!("{:?}", ended.result),
            _ => return,
        };
        let _ = sender.send(word);
    };
    (client.observe(observer).build().unwrap(), Told(told))
}

/// Sends a call, waits until the observer is told `word`, and drops the call.
async fn drop_when(fluxa: &Client, told: &mut Told, word: &str) {
    let task = tokio::spawn(fluxa.raw("POST", "/payments").into_future());
    told.wait_for(word).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn dropped_before_it_is_polled_nothing_is_sent() {
    let script = Script::new();
    drop(script.client().raw("POST", "/payments").into_future());
    drop(script.client().raw("POST", "/payments"));
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn dropped_before_the_answer_or_within_its_body_it_may_have_been_carried_out() {
    for step in [Step::Hang, Step::Stall(200, "{\"id\":".into())] {
        let server = Server::start([step.clone(), ok("{}")]).await;
        let (fluxa, mut told) = observed(builder(&server.base_url()));
        let task = tokio::spawn(fluxa.raw("POST", "/payments").into_future());
        let received = async {
            while server.requests().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), received).await.unwrap();
        task.abort();
        told.wait_for(&format!("{:?}", CallResult::Cancelled(Outcome::Unknown)))
            .await;
        assert_eq!(
            fluxa.raw("GET", "/payments").await.unwrap().attempts(),
            1,
            "{step:?}"
        );
    }
}

#[tokio::test]
async fn dropped_in_the_wait_before_a_retry_its_cost_goes_back() {
    let server = Server::start((0..61).map(|_| status(503)).chain([ok("{}")])).await;
    let slow = builder(&server.base_url()).retry_base_delay(Duration::from_secs(8));
    let (slow, mut told) = observed(slow);
    let quick = builder(&server.base_url()).build().unwrap();
    // 60 times 14 tokens are more than the 500 that the two clients share.
    for _ in 0..60 {
        drop_when(&slow, &mut told, "waiting").await;
        told.wait_for(&format!("{:?}", CallResult::Cancelled(Outcome::Unknown)))
            .await;
    }
    assert_eq!(quick.raw("POST", "/payments").await.unwrap().attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn dropped_in_line_for_the_rate_limit_nothing_was_sent_and_the_line_goes_on() {
    let script = Script::new();
    let answer = || {
        ScriptedAnswer::new(200)
            .json(json!({}))
            .header("X-RateLimit-Limit", "10")
            .header("X-RateLimit-Remaining", "0")
            .header("X-RateLimit-Reset", "1800000000")
    };
    script
        .on("GET", "/status")
        .answer_by(move |_| answer())
        .always();
    script.on("POST", "/payments").answer(201, json!({}));
    let (fluxa, mut told) = observed(script.builder().pace_requests());
    fluxa.raw("GET", "/status").await.unwrap();
    told.wait_for("Succeeded").await;

    let waiting: Vec<_> = (0..100)
        .map(|_| tokio::spawn(fluxa.raw("POST", "/payments").into_future()))
        .collect();
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    for task in &waiting {
        task.abort();
    }
    for _ in &waiting {
        told.wait_for(&format!("{:?}", CallResult::Cancelled(Outcome::NotSent)))
            .await;
    }
    assert_eq!(script.requests().len(), 1, "no payment was asked for");
    let started = tokio::time::Instant::now();
    fluxa.raw("POST", "/payments").await.unwrap();
    assert!(
        started.elapsed() < Duration::from_millis(210),
        "{:?}",
        started.elapsed()
    );
    script.assert_done();
}

#[tokio::test(start_paused = true)]
async fn dropped_under_way_a_request_does_not_block_the_pacer() {
    let script = Script::new();
    script
        .on("POST", "/payments")
        .fail(ScriptedFault::NeverAnswered)
        .times(50);
    script.on("GET", "/status").answer(200, json!({}));
    let (fluxa, mut told) = observed(script.builder().pace_requests());
    // Until the first answer there is leave for one request at a time.
    for _ in 0..50 {
        drop_when(&fluxa, &mut told, "begun").await;
    }
    let call = fluxa.raw("GET", "/status").into_future();
    assert!(timeout(Duration::from_secs(1), call).await.unwrap().is_ok());
    script.assert_done();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_dropped_at_random_leave_nothing_behind() {
    let script = Script::new();
    let answer = |_: &_| {
        ScriptedAnswer::new(200)
            .json(json!({}))
            .delay(Duration::from_millis(2))
    };
    script.on("POST", "/payments").answer_by(answer).always();
    let probe = Arc::new(());
    let held = Arc::clone(&probe);
    let keep = move |_: &CallEvent<'_>| assert!(Arc::strong_count(&held) > 0);
    let fluxa = script
        .builder()
        .pace_requests()
        .observe(keep)
        .build()
        .unwrap();
    let calls: Vec<_> = (0..10_000)
        .map(|index| {
            let call = fluxa.raw("POST", "/payments").into_future();
            let limit = Duration::from_micros(index % 5 * 1000);
            tokio::spawn(async move { timeout(limit, call).await.is_ok() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let after = fluxa.raw("POST", "/payments").into_future();
    assert!(
        timeout(Duration::from_secs(10), after)
            .await
            .unwrap()
            .is_ok()
    );
    drop(fluxa);
    assert_eq!(
        Arc::strong_count(&probe),
        1,
        "no call keeps the client alive"
    );
}
