//! Subscriptions through the API: their life on the virtual clock. Declined charges are in `dunning`,
//! pauses and cancellations in `endings`, changes of price in `proration`.

mod calls;
mod dunning;
mod endings;
mod proration;

use crate::support::{Answer, Api};
use fluxa_mock::{MockServer, MockServerBuilder};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// A server with a customer whose default method is a good card.
struct Merchant {
    server: MockServer,
    api: Api,
    customer: String,
    method: String,
}

async fn merchant() -> Merchant {
    on(MockServer::builder()).await
}

async fn on(builder: MockServerBuilder) -> Merchant {
    let server = builder.start().await.unwrap();
    let api = Api::new(&server);
    let email = json!({ "email": "a@example.com" });
    let customer = api.post("/v1/customers", email).await.ok().id();
    let merchant = Merchant {
        server,
        api,
        method: String::new(),
        customer,
    };
    let method = merchant.card("4242424242424242").await;
    Merchant { method, ..merchant }
}

impl Merchant {
    /// Another stored card of the customer; one that is declined at once would not be stored.
    async fn card(&self, number: &str) -> String {
        let session = self
            .api
            .session(Some(&self.customer), Some("instant"))
            .await;
        self.api.pay(&session, number).await.ok();
        let path = format!("/v1/customers/{}/payment_methods", self.customer);
        self.api.get(&path).await.ok().ids()[0].clone()
    }

    /// Sets what charging the method does.
    async fn card_does(&self, method: &str, outcome: &str) {
        let path = format!("/_mock/payment_methods/{method}");
        let set = self.api.post(&path, json!({ "outcome": outcome })).await;
        assert_eq!(set.ok().body["outcome"], outcome);
    }

    fn creating(&self, change: Value) -> Value {
        let mut body = json!({
            "customer": self.customer, "amount": 1000, "currency": "GBP", "interval": "month",
        });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    }

    /// A subscription of 1000p a month, but for what `change` says.
    async fn subscribe(&self, change: Value) -> Answer {
        let body = self.creating(change);
        self.api.post("/v1/subscriptions", body).await
    }

    async fn get(&self, id: &str) -> Value {
        let path = format!("/v1/subscriptions/{id}");
        self.api.get(&path).await.ok().body
    }

    async fn patch(&self, id: &str, change: Value) -> Answer {
        let path = format!("/v1/subscriptions/{id}");
        self.api.patch(&path, change).await
    }

    async fn act(&self, id: &str, action: &str, body: Value) -> Answer {
        let path = format!("/v1/subscriptions/{id}/{action}");
        self.api.post(&path, body).await
    }

    async fn renew(&self, id: &str, body: Value) -> Answer {
        let path = format!("/v1/sandbox/subscriptions/{id}/renew");
        self.api.post(&path, body).await
    }

    async fn now(&self) -> String {
        let clock = self.api.get("/v1/sandbox/clock").await.ok().body;
        text(&clock["now"])
    }

    async fn advance(&self, by: Duration) {
        self.server.advance(by).await.unwrap();
    }

    async fn advance_to(&self, instant: &str) {
        self.advance(between(&self.now().await, instant)).await;
    }

    /// Everything of a list, oldest first.
    async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.api.get(&format!("{path}limit=100{after}")).await.ok();
            items.extend(page.body["data"].as_array().unwrap().clone());
            match page.body["next_cursor"].as_str() {
                Some(cursor) => after = format!("&after={cursor}"),
                None => break,
            }
        }
        items.reverse();
        items
    }

    /// The payments that a subscription made, oldest first.
    async fn charges(&self, id: &str) -> Vec<Value> {
        let path = format!("/v1/payments?customer={}&", self.customer);
        let mut payments = self.all(&path).await;
        payments.retain(|payment| payment["subscription"] == id);
        payments
    }

    /// Amount and whether it was paid, of each charge.
    async fn outcomes(&self, id: &str) -> Vec<(i64, bool)> {
        let charges = self.charges(id).await;
        let outcome = |one: &Value| (one["amount"].as_i64().unwrap(), one["state"] != "FAILED");
        charges.iter().map(outcome).collect()
    }

    /// The events about a subscription, oldest first.
    async fn events(&self, id: &str) -> Vec<Value> {
        let mut events = self.all("/v1/events?").await;
        events.retain(|event| event["data"]["object"]["id"] == id);
        events
    }

    /// Types of the events about a subscription from the given one on, with their moves of status.
    async fn story(&self, id: &str, from: usize) -> Vec<String> {
        let events = self.events(id).await;
        let line = |event: &Value| {
            let (kind, data) = (text(&event["type"]), &event["data"]);
            let kind = kind.strip_prefix("subscription.").unwrap();
            match (&data["previous_state"], &data["state"]) {
                (Value::Null, Value::Null) => kind.to_owned(),
                (Value::Null, state) => format!("{kind}: {}", text(state)),
                (before, state) => format!("{kind}: {} → {}", text(before), text(state)),
            }
        };
        events[from..].iter().map(line).collect()
    }

    /// The audit finds nothing and each event is what the contract says, at the end of each test.
    async fn check(&self) {
        for event in self.all("/v1/events?").await {
            crate::support::contract::check_event(&event);
        }
        self.api.assert_invariants().await;
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn time(instant: &str) -> jiff::Timestamp {
    instant.parse().unwrap()
}

fn between(from: &str, to: &str) -> Duration {
    let ms = time(to).as_millisecond() - time(from).as_millisecond();
    Duration::from_millis(u64::try_from(ms).unwrap())
}

/// `instant` moved by a calendar's measure, in UTC.
fn plus(instant: &str, span: jiff::Span) -> String {
    let moved = time(instant)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .checked_add(span);
    let moved = moved.unwrap().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    moved.to_string()
}

fn days(count: i64) -> jiff::Span {
    jiff::Span::new().days(count)
}

fn months(count: i64) -> jiff::Span {
    jiff::Span::new().months(count)
}

#[tokio::test]
async fn a_trial_ends_in_a_first_charge_and_each_month_of_a_year_in_another() {
    let m = merchant().await;
    let start = m.now().await;
    let trial_end = plus(&start, days(14));
    let created = m
        .subscribe(json!({ "trial_end": trial_end }))
        .await
        .ok()
        .body;
    let id = text(&created["id"]);
    assert_eq!(created["status"], "trial");
    assert_eq!(created["current_period_start"], *start);
    assert_eq!(created["current_period_end"], *trial_end);
    m.advance(DAY * 14 - Duration::from_millis(1)).await;
    assert_eq!(m.get(&id).await["status"], "trial");
    assert!(m.charges(&id).await.is_empty());

    m.advance(Duration::from_millis(1)).await;
    let first = m.get(&id).await;
    assert_eq!(first["status"], "active");
    assert_eq!(first["current_period_start"], *trial_end);
    assert_eq!(first["current_period_end"], *plus(&trial_end, months(1)));
    let expected = [
        "created: trial",
        "payment.succeeded: trial → active",
        "updated: trial → active",
    ];
    assert_eq!(m.story(&id, 0).await, expected);

    m.advance_to(&plus(&trial_end, months(12))).await;
    let charges = m.charges(&id).await;
    assert_eq!(charges.len(), 13);
    for (place, charge) in (0..).zip(&charges) {
        assert_eq!(charge["amount"], 1000);
        assert_eq!(charge["created_at"], *plus(&trial_end, months(place)));
        assert_eq!(charge["customer"], *m.customer);
        let state = if place == 12 { "CAPTURED" } else { "SETTLED" };
        assert_eq!(charge["state"], state, "{place}");
    }
    let last = m.get(&id).await;
    assert_eq!(last["latest_payment"], charges[12]["id"]);
    assert_eq!(last["current_period_end"], *plus(&trial_end, months(13)));
    assert_eq!(
        m.story(&id, 3).await,
        ["payment.succeeded", "updated"].repeat(12)
    );
    m.check().await;
}

#[tokio::test]
async fn the_first_charge_is_made_at_once_and_told_after_the_creation() {
    let m = merchant().await;
    let created = m
        .subscribe(json!({ "quantity": 3, "metadata": { "plan": "team" } }))
        .await;
    let id = created.clone().ok().id();
    assert_eq!(
        (created.status, &created.body["status"]),
        (201, &json!("active"))
    );
    assert_eq!(
        m.story(&id, 0).await,
        ["created: active", "payment.succeeded"]
    );
    let charges = m.charges(&id).await;
    assert_eq!(charges.len(), 1);
    assert_eq!(charges[0]["amount"], 3000);
    assert_eq!(charges[0]["metadata"]["plan"], "team");
    assert_eq!(charges[0]["subscription"], *id);
    assert_eq!(created.body["latest_payment"], charges[0]["id"]);
    m.check().await;
}

#[tokio::test]
async fn a_charge_by_the_clock_is_the_systems_and_one_by_a_call_the_merchants() {
    let m = merchant().await;
    let id = m.subscribe(json!({})).await.ok().id();
    m.advance(DAY * 31).await;
    let mut actors = Vec::new();
    for charge in m.charges(&id).await {
        let path = format!("/v1/payments/{}/history", text(&charge["id"]));
        let history = m.api.get(&path).await.ok().body;
        actors.push(text(
            &history["data"].as_array().unwrap().last().unwrap()["actor"],
        ));
    }
    assert_eq!(actors, ["merchant", "system"]);
}

#[tokio::test]
async fn charges_keep_the_timing_of_the_call_that_created_the_subscription() {
    let m = merchant().await;
    let call = m
        .api
        .call(Method::POST, "/v1/subscriptions")
        .json(&m.creating(json!({})));
    let created = call
        .header("X-Fluxa-Sandbox-Timing", "instant")
        .send()
        .await;
    let id = created.ok().id();
    m.advance(DAY * 31).await;
    let charges = m.charges(&id).await;
    assert_eq!(charges.len(), 2);
    assert!(charges.iter().all(|charge| charge["state"] == "SETTLED"));
    assert_eq!(charges[1]["settled_at"], charges[1]["created_at"]);
    m.check().await;
}

#[tokio::test]
async fn a_month_from_the_31st_ends_on_the_last_day_and_comes_back_to_the_31st() {
    let m = merchant().await;
    let year: i32 = m.now().await[..4].parse::<i32>().unwrap() + 1;
    m.advance_to(&format!("{year}-01-31T10:00:00Z")).await;
    let id = m.subscribe(json!({})).await.ok().id();
    m.advance_to(&format!("{year}-07-01T00:00:00Z")).await;
    let dates: Vec<String> = m
        .charges(&id)
        .await
        .iter()
        .map(|charge| text(&charge["created_at"])[5..].to_owned())
        .collect();
    let february = if year % 4 == 0 { "02-29" } else { "02-28" };
    let days = ["01-31", february, "03-31", "04-30", "05-31", "06-30"];
    assert_eq!(dates, days.map(|day| format!("{day}T10:00:00.000Z")));
    m.check().await;
}

#[tokio::test]
async fn a_year_from_the_leap_day_comes_back_to_the_leap_day() {
    let m = merchant().await;
    let year: i32 = m.now().await[..4].parse().unwrap();
    let leap = (year + 1..)
        .find(|year| year % 4 == 0 && year % 100 != 0)
        .unwrap();
    m.advance_to(&format!("{leap}-02-29T00:00:00Z")).await;
    let id = m.subscribe(json!({ "interval": "year" })).await.ok().id();
    m.advance_to(&format!("{}-03-01T00:00:00Z", leap + 4)).await;
    let dates: Vec<String> = m
        .charges(&id)
        .await
        .iter()
        .map(|charge| text(&charge["created_at"])[..10].to_owned())
        .collect();
    let expected = (0..=4).map(|n| format!("{}-02-{}", leap + n, if n % 4 == 0 { 29 } else { 28 }));
    assert_eq!(dates, expected.collect::<Vec<_>>());
    m.check().await;
}

#[tokio::test]
async fn ten_years_at_once_charge_every_month_once_and_in_order() {
    let m = merchant().await;
    let start = m.now().await;
    let id = m.subscribe(json!({})).await.ok().id();
    let other = m
        .subscribe(json!({ "interval": "week", "interval_count": 6 }))
        .await
        .ok()
        .id();
    m.advance_to(&plus(&start, months(120))).await;
    let charges = m.charges(&id).await;
    let instants: Vec<String> = charges.iter().map(|one| text(&one["created_at"])).collect();
    let expected: Vec<String> = (0..=120).map(|n| plus(&start, months(n))).collect();
    assert_eq!(instants, expected);
    let six_weeks = between(&start, &plus(&start, months(120))).as_secs() / (42 * 86_400);
    assert_eq!(m.charges(&other).await.len() as u64, six_weeks + 1);
    // The log tells it in the order of the clock.
    let events = m.all("/v1/events?").await;
    assert!(events.is_sorted_by_key(|event| text(&event["created_at"])));
    m.check().await;
}

#[tokio::test]
async fn a_restart_in_the_middle_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("mock.db");
    let m = on(MockServer::builder().db(&file)).await;
    let good = m.subscribe(json!({})).await.ok().body;
    let bad = m.subscribe(json!({ "interval": "year" })).await.ok().body;
    let (good_id, bad_id) = (text(&good["id"]), text(&bad["id"]));
    m.advance(DAY * 10).await;
    m.patch(&good_id, json!({ "amount": 2000 })).await.ok();
    m.renew(&bad_id, json!({ "outcome": "decline" })).await.ok();
    m.card_does(&m.method, "insufficient_funds").await;
    m.advance(DAY + DAY / 2).await;
    let before: HashMap<&str, Value> = HashMap::from([
        ("good", m.get(&good_id).await),
        ("bad", m.get(&bad_id).await),
    ]);
    assert_eq!(before["bad"]["retry_schedule"].as_array().unwrap().len(), 3);
    let (customer, method) = (m.customer.clone(), m.method.clone());
    m.server.shutdown().await;

    let server = MockServer::builder().db(&file).start().await.unwrap();
    let api = Api::new(&server);
    let m = Merchant {
        server,
        api,
        customer,
        method,
    };
    assert_eq!(m.get(&good_id).await, before["good"]);
    assert_eq!(m.get(&bad_id).await, before["bad"]);
    m.advance(DAY * 2).await;
    assert_eq!(
        m.get(&bad_id).await["retry_schedule"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    m.card_does(&m.method, "success").await;
    m.advance_to(&text(&good["current_period_end"])).await;
    assert_eq!(m.get(&bad_id).await["status"], "active");
    let paid: Vec<bool> = m
        .outcomes(&bad_id)
        .await
        .iter()
        .map(|(_, paid)| *paid)
        .collect();
    assert_eq!(paid, [true, false, false, false, true]);
    // What was pending when the server stopped is on the charge after it.
    let charges = m.outcomes(&good_id).await;
    assert_eq!(charges.len(), 2);
    assert!(charges[1].0 > 2000, "{charges:?}");
    m.check().await;
}
