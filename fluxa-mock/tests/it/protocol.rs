//! The wire: errors, encodings, limits, hosts, slow clients.

use crate::support::{Api, start};
use fluxa_mock::{Config, ControlKey, MockServer, RateLimit};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn session() -> Value {
    json!({
        "amount": 1999, "currency": "gbp",
        "success_url": "https://example.com/done", "cancel_url": "https://example.com/cancel",
    })
}

async fn create(api: &Api, change: impl FnOnce(&mut Value)) -> crate::support::Answer {
    let mut body = session();
    change(&mut body);
    api.post("/v1/checkout/sessions", body).await
}

/// Sends raw bytes and returns the answer as text, until the server closes.
async fn raw(server: &MockServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn amounts_are_integers_of_pence_within_limits() {
    let (_server, api) = start().await;
    let amount = |amount: Value| create(&api, move |body| body["amount"] = amount);
    assert_eq!(amount(json!(4999.0)).await.ok().body["amount"], 4999);
    amount(json!(30)).await.ok();
    amount(json!(99_999_999)).await.ok();
    amount(json!(49.99)).await.refused(400, "parameter_invalid");
    amount(json!("1999"))
        .await
        .refused(400, "parameter_invalid");
    amount(json!(null)).await.refused(400, "parameter_invalid");
    amount(json!(100_000_000))
        .await
        .refused(400, "amount_too_large");
    let small = amount(json!(29)).await.refused(400, "amount_too_small");
    assert_eq!(small.body["error"]["param"], "amount");
    assert_eq!(
        small.body["error"]["message"],
        "Amount must be at least 30 pence for GBP transactions."
    );
}

#[tokio::test]
async fn parameters_are_checked_by_name_and_type() {
    let (_server, api) = start().await;
    let missing = create(&api, |body| {
        drop(body.as_object_mut().unwrap().remove("currency"))
    })
    .await;
    assert_eq!(
        missing.refused(400, "parameter_missing").body["error"]["param"],
        "currency"
    );
    create(&api, |body| body["colour"] = "red".into())
        .await
        .refused(400, "parameter_unknown");
    create(&api, |body| body["currency"] = "EUR".into())
        .await
        .refused(400, "currency_unsupported");
    create(&api, |body| body["success_url"] = "/done".into())
        .await
        .refused(400, "parameter_invalid");
    let wrong = create(&api, |body| {
        body["customer"] = "pay_0123456789abcdef".into()
    })
    .await;
    let wrong = wrong.refused(400, "invalid_id");
    assert!(
        wrong.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("cus_")
    );
    api.get("/v1/payments/cus_0123456789abcdef")
        .await
        .refused(400, "invalid_id");
    api.get("/v1/payments/pay_0123456789abcdef")
        .await
        .refused(404, "resource_missing");
    api.get("/v1/payments/pay_0123456789abcdef?limit=1")
        .await
        .refused(400, "parameter_unknown");
    let version = api
        .call(Method::GET, "/v1/payments")
        .header("Fluxa-Version", "2020-01-01");
    version.send().await.refused(400, "invalid_api_version");
    let timing = api
        .call(Method::POST, "/v1/checkout/sessions")
        .json(&session());
    let timing = timing.header("X-Fluxa-Sandbox-Timing", "soon").send().await;
    timing.refused(400, "parameter_invalid");
}

#[tokio::test]
async fn metadata_limits_count_characters() {
    let (_server, api) = start().await;
    let metadata = |metadata: Value| create(&api, move |body| body["metadata"] = metadata);
    let full: Value = (0..50)
        .map(|number| (format!("{number:0>40}"), json!("é".repeat(500))))
        .collect();
    metadata(full).await.ok();
    let many: Value = (0..51)
        .map(|number| (format!("k{number}"), json!("v")))
        .collect();
    metadata(many).await.refused(400, "metadata_invalid");
    metadata(json!({ "k".repeat(41): "v" }))
        .await
        .refused(400, "metadata_invalid");
    metadata(json!({ "k": "v".repeat(501) }))
        .await
        .refused(400, "metadata_invalid");
    metadata(json!({ "k": 1 }))
        .await
        .refused(400, "metadata_invalid");
}

#[tokio::test]
async fn bodies_that_are_malformed_or_too_large_are_refused() {
    let (_server, api) = start().await;
    let post = || api.call(Method::POST, "/v1/customers");
    let json_type = ("Content-Type", "application/json");
    for body in [
        "{",
        "[]",
        "{\"email\":\"a@b.c\",\"email\":\"d@e.f\"}",
        "nonsense",
    ] {
        let call = post()
            .header(json_type.0, json_type.1)
            .bytes(body.as_bytes().to_vec());
        call.send().await.refused(400, "body_malformed");
    }
    post()
        .form("metadata[a=1")
        .send()
        .await
        .refused(400, "body_malformed");
    post()
        .form("email=a@b.c&email=d@e.f")
        .send()
        .await
        .refused(400, "parameter_invalid");
    let text = post()
        .header("Content-Type", "text/plain")
        .bytes(b"hello".to_vec());
    text.send().await.refused(400, "body_malformed");
    let large = post()
        .header(json_type.0, json_type.1)
        .bytes(vec![b' '; 1024 * 1024 + 1]);
    large.send().await.refused(400, "body_too_large");
}

#[tokio::test]
async fn a_form_that_is_not_utf_8_is_malformed() {
    let (_server, api) = start().await;
    let call = || api.call(Method::POST, "/v1/customers");
    for form in ["email=a@b.cd&name=%FF", "email=a@b.cd&name=%E2%82", "%C3=1"] {
        let refused = call().form(form).send().await;
        refused.refused(400, "body_malformed");
    }
    let raw = b"email=a@b.cd&name=\xff".to_vec();
    let raw = call().form("").bytes(raw).send().await;
    raw.refused(400, "body_malformed");
    let named = call().form("email=a@b.cd&name=%E2%82%AC+%EF%BF%BD").send();
    assert_eq!(named.await.ok().body["name"], "\u{20ac} \u{fffd}");
    assert_eq!(api.get("/v1/customers").await.ids().len(), 1);
}

#[tokio::test]
async fn unknown_paths_and_methods_have_the_envelope_too() {
    let (_server, api) = start().await;
    api.get("/v1/nonsense").await.refused(404, "route_missing");
    api.delete("/").await.refused(405, "method_not_allowed");
    api.delete("/v1/payments")
        .await
        .refused(405, "method_not_allowed");
    api.with_key("")
        .get("/v1/subscriptions")
        .await
        .refused(401, "key_missing");
    api.with_key("").get("/v1/status").await.ok();
    api.with_key("").get("/_mock/health").await.ok();
}

#[tokio::test]
async fn every_operation_of_the_contract_is_routed() {
    let (_server, api) = start().await;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut count = 0;
    for (template, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            // Without a key: a route that exists asks for one before it looks at the id.
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = format!("/v1{}", template.replace("{id}", "x"));
            let status = api
                .with_key("")
                .call(method.clone(), &path)
                .send()
                .await
                .status;
            let expected = if template == "/status" { 200 } else { 401 };
            assert_eq!(status, expected, "{method} {path}");
            count += 1;
        }
    }
    assert_eq!(count, 69);
}

#[tokio::test]
async fn the_rate_limit_counts_per_key_and_says_when_to_return() {
    let limit = RateLimit {
        per_second: 1,
        burst: 3,
    };
    let server = MockServer::builder()
        .rate_limit(limit)
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    for left in ["2", "1", "0"] {
        let answer = api.get("/v1/merchant").await.ok();
        assert_eq!(answer.headers["x-ratelimit-remaining"], left);
        assert_eq!(answer.headers["x-ratelimit-limit"], "1");
    }
    let refused = api
        .get("/v1/merchant")
        .await
        .refused(429, "rate_limit_exceeded");
    assert_eq!(refused.headers["retry-after"], "1");
    api.with_key(server.restricted_key())
        .get("/v1/merchant")
        .await
        .ok();
}

#[tokio::test]
async fn answers_outside_any_operation_show_the_keys_own_bucket_and_take_nothing() {
    // Large and slow, so that it is far from full for as long as the test lasts.
    let limit = RateLimit {
        per_second: 1,
        burst: 1000,
    };
    let server = MockServer::builder()
        .rate_limit(limit)
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    let left = |answer: crate::support::Answer| -> u32 {
        answer.headers["x-ratelimit-remaining"].parse().unwrap()
    };
    for _ in 0..500 {
        api.get("/v1/merchant").await.ok();
    }
    let before = left(api.get("/v1/merchant").await.ok());
    let missing = api.get("/v1/nonsense").await.refused(404, "route_missing");
    let method = api
        .delete("/v1/payments")
        .await
        .refused(405, "method_not_allowed");
    for answer in [missing, method] {
        let left = left(answer);
        assert!((before..1000).contains(&left), "{left} after {before}");
    }
    let stranger = api.with_key("sk_test_nobody").get("/v1/nonsense").await;
    assert_eq!(left(stranger), 1000);
}

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused() {
    let (server, _api) = start().await;
    let ask = |headers: String| {
        let request = format!("GET /_mock/health HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        async { raw(&server, &Box::leak(request.into_boxed_str())[..]).await }
    };
    let port = server.address().port();
    for host in [
        format!("localhost:{port}"),
        "127.0.0.1".to_owned(),
        format!("[::1]:{port}"),
    ] {
        let answer = ask(format!("Host: {host}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{host}: {answer}");
    }
    let own = format!("Host: localhost:{port}\r\nOrigin: http://localhost:{port}\r\n");
    assert!(ask(own).await.starts_with("HTTP/1.1 200"));
    let foreign = [
        "Host: evil.example\r\n".to_owned(),
        "Host: localhost.evil.example\r\n".to_owned(),
        "Host: 127.0.0.1.evil.example:80\r\n".to_owned(),
        "Host: localhost\r\nHost: evil.example\r\n".to_owned(),
        String::new(),
        format!("Host: localhost:{port}\r\nOrigin: https://evil.example\r\n"),
        format!("Host: localhost:{port}\r\nOrigin: null\r\n"),
        format!("Host: localhost:{port}\r\nOrigin: http://localhost:1\r\n"),
    ];
    for headers in foreign {
        let answer = ask(headers.clone()).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{headers}: {answer}");
        assert!(answer.contains("origin_not_allowed") && answer.contains("x-fluxa-request-id"));
    }
}

#[tokio::test]
async fn slow_and_idle_connections_are_closed() {
    let limit = Duration::from_millis(150);
    let server = MockServer::builder()
        .configure(|config| config.header_timeout(limit).body_timeout(limit))
        .start()
        .await
        .unwrap();
    // `raw` returns only when the server closes.
    let wait = Duration::from_secs(5);
    for part in [
        "",
        "GET /_mock/health HTTP/1.1\r\nHost:",
        "GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let closed = tokio::time::timeout(wait, raw(&server, part)).await;
        assert!(closed.is_ok(), "{part:?} was kept open");
    }
    let slow = "POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{";
    let answer = tokio::time::timeout(wait, raw(&server, slow))
        .await
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 401") || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_listener_beyond_loopback_needs_permission() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = fluxa_mock::serve(listener, Config::new(), async {})
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let config = Config::new().expose(ControlKey::random());
    fluxa_mock::serve(listener, config, async {}).await.unwrap();
}

#[tokio::test]
async fn the_url_of_a_session_is_its_page() {
    let (_server, api) = start().await;
    let session = create(&api, |_| ()).await.ok();
    let url = session.body["url"].as_str().unwrap();
    let answer = crate::support::http().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert!(text.contains(&session.id()), "{text}");
}

#[tokio::test]
async fn headers_that_contradict_each_other_are_refused() {
    let (_server, api) = start().await;
    let customer = json!({ "email": "a@example.com" });
    let create = |key: &str| {
        let call = api.call(Method::POST, "/v1/customers").json(&customer);
        call.key("one").key(key).send()
    };
    create("two").await.refused(400, "invalid_idempotency_key");
    create("one").await.ok();
    let other = format!("Bearer {}", api.key);
    let twice = api.call(Method::GET, "/v1/customers");
    let twice = twice.header("Authorization", &other).send().await;
    twice.refused(401, "key_invalid");
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused_like_anything_else() {
    let (_server, api) = start().await;
    for path in [
        "/v1/payments/%ff",
        "/_mock/snapshots/%ff",
        "/pay/%c3%28",
        "/%fe",
    ] {
        let refused = api.get(path).await.refused(400, "parameter_invalid");
        assert!(refused.headers.contains_key("x-fluxa-request-id"), "{path}");
    }
}

#[tokio::test]
async fn the_root_says_where_to_look() {
    let (server, api) = start().await;
    let api = api.with_key("");
    let pointer = api.get("/").await.ok();
    assert_eq!(pointer.body["api"], server.base_url());
    let browser = |path| {
        api.call(Method::GET, path)
            .header("Accept", "text/html, */*;q=0.8")
    };
    for path in ["/", "/_mock/ui"] {
        let led = browser(path).send().await;
        assert_eq!(
            (led.status, &*led.headers["location"]),
            (303, "/_mock/"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_answer_is_to_be_sniffed() {
    let (_server, api) = start().await;
    for path in [
        "/",
        "/v1/payments",
        "/v1/nonsense",
        "/_mock/clock",
        "/_mock/",
    ] {
        let answer = api.get(path).await;
        assert_eq!(
            answer.headers["x-content-type-options"], "nosniff",
            "{path}"
        );
    }
}

#[tokio::test]
async fn csv_that_is_refused_does_not_come() {
    let (_server, api) = start().await;
    let path = format!("/v1/payments/{}/history", api.payment("instant").await);
    for (accept, media) in [
        ("text/csv", "text/csv; charset=utf-8"),
        ("text/csv;q=0", "application/json"),
        ("text/csv;q=0.2, application/json", "application/json"),
    ] {
        let call = api.call(Method::GET, &path).header("Accept", accept);
        assert_eq!(
            call.send().await.ok().headers["content-type"],
            media,
            "{accept}"
        );
    }
}

#[tokio::test]
async fn a_timing_that_cannot_be_read_is_refused_wherever_it_is_sent() {
    let (_server, api) = start().await;
    let customer = json!({ "email": "a@example.com", "name": "A" });
    for call in [
        api.call(Method::POST, "/v1/customers").json(&customer),
        api.call(Method::GET, "/v1/payments"),
    ] {
        let refused = call.header("X-Fluxa-Sandbox-Timing", "soon").send().await;
        let refused = refused.refused(400, "parameter_invalid");
        assert_eq!(refused.body["error"]["param"], "X-Fluxa-Sandbox-Timing");
    }
    let idle = api.call(Method::POST, "/v1/customers").json(&customer);
    idle.header("X-Fluxa-Sandbox-Timing", "instant")
        .send()
        .await
        .ok();
}

#[tokio::test]
async fn a_star_is_every_type_of_event() {
    let (_server, api) = start().await;
    let hook = json!({ "url": "http://127.0.0.1:9/hook", "events": ["*"] });
    let endpoint = api.post("/v1/webhook_endpoints", hook).await.ok();
    assert_eq!(endpoint.body["events"], json!([]));
    let call = api
        .call(Method::POST, "/v1/listen_sessions")
        .form("events=*");
    assert_eq!(call.send().await.ok().body["events"], json!([]));
    let hook = json!({ "url": "http://127.0.0.1:9/hook", "events": ["payment.*"] });
    let refused = api.post("/v1/webhook_endpoints", hook).await;
    let refused = refused.refused(400, "parameter_invalid");
    assert!(refused.text.contains("or none for all"), "{}", refused.text);
}
