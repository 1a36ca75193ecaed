//! Charges that a cardholder is not there for: what the test cards that ask for one do then.

use crate::support::{Api, start};
use serde_json::{Value, json};
use std::time::Duration;

const CHALLENGE: &str = "4000000000003220";

/// A customer who passed the challenge of this card at the checkout, where it was kept.
async fn customer_with(api: &Api, number: &str) -> String {
    let body = json!({ "email": "a@example.com" });
    let customer = api.post("/v1/customers", body).await.ok().id();
    let session = api.session(Some(&customer), Some("instant")).await;
    let paid = api.pay(&session, number).await.ok().id();
    let paid = api.get(&format!("/v1/payments/{paid}")).await.ok().body;
    assert_eq!(paid["three_d_secure"]["result"], "authenticated");
    customer
}

fn assert_declined(payment: &Value) {
    assert_eq!(payment["state"], "FAILED", "{payment}");
    assert_eq!(payment["failure_code"], "authentication_required");
    let message = payment["failure_message"].as_str().unwrap();
    assert!(message.contains("checkout session"), "{message}");
    let asked = &payment["three_d_secure"];
    assert_eq!(
        (&asked["method"], &asked["result"], &asked["cavv"]),
        (&json!("not_required"), &json!("rejected"), &Value::Null),
        "nobody was challenged"
    );
}

#[tokio::test]
async fn a_card_that_asks_for_its_cardholder_is_declined_when_nobody_is_there() {
    let (_server, api) = start().await;
    let customer = customer_with(&api, CHALLENGE).await;
    for timing in ["instant", "manual", "30s"] {
        let charge = json!({ "amount": 1000, "currency": "GBP", "customer": customer });
        let call = api.call(reqwest::Method::POST, "/v1/payments");
        let call = call.json(&charge).header("X-Fluxa-Sandbox-Timing", timing);
        assert_declined(&call.send().await.ok().body);
    }
    // With the cardholder there it is paid, again.
    let session = api.session(Some(&customer), Some("instant")).await;
    let paid = api.pay(&session, CHALLENGE).await.ok().id();
    let paid = api.get(&format!("/v1/payments/{paid}")).await.ok().body;
    assert_eq!(paid["state"], "SETTLED");
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_card_of_an_old_issuer_is_charged_and_nobody_is_said_to_have_been_asked() {
    let (_server, api) = start().await;
    let customer = customer_with(&api, "4000000000001091").await;
    let charge = json!({ "amount": 1000, "currency": "GBP", "customer": customer });
    let paid = api.post("/v1/payments", charge).await.ok().body;
    assert_eq!(paid["state"], "CAPTURED");
    let asked = &paid["three_d_secure"];
    assert_eq!(
        (&asked["method"], &asked["result"], &asked["version"]),
        (&json!("not_required"), &json!("not_required"), &Value::Null)
    );
}

#[tokio::test]
async fn a_subscription_to_such_a_card_is_past_due_until_another_pays() {
    let (server, api) = start().await;
    let customer = customer_with(&api, CHALLENGE).await;
    let body = json!({
        "customer": customer, "amount": 1000, "currency": "GBP", "interval": "month",
    });
    let started = api.post("/v1/subscriptions", body).await.ok();
    assert_eq!(started.body["status"], "past_due", "{}", started.text);
    let charge = started.body["latest_payment"].as_str().unwrap();
    assert_declined(&api.get(&format!("/v1/payments/{charge}")).await.ok().body);

    let session = api.session(Some(&customer), Some("instant")).await;
    api.pay(&session, "4242424242424242").await.ok();
    let cards = format!("/v1/customers/{customer}/payment_methods");
    let good = api.get(&cards).await.ok().ids()[0].clone();
    let path = format!("/v1/customers/{customer}");
    api.patch(&path, json!({ "default_payment_method": good }))
        .await
        .ok();
    server.advance(Duration::from_secs(86_400)).await.unwrap();
    let path = format!("/v1/subscriptions/{}", started.id());
    assert_eq!(api.get(&path).await.ok().body["status"], "active");
    api.assert_invariants().await;
}
