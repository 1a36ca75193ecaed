//! Lists: pages without skips or repeats, filters, cursors.

use crate::support::{Api, start};
use serde_json::json;
use std::time::Duration;

async fn customer(api: &Api, number: usize) -> String {
    let body = json!({ "email": format!("c{number}@example.com") });
    api.post("/v1/customers", body).await.ok().id()
}

#[tokio::test]
async fn pages_neither_skip_nor_repeat_while_items_are_added_and_deleted() {
    let (_server, api) = start().await;
    let mut made = Vec::new();
    for number in 0..25 {
        made.push(customer(&api, number).await);
    }
    let mut seen = Vec::new();
    let mut path = "/v1/customers?limit=4".to_owned();
    loop {
        let page = api.get(&path).await.ok();
        seen.extend(page.ids());
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            assert_eq!(page.body["has_more"], false);
            break;
        };
        assert_eq!(page.body["has_more"], true);
        path = format!("/v1/customers?limit=4&after={cursor}");
        // Between pages: one more at the top and, every other time, the cursor's own object gone.
        customer(&api, 1000 + seen.len()).await;
        if seen.len() % 8 == 0 {
            api.delete(&format!("/v1/customers/{cursor}")).await.ok();
        }
    }
    made.reverse();
    assert_eq!(seen, made);
}

#[tokio::test]
async fn limits_and_cursors_are_checked() {
    let (_server, api) = start().await;
    for number in 0..21 {
        customer(&api, number).await;
    }
    assert_eq!(api.get("/v1/customers").await.ok().ids().len(), 20);
    for limit in ["0", "101", "x", "-1", ""] {
        let path = format!("/v1/customers?limit={limit}");
        api.get(&path).await.refused(400, "parameter_invalid");
    }
    let session = api.session(None, None).await;
    for cursor in [session.as_str(), "cus_ffffffffffffffff", "nonsense", ""] {
        let path = format!("/v1/customers?after={cursor}");
        api.get(&path).await.refused(400, "invalid_cursor");
    }
}

#[tokio::test]
async fn filters_narrow_by_state_time_and_relation() {
    let (server, api) = start().await;
    let early = api.payment("instant").await;
    server.advance(Duration::from_secs(3600)).await.unwrap();
    let cut = api.get("/v1/sandbox/clock").await.ok().body["now"]
        .as_str()
        .unwrap()
        .to_owned();
    let late = api.payment("instant").await;
    let open = api.payment("manual").await;
    let list = |query: String| {
        let api = api.clone();
        async move { api.get(&format!("/v1/payments?{query}")).await.ok().ids() }
    };
    assert_eq!(list("state=PAYMENT_RECEIVED".into()).await, [open.as_str()]);
    assert_eq!(
        list(format!("state=SETTLED&settled_at[gte]={cut}")).await,
        [late.as_str()]
    );
    assert_eq!(
        list(format!("settled_at[lt]={cut}")).await,
        [early.as_str()]
    );
    assert_eq!(
        list(format!("created_at[gt]={cut}")).await,
        Vec::<String>::new()
    );
    assert_eq!(list(format!("created_at[lte]={cut}&limit=1")).await, [open]);
    let bad = [
        "state=DONE",
        "created_at=today",
        "created_at[gte]=today",
        "created_at[eq]=1",
        "x=1",
    ];
    for query in bad {
        assert_eq!(
            api.get(&format!("/v1/payments?{query}")).await.status,
            400,
            "{query}"
        );
    }
    let entries = api
        .get(&format!("/v1/ledger/entries?payment={early}"))
        .await
        .ok();
    assert_eq!(entries.ids().len(), 7);
}

#[tokio::test]
async fn every_list_of_the_contract_answers() {
    let (_server, api) = start().await;
    let lists = [
        "checkout/sessions",
        "payments",
        "refunds",
        "customers",
        "settlements",
        "ledger/entries",
        "events",
        "webhook_endpoints",
        "api_keys",
    ];
    for list in lists {
        let page = api.get(&format!("/v1/{list}")).await.ok().body;
        let names: Vec<&String> = page.as_object().unwrap().keys().collect();
        assert_eq!(names, ["data", "has_more", "next_cursor"], "{list}");
    }
}

#[tokio::test]
async fn deleting_is_idempotent_and_deleted_is_missing() {
    let (_server, api) = start().await;
    let id = customer(&api, 1).await;
    let path = format!("/v1/customers/{id}");
    for _ in 0..2 {
        let deleted = api.delete(&path).await.ok().body;
        assert_eq!(
            deleted,
            json!({ "id": id, "object": "customer", "deleted": true })
        );
    }
    api.get(&path).await.refused(404, "resource_missing");
    api.delete("/v1/customers/cus_ffffffffffffffff")
        .await
        .refused(404, "resource_missing");
}
