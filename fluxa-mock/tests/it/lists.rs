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
async fn a_nested_list_takes_no_cursor_of_another_owner() {
    let (_server, api) = start().await;
    let (mut customers, mut methods, mut payments) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..2 {
        let owner = customer(&api, number).await;
        let session = api.session(Some(&owner), Some("instant")).await;
        payments.push(api.pay(&session, "4242424242424242").await.ok().id());
        let path = format!("/v1/customers/{owner}/payment_methods");
        methods.push(api.get(&path).await.ok().ids().remove(0));
        customers.push(owner);
    }
    let path = |after: &str| {
        format!(
            "/v1/customers/{}/payment_methods?after={after}",
            customers[1]
        )
    };
    api.get(&path(&methods[0]))
        .await
        .refused(400, "invalid_cursor");
    assert!(api.get(&path(&methods[1])).await.ok().ids().is_empty());
    // Detached between two pages: still a cursor.
    let detach = format!("/v1/payment_methods/{}/detach", methods[1]);
    api.post(&detach, json!({})).await.ok();
    assert!(api.get(&path(&methods[1])).await.ok().ids().is_empty());

    let history = |payment: &str| format!("/v1/payments/{payment}/history?limit=1");
    let page = api.get(&history(&payments[0])).await.ok().body;
    let cursor = page["next_cursor"].as_str().unwrap();
    let foreign = format!("{}&after={cursor}", history(&payments[1]));
    api.get(&foreign).await.refused(400, "invalid_cursor");

    let event = api.get("/v1/events").await.ok().ids().remove(0);
    let (mut endpoints, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let body = json!({ "url": "http://127.0.0.1:9/", "events": ["payment.failed"] });
        let endpoint = api.post("/v1/webhook_endpoints", body).await.ok().id();
        let resend = json!({ "endpoint": endpoint });
        let path = format!("/v1/events/{event}/resend");
        sent.push(api.post(&path, resend).await.ok().id());
        endpoints.push(endpoint);
    }
    let path = |after: &str| {
        format!(
            "/v1/webhook_endpoints/{}/deliveries?after={after}",
            endpoints[0]
        )
    };
    api.get(&path(&sent[1]))
        .await
        .refused(400, "invalid_cursor");
    api.get(&path(&sent[0])).await.ok();
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
