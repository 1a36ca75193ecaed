//! Customers: what is told of them.

use crate::support::start;
use serde_json::json;

#[tokio::test]
async fn an_event_tells_of_a_change_and_of_nothing_else() {
    let (_server, api) = start().await;
    let body = json!({ "email": "ada@example.com", "name": "Ada" });
    let customer = api.post("/v1/customers", body).await.ok().id();
    let path = format!("/v1/customers/{customer}");
    for same in [json!({}), json!({ "name": "Ada" })] {
        api.patch(&path, same).await.ok();
    }
    assert_eq!(api.event_types(&customer).await, ["customer.created"]);
    api.patch(&path, json!({ "name": "Ada L." })).await.ok();
    // The first card becomes the default, the second does not.
    for _ in 0..2 {
        let session = api.session(Some(&customer), None).await;
        api.pay(&session, "4242424242424242").await.ok();
    }
    let cards = api.get(&format!("{path}/payment_methods")).await.ok().ids();
    api.post(
        &format!("/v1/payment_methods/{}/detach", cards[0]),
        json!({}),
    )
    .await
    .ok();
    let told = ["customer.created", "customer.updated", "customer.updated"];
    assert_eq!(api.event_types(&customer).await, told);
}
