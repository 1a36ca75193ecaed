//! The log of requests: every one that reached the API, whoever asked and whatever came of it.

use crate::support::{Answer, Api, card, start};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

fn request_id(answer: &Answer) -> String {
    answer.headers["x-fluxa-request-id"].clone()
}

async fn log_of(api: &Api, answer: &Answer) -> Value {
    let path = format!("/v1/request_logs/{}", request_id(answer));
    api.get(&path).await.ok().body
}

async fn create(api: &Api) -> (String, Api) {
    let body = json!({ "kind": "secret", "name": "ci" });
    let made = api.post("/v1/api_keys", body).await.ok();
    let secret = made.body["secret"].as_str().unwrap();
    (made.id(), api.with_key(secret))
}

#[tokio::test]
async fn a_request_is_logged_under_the_id_it_was_answered_with() {
    let (_server, api) = start().await;
    let (key, caller) = create(&api).await;
    let read = caller.get("/v1/payments?limit=2").await.ok();
    let logged = log_of(&api, &read).await;
    assert_eq!(logged["method"], "GET");
    assert_eq!(logged["path"], "/v1/payments?limit=2");
    assert_eq!(logged["status"], 200);
    assert_eq!(logged["key"], key);
    assert_eq!(logged["ip"], "127.0.0.1");
    assert_eq!(logged["error_code"], Value::Null);
    let wrote = caller
        .call(Method::POST, "/v1/customers")
        .json(&json!({ "email": "a@example.com" }))
        .key("first");
    let wrote = wrote.send().await.ok();
    let logged = log_of(&api, &wrote).await;
    assert_eq!(logged["method"], "POST");
    assert_eq!(logged["status"], 201);
    assert_eq!(logged["key"], key);
    assert_eq!(logged["idempotency_key"], "first");
}

#[tokio::test]
async fn refusals_of_every_kind_are_logged_with_their_code() {
    let (_server, api) = start().await;
    let (key, caller) = create(&api).await;
    let null = Value::Null;
    let bad = json!({ "amount": 1, "currency": "GBP" });
    let reader = api.with_key(format!("rk_test_mock{}", "0".repeat(28)));
    for (answer, status, code, by) in [
        (
            api.with_key("").get("/v1/payments").await,
            401,
            "key_missing",
            &null,
        ),
        (
            caller.post("/v1/payments", bad.clone()).await,
            400,
            "amount_too_small",
            &json!(key),
        ),
        (
            caller.get("/v1/payments/pay_0123456789abcdef").await,
            404,
            "resource_missing",
            &json!(key),
        ),
        (
            caller.get("/v1/nothing").await,
            404,
            "route_missing",
            &json!(key),
        ),
        (
            caller.delete("/v1/payments").await,
            405,
            "method_not_allowed",
            &json!(key),
        ),
        (
            reader.post("/v1/payments", bad).await,
            403,
            "insufficient_scope",
            &Value::String(String::new()),
        ),
    ] {
        assert_eq!(
            (answer.status, answer.code()),
            (status, code),
            "{}",
            answer.text
        );
        let logged = log_of(&api, &answer).await;
        assert_eq!(logged["status"], status);
        assert_eq!(logged["error_code"], code);
        match by {
            Value::String(id) if id.is_empty() => assert!(logged["key"].is_string(), "{logged}"),
            by => assert_eq!(logged["key"], *by, "{logged}"),
        }
    }
}

#[tokio::test]
async fn a_replay_has_a_row_of_its_own() {
    let (_server, api) = start().await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let body = json!({ "email": "a@example.com" });
        let call = api.call(Method::POST, "/v1/customers").json(&body);
        answers.push(request_id(&call.key("same").send().await.ok()));
    }
    assert_eq!(answers[0], answers[2]);
    let logs = api.get("/v1/request_logs").await.ok();
    let rows = logs.body["data"].as_array().unwrap();
    let posts = rows.iter().filter(|row| row["path"] == "/v1/customers");
    assert_eq!(posts.clone().count(), 3);
    assert_eq!(posts.filter(|row| row["id"] == answers[0]).count(), 1);
}

#[tokio::test]
async fn the_log_is_filtered_and_paged() {
    let (_server, api) = start().await;
    let (key, caller) = create(&api).await;
    for number in 0..7 {
        let path = match number % 2 {
            0 => "/v1/customers",
            _ => "/v1/customers/cus_0123456789abcdef",
        };
        caller.get(path).await;
    }
    let missing = api
        .get(&format!("/v1/request_logs?key={key}&status=404"))
        .await
        .ok();
    assert_eq!(missing.ids().len(), 3);
    let mut paths = Vec::new();
    let mut path = format!("/v1/api_keys/{key}/requests?limit=3");
    loop {
        let page = api.get(&path).await.ok();
        let rows = page.body["data"].as_array().unwrap();
        paths.extend(rows.iter().map(|row| row["path"].to_string().len() > 16));
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            break;
        };
        path = format!("/v1/api_keys/{key}/requests?limit=3&after={cursor}");
    }
    assert_eq!(paths, [false, true, false, true, false, true, false]);
    api.get("/v1/request_logs?after=req_0123456789abcdef")
        .await
        .refused(400, "invalid_cursor");
    // A refused look at the log loses nothing of it.
    let all = api.get("/v1/request_logs?status=400").await.ok();
    assert_eq!(all.ids().len(), 1);
    api.get("/v1/api_keys/key_0123456789abcdef/requests")
        .await
        .refused(404, "resource_missing");
}

#[tokio::test]
async fn a_revoked_keys_requests_stay_visible_for_thirty_days() {
    let (server, api) = start().await;
    let (id, caller) = create(&api).await;
    let body = json!({ "email": "a@example.com" });
    caller.post("/v1/customers", body).await.ok();
    caller.get("/v1/customers").await.ok();
    api.post(&format!("/v1/api_keys/{id}/revoke"), json!({}))
        .await
        .ok();
    let late = caller.get("/v1/customers").await;
    let late = late.refused(401, "key_revoked");
    let path = format!("/v1/api_keys/{id}/requests");
    let day = Duration::from_secs(86_400);
    server
        .advance(day * 30 - Duration::from_secs(1))
        .await
        .unwrap();
    assert_eq!(api.get(&path).await.ok().ids().len(), 2);
    assert_eq!(log_of(&api, &late).await["key"], Value::Null);
    server.advance(Duration::from_secs(2)).await.unwrap();
    assert_eq!(api.get(&path).await.ok().ids(), [""; 0]);
}

#[tokio::test]
async fn the_log_keeps_the_last_ten_thousand() {
    let (_server, api) = start().await;
    let first = api.get("/v1/status").await.ok();
    log_of(&api, &first).await;
    let requests: Vec<_> = (0..8)
        .map(|_| {
            let api = api.clone();
            tokio::spawn(async move {
                for _ in 0..1_250 {
                    api.get("/v1/status").await;
                }
            })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
    let path = format!("/v1/request_logs/{}", request_id(&first));
    api.get(&path).await.refused(404, "resource_missing");
    let described = api.get("/_mock/accounts/primary").await.ok();
    let count = described.body["counts"]["request_logs"].as_i64().unwrap();
    assert!((9_900..=10_000).contains(&count), "{count}");
}

#[tokio::test]
async fn rows_of_reads_are_written_by_themselves_and_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let open = async || {
        let server = MockServer::builder().db(&file).start().await.unwrap();
        let api = Api::new(&server);
        (server, api)
    };
    let (server, api) = open().await;
    let early = api.get("/v1/customers").await.ok();
    // Nobody looks at the log; the count on the control plane does not write it.
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    loop {
        let described = api.get("/_mock/accounts/primary").await.ok();
        if described.body["counts"]["request_logs"] == 1 {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{}", described.text);
        tokio::task::yield_now().await;
    }
    let late = api.get("/v1/customers").await.ok();
    server.shutdown().await;
    let (_server, api) = open().await;
    log_of(&api, &early).await;
    log_of(&api, &late).await;
}

#[tokio::test]
async fn no_card_number_gets_into_the_log_or_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let server = MockServer::builder().db(&file).start().await.unwrap();
    let api = Api::new(&server);
    let number = "4000000000003220";
    let session = api.session(None, Some("instant")).await;
    let complete = format!("/v1/sandbox/checkout/sessions/{session}/complete");
    api.post(&format!("{complete}?card[number]={number}"), card(number))
        .await;
    api.get(&format!("/v1/payments/{number}")).await;
    api.get(&format!("/v1/payments?customer={number}")).await;
    api.post(&complete, card(number)).await.ok();
    api.call(Method::POST, &complete)
        .form(&format!("card%5Bnumber%5D={number}&cvc=123"))
        .send()
        .await;
    let logs = api.get("/v1/request_logs?limit=100").await.ok();
    assert!(!logs.text.contains(number), "{}", logs.text);
    assert!(logs.body["data"].as_array().unwrap().len() >= 6);
    let seen = api.get("/_mock/requests").await.ok();
    assert!(!seen.text.contains(number), "{}", seen.text);
    server.shutdown().await;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes
            .windows(number.len())
            .any(|window| window == number.as_bytes());
        assert!(!found, "a card number is in {}", path.display());
    }
}

#[tokio::test]
async fn last_used_at_follows_the_requests_to_the_minute() {
    let (server, api) = start().await;
    let (id, caller) = create(&api).await;
    let path = format!("/v1/api_keys/{id}");
    let used = async || api.get(&path).await.ok().body["last_used_at"].clone();
    assert_eq!(used().await, Value::Null);
    caller.get("/v1/merchant").await.ok();
    let first = used().await;
    assert!(first.is_string());
    server.advance(Duration::from_secs(59)).await.unwrap();
    caller.get("/v1/merchant").await.ok();
    assert_eq!(used().await, first);
    server.advance(Duration::from_secs(1)).await.unwrap();
    caller.get("/v1/merchant").await.ok();
    assert!(used().await.as_str().unwrap() > first.as_str().unwrap());
}
