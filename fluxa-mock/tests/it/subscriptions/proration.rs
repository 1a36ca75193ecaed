//! Changes of amount and quantity: the difference for what is left of the period, on the next charge.

use super::{DAY, Merchant, between, days, merchant, plus, text};
use serde_json::{Value, json};

/// Goes to where `thousandths` of the current period are over.
async fn go_into(m: &Merchant, subscription: &Value, thousandths: u32) {
    let start = text(&subscription["current_period_start"]);
    let length = between(&start, &text(&subscription["current_period_end"]));
    let over = between(&start, &m.now().await);
    m.advance(length * thousandths / 1000 - over).await;
}

async fn go_to_end(m: &Merchant, id: &str) {
    let end = text(&m.get(id).await["current_period_end"]);
    m.advance_to(&end).await;
}

/// The amount of the last of `count` charges.
async fn last_of(m: &Merchant, id: &str, count: usize) -> i64 {
    let outcomes = m.outcomes(id).await;
    assert_eq!(outcomes.len(), count, "{outcomes:?}");
    outcomes[count - 1].0
}

#[tokio::test]
async fn the_difference_for_the_rest_of_the_period_goes_on_the_next_charge() {
    for (change, expected) in [
        (json!({ "amount": 2000 }), 2000 + 750),
        (json!({ "amount": 600 }), 600 - 300),
        (json!({ "quantity": 3 }), 3000 + 1500),
        (json!({ "amount": 500, "quantity": 3 }), 1500 + 375),
        (
            json!({ "amount": 2000, "proration_behaviour": "none" }),
            2000,
        ),
        (json!({ "amount": 1000, "quantity": 1 }), 1000),
    ] {
        let m = merchant().await;
        let body = json!({ "interval": "day", "interval_count": 8 });
        let created = m.subscribe(body).await.ok().body;
        let id = text(&created["id"]);
        go_into(&m, &created, 250).await;
        m.patch(&id, change.clone()).await.ok();
        // The same again is no change.
        m.patch(&id, change.clone()).await.ok();
        assert_eq!(
            m.charges(&id).await.len(),
            1,
            "a change by itself charges nothing"
        );
        go_to_end(&m, &id).await;
        assert_eq!(last_of(&m, &id, 2).await, expected, "{change}");
        // Once: the charge after that is the price alone.
        go_to_end(&m, &id).await;
        let now = m.get(&id).await;
        let price = now["amount"].as_i64().unwrap() * now["quantity"].as_i64().unwrap();
        assert_eq!(last_of(&m, &id, 3).await, price, "{change}");
        m.check().await;
    }
}

#[tokio::test]
async fn february_of_a_leap_year_is_divided_by_its_29_days() {
    let m = merchant().await;
    let year: i32 = m.now().await[..4].parse().unwrap();
    let leap = (year + 1..)
        .find(|year| year % 4 == 0 && year % 100 != 0)
        .unwrap();
    m.advance_to(&format!("{leap}-02-01T00:00:00Z")).await;
    let id = m.subscribe(json!({ "amount": 2900 })).await.ok().id();
    // The leap day is all that is left.
    m.advance_to(&format!("{leap}-02-29T00:00:00Z")).await;
    m.patch(&id, json!({ "amount": 5800 })).await.ok();
    m.advance_to(&format!("{leap}-03-01T00:00:00Z")).await;
    assert_eq!(last_of(&m, &id, 2).await, 5800 + 100);
    m.check().await;
}

#[tokio::test]
async fn a_half_penny_is_rounded_up_also_in_a_credit() {
    for (amount, expected) in [(1005, 1005 + 3), (995, 995 - 2)] {
        let m = merchant().await;
        let created = m.subscribe(json!({ "interval": "day" })).await.ok().body;
        let id = text(&created["id"]);
        go_into(&m, &created, 500).await;
        m.patch(&id, json!({ "amount": amount })).await.ok();
        go_to_end(&m, &id).await;
        assert_eq!(last_of(&m, &id, 2).await, expected);
    }
}

#[tokio::test]
async fn a_credit_beyond_a_charge_carries_over_and_so_does_what_is_too_small_to_charge() {
    let m = merchant().await;
    let created = m
        .subscribe(json!({ "interval": "day", "amount": 10_000 }))
        .await
        .ok()
        .body;
    let id = text(&created["id"]);
    m.patch(&id, json!({ "amount": 3990 })).await.ok();
    // 6010 of credit at the very start: a period is free, the next costs 1970.
    go_to_end(&m, &id).await;
    let free = m.get(&id).await;
    assert_eq!(
        (&free["status"], &free["latest_payment"]),
        (&json!("active"), &created["latest_payment"])
    );
    assert_eq!(m.charges(&id).await.len(), 1);
    go_to_end(&m, &id).await;
    assert_eq!(last_of(&m, &id, 2).await, 1970);
    // 3970 of credit leaves 20 pence, too little: it comes with the charge after it.
    m.patch(&id, json!({ "amount": 20 + 1985 })).await.ok();
    m.patch(&id, json!({ "amount": 1985 })).await.ok();
    go_to_end(&m, &id).await;
    assert_eq!(m.charges(&id).await.len(), 2);
    m.check().await;
    go_to_end(&m, &id).await;
    assert_eq!(last_of(&m, &id, 3).await, 1985 * 2 - 2005);
    m.check().await;
}

#[tokio::test]
async fn a_change_that_the_next_charge_could_not_take_is_refused_and_changes_nothing() {
    let m = merchant().await;
    let most = 99_999_999;
    m.subscribe(json!({ "amount": most, "quantity": 2 }))
        .await
        .refused(400, "amount_too_large");
    let id = m.subscribe(json!({ "amount": 60_000_000 })).await.ok().id();
    // The price would fit, but not with the 30 000 000 for the whole period that is left.
    let refused = m
        .patch(&id, json!({ "amount": 90_000_000 }))
        .await
        .refused(400, "amount_too_large");
    assert_eq!(refused.body["error"]["param"], "amount");
    let refused = m
        .patch(&id, json!({ "quantity": 2 }))
        .await
        .refused(400, "amount_too_large");
    assert_eq!(refused.body["error"]["param"], "quantity");
    let behaviour = json!({ "amount": 90_000_000, "proration_behaviour": "none" });
    m.patch(&id, behaviour).await.ok();
    go_to_end(&m, &id).await;
    assert_eq!(last_of(&m, &id, 2).await, 90_000_000);
    m.check().await;
}

#[tokio::test]
async fn nothing_is_prorated_in_a_trial_or_a_pause() {
    let m = merchant().await;
    let trial_end = plus(&m.now().await, days(10));
    let trial = m
        .subscribe(json!({ "trial_end": trial_end }))
        .await
        .ok()
        .id();
    m.advance(DAY * 5).await;
    m.patch(&trial, json!({ "amount": 2000 })).await.ok();
    go_to_end(&m, &trial).await;
    assert_eq!(last_of(&m, &trial, 1).await, 2000);
    let paused = m.subscribe(json!({})).await.ok().id();
    m.advance(DAY * 5).await;
    m.act(&paused, "pause", json!({})).await.ok();
    m.patch(&paused, json!({ "quantity": 2 })).await.ok();
    m.act(&paused, "resume", json!({})).await.ok();
    go_to_end(&m, &paused).await;
    assert_eq!(last_of(&m, &paused, 2).await, 2000);
    m.check().await;
}

#[tokio::test]
async fn a_debt_stays_what_it_was_when_the_price_changes() {
    let m = merchant().await;
    m.card_does(&m.method, "card_declined").await;
    let body = json!({ "interval": "day", "interval_count": 20 });
    let created = m.subscribe(body).await.ok().body;
    let id = text(&created["id"]);
    m.advance(DAY * 2).await;
    m.card_does(&m.method, "success").await;
    m.patch(&id, json!({ "amount": 2000 })).await.ok();
    m.advance(DAY).await;
    assert_eq!(m.get(&id).await["status"], "active");
    assert_eq!(last_of(&m, &id, 3).await, 1000);
    go_to_end(&m, &id).await;
    assert_eq!(last_of(&m, &id, 4).await, 2000 + 900);
    m.check().await;
}
