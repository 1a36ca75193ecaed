//! The handle of a server in this process: what it offers as methods.

use crate::support::{Api, start};
use fluxa_mock::{Account, CardOutcome, Method, MockServer, SeedPlan};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_clock_moves_as_told() {
    let (server, _api) = start().await;
    let start = server.now();
    server.advance(Duration::from_millis(1_500)).await.unwrap();
    let passed = server.now().duration_since(start).unwrap();
    assert_eq!(passed, Duration::from_millis(1_500));
    server.set_pace(100_000.0).unwrap();
    let before = server.now();
    while server.now() == before {}
    server.freeze();
    assert_eq!(server.now(), server.now());
    for pace in [-1.0, f64::NAN, 100_001.0] {
        let refused = server.set_pace(pace).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    }
    let beyond = server.advance(Duration::MAX).await.unwrap_err();
    assert_eq!(beyond.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn how_long_until_the_next_thing_is_due_follows_from_the_pace() {
    let (server, api) = start().await;
    server.set_pace(1.0).unwrap();
    assert_eq!(server.next_due().await.unwrap(), None, "nothing is due");
    server.freeze();
    api.payment("30s").await;
    assert_eq!(server.next_due().await.unwrap(), None, "the clock stands");
    server.set_pace(2.0).unwrap();
    let due = server.next_due().await.unwrap().unwrap();
    assert!(due <= Duration::from_secs(15), "{due:?}");
    server.set_pace(0.001).unwrap();
    let due = server.next_due().await.unwrap().unwrap();
    assert_eq!(due, Duration::from_secs(3600), "as far as it looks");
}

#[tokio::test]
async fn a_reset_brings_the_clock_back_to_the_present() {
    let (server, api) = start().await;
    let start = server.now();
    server
        .advance(Duration::from_secs(400 * 86_400))
        .await
        .unwrap();
    server.set_pace(50.0).unwrap();
    api.payment("30s").await;
    server.reset().await.unwrap();
    let off = server.now().duration_since(start).unwrap();
    assert!(off < Duration::from_secs(3600), "{off:?}");
    let clock = api.get("/v1/sandbox/clock").await.ok().body;
    assert_eq!(
        (&clock["mode"], &clock["pending_timers"]),
        (&json!("frozen"), &json!(0))
    );
    api.assert_invariants().await;
}

#[tokio::test]
async fn an_event_is_found_whether_it_has_happened_or_is_to_come() {
    let (server, api) = start().await;
    let payment = api.payment("30s").await;
    let captured = server
        .wait_for_event("payment.captured", SOON)
        .await
        .unwrap();
    assert_eq!(captured["data"]["object"]["id"], payment);
    let (settled, ()) = tokio::join!(server.wait_for_event("payment.settled", SOON), async {
        server.advance(Duration::from_secs(60)).await.unwrap();
    });
    assert_eq!(settled.unwrap()["data"]["previous_state"], "SETTLING");
    let second = api.payment("instant").await;
    let of_second = |event: &Value| {
        event["type"] == "payment.settled" && event["data"]["object"]["id"] == second.as_str()
    };
    server.wait_for_event_where(of_second, SOON).await.unwrap();
    let types: Vec<_> = server
        .events()
        .await
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types[..2], ["checkout.session.created", "payment.received"]);
    assert!(server.invariants().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_event_that_does_not_come_is_a_time_out_that_says_what_came() {
    let (server, api) = start().await;
    api.payment("30s").await;
    let waited = server
        .wait_for_event("refund.created", Duration::from_millis(50))
        .await;
    let error = waited.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    let text = error.to_string();
    for part in [
        "no refund.created",
        "1 payment.captured",
        "advance the clock",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_wait_survives_a_restore() {
    let (server, api) = start().await;
    let empty = server.snapshot().await.unwrap();
    for _ in 0..3 {
        api.session(None, None).await;
    }
    let (found, ()) = tokio::join!(server.wait_for_event("customer.created", SOON), async {
        server.restore(&empty).await.unwrap();
        let body = json!({ "email": "a@example.com" });
        api.post("/v1/customers", body).await.ok();
    });
    assert_eq!(found.unwrap()["data"]["object"]["email"], "a@example.com");
}

#[tokio::test]
async fn faults_are_set_counted_and_cleared() {
    let (server, api) = start().await;
    let outage = server.fail_next(Method::Get, "/v1/customers", 503).unwrap();
    api.get("/v1/customers")
        .await
        .refused(503, "service_unavailable");
    assert_eq!((outage.hits(), outage.hits_left()), (1, Some(0)));
    server
        .fail_next(Method::Any, "/v1/*", 500)
        .unwrap()
        .remove();
    server
        .lose_next_response(Method::Post, "/v1/customers")
        .unwrap();
    server.clear_faults();
    api.post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok();
}

#[tokio::test]
async fn a_server_is_seen_the_same_by_handle_and_by_control_plane() {
    let server = MockServer::builder().pace(0.0).start().await.unwrap();
    let api = Api::new(&server);
    let clock = json!({ "advance_seconds": 3600 });
    let before = server.now();
    api.post("/_mock/clock", clock).await.ok();
    let passed = server.now().duration_since(before).unwrap();
    assert_eq!(passed, Duration::from_secs(3600));
}

/// All that a handle offers, done once to one account.
async fn live_through(account: &Account, api: &Api) {
    let empty = account.snapshot().await.unwrap();
    let start = account.now();
    let customer = json!({ "email": "a@example.com" });
    let customer = api.post("/v1/customers", customer).await.ok().id();
    let session = api.session(Some(&customer), Some("30s")).await;
    let payment = api.pay(&session, "4242424242424242").await.ok().id();
    let card = format!("/v1/customers/{customer}/payment_methods");
    let card = api.get(&card).await.ok().ids()[0].clone();

    account.advance(Duration::from_secs(60)).await.unwrap();
    let settled = account.wait_for_event("payment.settled", SOON).await;
    assert_eq!(settled.unwrap()["data"]["object"]["id"], payment);
    let received = |event: &Value| event["type"] == "payment.received";
    account.wait_for_event_where(received, SOON).await.unwrap();
    let types = account.events().await.unwrap();
    assert!(
        types
            .iter()
            .any(|event| event["type"] == "customer.created")
    );
    assert_eq!(account.received()[0].path, "/v1/customers");
    account.clear_received();
    assert!(account.received().is_empty());

    let charge = json!({ "amount": 1000, "currency": "GBP", "customer": customer });
    let outcome = CardOutcome::InsufficientFunds;
    account.set_card_outcome(&card, outcome).await.unwrap();
    let declined = api.post("/v1/payments", charge.clone()).await.ok();
    assert_eq!(declined.body["failure_code"], "insufficient_funds");
    let outcome = CardOutcome::Success;
    account.set_card_outcome(&card, outcome).await.unwrap();
    let lost = account.lose_next_response(Method::Post, "/v1/payments");
    lost.unwrap().remove();
    let outage = account.fail_next(Method::Post, "/v1/payments", 503);
    let refused = api.post("/v1/payments", charge.clone()).await;
    refused.refused(503, "service_unavailable");
    assert_eq!(outage.unwrap().hits(), 1);
    account.fail_next(Method::Any, "/v1/*", 500).unwrap();
    account.clear_faults();
    let paid = api.post("/v1/payments", charge).await.ok();
    assert_eq!(paid.body["state"], "CAPTURED");

    account.set_pace(1000.0).unwrap();
    account.freeze();
    assert_eq!(account.now(), account.now());
    assert!(account.invariants().await.unwrap().is_empty());
    account.restore(&empty).await.unwrap();
    assert!(account.events().await.unwrap().is_empty());
    assert_eq!(account.now(), start);
    let plan = SeedPlan::new().customers(2).days(1);
    account.seed(plan).await.unwrap();
    assert!(!account.events().await.unwrap().is_empty());
    account.reset().await.unwrap();
    assert!(account.events().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_account_can_be_made_to_do_all_that_a_server_can_and_others_do_not_see_it() {
    let server = MockServer::builder().auto_accounts(true).start().await;
    let server = server.unwrap();
    let api = Api::new(&server);
    let key = format!("sk_test_{}", "h".repeat(32));
    let account = server.account(&key).await.unwrap();
    let before = server.now();
    live_through(&account, &api.with_key(&key)).await;
    assert!(server.events().await.unwrap().is_empty());
    assert!(server.received().is_empty());
    assert_eq!(server.now(), before);
    live_through(&server, &api).await;
    let own = server.account(&server.secret_key()).await.unwrap();
    assert_eq!((own.label(), own.url()), (server.label(), server.url()));
}

#[tokio::test]
async fn the_outcome_of_a_card_that_is_not_there_is_refused_by_what_is_wrong() {
    let (server, _api) = start().await;
    for (id, kind) in [
        ("pm_0000000000000000", std::io::ErrorKind::NotFound),
        ("pay_0000000000000000", std::io::ErrorKind::InvalidInput),
        ("", std::io::ErrorKind::InvalidInput),
    ] {
        let refused = server.set_card_outcome(id, CardOutcome::Success).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind(), kind, "{id}: {refused}");
    }
}
