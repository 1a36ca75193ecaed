//! What generated code looks like from here: the shapes that must keep compiling, and typed
//! answers through them. Compiled for tests only.
#![expect(
    dead_code,
    unreachable_pub,
    reason = "the macros are made for public types"
)]

use std::future::poll_fn;
use std::time::Duration;

use progenitor_client::{ByteStream, ClientHooks, ClientInfo, OperationInfo, ResponseValue};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::expand::SupportsExpand;
use crate::id::{IntoId, id_type};
use crate::open_enum::open_enum;
use crate::request::{ApiContext, Call, CallContext, Operation, RunError};
use crate::{Client, Error, transport};

id_type! {
    /// The id of a payment.
    PaymentId, "pay_", "payment"
}

open_enum! {
    /// The state of a payment.
    PaymentState {
        /// Settled.
        Settled => "SETTLED",
    }
}

#[derive(Debug, Deserialize)]
struct Payment {
    id: PaymentId,
    state: PaymentState,
    amount: i64,
}

/// As progenitor writes it, with `CallContext` for its inner type and hooks expected.
#[derive(Clone, Debug)]
struct Generated {
    baseurl: String,
    client: reqwest::Client,
    inner: CallContext,
}

impl ClientInfo<CallContext> for Generated {
    fn api_version() -> &'static str {
        "2026-05-19"
    }

    fn baseurl(&self) -> &str {
        &self.baseurl
    }

    fn client(&self) -> &reqwest::Client {
        &self.client
    }

    fn inner(&self) -> &CallContext {
        &self.inner
    }
}

impl ClientHooks<CallContext> for Generated {
    async fn exec(
        &self,
        request: reqwest::Request,
        _: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        transport::execute(&self.client, request, &self.inner).await
    }
}

type GeneratedError = progenitor_client::Error<serde_json::Value>;

impl Generated {
    async fn retrieve_payment<'a>(
        &'a self,
        payment_id: &'a str,
        expand: Option<&'a Vec<String>>,
    ) -> Result<ResponseValue<Payment>, GeneratedError> {
        let url = format!(
            "{}/payments/{}",
            self.baseurl,
            progenitor_client::encode_path(payment_id)
        );
        let mut request = self
            .client
            .get(url)
            .header("api-version", Self::api_version())
            .query(&progenitor_client::QueryParam::new("expand[]", &expand))
            .build()?;
        let info = OperationInfo {
            operation_id: "retrieve_payment",
        };
        self.pre::<serde_json::Value>(&mut request, &info).await?;
        let result = self.exec(request, &info).await;
        self.post::<serde_json::Value>(&result, &info).await?;
        let response = result?;
        match response.status().as_u16() {
            200 => ResponseValue::from_response(response).await,
            400..=599 => Err(GeneratedError::ErrorResponse(
                ResponseValue::from_response(response).await?,
            )),
            _ => Err(GeneratedError::UnexpectedResponse(response)),
        }
    }
}

static RETRIEVE_PAYMENT: Operation = Operation {
    id: "retrieve_payment",
    method: "GET",
    path: "/payments/{payment_id}",
    streaming: false,
};

struct RetrieveParams {
    id: PaymentId,
    expand: Option<Vec<String>>,
}

impl SupportsExpand for RetrieveParams {
    fn expand_mut(&mut self) -> &mut Option<Vec<String>> {
        &mut self.expand
    }
}

fn retrieve(client: &Client, id: impl IntoId<PaymentId>) -> Call<Payment, RetrieveParams> {
    let params = id.into_id().map(|id| RetrieveParams { id, expand: None });
    Call::new(
        client,
        &RETRIEVE_PAYMENT,
        params,
        |api: ApiContext, params| {
            Box::pin(async move {
                let generated = Generated {
                    baseurl: api.base_url,
                    client: api.http,
                    inner: api.context,
                };
                generated
                    .retrieve_payment(params.id.as_str(), params.expand.as_ref())
                    .await
                    .map_err(RunError::from)
            })
        },
    )
}

static STREAM_EVENTS: Operation = Operation {
    id: "stream_events",
    method: "GET",
    path: "/events/stream",
    streaming: true,
};

/// As the generator writes an operation whose body is a stream.
fn stream_events(client: &Client) -> Call<ByteStream, ()> {
    Call::new(client, &STREAM_EVENTS, Ok(()), |api: ApiContext, ()| {
        Box::pin(async move {
            let request = api
                .http
                .get(format!("{}/events/stream", api.base_url))
                .build();
            let request = request.map_err(RunError::Transport)?;
            let response = transport::execute(&api.http, request, &api.context).await;
            Ok(ResponseValue::stream(
                response.map_err(RunError::Transport)?,
            ))
        })
    })
}

#[tokio::test]
async fn a_stream_outlives_the_attempt_and_its_errors_do_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let client = Client::builder("sk_test_1")
        .base_url(base_url)
        .max_retries(0);
    let client = client
        .attempt_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    tokio::spawn(async move {
        let mut head = vec![0; 4096];
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut head).await.unwrap(), 0);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\n\r\nid: 1\n")
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(250)).await;
        stream.write_all(b"id: 2\n").await.unwrap();
        drop(stream);
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut head).await.unwrap(), 0);
        let error = r#"{"error":{"code":"key_invalid"}}"#;
        let answer = format!(
            "HTTP/1.1 401 No\r\ncontent-length: {}\r\n\r\n{error}",
            error.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    });
    let mut stream = stream_events(&client)
        .await
        .unwrap()
        .into_inner()
        .into_inner();
    let mut text = Vec::new();
    while let Some(chunk) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
        text.extend_from_slice(&chunk.unwrap());
    }
    assert_eq!(text, b"id: 1\nid: 2\n");
    let Err(failure) = stream_events(&client).await else {
        panic!("it was answered 401")
    };
    assert_eq!(failure.as_api().unwrap().code(), Some("key_invalid"));
}

/// Answers one request and returns its head.
async fn serve(status: &str, body: &str) -> (Client, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let client = Client::builder("sk_test_1")
        .base_url(base_url)
        .max_retries(0)
        .build()
        .unwrap();
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    (client, task)
}

#[tokio::test]
async fn a_typed_answer_survives_new_states_fields_and_longer_ids() {
    let id = format!("pay_{}", "a-b_".repeat(40));
    let body = format!(r#"{{"id":"{id}","state":"TELEPORTED","amount":1999,"new":{{}}}}"#);
    let (client, task) = serve("200 OK", &body).await;
    let payment = retrieve(&client, "pay_1")
        .expand(["customer", "settlement"])
        .await
        .unwrap();
    assert_eq!(payment.id.as_str(), id);
    assert_eq!(payment.state, PaymentState::Unknown("TELEPORTED".into()));
    assert_eq!(payment.amount, 1999);
    let head = task.await.unwrap();
    let line = "GET /v1/payments/pay_1?expand%5B%5D=customer&expand%5B%5D=settlement HTTP/1.1";
    assert!(head.starts_with(line), "{head}");
    assert!(
        !head.contains("\r\napi-version"),
        "the generator's own header is dropped"
    );
    assert!(head.contains("fluxa-version: 2026-05-19"), "{head}");
}

#[tokio::test]
async fn a_typed_fault_is_told_by_its_path_and_keeps_the_body() {
    let body = r#"{"id":"pay_1","state":"SETTLED","amount":"hush"}"#;
    let (client, _task) = serve("200 OK", body).await;
    let failure = retrieve(&client, "pay_1").await.unwrap_err();
    let Error::Decode(decode) = &failure else {
        panic!("{failure:?}")
    };
    assert_eq!(decode.path(), "amount");
    assert_eq!(decode.raw_body(), body);
    assert_eq!(failure.operation(), "retrieve_payment");
    assert!(!format!("{failure} {failure:?}").contains("hush"));
}

#[tokio::test]
async fn a_status_the_operation_does_not_answer_is_told() {
    let (client, _task) = serve("202 Accepted", "{}").await;
    let failure = retrieve(&client, "pay_1").await.unwrap_err();
    assert!(matches!(failure, Error::Decode(_)) && failure.to_string().contains("202"));
}

#[tokio::test]
async fn an_error_answer_comes_through_the_generated_client_whole() {
    let body = r#"{"error":{"type":"not_found","code":"resource_missing","message":"None."}}"#;
    let (client, _task) = serve("404 Not Found", body).await;
    let failure = retrieve(&client, "pay_1").await.unwrap_err();
    assert_eq!(failure.as_api().unwrap().code(), Some("resource_missing"));
    assert!(failure.as_api().unwrap().is_not_found());
}

#[tokio::test]
async fn a_foreign_id_or_a_deep_path_is_refused_before_it_is_sent() {
    let client = Client::builder("sk_test_1")
        .base_url("http://127.0.0.1:9")
        .build()
        .unwrap();
    for call in [
        retrieve(&client, "cus_1"),
        retrieve(&client, ""),
        retrieve(&client, "pay_a/b"),
        retrieve(&client, "pay_1").expand(["a.b.c.d"]),
    ] {
        let failure = call.await.unwrap_err();
        assert!(matches!(failure, Error::Config(_)));
        assert_eq!(
            (failure.attempts(), failure.operation()),
            (0, "retrieve_payment")
        );
    }
}
