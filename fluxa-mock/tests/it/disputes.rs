//! Disputes: who may raise one, how each ends, and what it moves in the ledger and in settlements.

use crate::support::{Answer, Api, start};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Api {
    /// Raises a dispute.
    pub(crate) async fn dispute(&self, payment: &str) -> Answer {
        let body = json!({ "payment": payment, "reason": "product_not_received" });
        self.post("/v1/sandbox/disputes", body).await
    }

    /// Decides a dispute.
    pub(crate) async fn resolve(&self, dispute: &str, outcome: &str) -> Answer {
        let path = format!("/v1/sandbox/disputes/{dispute}/resolve");
        self.post(&path, json!({ "outcome": outcome })).await
    }

    /// The balance of an account of the ledger, of one payment's entries if one is named.
    pub(crate) async fn balance(&self, account: &str, payment: Option<&str>) -> i64 {
        if let Some(payment) = payment {
            let path = format!("/v1/ledger/entries?limit=100&payment={payment}&account={account}");
            let entries = self.get(&path).await.ok();
            let entries = entries.body["data"].as_array().unwrap().clone();
            return entries.iter().map(signed).sum();
        }
        let balances = self.get("/v1/ledger/balances").await.ok();
        let balances = balances.body["balances"].as_array().unwrap().clone();
        let sum: i64 = balances
            .iter()
            .map(|b| b["balance"].as_i64().unwrap())
            .sum();
        assert_eq!(sum, 0);
        let found = balances.iter().find(|b| b["account"] == account).unwrap();
        found["balance"].as_i64().unwrap()
    }
}

fn signed(entry: &Value) -> i64 {
    let amount = entry["amount"].as_i64().unwrap();
    if entry["direction"] == "debit" {
        amount
    } else {
        -amount
    }
}

async fn transitions(api: &Api, object: &str) -> Vec<(String, Value, Value)> {
    let events = api.get("/v1/events?limit=100").await.ok();
    let data = events.body["data"].as_array().unwrap().iter().rev();
    data.filter(|event| event["data"]["object"]["id"] == object)
        .map(|event| {
            let data = &event["data"];
            let name = event["type"].as_str().unwrap().to_owned();
            (name, data["previous_state"].clone(), data["state"].clone())
        })
        .collect()
}

#[tokio::test]
async fn a_dispute_holds_the_money_back_and_returns_it_when_won() {
    let (server, api) = start().await;
    let payment = api.payment("instant").await;
    let dispute = api.dispute(&payment).await.ok();
    let id = dispute.id();
    let now = api.get("/v1/sandbox/clock").await.body["now"].clone();
    assert_eq!(dispute.status, 201);
    assert_eq!(dispute.body["created_at"], now);
    for (field, value) in [
        ("status", json!("evidence_required")),
        ("amount", json!(4999)),
        ("reason", json!("product_not_received")),
        ("payment", json!(payment)),
        ("evidence", json!({})),
    ] {
        assert_eq!(dispute.body[field], value, "{field}");
    }
    assert_eq!(api.balance("disputes", Some(&payment)).await, 4999);
    assert_eq!(api.balance("partner_clearing", Some(&payment)).await, -4999);
    api.assert_invariants().await;
    // The payment shows it, and it expands both ways.
    let path = format!("/v1/payments/{payment}");
    assert_eq!(api.get(&path).await.body["dispute"], json!(id));
    let expanded = api.get(&format!("{path}?expand[]=dispute.payment")).await;
    assert_eq!(expanded.body["dispute"]["payment"]["id"], json!(payment));

    let evidence = json!({ "receipt": "Receipt 8421", "refund_policy": "None." });
    let evidence_path = format!("/v1/disputes/{id}/evidence");
    let submitted = api.post(&evidence_path, evidence.clone()).await.ok();
    assert_eq!(submitted.body["status"], "evidence_submitted");
    assert_eq!(submitted.body["evidence"], evidence);
    // More of it is added field by field.
    let more = api
        .post(&evidence_path, json!({ "receipt": "Receipt 8422" }))
        .await
        .ok();
    assert_eq!(more.body["evidence"]["receipt"], "Receipt 8422");
    assert_eq!(more.body["evidence"]["refund_policy"], "None.");
    // With evidence the deadline decides nothing.
    server.advance(DAY * 15).await.unwrap();
    api.post(&evidence_path, evidence)
        .await
        .refused(400, "state_conflict");
    assert_eq!(
        api.get(&format!("/v1/disputes/{id}")).await.body["status"],
        "evidence_submitted"
    );

    let won = api.resolve(&id, "won").await.ok();
    assert_eq!(won.body["status"], "won");
    for account in ["disputes", "partner_clearing"] {
        assert_eq!(api.balance(account, Some(&payment)).await, 0, "{account}");
    }
    let (required, submitted) = (json!("evidence_required"), json!("evidence_submitted"));
    let expected = [
        ("dispute.created", json!(null), required.clone()),
        ("dispute.evidence_required", json!(null), required.clone()),
        ("dispute.evidence_submitted", required, submitted.clone()),
        ("dispute.evidence_submitted", json!(null), json!(null)),
        ("dispute.won", submitted, json!("won")),
    ];
    let expected = expected.map(|(name, from, to)| (name.to_owned(), from, to));
    assert_eq!(transitions(&api, &id).await, expected);
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_dispute_without_evidence_is_lost_at_its_deadline_to_the_millisecond() {
    let (server, api) = start().await;
    let payment = api.payment("instant").await;
    let dispute = api.dispute(&payment).await.ok();
    let path = format!("/v1/disputes/{}", dispute.id());
    let nearly = DAY * 14 - Duration::from_millis(1);
    server.advance(nearly).await.unwrap();
    assert_eq!(api.get(&path).await.body["status"], "evidence_required");
    server.advance(Duration::from_millis(1)).await.unwrap();
    let lost = api.get(&path).await.body;
    assert_eq!(lost["status"], "lost");
    let now = api.get("/v1/sandbox/clock").await.body["now"].clone();
    assert_eq!(lost["evidence_due_by"], now);
    let last = transitions(&api, &dispute.id()).await.pop().unwrap();
    assert_eq!(
        last,
        (
            "dispute.lost".to_owned(),
            json!("evidence_required"),
            json!("lost")
        )
    );
    api.assert_invariants().await;
}

#[tokio::test]
async fn closed_disputes_refuse_everything_and_change_nothing() {
    let (_server, api) = start().await;
    for end in ["won", "lost", "accepted"] {
        let payment = api.payment("instant").await;
        let dispute = api.dispute(&payment).await.ok().id();
        let path = format!("/v1/disputes/{dispute}");
        let ended = match end {
            "accepted" => api.post(&format!("{path}/accept"), json!({})).await.ok(),
            outcome => api.resolve(&dispute, outcome).await.ok(),
        };
        let before = api.event_types(&dispute).await;
        let evidence = json!({ "receipt": "Receipt 8421" });
        let refusals = [
            api.post(&format!("{path}/evidence"), evidence).await,
            api.post(&format!("{path}/accept"), json!({})).await,
            api.resolve(&dispute, "won").await,
            api.resolve(&dispute, "lost").await,
        ];
        for refusal in refusals {
            refusal.refused(400, "dispute_closed");
        }
        assert_eq!(api.get(&path).await.body, ended.body);
        assert_eq!(api.event_types(&dispute).await, before);
    }
    api.assert_invariants().await;
}

#[tokio::test]
async fn what_has_nothing_to_dispute_is_refused() {
    let (server, api) = start().await;
    let received = api.payment("manual").await;
    let session = api.session(None, None).await;
    let failed = api.pay(&session, "4000000000000002").await.ok().id();
    let refunded = api.payment("instant").await;
    api.post("/v1/refunds", json!({ "payment": refunded }))
        .await
        .ok();
    let disputed = api.payment("instant").await;
    let first = api.dispute(&disputed).await.ok().id();
    for payment in [&received, &failed, &refunded, &disputed] {
        api.dispute(payment).await.refused(400, "state_conflict");
    }
    api.dispute("pay_00000000000000ff")
        .await
        .refused(400, "resource_missing");
    let unknown = json!({ "payment": disputed, "reason": "mood" });
    api.post("/v1/sandbox/disputes", unknown)
        .await
        .refused(400, "parameter_invalid");
    let evidence = format!("/v1/disputes/{first}/evidence");
    api.post(&evidence, json!({}))
        .await
        .refused(400, "parameter_missing");
    // Won: it may be disputed again. Lost: there is nothing left.
    api.resolve(&first, "won").await.ok();
    let second = api.dispute(&disputed).await.ok().id();
    api.resolve(&second, "lost").await.ok();
    api.dispute(&disputed).await.refused(400, "state_conflict");
    let list = api.get(&format!("/v1/disputes?payment={disputed}")).await;
    assert_eq!(list.ok().ids(), [second.clone(), first]);
    let lost = api.get("/v1/disputes?status=lost").await.ok();
    assert_eq!(lost.ids(), [second]);
    server.advance(DAY).await.unwrap();
    api.assert_invariants().await;
}

#[tokio::test]
async fn money_in_dispute_is_not_refunded_and_refunded_money_not_disputed() {
    let (server, api) = start().await;
    let payment = api.payment("settling=0s,settled=0s,refund=60s").await;
    server.advance(Duration::from_secs(1)).await.unwrap();
    let refund = |amount: i64| json!({ "payment": payment, "amount": amount });
    // Promised, not yet paid: that part is not in dispute, and still goes out.
    api.post("/v1/refunds", refund(1000)).await.ok();
    let dispute = api.dispute(&payment).await.ok();
    assert_eq!(dispute.body["amount"], 3999);
    let refused = api.post("/v1/refunds", refund(1)).await;
    let refused = refused.refused(400, "payment_not_refundable");
    assert!(refused.text.contains(&dispute.id()), "{}", refused.text);
    server.advance(Duration::from_secs(60)).await.unwrap();
    let path = format!("/v1/payments/{payment}");
    assert_eq!(api.get(&path).await.body["amount_refunded"], 1000);
    api.assert_invariants().await;

    api.resolve(&dispute.id(), "won").await.ok();
    api.post("/v1/refunds", refund(500)).await.ok();
    server.advance(Duration::from_secs(60)).await.unwrap();
    let second = api.dispute(&payment).await.ok();
    assert_eq!(second.body["amount"], 3499);
    api.post(&format!("/v1/disputes/{}/accept", second.id()), json!({}))
        .await
        .ok();
    api.post("/v1/refunds", refund(1))
        .await
        .refused(400, "payment_not_refundable");
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_lost_dispute_is_taken_from_the_next_settlements_until_it_is_made_good() {
    let (server, api) = start().await;
    let close = async || {
        api.post("/v1/sandbox/settlements/close", json!({}))
            .await
            .ok()
    };
    let disputed = api.payment("instant").await;
    let first = close().await.body["data"][0].clone();
    assert_eq!(
        (&first["net"], &first["deductions"]),
        (&json!(4900), &json!(null))
    );
    assert_eq!(api.balance("merchant_bank", None).await, 4900);

    let dispute = api.dispute(&disputed).await.ok().id();
    api.resolve(&dispute, "lost").await.ok();
    assert_eq!(api.balance("disputes", None).await, 0);
    assert_eq!(api.balance("cardholder", Some(&disputed)).await, 0);
    assert_eq!(api.balance("partner_clearing", None).await, -4999);
    // Nothing settles: nothing to take from.
    assert_eq!(close().await.ids(), Vec::<String>::new());
    api.assert_invariants().await;

    // 4900 is less than the 4999 lost: the rest waits for the next but one.
    api.payment("instant").await;
    let second = close().await.body["data"][0].clone();
    assert_eq!(
        (&second["gross"], &second["fees"]),
        (&json!(4999), &json!(99))
    );
    assert_eq!(
        (&second["net"], &second["deductions"]),
        (&json!(0), &json!(4900))
    );
    api.assert_invariants().await;
    api.payment("instant").await;
    server.advance(Duration::from_secs(60)).await.unwrap();
    let third = api.get("/v1/settlements?limit=1").await.ok().body["data"][0].clone();
    assert_eq!(
        (&third["net"], &third["deductions"]),
        (&json!(4801), &json!(99))
    );
    assert_eq!(api.balance("partner_clearing", None).await, 0);
    let bank: i64 = [&first, &second, &third]
        .iter()
        .map(|batch| batch["net"].as_i64().unwrap())
        .sum();
    assert_eq!(api.balance("merchant_bank", None).await, bank);
    api.payment("instant").await;
    assert_eq!(close().await.body["data"][0]["deductions"], json!(null));
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_payment_that_fails_voids_its_dispute_whatever_became_of_it() {
    for end in ["open", "won", "lost", "recovered"] {
        let (_server, api) = start().await;
        let payment = api.payment("manual").await;
        let advance = format!("/v1/sandbox/payments/{payment}/advance");
        api.post(&advance, json!({ "to": "CAPTURED" })).await.ok();
        let dispute = api.dispute(&payment).await.ok().id();
        match end {
            "open" => {}
            "recovered" => {
                api.resolve(&dispute, "lost").await.ok();
                api.payment("instant").await;
                api.post("/v1/sandbox/settlements/close", json!({}))
                    .await
                    .ok();
            }
            outcome => {
                api.resolve(&dispute, outcome).await.ok();
            }
        }
        api.post(&advance, json!({ "to": "SETTLING" })).await.ok();
        api.assert_invariants().await;
        api.post(&advance, json!({ "to": "FAILED" })).await.ok();
        let status = api.get(&format!("/v1/disputes/{dispute}")).await.body["status"].clone();
        let expected = match end {
            "open" | "won" => "won",
            _ => "lost",
        };
        assert_eq!(status, expected, "{end}");
        let accounts = [
            "cardholder",
            "partner_clearing",
            "settlement_in_flight",
            "merchant_bank",
            "fees",
            "disputes",
        ];
        for account in accounts {
            let left = api.balance(account, Some(&payment)).await;
            assert_eq!(left, 0, "{account} after {end}");
        }
        api.assert_invariants().await;
    }
}

#[tokio::test]
async fn closing_settlements_settles_what_is_settling() {
    let (server, api) = start().await;
    let good = api.payment("settling=0s,settled=1h").await;
    let session = api.session(None, Some("settling=0s,settled=1h")).await;
    let returned = api.pay(&session, "4000000000001976").await.ok().id();
    server.advance(Duration::from_secs(1)).await.unwrap();
    let closed = api
        .call(Method::POST, "/v1/sandbox/settlements/close")
        .send()
        .await
        .ok();
    assert_eq!(closed.body["data"][0]["payment_count"], 1);
    assert_eq!(closed.body["data"][0]["status"], "completed");
    for (payment, state) in [(good, "SETTLED"), (returned, "FAILED")] {
        let payment = api.get(&format!("/v1/payments/{payment}")).await.body;
        assert_eq!(payment["state"], state);
    }
    // The timers that would have settled them find nothing to do.
    server.advance(Duration::from_secs(7200)).await.unwrap();
    api.assert_invariants().await;
}

#[tokio::test]
async fn settlement_references_count_from_one_on_each_virtual_day() {
    let (server, api) = start().await;
    let mut references = Vec::new();
    for day in 0..3 {
        for _ in 0..2 {
            api.payment("instant").await;
            let path = "/v1/sandbox/settlements/close";
            let closed = api.post(path, json!({})).await.ok();
            let batch = &closed.body["data"][0];
            let date = &batch["created_at"].as_str().unwrap()[..10];
            references.push(batch["reference"].as_str().unwrap().to_owned());
            let number = references.len() - 2 * day;
            assert_eq!(
                references.last().unwrap(),
                &format!("STL-{date}-FX-{number:05}")
            );
            let filter = format!(
                "/v1/payments?settlement_reference={}",
                references.last().unwrap()
            );
            assert_eq!(api.get(&filter).await.ok().ids().len(), 1);
        }
        server.advance(DAY).await.unwrap();
    }
    references.sort();
    references.dedup();
    assert_eq!(references.len(), 6);
    api.assert_invariants().await;
}

#[tokio::test]
async fn onboarding_moves_tell_where_from_and_where_to_and_nothing_else_does() {
    let (_server, api) = start().await;
    let merchant = api.get("/v1/merchant").await.ok();
    assert_eq!(merchant.body["kyb_status"], "approved");
    for status in [
        "approved",
        "action_required",
        "action_required",
        "pending",
        "approved",
    ] {
        let body = json!({ "status": status });
        let set = api.post("/v1/sandbox/merchant/kyb", body).await.ok();
        assert_eq!(set.body["kyb_status"], status);
        assert_eq!(set.body, api.get("/v1/merchant").await.body);
    }
    let expected = [
        (
            "merchant.kyb.action_required",
            "approved",
            "action_required",
        ),
        ("merchant.kyb.approved", "pending", "approved"),
    ];
    let expected = expected.map(|(name, from, to)| (name.to_owned(), json!(from), json!(to)));
    assert_eq!(transitions(&api, &merchant.id()).await, expected);
    api.post("/v1/sandbox/merchant/kyb", json!({ "status": "done" }))
        .await
        .refused(400, "parameter_invalid");
}
