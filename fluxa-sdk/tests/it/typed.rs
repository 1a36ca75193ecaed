//! Typed answers: what they survive, and what their faults tell.

use std::future::poll_fn;
use std::time::Duration;

use fluxa_sdk::Error;
use fluxa_sdk::types::PaymentState;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{Server, error, ok};
use crate::{builder, client};

/// The contract's sample payment with some fields changed.
fn payment(changes: &[(&str, Value)]) -> String {
    let document: Value = serde_json::from_str(include_str!("../../../openapi.json")).unwrap();
    let mut payment = document["components"]["schemas"]["Payment"]["examples"][0].clone();
    for (field, value) in changes {
        payment[*field] = value.clone();
    }
    payment.to_string()
}

#[tokio::test]
async fn new_states_fields_and_longer_ids_are_survived() {
    let id = format!("pay_{}", "a-b_".repeat(40));
    let body = payment(&[
        ("id", json!(id)),
        ("state", json!("TELEPORTED")),
        ("novelty", json!({"deep": [1, 2]})),
    ]);
    let server = Server::start([ok(&body)]).await;
    let payment = client(&server.base_url())
        .payments()
        .retrieve("pay_1")
        .await
        .unwrap();
    assert_eq!(payment.id.as_str(), id);
    assert_eq!(payment.state, PaymentState::Unknown("TELEPORTED".into()));
    assert_eq!(payment.amount, 4999);
}

#[tokio::test]
async fn a_fault_is_told_by_its_path_and_keeps_the_body() {
    let body = payment(&[("amount", json!("hush"))]);
    let server = Server::start([ok(&body)]).await;
    let failure = client(&server.base_url())
        .payments()
        .retrieve("pay_1")
        .await
        .unwrap_err();
    let Error::Decode(decode) = &failure else {
        panic!("{failure:?}")
    };
    assert_eq!(decode.path(), "amount");
    assert_eq!(decode.raw_body(), &body);
    assert_eq!(failure.operation(), "payments_retrieve");
    assert!(!format!("{failure} {failure:?}").contains("hush"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_error_comes_through_the_generated_client_whole() {
    let server = Server::start([error(404, "resource_missing")]).await;
    let failure = client(&server.base_url())
        .payments()
        .retrieve("pay_1")
        .await
        .unwrap_err();
    let api = failure.as_api().unwrap();
    assert!(api.is_not_found());
    assert_eq!(api.code(), Some("resource_missing"));
    assert_eq!(failure.operation(), "payments_retrieve");
}

#[tokio::test]
async fn a_stream_outlives_the_attempt_and_its_refusal_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (late, is_late) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut head = vec![0; 4096];
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut head).await.unwrap(), 0);
        let start = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nid: 1\n";
        stream.write_all(start).await.unwrap();
        is_late.await.unwrap();
        stream.write_all(b"id: 2\n").await.unwrap();
    });
    let client = builder(&base_url).max_retries(0).build().unwrap();
    let mut stream = client
        .events()
        .stream()
        .await
        .unwrap()
        .into_inner()
        .into_inner();
    // Far past every limit of a call, without waiting for it.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3600)).await;
    tokio::time::resume();
    late.send(()).unwrap();
    let mut text = Vec::new();
    while let Some(chunk) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        text.extend_from_slice(&chunk.unwrap());
    }
    assert_eq!(text, b"id: 1\nid: 2\n");

    let server = Server::start([error(401, "key_invalid")]).await;
    let refused = crate::client(&server.base_url()).events().stream().await;
    let Err(failure) = refused else {
        panic!("it was answered 401")
    };
    assert_eq!(failure.as_api().unwrap().code(), Some("key_invalid"));
}
