//! Payments refunded before they settled: what is left of them stays with the payment partner, and a
//! dispute that is lost is paid from that before anything is taken from a settlement.

use crate::support::{Api, start};
use fluxa_mock::MockServer;
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// When a refund goes out: of a payment that is CAPTURED, and of one that is SETTLING.
const MOMENTS: [(&str, &str); 2] = [
    ("CAPTURED", "settling=30s,settled=30s,refund=1s"),
    ("SETTLING", "settling=1s,settled=60s,refund=20s"),
];

/// Asks for 1000 of a payment back, and waits until long after all that was under way.
async fn refund_a_part(server: &MockServer, api: &Api, payment: &str, state: &str) {
    let refund = json!({ "payment": payment, "amount": 1000 });
    api.post("/v1/refunds", refund).await.ok();
    server.advance(DAY * 40).await.unwrap();
    assert_refunded_in(api, payment, state).await;
}

async fn assert_refunded_in(api: &Api, payment: &str, state: &str) {
    let payment = api.get(&format!("/v1/payments/{payment}")).await.ok().body;
    assert_eq!(
        (&payment["state"], &payment["ledger_state"]),
        (&json!("REFUNDED"), &json!(state))
    );
}

/// Settles a payment of 4999 by itself, its net being 4900; returns its batch.
async fn next_batch(api: &Api) -> Value {
    api.payment("instant").await;
    let path = "/v1/sandbox/settlements/close";
    let closed = api.post(path, json!({})).await.ok().body;
    assert_eq!(closed["data"].as_array().unwrap().len(), 1);
    closed["data"][0].clone()
}

fn money_of(batch: &Value) -> (i64, i64) {
    let deductions = batch["deductions"].as_i64().unwrap_or(0);
    (batch["net"].as_i64().unwrap(), deductions)
}

/// What stands in the accounts that a payment moves through: at the partner, in flight, in the bank.
async fn standing(api: &Api, payment: &str) -> (i64, i64, i64) {
    (
        api.balance("partner_clearing", Some(payment)).await,
        api.balance("settlement_in_flight", Some(payment)).await,
        api.balance("merchant_bank", Some(payment)).await,
    )
}

#[tokio::test]
async fn what_a_refund_before_settlement_leaves_returns_to_the_partner() {
    for (state, timing) in MOMENTS {
        let (server, api) = start().await;
        let payment = api.payment(timing).await;
        refund_a_part(&server, &api, &payment, state).await;
        assert_eq!(standing(&api, &payment).await, (3900, 0, 0), "{state}");
        assert_eq!(api.get("/v1/settlements").await.ok().ids().len(), 0);
        api.assert_invariants().await;
        // More is refunded from there; the fee is not returned.
        api.post("/v1/refunds", json!({ "payment": payment }))
            .await
            .ok();
        server.advance(DAY).await.unwrap();
        assert_eq!(standing(&api, &payment).await, (-99, 0, 0), "{state}");
        api.assert_invariants().await;
    }
}

#[tokio::test]
async fn a_lost_dispute_of_a_payment_that_never_settled_takes_only_the_rest_from_a_batch() {
    for (state, timing) in MOMENTS {
        let (server, api) = start().await;
        let payment = api.payment(timing).await;
        refund_a_part(&server, &api, &payment, state).await;
        let dispute = api.dispute(&payment).await.ok();
        assert_eq!(dispute.body["amount"], 3999);
        api.assert_invariants().await;
        let accept = format!("/v1/disputes/{}/accept", dispute.id());
        api.post(&accept, json!({})).await.ok();
        // 3900 of it stood at the partner; the fee is what the merchant still owes.
        assert_eq!(standing(&api, &payment).await, (-99, 0, 0), "{state}");
        api.assert_invariants().await;
        assert_eq!(money_of(&next_batch(&api).await), (4801, 99), "{state}");
        assert_eq!(standing(&api, &payment).await, (0, 0, -99), "{state}");
        assert_eq!(money_of(&next_batch(&api).await), (4900, 0), "{state}");
        api.assert_invariants().await;
    }
}

#[tokio::test]
async fn a_refund_before_settlement_costs_what_one_after_it_costs() {
    let mut banks = Vec::new();
    for timing in [MOMENTS[0].1, MOMENTS[1].1, "settling=0s,settled=0s"] {
        let (server, api) = start().await;
        let payment = api.payment(timing).await;
        if timing.ends_with("settled=0s") {
            server.advance(DAY).await.unwrap();
        }
        let refund = json!({ "payment": payment, "amount": 1000 });
        api.post("/v1/refunds", refund).await.ok();
        server.advance(DAY).await.unwrap();
        let dispute = api.dispute(&payment).await.ok().id();
        api.resolve(&dispute, "lost").await.ok();
        next_batch(&api).await;
        banks.push(api.balance("merchant_bank", None).await);
    }
    assert_eq!(banks, [4801; 3]);
}

#[tokio::test]
async fn a_won_dispute_of_a_payment_that_never_settled_leaves_it_as_it_was() {
    for (state, timing) in MOMENTS {
        let (server, api) = start().await;
        let payment = api.payment(timing).await;
        refund_a_part(&server, &api, &payment, state).await;
        let dispute = api.dispute(&payment).await.ok().id();
        assert_eq!(standing(&api, &payment).await, (-99, 0, 0), "{state}");
        api.resolve(&dispute, "won").await.ok();
        assert_eq!(standing(&api, &payment).await, (3900, 0, 0), "{state}");
        assert_eq!(money_of(&next_batch(&api).await), (4900, 0), "{state}");
        api.assert_invariants().await;
    }
}

/// A dispute lost while a refund is pending may be deducted in part or whole before the refund keeps
/// the payment from settling.
#[tokio::test]
async fn a_refund_that_goes_out_after_the_loss_returns_what_was_deducted_too_much() {
    for (state, timing) in MOMENTS {
        // Batches before the refund goes out, and what they and the one after it pay.
        for (before, paid, after) in [(0, vec![], (4801, 99)), (1, vec![(901, 3999)], (4900, 0))] {
            let (server, api) = start().await;
            let payment = api.payment(timing).await;
            let refund = json!({ "payment": payment, "amount": 1000 });
            api.post("/v1/refunds", refund).await.ok();
            let dispute = api.dispute(&payment).await.ok();
            assert_eq!(dispute.body["amount"], 3999);
            api.resolve(&dispute.id(), "lost").await.ok();
            let mut batches = Vec::new();
            for _ in 0..before {
                batches.push(money_of(&next_batch(&api).await));
            }
            assert_eq!(batches, paid, "{state}");
            api.assert_invariants().await;
            server.advance(DAY).await.unwrap();
            assert_refunded_in(&api, &payment, state).await;
            api.assert_invariants().await;
            assert_eq!(money_of(&next_batch(&api).await), after, "{state}");
            assert_eq!(standing(&api, &payment).await, (0, 0, -99), "{state}");
            assert_eq!(money_of(&next_batch(&api).await), (4900, 0), "{state}");
            api.assert_invariants().await;
        }
    }
}

#[tokio::test]
async fn a_second_refund_that_was_promised_is_not_used_for_the_dispute() {
    for (state, timing) in MOMENTS {
        let (server, api) = start().await;
        let payment = api.payment(timing).await;
        refund_a_part(&server, &api, &payment, state).await;
        let refund = json!({ "payment": payment, "amount": 1500 });
        api.post("/v1/refunds", refund).await.ok();
        let dispute = api.dispute(&payment).await.ok();
        assert_eq!(dispute.body["amount"], 2499);
        api.resolve(&dispute.id(), "lost").await.ok();
        assert_eq!(standing(&api, &payment).await, (1401, 0, 0), "{state}");
        api.assert_invariants().await;
        server.advance(DAY).await.unwrap();
        assert_eq!(standing(&api, &payment).await, (-99, 0, 0), "{state}");
        assert_eq!(money_of(&next_batch(&api).await), (4801, 99), "{state}");
        api.assert_invariants().await;
    }
}
