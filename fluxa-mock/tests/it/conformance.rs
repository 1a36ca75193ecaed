//! What the run of schemathesis (tests/conformance) found: each fault once more, by hand.

use crate::support::start;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_form_repeats_a_name_for_a_list_as_openapi_has_it() {
    let (_server, api) = start().await;
    let url = "url=https%3A%2F%2Fshop.example%2F";
    for events in [
        "events=payment.settled&events=payment.failed",
        "events[]=payment.settled&events[]=payment.failed",
        "events[]=payment.settled&events=payment.failed",
        "events=payment.settled,payment.failed",
    ] {
        let form = format!("{url}&{events}");
        let call = api.call(Method::POST, "/v1/webhook_endpoints").form(&form);
        let made = call.send().await.ok();
        assert_eq!(
            made.body["events"],
            json!(["payment.settled", "payment.failed"]),
            "{events}"
        );
    }
    let one = "kind=restricted&name=x&scopes=payments:read";
    let made = api
        .call(Method::POST, "/v1/api_keys")
        .form(one)
        .send()
        .await
        .ok();
    assert_eq!(made.body["scopes"], json!(["payments:read"]));
    // Where no list belongs, twice is once too often.
    let twice = api
        .call(Method::POST, "/v1/customers")
        .form("email=a@b.cd&name=x&name=y");
    twice.send().await.refused(400, "parameter_invalid");
    api.get("/v1/customers?limit=1&limit=2")
        .await
        .refused(400, "parameter_invalid");
    api.get(
        "/v1/customers?created_at[gte]=2026-01-01T00:00:00Z&created_at[gte]=2026-01-01T00:00:00Z",
    )
    .await
    .refused(400, "parameter_invalid");
}

#[tokio::test]
async fn a_json_list_is_a_list() {
    let (_server, api) = start().await;
    for odd in [json!({}), json!({ "0": "payment.settled" }), json!(1)] {
        let hook = json!({ "url": "https://shop.example/", "events": odd });
        let hook = api.post("/v1/webhook_endpoints", hook).await;
        hook.refused(400, "parameter_invalid");
        let key = json!({ "kind": "restricted", "name": "x", "scopes": odd });
        api.post("/v1/api_keys", key)
            .await
            .refused(400, "parameter_invalid");
    }
}

#[tokio::test]
async fn a_fault_of_the_query_is_an_answer_that_is_kept() {
    let (_server, api) = start().await;
    let customer = json!({ "email": "a@example.com" });
    let create = |query: &str| {
        let call = api.call(Method::POST, &format!("/v1/customers{query}"));
        call.key("one").json(&customer).send()
    };
    let first = create("?colour=red")
        .await
        .refused(400, "parameter_unknown");
    let again = create("?colour=red")
        .await
        .refused(400, "parameter_unknown");
    assert_eq!(again.text, first.text);
    assert_eq!(again.headers["x-fluxa-idempotent-replayed"], "true");
    create("?colour=blue")
        .await
        .refused(409, "idempotency_key_reused");
    create("").await.refused(409, "idempotency_key_reused");
    assert_eq!(api.get("/v1/customers").await.ids().len(), 0);
}

#[tokio::test]
async fn a_bound_before_the_first_possible_time_is_a_bound() {
    let (_server, api) = start().await;
    api.session(None, None).await;
    let list = |bound: &str| {
        let path = format!("/v1/checkout/sessions?created_at[{bound}]=0274-08-03T16:39:10Z");
        let api = api.clone();
        async move { api.get(&path).await.ok().ids().len() }
    };
    assert_eq!(list("gt").await, 1);
    assert_eq!(list("lte").await, 0);
    api.get("/v1/payments?created_at[gte]=yesterday")
        .await
        .refused(400, "parameter_invalid");
}
