//! The virtual clock, by API and by control plane.

use crate::support::{Api, start};
use fluxa_mock::MockServer;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn advancing_by_api_fires_what_is_due_and_says_where_the_clock_stands() {
    let (_server, api) = start().await;
    let payment = api.payment("30s").await;
    let before = api.get("/v1/sandbox/clock").await.ok().body;
    assert_eq!(
        (&before["mode"], &before["pending_timers"]),
        (&json!("frozen"), &json!(1))
    );
    let advance = json!({ "seconds": 60 });
    let after = api
        .post("/v1/sandbox/clock/advance", advance)
        .await
        .ok()
        .body;
    assert_ne!(after["now"], before["now"]);
    assert_eq!(
        api.get(&format!("/v1/payments/{payment}")).await.body["state"],
        "SETTLED"
    );
    let backwards = json!({ "seconds": -1 });
    api.post("/v1/sandbox/clock/advance", backwards)
        .await
        .refused(400, "parameter_invalid");
}

#[tokio::test]
async fn advancing_twice_with_one_key_advances_once() {
    let (_server, api) = start().await;
    let advance = || {
        api.call(Method::POST, "/v1/sandbox/clock/advance")
            .key("advance-once")
            .json(&json!({ "seconds": 3600 }))
    };
    let first = advance().send().await.ok();
    let second = advance().send().await.ok();
    assert_eq!(first.body, second.body);
    assert_eq!(second.headers["x-fluxa-idempotent-replayed"], "true");
    assert_eq!(
        api.get("/v1/sandbox/clock").await.body["now"],
        first.body["now"]
    );
}

#[tokio::test]
async fn timers_fire_in_order_at_their_own_instants() {
    let (_server, api) = start().await;
    let slow = api.payment("20s").await;
    let fast = api.payment("15s").await;
    api.post("/v1/sandbox/clock/advance", json!({ "seconds": 100 }))
        .await
        .ok();
    let events = api.get("/v1/events?limit=100").await.ok().body;
    let mut moves: Vec<(String, String)> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"].as_str().unwrap().starts_with("payment.settl"))
        .map(|event| {
            let id = event["data"]["object"]["id"].as_str().unwrap().to_owned();
            (id, event["type"].as_str().unwrap().to_owned())
        })
        .collect();
    moves.reverse();
    let expected = [
        (fast.clone(), "payment.settling".to_owned()),
        (slow.clone(), "payment.settling".to_owned()),
        (fast, "payment.settled".to_owned()),
        (slow, "payment.settled".to_owned()),
    ];
    assert_eq!(moves, expected);
}

#[tokio::test]
async fn the_control_plane_sets_the_pace_and_an_accelerated_clock_runs_by_itself() {
    let (_server, api) = start().await;
    let payment = api.payment("30s").await;
    let path = "/_mock/clock";
    api.post(path, json!({ "pace": -1 }))
        .await
        .refused(400, "parameter_invalid");
    let clock = api.post(path, json!({ "pace": 1000 })).await.ok().body;
    assert_eq!(clock["mode"], "accelerated");
    // A minute of the sandbox is 60 ms now: wait for the event, not for a time.
    let mut state = json!(null);
    for _ in 0..200 {
        state = api.get(&format!("/v1/payments/{payment}")).await.body["state"].clone();
        if state == "SETTLED" {
            break;
        }
    }
    let frozen = api.post(path, json!({ "freeze": true })).await.ok().body;
    assert_eq!(
        (&state, &frozen["mode"]),
        (&json!("SETTLED"), &json!("frozen"))
    );
}

#[tokio::test]
async fn a_reset_leaves_an_empty_sandbox_with_its_keys() {
    let (_server, api) = start().await;
    api.payment("instant").await;
    api.post("/_mock/reset", json!({})).await.ok();
    assert!(api.get("/v1/payments").await.ok().ids().is_empty());
    assert!(api.get("/v1/events").await.ok().ids().is_empty());
    api.payment("instant").await;
    api.assert_invariants().await;
}

#[tokio::test]
async fn the_same_seed_makes_the_same_ids() {
    let mut made = Vec::new();
    for _ in 0..2 {
        let server = MockServer::builder().seed(7).start().await.unwrap();
        made.push(Api::new(&server).session(None, None).await);
    }
    assert_eq!(made[0], made[1]);
}

#[tokio::test]
async fn the_clock_has_an_end_and_the_sandbox_survives_it() {
    let (server, api) = start().await;
    assert!(server.advance(Duration::MAX).await.is_err());
    let year = Duration::from_secs(31_556_952);
    // Between the years 9980 and 9990.
    let now = api.get("/v1/sandbox/clock").await.ok().body["now"].clone();
    let now: u32 = now.as_str().unwrap()[..4].parse().unwrap();
    server.advance(year * (9_985 - now)).await.unwrap();
    api.session(None, None).await;
    let before = api.get("/v1/sandbox/clock").await.ok().body;
    let decade = json!({ "seconds": 315_360_000 });
    let refused = api.post("/v1/sandbox/clock/advance", decade).await;
    assert_eq!(
        refused.refused(400, "parameter_invalid").body["error"]["param"],
        "seconds"
    );
    let order = json!({ "pace": 60, "advance_seconds": 315_360_000 });
    api.post("/_mock/clock", order)
        .await
        .refused(400, "parameter_invalid");
    assert_eq!(api.get("/v1/sandbox/clock").await.ok().body, before);
    api.post("/_mock/reset", json!({})).await.ok();
    api.session(None, None).await;
}

#[tokio::test]
async fn a_pace_that_no_clock_can_run_at_is_refused() {
    for pace in [f64::NAN, f64::INFINITY, -1.0, 1e-300, 100_001.0, 1e300] {
        let refused = MockServer::builder().pace(pace).start().await.unwrap_err();
        assert_eq!(
            refused.kind(),
            std::io::ErrorKind::InvalidInput,
            "{pace}: {refused}"
        );
    }
}
