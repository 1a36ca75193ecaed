//! The event stream: live, resumed, filtered; nothing lost, nothing repeated.

use crate::support::{Api, http, start};
use fluxa_mock::MockServer;
use serde_json::{Value, json};
use std::time::Duration;

/// An open stream.
struct Stream {
    response: reqwest::Response,
    buffer: String,
}

impl Stream {
    async fn open(api: &Api, query: &str, last: Option<&str>) -> Self {
        let mut request = http()
            .get(format!("{}/v1/events/stream{query}", api.url))
            .header("Authorization", format!("Bearer {}", api.key));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            buffer: String::new(),
        }
    }

    /// The next block of lines, comments included; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let block = block.to_owned();
                self.buffer = rest.to_owned();
                return Some(block);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.chunk());
            let chunk = chunk.await.expect("the stream is silent").ok()??;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event.
    async fn event(&mut self) -> (String, Value) {
        loop {
            let block = self.block().await.expect("the stream has ended");
            if block.starts_with(':') {
                continue;
            }
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_else(|| panic!("no {name} in {block}"))
                    .to_owned()
            };
            let event: Value = serde_json::from_str(&field("data: ")).unwrap();
            assert_eq!(event["id"], field("id: "));
            assert_eq!(event["type"], field("event: "));
            return (field("id: "), event);
        }
    }
}

async fn customer(api: &Api, number: usize) {
    let body = json!({ "email": format!("c{number}@example.com") });
    api.post("/v1/customers", body).await.ok();
}

#[tokio::test]
async fn a_stream_tells_what_happens_from_now_on() {
    let (_server, api) = start().await;
    customer(&api, 0).await;
    let mut stream = Stream::open(&api, "", None).await;
    let session = api.session(None, None).await;
    let (_, event) = stream.event().await;
    assert_eq!(event["data"]["object"]["id"], session);
    crate::support::contract::check_event(&event);
}

#[tokio::test]
async fn resuming_while_events_pour_in_loses_and_repeats_nothing() {
    let (_server, api) = start().await;
    customer(&api, 0).await;
    let start_after = api.get("/v1/events").await.ids().remove(0);
    let writer = {
        let api = api.clone();
        tokio::spawn(async move {
            for number in 1..=300 {
                customer(&api, number).await;
            }
        })
    };
    let mut seen = Vec::new();
    let mut last = start_after;
    while seen.len() < 300 {
        // Cut the stream every seven events; resume by header and by parameter in turn.
        let mut stream = if seen.len() % 2 == 0 {
            Stream::open(&api, "", Some(&last)).await
        } else {
            Stream::open(&api, &format!("?after={last}"), None).await
        };
        for _ in 0..7.min(300 - seen.len()) {
            let (id, event) = stream.event().await;
            seen.push(
                event["data"]["object"]["email"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
            last = id;
        }
    }
    writer.await.unwrap();
    let expected: Vec<String> = (1..=300)
        .map(|number| format!("c{number}@example.com"))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_stream_resumes_across_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let server = MockServer::builder().db(&file).start().await.unwrap();
    let api = Api::new(&server);
    let mut stream = Stream::open(&api, "", None).await;
    customer(&api, 1).await;
    let (last, _) = stream.event().await;
    customer(&api, 2).await;
    customer(&api, 3).await;
    server.shutdown().await;
    // What was on its way may still come; the stream then ends.
    while stream.block().await.is_some() {}

    let server = MockServer::builder().db(&file).start().await.unwrap();
    let api = Api::new(&server);
    let mut stream = Stream::open(&api, "", Some(&last)).await;
    customer(&api, 4).await;
    for number in 2..=4 {
        let (_, event) = stream.event().await;
        assert_eq!(
            event["data"]["object"]["email"],
            format!("c{number}@example.com")
        );
    }
}

#[tokio::test]
async fn types_filter_and_bad_cursors_are_refused() {
    let (_server, api) = start().await;
    let mut stream = Stream::open(&api, "?types=payment.captured,payment.settled", None).await;
    api.payment("instant").await;
    assert_eq!(stream.event().await.1["type"], "payment.captured");
    assert_eq!(stream.event().await.1["type"], "payment.settled");
    let path = "/v1/events/stream";
    api.get(&format!("{path}?types=nonsense"))
        .await
        .refused(400, "parameter_invalid");
    let unknown = "evt_ffffffffffffffff";
    api.get(&format!("{path}?after={unknown}"))
        .await
        .refused(400, "invalid_cursor");
    api.with_key("").get(path).await.refused(401, "key_missing");
}

async fn pinged_every(ping: Duration) -> (MockServer, Api) {
    let server = MockServer::builder()
        .configure(|config| config.ping_interval(ping))
        .start()
        .await
        .unwrap();
    let api = Api::new(&server);
    (server, api)
}

/// A key of its own: its id, and the API with it.
async fn key(api: &Api) -> (String, Api) {
    let new = json!({ "kind": "secret", "name": "x" });
    let made = api.post("/v1/api_keys", new).await.ok();
    let key = api.with_key(made.body["secret"].as_str().unwrap());
    (made.id().to_owned(), key)
}

#[tokio::test]
async fn a_silent_stream_is_pinged() {
    let (_server, api) = pinged_every(Duration::from_millis(20)).await;
    let mut stream = Stream::open(&api, "", None).await;
    assert_eq!(stream.block().await.unwrap(), ": connected");
    for _ in 0..3 {
        assert_eq!(stream.block().await.unwrap(), ": ping");
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_key_and_does_not_wait_for_a_ping() {
    let (server, api) = pinged_every(Duration::from_secs(86_400)).await;
    let (id, revoked) = key(&api).await;
    let mut stream = Stream::open(&revoked, "", None).await;
    assert_eq!(stream.block().await.unwrap(), ": connected");
    let revoke = format!("/v1/api_keys/{id}/revoke");
    api.post(&revoke, json!({})).await.ok();
    assert_eq!(stream.block().await, None);

    let (id, rotated) = key(&api).await;
    let mut stream = Stream::open(&rotated, "", None).await;
    let grace = json!({ "grace_seconds": 3600 });
    let rotate = format!("/v1/api_keys/{id}/rotate");
    api.post(&rotate, grace).await.ok();
    server.advance(Duration::from_secs(3599)).await.unwrap();
    customer(&api, 1).await;
    let (_, event) = stream.event().await;
    assert_eq!(event["type"], "customer.created");
    server.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(stream.block().await, None);
}
