//! Faults on demand, seen by a plain client and by one that reads the bare connection.

use crate::support::receiver::Receiver;
use crate::support::{Answer, Api, http, start};
use fluxa_mock::{Cut, Fault, Method as On, MockServer};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn add(api: &Api, fault: Value) -> Answer {
    let added = api.post("/_mock/faults", fault).await;
    assert_eq!(added.status, 201, "{}", added.text);
    added
}

/// All that comes over a connection of its own until the server ends it.
async fn raw(api: &Api, method: &str, path: &str, key: &str, body: &Value) -> String {
    let address = api.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = body.to_string();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
        api.key,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    // The connection stays open unless it is cut: then this is what came, reset or not.
    let mut reading = Box::pin(async {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut chunk).await {
            all.extend_from_slice(&chunk[..count]);
        }
    });
    let ended = tokio::time::timeout(Duration::from_secs(10), &mut reading).await;
    assert!(ended.is_ok(), "the connection was not cut");
    drop(reading);
    String::from_utf8(all).unwrap()
}

async fn emails(api: &Api) -> usize {
    api.get("/v1/customers").await.ok().ids().len()
}

fn customer() -> Value {
    json!({ "email": "a@example.com" })
}

#[tokio::test]
async fn a_status_before_the_effect_does_nothing_and_is_a_real_error() {
    let (_server, api) = start().await;
    let fault = json!({ "method": "post", "path": "/v1/customers*", "times": 2, "status": 503,
        "code": "maintenance", "message": "Back soon.", "retry_after": 7 });
    let id = add(&api, fault).await.id();
    api.get("/v1/customers").await.ok();
    for _ in 0..2 {
        let failed = api.post("/v1/customers", customer()).await;
        assert_eq!(failed.headers["retry-after"], "7");
        assert_eq!(failed.body["error"]["message"], "Back soon.");
        assert_eq!(failed.body["error"]["type"], "api_error");
        failed.refused(503, "maintenance");
    }
    assert_eq!(emails(&api).await, 0);
    api.post("/v1/customers", customer()).await.ok();
    assert_eq!(emails(&api).await, 1);
    let view = api.get(&format!("/_mock/faults/{id}")).await.ok().body;
    assert_eq!((&view["hits"], &view["hits_left"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn each_status_has_its_usual_type_and_code() {
    let (_server, api) = start().await;
    for (status, kind, code) in [
        (400, "invalid_request", "parameter_invalid"),
        (401, "authentication", "key_invalid"),
        (403, "permission", "insufficient_scope"),
        (404, "not_found", "resource_missing"),
        (409, "idempotency", "idempotency_key_in_use"),
        (429, "rate_limit", "rate_limit_exceeded"),
        (500, "api_error", "internal_error"),
        (503, "api_error", "service_unavailable"),
    ] {
        add(&api, json!({ "path": "/v1/*", "status": status })).await;
        let path = "/v1/payment_methods/pm_0123456789abcdef/attach";
        let failed = api.post(path, json!({})).await.refused(status, code);
        assert_eq!(failed.body["error"]["type"], kind);
        if status == 429 {
            assert_eq!(failed.headers["retry-after"], "1");
            assert_eq!(failed.headers["x-ratelimit-remaining"], "0");
        }
    }
}

#[tokio::test]
async fn a_status_after_the_effect_hides_an_effect_that_a_retry_finds() {
    let (_server, api) = start().await;
    let fault = json!({ "path": "/v1/customers", "status": 500, "when": "after" });
    add(&api, fault).await;
    let create = || {
        api.call(Method::POST, "/v1/customers")
            .key("k")
            .json(&customer())
    };
    create().send().await.refused(500, "internal_error");
    assert_eq!(emails(&api).await, 1);
    let again = create().send().await.ok();
    assert_eq!(again.headers["x-fluxa-idempotent-replayed"], "true");
    assert_eq!(emails(&api).await, 1);
}

#[tokio::test]
async fn a_connection_is_cut_before_reading_and_before_the_head_with_nothing_done() {
    let (_server, api) = start().await;
    for cut in ["before_reading", "before_head"] {
        add(
            &api,
            json!({ "method": "POST", "path": "/v1/*", "cut": cut }),
        )
        .await;
        let came = raw(&api, "POST", "/v1/customers", cut, &customer()).await;
        assert_eq!(came, "", "{cut}");
    }
    assert_eq!(emails(&api).await, 0);
}

#[tokio::test]
async fn a_lost_response_leaves_one_effect_and_the_retry_gets_the_stored_answer() {
    let (_server, api) = start().await;
    add(
        &api,
        json!({ "path": "/v1/customers", "lose_response": true }),
    )
    .await;
    let came = raw(&api, "POST", "/v1/customers", "lost", &customer()).await;
    assert_eq!(came, "", "not a byte of the answer");
    assert_eq!(emails(&api).await, 1, "carried out all the same");
    let again = api
        .call(Method::POST, "/v1/customers")
        .key("lost")
        .json(&customer());
    let again = again.send().await.ok();
    assert_eq!(again.headers["x-fluxa-idempotent-replayed"], "true");
    assert_eq!(api.get("/v1/customers").await.ids(), [again.id()]);
}

#[tokio::test]
async fn an_answer_breaks_off_after_so_many_bytes_of_its_body() {
    let (_server, api) = start().await;
    for (bytes, expected) in [(0, 0), (10, 10)] {
        let fault = json!({ "path": "/v1/customers", "cut": "body", "after_bytes": bytes });
        add(&api, fault).await;
        let came = raw(
            &api,
            "POST",
            "/v1/customers",
            &format!("b{bytes}"),
            &customer(),
        )
        .await;
        let (head, body) = came.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 201"), "{head}");
        assert_eq!(body.len(), expected, "{came}");
        let announced = head.to_ascii_lowercase();
        let announced = announced.split("content-length: ").nth(1).unwrap();
        let announced: usize = announced.split("\r\n").next().unwrap().parse().unwrap();
        assert!(announced > 100, "the whole length is announced");
    }
    // Longer than the body: the last byte is missing all the same.
    let fault = json!({ "path": "/v1/customers", "cut": "body", "after_bytes": 1_000_000 });
    add(&api, fault).await;
    let request = http().get(format!("{}/v1/customers", api.url));
    let request = request.header("Authorization", format!("Bearer {}", api.key));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.is_err());
    assert_eq!(emails(&api).await, 2);
}

#[tokio::test]
async fn an_event_stream_is_cut_after_so_many_bytes() {
    let (_server, api) = start().await;
    let fault = json!({ "path": "/v1/events/stream", "cut": "body", "after_bytes": 40 });
    add(&api, fault).await;
    let request = http().get(format!("{}/v1/events/stream", api.url));
    let request = request.header("Authorization", format!("Bearer {}", api.key));
    let mut response = request.send().await.unwrap();
    api.post("/v1/customers", customer()).await.ok();
    let mut came = 0;
    let broken = loop {
        let chunk = tokio::time::timeout(Duration::from_secs(10), response.chunk());
        match chunk.await.expect("the stream was not cut") {
            Ok(Some(chunk)) => came += chunk.len(),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert_eq!((came, broken), (40, true));
}

#[tokio::test]
async fn a_delay_is_real_time_before_or_after_the_effect() {
    let (_server, api) = start().await;
    for when in ["before", "after"] {
        let fault = json!({ "path": "/v1/customers", "delay_ms": 150, "when": when });
        add(&api, fault).await;
        let started = Instant::now();
        api.post("/v1/customers", customer()).await.ok();
        assert!(started.elapsed() >= Duration::from_millis(150), "{when}");
    }
    assert_eq!(emails(&api).await, 2);
    // Who gives up during a delay before the effect has had none.
    add(
        &api,
        json!({ "method": "POST", "path": "/v1/customers", "delay_ms": 200 }),
    )
    .await;
    let call = api.post("/v1/customers", customer());
    let given_up = tokio::time::timeout(Duration::from_millis(20), call).await;
    assert!(given_up.is_err());
    assert_eq!(emails(&api).await, 2);
}

#[tokio::test]
async fn nonsense_is_refused_with_what_to_do() {
    let (_server, api) = start().await;
    for (fault, param) in [
        (json!({}), "path"),
        (json!({ "path": "/v1/*" }), "status"),
        (json!({ "path": "v1", "status": 500 }), "path"),
        (json!({ "path": "/_mock/reset", "status": 500 }), "path"),
        (
            json!({ "path": "/v1/*", "event": "*", "status": 500 }),
            "event",
        ),
        (json!({ "path": "/v1/*", "status": 200 }), "status"),
        (json!({ "path": "/v1/*", "status": "500" }), "status"),
        (
            json!({ "path": "/v1/*", "status": 500, "code": "No Code" }),
            "code",
        ),
        (
            json!({ "path": "/v1/*", "delay_ms": 5, "code": "x" }),
            "code",
        ),
        (json!({ "path": "/v1/*", "delay_ms": -5 }), "delay_ms"),
        (json!({ "path": "/v1/*", "delay_ms": 600_001 }), "delay_ms"),
        (
            json!({ "path": "/v1/*", "status": 500, "cut": "body" }),
            "cut",
        ),
        (json!({ "path": "/v1/*", "cut": "sideways" }), "cut"),
        (
            json!({ "path": "/v1/*", "cut": "before_reading", "when": "after" }),
            "when",
        ),
        (
            json!({ "path": "/v1/*", "cut": "body", "when": "before" }),
            "when",
        ),
        (
            json!({ "path": "/v1/*", "cut": "before_head", "after_bytes": 3 }),
            "after_bytes",
        ),
        (
            json!({ "path": "/v1/*", "lose_response": true, "cut": "body" }),
            "lose_response",
        ),
        (
            json!({ "path": "/v1/*", "status": 500, "times": 0 }),
            "times",
        ),
        (
            json!({ "path": "/v1/*", "status": 500, "times": 2, "probability": 0.5 }),
            "times",
        ),
        (
            json!({ "path": "/v1/*", "status": 500, "probability": 1.5 }),
            "probability",
        ),
        (json!({ "path": "/v1/*", "status": 500, "seed": 3 }), "seed"),
        (json!({ "path": "/v1/*", "duplicate": true }), "duplicate"),
        (
            json!({ "path": "/v1/*", "status": 500, "method": "BREW" }),
            "method",
        ),
        (
            json!({ "path": "/v1/*", "status": 500, "satus": 1 }),
            "satus",
        ),
        (json!({ "event": "*" }), "duplicate"),
        (
            json!({ "event": "*", "duplicate": true, "status": 500 }),
            "status",
        ),
        (
            json!({ "event": "*", "duplicate": true, "method": "GET" }),
            "method",
        ),
        (
            json!({ "event": "*", "delay_ms": 2_592_000_001_u64 }),
            "delay_ms",
        ),
    ] {
        let refused = api.post("/_mock/faults", fault.clone()).await;
        assert_eq!(refused.status, 400, "{fault}");
        assert_eq!(
            refused.body["error"]["param"], param,
            "{fault} {}",
            refused.text
        );
    }
    assert_eq!(api.get("/_mock/faults").await.body, json!({ "data": [] }));
}

#[tokio::test]
async fn faults_are_removed_one_by_one_and_together_and_never_touch_the_control_plane() {
    let (_server, api) = start().await;
    let fault = json!({ "path": "*", "probability": 1, "status": 500 });
    let first = add(&api, fault.clone()).await.id();
    add(&api, fault).await;
    api.get("/v1/customers")
        .await
        .refused(500, "internal_error");
    api.get("/_mock/health").await.ok();
    api.delete(&format!("/_mock/faults/{first}")).await.ok();
    api.delete(&format!("/_mock/faults/{first}"))
        .await
        .refused(404, "resource_missing");
    let listed = api.get("/_mock/faults").await.ok().body;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"][0]["hits_left"], Value::Null);
    api.get("/v1/customers")
        .await
        .refused(500, "internal_error");
    api.delete("/_mock/faults").await.ok();
    api.get("/v1/customers").await.ok();
}

async fn endpoint(api: &Api, receiver: &Receiver, events: &str) -> String {
    let body = json!({ "url": receiver.url(), "events": events });
    api.post("/v1/webhook_endpoints", body).await.ok().id()
}

async fn delivered(receiver: &Receiver) -> Vec<String> {
    let received = receiver.received();
    received
        .iter()
        .map(|one| {
            one.event()["data"]["object"]["email"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

async fn create_customers(api: &Api, count: usize) -> Vec<String> {
    let mut emails = Vec::new();
    for number in 0..count {
        let email = format!("c{number}@example.com");
        api.post("/v1/customers", json!({ "email": email }))
            .await
            .ok();
        emails.push(email);
    }
    emails
}

#[tokio::test]
async fn a_duplicate_is_the_same_event_as_a_delivery_of_its_own() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    let hook = endpoint(&api, &receiver, "customer.created").await;
    let fault = Fault::on_delivery("customer.*")
        .to_endpoint(&hook)
        .duplicate();
    let fault = server.fault(fault).unwrap();
    create_customers(&api, 2).await;
    server.advance(Duration::ZERO).await.unwrap();
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    let mut ids: Vec<_> = received
        .iter()
        .map(|one| one.event()["id"].to_string())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 2);
    let mut attempts: Vec<_> = received
        .iter()
        .map(|one| one.headers["x-fluxa-delivery-id"].clone())
        .collect();
    attempts.sort();
    attempts.dedup();
    assert_eq!(attempts.len(), 3);
    let path = format!("/v1/webhook_endpoints/{hook}/deliveries");
    assert_eq!(
        api.get(&path).await.ok().ids().len(),
        3,
        "history shows each"
    );
    assert_eq!(
        api.get("/v1/events").await.ok().ids().len(),
        2,
        "one event each"
    );
    assert_eq!((fault.hits(), fault.hits_left()), (1, Some(0)));
}

#[tokio::test]
async fn a_delayed_delivery_waits_on_the_virtual_clock_and_retries_count_from_then() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    let hook = endpoint(&api, &receiver, "customer.created").await;
    let hour = Duration::from_secs(3600);
    server.fault(Fault::on_delivery("*").delay(hour)).unwrap();
    create_customers(&api, 1).await;
    server.advance(hour - Duration::from_secs(1)).await.unwrap();
    assert_eq!(receiver.received().len(), 0);
    let path = format!("/v1/webhook_endpoints/{hook}/deliveries");
    let waiting = api.get(&path).await.ok().body["data"][0].clone();
    assert_eq!(waiting["status"], "pending");
    assert!(waiting["next_attempt_at"].is_string());
    server.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(receiver.received().len(), 1);
    server.advance(Duration::from_secs(59)).await.unwrap();
    assert_eq!(receiver.received().len(), 1);
    server.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(receiver.received().len(), 2);
}

#[tokio::test]
async fn a_shuffle_changes_the_order_the_same_way_for_the_same_seed_and_history_stays() {
    let mut orders = Vec::new();
    for seed in [7, 7, 8] {
        let (server, api) = start().await;
        let receiver = Receiver::start().await;
        endpoint(&api, &receiver, "customer.created").await;
        let fault = Fault::on_delivery("customer.*").times(12).shuffle(seed);
        server.fault(fault).unwrap();
        let emails = create_customers(&api, 12).await;
        server.advance(Duration::from_secs(60)).await.unwrap();
        let order = delivered(&receiver).await;
        assert_ne!(order, emails);
        let mut sorted = order.clone();
        sorted.sort();
        let mut expected = emails.clone();
        expected.sort();
        assert_eq!(sorted, expected, "each once");
        let events = server.events().await.unwrap();
        let logged: Vec<_> = events
            .iter()
            .map(|event| event["data"]["object"]["email"].as_str().unwrap())
            .collect();
        assert_eq!(logged, emails, "the log keeps the order of things");
        orders.push(order);
    }
    assert_eq!(orders[0], orders[1]);
    assert_ne!(orders[0], orders[2]);
}

#[tokio::test]
async fn the_builder_and_the_control_plane_make_the_same_faults() {
    let (server, api) = start().await;
    let builder = Fault::on(On::Post, "/v1/payments*").skip(1).times(3);
    server
        .fault(builder.status(429).retry_after(9).after_effect())
        .unwrap();
    server
        .fault(
            Fault::on(On::Any, "/v1/x")
                .probability(0.25, 4)
                .cut(Cut::Body { after_bytes: 6 }),
        )
        .unwrap();
    server
        .fault(Fault::on_delivery("payment.*").shuffle(3))
        .unwrap();
    let mut made = api.get("/_mock/faults").await.ok().body["data"].clone();
    api.delete("/_mock/faults").await.ok();
    for fault in made.as_array_mut().unwrap() {
        let object = fault.as_object_mut().unwrap();
        for count in ["id", "hits", "hits_left", "matched"] {
            object.remove(count).unwrap();
        }
        if object.get("probability").is_some() {
            object.remove("times");
        }
        let again = add(&api, fault.clone()).await.body;
        for (name, value) in fault.as_object().unwrap() {
            assert_eq!(&again[name], value, "{name}");
        }
    }
    let refused = server.fault(Fault::on(On::Any, "/_mock/reset").status(500));
    assert_eq!(
        refused.unwrap_err().kind(),
        std::io::ErrorKind::InvalidInput
    );
}

#[tokio::test]
async fn a_reset_ends_faults_and_sandboxes_do_not_share_them() {
    let (server, api) = start().await;
    let other = MockServer::start().await.unwrap();
    let outage = server.fail_next(On::Any, "/v1/*", 500).unwrap();
    Api::new(&other).get("/v1/customers").await.ok();
    server.reset().await.unwrap();
    api.get("/v1/customers").await.ok();
    assert_eq!((outage.hits(), outage.hits_left()), (0, Some(0)));
}

#[tokio::test]
async fn the_path_of_a_fault_may_leave_out_the_version() {
    let (_server, api) = start().await;
    let fault = json!({ "method": "POST", "path": "/customers", "status": 503 });
    let fault = api.post("/_mock/faults", fault).await.ok();
    assert_eq!(fault.body["path"], "/v1/customers");
    let customer = json!({ "email": "a@example.com", "name": "A" });
    let hit = api.post("/v1/customers", customer.clone()).await;
    hit.refused(503, "service_unavailable");
    api.post("/v1/customers", customer).await.ok();
}
