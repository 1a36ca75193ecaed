//! Every operation of the contract, in both modes: that it is there, and what it sends.

use fluxa_sdk::types::{
    AdvanceClock, AdvancePayment, ApiKeyKind, AttachPaymentMethod, CancelSubscription,
    CompleteCheckoutSession, CreateApiKey, CreateCheckoutSession, CreateCustomer,
    CreateListenSession, CreatePayment, CreateRefund, CreateSandboxDispute, CreateSubscription,
    CreateWebhookEndpoint, DisputeEvidence, DisputeOutcome, DisputeReason, EventType, KybStatus,
    PaymentState, ProrationBehaviour, RecordListenDelivery, RenewSubscription, ResendEvent,
    ResolveDispute, RotateSecret, SandboxOutcome, SetKybStatus, SubscriptionInterval, TestCard,
    UpdateApiKey, UpdateCustomer, UpdatePayment, UpdateSubscription, UpdateWebhookEndpoint,
    WebhookEndpointStatus,
};
use fluxa_sdk::{Error, Money};
use serde_json::Value;

use crate::builder;
use crate::server::{Server, Step, error};

/// Sends every operation with the contract's own examples; `$send` waits for the failure.
macro_rules! every_operation {
    ($fluxa:expr, $send:ident) => {
        [
            $send!($fluxa.api_keys().list()),
            $send!(
                $fluxa.api_keys().create(
                    CreateApiKey::new(ApiKeyKind::Restricted, "refund service")
                        .scopes(["payments:read", "refunds:write"]),
                )
            ),
            $send!($fluxa.api_keys().retrieve("key_b7c8d9e0f1a2b3c4")),
            $send!($fluxa.api_keys().update(
                "key_b7c8d9e0f1a2b3c4",
                UpdateApiKey::new().name("refunds, London"),
            )),
            $send!($fluxa.api_keys().requests("key_b7c8d9e0f1a2b3c4")),
            $send!($fluxa.api_keys().revoke("key_b7c8d9e0f1a2b3c4")),
            $send!($fluxa.api_keys().rotate(
                "key_b7c8d9e0f1a2b3c4",
                RotateSecret::new().grace_seconds(86400),
            )),
            $send!($fluxa.checkout().sessions().list()),
            $send!(
                $fluxa
                    .checkout()
                    .sessions()
                    .create(CreateCheckoutSession::new(
                        Money::gbp(1999),
                        "https://example.com/done",
                        "https://example.com/cancel"
                    ),)
            ),
            $send!(
                $fluxa
                    .checkout()
                    .sessions()
                    .retrieve("chk_8c9b2a14e0f74e90")
            ),
            $send!($fluxa.checkout().sessions().expire("chk_8c9b2a14e0f74e90")),
            $send!($fluxa.customers().list()),
            $send!(
                $fluxa
                    .customers()
                    .create(CreateCustomer::new("ada@example.com").name("Ada Lovelace"),)
            ),
            $send!($fluxa.customers().retrieve("cus_3f7a91d8c2b04a6f")),
            $send!($fluxa.customers().update(
                "cus_3f7a91d8c2b04a6f",
                UpdateCustomer::new().phone("+44 20 7946 0000"),
            )),
            $send!($fluxa.customers().delete("cus_3f7a91d8c2b04a6f")),
            $send!($fluxa.customers().payment_methods("cus_3f7a91d8c2b04a6f")),
            $send!($fluxa.disputes().list()),
            $send!($fluxa.disputes().retrieve("dsp_2b3c4d5e6f708192")),
            $send!($fluxa.disputes().accept("dsp_2b3c4d5e6f708192")),
            $send!(
                $fluxa.disputes().submit_evidence(
                    "dsp_2b3c4d5e6f708192",
                    DisputeEvidence::new()
                        .product_description("Annual licence, delivered by email on 19 May 2026.")
                        .receipt("Receipt 8421"),
                )
            ),
            $send!($fluxa.events().list()),
            $send!($fluxa.events().stream()),
            $send!($fluxa.events().retrieve("evt_9e8d7c6b5a493827")),
            $send!($fluxa.events().resend(
                "evt_9e8d7c6b5a493827",
                ResendEvent::new("we_a1b2c3d4e5f60718"),
            )),
            $send!($fluxa.ledger().balances()),
            $send!($fluxa.ledger().entries()),
            $send!(
                $fluxa
                    .listen_sessions()
                    .create(CreateListenSession::new().events([EventType::PaymentSettled]),)
            ),
            $send!(
                $fluxa.listen_sessions().record_delivery(
                    "lst_d4e5f6a7b8c9d0e1",
                    RecordListenDelivery::new("evt_9e8d7c6b5a493827", 12)
                        .attempt(1)
                        .response_status(200),
                )
            ),
            $send!($fluxa.merchant().retrieve()),
            $send!($fluxa.payment_methods().retrieve("pm_4e5f60718293a4b5")),
            $send!($fluxa.payment_methods().attach(
                "pm_4e5f60718293a4b5",
                AttachPaymentMethod::new("cus_3f7a91d8c2b04a6f"),
            )),
            $send!($fluxa.payment_methods().detach("pm_4e5f60718293a4b5")),
            $send!($fluxa.payments().list()),
            $send!(
                $fluxa.payments().create(
                    CreatePayment::new(Money::gbp(4999))
                        .customer("cus_3f7a91d8c2b04a6f")
                        .metadata("campaign", "spring-2026")
                        .metadata("fulfilment_centre", "london-01")
                        .metadata("order_id", "ord_8421"),
                )
            ),
            $send!($fluxa.payments().retrieve("pay_5f8b2c1e2a4b4d8c")),
            $send!($fluxa.payments().update(
                "pay_5f8b2c1e2a4b4d8c",
                UpdatePayment::new().metadata("order_id", "ord_8421"),
            )),
            $send!($fluxa.payments().history("pay_5f8b2c1e2a4b4d8c")),
            $send!($fluxa.refunds().list()),
            $send!(
                $fluxa.refunds().create(
                    CreateRefund::new("pay_5f8b2c1e2a4b4d8c")
                        .amount(1000)
                        .reason("requested_by_customer"),
                )
            ),
            $send!($fluxa.refunds().retrieve("rfd_1c2d3e4f5a6b7c8d")),
            $send!($fluxa.request_logs().list()),
            $send!($fluxa.request_logs().retrieve("req_5f8b2c1e2a4b4d8c")),
            $send!($fluxa.sandbox().complete_checkout_session(
                "chk_8c9b2a14e0f74e90",
                CompleteCheckoutSession::new(TestCard::new("4242424242424242", 12, 2030, "123")),
            )),
            $send!($fluxa.sandbox().clock()),
            $send!($fluxa.sandbox().advance_clock(AdvanceClock::new(3600))),
            $send!(
                $fluxa.sandbox().create_dispute(
                    CreateSandboxDispute::new("pay_5f8b2c1e2a4b4d8c")
                        .reason(DisputeReason::ProductNotReceived),
                )
            ),
            $send!($fluxa.sandbox().resolve_dispute(
                "dsp_2b3c4d5e6f708192",
                ResolveDispute::new(DisputeOutcome::Won),
            )),
            $send!(
                $fluxa
                    .sandbox()
                    .set_kyb_status(SetKybStatus::new(KybStatus::Approved))
            ),
            $send!($fluxa.sandbox().advance_payment(
                "pay_5f8b2c1e2a4b4d8c",
                AdvancePayment::new(PaymentState::Settled),
            )),
            $send!($fluxa.sandbox().close_settlements()),
            $send!($fluxa.sandbox().renew_subscription(
                "sub_7a1b9c2d3e4f5061",
                RenewSubscription::new().outcome(SandboxOutcome::Decline),
            )),
            $send!($fluxa.settlements().list()),
            $send!($fluxa.settlements().retrieve("stl_6d5c4b3a29180f7e")),
            $send!($fluxa.status().retrieve()),
            $send!($fluxa.subscriptions().list()),
            $send!($fluxa.subscriptions().create(CreateSubscription::new(
                "cus_3f7a91d8c2b04a6f",
                Money::gbp(999),
                SubscriptionInterval::Month
            ),)),
            $send!($fluxa.subscriptions().retrieve("sub_7a1b9c2d3e4f5061")),
            $send!(
                $fluxa.subscriptions().update(
                    "sub_7a1b9c2d3e4f5061",
                    UpdateSubscription::new()
                        .proration_behaviour(ProrationBehaviour::Prorate)
                        .quantity(3),
                )
            ),
            $send!($fluxa.subscriptions().cancel(
                "sub_7a1b9c2d3e4f5061",
                CancelSubscription::new().at_period_end(true),
            )),
            $send!($fluxa.subscriptions().pause("sub_7a1b9c2d3e4f5061")),
            $send!($fluxa.subscriptions().resume("sub_7a1b9c2d3e4f5061")),
            $send!($fluxa.webhook_endpoints().list()),
            $send!(
                $fluxa.webhook_endpoints().create(
                    CreateWebhookEndpoint::new("https://shop.example.com/webhooks/fluxa")
                        .events([EventType::PaymentSettled, EventType::PaymentFailed]),
                )
            ),
            $send!($fluxa.webhook_endpoints().retrieve("we_a1b2c3d4e5f60718")),
            $send!($fluxa.webhook_endpoints().update(
                "we_a1b2c3d4e5f60718",
                UpdateWebhookEndpoint::new().status(WebhookEndpointStatus::Disabled),
            )),
            $send!($fluxa.webhook_endpoints().delete("we_a1b2c3d4e5f60718")),
            $send!($fluxa.webhook_endpoints().deliveries("we_a1b2c3d4e5f60718")),
            $send!($fluxa.webhook_endpoints().rotate_secret(
                "we_a1b2c3d4e5f60718",
                RotateSecret::new().grace_seconds(86400),
            )),
        ]
    };
}

fn contract() -> Value {
    serde_json::from_str(include_str!("../../../openapi.json")).unwrap()
}

/// What the contract says of an operation, its parameters and body being the examples.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sent {
    operation: String,
    method_and_path: String,
    body: String,
}

fn expected() -> Vec<Sent> {
    let document = contract();
    let example = |reference: &Value| {
        let pointer = reference["$ref"].as_str().unwrap().trim_start_matches('#');
        document.pointer(pointer).unwrap()["examples"][0].clone()
    };
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut path = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "path" {
                    let value = example(&parameter["schema"]);
                    let name = parameter["name"].as_str().unwrap();
                    path = path.replace(&format!("{{{name}}}"), value.as_str().unwrap());
                }
            }
            let mut body = String::new();
            let json = operation.pointer("/requestBody/content/application~1json/schema");
            if let Some(schema) = json {
                let mut value = example(schema);
                if let Some(currency) = value.get_mut("currency") {
                    // The page's example is in lower case, which the API takes as well.
                    *currency = currency.as_str().unwrap().to_uppercase().into();
                }
                body = value.to_string();
            }
            all.push(Sent {
                operation: operation["operationId"].as_str().unwrap().to_owned(),
                method_and_path: format!("{} /v1{path}", method.to_uppercase()),
                body,
            });
        }
    }
    all.sort();
    all
}

/// What the server got, in the order of the failures.
fn sent(server: &Server, failures: &[Error]) -> Vec<Sent> {
    let requests = server.requests();
    assert_eq!(requests.len(), failures.len(), "one request a call");
    let sent = requests.iter().zip(failures).map(|(request, failure)| {
        let line = request.request_line().trim_end_matches(" HTTP/1.1");
        let has_key = request.header("Idempotency-Key").is_some();
        assert_eq!(has_key, line.starts_with("POST "), "{line}");
        let body = match request.body.as_slice() {
            [] => String::new(),
            body => serde_json::from_slice::<Value>(body).unwrap().to_string(),
        };
        Sent {
            operation: failure.operation().to_owned(),
            method_and_path: line.to_owned(),
            body,
        }
    });
    let mut sent: Vec<_> = sent.collect();
    sent.sort();
    sent
}

#[tokio::test]
async fn every_operation_sends_what_the_contract_says() {
    let server = Server::start([]).await;
    let fluxa = builder(&server.base_url()).build().unwrap();
    macro_rules! send {
        ($call:expr) => {
            $call.await.map(drop).unwrap_err()
        };
    }
    let failures = every_operation!(fluxa, send);
    assert_eq!(failures.len(), 69);
    assert_eq!(sent(&server, &failures), expected());
}

#[cfg(feature = "blocking")]
#[tokio::test(flavor = "multi_thread")]
async fn every_operation_sends_the_same_when_blocking() {
    let server = Server::start([]).await;
    let fluxa = builder(&server.base_url()).build_blocking().unwrap();
    macro_rules! send {
        ($call:expr) => {
            $call.send().map(drop).unwrap_err()
        };
    }
    let failures = every_operation!(fluxa, send);
    assert_eq!(sent(&server, &failures), expected());
}

#[tokio::test]
async fn with_a_live_key_no_operation_of_the_sandbox_is_sent() {
    let server = Server::start([]).await;
    let live = fluxa_sdk::Client::builder("sk_live_0123").base_url(server.base_url());
    let fluxa = live.build().unwrap();
    macro_rules! send {
        ($call:expr) => {
            $call.await.map(drop).unwrap_err()
        };
    }
    let failures = every_operation!(fluxa, send);
    let (refused, sent): (Vec<_>, Vec<_>) = failures
        .iter()
        .partition(|error| matches!(error, Error::Config(_)));
    for error in &refused {
        assert!(error.operation().starts_with("sandbox_"), "{error:?}");
        assert!(error.to_string().contains("test key"), "{error}");
    }
    assert_eq!((refused.len(), sent.len()), (9, 60));
    let requests = server.requests();
    assert!(
        !requests
            .iter()
            .any(|request| request.head.contains("/sandbox"))
    );
}

/// Its documentation is read as text; that the examples compile is for the doctests to prove.
#[test]
fn every_operation_is_documented_with_its_page_and_an_example() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/generated/resources");
    let source: String = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for item in contract()["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            let link = format!("Operation [`{id}`](https://docs.fluxapay.co.uk/api/{id}): `");
            let (_, rest) = source
                .split_once(&link)
                .unwrap_or_else(|| panic!("{id}: no link"));
            let documentation = rest.split("pub fn ").next().unwrap();
            let code: String = documentation
                .lines()
                .filter_map(|line| line.trim().strip_prefix("///"))
                .flat_map(|line| line.chars().filter(|character| !character.is_whitespace()))
                .collect();
            let accessor = operation["x-fluxa-accessor"].as_str().unwrap();
            let (path, verb) = accessor.rsplit_once('.').unwrap();
            let call = format!("fluxa.{}().{verb}(", path.replace('.', "()."));
            assert!(
                code.contains("```no_run") && code.contains(&call),
                "{id}: {code}"
            );
        }
    }
}

const CSV: &str = "payment,at,actor,previous_state,new_state,reason\r\n";

fn typed(kind: &str, body: &str) -> Step {
    Step::Respond(
        200,
        vec![
            ("Content-Type", kind.to_owned()),
            ("X-Fluxa-Request-Id", "req_0000000000000001".to_owned()),
        ],
        body.to_owned(),
    )
}

#[tokio::test]
async fn a_history_is_had_as_csv_with_retries_and_errors_like_any_call() {
    let server = Server::start([
        error(500, "internal"),
        typed("text/csv; charset=utf-8", CSV),
        error(404, "resource_missing"),
        typed("application/json", "{}"),
    ])
    .await;
    let fluxa = builder(&server.base_url()).build().unwrap();
    let history = || fluxa.payments().history("pay_0123456789abcdef");
    let csv = history().csv().await.unwrap();
    assert_eq!((csv.as_str(), csv.attempts()), (CSV, 2));
    assert_eq!(csv.request_id(), Some("req_0000000000000001"));
    let missing = history().csv().await.unwrap_err();
    assert!(missing.as_api().is_some(), "{missing:?}");
    assert_eq!(missing.operation(), "payments_history");
    let json = history().csv().await.unwrap_err();
    assert!(json.to_string().contains("JSON and not CSV"), "{json}");
    assert_eq!(server.requests().len(), 4);
    for request in server.requests() {
        let line = "GET /v1/payments/pay_0123456789abcdef/history HTTP/1.1";
        assert_eq!(request.request_line(), line);
        assert_eq!(request.header("Accept"), Some("text/csv"));
    }
    // It has no pages, and faulty parameters stay faulty.
    for paged in [history().limit(10), history().after("phe_1")] {
        let error = paged.csv().await.unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
        assert!(error.to_string().contains("has no pages"), "{error}");
    }
    let faulty = fluxa.payments().history("cus_0123456789abcdef").csv();
    assert!(matches!(faulty.await, Err(Error::Config(_))));
    assert_eq!(server.requests().len(), 4);
}

#[cfg(feature = "blocking")]
#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_had_as_csv_when_blocking() {
    let server = Server::start([typed("text/csv", CSV)]).await;
    let fluxa = builder(&server.base_url()).build_blocking().unwrap();
    let history = fluxa.payments().history("pay_0123456789abcdef");
    assert_eq!(*history.csv().send().unwrap(), CSV);
}

#[test]
fn a_call_outside_a_runtime_says_what_it_needs() {
    use std::future::{Future, IntoFuture};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    let fluxa = builder("http://127.0.0.1:1/v1").build().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut call = fluxa.sandbox().clock().into_future();
    let Poll::Ready(Err(error)) = call.as_mut().poll(&mut context) else {
        panic!("it has nothing to wait for");
    };
    assert!(matches!(error, Error::Config(_)), "{error:?}");
    assert_eq!(error.outcome(), fluxa_sdk::Outcome::NotSent);
    assert_eq!(error.operation(), "sandbox_clock");
    assert!(error.to_string().contains("tokio runtime"), "{error}");
    let mut pages = fluxa.payments().list().pages();
    let page = pin!(pages.next()).poll(&mut context);
    assert!(matches!(page, Poll::Ready(Some(Err(Error::Config(_))))));
}

#[tokio::test]
async fn a_raw_call_takes_what_is_no_json() {
    let server = Server::start([
        typed("text/csv", CSV),
        typed("application/pdf", "%PDF-1.7"),
        typed("text/csv", ""),
        error(400, "parameter_invalid"),
    ])
    .await;
    let fluxa = builder(&server.base_url()).build().unwrap();
    let raw = || fluxa.raw("GET", "/reports/1");
    let text = raw().query("month", "2026-05").text("text/csv").await;
    assert_eq!(*text.unwrap(), CSV);
    let bytes = raw().bytes("application/pdf").query("page", 1).await;
    assert_eq!(*bytes.unwrap(), b"%PDF-1.7");
    assert_eq!(*raw().text("text/csv").await.unwrap(), "");
    let refused = raw().text("text/csv").await.unwrap_err();
    assert!(refused.as_api().is_some(), "{refused:?}");
    let requests = server.requests();
    let (csv, pdf) = (&requests[0], &requests[1]);
    assert_eq!(
        csv.request_line(),
        "GET /v1/reports/1?month=2026-05 HTTP/1.1"
    );
    assert_eq!(csv.header("Accept"), Some("text/csv"));
    assert_eq!(pdf.request_line(), "GET /v1/reports/1?page=1 HTTP/1.1");
    assert_eq!(pdf.header("Accept"), Some("application/pdf"));
    for bad in ["", "text/csv\r\nX-Evil: 1"] {
        let error = raw().text(bad).await.unwrap_err();
        assert!(matches!(error, Error::Config(_)), "{error:?}");
    }
    assert_eq!(server.requests().len(), 4);
}
