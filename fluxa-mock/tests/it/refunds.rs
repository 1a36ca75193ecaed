//! Refunds: whole, in parts, too much, and of payments that cannot be refunded.

use crate::support::start;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn refunds_in_parts_add_up_and_stop_at_the_amount() {
    let (server, api) = start().await;
    let payment = api.payment("settling=0s,settled=0s").await;
    server.advance(Duration::from_secs(1)).await.unwrap();
    let refund = |amount: i64| json!({ "payment": payment, "amount": amount, "reason": "asked" });
    let first = api.post("/v1/refunds", refund(1000)).await.ok();
    assert_eq!(first.body["status"], "pending");
    let path = format!("/v1/payments/{payment}");
    assert_eq!(api.get(&path).await.body["state"], "SETTLED");
    // What is pending is spoken for.
    api.post("/v1/refunds", refund(4000))
        .await
        .refused(400, "refund_exceeds_remaining");
    server.advance(Duration::from_secs(30)).await.unwrap();
    let after = api.get(&path).await.body;
    assert_eq!(
        (&after["state"], &after["amount_refunded"]),
        (&json!("REFUNDED"), &json!(1000))
    );

    api.post("/v1/refunds", json!({ "payment": payment }))
        .await
        .ok();
    server.advance(Duration::from_secs(30)).await.unwrap();
    assert_eq!(api.get(&path).await.body["amount_refunded"], 4999);
    api.post("/v1/refunds", refund(1))
        .await
        .refused(400, "refund_exceeds_remaining");

    let list = api
        .get(&format!("/v1/refunds?payment={payment}&status=succeeded"))
        .await
        .ok();
    assert_eq!(list.ids().len(), 2);
    assert_eq!(
        api.event_types(&first.id()).await,
        ["refund.created", "refund.succeeded"]
    );
    // One move, one event, however many refunds.
    let moves = api.event_types(&payment).await;
    assert_eq!(
        moves
            .iter()
            .filter(|name| *name == "payment.refunded")
            .count(),
        1
    );
    api.assert_invariants().await;
}

#[tokio::test]
async fn payments_that_were_not_captured_are_not_refundable() {
    let (_server, api) = start().await;
    let session = api.session(None, None).await;
    let failed = api.pay(&session, "4000000000000002").await.ok().id();
    let received = api.payment("manual").await;
    for payment in [failed, received] {
        api.post("/v1/refunds", json!({ "payment": payment }))
            .await
            .refused(400, "payment_not_refundable");
    }
}

#[tokio::test]
async fn a_refund_of_a_payment_that_is_returned_meanwhile_fails() {
    let (server, api) = start().await;
    let session = api
        .session(None, Some("settling=1s,settled=1s,refund=10s"))
        .await;
    let payment = api.pay(&session, "4000000000001976").await.ok().id();
    let refund = api
        .post("/v1/refunds", json!({ "payment": payment }))
        .await
        .ok()
        .id();
    server.advance(Duration::from_secs(10)).await.unwrap();
    let refund = api.get(&format!("/v1/refunds/{refund}")).await.body;
    assert_eq!(
        (&refund["status"], &refund["failure_code"]),
        (&json!("failed"), &json!("refund_declined"))
    );
    assert_eq!(
        api.get(&format!("/v1/payments/{payment}")).await.body["state"],
        "FAILED"
    );
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_captured_payment_refunded_at_once_never_settles() {
    let (server, api) = start().await;
    let payment = api.payment("30s").await;
    let refund = api
        .call(Method::POST, "/v1/refunds")
        .header("X-Fluxa-Sandbox-Timing", "instant")
        .json(&json!({ "payment": payment }))
        .send()
        .await
        .ok();
    assert_eq!(refund.body["status"], "succeeded");
    server.advance(Duration::from_secs(3600)).await.unwrap();
    let payment = api
        .get(&format!("/v1/payments/{payment}?expand[]=settlement"))
        .await
        .body;
    assert_eq!(
        (&payment["state"], &payment["ledger_state"]),
        (&json!("REFUNDED"), &json!("CAPTURED"))
    );
    assert_eq!(payment["settlement"], json!(null));
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_refund_after_settlement_comes_out_of_the_bank_and_no_batch_changes() {
    let (server, api) = start().await;
    let first = api.payment("instant").await;
    let expanded = format!("/v1/payments/{first}?expand[]=settlement");
    server.advance(Duration::from_secs(60)).await.unwrap();
    let batch = api.get(&expanded).await.ok().body["settlement"].clone();
    assert_eq!(batch["status"], "completed");
    let refund = json!({ "payment": first, "amount": 1000 });
    api.post("/v1/refunds", refund).await.ok();
    server.advance(Duration::from_secs(60)).await.unwrap();

    let payment = api.get(&expanded).await.ok().body;
    assert_eq!(payment["state"], "REFUNDED");
    assert_eq!(
        payment["settlement"], batch,
        "a closed batch is what reached the bank"
    );
    // Nor does the next one make up for it.
    let second = api.payment("instant").await;
    server.advance(Duration::from_secs(60)).await.unwrap();
    let expanded = format!("/v1/payments/{second}?expand[]=settlement");
    let next = api.get(&expanded).await.ok().body["settlement"].clone();
    assert_ne!(next["id"], batch["id"]);
    assert_eq!(
        (&next["net"], &next["deductions"]),
        (&json!(4900), &json!(null))
    );
    let balances = api.get("/v1/ledger/balances").await.ok().body;
    let balances = balances["balances"].as_array().unwrap();
    let of = |name: &str| {
        let found = balances.iter().find(|one| one["account"] == name);
        found.unwrap()["balance"].as_i64().unwrap()
    };
    assert_eq!(
        (of("merchant_bank"), of("refunds")),
        (2 * 4900 - 1000, 1000)
    );
    api.assert_invariants().await;
}
