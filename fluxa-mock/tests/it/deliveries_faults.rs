//! Endpoints that fail, hang, answer nonsense, or are changed while their deliveries wait.

use crate::support::hostile::Hostile;
use crate::support::receiver::{Received, Receiver};
use crate::support::{Answer, Api, start};
use fluxa_mock::MockServer;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// What is kept of a body.
const KEPT: usize = 64 * 1024;

const DAYS_4: Duration = Duration::from_secs(4 * 86_400);

async fn endpoint(api: &Api, url: &str) -> Answer {
    let body = json!({ "url": url, "events": ["customer.created"] });
    api.post("/v1/webhook_endpoints", body).await.ok()
}

async fn customer(api: &Api) {
    let body = json!({ "email": "a@example.com" });
    api.post("/v1/customers", body).await.ok();
}

/// Attempts, the oldest first.
async fn attempts(api: &Api, endpoint: &str) -> Vec<Value> {
    let path = format!("/v1/webhook_endpoints/{endpoint}/deliveries?limit=100");
    let mut rows = api.get(&path).await.ok().body["data"]
        .as_array()
        .unwrap()
        .clone();
    rows.reverse();
    rows
}

fn statuses(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["status"].as_str().unwrap())
        .collect()
}

async fn impatient(time_out: Duration) -> (MockServer, Api) {
    let server = MockServer::builder().configure(|config| config.delivery_timeout(time_out));
    let server = server.start().await.unwrap();
    let api = Api::new(&server);
    (server, api)
}

#[tokio::test]
async fn an_endpoint_that_hangs_delays_no_other() {
    // Longer than the receiver is waited for.
    let (_server, api) = impatient(Duration::from_secs(3600)).await;
    let silent = Hostile::silent().await;
    let receiver = Receiver::start().await;
    endpoint(&api, &silent.url()).await;
    endpoint(&api, &receiver.url()).await;
    for _ in 0..60 {
        customer(&api).await;
    }
    receiver.wait_for(60).await;
    assert!(silent.connections() >= 1);
}

#[tokio::test]
async fn an_advance_waits_for_a_time_out() {
    let (server, api) = impatient(Duration::from_secs(3)).await;
    let silent = Hostile::silent().await;
    let receiver = Receiver::start().await;
    let hanging = endpoint(&api, &silent.url()).await.id();
    let fine = endpoint(&api, &receiver.url()).await.id();
    for _ in 0..40 {
        customer(&api).await;
    }
    server.advance(Duration::from_secs(1)).await.unwrap();
    let rows = attempts(&api, &hanging).await;
    assert_eq!(statuses(&rows), ["retrying"; 40]);
    assert_eq!(rows[0]["error"], "No answer within 3 seconds.");
    assert_eq!(statuses(&attempts(&api, &fine).await), ["succeeded"; 40]);
}

#[tokio::test]
async fn attempts_to_a_slow_endpoint_are_under_way_together_while_the_clock_is_advanced() {
    // One after the other they would wait for each other for ever.
    const TOGETHER: usize = 40;
    let (server, api) = impatient(Duration::from_secs(3600)).await;
    let (came, _) = tokio::sync::watch::channel(0);
    let slow = Hostile::start(move |mut stream| {
        came.send_modify(|count| *count += 1);
        let mut all = came.subscribe();
        async move {
            all.wait_for(|came| *came >= TOGETHER).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    let id = endpoint(&api, &slow.url()).await.id();
    for _ in 0..TOGETHER {
        customer(&api).await;
    }
    server.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(
        statuses(&attempts(&api, &id).await),
        ["succeeded"; TOGETHER]
    );
}

/// All that is delivered in the four days after, as told by the receiver: the same for each run.
async fn four_days(seed: u64) -> Vec<(String, String)> {
    let server = MockServer::builder().seed(seed).start().await.unwrap();
    let api = Api::new(&server);
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    for _ in 0..3 {
        endpoint(&api, &receiver.url()).await;
    }
    let others =
        json!({ "url": receiver.url(), "events": ["payment.settling", "payment.settled"] });
    api.post("/v1/webhook_endpoints", others).await.ok();
    for _ in 0..5 {
        customer(&api).await;
        api.payment("settling=5m,settled=10m").await;
    }
    // The first attempts: under way since their events, to all endpoints at the same time.
    server.advance(Duration::ZERO).await.unwrap();
    let before = receiver.received().len();
    server.advance(DAYS_4).await.unwrap();
    let told = |one: &Received| {
        let id = one.headers["x-fluxa-delivery-id"].clone();
        (id, one.event()["id"].to_string())
    };
    receiver.received()[before..].iter().map(told).collect()
}

#[tokio::test]
async fn one_seed_has_one_order_of_retries_over_all_endpoints() {
    let first = four_days(11).await;
    // Nine retries of five events to three endpoints, and ten attempts of ten to another.
    assert_eq!(first.len(), 9 * 15 + 10 * 10);
    for _ in 0..4 {
        assert_eq!(four_days(11).await, first);
    }
    assert_ne!(four_days(12).await, first);
}

#[tokio::test]
async fn retries_keep_the_order_of_their_events_whoever_answered_first() {
    let (server, api) = impatient(Duration::from_secs(2)).await;
    let (silent, receiver) = (Receiver::start().await, Receiver::start().await);
    silent.never_answer();
    receiver.answer_with(500);
    let first = endpoint(&api, &silent.url()).await.id();
    let second = endpoint(&api, &receiver.url()).await.id();
    customer(&api).await;
    // The second one has failed before the first one times out.
    while statuses(&attempts(&api, &second).await) != ["retrying"] {}
    assert_eq!(statuses(&attempts(&api, &first).await), ["pending"]);
    server.advance(Duration::ZERO).await.unwrap();
    let path = format!("/v1/webhook_endpoints/{first}");
    api.patch(&path, json!({ "url": receiver.url() }))
        .await
        .ok();
    server.advance(Duration::from_secs(60)).await.unwrap();
    let mut expected = Vec::new();
    for id in [&first, &second] {
        expected.push(attempts(&api, id).await[1]["id"].clone());
    }
    let seen: Vec<Value> = receiver.received()[1..]
        .iter()
        .map(|one| one.headers["x-fluxa-delivery-id"].clone().into())
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_disabled_endpoint_gets_nothing_more_and_its_history_says_so() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    let id = endpoint(&api, &receiver.url()).await.id();
    customer(&api).await;
    server.advance(Duration::from_secs(61)).await.unwrap();
    let path = format!("/v1/webhook_endpoints/{id}");
    let disable = json!({ "status": "disabled" });
    api.patch(&path, disable.clone()).await.ok();
    // No event of this time, no retry.
    customer(&api).await;
    server.advance(DAYS_4).await.unwrap();
    let rows = attempts(&api, &id).await;
    assert_eq!(statuses(&rows), ["retrying", "failed"]);
    assert_eq!(rows[1]["response_status"], 500);
    assert_eq!(rows[1]["error"], "The endpoint was disabled.");
    assert_eq!(rows[1]["next_attempt_at"], Value::Null);
    // Enabled again, what has ended stays ended.
    receiver.answer_with(200);
    api.patch(&path, json!({ "status": "enabled" })).await.ok();
    customer(&api).await;
    server.advance(DAYS_4).await.unwrap();
    let rows = attempts(&api, &id).await;
    assert_eq!(statuses(&rows), ["retrying", "failed", "succeeded"]);
    assert_eq!(receiver.received().len(), 3);
    let clock = api.get("/v1/sandbox/clock").await.ok().body;
    assert_eq!(clock["pending_timers"], 0);
}

#[tokio::test]
async fn a_deleted_endpoint_gets_nothing_more() {
    let (server, api) = impatient(Duration::from_secs(2)).await;
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    let silent = Hostile::silent().await;
    let failing = endpoint(&api, &receiver.url()).await.id();
    let hanging = endpoint(&api, &silent.url()).await.id();
    for _ in 0..3 {
        customer(&api).await;
    }
    receiver.wait_for(3).await;
    for id in [&failing, &hanging] {
        // Under way to the second one while it is deleted.
        api.delete(&format!("/v1/webhook_endpoints/{id}"))
            .await
            .ok();
    }
    server.advance(DAYS_4).await.unwrap();
    assert_eq!(receiver.received().len(), 3);
    let under_way = silent.connections();
    assert!(under_way <= 3, "{under_way}");
    let clock = api.get("/v1/sandbox/clock").await.ok().body;
    assert_eq!(clock["pending_timers"], 0);
}

#[tokio::test]
async fn an_attempt_goes_where_the_endpoint_is_by_then_with_the_secret_it_has_by_then() {
    let (server, api) = start().await;
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    old.answer_with(500);
    let made = endpoint(&api, &old.url()).await;
    customer(&api).await;
    server.advance(Duration::from_secs(1)).await.unwrap();
    let path = format!("/v1/webhook_endpoints/{}", made.id());
    api.patch(&path, json!({ "url": new.url() })).await.ok();
    let rotate = format!("{path}/rotate_secret");
    let rotated = api.post(&rotate, json!({ "grace_seconds": 3600 })).await;
    server.advance(DAYS_4).await.unwrap();
    assert_eq!((old.received().len(), new.received().len()), (1, 1));
    let (first, second) = (&old.received()[0], &new.received()[0]);
    assert_eq!(first.body, second.body);
    assert!(first.is_signed_with(made.body["secret"].as_str().unwrap()));
    assert!(second.is_signed_with(rotated.body["secret"].as_str().unwrap()));
    let rows = attempts(&api, &made.id()).await;
    assert_eq!(rows[0]["request"]["url"], old.url());
    assert_eq!(rows[1]["request"]["url"], new.url());
}

#[tokio::test]
async fn a_failed_event_can_be_sent_again_to_any_endpoint_and_keeps_its_history() {
    let (server, api) = start().await;
    let (broken, other) = (Receiver::start().await, Receiver::start().await);
    broken.answer_with(503);
    let first = endpoint(&api, &broken.url()).await.id();
    customer(&api).await;
    server.advance(DAYS_4).await.unwrap();
    assert_eq!(attempts(&api, &first).await[9]["status"], "failed");
    let event = api.get("/v1/events").await.ok().ids().remove(0);
    // Of a type that this one does not ask for.
    let hook = json!({ "url": other.url(), "events": ["payment.failed"] });
    let second = api.post("/v1/webhook_endpoints", hook).await.ok().id();
    broken.answer_with(200);
    for id in [&first, &second] {
        let path = format!("/v1/events/{event}/resend");
        api.post(&path, json!({ "endpoint": id })).await.ok();
    }
    server.advance(Duration::ZERO).await.unwrap();
    let rows = attempts(&api, &first).await;
    assert_eq!(statuses(&rows)[8..], ["retrying", "failed", "succeeded"]);
    assert_eq!(statuses(&attempts(&api, &second).await), ["succeeded"]);
    assert_eq!(other.received()[0].body, broken.received()[10].body);
}

#[tokio::test]
async fn no_answer_however_hostile_does_harm() {
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
    let elsewhere = Receiver::start().await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url()
    );
    let redirect: &'static str = redirect.leak();
    let (server, api) = impatient(Duration::from_secs(2)).await;
    // (endpoint, status of the attempt, status answered, part of the error)
    let cases = [
        (
            Hostile::endless(OK, b"all work and no play ").await,
            "succeeded",
            json!(200),
            "",
        ),
        (
            Hostile::endless(OK, &[0xff; 512]).await,
            "succeeded",
            json!(200),
            "",
        ),
        (
            Hostile::once(
                b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nshort",
                true,
            )
            .await,
            "succeeded",
            json!(200),
            "",
        ),
        (
            Hostile::once(
                b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nshort",
                false,
            )
            .await,
            "retrying",
            json!(200),
            "did not end within 2 seconds",
        ),
        (
            Hostile::endless(b"HTTP/1.1 200 OK\r\nX: ", b"xxxxxxxx").await,
            "retrying",
            Value::Null,
            "message head is too large",
        ),
        (
            Hostile::endless(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n").await,
            "retrying",
            Value::Null,
            "message head is too large",
        ),
        (
            Hostile::once(b"HTTP/1.1 200 OK\r\nX", false).await,
            "retrying",
            Value::Null,
            "No answer within 2 seconds",
        ),
        (
            Hostile::once(b"\x00\xff nonsense\r\n\r\n", true).await,
            "retrying",
            Value::Null,
            "invalid HTTP",
        ),
        (
            Hostile::once(b"", true).await,
            "retrying",
            Value::Null,
            "closed",
        ),
        (
            Hostile::once(redirect.as_bytes(), true).await,
            "retrying",
            json!(307),
            "",
        ),
        (
            Hostile::once(b"HTTP/1.1 204 No Content\r\nA: \xff\r\nA: b\r\n\r\n", true).await,
            "succeeded",
            json!(204),
            "",
        ),
    ];
    let mut ids = Vec::new();
    for (hostile, ..) in &cases {
        ids.push(endpoint(&api, &hostile.url()).await.id());
    }
    // Nobody listens there.
    let refused = endpoint(&api, "http://127.0.0.1:9/").await.id();
    customer(&api).await;
    server.advance(Duration::ZERO).await.unwrap();
    for (number, (id, (_, status, answered, error))) in ids.iter().zip(&cases).enumerate() {
        let row = attempts(&api, id).await.remove(0);
        let seen = (&row["status"], &row["response_status"]);
        assert_eq!(
            seen,
            (&json!(status), answered),
            "{number}: {}",
            row["error"]
        );
        let said = row["error"].as_str().unwrap_or_default();
        assert!(said.contains(error), "{number}: {said}");
        let body = row["response"]["body"].as_str().unwrap_or_default();
        assert!(body.len() <= KEPT, "{number}: {} bytes kept", body.len());
        assert_eq!(body.is_empty(), answered != &json!(200), "{number}");
    }
    let row = attempts(&api, &refused).await.remove(0);
    assert!(row["error"].as_str().unwrap().contains("refused"), "{row}");
    assert!(elsewhere.received().is_empty(), "a redirect was followed");
    // And the sandbox is well.
    api.assert_invariants().await;
}
