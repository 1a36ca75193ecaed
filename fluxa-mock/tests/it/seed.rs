//! The made-up merchant: the same for the same seed, lifelike, and true to every rule.

use crate::support::{Api, contract, start};
use fluxa_mock::{MockServer, SeedPlan};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const UNTIL: &str = "2026-05-19T14:30:00Z";

async fn all(api: &Api, path: &str) -> Vec<Value> {
    let mut objects = Vec::new();
    let mut after = String::new();
    loop {
        let page = api
            .get(&format!("/v1/{path}?limit=100{after}"))
            .await
            .ok()
            .body;
        objects.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(cursor) => after = format!("&after={cursor}"),
            None => return objects,
        }
    }
}

fn by(objects: &[Value], field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for object in objects {
        let value = object[field].as_str().unwrap_or("none").to_owned();
        *counts.entry(value).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn a_merchant_has_everything_that_a_real_one_has() {
    let (_server, api) = start().await;
    let plan = json!({ "customers": 60, "days": 30, "seed": 3, "until": UNTIL });
    let made = api.post("/_mock/seed", plan).await.ok().body;
    assert_eq!(
        api.get("/v1/sandbox/clock").await.body["now"],
        "2026-05-19T14:30:00.000Z"
    );
    let customers = all(&api, "customers").await;
    assert_eq!((customers.len(), &made["customers"]), (60, &json!(60)));
    for customer in &customers {
        let email = customer["email"].as_str().unwrap();
        assert!(email.ends_with(".example"), "{email}");
    }
    let payments = all(&api, "payments").await;
    assert_eq!(made["payments"], payments.len());
    let states = by(&payments, "state");
    for state in [
        "PAYMENT_RECEIVED",
        "CAPTURED",
        "SETTLING",
        "SETTLED",
        "FAILED",
        "REFUNDED",
    ] {
        assert!(states.contains_key(state), "{state}: {states:?}");
    }
    assert!(states["SETTLED"] > payments.len() / 2, "{states:?}");
    let refunds = by(&all(&api, "refunds").await, "status");
    assert!(
        refunds.contains_key("pending") && refunds["succeeded"] > 1,
        "{refunds:?}"
    );
    let sessions = by(&all(&api, "checkout/sessions").await, "status");
    for status in ["open", "complete", "expired"] {
        assert!(sessions.contains_key(status), "{status}: {sessions:?}");
    }
    let disputes = by(&all(&api, "disputes").await, "status");
    for status in ["evidence_required", "evidence_submitted", "won", "lost"] {
        assert!(disputes.contains_key(status), "{status}: {disputes:?}");
    }
    let subscriptions = by(&all(&api, "subscriptions").await, "status");
    for status in ["trial", "active", "past_due", "cancelled", "paused"] {
        assert!(
            subscriptions.contains_key(status),
            "{status}: {subscriptions:?}"
        );
    }
    assert!(subscriptions["active"] > 3, "{subscriptions:?}");
    let settlements = all(&api, "settlements").await;
    let days: BTreeSet<_> = settlements
        .iter()
        .map(|batch| batch["created_at"].as_str().unwrap()[..10].to_owned())
        .collect();
    assert!((28..=31).contains(&days.len()), "one every day: {days:?}");
    let failures = by(&payments, "failure_code");
    assert!(failures.len() > 3, "{failures:?}");
    assert!(all(&api, "webhook_endpoints").await.is_empty());
    for event in all(&api, "events").await.iter().step_by(17) {
        contract::check_event(event);
    }
    api.assert_invariants().await;
    // And life goes on from there.
    api.payment("instant").await;
    api.post(
        "/v1/sandbox/clock/advance",
        json!({ "seconds": 30 * 86_400 }),
    )
    .await
    .ok();
    api.assert_invariants().await;
}

#[tokio::test]
async fn the_same_seed_makes_the_same_data_ids_and_instants_included() {
    let mut made = Vec::new();
    for seed in [4, 4, 5] {
        let (server, api) = start().await;
        // What happened before makes no difference.
        for _ in 0..made.len() {
            api.payment("instant").await;
        }
        let plan = SeedPlan::new()
            .customers(12)
            .days(10)
            .seed(seed)
            .until(UNTIL);
        server.seed(plan.clone()).await.unwrap();
        let first = server.events().await.unwrap();
        server.seed(plan).await.unwrap();
        assert_eq!(server.events().await.unwrap().len(), first.len());
        let urls = |event: &mut Value| {
            // They name the server's port.
            let object = event["data"]["object"].as_object_mut().unwrap();
            object.remove("url");
        };
        let mut events = server.events().await.unwrap();
        events.iter_mut().for_each(urls);
        made.push(json!(events).to_string());
    }
    assert!(made[0] == made[1], "the same seed made other data");
    assert_ne!(made[0], made[2]);
}

#[tokio::test]
async fn ids_after_seeding_twice_are_new() {
    let (server, api) = start().await;
    let plan = SeedPlan::new().customers(1).days(1);
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        server.seed(plan.clone()).await.unwrap();
        assert!(seen.insert(api.payment("instant").await));
    }
}

#[tokio::test]
async fn plans_that_cannot_be_made_are_refused_and_change_nothing() {
    let (server, api) = start().await;
    let payment = api.payment("instant").await;
    for (plan, param) in [
        (json!({ "customers": 0 }), "customers"),
        (json!({ "customers": 10_001 }), "customers"),
        (json!({ "days": 367 }), "days"),
        (json!({ "days": "9" }), "days"),
        (json!({ "seed": -1 }), "seed"),
        (json!({ "until": "1970-01-01T00:00:00Z" }), "until"),
        (json!({ "until": "tomorrow" }), "until"),
        (json!({ "costumers": 5 }), "costumers"),
    ] {
        let refused = api.post("/_mock/seed", plan).await;
        assert_eq!(
            (refused.status, &refused.body["error"]["param"]),
            (400, &json!(param))
        );
    }
    assert!(server.seed(SeedPlan::new().days(0)).await.is_err());
    assert_eq!(api.get("/v1/payments").await.ids(), [payment]);
}

#[tokio::test]
async fn only_an_empty_sandbox_is_seeded_at_its_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let open = || {
        let plan = SeedPlan::new().customers(2).days(2);
        let builder = MockServer::builder().db(&file);
        builder.configure(|config| config.seed_data(plan)).start()
    };
    let server = open().await.unwrap();
    assert_eq!(Api::new(&server).get("/v1/customers").await.ids().len(), 2);
    server.shutdown().await;
    let refused = open().await.unwrap_err();
    assert_eq!(
        refused.kind(),
        std::io::ErrorKind::InvalidInput,
        "{refused}"
    );
    let server = MockServer::builder().db(&file).start().await.unwrap();
    assert_eq!(Api::new(&server).get("/v1/customers").await.ids().len(), 2);
}

#[tokio::test]
async fn a_year_of_the_smallest_merchant_holds_too() {
    let (server, api) = start().await;
    for (customers, days) in [(1, 1), (1, 366), (3, 2)] {
        server
            .seed(SeedPlan::new().customers(customers).days(days))
            .await
            .unwrap();
        api.assert_invariants().await;
        let states = by(&all(&api, "payments").await, "state");
        assert_eq!(states.len(), 6, "{customers} over {days}: {states:?}");
    }
}
