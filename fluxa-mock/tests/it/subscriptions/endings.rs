//! Pauses and cancellations: what is not charged any more, from when, and what can be taken back.

use super::{DAY, days, merchant, months, plus, text};
use serde_json::json;

#[tokio::test]
async fn a_pause_within_the_period_changes_nothing_that_was_paid() {
    let m = merchant().await;
    let created = m.subscribe(json!({})).await.ok().body;
    let id = text(&created["id"]);
    m.advance(DAY * 5).await;
    let paused = m.act(&id, "pause", json!({})).await.ok().body;
    assert_eq!(paused["status"], "paused");
    m.advance(DAY * 5).await;
    let resumed = m.act(&id, "resume", json!({})).await.ok().body;
    assert_eq!(resumed["status"], "active");
    assert_eq!(resumed["current_period_end"], created["current_period_end"]);
    assert_eq!(m.charges(&id).await.len(), 1);
    m.advance_to(&text(&created["current_period_end"])).await;
    assert_eq!(m.charges(&id).await.len(), 2);
    let expected = [
        "updated: active → paused",
        "updated: paused → active",
        "payment.succeeded",
        "updated",
    ];
    assert_eq!(m.story(&id, 2).await, expected);
    m.check().await;
}

#[tokio::test]
async fn a_pause_beyond_the_period_charges_nothing_until_resumed_into_a_new_one() {
    let m = merchant().await;
    let id = m.subscribe(json!({})).await.ok().id();
    m.act(&id, "pause", json!({})).await.ok();
    m.advance(DAY * 100).await;
    assert_eq!(m.charges(&id).await.len(), 1);
    m.check().await;
    let now = m.now().await;
    let resumed = m.act(&id, "resume", json!({})).await.ok().body;
    assert_eq!(resumed["status"], "active");
    assert_eq!(resumed["current_period_start"], *now);
    assert_eq!(resumed["current_period_end"], *plus(&now, months(1)));
    assert_eq!(m.charges(&id).await.len(), 2);
    m.advance_to(&plus(&now, months(1))).await;
    assert_eq!(m.charges(&id).await.len(), 3);
    m.check().await;
}

#[tokio::test]
async fn a_paused_trial_goes_on_or_is_over() {
    let m = merchant().await;
    let trial_end = plus(&m.now().await, days(10));
    let id = m
        .subscribe(json!({ "trial_end": trial_end }))
        .await
        .ok()
        .id();
    m.act(&id, "pause", json!({})).await.ok();
    m.advance(DAY).await;
    let resumed = m.act(&id, "resume", json!({})).await.ok().body;
    assert_eq!(resumed["status"], "trial");
    m.act(&id, "pause", json!({})).await.ok();
    m.advance(DAY * 20).await;
    assert!(m.charges(&id).await.is_empty());
    let now = m.now().await;
    let resumed = m.act(&id, "resume", json!({})).await.ok().body;
    assert_eq!(
        (&resumed["status"], &resumed["current_period_start"]),
        (&json!("active"), &json!(now))
    );
    assert_eq!(m.charges(&id).await.len(), 1);
    m.check().await;
}

#[tokio::test]
async fn cancelling_now_ends_everything() {
    let m = merchant().await;
    let id = m.subscribe(json!({})).await.ok().id();
    let now = m.now().await;
    let cancelled = m.act(&id, "cancel", json!({})).await.ok().body;
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["cancelled_at"], *now);
    m.advance(DAY * 100).await;
    assert_eq!(m.charges(&id).await.len(), 1);
    assert_eq!(m.story(&id, 2).await, ["cancelled: active → cancelled"]);
    m.check().await;
}

#[tokio::test]
async fn cancelling_at_the_periods_end_lets_it_run_out() {
    let m = merchant().await;
    let created = m.subscribe(json!({})).await.ok().body;
    let id = text(&created["id"]);
    let asked = m
        .act(&id, "cancel", json!({ "at_period_end": true }))
        .await
        .ok()
        .body;
    assert_eq!(
        (&asked["status"], &asked["cancel_at_period_end"]),
        (&json!("active"), &json!(true))
    );
    // Asking again changes nothing and tells nothing.
    m.act(&id, "cancel", json!({ "at_period_end": true }))
        .await
        .ok();
    m.advance_to(&text(&created["current_period_end"])).await;
    let ended = m.get(&id).await;
    assert_eq!(ended["status"], "cancelled");
    assert_eq!(ended["cancelled_at"], created["current_period_end"]);
    assert_eq!(m.charges(&id).await.len(), 1);
    assert_eq!(
        m.story(&id, 2).await,
        ["updated", "cancelled: active → cancelled"]
    );
    m.check().await;
}

#[tokio::test]
async fn a_cancellation_at_the_periods_end_can_be_taken_back_before_it() {
    let m = merchant().await;
    let id = m.subscribe(json!({})).await.ok().id();
    m.patch(&id, json!({ "cancel_at_period_end": true }))
        .await
        .ok();
    m.advance(DAY * 20).await;
    m.patch(&id, json!({ "cancel_at_period_end": false }))
        .await
        .ok();
    m.advance(DAY * 20).await;
    assert_eq!(m.get(&id).await["status"], "active");
    assert_eq!(m.charges(&id).await.len(), 2);
    m.check().await;
}

#[tokio::test]
async fn a_trial_a_pause_and_a_debt_end_with_their_period_too() {
    for state in ["trial", "paused", "past_due"] {
        let m = merchant().await;
        let trial_end = plus(&m.now().await, days(3));
        let body = match state {
            "trial" => json!({ "trial_end": trial_end }),
            _ => json!({ "interval": "day", "interval_count": 3 }),
        };
        if state == "past_due" {
            m.card_does(&m.method, "card_declined").await;
        }
        let id = m.subscribe(body).await.ok().id();
        if state == "paused" {
            m.act(&id, "pause", json!({})).await.ok();
        }
        let asked = m
            .act(&id, "cancel", json!({ "at_period_end": true }))
            .await
            .ok()
            .body;
        assert_eq!(asked["status"], state);
        m.advance(DAY * 30).await;
        let ended = m.get(&id).await;
        assert_eq!(
            (&ended["status"], &ended["cancelled_at"]),
            (&json!("cancelled"), &json!(trial_end))
        );
        assert!(
            m.outcomes(&id)
                .await
                .iter()
                .filter(|(_, paid)| *paid)
                .count()
                <= 1
        );
        m.check().await;
    }
}

#[tokio::test]
async fn what_is_to_end_with_a_period_that_is_over_ends_now() {
    let m = merchant().await;
    let one = m.subscribe(json!({})).await.ok().id();
    let two = m.subscribe(json!({})).await.ok().id();
    for id in [&one, &two] {
        m.act(id, "pause", json!({})).await.ok();
    }
    m.advance(DAY * 60).await;
    let asked = json!({ "at_period_end": true });
    let ended = m.act(&one, "cancel", asked).await.ok().body;
    assert_eq!(ended["status"], "cancelled");
    let asked = json!({ "cancel_at_period_end": true });
    let ended = m.patch(&two, asked).await.ok().body;
    assert_eq!(ended["status"], "cancelled");
    m.check().await;
}

#[tokio::test]
async fn the_subscriptions_of_a_deleted_customer_are_cancelled() {
    let m = merchant().await;
    let trial_end = plus(&m.now().await, days(3));
    let one = m.subscribe(json!({})).await.ok().id();
    let two = m
        .subscribe(json!({ "trial_end": trial_end }))
        .await
        .ok()
        .id();
    let gone = m.subscribe(json!({})).await.ok().id();
    m.act(&gone, "cancel", json!({})).await.ok();
    m.api
        .delete(&format!("/v1/customers/{}", m.customer))
        .await
        .ok();
    m.api
        .delete(&format!("/v1/customers/{}", m.customer))
        .await
        .ok();
    m.advance(DAY * 60).await;
    for id in [&one, &two, &gone] {
        assert_eq!(m.get(id).await["status"], "cancelled");
        let story = m.story(id, 0).await;
        assert_eq!(
            story
                .iter()
                .filter(|line| line.starts_with("cancelled"))
                .count(),
            1
        );
    }
    assert_eq!(m.charges(&one).await.len(), 1);
    assert!(m.charges(&two).await.is_empty());
    m.check().await;
}
