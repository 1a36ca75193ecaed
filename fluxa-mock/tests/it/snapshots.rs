//! Snapshots: the whole state put aside and back, in memory and in a file, and what is refused.

use crate::support::receiver::Receiver;
use crate::support::{Answer, Api, http, start};
use fluxa_mock::{MockServer, Snapshot};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

async fn take(api: &Api, name: &str) -> Answer {
    let taken = api.post("/_mock/snapshots", json!({ "name": name })).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
    taken
}

async fn restore(api: &Api, name: &str) -> Answer {
    let path = format!("/_mock/snapshots/{name}/restore");
    api.call(Method::POST, &path).send().await
}

async fn bytes(api: &Api, name: &str) -> Vec<u8> {
    let url = format!("{}/_mock/snapshots/{name}", api.url);
    let response = http().get(url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "application/vnd.sqlite3"
    );
    response.bytes().await.unwrap().to_vec()
}

async fn now(api: &Api) -> Value {
    api.get("/v1/sandbox/clock").await.ok().body["now"].clone()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test]
async fn a_restore_puts_state_timers_clock_and_stored_answers_back() {
    let dir = tempfile::tempdir().unwrap();
    for db in [None, Some(dir.path().join("mock.db"))] {
        let builder = MockServer::builder();
        let builder = match &db {
            Some(file) => builder.db(file),
            None => builder,
        };
        let server = builder.start().await.unwrap();
        let api = Api::new(&server);
        let create = || {
            let body = json!({ "email": "a@example.com" });
            api.call(Method::POST, "/v1/customers")
                .key("once")
                .json(&body)
        };
        let customer = create().send().await.ok().id();
        let payment = api.payment("30s").await;
        let path = format!("/v1/payments/{payment}");
        server.advance(seconds(40)).await.unwrap();
        assert_eq!(api.get(&path).await.body["state"], "SETTLING");
        let then = now(&api).await;
        let events = api.get("/v1/events").await.ok().ids();
        let view = take(&api, "before").await.body;
        assert_eq!((&view["name"], &view["clock"]), (&json!("before"), &then));

        server.advance(seconds(100_000)).await.unwrap();
        assert_eq!(api.get(&path).await.body["state"], "SETTLED");
        api.post("/v1/customers", json!({ "email": "b@example.com" }))
            .await
            .ok();
        assert_eq!(restore(&api, "before").await.ok().body["clock"], then);

        assert_eq!(now(&api).await, then, "the clock went back");
        assert_eq!(api.get(&path).await.body["state"], "SETTLING");
        assert_eq!(
            api.get("/v1/customers").await.ids(),
            std::slice::from_ref(&customer)
        );
        assert_eq!(api.get("/v1/events").await.ok().ids(), events);
        let again = create().send().await.ok();
        assert_eq!(again.headers["x-fluxa-idempotent-replayed"], "true");
        assert_eq!(again.id(), customer);
        // The timer fires again, at its own instant.
        server.advance(seconds(20)).await.unwrap();
        assert_eq!(api.get(&path).await.body["state"], "SETTLED");
        api.assert_invariants().await;
        server.shutdown().await;

        if let Some(file) = &db {
            let server = MockServer::builder().db(file).start().await.unwrap();
            let api = Api::new(&server);
            assert_eq!(api.get(&path).await.body["state"], "SETTLED");
            assert_eq!(api.get("/v1/customers").await.ids(), [customer]);
        }
    }
}

#[tokio::test]
async fn ids_never_repeat_after_a_restore_nor_after_the_restart_that_follows() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let open = || MockServer::builder().db(&file).seed(5).start();
    let mut seen = BTreeSet::new();
    let mut fresh = async |api: &Api| {
        for _ in 0..3 {
            api.session(None, None).await;
        }
        for id in api.get("/v1/events?limit=3").await.ok().ids() {
            assert!(seen.insert(id.clone()), "{id} was given out twice");
        }
    };
    let server = open().await.unwrap();
    let api = Api::new(&server);
    let empty = server.snapshot().await.unwrap();
    fresh(&api).await;
    for _ in 0..3 {
        server.restore(&empty).await.unwrap();
        fresh(&api).await;
    }
    server.shutdown().await;
    for _ in 0..2 {
        let server = open().await.unwrap();
        let api = Api::new(&server);
        fresh(&api).await;
        server.restore(&empty).await.unwrap();
        fresh(&api).await;
        server.shutdown().await;
    }
    // Nor the ids of another sandbox with the same seed, whose state this is.
    let (one, other) = (
        MockServer::builder().seed(9).start().await.unwrap(),
        MockServer::builder().seed(9).start().await.unwrap(),
    );
    Api::new(&one).payment("instant").await;
    other.restore(&one.snapshot().await.unwrap()).await.unwrap();
    let api = Api::new(&other);
    api.payment("instant").await;
    api.assert_invariants().await;
}

#[tokio::test]
async fn queued_deliveries_and_retries_come_back() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    let hook = json!({ "url": receiver.url(), "events": ["customer.created"] });
    api.post("/v1/webhook_endpoints", hook).await.ok();
    api.post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok();
    server.advance(seconds(1)).await.unwrap();
    assert_eq!(receiver.received().len(), 1);
    let snapshot = server.snapshot().await.unwrap();
    receiver.answer_with(200);
    for round in 0..2 {
        server.advance(seconds(60)).await.unwrap();
        let received = receiver.received();
        assert_eq!(received.len(), 2 + round, "the retry of round {round}");
        assert_eq!(received[1 + round].event()["id"], received[0].event()["id"]);
        server.restore(&snapshot).await.unwrap();
    }
}

#[tokio::test]
async fn a_snapshot_moves_to_another_server_and_from_file_to_memory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let server = MockServer::builder().db(&file).start().await.unwrap();
    let api = Api::new(&server);
    let payment = api.payment("instant").await;
    take(&api, "a").await;
    let carried = bytes(&api, "a").await;

    let (other_server, other) = start().await;
    let put = || {
        other
            .call(Method::PUT, "/_mock/snapshots/b")
            .bytes(carried.clone())
    };
    put().send().await.ok();
    let listed = other.get("/_mock/snapshots").await.ok().body;
    assert_eq!(listed["data"][0]["bytes"], carried.len());
    restore(&other, "b").await.ok();
    assert_eq!(
        other.get("/v1/payments").await.ids(),
        std::slice::from_ref(&payment)
    );
    other.payment("instant").await;
    other.assert_invariants().await;

    // And back into a file, which keeps it.
    let back = other_server.snapshot().await.unwrap();
    server
        .restore(&Snapshot::from_bytes(back.as_bytes()))
        .await
        .unwrap();
    server.shutdown().await;
    let server = MockServer::builder().db(&file).start().await.unwrap();
    let api = Api::new(&server);
    assert_eq!(api.get("/v1/payments").await.ids().len(), 2);
    api.payment("instant").await;
    api.assert_invariants().await;
}

#[tokio::test]
async fn what_is_no_snapshot_is_refused_and_changes_nothing() {
    let (server, api) = start().await;
    let payment = api.payment("instant").await;
    for bytes in [Vec::new(), b"hello".to_vec(), vec![0x53; 100_000]] {
        let put = api
            .call(Method::PUT, "/_mock/snapshots/x")
            .bytes(bytes.clone());
        put.send().await.refused(400, "snapshot_invalid");
        let refused = server.restore(&Snapshot::from_bytes(bytes)).await;
        assert_eq!(
            refused.unwrap_err().kind(),
            std::io::ErrorKind::InvalidInput
        );
    }
    for name in ["", "a/b", "ä", &"x".repeat(65)] {
        let asked = api.post("/_mock/snapshots", json!({ "name": name })).await;
        asked.refused(400, "parameter_invalid");
    }
    api.post("/_mock/snapshots", json!({}))
        .await
        .refused(400, "parameter_missing");
    let unknown = json!({ "name": "a", "nmae": "b" });
    api.post("/_mock/snapshots", unknown)
        .await
        .refused(400, "parameter_unknown");
    restore(&api, "none").await.refused(404, "resource_missing");
    assert_eq!(api.get("/v1/payments").await.ids(), [payment]);
    take(&api, "a").await;
    api.delete("/_mock/snapshots/a").await.ok();
    api.delete("/_mock/snapshots/a")
        .await
        .refused(404, "resource_missing");
}

#[tokio::test]
async fn event_streams_end_with_the_state_that_they_told_of() {
    let (server, api) = start().await;
    let snapshot = server.snapshot().await.unwrap();
    for new_state in 0..3 {
        let request = http().get(format!("{}/v1/events/stream", api.url));
        let request = request.header("Authorization", format!("Bearer {}", api.key));
        let mut stream = request.send().await.unwrap();
        stream.chunk().await.unwrap().expect("it is connected");
        match new_state {
            0 => server.restore(&snapshot).await.unwrap(),
            1 => server.reset().await.unwrap(),
            _ => server
                .seed(fluxa_mock::SeedPlan::new().customers(1).days(1))
                .await
                .unwrap(),
        }
        let end = async { while let Ok(Some(_)) = stream.chunk().await {} };
        let ended = tokio::time::timeout(Duration::from_secs(10), end).await;
        assert!(ended.is_ok(), "the stream goes on after {new_state}");
    }
}

#[tokio::test]
async fn a_restore_while_the_clock_runs_and_requests_come_leaves_a_whole_state() {
    let server = MockServer::builder().pace(10_000.0).start().await.unwrap();
    let api = Api::new(&server);
    api.payment("30s").await;
    let snapshot = server.snapshot().await.unwrap();
    let busy = api.clone();
    let payers = tokio::spawn(async move {
        for _ in 0..20 {
            busy.payment("1h").await;
        }
    });
    for _ in 0..10 {
        server.restore(&snapshot).await.unwrap();
        api.get("/v1/payments").await.ok();
    }
    // A session may vanish before it is paid: then that client's step fails, and only that.
    drop(payers.await);
    api.assert_invariants().await;
}
