//! The calls themselves: renewals by hand, in parallel too, refusals, lists and expansion.

use super::{DAY, days, merchant, months, plus, text};
use reqwest::Method;
use serde_json::json;
use std::collections::HashSet;

#[tokio::test]
async fn a_renewal_by_hand_ends_the_period_now_whatever_the_card_does() {
    let m = merchant().await;
    let id = m.subscribe(json!({})).await.ok().id();
    m.card_does(&m.method, "card_declined").await;
    m.advance(DAY * 3).await;
    let now = m.now().await;
    let renewed = m.renew(&id, json!({})).await.ok().body;
    assert_eq!(renewed["status"], "active");
    assert_eq!(renewed["current_period_start"], *now);
    assert_eq!(renewed["current_period_end"], *plus(&now, months(1)));
    m.card_does(&m.method, "success").await;
    let declined = m
        .renew(&id, json!({ "outcome": "decline" }))
        .await
        .ok()
        .body;
    assert_eq!(declined["status"], "past_due");
    assert_eq!(declined["retry_schedule"].as_array().unwrap().len(), 4);
    // While past due it is the next retry that is made now.
    let again = m
        .renew(&id, json!({ "outcome": "decline" }))
        .await
        .ok()
        .body;
    assert_eq!(again["retry_schedule"].as_array().unwrap().len(), 3);
    let recovered = m
        .renew(&id, json!({ "outcome": "success" }))
        .await
        .ok()
        .body;
    assert_eq!(
        (&recovered["status"], &recovered["retry_schedule"]),
        (&json!("active"), &json!([]))
    );
    let paid: Vec<bool> = m
        .outcomes(&id)
        .await
        .iter()
        .map(|(_, paid)| *paid)
        .collect();
    assert_eq!(paid, [true, true, false, false, true]);
    m.advance_to(&plus(&now, months(1))).await;
    assert_eq!(m.charges(&id).await.len(), 6);
    m.check().await;
}

#[tokio::test]
async fn declines_by_hand_run_out_of_retries() {
    let m = merchant().await;
    let id = m.subscribe(json!({})).await.ok().id();
    for left in [4, 3, 2, 1, 0] {
        let declined = m
            .renew(&id, json!({ "outcome": "decline" }))
            .await
            .ok()
            .body;
        assert_eq!(declined["retry_schedule"].as_array().unwrap().len(), left);
        let status = if left == 0 { "cancelled" } else { "past_due" };
        assert_eq!(declined["status"], status);
    }
    m.renew(&id, json!({}))
        .await
        .refused(400, "subscription_not_active");
    m.check().await;
}

#[tokio::test]
async fn a_renewal_by_hand_ends_a_trial_and_what_was_to_end_with_its_period() {
    let m = merchant().await;
    let trial_end = plus(&m.now().await, days(10));
    let id = m
        .subscribe(json!({ "trial_end": trial_end }))
        .await
        .ok()
        .id();
    let now = m.now().await;
    let renewed = m.renew(&id, json!({})).await.ok().body;
    assert_eq!(
        (&renewed["status"], &renewed["trial_end"]),
        (&json!("active"), &json!(now))
    );
    m.advance(DAY * 20).await;
    assert_eq!(m.charges(&id).await.len(), 1);
    m.act(&id, "cancel", json!({ "at_period_end": true }))
        .await
        .ok();
    assert_eq!(
        m.renew(&id, json!({})).await.ok().body["status"],
        "cancelled"
    );
    assert_eq!(m.charges(&id).await.len(), 1);
    m.check().await;
}

#[tokio::test]
async fn renewals_in_parallel_are_each_a_period_of_their_own_charged_once() {
    let m = merchant().await;
    let id = m.subscribe(json!({})).await.ok().id();
    let path = format!("/v1/sandbox/subscriptions/{id}/renew");
    let renew = |key: String| {
        let call = m.api.call(Method::POST, &path).json(&json!({})).key(&key);
        tokio::spawn(async move { call.send().await.ok().body })
    };
    // 64 keys, each called twice.
    let calls: Vec<_> = (0..128)
        .map(|n| renew(format!("renew-{}", n % 64)))
        .collect();
    let mut payments = HashSet::new();
    for call in calls {
        payments.insert(text(&call.await.unwrap()["latest_payment"]));
    }
    assert_eq!(payments.len(), 64);
    let charges = m.charges(&id).await;
    assert_eq!(charges.len(), 65);
    assert!(charges.iter().all(|charge| charge["amount"] == 1000));
    m.check().await;
}

#[tokio::test]
async fn renewals_and_changes_of_the_method_in_parallel_pay_a_debt_once() {
    let m = merchant().await;
    m.card_does(&m.method, "card_declined").await;
    let id = m.subscribe(json!({})).await.ok().id();
    let second = m.card("5555555555554444").await;
    let path = format!("/v1/subscriptions/{id}");
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let body = json!({ "payment_method": second });
            let call = m.api.call(Method::PATCH, &path).json(&body);
            tokio::spawn(async move { call.send().await.ok().body["status"].clone() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), "active");
    }
    let outcomes = m.outcomes(&id).await;
    assert_eq!(outcomes, [(1000, false), (1000, true)]);
    m.check().await;
}

#[tokio::test]
async fn a_call_that_the_status_does_not_allow_is_refused() {
    let m = merchant().await;
    let refused = |answer: crate::support::Answer| answer.refused(400, "subscription_not_active");
    let id = m.subscribe(json!({})).await.ok().id();
    refused(m.act(&id, "resume", json!({})).await);
    m.act(&id, "pause", json!({})).await.ok();
    refused(m.act(&id, "pause", json!({})).await);
    refused(m.renew(&id, json!({})).await);
    m.act(&id, "resume", json!({})).await.ok();
    m.renew(&id, json!({ "outcome": "decline" })).await.ok();
    refused(m.act(&id, "pause", json!({})).await);
    m.act(&id, "cancel", json!({})).await.ok();
    for action in ["pause", "resume", "cancel"] {
        refused(m.act(&id, action, json!({})).await);
    }
    for change in [
        json!({ "amount": 50 }),
        json!({ "payment_method": m.method }),
        json!({ "cancel_at_period_end": false }),
    ] {
        refused(m.patch(&id, change).await);
    }
    let noted = m
        .patch(&id, json!({ "metadata": { "why": "moved" } }))
        .await
        .ok()
        .body;
    assert_eq!(noted["metadata"]["why"], "moved");
    m.check().await;
}

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_refused_and_leaves_nothing() {
    let m = merchant().await;
    let email = json!({ "email": "b@example.com" });
    let other = m.api.post("/v1/customers", email).await.ok().id();
    let cases = [
        (
            json!({ "customer": other }),
            "payment_method_missing",
            "payment_method",
        ),
        (
            json!({ "customer": other, "payment_method": m.method }),
            "parameter_invalid",
            "payment_method",
        ),
        (
            json!({ "customer": "cus_0000000000000000" }),
            "resource_missing",
            "customer",
        ),
        (
            json!({ "payment_method": "pm_0000000000000000" }),
            "resource_missing",
            "payment_method",
        ),
        (json!({ "amount": 29 }), "amount_too_small", "amount"),
        (
            json!({ "interval": "fortnight" }),
            "parameter_invalid",
            "interval",
        ),
        (
            json!({ "interval_count": 366 }),
            "parameter_invalid",
            "interval_count",
        ),
        (json!({ "quantity": 0 }), "parameter_invalid", "quantity"),
        (
            json!({ "trial_end": "tomorrow" }),
            "parameter_invalid",
            "trial_end",
        ),
    ];
    for (change, code, param) in cases {
        let refused = m.subscribe(change).await.refused(400, code);
        assert_eq!(refused.body["error"]["param"], param);
    }
    let detach = format!("/v1/payment_methods/{}/detach", m.method);
    m.api.post(&detach, json!({})).await.ok();
    let body = json!({ "payment_method": m.method });
    m.subscribe(body).await.refused(400, "parameter_invalid");
    assert!(m.api.get("/v1/subscriptions").await.ok().ids().is_empty());
    let events = m.all("/v1/events?").await;
    assert!(
        events
            .iter()
            .all(|event| !text(&event["type"]).starts_with("subscription"))
    );
    m.check().await;
}

#[tokio::test]
async fn forms_say_true_and_false_as_text() {
    let m = merchant().await;
    let past = "2020-01-01T00:00:00%2B01:00";
    let form = format!(
        "customer={}&amount=500&currency=gbp&interval=week&trial_end={past}",
        m.customer
    );
    let call = m.api.call(Method::POST, "/v1/subscriptions").form(&form);
    let created = call.send().await.ok();
    // A trial that is over already is none.
    assert_eq!(created.body["status"], "active");
    let id = created.id();
    let cancel = async |text: &str| {
        let path = format!("/v1/subscriptions/{id}/cancel");
        let form = format!("at_period_end={text}");
        m.api.call(Method::POST, &path).form(&form).send().await
    };
    cancel("yes").await.refused(400, "parameter_invalid");
    assert_eq!(cancel("true").await.ok().body["status"], "active");
    assert_eq!(cancel("false").await.ok().body["status"], "cancelled");
    let json = json!({ "at_period_end": "true" });
    m.act(&id, "cancel", json)
        .await
        .refused(400, "parameter_invalid");
}

#[tokio::test]
async fn subscriptions_are_listed_by_customer_and_status_and_expanded() {
    let m = merchant().await;
    let one = m
        .subscribe(json!({ "payment_method": m.method }))
        .await
        .ok()
        .id();
    let two = m.subscribe(json!({})).await.ok().id();
    m.act(&two, "pause", json!({})).await.ok();
    let list = async |query: &str| m.api.get(&format!("/v1/subscriptions?{query}")).await.ok();
    assert_eq!(list("").await.ids(), [two.clone(), one.clone()]);
    assert_eq!(list("status=paused").await.ids(), [two]);
    assert_eq!(
        list(&format!("status=active&customer={}", m.customer))
            .await
            .ids(),
        std::slice::from_ref(&one)
    );
    assert!(list("customer=cus_0000000000000000").await.ids().is_empty());
    let expand = "status=active&expand[]=customer.default_payment_method&expand[]=payment_method\
                  &expand[]=latest_payment.subscription.customer";
    let item = list(expand).await.body["data"][0].clone();
    assert_eq!(item["customer"]["default_payment_method"]["id"], *m.method);
    assert_eq!(item["payment_method"]["id"], *m.method);
    let payment = &item["latest_payment"];
    assert_eq!(payment["subscription"]["id"], *one);
    assert_eq!(payment["subscription"]["customer"]["id"], *m.customer);
    let foreign = format!("/v1/subscriptions/{}", m.customer);
    m.api.get(&foreign).await.refused(400, "invalid_id");
    let missing = "/v1/subscriptions/sub_0000000000000000";
    m.api.get(missing).await.refused(404, "resource_missing");
}
