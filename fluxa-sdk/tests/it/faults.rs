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

#[test]
fn plain_http_to_a_host_that_is_not_loopback_is_refused_when_building() {
    let build = |url: &str| Client::builder(crate::KEY).base_url(url).build();
    let failure = build("http://api.fluxapay.co.uk/v1").unwrap_err();
    assert!(matches!(failure, Error::Config(_)));
    assert!(failure.to_string().contains("https"), "{failure}");
    assert!(build("http://127.0.0.1:1/v1").is_ok());
}

#[test]
fn a_publishable_key_is_refused_when_building() {
    let failure = Client::new("pk_test_a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6").unwrap_err();
    assert!(failure.to_string().contains("publishable"), "{failure}");
}

#[test]
fn clients_calls_and_errors_may_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    fn sends<T: Send>() {}
    crosses::<Client>();
    crosses::<Error>();
    sends::<fluxa_sdk::Call<serde_json::Value, fluxa_sdk::RawParams>>();
}
