//! Requests seen: what a test may assert of what its code sent, and the recording of a run.

use crate::support::{Api, card, contract, start};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

async fn seen(api: &Api, query: &str) -> Vec<Value> {
    let answer = api.get(&format!("/_mock/requests{query}")).await.ok();
    let data = answer.body["data"].as_array().unwrap().clone();
    assert_eq!(answer.body["count"], data.len());
    data
}

#[tokio::test]
async fn a_request_is_seen_whole_with_its_answer() {
    let (server, api) = start().await;
    let made = api
        .call(
            Method::POST,
            "/v1/customers?expand[]=default_payment_method",
        )
        .form("email=a%40example.com&metadata[order]=7")
        .key("first")
        .header("Fluxa-Version", "2026-05-19")
        .send()
        .await;
    let received = server.received();
    assert_eq!(received.len(), 1);
    let request = &received[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/v1/customers")
    );
    assert_eq!(
        request.query.as_deref(),
        Some("expand[]=default_payment_method")
    );
    assert_eq!(
        request.body,
        json!({ "email": "a@example.com", "metadata": { "order": "7" } })
    );
    assert_eq!(request.header("Idempotency-Key"), Some("first"));
    assert_eq!(request.header("authorization"), Some("Bearer …0000"));
    assert_eq!(request.status, Some(made.status));
    assert_eq!(request.response_body, made.body);
    assert_eq!(request.request_id, made.headers["x-fluxa-request-id"]);
    server.clear_received();
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn requests_seen_are_filtered_and_cleared() {
    let (server, api) = start().await;
    let first = api.get("/v1/customers").await.ok();
    api.post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok();
    server.advance(Duration::from_secs(60)).await.unwrap();
    let clock = api.get("/_mock/clock").await.ok();
    api.get("/v1/payments/pay_0123456789abcdef").await;
    let now = clock.body["now"].as_str().unwrap();
    assert_eq!(seen(&api, "").await.len(), 3);
    assert_eq!(seen(&api, "?method=post").await.len(), 1);
    assert_eq!(seen(&api, "?path=/v1/customers").await.len(), 2);
    assert_eq!(seen(&api, "?path=/v1/*/pay_*").await.len(), 1);
    assert_eq!(seen(&api, &format!("?since={now}")).await.len(), 1);
    let after = first.headers["x-fluxa-request-id"].as_str();
    assert_eq!(seen(&api, &format!("?since={after}")).await.len(), 2);
    for bad in ["?since=yesterday", "?verb=GET"] {
        let refused = api.get(&format!("/_mock/requests{bad}")).await;
        assert_eq!(refused.status, 400, "{}", refused.text);
    }
    api.delete("/_mock/requests").await.ok();
    assert_eq!(seen(&api, "").await, [Value::Null; 0]);
}

#[tokio::test]
async fn each_account_sees_its_own() {
    let server = MockServer::builder().auto_accounts(true).start().await;
    let server = server.unwrap();
    let api = Api::new(&server);
    let key = format!("sk_test_{}", "a".repeat(32));
    api.with_key(&key).get("/v1/merchant").await.ok();
    let account = server.account(&key).await.unwrap();
    assert_eq!(account.received().len(), 1);
    assert!(server.received().is_empty());
    let path = format!("?account={}", account.label());
    assert_eq!(seen(&api.with_key(""), &path).await.len(), 1);
    account.clear_received();
    assert_eq!(account.received().len(), 0);
}

#[tokio::test]
async fn cards_keys_and_secrets_are_not_kept() {
    let (server, api) = start().await;
    let session = api.session(None, Some("instant")).await;
    api.pay(&session, "4242424242424242").await.ok();
    let made = api
        .post("/v1/api_keys", json!({ "kind": "secret", "name": "ci" }))
        .await
        .ok();
    let secret = made.body["secret"].as_str().unwrap();
    api.with_key(secret).get("/v1/merchant").await.ok();
    let endpoint = json!({ "url": "http://127.0.0.1:9/hook" });
    let endpoint = api.post("/v1/webhook_endpoints", endpoint).await.ok();
    let signing = endpoint.body["secret"].as_str().unwrap();
    // A page's form, whatever the page makes of it, and a body that cannot be read.
    api.call(Method::POST, &format!("/pay/{session}"))
        .form("card_number=4242+4242+4242+4242&cvc=9876543")
        .send()
        .await;
    api.call(Method::POST, "/v1/customers")
        .bytes(b"{\"card\":\"4242424242424242".to_vec())
        .header("Content-Type", "application/json")
        .send()
        .await;
    let received = server.received();
    let paid = received
        .iter()
        .find(|request| request.path.ends_with("/complete"))
        .unwrap();
    assert_eq!(paid.body, json!({ "card": { "last4": "4242" } }));
    let kept = format!("{received:?}");
    for forbidden in [
        "424242424242",
        "4242 4242",
        "4242+4242",
        "9876543",
        secret,
        signing,
    ] {
        assert!(!kept.contains(forbidden), "{forbidden}");
    }
    let masked = format!("xxx{}", &secret[secret.len() - 4..]);
    assert!(kept.contains(&masked));
}

#[tokio::test]
async fn the_oldest_are_forgotten_and_long_bodies_are_cut() {
    let server = MockServer::builder()
        .configure(|config| config.requests_seen(3))
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    for number in 0..5 {
        api.get(&format!("/v1/customers?limit={}", number + 1))
            .await
            .ok();
    }
    let queries: Vec<_> = server
        .received()
        .into_iter()
        .map(|request| request.query.unwrap())
        .collect();
    assert_eq!(queries, ["limit=3", "limit=4", "limit=5"]);
    let long = json!({ "email": "a@example.com", "name": "é".repeat(50_000) });
    api.post("/v1/customers", long).await;
    let body = server.received().pop().unwrap().body;
    assert!(body.as_str().unwrap().len() <= 64 * 1024);
    let off = MockServer::builder()
        .configure(|config| config.requests_seen(0))
        .start()
        .await
        .unwrap();
    Api::new(&off).get("/v1/customers").await.ok();
    assert!(off.received().is_empty());
}

#[tokio::test]
async fn a_request_whose_client_hung_up_is_seen_without_a_status() {
    let (server, api) = start().await;
    // An endpoint that never answers: the clock waits for it.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", silent.local_addr().unwrap());
    api.post("/v1/webhook_endpoints", json!({ "url": url }))
        .await
        .ok();
    api.payment("instant").await;
    server.clear_received();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let body = r#"{"seconds":1}"#;
    let request = format!(
        "POST /v1/sandbox/clock/advance HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        api.key,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    drop(stream);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    let request = loop {
        if let Some(request) = server.received().pop() {
            break request;
        }
        assert!(std::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    };
    assert_eq!(request.path, "/v1/sandbox/clock/advance");
    assert_eq!(request.status, None);
    assert_eq!(request.response_body, Value::Null);
}

#[tokio::test]
async fn a_run_is_recorded_line_by_line_and_holds_to_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("run.ndjson");
    let server = MockServer::builder()
        .auto_accounts(true)
        .configure(|config| config.record(&file))
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    let session = api.session(None, Some("instant")).await;
    api.post(
        &format!("/v1/sandbox/checkout/sessions/{session}/complete"),
        card("4242424242424242"),
    )
    .await
    .ok();
    api.post("/v1/api_keys", json!({ "kind": "secret", "name": "ci" }))
        .await
        .ok();
    api.with_key(format!("sk_test_{}", "a".repeat(32)))
        .get("/v1/payments?limit=1")
        .await
        .ok();
    api.get("/_mock/clock").await.ok();
    // The line is there before the answer.
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 4);
    assert!(!text.contains("4242424242424242") && !text.contains(&api.key));
    for line in &lines {
        contract::check_recorded(line);
    }
    assert_eq!(lines[0]["response"]["status"], 201);
    assert_eq!(lines[1]["request"]["body"]["card"]["last4"], "4242");
    assert_eq!(lines[3]["request"]["query"], "limit=1");
    assert_ne!(lines[0]["account"], lines[3]["account"]);
    server.shutdown().await;
    // Another run goes on in the same file.
    let builder = MockServer::builder().configure(|config| config.record(&file));
    let server = builder.start().await.unwrap();
    Api::new(&server).get("/v1/merchant").await.ok();
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 5);
    let nowhere = dir.path().join("no/such/directory");
    let builder = MockServer::builder().configure(|config| config.record(&nowhere));
    let error = builder.start().await.unwrap_err();
    assert!(error.to_string().contains("cannot record"), "{error}");
}

#[tokio::test]
async fn each_request_is_told_to_the_hook_but_looks_at_the_control_plane_are_not() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let server = MockServer::builder()
        .configure(move |config| {
            config.on_request(move |line| hook.lock().unwrap().push(line.clone()))
        })
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    let answer = api.get("/v1/payments?limit=1").await.ok();
    api.get("/_mock/clock").await.ok();
    api.post("/_mock/reset", json!({})).await.ok();
    let told = told.lock().unwrap();
    let lines: Vec<_> = told
        .iter()
        .map(|line| (line.method.as_str(), line.path.as_str(), line.status))
        .collect();
    assert_eq!(
        lines,
        [
            ("GET", "/v1/payments?limit=1", Some(200)),
            ("POST", "/_mock/reset", Some(200)),
        ]
    );
    assert_eq!(told[0].request_id, answer.headers["x-fluxa-request-id"]);
}
