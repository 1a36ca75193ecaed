//! Webhook deliveries: signed, retried on the schedule, and sent nowhere they should not go.

use crate::support::receiver::Receiver;
use crate::support::{Api, start};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn endpoint(api: &Api, url: &str, events: Value) -> (String, String) {
    let body = json!({ "url": url, "events": events });
    let made = api.post("/v1/webhook_endpoints", body).await.ok();
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    (made.id(), secret)
}

async fn deliveries(api: &Api, endpoint: &str) -> Vec<Value> {
    let path = format!("/v1/webhook_endpoints/{endpoint}/deliveries?limit=100");
    api.get(&path).await.ok().body["data"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn events_arrive_signed_with_the_headers_of_the_contract() {
    let (_server, api) = start().await;
    let receiver = Receiver::start().await;
    let (id, secret) = endpoint(&api, &receiver.url(), json!([])).await;
    assert!(secret.starts_with("whsec_"));
    api.session(None, None).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(
        received.headers["x-fluxa-event"],
        "checkout.session.created"
    );
    assert_eq!(received.headers["user-agent"], "Fluxa-Webhooks/1.0");
    assert_eq!(received.headers["content-type"], "application/json");
    assert!(received.is_signed_with(&secret));
    assert!(!received.is_signed_with("whsec_other"));
    crate::support::contract::check_event(&received.event());
    // The outcome is recorded after the answer: settle on the row, not on a time.
    let row = loop {
        let row = deliveries(&api, &id).await.remove(0);
        if row["status"] != "pending" {
            break row;
        }
    };
    assert_eq!(
        (&row["status"], &row["response_status"]),
        (&json!("succeeded"), &json!(200))
    );
    assert_eq!(row["id"], received.headers["x-fluxa-delivery-id"].as_str());
    assert_eq!(
        row["request"]["body"].as_str().unwrap().as_bytes(),
        received.body
    );
    let read = api.get(&format!("/v1/webhook_endpoints/{id}")).await.ok();
    assert_eq!(read.body.get("secret"), None);
}

#[tokio::test]
async fn an_endpoint_gets_the_types_it_asked_for() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    endpoint(
        &api,
        &receiver.url(),
        json!("payment.settled, payment.failed"),
    )
    .await;
    let body = json!({ "url": receiver.url(), "events": ["payment.exploded"] });
    api.post("/v1/webhook_endpoints", body)
        .await
        .refused(400, "parameter_invalid");
    api.payment("instant").await;
    server.advance(Duration::from_secs(1)).await.unwrap();
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].event()["type"], "payment.settled");
}

#[tokio::test]
async fn nine_retries_follow_the_schedule_from_the_first_attempt_and_then_it_fails() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    let (id, _) = endpoint(&api, &receiver.url(), json!(["customer.created"])).await;
    api.post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok();
    // In real time it would take the test longer than anybody waits.
    server
        .advance(Duration::from_secs(80 * 3600))
        .await
        .unwrap();
    let mut rows = deliveries(&api, &id).await;
    rows.reverse();
    assert_eq!(rows.len(), 10);
    let at = |row: &Value| {
        row["created_at"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    let offsets: Vec<i64> = rows[1..]
        .iter()
        .map(|row| at(row).as_millisecond() - at(&rows[0]).as_millisecond())
        .collect();
    let hours = |hours: i64| hours * 3600;
    let schedule = [
        60,
        300,
        900,
        hours(1),
        hours(6),
        hours(12),
        hours(24),
        hours(48),
        hours(72),
    ];
    assert_eq!(offsets, schedule.map(|seconds| seconds * 1000));
    assert!(rows[..9].iter().all(|row| row["status"] == "retrying"));
    assert_eq!(rows[9]["status"], "failed");
    let attempts: Vec<i64> = rows
        .iter()
        .map(|row| row["attempt"].as_i64().unwrap())
        .collect();
    assert_eq!(attempts, (1..=10).collect::<Vec<_>>());
    let received = receiver.received();
    let first = received[0].event()["id"].clone();
    assert!(received.iter().all(|one| one.event()["id"] == first));
}

#[tokio::test]
async fn a_retry_that_succeeds_ends_the_series() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    receiver.answer_with(302);
    let (id, _) = endpoint(&api, &receiver.url(), json!(["customer.created"])).await;
    api.post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok();
    server.advance(Duration::from_secs(59)).await.unwrap();
    assert_eq!(receiver.received().len(), 1, "a redirect is not followed");
    receiver.answer_with(204);
    server
        .advance(Duration::from_secs(80 * 3600))
        .await
        .unwrap();
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(deliveries(&api, &id).await[0]["status"], "succeeded");
}

#[tokio::test]
async fn a_rotated_secret_signs_beside_the_new_one_for_its_grace() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    let (id, old) = endpoint(&api, &receiver.url(), json!(["customer.created"])).await;
    let path = format!("/v1/webhook_endpoints/{id}/rotate_secret");
    let rotated = api.post(&path, json!({ "grace_seconds": 3600 })).await.ok();
    let new = rotated.body["secret"].as_str().unwrap();
    let customer = || api.post("/v1/customers", json!({ "email": "a@example.com" }));
    customer().await.ok();
    server.advance(Duration::from_secs(3600)).await.unwrap();
    customer().await.ok();
    server.advance(Duration::from_secs(1)).await.unwrap();
    let received = receiver.received();
    assert!(received[0].is_signed_with(new) && received[0].is_signed_with(&old));
    assert!(received[1].is_signed_with(new) && !received[1].is_signed_with(&old));
}

#[tokio::test]
async fn an_event_can_be_sent_again() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    let session = api.session(None, None).await;
    let event = api.get("/v1/events").await.ok().ids().remove(0);
    let (id, _) = endpoint(&api, &receiver.url(), json!([])).await;
    let path = format!("/v1/events/{event}/resend");
    let resent = api.post(&path, json!({ "endpoint": id })).await.ok();
    assert_eq!(
        (resent.status, &resent.body["status"]),
        (201, &json!("pending"))
    );
    server.advance(Duration::ZERO).await.unwrap();
    assert_eq!(
        receiver.received()[0].event()["data"]["object"]["id"],
        session
    );
    let missing = json!({ "endpoint": "we_0000000000000000" });
    api.post(&path, missing)
        .await
        .refused(400, "resource_missing");
}

#[tokio::test]
async fn webhooks_go_to_loopback_only() {
    let (server, api) = start().await;
    for url in ["http://example.com/hook", "ftp://127.0.0.1/", "nonsense"] {
        let body = json!({ "url": url });
        api.post("/v1/webhook_endpoints", body)
            .await
            .refused(400, "webhook_url_not_allowed");
    }
    // An address for documentation, by https so that the URL itself is acceptable.
    let (id, _) = endpoint(&api, "https://192.0.2.1/latest", json!([])).await;
    api.session(None, None).await;
    server.advance(Duration::ZERO).await.unwrap();
    let row = deliveries(&api, &id).await.remove(0);
    assert_eq!(row["response_status"], json!(null));
    assert!(
        row["error"]
            .as_str()
            .unwrap()
            .contains("neither loopback nor on the allow-list")
    );
}

#[tokio::test]
async fn a_name_that_is_not_allowed_is_refused_without_looking_it_up() {
    let (server, api) = start().await;
    // A name that no server knows: looking it up would fail with another reason.
    let (id, _) = endpoint(&api, "https://hooks.shop.invalid/", json!([])).await;
    // What is below localhost may be looked up, and is then checked by address.
    let (local, _) = endpoint(&api, "http://hooks.localhost:9/", json!([])).await;
    api.session(None, None).await;
    server.advance(Duration::ZERO).await.unwrap();
    let refusal = |row: &Value| row["error"].as_str().unwrap().to_owned();
    assert_eq!(
        refusal(&deliveries(&api, &id).await[0]),
        "hooks.shop.invalid is neither loopback nor on the allow-list."
    );
    assert!(!refusal(&deliveries(&api, &local).await[0]).contains("allow-list"));
}

#[tokio::test]
async fn a_listeners_secret_follows_from_its_key_over_restarts_in_memory() {
    let mut secrets = Vec::new();
    for _ in 0..2 {
        let (server, api) = start().await;
        for key in [None, Some(server.restricted_key())] {
            let api = key.map_or_else(|| api.clone(), |key| api.with_key(key));
            let session = api.post("/v1/listen_sessions", json!({})).await;
            secrets.push(session.body["secret"].clone());
        }
    }
    assert_eq!(secrets[0], secrets[2], "the same key, the same secret");
    assert_ne!(
        secrets[0], secrets[1],
        "another key, another secret or none"
    );
}

#[tokio::test]
async fn listeners_report_what_their_endpoint_answered() {
    let (_server, api) = start().await;
    let body = json!({ "events": ["payment.settled"] });
    let first = api.post("/v1/listen_sessions", body.clone()).await.ok();
    let second = api.post("/v1/listen_sessions", body).await.ok();
    assert_eq!(first.body["secret"], second.body["secret"]);
    api.session(None, None).await;
    let event = api.get("/v1/events").await.ok().ids().remove(0);
    let path = format!("/v1/listen_sessions/{}/deliveries", first.id());
    let report = json!({ "event": event, "response_status": 503, "duration_ms": 12 });
    let recorded = api.post(&path, report).await.ok();
    assert_eq!(
        (recorded.status, &recorded.body["status"]),
        (201, &json!("failed"))
    );
    assert_eq!(recorded.body["endpoint"], first.id());
}

#[tokio::test]
async fn an_endpoint_gets_a_burst_and_then_one_a_second_unless_the_clock_is_advanced() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    endpoint(&api, &receiver.url(), json!(["customer.created"])).await;
    let started = Instant::now();
    for number in 0..130 {
        let body = json!({ "email": format!("c{number}@example.com") });
        api.post("/v1/customers", body).await.ok();
    }
    receiver.wait_for(100).await;
    let sent = receiver.received().len();
    // Read after it: however slow all of this is, the bucket has not refilled by more.
    let refilled = started.elapsed().as_secs() as usize + 1;
    assert!(sent <= 100 + refilled, "{sent} were sent");
    server.advance(Duration::ZERO).await.unwrap();
    let ids: std::collections::BTreeSet<String> = receiver
        .received()
        .iter()
        .map(|one| one.event()["id"].to_string())
        .collect();
    assert_eq!((ids.len(), receiver.received().len()), (130, 130));
}

#[tokio::test]
async fn a_delivery_cannot_drive_the_sandbox_that_sends_it() {
    let (server, api) = start().await;
    let hook = json!({ "url": format!("{}/_mock/reset", server.url()) });
    let endpoint = api.post("/v1/webhook_endpoints", hook).await.ok().id();
    let customer = json!({ "email": "a@example.com" });
    let customer = api.post("/v1/customers", customer).await.ok().id();
    // Waits for the delivery.
    server.advance(Duration::from_secs(1)).await.unwrap();
    api.get(&format!("/v1/customers/{customer}")).await.ok();
    let path = format!("/v1/webhook_endpoints/{endpoint}/deliveries");
    let delivery = api.get(&path).await.ok().body["data"][0].clone();
    assert_eq!(delivery["status"], "retrying", "{delivery}");
    for (name, value) in [
        ("X-Fluxa-Delivery-Id", "dlv_0123456789abcdef"),
        ("User-Agent", "Fluxa-Webhooks/1.0 (x)"),
    ] {
        for path in ["/_mock/health", "/v1/customers"] {
            let call = api.call(Method::GET, path).header(name, value);
            call.send().await.refused(403, "origin_not_allowed");
        }
    }
}

#[tokio::test]
async fn a_url_of_a_private_network_is_refused_unless_it_is_allowed() {
    let server = MockServer::builder()
        .configure(|config| config.allow_webhook_host("10.0.0.7"))
        .start();
    let server = server.await.unwrap();
    let api = Api::new(&server);
    let create = |url: &str| api.post("/v1/webhook_endpoints", json!({ "url": url }));
    let made = create("HTTPS://Example.com:443/a/../b").await.ok();
    assert_eq!(made.body["url"], "https://example.com/b");
    create("https://10.0.0.7/hook").await.ok();
    let path = format!("/v1/webhook_endpoints/{}", made.id());
    for (url, code) in [
        ("https://169.254.169.254/", "webhook_url_not_allowed"),
        ("https://10.0.0.1/", "webhook_url_not_allowed"),
        ("https://0xa000001/", "webhook_url_not_allowed"),
        ("https://[::ffff:10.0.0.1]/", "webhook_url_not_allowed"),
        ("https://0.0.0.0/", "webhook_url_not_allowed"),
        ("https://[::]/", "webhook_url_not_allowed"),
        ("https://[fe80::1]/", "webhook_url_not_allowed"),
        ("https://[fd00::1]/", "webhook_url_not_allowed"),
        ("https://example.com/a b", "parameter_invalid"),
        ("https://exam\nple.com/", "parameter_invalid"),
        ("https://example.com/\u{1b}[31m", "parameter_invalid"),
        ("https://user:secret@example.com/", "parameter_invalid"),
    ] {
        create(url).await.refused(400, code);
        let change = json!({ "url": url });
        api.patch(&path, change).await.refused(400, code);
    }
    assert_eq!(api.get(&path).await.body["url"], "https://example.com/b");
}
