//! What an error keeps: status, headers, raw body, path; and what is never followed.

use fluxa_sdk::error::ErrorType;
use fluxa_sdk::{Client, Error, Outcome};

use crate::client;
use crate::server::{Server, Step, error, ok};

#[tokio::test]
async fn the_envelope_is_read_whole() {
    let server = Server::start([error(400, "amount_too_small")]).await;
    let failure = client(&server.base_url())
        .raw("POST", "/payments")
        .await
        .unwrap_err();
    let api = failure.as_api().unwrap();
    assert_eq!(api.status(), 400);
    assert_eq!(api.kind(), &ErrorType::InvalidRequest);
    assert_eq!(api.code(), Some("amount_too_small"));
    assert_eq!(api.param(), Some("amount"));
    assert_eq!(api.message(), Some("It will not do."));
    assert_eq!(
        api.doc_url(),
        Some("https://docs.fluxapay.co.uk/amount_too_small")
    );
    assert_eq!(failure.request_id(), Some("req_00000000000000ff"));
    assert!(api.is_invalid_request() && !api.is_idempotency_conflict());
    let text = failure.to_string();
    assert_eq!(
        text,
        "the API answered 400 `amount_too_small`: It will not do (parameter `amount`) \
         [req_00000000000000ff]"
    );
}

#[tokio::test]
async fn an_error_that_is_no_json_keeps_status_headers_and_body() {
    let headers = vec![
        ("X-Fluxa-Request-Id", "req_00000000000000bb".to_owned()),
        ("Content-Type", "text/html".to_owned()),
    ];
    let server = Server::start([Step::Respond(
        502,
        headers,
        "<html>Bad gateway</html>".into(),
    )])
    .await;
    let call = client(&server.base_url())
        .raw("GET", "/payments")
        .max_retries(0);
    let failure = call.await.unwrap_err();
    let api = failure.as_api().unwrap();
    assert_eq!(
        (api.status().as_u16(), api.kind()),
        (502, &ErrorType::ApiError)
    );
    assert_eq!(&api.raw_body()[..], b"<html>Bad gateway</html>");
    assert_eq!(api.headers()["content-type"], "text/html");
    assert_eq!(failure.request_id(), Some("req_00000000000000bb"));
    assert_eq!(failure.outcome(), Outcome::Unknown);
    assert!(
        !failure.to_string().contains("html"),
        "bodies are not printed"
    );
}

#[tokio::test]
async fn what_could_steer_a_terminal_is_not_printed() {
    let body = r#"{"error":{"code":"a\u001b[2J","message":"b\u001b]0;x\u0007\nc"}}"#;
    let server = Server::start([Step::Respond(400, Vec::new(), body.into())]).await;
    let failure = client(&server.base_url())
        .raw("POST", "/payments")
        .await
        .unwrap_err();
    assert_eq!(failure.as_api().unwrap().code(), Some("a\u{1b}[2J"));
    assert!(
        !failure.to_string().contains(char::is_control),
        "{failure:?}"
    );
    assert!(!format!("{failure:?}").contains(char::is_control));
}

#[tokio::test]
async fn nothing_an_error_prints_turns_the_text_or_hides_in_it() {
    let evil = "\u{202e}\u{2066}\u{200b}\u{feff}\u{ad}\u{e0041}\u{1b}[31m";
    let long = "x".repeat(100_000);
    let envelope = serde_json::json!({"error": {
        "type": format!("type{evil}"), "code": format!("code{evil}"), "param": format!("param{evil}"),
        "message": format!("message{evil}{long}"), "request_id": format!("req_{evil}"),
    }});
    let path = format!("{{\"a{evil}\": tru").replace('\u{1b}', "");
    for step in [
        Step::Respond(400, Vec::new(), envelope.to_string()),
        Step::Respond(200, Vec::new(), path),
    ] {
        let server = Server::start([step]).await;
        let call = client(&server.base_url()).raw("POST", "/payments");
        let failure = call.await.unwrap_err();
        for text in [failure.to_string(), format!("{failure:?}")] {
            assert!(!text.contains(|c: char| evil.contains(c) && !c.is_ascii_graphic()));
            assert!(text.chars().count() < 3000, "{}", text.len());
        }
    }
}

#[tokio::test]
async fn an_unknown_kind_of_error_is_kept() {
    let body = "{\"error\":{\"type\":\"cosmic\",\"code\":\"ray\",\"extra\":{\"a\":1}}}";
    let server = Server::start([Step::Respond(422, Vec::new(), body.into())]).await;
    let failure = client(&server.base_url())
        .raw("POST", "/payments")
        .await
        .unwrap_err();
    let api = failure.as_api().unwrap();
    assert_eq!(api.kind(), &ErrorType::Unknown("cosmic".into()));
    assert_eq!(api.code(), Some("ray"));
}

#[tokio::test]
async fn a_success_that_cannot_be_read_keeps_its_body_and_is_not_repeated() {
    let server = Server::start([ok("{\"id\": hush}"), ok("{}")]).await;
    let failure = client(&server.base_url())
        .raw("POST", "/payments")
        .await
        .unwrap_err();
    let Error::Decode(decode) = &failure else {
        panic!("{failure:?}")
    };
    assert_eq!(&decode.raw_body()[..], b"{\"id\": hush}");
    assert_eq!(decode.path(), "id");
    assert_eq!(
        (failure.attempts(), failure.outcome()),
        (1, Outcome::Unknown)
    );
    assert_eq!(failure.request_id(), Some("req_0000000000000001"));
    assert!(!format!("{failure} {failure:?}").contains("hush"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_empty_success_is_null() {
    let server = Server::start([Step::Respond(204, Vec::new(), String::new())]).await;
    let answer = client(&server.base_url())
        .raw("DELETE", "/customers/cus_1")
        .await
        .unwrap();
    assert!(answer.is_null());
}

#[tokio::test]
async fn a_redirect_is_an_error_and_is_never_followed() {
    let target = Server::start([ok("{}")]).await;
    for code in [301, 302, 303, 307, 308] {
        let location = vec![("Location", format!("{}/stolen", target.base_url()))];
        let server = Server::start([Step::Respond(code, location, String::new())]).await;
        let failure = client(&server.base_url())
            .raw("GET", "/payments")
            .await
            .unwrap_err();
        assert_eq!(failure.as_api().unwrap().status(), code);
        assert!(failure.to_string().contains("never followed"), "{failure}");
        assert_eq!(server.requests().len(), 1);
    }
    assert!(target.requests().is_empty());
}

/// What is wrong, the key, the base URL, and what the error says of it.
const REFUSED: [(&str, &str, &str, &str); 22] = [
    ("nothing", "", LIVE, "is empty"),
    (
        "a newline at the end",
        "sk_test_hush0000000000000000000000000000\n",
        LIVE,
        "trailing newline",
    ),
    (
        "a carriage return",
        "sk_test_hush0000000000000000000000000000\r\n",
        LIVE,
        "trailing newline",
    ),
    ("a NUL", "sk_test_hush\0", LIVE, "control character"),
    (
        "an escape",
        "sk_test_hush\u{1b}[2J",
        LIVE,
        "control character",
    ),
    ("a DEL", "sk_test_hush\u{7f}", LIVE, "control character"),
    ("a space", "sk_test_hush hush", LIVE, "a space"),
    ("a no-break space", "sk_test_hush\u{a0}", LIVE, "non-ASCII"),
    (
        "a header smuggled in",
        "sk_test_hush\r\nX-Evil: 1",
        LIVE,
        "control character",
    ),
    (
        "a browser's key",
        "pk_test_hush0000000000000000000000000000",
        LIVE,
        "publishable",
    ),
    (
        "a browser's live key",
        "pk_live_hush0000000000000000000000000000",
        LIVE,
        "publishable",
    ),
    (
        "a webhook secret",
        "whsec_hush0000000000000000000000000000",
        LIVE,
        "not an API key",
    ),
    (
        "another company's key",
        "Bearer_hush",
        LIVE,
        "not an API key",
    ),
    (
        "neither live nor sandbox",
        "sk_hush0000000000000000000000000000",
        LIVE,
        "not an API key",
    ),
    (
        "upper case",
        "SK_TEST_hush0000000000000000000000000000",
        LIVE,
        "not an API key",
    ),
    (
        "plain http",
        crate::KEY,
        "http://api.fluxapay.co.uk/v1",
        "in the clear",
    ),
    (
        "a look-alike of loopback",
        crate::KEY,
        "http://localhost.evil.test/v1",
        "in the clear",
    ),
    (
        "another scheme",
        crate::KEY,
        "ftp://api.fluxapay.co.uk/v1",
        "not https",
    ),
    (
        "no scheme",
        crate::KEY,
        "api.fluxapay.co.uk/v1",
        "not a URL",
    ),
    (
        "a password",
        crate::KEY,
        "https://user:hush@api.fluxapay.co.uk",
        "password",
    ),
    (
        "a query",
        crate::KEY,
        "https://api.fluxapay.co.uk/v1?key=hush",
        "a query",
    ),
    ("nothing for a URL", crate::KEY, "", "not a URL"),
];

const LIVE: &str = fluxa_sdk::contract::LIVE_BASE_URL;

#[test]
fn a_client_that_cannot_work_is_refused_when_building() {
    for (what, key, base_url, says) in REFUSED {
        let failure = Client::builder(key).base_url(base_url).build().unwrap_err();
        assert!(matches!(failure, Error::Config(_)), "{what}: {failure:?}");
        assert_eq!(
            (failure.outcome(), failure.attempts()),
            (Outcome::NotSent, 0),
            "{what}"
        );
        assert!(failure.to_string().contains(says), "{what}: {failure}");
        let printed = format!("{failure} {failure:?}");
        assert!(
            !printed.contains("hush") && !printed.contains(char::is_control),
            "{what}"
        );
    }
    for base_url in [
        "http://127.0.0.1:1/v1",
        "http://localhost:1",
        "http://[::1]:1/v1/",
    ] {
        assert!(
            Client::builder(crate::KEY)
                .base_url(base_url)
                .build()
                .is_ok()
        );
    }
}

#[test]
fn headers_and_proxies_that_cannot_work_are_refused_when_building() {
    let builder = || Client::builder(crate::KEY).base_url("http://127.0.0.1:1/v1");
    for (what, built) in [
        ("version", builder().api_version("2026\n").build()),
        (
            "app info",
            builder().app_info("shop\r\nX-Evil: 1", "1", None).build(),
        ),
        (
            "certificate",
            Client::builder(crate::KEY)
                .add_root_certificate("hush")
                .build(),
        ),
        (
            "proxy",
            Client::builder(crate::KEY)
                .proxy("socks5://user:hush@proxy")
                .build(),
        ),
    ] {
        let failure = built.unwrap_err();
        assert!(matches!(failure, Error::Config(_)), "{what}: {failure:?}");
        assert_eq!(failure.outcome(), Outcome::NotSent, "{what}");
        assert!(!format!("{failure} {failure:?}").contains("hush"), "{what}");
    }
}

#[test]
fn clients_calls_and_errors_may_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    fn sends<T: Send>() {}
    crosses::<Client>();
    crosses::<Error>();
    sends::<fluxa_sdk::Call<serde_json::Value, fluxa_sdk::RawParams>>();
}
