//! Nothing that a log could keep of keys, secrets and cards, at the most verbose level.

use crate::support::{Api, card, logs, start};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn no_key_secret_or_card_number_is_logged_or_told_in_an_error() {
    logs::keep();
    let (server, api) = start().await;
    let errors = drive(&server, &api).await;
    let (secrets, told) = errors;
    let logged = logs::text();
    // Something was: the dispatcher's connection to the closed port at least.
    assert!(logged.contains("hyper"), "nothing was logged");
    for secret in &secrets {
        assert!(secret.len() > 8);
        assert!(!logged.contains(secret.as_str()), "{secret} was logged");
        assert!(!told.contains(secret.as_str()), "{secret} was told");
    }
}

/// Uses every secret in ways that work and in ways that fail. Returns the secrets, and the texts of all
/// refusals.
async fn drive(server: &MockServer, api: &Api) -> (Vec<String>, String) {
    let live = format!("sk_live_{}", "q7".repeat(16));
    let unknown = format!("sk_test_{}", "z9".repeat(16));
    let (visa, declined, wrong) = ("4242424242424242", "4000000000000002", "4111111111111234");
    let mut secrets: Vec<String> = [&live, &unknown, &api.key, visa, declined, wrong]
        .iter()
        .map(|secret| secret.to_string())
        .collect();
    let mut told = String::new();
    let made = json!({ "kind": "secret", "name": "x" });
    let made = api.post("/v1/api_keys", made).await.ok();
    let key = made.body["secret"].as_str().unwrap().to_owned();
    let rotated = api
        .post(&format!("/v1/api_keys/{}/rotate", made.id()), json!({}))
        .await
        .ok();
    let hook = json!({ "url": "http://127.0.0.1:9/hook" });
    let endpoint = api.post("/v1/webhook_endpoints", hook).await.ok();
    let listener = api.post("/v1/listen_sessions", json!({})).await.ok();
    for answer in [&rotated, &endpoint, &listener] {
        secrets.push(answer.body["secret"].as_str().unwrap().to_owned());
    }
    let revoke = format!("/v1/api_keys/{}/revoke", made.id());
    api.post(&revoke, json!({})).await.ok();
    for bad in [&live, &unknown, &key] {
        for path in [
            "/v1/payments",
            "/v1/events/stream",
            "/_mock/health",
            "/v1/nonsense",
        ] {
            let call = api.with_key(bad.as_str()).call(Method::GET, path);
            let twice = call.header("X-Other", bad).send().await;
            if twice.status >= 400 {
                told.push_str(&twice.text);
            }
        }
    }
    for number in [visa, declined, wrong] {
        let session = api.session(None, Some("instant")).await;
        let pay = format!("/v1/sandbox/checkout/sessions/{session}/complete");
        let answer = api.pay(&session, number).await;
        told.push_str(&answer.text);
        // Where it does not belong, and as what it is not.
        let mut odd: Vec<Value> = vec![json!({ "card": number }), json!({ "card": [number] })];
        for field in ["exp_month", "cvc", "colour"] {
            let mut body = card(number);
            body["card"][field] = number.into();
            odd.push(body);
        }
        for body in odd {
            told.push_str(&api.post(&pay, body).await.text);
        }
        let cut = format!("{{\"card\":{{\"number\":\"{number}\"").into_bytes();
        let cut = api
            .call(Method::POST, &pay)
            .header("Content-Type", "application/json")
            .bytes(cut);
        told.push_str(&cut.send().await.text);
    }
    server.advance(Duration::from_secs(60)).await.unwrap();
    secrets.push(key);
    (secrets, told)
}
