//! The generated face: what a call puts on the wire, and what it refuses to put there.

use std::fmt::Debug;
use std::future::IntoFuture;
use std::sync::LazyLock;

use fluxa_sdk::types::{
    CreateCheckoutSession, CreateCustomer, CreateRefund, CreateWebhookEndpoint, EventType,
    PaymentId, PaymentState, UpdatePayment,
};
use fluxa_sdk::{Call, Client, Error, IdempotencyKey, Money, Outcome, Response, Timestamp};
use serde_json::{Value, json};

use crate::client;
use crate::server::{Server, Step, error, ok};

/// Read once: it is large, and tests need hundreds of examples.
static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../openapi.json")).unwrap());

pub(crate) fn example(schema: &str) -> Value {
    CONTRACT
        .pointer(&format!("/components/schemas/{schema}/examples/0"))
        .unwrap()
        .clone()
}

pub(crate) fn answer(schema: &str) -> Step {
    ok(&example(schema).to_string())
}

pub(crate) fn page(ids: &[&str], next_cursor: Option<&str>) -> Step {
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

#[test]
fn clients_and_calls_go_to_other_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn sends<T: Send>(_: &T) {}
    shared::<Client>();
    shared::<fluxa_sdk::resources::PaymentsResource>();
    let client = client("http://127.0.0.1:1/v1");
    let list = || client.payments().list();
    sends(&list().clone());
    sends(&list().into_future());
    sends(&list().send());
    sends(&list().stream());
    sends(&list().pages().next());
    sends(&list().stream().next());
    sends(&list().collect_up_to(1));
}

#[tokio::test]
async fn a_clone_of_a_call_is_the_same_call_with_a_key_of_its_own() {
    let server = Server::start([answer("Refund"), answer("Refund")]).await;
    let client = client(&server.base_url());
    let call = client
        .refunds()
        .create(CreateRefund::new("pay_5f8b2c1e2a4b4d8c").amount(1000))
        .expand(["payment"])
        .header("X-Trace", "abc");
    call.clone().await.unwrap();
    call.await.unwrap();
    let requests = server.requests();
    let same = |header: &str| {
        assert!(requests[0].header(header).is_some(), "{header}");
        assert_eq!(requests[0].header(header), requests[1].header(header));
    };
    assert_eq!(requests[0].request_line(), requests[1].request_line());
    assert_eq!(requests[0].body, requests[1].body);
    same("X-Trace");
    assert_ne!(
        requests[0].header("Idempotency-Key"),
        requests[1].header("Idempotency-Key")
    );
}

#[tokio::test]
async fn a_clone_of_a_faulty_call_has_the_same_fault() {
    let client = client("http://127.0.0.1:1/v1");
    let call = client.payments().retrieve("cus_3f7a91d8c2b04a6f");
    refused(call.clone().await, "customer");
    refused(call.await, "customer");
}

#[tokio::test]
async fn resume_repeats_the_call_with_the_key_of_the_error() {
    let server = Server::start([Step::Reset, answer("Refund")]).await;
    let client = client(&server.base_url());
    let call = client
        .refunds()
        .create(CreateRefund::new("pay_5f8b2c1e2a4b4d8c").amount(1000))
        .max_retries(0);
    let failure = call.clone().await.unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Unknown);
    let refund = call.resume(&failure).await.unwrap();
    assert_eq!(refund.id.as_str(), example("Refund")["id"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let key = failure.idempotency_key().unwrap().as_str();
    for request in &requests {
        assert_eq!(request.header("Idempotency-Key"), Some(key));
        assert_eq!(request.body, requests[0].body);
    }
}

#[tokio::test]
async fn resume_works_for_raw_calls_and_outweighs_a_key_set_before() {
    let server = Server::start([Step::Close, ok("{}")]).await;
    let client = client(&server.base_url());
    let call = client
        .raw("POST", "/payouts")
        .json(json!({"amount": 1}))
        .max_retries(0);
    let failure = call.clone().await.unwrap_err();
    let other = IdempotencyKey::derive("payout", "1");
    call.idempotency_key(&other).resume(&failure).await.unwrap();
    let requests = server.requests();
    assert_eq!(
        requests[0].header("Idempotency-Key"),
        requests[1].header("Idempotency-Key")
    );
}

#[tokio::test]
async fn resume_refuses_an_error_that_is_not_of_such_a_call() {
    let server = Server::start([Step::Reset, error(422, "amount_too_small"), Step::Reset]).await;
    let client = client(&server.base_url());
    let create = || {
        client
            .refunds()
            .create(CreateRefund::new("pay_5f8b2c1e2a4b4d8c"))
    };
    let update = || {
        client
            .payments()
            .update("pay_1", UpdatePayment::new())
            .max_retries(0)
    };

    // Of another operation: of a typed one, and of a raw call.
    let failure = client
        .payments()
        .retrieve("pay_1")
        .max_retries(0)
        .await
        .unwrap_err();
    refused(create().resume(&failure).await, "payments_retrieve");
    let failure = client.raw("POST", "/refunds").await.unwrap_err();
    assert!(failure.idempotency_key().is_some());
    refused(create().resume(&failure).await, "`raw`");
    // Of a raw call too, but elsewhere.
    refused(
        client.raw("POST", "/payouts").resume(&failure).await,
        "another method or path",
    );
    // Of the same one, but there was no key, as none is needed.
    let failure = update().await.unwrap_err();
    refused(update().resume(&failure).await, "safe to repeat");
    // Of one that was never sent.
    let faulty = client.refunds().create(CreateRefund::new("chk_1"));
    let failure = faulty.await.unwrap_err();
    refused(create().resume(&failure).await, "nothing was sent");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn what_a_call_shows_of_itself_has_no_parameters() {
    let client = client("http://127.0.0.1:1/v1");
    let call: Call<_, _> = client
        .customers()
        .create(CreateCustomer::new("ada@example.com"));
    let shown = format!("{call:?}");
    assert!(
        shown.contains("customers_create") && !shown.contains("ada@"),
        "{shown}"
    );
}
