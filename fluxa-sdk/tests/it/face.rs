//! The generated face: what a call puts on the wire, and what it refuses to put there.

use std::fmt::Debug;

use fluxa_sdk::types::{
    CreateCheckoutSession, CreateCustomer, CreateRefund, CreateWebhookEndpoint, EventType,
    PaymentId, PaymentState, UpdatePayment,
};
use fluxa_sdk::{Error, Money, Outcome, Response, Timestamp};
use serde_json::{Value, json};

use crate::client;
use crate::server::{Server, Step, ok};

fn example(schema: &str) -> Value {
    let document: Value = serde_json::from_str(include_str!("../../../openapi.json")).unwrap();
    document
        .pointer(&format!("/components/schemas/{schema}/examples/0"))
        .unwrap()
        .clone()
}

fn answer(schema: &str) -> Step {
    ok(&example(schema).to_string())
}

fn page(ids: &[&str], next_cursor: Option<&str>) -> Step {
    let data: Vec<Value> = ids
        .iter()
        .map(|id| {
            let mut payment = example("Payment");
            payment["id"] = json!(id);
            payment
        })
        .collect();
    let page =
        json!({ "data": data, "has_more": next_cursor.is_some(), "next_cursor": next_cursor });
    ok(&page.to_string())
}

#[tokio::test]
async fn a_body_is_the_contracts_json() {
    // Answered 200 where the contract says 201: any success is one.
    let server = Server::start([answer("CheckoutSession")]).await;
    let body = CreateCheckoutSession::new(
        Money::gbp(1999),
        "https://example.com/done",
        "https://example.com/cancel",
    )
    .metadata("order_id", "ord_8421");
    let session = client(&server.base_url())
        .checkout()
        .sessions()
        .create(body)
        .expand(["customer"])
        .sandbox_timing("instant")
        .await
        .unwrap();
    assert_eq!(session.id.as_str(), "chk_8c9b2a14e0f74e90");
    assert_eq!(session.attempts(), 1);
    let requests = server.requests();
    let request = &requests[0];
    assert!(
        request
            .request_line()
            .starts_with("POST /v1/checkout/sessions?expand"),
        "{}",
        request.head
    );
    assert_eq!(request.header("x-fluxa-sandbox-timing"), Some("instant"));
    assert_eq!(request.header("fluxa-version"), Some("2026-05-19"));
    assert_eq!(
        request.header("api-version"),
        None,
        "the generator's own header is taken out"
    );
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        sent,
        json!({
            "amount": 1999,
            "currency": "GBP",
            "success_url": "https://example.com/done",
            "cancel_url": "https://example.com/cancel",
            "metadata": { "order_id": "ord_8421" },
        })
    );
}

#[tokio::test]
async fn filters_are_written_as_the_contract_writes_them() {
    let server = Server::start([page(&[], None)]).await;
    let since: Timestamp = "2026-05-20T00:00:00Z".parse().unwrap();
    client(&server.base_url())
        .payments()
        .list()
        .state(PaymentState::Settled)
        .customer("cus_3f7a91d8c2b04a6f")
        .settled_at(since..)
        .expand(["customer", "settlement"])
        .limit(50)
        .await
        .unwrap();
    let requests = server.requests();
    let line = requests[0]
        .request_line()
        .replace("%5B", "[")
        .replace("%5D", "]")
        .replace("%3A", ":");
    for part in [
        "state=SETTLED",
        "customer=cus_3f7a91d8c2b04a6f",
        "settled_at[gte]=2026-05-20T00:00:00.000Z",
        "expand[]=customer",
        "expand[]=settlement",
        "limit=50",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert!(!line.contains("after="), "{line}");
}

#[tokio::test]
async fn a_stream_walks_the_pages() {
    let first = ["pay_0000000000000003", "pay_0000000000000002"];
    let server = Server::start([
        page(&first, Some("pay_0000000000000002")),
        page(&[], Some("pay_00000000000000ff")),
        page(&["pay_0000000000000001"], None),
    ])
    .await;
    let client = client(&server.base_url());
    let mut payments = client.payments().list().stream();
    let mut seen = Vec::new();
    while let Some(payment) = payments.next().await {
        seen.push(payment.unwrap().id.to_string());
    }
    assert_eq!(
        seen,
        [
            "pay_0000000000000003",
            "pay_0000000000000002",
            "pay_0000000000000001"
        ]
    );
    let lines: Vec<String> = server
        .requests()
        .iter()
        .map(|request| request.request_line().to_owned())
        .collect();
    assert!(lines[1].contains("after=pay_0000000000000002"), "{lines:?}");
    assert!(lines[2].contains("after=pay_00000000000000ff"), "{lines:?}");
}

fn refused<T: Debug>(result: Result<Response<T>, Error>, says: &str) {
    let failure = result.unwrap_err();
    assert!(matches!(failure, Error::Config(_)), "{failure:?}");
    assert_eq!(
        (failure.attempts(), failure.outcome()),
        (0, Outcome::NotSent)
    );
    assert!(failure.to_string().contains(says), "{failure}");
}

#[tokio::test]
async fn what_can_be_checked_is_checked_before_anything_is_sent() {
    let server = Server::start([ok("{}")]).await;
    let client = client(&server.base_url());
    let session = || {
        CreateCheckoutSession::new(
            Money::gbp(1999),
            "https://example.com",
            "https://example.com",
        )
    };
    let sessions = client.checkout().sessions();

    refused(
        client.payments().retrieve("cus_3f7a91d8c2b04a6f").await,
        "customer",
    );
    refused(client.payments().retrieve("").await, "empty");
    refused(
        client.payments().retrieve("pay_1/../../api_keys").await,
        "pay_",
    );
    refused(
        client
            .payments()
            .list()
            .customer("pay_5f8b2c1e2a4b4d8c")
            .await,
        "cus_",
    );
    refused(
        client
            .refunds()
            .create(CreateRefund::new("chk_8c9b2a14e0f74e90"))
            .await,
        "pay_",
    );
    refused(
        sessions.create(session().customer("nonsense")).await,
        "cus_",
    );
    refused(
        sessions
            .create(session().metadata("k".repeat(41), "v"))
            .await,
        "metadata",
    );
    refused(
        sessions
            .create(session().metadata("k", "v".repeat(501)))
            .await,
        "metadata",
    );
    let many = (0..51).fold(session(), |body, n| body.metadata(n.to_string(), "v"));
    refused(sessions.create(many).await, "metadata");
    let update = UpdatePayment::new().metadata("k".repeat(41), "v");
    refused(
        client
            .payments()
            .update("pay_5f8b2c1e2a4b4d8c", update)
            .await,
        "metadata",
    );
    for amount_minor in [-1, 0, 29, 100_000_000, i64::MAX] {
        let body = CreateCheckoutSession::new(Money::gbp(amount_minor), "https://a", "https://b");
        refused(sessions.create(body).await, "amount");
    }
    refused(client.payments().list().expand(["a.b.c.d"]).await, "levels");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_id_of_an_answer_goes_into_the_next_call_as_it_is() {
    let server = Server::start([answer("Payment"), answer("Refund")]).await;
    let client = client(&server.base_url());
    let id: PaymentId = "pay_5f8b2c1e2a4b4d8c".parse().unwrap();
    let payment = client.payments().retrieve(&id).await.unwrap();
    client
        .refunds()
        .create(CreateRefund::new(&payment.id).amount(1000))
        .await
        .unwrap();
    let requests = server.requests();
    assert!(
        requests[0]
            .request_line()
            .starts_with("GET /v1/payments/pay_5f8b2c1e2a4b4d8c ")
    );
    assert_eq!(requests[0].header("idempotency-key"), None);
    let sent: Value = serde_json::from_slice(&requests[1].body).unwrap();
    assert_eq!(
        sent,
        json!({ "payment": "pay_5f8b2c1e2a4b4d8c", "amount": 1000 })
    );
}

#[tokio::test]
async fn lists_of_values_and_optional_texts_are_set_by_name() {
    let server = Server::start([answer("WebhookEndpoint"), answer("Customer")]).await;
    let client = client(&server.base_url());
    let endpoint = CreateWebhookEndpoint::new("https://shop.example.com/hook")
        .events([
            EventType::PaymentSettled,
            EventType::from("payment.teleported"),
        ])
        .description("shop");
    client.webhook_endpoints().create(endpoint).await.unwrap();
    client
        .customers()
        .create(CreateCustomer::new("ada@example.com").name("Ada"))
        .await
        .unwrap();
    let sent: Value = serde_json::from_slice(&server.requests()[0].body).unwrap();
    assert_eq!(
        sent["events"],
        json!(["payment.settled", "payment.teleported"])
    );
    let sent: Value = serde_json::from_slice(&server.requests()[1].body).unwrap();
    assert_eq!(sent, json!({ "email": "ada@example.com", "name": "Ada" }));
}
