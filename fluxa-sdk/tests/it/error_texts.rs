//! What an error says to whoever reads it at night, and how much of an answer it keeps.

use std::future::IntoFuture;
use std::time::{Duration, Instant};

use fluxa_sdk::{Client, Outcome};

use crate::server::{Server, Step, error, ok};
use crate::{KEY, builder, client};

#[tokio::test]
async fn a_call_that_only_reads_cannot_have_been_carried_out() {
    for (method, says) in [
        ("GET", false),
        ("HEAD", false),
        ("POST", true),
        ("PATCH", true),
    ] {
        let server = Server::start([Step::Reset]).await;
        let call = client(&server.base_url()).raw(method, "/payments");
        let failure = call.max_retries(0).await.unwrap_err();
        assert_eq!(failure.outcome(), Outcome::Unknown);
        let text = failure.to_string();
        assert_eq!(text.contains("carried out"), says, "{method}: {text}");
    }
}

#[tokio::test]
async fn no_connection_names_the_origin_and_the_cause() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client(&format!("{origin}/hush/v1"));
    let call = client
        .raw("GET", "/payments/pay_hush")
        .query("email", "hush");
    let text = call.max_retries(0).await.unwrap_err().to_string();
    assert!(
        text.starts_with(&format!(
            "no connection to the API at {origin} (Connection refused"
        )),
        "{text}"
    );
    assert!(
        text.contains("`fluxa mock`") && text.ends_with("nothing was sent"),
        "{text}"
    );
    assert!(!text.contains("hush"), "{text}");

    let nowhere = Client::builder(KEY)
        .base_url("https://fluxa.invalid/hush/v1")
        .build()
        .unwrap();
    let call = nowhere.raw("GET", "/payments").max_retries(0);
    let text = call.await.unwrap_err().to_string();
    assert!(text.contains(" at https://fluxa.invalid"), "{text}");
    assert!(!text.contains("mock") && !text.contains("hush"), "{text}");
}

#[tokio::test]
async fn a_missing_route_points_at_a_base_url_without_the_version() {
    for (suffix, hints) in [("", true), ("/v1", false), ("/v1/", false), ("/v10", true)] {
        let server = Server::start([error(404, "route_missing")]).await;
        let base_url = server.base_url().replace("/v1", suffix);
        let failure = client(&base_url).raw("GET", "/payments").await.unwrap_err();
        let text = failure.to_string();
        assert_eq!(
            text.contains("should end in `/v1`"),
            hints,
            "{suffix}: {text}"
        );
    }
    let server = Server::start([error(404, "resource_missing")]).await;
    let base_url = server.base_url().replace("/v1", "");
    let failure = client(&base_url).raw("GET", "/payments").await.unwrap_err();
    assert!(!failure.to_string().contains("/v1"), "{failure}");
}

#[tokio::test]
async fn an_error_keeps_the_first_quarter_mebibyte_of_its_body() {
    let large = "x".repeat(1024 * 1024);
    for step in [
        Step::Respond(400, Vec::new(), large.clone()),
        // More is announced and never comes: what is not kept is not waited for.
        Step::Stall(400, large.clone()),
    ] {
        let server = Server::start([step, ok("{}")]).await;
        let started = Instant::now();
        let call = client(&server.base_url()).raw("POST", "/payments");
        let failure = call.await.unwrap_err();
        assert!(started.elapsed() < Duration::from_millis(1500));
        let api = failure.as_api().unwrap();
        assert_eq!(api.raw_body().len(), 256 * 1024);
        assert_eq!(failure.outcome(), Outcome::Unknown, "no code could be read");
    }
    let server = Server::start([ok(&format!("\"{large}\""))]).await;
    let answer = client(&server.base_url()).raw("GET", "/payments").await;
    assert_eq!(answer.unwrap().as_str().map(str::len), Some(large.len()));
}

#[tokio::test]
async fn an_error_whose_body_never_ends_is_told_before_the_attempts_time_is_up() {
    let server = Server::start([Step::Stall(400, "{".into())]).await;
    let client = builder(&server.base_url())
        .attempt_timeout(Duration::from_secs(60))
        .build()
        .unwrap();
    let call = client.raw("POST", "/payments").into_future();
    let in_time = tokio::time::timeout(Duration::from_secs(20), call);
    let failure = in_time.await.expect("the body is not waited for");
    assert_eq!(failure.unwrap_err().as_api().unwrap().status(), 400);
}
