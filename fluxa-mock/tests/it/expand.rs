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
