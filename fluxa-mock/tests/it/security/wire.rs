//! Sizes, slowness, and bytes that are no request.

use super::{DEADLINE, quick, raw};
use crate::support::start;
use reqwest::Method;
use serde_json::json;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_body_has_at_most_a_mebibyte_however_it_is_sent() {
    let (server, api) = start().await;
    let head = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n",
        api.key
    );
    let fits = format!(
        "{{\"email\":\"a@example.com\"}}{}",
        " ".repeat(1_048_576 - 25)
    );
    let large = " ".repeat(1_048_577);
    let sized = |body: &str| format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let chunked = |body: &str| {
        let mut text = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
        for chunk in body.as_bytes().chunks(60_000) {
            write!(
                text,
                "{:x}\r\n{}\r\n",
                chunk.len(),
                String::from_utf8_lossy(chunk)
            )
            .unwrap();
        }
        text.push_str("0\r\n\r\n");
        text
    };
    for request in [sized(&fits), chunked(&fits)] {
        let (status, answer) = raw(&server, request).await;
        assert_eq!(status, 201, "{answer}");
    }
    for request in [sized(&large), chunked(&large)] {
        let (status, answer) = raw(&server, request).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer.contains("body_too_large"), "{answer}");
    }
    // It claims more than the cap and sends nothing: refused as soon as time is up, not remembered.
    let (server, _api) = quick(|config| config.body_timeout(Duration::from_millis(100))).await;
    let lying = format!("{head}Content-Length: 99999999999\r\n\r\n{{");
    let (status, answer) = raw(&server, lying).await;
    assert_eq!(status, 400, "{answer}");
    // It claims more than it sends, and closes its half.
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let cut = format!("{head}Content-Length: 500\r\n\r\n{{\"email\":\"cut@example.com\"}}");
    stream.write_all(cut.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(
        api.get("/v1/customers?email=cut@example.com")
            .await
            .ids()
            .len(),
        0
    );
}

#[tokio::test]
async fn headers_have_a_size_and_a_number() {
    let (server, api) = start().await;
    let ask = async |headers: String| {
        let request = format!(
            "GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n{headers}Connection: close\r\n\r\n"
        );
        raw(&server, request).await.0
    };
    assert_eq!(
        ask(format!("X-Long: {}\r\n", "a".repeat(30_000))).await,
        200
    );
    assert_eq!(
        ask(format!("X-Long: {}\r\n", "a".repeat(200_000))).await,
        431
    );
    assert_eq!(ask("X-Many: a\r\n".repeat(50)).await, 200);
    assert_eq!(ask("X-Many: a\r\n".repeat(500)).await, 431);
    let (status, _) = raw(
        &server,
        format!("GET /{} HTTP/1.1\r\n", "a".repeat(100_000)),
    )
    .await;
    assert!(matches!(status, 414 | 431), "{status}");
    api.get("/v1/merchant").await.ok();
}

#[tokio::test]
async fn slow_idle_and_half_open_connections_are_closed() {
    let limit = Duration::from_millis(100);
    let (server, api) = quick(|config| config.header_timeout(limit).body_timeout(limit)).await;
    let post = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n",
        api.key
    );
    // `raw` returns once the server has closed, and fails when it does not.
    for part in [
        String::new(),
        "G".to_owned(),
        "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow".to_owned(),
        // Idle after an answer.
        "GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        format!("{post}Content-Length: 10\r\n\r\n{{"),
        format!("{post}Transfer-Encoding: chunked\r\n\r\n5\r\n{{"),
        format!("{post}Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"),
    ] {
        raw(&server, part).await;
    }
    // A byte at a time never reaches the end of the limit for the whole.
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let dripping = async {
        let mut ticks = tokio::time::interval(limit / 5);
        stream
            .write_all(b"GET / HTTP/1.1\r\nX-Drip: ")
            .await
            .unwrap();
        loop {
            ticks.tick().await;
            if stream.write_all(b"a").await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(DEADLINE, dripping).await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_is_let_go() {
    let (server, api) = quick(|config| config.write_timeout(Duration::from_millis(100))).await;
    let metadata: serde_json::Value = (0..50)
        .map(|number| (format!("k{number}"), json!("v".repeat(500))))
        .collect();
    for _ in 0..40 {
        let customer = json!({ "email": "a@example.com", "metadata": metadata });
        api.post("/v1/customers", customer).await.ok();
    }
    let request = format!(
        "GET /v1/customers?limit=100 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
        api.key
    );
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // Answers of a megabyte each, until the server reads no more requests; it must then end this.
    let asking = async { while stream.write_all(request.as_bytes()).await.is_ok() {} };
    tokio::time::timeout(DEADLINE, asking).await.unwrap();
    api.get("/v1/merchant").await.ok();
}

#[tokio::test]
async fn a_thousand_idle_connections_do_not_keep_out_another() {
    let (server, api) = start().await;
    let mut idle = Vec::new();
    for number in 0..1000 {
        match TcpStream::connect(server.address()).await {
            Ok(stream) => idle.push(stream),
            // This process may have few descriptors.
            Err(error) => {
                eprintln!("only {number} idle connections here: {error}");
                idle.truncate(number / 2);
                break;
            }
        }
    }
    assert!(idle.len() > 100);
    let answered = tokio::time::timeout(DEADLINE, api.get("/v1/merchant")).await;
    answered.unwrap().ok();
}

#[tokio::test]
async fn hostile_json_is_malformed_and_nothing_worse() {
    let (_server, api) = start().await;
    let post = |body: Vec<u8>| {
        let call = api.call(Method::POST, "/v1/customers");
        call.header("Content-Type", "application/json")
            .bytes(body)
            .send()
    };
    let text = |text: &str| text.as_bytes().to_vec();
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{{\"email\":\"a@example.com\",\"name\":{open}{close}}}").into_bytes()
    };
    for body in [
        nested(200),
        nested(500_000),
        text(&"{\"a\":".repeat(100_000)),
        text("{\"email\":\"a@example.com\",\"email\":\"b@example.com\"}"),
        text("{\"email\":\"a@example.com\",\"metadata\":{\"k\":\"1\",\"\\u006b\":\"2\"}}"),
        text("{\"email\":\"a@example.com\",\"name\":1e999}"),
        text("{\"email\":\"\\ud800\"}"),
        text("{\"email\":\"\\udc00\\ud800\"}"),
        text("{\"email\":\"a\u{0}@example.com\"}"),
        b"{\"email\":\"\xff\"}".to_vec(),
        b"{\"email\":\"\xc0\xaf\"}".to_vec(),
        b"{\"email\":\"\xed\xa0\x80\"}".to_vec(),
        b"\xef\xbb\xbf{\"email\":\"a@example.com\"}".to_vec(),
        text("{\"email\":\"a@example.com\"} {}"),
        text("{\"email\":NaN}"),
        text("{'email':'a@example.com'}"),
        text("{\"email\":\"a@example.com\",}"),
        text("null"),
        text(" "),
    ] {
        post(body).await.refused(400, "body_malformed");
    }
    let amount = |amount: &str| {
        let body = format!(
            "{{\"amount\":{amount},\"currency\":\"GBP\",\"success_url\":\"https://a.example/\",\
             \"cancel_url\":\"https://a.example/\"}}"
        );
        let call = api.call(Method::POST, "/v1/checkout/sessions");
        call.header("Content-Type", "application/json")
            .bytes(body.into_bytes())
            .send()
    };
    for number in [
        "18446744073709551616",
        "9223372036854775808",
        "-9223372036854775809",
        "1e30",
        "-0.0",
        "29.999999999999996",
        "4999.0000001",
        "100000000",
    ] {
        let refused = amount(number).await;
        assert_eq!(refused.status, 400, "{number}: {}", refused.text);
    }
    assert_eq!(amount("4.999e3").await.ok().body["amount"], 4999);
    // NUL is a character of JSON texts; it comes back as it went in.
    let name = "a\u{0}b\u{fffd}\u{1f600}";
    let named = json!({ "email": "a@example.com", "name": name });
    let id = api.post("/v1/customers", named).await.ok().id();
    assert_eq!(
        api.get(&format!("/v1/customers/{id}")).await.ok().body["name"],
        name
    );
}

#[tokio::test]
async fn form_bombs_are_refused_in_no_time() {
    let (_server, api) = start().await;
    let post = async |form: String| {
        let call = api.call(Method::POST, "/v1/customers").form(&form).send();
        let answer = tokio::time::timeout(DEADLINE, call).await.unwrap();
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.text.len() < 2_000, "the answer repeats the bomb");
    };
    post(format!("a{}=1", "[b]".repeat(300_000))).await;
    post("a[]=&".repeat(200_000)).await;
    post("email=&".repeat(140_000)).await;
    post("=".repeat(1_000_000)).await;
    post("&".repeat(1_000_000)).await;
    post("%".repeat(1_000_000)).await;
    post(format!("{}=1", "n".repeat(1_000_000))).await;
    let mut many = String::new();
    for number in 0..60_000 {
        write!(many, "m{number}=1&").unwrap();
    }
    post(many).await;
    let mut keys = "email=a@example.com".to_owned();
    for number in 0..50_000 {
        write!(keys, "&metadata[{number}]=1").unwrap();
    }
    post(keys).await;
}

#[tokio::test]
async fn shapes_that_smuggle_a_second_request_are_refused() {
    let (server, api) = start().await;
    let smuggled = "POST /_mock/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let customer = api
        .post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok()
        .id();
    let head = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\n",
        api.key
    );
    for framing in [
        format!("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("Content-Length: 0\r\nContent-Length: 5\r\n\r\n{smuggled}"),
        format!("Content-Length: 0, 5\r\n\r\n{smuggled}"),
        format!("Content-Length: +0\r\n\r\n{smuggled}"),
        format!("Content-Length: -1\r\n\r\n{smuggled}"),
        format!("Content-Length: 0x0\r\n\r\n{smuggled}"),
        format!("Content-Length : 0\r\n\r\n{smuggled}"),
        format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{smuggled}"),
        format!("Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n{smuggled}"),
        format!("Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n{smuggled}"),
        format!("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{smuggled}"),
        format!("Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n{smuggled}"),
        format!("X: a\r\n folded: b\r\nContent-Length: 0\r\n\r\n{smuggled}"),
    ] {
        let (_, answer) = raw(&server, format!("{head}{framing}")).await;
        assert!(!answer.contains("\"reset\""), "{framing}\n{answer}");
        assert!(
            answer.starts_with("HTTP/1.1 400") || answer.is_empty(),
            "{framing}\n{answer}"
        );
    }
    api.get(&format!("/v1/customers/{customer}")).await.ok();
}
