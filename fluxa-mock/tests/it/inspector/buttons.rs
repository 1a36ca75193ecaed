//! What the buttons of the inspector do, and to whom they are refused.

use super::{HOSTILE, open, press, press_from, read, state};
use crate::support::receiver::Receiver;
use crate::support::{http, start};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test]
async fn buttons_are_refused_to_pages_of_other_origins() {
    let (server, api) = start().await;
    let payment = api.payment("manual").await;
    let before = state(&api).await;
    let port = server.address().port();
    let sibling = format!("http://localhost:{port}");
    for origin in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        &sibling,
    ] {
        for (action, fields) in [
            (
                "advance_payment",
                vec![("id", payment.as_str()), ("to", "CAPTURED")],
            ),
            ("clock", vec![("seconds", "3600")]),
            ("reset", vec![("confirm", "yes")]),
        ] {
            let page = press_from(&server, action, &fields, Some(origin)).await;
            assert_eq!(page.status, 403, "{action} from {origin}");
        }
        let live = http().get(format!("{}/_mock/live", server.url()));
        assert_eq!(read(live.header("Origin", origin)).await.status, 403);
    }
    assert_eq!(state(&api).await, before);
}

#[tokio::test]
async fn a_payment_is_advanced_refunded_and_failed_by_its_buttons() {
    let (server, api) = start().await;
    let payment = api.payment("manual").await;
    let path = format!("/_mock/ui/payments/{payment}");
    let state = async || api.get(&format!("/v1/payments/{payment}")).await.body["state"].clone();
    for next in ["CAPTURED", "SETTLING", "SETTLED"] {
        let page = open(&server, &path).await;
        assert!(
            page.text.contains(&format!("Advance to {next}")),
            "{}",
            page.text
        );
        let fields = [
            ("id", payment.as_str()),
            ("to", next),
            ("back", path.as_str()),
        ];
        let done = press(&server, "advance_payment", &fields).await;
        assert_eq!(
            (done.status, done.location),
            (303, format!("{path}?said=advanced"))
        );
        assert_eq!(state().await, next);
    }
    let fields = [
        ("id", payment.as_str()),
        ("to", "REFUNDED"),
        ("back", path.as_str()),
    ];
    press(&server, "advance_payment", &fields).await;
    assert_eq!(state().await, "REFUNDED");
    // What cannot be is told, and changes nothing.
    let fields = [
        ("id", payment.as_str()),
        ("to", "SETTLED"),
        ("back", path.as_str()),
    ];
    let refused = press(&server, "advance_payment", &fields).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused
            .text
            .contains("REFUNDED cannot be advanced to SETTLED")
    );
    assert!(refused.text.contains(&format!("href=\"{path}\"")));
    let fields = [("id", payment.as_str()), ("to", "EXPLODED")];
    assert_eq!(press(&server, "advance_payment", &fields).await.status, 400);
    let other = api.payment("manual").await;
    press(
        &server,
        "advance_payment",
        &[("id", &other), ("to", "FAILED")],
    )
    .await;
    assert_eq!(
        api.get(&format!("/v1/payments/{other}")).await.body["state"],
        "FAILED"
    );
    api.assert_invariants().await;
}

#[tokio::test]
async fn an_event_is_resent_to_a_chosen_endpoint() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    let session = api.session(None, None).await;
    let hook = json!({ "url": receiver.url(), "events": ["payment.failed"] });
    let endpoint = api.post("/v1/webhook_endpoints", hook).await.ok().id();
    let event = api.get("/v1/events").await.ok().ids().remove(0);
    let fields = [("event", event.as_str()), ("endpoint", endpoint.as_str())];
    assert_eq!(press(&server, "resend", &fields).await.status, 303);
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.event()["id"], event.as_str());
    assert_eq!(received.event()["data"]["object"]["id"], session.as_str());
    // A disabled endpoint gets nothing, and the page says so.
    let off = [("id", endpoint.as_str()), ("status", "disabled")];
    assert!(
        press(&server, "endpoint_status", &off)
            .await
            .location
            .ends_with("said=disabled")
    );
    let refused = press(&server, "resend", &fields).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("disabled"));
    let read = api
        .get(&format!("/v1/webhook_endpoints/{endpoint}"))
        .await
        .ok();
    assert_eq!(read.body["status"], "disabled");
    let bad = [("id", endpoint.as_str()), ("status", "exploded")];
    assert_eq!(press(&server, "endpoint_status", &bad).await.status, 400);
}

#[tokio::test]
async fn the_clock_is_moved_by_its_buttons() {
    let (server, api) = start().await;
    let clock = async || api.get("/v1/sandbox/clock").await.ok().body;
    let instant = |clock: &Value| {
        clock["now"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    };
    assert!(
        press(&server, "clock", &[("until", "next")])
            .await
            .location
            .ends_with("said=idle")
    );
    let payment = api.payment("30s").await;
    let start = instant(&clock().await);
    assert_eq!(
        press(&server, "clock", &[("until", "next")]).await.status,
        303
    );
    assert_eq!(instant(&clock().await).as_second() - start.as_second(), 30);
    let state = api.get(&format!("/v1/payments/{payment}")).await.body["state"].clone();
    assert_eq!(state, "SETTLING");
    press(&server, "clock", &[("seconds", "86400")]).await;
    assert_eq!(
        instant(&clock().await).as_second() - start.as_second(),
        86_430
    );
    press(&server, "clock", &[("pace", "60")]).await;
    assert_eq!(clock().await["pace"], 60.0);
    press(&server, "clock", &[("pace", "0")]).await;
    assert_eq!(clock().await["mode"], "frozen");
    for bad in [
        ("pace", "-1"),
        ("pace", "fast"),
        ("seconds", "1e9"),
        ("seconds", "99999999999"),
    ] {
        assert_eq!(press(&server, "clock", &[bad]).await.status, 400, "{bad:?}");
    }
}

#[tokio::test]
async fn a_reset_wants_to_be_confirmed() {
    let (server, api) = start().await;
    api.payment("instant").await;
    assert_eq!(press(&server, "reset", &[]).await.status, 400);
    assert_eq!(api.get("/v1/payments").await.ok().ids().len(), 1);
    let done = press(&server, "reset", &[("confirm", "yes")]).await;
    assert_eq!(
        (done.status, done.location.as_str()),
        (303, "/_mock/?said=reset")
    );
    assert!(api.get("/v1/payments").await.ok().ids().is_empty());
}

#[tokio::test]
async fn armed_faults_are_announced_and_taken_away() {
    let (server, api) = start().await;
    let fault = json!({ "path": "/v1/payments*", "times": 3, "status": 503, "message": HOSTILE });
    let fault = api.post("/_mock/faults", fault).await.ok();
    let id = fault.body["id"].as_str().unwrap().to_owned();
    assert!(
        open(&server, "/_mock/")
            .await
            .text
            .contains("1 fault is armed")
    );
    api.get("/v1/payments")
        .await
        .refused(503, "service_unavailable");
    let page = open(&server, "/_mock/ui/faults").await.text;
    assert!(page.contains(&id) && page.contains("503") && !page.contains("<script>"));
    let gone = press(&server, "remove_fault", &[("id", &id)]).await;
    assert_eq!(gone.status, 303);
    api.get("/v1/payments").await.ok();
    let again = json!({ "path": "/v1/payments*", "status": 503 });
    api.post("/_mock/faults", again).await.ok();
    press(&server, "clear_faults", &[]).await;
    api.get("/v1/payments").await.ok();
    assert!(
        !open(&server, "/_mock/")
            .await
            .text
            .contains("fault is armed")
    );
}

#[tokio::test]
async fn an_empty_sandbox_is_filled_by_a_button_and_every_page_of_it_is_served() {
    let (server, api) = start().await;
    let filled = press(&server, "fill", &[]).await;
    assert_eq!(filled.location, "/_mock/?said=filled");
    assert!(!api.get("/v1/payments").await.ok().ids().is_empty());
    // What is there is not overwritten.
    assert_eq!(press(&server, "fill", &[]).await.status, 400);
    let mut opened = BTreeSet::new();
    for (list, section) in [
        ("payments", "payments"),
        ("settlements", "settlements"),
        ("refunds", "refunds"),
        ("customers", "customers"),
    ] {
        let ids = api.get(&format!("/v1/{list}?limit=100")).await.ok().ids();
        for id in ids.iter().take(30) {
            let page = open(&server, &format!("/_mock/ui/{section}/{id}")).await;
            assert_eq!(page.status, 200, "{section} {id}");
            opened.insert(section);
        }
    }
    assert_eq!(opened.len(), 4, "{opened:?}");
    let home = open(&server, "/_mock/").await.text;
    assert!(!home.contains("class=\"breach\""), "{home}");
}
