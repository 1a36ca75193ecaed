//! Checkout and payments: the quick start, the six states, every test card.

use crate::support::{card, http, start};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn the_quick_start_of_the_page_opens_a_session() {
    let (_server, api) = start().await;
    let form = "amount=1999&currency=gbp&success_url=https://example.com/done\
                &cancel_url=https://example.com/cancel";
    let answer = api
        .call(Method::POST, "/v1/checkout/sessions")
        .key("8d8fcb1d-7b8a-4d6c-9a13-1f7c8e9b8c5d")
        .header("Fluxa-Version", "2026-05-19")
        .form(form)
        .send()
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.body["amount"], 1999);
    assert_eq!(answer.body["currency"], "GBP");
    assert_eq!(answer.body["status"], "open");
}

#[tokio::test]
async fn a_payment_lives_through_its_states_on_the_virtual_clock() {
    let (server, api) = start().await;
    let session = api.session(None, None).await;
    let paid = api.pay(&session, "4242 4242 4242 4242").await.ok();
    let path = format!("/v1/payments/{}", paid.id());
    assert_eq!(paid.body["state"], "CAPTURED");
    assert_eq!(
        (&paid.body["fee"], &paid.body["net"]),
        (&json!(99), &json!(4900))
    );

    server.advance(Duration::from_secs(29)).await.unwrap();
    assert_eq!(api.get(&path).await.body["state"], "CAPTURED");
    server.advance(Duration::from_secs(1)).await.unwrap();
    let settling = api.get(&path).await;
    assert_eq!(settling.body["state"], "SETTLING");
    assert!(settling.body["settlement_scheduled_for"].is_string());
    server.advance(Duration::from_secs(30)).await.unwrap();
    let settled = api.get(&path).await.body;
    assert_eq!(settled["state"], "SETTLED");
    assert_eq!(settled["settlement_method"], "bacs_credit");
    let date = &settled["settled_at"].as_str().unwrap()[..10];
    assert_eq!(
        settled["settlement_reference"],
        format!("STL-{date}-FX-00001")
    );

    let types = api.event_types(&paid.id()).await;
    let expected = [
        "payment.received",
        "payment.captured",
        "payment.settling",
        "payment.settled",
    ];
    assert_eq!(types, expected);
    let session = api
        .get(&format!("/v1/checkout/sessions/{session}"))
        .await
        .body;
    assert_eq!(
        (&session["status"], &session["payment"]),
        (&json!("complete"), &json!(paid.id()))
    );
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_settled_payment_has_exactly_the_fields_of_the_page() {
    let (_server, api) = start().await;
    let customer = api
        .post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok()
        .id();
    let session = api.session(Some(&customer), Some("instant")).await;
    let payment = api.pay(&session, "4242424242424242").await.ok().body;
    let names: Vec<&str> = payment
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = vec![
        "id",
        "object",
        "amount",
        "currency",
        "fee",
        "net",
        "state",
        "ledger_state",
        "livemode",
        "created_at",
        "captured_at",
        "settling_at",
        "settled_at",
        "settlement_reference",
        "settlement_method",
        "payment_method",
        "three_d_secure",
        "customer",
        "checkout_session",
        "metadata",
        "url",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(
        payment["url"],
        format!(
            "{}/v1/payments/{}",
            api.url,
            payment["id"].as_str().unwrap()
        )
    );
}

#[tokio::test]
async fn each_event_of_a_move_tells_both_states_and_the_whole_payment() {
    let (_server, api) = start().await;
    let id = api.payment("instant").await;
    let list = api.get("/v1/events?type=payment.settled").await.ok();
    let event = api
        .get(&format!("/v1/events/{}", list.ids()[0]))
        .await
        .ok()
        .body;
    assert_eq!(event["data"]["previous_state"], "SETTLING");
    assert_eq!(event["data"]["state"], "SETTLED");
    assert_eq!(
        event["data"]["transitioned_at"],
        event["data"]["object"]["settled_at"]
    );
    assert_eq!(
        event["data"]["object"],
        api.get(&format!("/v1/payments/{id}")).await.body
    );
    assert!(event["request"]["id"].as_str().unwrap().starts_with("req_"));
}

#[tokio::test]
async fn every_test_card_does_what_the_page_says() {
    let (server, api) = start().await;
    let cards: [(&str, Option<&str>); 8] = [
        ("4242424242424242", None),
        ("5555555555554444", None),
        ("4000000000000002", Some("card_declined")),
        ("4000000000009995", Some("insufficient_funds")),
        ("4000000000000069", Some("expired_card")),
        ("4000000000009979", Some("fraud_suspected")),
        ("4000000000003238", Some("three_d_secure_failed")),
        ("4000000000001976", Some("settlement_returned")),
    ];
    for (number, failure) in cards {
        let session = api.session(None, None).await;
        let paid = api.pay(&session, number).await.ok();
        server.advance(Duration::from_secs(60)).await.unwrap();
        let payment = api.get(&format!("/v1/payments/{}", paid.id())).await.body;
        let state = if failure.is_some() {
            "FAILED"
        } else {
            "SETTLED"
        };
        assert_eq!(payment["state"], state, "{number}");
        assert_eq!(
            payment.get("failure_code").and_then(Value::as_str),
            failure,
            "{number}"
        );
        assert_eq!(payment["payment_method"]["card"]["last4"], number[12..]);
        let session = api
            .get(&format!("/v1/checkout/sessions/{session}"))
            .await
            .body;
        let stays_open = !matches!(failure, None | Some("settlement_returned"));
        assert_eq!(
            session["status"],
            if stays_open { "open" } else { "complete" },
            "{number}"
        );
    }
    api.assert_invariants().await;
}

#[tokio::test]
async fn challenges_and_old_issuers_show_in_three_d_secure() {
    let (_server, api) = start().await;
    for (number, version, method, result) in [
        ("4242424242424242", "2.2.0", "frictionless", "authenticated"),
        ("4000000000003220", "2.2.0", "challenge", "authenticated"),
        ("4000000000003238", "2.2.0", "challenge", "failed"),
        ("4000000000001091", "1.0.2", "challenge", "authenticated"),
    ] {
        let session = api.session(None, None).await;
        let secure = &api.pay(&session, number).await.ok().body["three_d_secure"];
        let told = [&secure["version"], &secure["method"], &secure["result"]];
        assert_eq!(told, [version, method, result], "{number}");
    }
}

#[tokio::test]
async fn a_declined_session_can_be_paid_with_another_card_and_each_attempt_is_a_payment() {
    let (_server, api) = start().await;
    let session = api.session(None, Some("instant")).await;
    let declined = api.pay(&session, "4000000000009995").await.ok();
    assert_eq!(declined.body["state"], "FAILED");
    let paid = api.pay(&session, "4242424242424242").await.ok();
    assert_eq!(paid.body["state"], "SETTLED");
    assert_ne!(declined.id(), paid.id());
    api.pay(&session, "4242424242424242")
        .await
        .refused(400, "session_not_open");
    assert_eq!(
        api.get("/v1/payments?state=FAILED").await.ids(),
        [declined.id()]
    );
}

#[tokio::test]
async fn card_faults_are_refused_without_repeating_the_number() {
    let (_server, api) = start().await;
    let session = api.session(None, None).await;
    let path = format!("/v1/sandbox/checkout/sessions/{session}/complete");
    let refused = api
        .pay(&session, "4111111111111111")
        .await
        .refused(400, "parameter_invalid");
    assert!(!refused.text.contains("4111"));
    let mut past = card("4242424242424242");
    past["card"]["exp_year"] = 2020.into();
    api.post(&path, past)
        .await
        .refused(400, "parameter_invalid");
    let mut short = card("4242424242424242");
    short["card"]["cvc"] = "12".into();
    api.post(&path, short)
        .await
        .refused(400, "parameter_invalid");
    assert!(api.get("/v1/payments").await.ids().is_empty());
}

#[tokio::test]
async fn a_session_expires_after_a_day_or_by_call() {
    let (server, api) = start().await;
    let left = api.session(None, None).await;
    let closed = api.session(None, None).await;
    api.post(&format!("/v1/checkout/sessions/{closed}/expire"), json!({}))
        .await
        .ok();
    api.pay(&closed, "4242424242424242")
        .await
        .refused(400, "session_not_open");
    server
        .advance(Duration::from_secs(24 * 3600 - 1))
        .await
        .unwrap();
    assert_eq!(
        api.get(&format!("/v1/checkout/sessions/{left}")).await.body["status"],
        "open"
    );
    server.advance(Duration::from_secs(1)).await.unwrap();
    assert_eq!(
        api.get(&format!("/v1/checkout/sessions/{left}")).await.body["status"],
        "expired"
    );
    let expected = ["checkout.session.created", "checkout.session.expired"];
    assert_eq!(api.event_types(&left).await, expected);
}

#[tokio::test]
async fn a_customers_card_is_vaulted_and_charged_later() {
    let (_server, api) = start().await;
    let customer = api
        .post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok()
        .id();
    let charge = json!({ "amount": 500, "currency": "GBP", "customer": customer });
    api.post("/v1/payments", charge.clone())
        .await
        .refused(400, "payment_method_missing");
    let session = api.session(Some(&customer), Some("instant")).await;
    api.pay(&session, "4242424242424242").await.ok();
    let methods = api
        .get(&format!("/v1/customers/{customer}/payment_methods"))
        .await
        .ok();
    let charged = api
        .call(Method::POST, "/v1/payments")
        .header("X-Fluxa-Sandbox-Timing", "instant")
        .json(&charge)
        .send()
        .await;
    assert_eq!(
        (charged.status, &charged.body["state"]),
        (201, &json!("SETTLED"))
    );

    let method = &methods.ids()[0];
    api.post(&format!("/v1/payment_methods/{method}/detach"), json!({}))
        .await
        .ok();
    api.post("/v1/payments", charge)
        .await
        .refused(400, "payment_method_missing");
    let attach = json!({ "customer": customer });
    api.post(&format!("/v1/payment_methods/{method}/attach"), attach)
        .await
        .ok();
    let types = api.event_types(method).await;
    let (attached, detached) = ("payment_method.attached", "payment_method.detached");
    assert_eq!(types, [attached, detached, attached]);
}

#[tokio::test]
async fn a_detached_card_is_not_charged() {
    let (_server, api) = start().await;
    let customer = api.post("/v1/customers", json!({ "email": "a@example.com" }));
    let customer = customer.await.ok().id();
    let session = api.session(Some(&customer), Some("instant")).await;
    api.pay(&session, "4242424242424242").await.ok();
    let path = format!("/v1/customers/{customer}/payment_methods");
    let method = api.get(&path).await.ok().ids().remove(0);
    let charge = json!({ "amount": 500, "currency": "GBP", "payment_method": method });
    api.post("/v1/payments", charge.clone()).await.ok();
    let detach = format!("/v1/payment_methods/{method}/detach");
    api.post(&detach, json!({})).await.ok();
    let mut named = charge.clone();
    named["customer"] = customer.into();
    for body in [charge, named] {
        let refused = api.post("/v1/payments", body).await;
        let refused = refused.refused(400, "parameter_invalid");
        assert_eq!(refused.body["error"]["param"], "payment_method");
    }
    assert_eq!(api.get("/v1/payments").await.ids().len(), 2);
}

#[tokio::test]
async fn a_manual_payment_moves_only_when_told() {
    let (server, api) = start().await;
    let id = api.payment("manual").await;
    server.advance(Duration::from_secs(3600)).await.unwrap();
    let path = format!("/v1/payments/{id}");
    assert_eq!(api.get(&path).await.body["state"], "PAYMENT_RECEIVED");
    let advance = format!("/v1/sandbox/payments/{id}/advance");
    let settled = api.post(&advance, json!({ "to": "SETTLED" })).await.ok();
    assert_eq!(settled.body["state"], "SETTLED");
    api.post(&advance, json!({ "to": "CAPTURED" }))
        .await
        .refused(400, "state_conflict");
    api.post(&advance, json!({ "to": "FAILED" }))
        .await
        .refused(400, "state_conflict");
    let refunded = api.post(&advance, json!({ "to": "REFUNDED" })).await.ok();
    assert_eq!(refunded.body["state"], "REFUNDED");
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_refused_move_leaves_nothing_behind() {
    let (server, api) = start().await;
    let id = api.payment("30s").await;
    let advance = format!("/v1/sandbox/payments/{id}/advance");
    // Refused after its timers were dropped: the drop must be undone.
    let back = json!({ "to": "PAYMENT_RECEIVED" });
    api.post(&advance, back)
        .await
        .refused(400, "state_conflict");
    server.advance(Duration::from_secs(60)).await.unwrap();
    assert_eq!(
        api.get(&format!("/v1/payments/{id}")).await.body["state"],
        "SETTLED"
    );
}

#[tokio::test]
async fn history_is_told_as_json_and_as_csv() {
    let (_server, api) = start().await;
    let id = api.payment("instant").await;
    let path = format!("/v1/payments/{id}/history");
    let first = api.get(&format!("{path}?limit=3")).await.ok().body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = api
        .get(&format!("{path}?limit=3&after={cursor}"))
        .await
        .ok()
        .body;
    let states: Vec<&str> = [&first, &rest]
        .iter()
        .flat_map(|page| page["data"].as_array().unwrap())
        .map(|entry| entry["new_state"].as_str().unwrap())
        .collect();
    assert_eq!(
        states,
        ["SETTLED", "SETTLING", "CAPTURED", "PAYMENT_RECEIVED"]
    );
    let csv = api
        .call(Method::GET, &path)
        .header("Accept", "text/csv")
        .send()
        .await
        .ok()
        .text;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0], "payment,at,actor,previous_state,new_state,reason");
    assert!(lines[1].starts_with(&id) && lines[1].contains(",merchant,,PAYMENT_RECEIVED,"));
}

#[tokio::test]
async fn settlement_batches_sum_up_and_count_their_day() {
    let (server, api) = start().await;
    for _ in 0..3 {
        api.payment("instant").await;
    }
    let closed = api
        .post("/v1/sandbox/settlements/close", json!({}))
        .await
        .ok()
        .body;
    let batch = &closed["data"][0];
    assert_eq!(
        (&batch["gross"], &batch["fees"], &batch["net"]),
        (&json!(14997), &json!(297), &json!(14700))
    );
    assert_eq!(
        (&batch["payment_count"], &batch["status"]),
        (&json!(3), &json!("completed"))
    );
    api.payment("instant").await;
    server.advance(Duration::from_secs(30)).await.unwrap();
    let list = api.get("/v1/settlements?status=completed").await.ok().body;
    assert!(
        list["data"][0]["reference"]
            .as_str()
            .unwrap()
            .ends_with("-FX-00002")
    );
    let reference = batch["reference"].as_str().unwrap();
    let members = api
        .get(&format!("/v1/payments?settlement_reference={reference}"))
        .await
        .ok();
    assert_eq!(members.ids().len(), 3);
    assert_eq!(
        api.event_types(batch["id"].as_str().unwrap()).await,
        ["settlement.completed"]
    );
    let balances = api.get("/v1/ledger/balances").await.ok().body;
    let total: i64 = balances["balances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["balance"].as_i64().unwrap())
        .sum();
    assert_eq!(total, 0);
    api.assert_invariants().await;
}

#[tokio::test]
async fn a_success_url_is_told_the_session_where_it_asks_for_it() {
    let (_server, api) = start().await;
    for sent in ["{CHECKOUT_SESSION_ID}", "%7BCHECKOUT_SESSION_ID%7D"] {
        let session = json!({
            "amount": 4999, "currency": "GBP", "cancel_url": "https://example.com/",
            "success_url": format!("https://example.com/done?session={sent}"),
        });
        let session = api.post("/v1/checkout/sessions", session).await.ok();
        // As a URI has it.
        assert_eq!(
            session.body["success_url"],
            "https://example.com/done?session=%7BCHECKOUT_SESSION_ID%7D"
        );
        let id = session.id();
        api.pay(&id, "4242424242424242").await.ok();
        let page = http()
            .get(format!("{}/pay/{id}", api.url))
            .send()
            .await
            .unwrap();
        let page = page.text().await.unwrap();
        assert!(
            page.contains(&format!("https://example.com/done?session={id}")),
            "{page}"
        );
    }
    let braces = json!({
        "amount": 4999, "currency": "GBP", "cancel_url": "https://example.com/",
        "success_url": "https://example.com/{OTHER}",
    });
    let refused = api.post("/v1/checkout/sessions", braces).await;
    refused.refused(400, "parameter_invalid");
}
