//! Idempotency keys: one effect, one answer, however often and however concurrently asked.

use crate::support::wire::Wire;
use crate::support::{Api, start};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

fn body() -> Value {
    json!({ "email": "a@example.com", "metadata": { "b": "2", "a": "1" } })
}

#[tokio::test]
async fn sixty_four_parallel_calls_with_one_key_make_one_payment() {
    let (_server, api) = start().await;
    let session = api.session(None, Some("instant")).await;
    let path = format!("/v1/sandbox/checkout/sessions/{session}/complete");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (api, path) = (api.clone(), path.clone());
        tasks.spawn(async move {
            let card = crate::support::card("4242424242424242");
            api.call(Method::POST, &path)
                .key("pay-once")
                .json(&card)
                .send()
                .await
        });
    }
    let answers = tasks.join_all().await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == 200 && answer.text == answers[0].text)
    );
    let replayed = answers
        .iter()
        .filter(|one| one.headers.contains_key("x-fluxa-idempotent-replayed"));
    assert_eq!(replayed.count(), 63);
    assert_eq!(api.get("/v1/payments").await.ids().len(), 1);
}

#[tokio::test]
async fn another_body_or_path_with_the_same_key_conflicts() {
    let (_server, api) = start().await;
    let create = |body: &Value| api.call(Method::POST, "/v1/customers").key("k").json(body);
    create(&body()).send().await.ok();
    let mut other = body();
    other["email"] = "b@example.com".into();
    create(&other)
        .send()
        .await
        .refused(409, "idempotency_key_reused");
    create(&json!({}))
        .send()
        .await
        .refused(409, "idempotency_key_reused");
    let path = api
        .call(Method::POST, "/v1/webhook_endpoints")
        .key("k")
        .json(&body());
    path.send().await.refused(409, "idempotency_key_reused");
    assert_eq!(api.get("/v1/customers").await.ids().len(), 1);
}

#[tokio::test]
async fn key_order_and_encoding_make_no_difference() {
    let (_server, api) = start().await;
    let call = || api.call(Method::POST, "/v1/customers").key("k");
    let first = call().json(&body()).send().await.ok();
    let form = "metadata[a]=1&metadata[b]=2&email=a@example.com";
    let second = call().form(form).send().await.ok();
    assert_eq!(second.text, first.text);
    assert_eq!(second.headers["x-fluxa-idempotent-replayed"], "true");
}

#[tokio::test]
async fn encoding_makes_no_difference_to_a_refused_request() {
    let (_server, api) = start().await;
    let call = |key: &str| api.call(Method::POST, "/v1/payments").key(key);
    let small = json!({ "amount": 10, "currency": "GBP", "metadata": { "a": "1" } });
    let form = "metadata[a]=1&currency=GBP&amount=10";
    for json_first in [true, false] {
        let key = format!("k{json_first}");
        let (typed, text) = (call(&key).json(&small), call(&key).form(form));
        let (first, second) = if json_first {
            (typed, text)
        } else {
            (text, typed)
        };
        let first = first.send().await.refused(400, "amount_too_small");
        let second = second.send().await.refused(400, "amount_too_small");
        assert_eq!(second.text, first.text);
        assert_eq!(second.headers["x-fluxa-idempotent-replayed"], "true");
    }
    // A refusal is no answer to what would have passed, however alike they look as text.
    let customer = || api.call(Method::POST, "/v1/customers").key("m");
    let wrong = json!({ "email": "a@example.com", "metadata": { "a": 1 } });
    let refused = customer().json(&wrong).send().await;
    refused.refused(400, "metadata_invalid");
    let right = customer().form("email=a@example.com&metadata[a]=1");
    right.send().await.refused(409, "idempotency_key_reused");
}

#[tokio::test]
async fn refusals_of_executed_requests_are_stored_and_refusals_before_are_not() {
    let (server, api) = start().await;
    let refund = json!({ "payment": "pay_0000000000000000" });
    let call = |api: &Api| api.call(Method::POST, "/v1/refunds").key("k").json(&refund);
    // Not admitted, not malformed: nothing is stored.
    call(&api.with_key(server.restricted_key()))
        .send()
        .await
        .refused(403, "insufficient_scope");
    call(&api.with_key(""))
        .send()
        .await
        .refused(401, "key_missing");
    let broken = api
        .call(Method::POST, "/v1/refunds")
        .key("k")
        .bytes(b"{".to_vec());
    broken.send().await.refused(400, "body_malformed");
    let first = call(&api).send().await.refused(400, "resource_missing");
    let second = call(&api).send().await.refused(400, "resource_missing");
    assert_eq!(second.text, first.text);
    assert_eq!(second.headers["x-fluxa-idempotent-replayed"], "true");
    let invalid = || {
        api.call(Method::POST, "/v1/customers")
            .key("v")
            .json(&json!({ "email": 1 }))
    };
    invalid().send().await.refused(400, "parameter_invalid");
    let replayed = invalid().send().await.refused(400, "parameter_invalid");
    assert_eq!(replayed.headers["x-fluxa-idempotent-replayed"], "true");
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day_of_the_virtual_clock() {
    let (server, api) = start().await;
    let create = || {
        api.call(Method::POST, "/v1/customers")
            .key("k")
            .json(&body())
    };
    let first = create().send().await.ok();
    server
        .advance(Duration::from_secs(24 * 3600 - 1))
        .await
        .unwrap();
    assert_eq!(create().send().await.ok().id(), first.id());
    server.advance(Duration::from_secs(1)).await.unwrap();
    assert_ne!(create().send().await.ok().id(), first.id());
}

#[tokio::test]
async fn keys_are_visible_ascii_of_bounded_length() {
    let (_server, api) = start().await;
    let with = |key: String| {
        api.call(Method::POST, "/v1/customers")
            .key(&key)
            .json(&body())
    };
    with("k".repeat(255)).send().await.ok();
    with("k".repeat(256))
        .send()
        .await
        .refused(400, "invalid_idempotency_key");
    with("two words".to_owned())
        .send()
        .await
        .refused(400, "invalid_idempotency_key");
    with(String::new())
        .send()
        .await
        .refused(400, "invalid_idempotency_key");
}

#[tokio::test]
async fn a_second_call_gives_up_waiting_for_a_first_that_does_not_end() {
    let server = MockServer::builder()
        .configure(|config| config.idempotency_wait(Duration::from_millis(50)))
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    // An endpoint that accepts and never answers holds the advance up.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    api.post("/v1/webhook_endpoints", json!({ "url": url }))
        .await
        .ok();
    api.session(None, None).await;
    let advance = || {
        api.call(Method::POST, "/v1/sandbox/clock/advance")
            .key("k")
            .json(&json!({ "seconds": 1 }))
    };
    let mut calls = tokio::task::JoinSet::new();
    calls.spawn(advance().send());
    calls.spawn(advance().send());
    let (held, _) = silent.accept().await.unwrap();
    // Whichever came second gives up; the other runs for as long as `held` is open.
    let refused = calls.join_next().await.unwrap().unwrap();
    let refused = refused.refused(409, "idempotency_key_in_use");
    assert_eq!(refused.headers["retry-after"], "1");
    drop((held, silent));
    calls.join_next().await.unwrap().unwrap().ok();
}

/// 500 keys, each used by 64 clients at the same time, who are not in step.
async fn a_crowd_at_every_key(server: MockServer) {
    const CLIENTS: usize = 64;
    const KEYS: usize = 500;
    let api = Api::new(&server);
    let server = Arc::new(server);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let server = Arc::clone(&server);
        tasks.spawn(async move {
            let mut wire = Wire::connect(&server).await;
            let mut answers = Vec::new();
            for number in 0..KEYS {
                let body = json!({ "email": format!("c{number}@example.com") }).to_string();
                let key = format!("key-{number}");
                answers.push(wire.post("/v1/customers", &key, &body).await);
            }
            answers
        });
    }
    let all = tasks.join_all().await;
    for number in 0..KEYS {
        let first = &all[0][number];
        assert_eq!(first.status, 201);
        let same = all.iter().filter(|one| one[number].body == first.body);
        let replayed = all.iter().filter(|one| one[number].replayed);
        assert_eq!((same.count(), replayed.count()), (CLIENTS, CLIENTS - 1));
    }
    let (mut customers, mut after) = (0, String::new());
    loop {
        let page = api
            .get(&format!("/v1/customers?limit=100{after}"))
            .await
            .ok();
        customers += page.ids().len();
        match page.body["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => break,
        }
    }
    assert_eq!(customers, KEYS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_keys_of_sixty_four_clients_have_five_hundred_effects() {
    a_crowd_at_every_key(MockServer::start().await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_keys_of_sixty_four_clients_have_five_hundred_effects_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let server = MockServer::builder().db(dir.path().join("mock.db"));
    a_crowd_at_every_key(server.start().await.unwrap()).await;
}
