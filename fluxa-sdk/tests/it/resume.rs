//! `Call::resume`: what may have been carried out stays so, whatever its repetition meets.

use std::time::Duration;

use fluxa_sdk::{Call, Client, Error, IdempotencyKey, Outcome, RawParams};
use serde_json::Value;

use crate::builder;
use crate::server::{Server, Step, error, ok, status};

const LIVE_KEY: &str = "sk_live_a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6";

fn once(base_url: &str) -> Client {
    builder(base_url).max_retries(0).build().unwrap()
}

fn refund(client: &Client) -> Call<Value, RawParams> {
    client.raw("POST", "/refunds")
}

/// A refund of which nobody knows whether it was made, and the server for what comes next.
async fn lost(next: impl IntoIterator<Item = Step>) -> (Server, Error) {
    let server = Server::start([Step::Reset].into_iter().chain(next)).await;
    let failure = refund(&once(&server.base_url())).await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Unknown);
    (server, failure)
}

fn assert_still_unknown(failure: &Error, first: &Error, what: &str) {
    assert_eq!(failure.outcome(), Outcome::Unknown, "{what}: {failure}");
    assert_eq!(failure.idempotency_key(), first.idempotency_key(), "{what}");
    let text = failure.to_string();
    assert!(!text.contains("nothing was sent"), "{what}: {text}");
    assert!(text.contains("may have been carried out"), "{what}: {text}");
}

#[tokio::test]
async fn a_resumed_call_that_is_refused_before_the_key_is_looked_up_stays_unknown() {
    let throttled = Step::Respond(429, vec![("Retry-After", "61".into())], String::new());
    for step in [
        error(401, "key_revoked"),
        error(403, "ip_not_allowed"),
        error(429, "rate_limited"),
        throttled,
        status(404),
    ] {
        let (server, first) = lost([step.clone()]).await;
        let call = refund(&once(&server.base_url())).resume(&first);
        assert_still_unknown(&call.await.unwrap_err(), &first, &format!("{step:?}"));
    }
}

#[tokio::test]
async fn a_resumed_call_that_cannot_be_sent_stays_unknown() {
    let (server, first) = lost([]).await;
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/v1", dead.local_addr().unwrap());
    drop(dead);
    let here = || refund(&once(&server.base_url())).resume(&first);
    for (what, call) in [
        ("refused", refund(&once(&nobody)).resume(&first)),
        ("no time", here().timeout(Duration::ZERO)),
        ("a faulty header", here().header("Host", "x")),
        ("a faulty path", here().header("a b", "x")),
    ] {
        let failure = call.await.unwrap_err();
        assert_still_unknown(&failure, &first, what);
        // And so it can be resumed in turn.
        let again = refund(&once(&nobody)).resume(&failure).await.unwrap_err();
        assert_still_unknown(&again, &first, what);
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_servers_own_refusal_of_a_resumed_call_is_final() {
    let (server, first) = lost([error(400, "payment_not_refundable")]).await;
    let call = refund(&once(&server.base_url())).resume(&first);
    assert_eq!(call.await.unwrap_err().outcome(), Outcome::Rejected);
}

#[tokio::test]
async fn resuming_what_was_never_sent_is_no_cause_for_doubt() {
    let (server, _) = lost([]).await;
    let call = refund(&once(&server.base_url())).timeout(Duration::ZERO);
    let first = call.clone().await.unwrap_err();
    assert_eq!(first.outcome(), Outcome::NotSent);
    assert_eq!(
        call.resume(&first).await.unwrap_err().outcome(),
        Outcome::NotSent
    );
}

#[tokio::test]
async fn another_key_after_resume_is_refused_and_the_same_is_not() {
    let (server, first) = lost([ok("{}")]).await;
    let client = once(&server.base_url());
    let other = refund(&client).resume(&first).idempotency_key("mine");
    let refused = other.await.unwrap_err();
    assert!(matches!(refused, Error::Config(_)), "{refused:?}");
    assert!(
        refused.to_string().contains("leave one of the two out"),
        "{refused}"
    );
    assert_still_unknown(&refused, &first, "another key");
    assert_eq!(server.requests().len(), 1);

    let same: IdempotencyKey = first.idempotency_key().unwrap().clone();
    let call = refund(&client).resume(&first).idempotency_key(same.clone());
    call.await.unwrap();
    assert_eq!(
        server.requests()[1].header("Idempotency-Key"),
        Some(same.as_str())
    );
}

#[tokio::test]
async fn an_error_of_test_mode_does_not_resume_a_live_call() {
    let (server, first) = lost([ok("{}")]).await;
    let live = Client::builder(LIVE_KEY).base_url(server.base_url());
    let call = refund(&live.build().unwrap()).resume(&first);
    let refused = call.await.unwrap_err();
    assert!(matches!(refused, Error::Config(_)), "{refused:?}");
    assert!(
        refused.to_string().contains("a test mode client"),
        "{refused}"
    );
    assert_eq!(server.requests().len(), 1, "nothing was sent in live mode");

    let rolled = Client::builder("rk_test_another0000000000000000").base_url(server.base_url());
    refund(&rolled.build().unwrap())
        .resume(&first)
        .await
        .unwrap();
}
