//! Declined charges: the retries, what recovers a subscription and what ends it.

use super::{DAY, days, merchant, months, plus, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// The instants of the retries that are planned.
fn planned(subscription: &Value) -> Vec<(i64, String)> {
    let schedule = subscription["retry_schedule"].as_array().unwrap();
    let one = |retry: &Value| {
        (
            retry["attempt"].as_i64().unwrap(),
            text(&retry["scheduled_at"]),
        )
    };
    schedule.iter().map(one).collect()
}

/// The four retries of a charge declined at `first`.
fn all_four(first: &str) -> Vec<(i64, String)> {
    (1..)
        .zip([1, 3, 5, 7])
        .map(|(attempt, after)| (attempt, plus(first, days(after))))
        .collect()
}

#[tokio::test]
async fn a_subscription_whose_first_charge_is_declined_exists_and_is_past_due() {
    let m = merchant().await;
    m.card_does(&m.method, "card_declined").await;
    let created = m.subscribe(json!({})).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.body["status"], "past_due");
    assert_eq!(planned(&created.body), all_four(&m.now().await));
    let id = created.id();
    let charges = m.charges(&id).await;
    assert_eq!(
        (charges.len(), &charges[0]["failure_code"]),
        (1, &json!("card_declined"))
    );
    let expected = [
        "created: active",
        "payment.failed: active → past_due",
        "updated: active → past_due",
    ];
    assert_eq!(m.story(&id, 0).await, expected);
    let failed = &m.events(&id).await[1];
    assert_eq!(planned(&failed["data"]["object"]).len(), 4);
    m.check().await;
}

#[tokio::test]
async fn a_renewal_declined_five_times_cancels() {
    let m = merchant().await;
    let created = m.subscribe(json!({})).await.ok().body;
    let id = text(&created["id"]);
    m.card_does(&m.method, "insufficient_funds").await;
    let due = text(&created["current_period_end"]);
    m.advance_to(&due).await;
    let schedule = all_four(&due);
    for made in 0..4 {
        let now = m.get(&id).await;
        assert_eq!(now["status"], "past_due");
        assert_eq!(planned(&now), schedule[made..]);
        m.advance_to(&schedule[made].1).await;
    }
    let ended = m.get(&id).await;
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(ended["cancelled_at"], *schedule[3].1);
    assert_eq!(planned(&ended), []);
    let charges = m.charges(&id).await;
    let failed: Vec<String> = charges[1..]
        .iter()
        .map(|one| text(&one["created_at"]))
        .collect();
    let instants: Vec<String> = schedule.iter().map(|(_, at)| at.clone()).collect();
    assert_eq!(failed, [vec![due], instants].concat());
    let tail = m.story(&id, 4).await;
    let expected = [
        ["payment.failed", "updated"].repeat(3),
        vec![
            "payment.failed: past_due → cancelled",
            "cancelled: past_due → cancelled",
        ],
    ];
    assert_eq!(tail, expected.concat());
    m.advance(DAY * 100).await;
    assert_eq!(m.charges(&id).await.len(), 6);
    m.check().await;
}

#[tokio::test]
async fn a_retry_that_succeeds_recovers_and_the_calendar_goes_on() {
    let m = merchant().await;
    let created = m.subscribe(json!({})).await.ok().body;
    let id = text(&created["id"]);
    m.card_does(&m.method, "card_declined").await;
    let due = text(&created["current_period_end"]);
    m.advance_to(&plus(&due, days(2))).await;
    m.card_does(&m.method, "success").await;
    m.advance_to(&plus(&due, days(3))).await;
    let recovered = m.get(&id).await;
    assert_eq!(recovered["status"], "active");
    assert_eq!(planned(&recovered), []);
    assert_eq!(recovered["current_period_start"], *due);
    let outcomes = m.outcomes(&id).await;
    assert_eq!(
        outcomes,
        [(1000, true), (1000, false), (1000, false), (1000, true)]
    );
    m.advance_to(&plus(&text(&created["current_period_start"]), months(2)))
        .await;
    assert_eq!(m.charges(&id).await.len(), 5);
    m.check().await;
}

#[tokio::test]
async fn a_suspicion_of_fraud_is_never_retried_by_itself() {
    let m = merchant().await;
    let id = m.subscribe(json!({})).await.ok().id();
    m.card_does(&m.method, "card_declined").await;
    m.advance(DAY * 32).await;
    assert_eq!(planned(&m.get(&id).await).len(), 3);
    // The retry after that is suspected: the ones after it are off.
    m.card_does(&m.method, "fraud_suspected").await;
    m.advance(DAY * 60).await;
    let stuck = m.get(&id).await;
    assert_eq!(stuck["status"], "past_due");
    assert_eq!(planned(&stuck), []);
    assert_eq!(m.charges(&id).await.len(), 4);
    m.check().await;
    // From the start, too.
    let other = m.subscribe(json!({})).await.ok().body;
    assert_eq!(
        (&other["status"], planned(&other)),
        (&json!("past_due"), vec![])
    );
    // A declined method that is new starts the retries anew.
    let second = m.card("4242424242424242").await;
    m.card_does(&second, "card_declined").await;
    let now = m.now().await;
    let changed = m
        .patch(&text(&other["id"]), json!({ "payment_method": second }))
        .await
        .ok()
        .body;
    assert_eq!(planned(&changed), all_four(&now));
    m.check().await;
}

#[tokio::test]
async fn a_new_method_is_charged_at_once_and_once() {
    let m = merchant().await;
    m.card_does(&m.method, "card_declined").await;
    let id = m.subscribe(json!({ "interval": "year" })).await.ok().id();
    let second = m.card("5555555555554444").await;
    let schedule = planned(&m.get(&id).await);
    m.card_does(&second, "expired_card").await;
    for _ in 0..2 {
        // Declined: the plan stays, and repeating the call charges nothing.
        let changed = m
            .patch(&id, json!({ "payment_method": second }))
            .await
            .ok()
            .body;
        assert_eq!(
            (&changed["status"], planned(&changed)),
            (&json!("past_due"), schedule.clone())
        );
    }
    assert_eq!(m.charges(&id).await.len(), 2);
    let third = m.card("5555555555554444").await;
    for _ in 0..2 {
        let changed = m
            .patch(&id, json!({ "payment_method": third }))
            .await
            .ok()
            .body;
        assert_eq!(
            (&changed["status"], planned(&changed)),
            (&json!("active"), vec![])
        );
    }
    m.advance(DAY * 30).await;
    let charges = m.charges(&id).await;
    assert_eq!(charges.len(), 3);
    assert_eq!(charges[2]["payment_method"]["card"]["brand"], "mastercard");
    m.check().await;
}

#[tokio::test]
async fn a_period_that_ended_while_past_due_is_followed_by_one_from_the_recovery_on() {
    let m = merchant().await;
    let id = m.subscribe(json!({ "interval": "day" })).await.ok().id();
    m.card_does(&m.method, "card_declined").await;
    // Declined after a day; the retries of days 1 and 3 after it are declined too.
    m.advance(DAY * 5).await;
    m.card_does(&m.method, "success").await;
    m.advance(DAY).await;
    let now = m.now().await;
    let recovered = m.get(&id).await;
    assert_eq!(recovered["status"], "active");
    assert_eq!(recovered["current_period_start"], *now);
    assert_eq!(recovered["current_period_end"], *plus(&now, days(1)));
    let paid: Vec<bool> = m
        .outcomes(&id)
        .await
        .iter()
        .map(|(_, paid)| *paid)
        .collect();
    // What was owed, and the new period.
    assert_eq!(paid, [true, false, false, false, true, true]);
    m.advance(DAY).await;
    assert_eq!(m.charges(&id).await.len(), 7);
    m.check().await;
}

#[tokio::test]
async fn the_last_retry_at_the_instant_of_the_periods_end_pays_both_once() {
    let m = merchant().await;
    let created = m.subscribe(json!({ "interval": "week" })).await.ok().body;
    let id = text(&created["id"]);
    m.card_does(&m.method, "card_declined").await;
    let due = text(&created["current_period_end"]);
    m.advance_to(&plus(&due, days(6))).await;
    m.card_does(&m.method, "success").await;
    m.advance_to(&plus(&due, days(7))).await;
    let recovered = m.get(&id).await;
    assert_eq!(recovered["status"], "active");
    assert_eq!(recovered["current_period_start"], *plus(&due, days(7)));
    let outcomes = m.outcomes(&id).await;
    assert_eq!(outcomes.iter().filter(|(_, paid)| *paid).count(), 3);
    m.check().await;
}

#[tokio::test]
async fn a_detached_method_gives_way_to_the_default_and_none_is_a_decline() {
    let m = merchant().await;
    let second = m.card("5555555555554444").await;
    let body = json!({ "payment_method": second, "interval": "day", "interval_count": 10 });
    let id = m.subscribe(body).await.ok().id();
    m.api
        .post(&format!("/v1/payment_methods/{second}/detach"), json!({}))
        .await
        .ok();
    m.advance(DAY * 10).await;
    m.api
        .post(
            &format!("/v1/payment_methods/{}/detach", m.method),
            json!({}),
        )
        .await
        .ok();
    m.advance(DAY * 10).await;
    let charges = m.charges(&id).await;
    let brands: Vec<String> = charges
        .iter()
        .map(|one| text(&one["payment_method"]["card"]["brand"]))
        .collect();
    assert_eq!(brands, ["mastercard", "visa", "visa"]);
    assert_eq!(charges[2]["failure_code"], "card_declined");
    let owing = m.get(&id).await;
    assert_eq!(
        (&owing["status"], planned(&owing).len()),
        (&json!("past_due"), 4)
    );
    // A card attached again is charged by the next retry.
    let attach = json!({ "customer": m.customer });
    m.api
        .post(&format!("/v1/payment_methods/{second}/attach"), attach)
        .await
        .ok();
    m.advance(DAY).await;
    assert_eq!(m.get(&id).await["status"], "active");
    m.check().await;
}

#[tokio::test]
async fn with_manual_timing_the_sandboxs_calls_decide_each_charge() {
    let m = merchant().await;
    let call = m
        .api
        .call(Method::POST, "/v1/subscriptions")
        .json(&m.creating(json!({})));
    let created = call
        .header("X-Fluxa-Sandbox-Timing", "manual")
        .send()
        .await
        .ok();
    let id = created.id();
    assert_eq!(m.story(&id, 0).await, ["created: active"]);
    let advance = async |to: &str| {
        let payment = text(&m.get(&id).await["latest_payment"]);
        let path = format!("/v1/sandbox/payments/{payment}/advance");
        m.api.post(&path, json!({ "to": to })).await.ok();
    };
    m.act(&id, "pause", json!({}))
        .await
        .refused(400, "state_conflict");
    advance("FAILED").await;
    let owing = m.get(&id).await;
    assert_eq!(
        (&owing["status"], planned(&owing).len()),
        (&json!("past_due"), 4)
    );
    // The retry of the first day is under way; no other is made beside it.
    m.advance(DAY * 20).await;
    assert_eq!(m.charges(&id).await.len(), 2);
    m.renew(&id, json!({})).await.refused(400, "state_conflict");
    m.check().await;
    advance("FAILED").await;
    // The time of the retry after it has passed meanwhile: it is made at once.
    m.advance(Duration::from_millis(1)).await;
    assert_eq!(planned(&m.get(&id).await).len(), 2);
    assert_eq!(m.charges(&id).await.len(), 3);
    advance("CAPTURED").await;
    assert_eq!(m.get(&id).await["status"], "active");
    advance("SETTLED").await;
    let expected = [
        "payment.failed: active → past_due",
        "updated: active → past_due",
        "updated",
        "payment.failed",
        "updated",
        "updated",
        "payment.succeeded: past_due → active",
        "updated: past_due → active",
    ];
    assert_eq!(m.story(&id, 1).await, expected);
    m.check().await;
}

#[tokio::test]
async fn a_settlement_returned_later_is_the_payments_matter_alone() {
    let m = merchant().await;
    m.card_does(&m.method, "settlement_returned").await;
    let id = m.subscribe(json!({})).await.ok().id();
    m.advance(DAY).await;
    assert_eq!(
        m.charges(&id).await[0]["failure_code"],
        "settlement_returned"
    );
    let subscription = m.get(&id).await;
    assert_eq!(
        (&subscription["status"], planned(&subscription)),
        (&json!("active"), vec![])
    );
    m.advance(DAY * 31).await;
    assert_eq!(m.charges(&id).await.len(), 2);
    m.check().await;
}

#[tokio::test]
async fn a_method_set_to_what_no_card_does_is_refused() {
    let m = merchant().await;
    let path = format!("/_mock/payment_methods/{}", m.method);
    m.api
        .post(&path, json!({ "outcome": "explode" }))
        .await
        .refused(400, "parameter_invalid");
    m.api
        .post(&path, json!({}))
        .await
        .refused(400, "parameter_missing");
    m.api
        .post(&path, json!({ "result": "x" }))
        .await
        .refused(400, "parameter_unknown");
    let foreign = format!("/_mock/payment_methods/{}", m.customer);
    let outcome = json!({ "outcome": "success" });
    m.api
        .post(&foreign, outcome.clone())
        .await
        .refused(400, "invalid_id");
    let missing = "/_mock/payment_methods/pm_0000000000000000";
    m.api
        .post(missing, outcome)
        .await
        .refused(404, "resource_missing");
}

#[tokio::test]
async fn no_period_ends_before_its_charge_has() {
    let m = merchant().await;
    let call = m
        .api
        .call(Method::POST, "/v1/subscriptions")
        .json(&m.creating(json!({ "interval": "day" })));
    let created = call
        .header("X-Fluxa-Sandbox-Timing", "manual")
        .send()
        .await
        .ok();
    let id = created.id();
    let first = text(&created.body["latest_payment"]);
    m.advance(DAY * 3).await;
    assert_eq!(m.charges(&id).await.len(), 1);
    m.renew(&id, json!({})).await.refused(400, "state_conflict");
    m.check().await;
    let path = format!("/v1/sandbox/payments/{first}/advance");
    m.api.post(&path, json!({ "to": "CAPTURED" })).await.ok();
    // The periods that have passed are charged one by one, each once the one before was paid.
    m.advance(Duration::from_millis(1)).await;
    assert_eq!(m.charges(&id).await.len(), 2);
    let second = text(&m.get(&id).await["latest_payment"]);
    assert_ne!(second, first);
    let path = format!("/v1/sandbox/payments/{second}/advance");
    m.api.post(&path, json!({ "to": "FAILED" })).await.ok();
    let owing = m.get(&id).await;
    assert_eq!(
        (&owing["status"], planned(&owing).len()),
        (&json!("past_due"), 4)
    );
    m.check().await;
}
