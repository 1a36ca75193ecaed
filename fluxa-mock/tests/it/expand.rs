//! `expand[]`: what is inlined, how deep, and what is refused.

use crate::support::start;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn related_objects_are_inlined_up_to_three_levels() {
    let (_server, api) = start().await;
    let customer = api
        .post("/v1/customers", json!({ "email": "a@example.com" }))
        .await
        .ok()
        .id();
    let session = api.session(Some(&customer), Some("instant")).await;
    let payment = api.pay(&session, "4242424242424242").await.ok().id();
    let path = format!(
        "/v1/payments/{payment}?expand[]=customer.default_payment_method.customer\
         &expand[]=settlement&expand[]=checkout_session"
    );
    let expanded = api.get(&path).await.ok().body;
    assert_eq!(expanded["customer"]["email"], "a@example.com");
    assert_eq!(
        expanded["customer"]["default_payment_method"]["customer"]["id"],
        customer
    );
    assert_eq!(
        expanded["settlement"]["reference"],
        expanded["settlement_reference"]
    );
    assert_eq!(expanded["checkout_session"]["id"], session);

    let list = api.get("/v1/payments?expand[]=customer").await.ok().body;
    assert_eq!(list["data"][0]["customer"]["id"], customer);
    let plain = api.get(&format!("/v1/payments/{payment}")).await.ok().body;
    assert_eq!(
        (plain.get("settlement"), &plain["customer"]),
        (None, &json!(customer))
    );
}

#[tokio::test]
async fn creating_calls_expand_too() {
    let (_server, api) = start().await;
    let payment = api.payment("instant").await;
    let body = json!({ "payment": payment, "amount": 1, "expand": ["payment"] });
    let refund = api.post("/v1/refunds", body).await.ok();
    assert_eq!(refund.body["payment"]["id"], payment);
    let refund = api
        .call(Method::POST, "/v1/refunds?expand[]=payment")
        .form(&format!("payment={payment}&amount=2"))
        .send()
        .await
        .ok();
    assert_eq!(refund.body["payment"]["id"], payment);
}

#[tokio::test]
async fn unknown_and_too_deep_paths_are_refused_even_on_an_empty_list() {
    let (_server, api) = start().await;
    let refused = |path: &'static str| api.get(path);
    refused("/v1/payments?expand[]=nonsense")
        .await
        .refused(400, "invalid_expand");
    refused("/v1/payments?expand[]=data.customer")
        .await
        .refused(400, "invalid_expand");
    refused("/v1/payments?expand[]=customer.email")
        .await
        .refused(400, "invalid_expand");
    refused("/v1/payments?expand[]=checkout_session.payment.checkout_session.payment")
        .await
        .refused(400, "expand_too_deep");
    refused("/v1/events?expand[]=data")
        .await
        .refused(400, "parameter_unknown");
}

#[tokio::test]
async fn a_restricted_key_expands_only_what_it_may_read() {
    let (_server, api) = start().await;
    let customer = api.post("/v1/customers", json!({ "email": "a@example.com" }));
    let customer = customer.await.ok().id();
    let session = api.session(Some(&customer), Some("instant")).await;
    let payment = api.pay(&session, "4242424242424242").await.ok().id();
    let key = |scopes: &'static [&str]| {
        let body = json!({ "kind": "restricted", "name": "worker", "scopes": scopes });
        let api = api.clone();
        async move {
            let made = api.post("/v1/api_keys", body).await.ok();
            api.with_key(made.body["secret"].as_str().unwrap())
        }
    };
    let lacks = |answer: crate::support::Answer, scope: &str| {
        let refused = answer.refused(403, "insufficient_scope");
        let message = refused.body["error"]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains(scope), "{message}");
    };
    let path = |expand: &str| format!("/v1/payments/{payment}?expand[]={expand}");

    let payments = key(&["payments:read"]).await;
    payments.get(&format!("/v1/payments/{payment}")).await.ok();
    lacks(payments.get(&path("customer")).await, "customers:read");
    lacks(payments.get(&path("settlement")).await, "settlements:read");
    lacks(
        payments.get("/v1/payments?expand[]=checkout_session").await,
        "checkout:read",
    );
    // Each step of a path counts, and writing is not reading.
    let both = key(&["payments:read", "customers:read", "payment_methods:write"]).await;
    both.get(&path("customer")).await.ok();
    let deep = "customer.default_payment_method";
    lacks(both.get(&path(deep)).await, "payment_methods:read");

    // Nor is an answer that another key got replayed to one that may not see it.
    let refund = |api: &crate::support::Api| {
        let body = json!({ "payment": payment, "amount": 1, "expand": ["payment"] });
        api.call(Method::POST, "/v1/refunds").key("k").json(&body)
    };
    refund(&api).send().await.ok();
    let refunds = key(&["refunds:write"]).await;
    lacks(refund(&refunds).send().await, "payments:read");
}
