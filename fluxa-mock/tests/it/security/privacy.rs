//! What is kept of card numbers, security codes and keys, wherever and however they are sent: nothing.

use crate::support::{Answer, Api, card, http, receiver};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Numbers that nobody else uses here, each in another spelling. No test card: what is typed by mistake
/// is somebody's.
const SPELLED: [&str; 11] = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111  1111  1111  1111",
    "4111-1111-1111-1111",
    "4111.1111.1111.1111",
    "4111_1111_1111_1111",
    "4111/1111/1111/1111",
    "order4111111111111111",
    "4111%201111%201111%201111",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "４１１１１１１１１１１１１１１１",
];

/// What would be found of them.
fn traces() -> Vec<String> {
    let mut traces: Vec<String> = SPELLED.iter().map(|number| number.to_string()).collect();
    traces.extend(["111111111111", "1111%20", "%34111", "Zq7Zq7Zq7", "CVC987"].map(str::to_owned));
    traces
}

/// A key that was never anybody's.
fn foreign_key() -> String {
    format!("sk_test_{}", "Zq7".repeat(11))
}

fn assert_clean(place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for trace in traces() {
        let found = text.split_once(&trace).map(|(before, _)| {
            let mut last: Vec<char> = before.chars().rev().take(80).collect();
            last.reverse();
            String::from_iter(last)
        });
        assert_eq!(found, None, "{place} has {trace}, after this");
    }
}

/// Every file below a directory: the database, its log beside it, the recording.
fn assert_files_clean(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert_clean(&path.display().to_string(), &bytes);
    }
}

#[tokio::test]
async fn no_card_number_and_no_key_is_kept_wherever_it_is_sent_and_however_it_is_spelled() {
    let directory = tempfile::tempdir().unwrap();
    let (db, recording) = (
        directory.path().join("a.db"),
        directory.path().join("a.jsonl"),
    );
    let server = MockServer::builder()
        .configure(|config| config.db(&db).record(&recording))
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    let session = api.session(None, Some("instant")).await;
    let customer = json!({ "email": "a@example.com", "name": "A" });
    let customer = api.post("/v1/customers", customer).await.ok().id();
    let mut told = String::new();
    for (place, number) in SPELLED.iter().enumerate() {
        for answer in send_everywhere(&api, number, place, &session, &customer).await {
            told.push_str(&answer.text);
        }
    }
    for answer in send_everywhere(&api, &foreign_key(), 99, &session, &customer).await {
        told.push_str(&answer.text);
    }
    assert_clean("an answer", told.as_bytes());
    // Something was: what is not told must not be because nothing is.
    assert!(told.contains("parameter_unknown") && told.contains("invalid_idempotency_key"));
    for path in [
        "/v1/request_logs?limit=100",
        "/v1/events?limit=100",
        "/v1/customers",
        "/v1/checkout/sessions",
        "/_mock/requests",
        "/_mock/faults",
        "/_mock/snapshots",
        "/_mock/",
    ] {
        assert_clean(path, api.get(path).await.text.as_bytes());
    }
    for section in [
        "requests",
        "events",
        "customers",
        "sessions",
        "endpoints",
        "faults",
        "keys",
    ] {
        let page = api
            .call(Method::GET, &format!("/_mock/ui/{section}"))
            .header("Accept", "text/html");
        assert_clean(section, page.send().await.text.as_bytes());
    }
    let seen = serde_json::to_vec(&server.received()).unwrap();
    assert_clean("what tests are told", &seen);
    assert_files_clean(directory.path());
    server.shutdown().await;
    assert_files_clean(directory.path());
}

/// One request for each place where a client may put a text.
async fn send_everywhere(
    api: &Api,
    text: &str,
    place: usize,
    session: &str,
    customer: &str,
) -> Vec<Answer> {
    let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let pay = format!("/v1/sandbox/checkout/sessions/{session}/complete");
    let mut odd_card = card(text);
    odd_card["card"]["cvc"] = "CVC987".into();
    let mut named = card("4242424242424242");
    named["card"]["name"] = text.into();
    let bodies: Vec<(&str, Value)> = vec![
        ("/v1/payments", json!({ text: "x" })),
        ("/v1/payments", json!({ "metadata": { text: "x" } })),
        ("/v1/payments", json!({ "nested": { text: [text] } })),
        (
            "/v1/payments",
            json!({ "pan": text, "cvn": "CVC987", "cv2": "CVC987" }),
        ),
        (
            "/v1/customers",
            json!({ "email": "b@example.com", "name": text }),
        ),
        (
            "/v1/customers",
            json!({ "email": "b@example.com", "metadata": { "note": text } }),
        ),
        (
            "/v1/customers",
            json!({ "email": "b@example.com", "metadata": { text: "note" } }),
        ),
        (
            "/v1/customers",
            json!({ "email": format!("{text}@example.com") }),
        ),
        (
            "/v1/customers",
            json!({ "email": "b@example.com", "phone": text }),
        ),
        (
            "/v1/webhook_endpoints",
            json!({ "url": format!("http://127.0.0.1:9/{text}") }),
        ),
        (
            "/v1/webhook_endpoints",
            json!({ "url": format!("http://127.0.0.1:9/{escaped}") }),
        ),
        (
            "/v1/webhook_endpoints",
            json!({ "url": "http://127.0.0.1:9", "events": [text] }),
        ),
        (
            "/v1/webhook_endpoints",
            json!({ "url": "http://127.0.0.1:9", "description": text }),
        ),
        (
            "/v1/api_keys",
            json!({ "kind": "restricted", "name": text, "scopes": ["payments:read"] }),
        ),
        (
            "/v1/api_keys",
            json!({ "kind": "restricted", "name": "x", "scopes": [text] }),
        ),
        (
            "/v1/api_keys",
            json!({ "kind": "secret", "name": "x", "ip_allowlist": [text] }),
        ),
        (
            "/_mock/faults",
            json!({ "path": format!("/v1/{text}"), "status": 503 }),
        ),
        (
            "/_mock/faults",
            json!({ "path": "/v1/never", "status": 503, "message": text }),
        ),
        ("/_mock/faults", json!({ "event": text, "duplicate": true })),
        ("/_mock/snapshots", json!({ "name": text })),
        ("/_mock/snapshots", json!({ text: "x" })),
        (&pay, odd_card),
        (&pay, named),
        (&pay, json!({ "card": text })),
        (&pay, json!({ "card": { text: text } })),
    ];
    let mut answers = Vec::new();
    for (number, (path, body)) in bodies.into_iter().enumerate() {
        // Under a key, so that the refusal and the request's fingerprint are stored.
        let key = format!("privacy-{place}-{number}");
        answers.push(
            api.call(Method::POST, path)
                .key(&key)
                .json(&body)
                .send()
                .await,
        );
        let form = match body.as_object().and_then(|body| body.iter().next()) {
            Some((name, Value::String(value))) => format!("{name}={value}"),
            _ => format!("{text}=x&metadata[{text}]=y"),
        };
        answers.push(api.call(Method::POST, path).form(&form).send().await);
    }
    let plain = json!({ "email": "c@example.com", "name": "C" });
    let change = format!("/v1/customers/{customer}");
    let changed = api
        .patch(&change, json!({ "metadata": { "a": text } }))
        .await;
    answers.push(changed);
    for path in [
        format!("/v1/payments/{escaped}"),
        format!("/v1/{escaped}"),
        format!("/v1/customers?{escaped}=x"),
        format!("/v1/customers?email={escaped}"),
        format!("/v1/customers?after={escaped}"),
        format!("/v1/payments?expand[]={escaped}"),
        format!("/_mock/faults/{escaped}"),
        format!("/_mock/requests?since={escaped}"),
        format!("/_mock/accounts/{escaped}"),
    ] {
        answers.push(api.get(&path).await);
    }
    // A page, which is not the contract's; its path is logged all the same.
    let page = format!("{}/pay/{escaped}?{escaped}={escaped}", api.url);
    http().get(page).send().await.unwrap();
    if text.is_ascii() {
        for header in [
            "Idempotency-Key",
            "X-Fluxa-Sandbox-Timing",
            "Fluxa-Version",
            "User-Agent",
            "X-Other",
            "Cookie",
        ] {
            let call = api.call(Method::POST, "/v1/customers").json(&plain);
            answers.push(call.header(header, text).send().await);
        }
        let call = api.call(Method::POST, "/v1/customers").json(&plain);
        answers.push(
            call.header("Referer", &format!("http://x/?a={escaped}"))
                .send()
                .await,
        );
        let call = api.call(Method::GET, &format!("/v1/customers/{customer}"));
        answers.push(call.header("Last-Event-ID", text).send().await);
    }
    answers
}

#[tokio::test]
async fn an_idempotency_key_that_is_a_card_number_or_a_key_is_refused_and_a_usual_one_is_not() {
    let (server, api) = crate::support::start().await;
    let body = json!({ "email": "a@example.com", "name": "A" });
    let send = async |key: &str| {
        let call = api.call(Method::POST, "/v1/customers").json(&body);
        call.key(key).send().await
    };
    for key in [
        "4111111111111111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111_1111_1111_1111",
        "pay:4111/1111/1111/1111",
        "order-4111111111111111",
        "676770000005",
        "4111%201111%201111%201111",
        "%34111111111111111",
        &foreign_key().replace('_', "%5F"),
        &foreign_key(),
        &format!("whsec_{}", "a".repeat(32)),
        &api.key,
    ] {
        let refused = send(key).await.refused(400, "invalid_idempotency_key");
        assert!(!refused.text.contains(key), "{}", refused.text);
    }
    for key in [
        "order-8421",
        "8421",
        "1716135600000",
        "2026-11-21-8421",
        "550e8400-e29b-41d4-a716-446655440000",
        "40000000-0000-4002-8716-446655440000",
        "pay_4111111111111111",
    ] {
        send(key).await.ok();
    }
    drop(server);
}

#[tokio::test]
async fn what_a_receiver_answers_is_kept_without_card_numbers() {
    let (server, api) = crate::support::start().await;
    let receiver = receiver::Receiver::start().await;
    receiver.say("paid with 4111-1111-1111-1111, thanks");
    let hook = json!({ "url": receiver.url() });
    let endpoint = api.post("/v1/webhook_endpoints", hook).await.ok().id();
    api.payment("instant").await;
    server.advance(Duration::from_secs(1)).await.unwrap();
    let path = format!("/v1/webhook_endpoints/{endpoint}/deliveries");
    let kept = api.get(&path).await.ok().text;
    assert!(kept.contains("paid with [redacted], thanks"), "{kept}");
}

#[tokio::test]
async fn a_fingerprint_follows_from_a_salt_that_is_the_sandbox_s_own() {
    let directory = tempfile::tempdir().unwrap();
    let stored = async |name: &str| {
        let file = directory.path().join(name);
        let server = MockServer::builder()
            .db(&file)
            .seed(7)
            .start()
            .await
            .unwrap();
        let api = Api::new(&server);
        let body = json!({ "email": "a@example.com", "name": "A" });
        let call = async |key: &str, body: &Value| {
            let call = api.call(Method::POST, "/v1/customers").json(body).key(key);
            call.send().await
        };
        let first = call("one", &body).await.ok();
        server.shutdown().await;
        // The salt is the file's: the answer is known after a restart.
        let server = MockServer::builder().db(&file).start().await.unwrap();
        let api = Api::new(&server);
        let again = api
            .call(Method::POST, "/v1/customers")
            .json(&body)
            .key("one");
        let again = again.send().await.ok();
        assert_eq!(again.id(), first.id());
        assert_eq!(again.headers["x-fluxa-idempotent-replayed"], "true");
        server.shutdown().await;
        let connection = rusqlite::Connection::open(&file).unwrap();
        let sql = "SELECT fingerprint FROM idempotency WHERE key = 'one'";
        let print: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        print
    };
    // The same request to two sandboxes of one seed.
    assert_ne!(stored("a.db").await, stored("b.db").await);
}

#[tokio::test]
async fn a_request_with_somebody_s_card_number_leaves_no_fingerprint() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a.db");
    let server = MockServer::builder().db(&file).start().await.unwrap();
    let api = Api::new(&server);
    let session = api.session(None, None).await;
    let pay = format!("/v1/sandbox/checkout/sessions/{session}/complete");
    let send = async |key: &str, body: Value| {
        api.call(Method::POST, &pay)
            .json(&body)
            .key(key)
            .send()
            .await
    };
    for number in [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111111111111112",
    ] {
        send("somebody", card(number))
            .await
            .refused(400, "parameter_invalid");
    }
    send("unknown", json!({ "4111.1111.1111.1111": "x" }))
        .await
        .refused(400, "parameter_unknown");
    // Test cards are everybody's: their requests have answers to replay.
    let paid = send("test-card", card("4242424242424242")).await.ok();
    let again = send("test-card", card("4242424242424242")).await.ok();
    assert_eq!(
        (
            paid.id(),
            again.headers.contains_key("x-fluxa-idempotent-replayed")
        ),
        (again.id(), true)
    );
    send("test-card", card("5555555555554444"))
        .await
        .refused(409, "idempotency_key_reused");
    server.shutdown().await;
    let connection = rusqlite::Connection::open(&file).unwrap();
    let mut statement = connection
        .prepare("SELECT key FROM idempotency ORDER BY key")
        .unwrap();
    let keys = statement.query_map([], |row| row.get(0)).unwrap();
    let keys: Vec<String> = keys.map(Result::unwrap).collect();
    assert_eq!(keys, ["test-card"]);
}
