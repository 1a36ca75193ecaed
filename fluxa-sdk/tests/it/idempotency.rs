//! Where idempotency keys come from, and which header a call may set.

use fluxa_sdk::{Error, IdempotencyKey, Outcome};
use serde_json::json;

use crate::client;
use crate::server::{Server, Step, ok};

#[tokio::test]
async fn a_key_is_made_for_each_call_and_never_for_the_client() {
    let server = Server::start([ok("{}"), ok("{}"), ok("{}")]).await;
    let client = client(&server.base_url());
    for client in [&client, &client, &client.clone()] {
        client
            .raw("POST", "/payments")
            .json(json!({}))
            .await
            .unwrap();
    }
    let mut keys: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.header("Idempotency-Key").unwrap().to_owned())
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3);
}

#[tokio::test]
async fn the_callers_key_is_sent_and_told_by_the_error() {
    let server = Server::start([Step::Reset, Step::Reset]).await;
    let client = client(&server.base_url());
    let key = IdempotencyKey::derive("checkout", "ord_8421");
    let call = client
        .raw("POST", "/payments")
        .idempotency_key(&key)
        .max_retries(1);
    let failure = call.await.unwrap_err();
    assert_eq!(failure.idempotency_key(), Some(&key));
    assert!(failure.to_string().contains(key.as_str()), "{failure}");
    for request in server.requests() {
        assert_eq!(request.header("Idempotency-Key"), Some(key.as_str()));
    }
}

#[tokio::test]
async fn a_faulty_option_is_reported_before_anything_is_sent() {
    let server = Server::start([ok("{}")]).await;
    let client = client(&server.base_url());
    let post = || client.raw("POST", "/payments");
    for call in [
        post().idempotency_key("two words"),
        post().idempotency_key(""),
        post().header("Authorization", "Bearer x"),
        post().header("fluxa-version", "2020-01-01"),
        post().header("idempotency-key", "x"),
        post().header("Host", "evil.test"),
        post().header("Content-Length", "0"),
        post().header("X-Good", "bad\r\nX-Injected: 1"),
        post().header("bad name", "x"),
        post().sandbox_timing("5s\n"),
        client.raw("POST", "/payments/../api_keys"),
        client.raw("BREW", "/payments"),
    ] {
        let failure = call.await.unwrap_err();
        assert!(matches!(failure, Error::Config(_)), "{failure:?}");
        assert_eq!(
            (failure.attempts(), failure.outcome()),
            (0, Outcome::NotSent)
        );
        assert_eq!(failure.operation(), "raw");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_request_carries_what_the_contract_asks_for() {
    let answer = Step::Respond(
        201,
        vec![
            ("X-Fluxa-Request-Id", "req_00000000000000aa".into()),
            ("X-Fluxa-Idempotent-Replayed", "true".into()),
            ("X-RateLimit-Limit", "100".into()),
            ("X-RateLimit-Remaining", "99".into()),
            ("X-RateLimit-Reset", "1716135600".into()),
        ],
        "{\"id\":\"pay_1\"}".into(),
    );
    let server = Server::start([answer]).await;
    let client = crate::builder(&server.base_url())
        .app_info("shop", "1.2", Some("https://shop.test"))
        .build()
        .unwrap();
    let payment = client
        .raw("post", "/payments")
        .query("expand[]", "customer")
        .json(json!({"amount": 1}))
        .sandbox_timing("instant")
        .api_version("2026-06-01")
        .header("X-Trace", "abc")
        .await
        .unwrap();
    assert_eq!(payment.status(), 201);
    assert_eq!(payment.request_id(), Some("req_00000000000000aa"));
    assert!(payment.idempotent_replayed());
    let limit = payment.rate_limit().unwrap();
    assert_eq!(
        (limit.limit, limit.remaining, limit.reset_unix_seconds),
        (100, 99, 1_716_135_600)
    );

    let request = &server.requests()[0];
    assert_eq!(
        request.request_line(),
        "POST /v1/payments?expand%5B%5D=customer HTTP/1.1"
    );
    assert_eq!(request.body, b"{\"amount\":1}");
    for (name, value) in [
        ("Authorization", format!("Bearer {}", crate::KEY).as_str()),
        ("Fluxa-Version", "2026-06-01"),
        ("X-Fluxa-Sandbox-Timing", "instant"),
        ("X-Trace", "abc"),
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    let agent = request.header("User-Agent").unwrap();
    assert!(
        agent.starts_with("fluxa-sdk-rust/") && agent.ends_with("shop/1.2 (https://shop.test)")
    );
    assert!(
        request.header("Accept-Encoding").is_none(),
        "answers are never decompressed"
    );
}
