//! What the inspector's pages tell of causes: attempts that others followed, resends, the card that is
//! charged, a charge made twice, and whose the entries of the ledger are.

use super::{Page, attributes, open, press};
use crate::support::receiver::Receiver;
use crate::support::{Api, start};
use fluxa_mock::{Fault, MockServer};
use serde_json::{Value, json};
use std::time::Duration;

async fn one(server: &MockServer, section: &str, id: &str) -> String {
    let page: Page = open(server, &format!("/_mock/ui/{section}/{id}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text
}

/// The row of an object in a table.
#[track_caller]
fn row<'a>(page: &'a str, id: &str) -> &'a str {
    let rest = page.split(&format!("<tr id=\"{id}\"")).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no row {id} in {page}"));
    rest.split("</tr>").next().unwrap()
}

/// The deliveries of an endpoint, oldest first.
async fn deliveries(api: &Api, endpoint: &str) -> Vec<Value> {
    let path = format!("/v1/webhook_endpoints/{endpoint}/deliveries?limit=100");
    let mut data = api.get(&path).await.ok().body["data"]
        .as_array()
        .unwrap()
        .clone();
    data.reverse();
    data
}

fn ids(deliveries: &[Value]) -> Vec<&str> {
    deliveries
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_attempt_says_what_happened_and_when_the_next_is_due_or_which_followed() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    let hook = json!({ "url": receiver.url(), "events": ["checkout.session.created"] });
    let endpoint = api.post("/v1/webhook_endpoints", hook).await.ok().id();
    api.session(None, None).await;
    // The first attempt, and the second a minute later.
    server.advance(Duration::from_secs(61)).await.unwrap();
    let sent = deliveries(&api, &endpoint).await;
    let [first, second] = ids(&sent)[..] else {
        panic!("{sent:?}")
    };

    let list = open(&server, "/_mock/ui/deliveries").await.text;
    assert!(row(&list, first).contains(">retried<"), "{list}");
    assert!(row(&list, second).contains(">retrying<"), "{list}");
    assert!(row(&list, second).contains("next "), "{list}");
    let page = one(&server, "deliveries", first).await;
    assert!(
        page.contains("The endpoint answered 500. Attempt 2 followed "),
        "{page}"
    );
    assert!(attributes(&page, "href").contains(&format!("/_mock/ui/deliveries/{second}")));
    let page = one(&server, "deliveries", second).await;
    assert!(page.contains("Attempt 3 of 10 is due "), "{page}");
    assert!(page.contains("in 3 min"), "{page}");

    for (status, in_it, not_in_it) in [("retrying", second, first), ("retried", first, second)] {
        let list = format!("/_mock/ui/deliveries?status={status}");
        let list = open(&server, &list).await.text;
        row(&list, in_it);
        assert!(
            !list.contains(&format!("<tr id=\"{not_in_it}\"")),
            "{status}: {list}"
        );
    }
    server
        .advance(Duration::from_secs(80 * 3600))
        .await
        .unwrap();
    let sent = deliveries(&api, &endpoint).await;
    assert_eq!(sent.len(), 10);
    let page = one(&server, "deliveries", ids(&sent)[9]).await;
    assert!(page.contains("given up for this endpoint"), "{page}");
    let open_ones = open(&server, "/_mock/ui/deliveries?status=retrying")
        .await
        .text;
    assert!(open_ones.contains("No delivery matches."), "{open_ones}");
}

#[tokio::test]
async fn resends_are_named_and_numbered_and_are_of_no_series() {
    let (server, api) = start().await;
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    let hook = json!({ "url": receiver.url(), "events": ["checkout.session.created"] });
    let endpoint = api.post("/v1/webhook_endpoints", hook).await.ok().id();
    let twice = Fault::on_delivery("checkout.session.created").duplicate();
    server.fault(twice).unwrap();
    api.session(None, None).await;
    let event = api.get("/v1/events").await.ok().ids().remove(0);
    server.advance(Duration::ZERO).await.unwrap();
    for _ in 0..2 {
        let fields = [("event", event.as_str()), ("endpoint", endpoint.as_str())];
        press(&server, "resend", &fields).await;
    }
    server.advance(Duration::ZERO).await.unwrap();
    let sent = deliveries(&api, &endpoint).await;
    let [first, copy, one_more, another] = ids(&sent)[..] else {
        panic!("{sent:?}")
    };
    let list = open(&server, "/_mock/ui/deliveries").await.text;
    for (id, named) in [
        (copy, "duplicate"),
        (one_more, "resend 1"),
        (another, "resend 2"),
    ] {
        assert!(row(&list, id).contains(named), "{named}: {list}");
        let page = self::one(&server, "deliveries", id).await;
        assert!(page.contains(&format!("A {named} is tried once")), "{page}");
    }
    assert!(!row(&list, first).contains("resend"), "{list}");
    let page = self::one(&server, "deliveries", first).await;
    assert!(page.contains("Attempt 2 of 10 is due "), "{page}");
    let page = self::one(&server, "events", &event).await;
    for named in ["resend 1", "resend 2", "duplicate"] {
        assert!(page.contains(named), "{named}: {page}");
    }
    // Their number is theirs for good: another event's begin anew.
    assert!(!page.contains("resend 3"));
}

async fn customer(api: &Api) -> String {
    let body = json!({ "email": "ada@example.com", "name": "Ada" });
    let customer = api.post("/v1/customers", body).await.ok().id();
    let session = api.session(Some(&customer), Some("instant")).await;
    api.pay(&session, "4242424242424242").await.ok();
    customer
}

async fn charge(api: &Api, customer: &str, key: &str) -> String {
    let body = json!({ "amount": 2500, "currency": "GBP", "customer": customer });
    let call = api.call(reqwest::Method::POST, "/v1/payments").json(&body);
    call.key(key).send().await.ok().id()
}

#[tokio::test]
async fn a_subscription_shows_the_card_that_is_charged_be_it_the_customers_default() {
    let (server, api) = start().await;
    let customer = customer(&api).await;
    let body = json!({
        "customer": customer, "amount": 900, "currency": "GBP", "interval": "month",
    });
    let subscription = api.post("/v1/subscriptions", body).await.ok().id();
    let cards = format!("/v1/customers/{customer}/payment_methods");
    let default = api.get(&cards).await.ok().ids().remove(0);
    let page = one(&server, "subscriptions", &subscription).await;
    assert!(
        page.contains("the customer&#39;s default") || page.contains("the customer's default"),
        "{page}"
    );
    assert!(attributes(&page, "href").contains(&format!("/_mock/ui/payment_methods/{default}")));
    assert!(page.contains("visa ·· 4242"), "{page}");
    api.post(&format!("/v1/payment_methods/{default}/detach"), json!({}))
        .await
        .ok();
    let page = one(&server, "subscriptions", &subscription).await;
    assert!(page.contains("the next charge is declined"), "{page}");
}

#[tokio::test]
async fn a_probable_double_charge_is_flagged_with_how_it_is_judged() {
    let (server, api) = start().await;
    let customer = customer(&api).await;
    charge(&api, &customer, "first-try").await;
    assert!(
        !one(&server, "customers", &customer)
            .await
            .contains("Probably charged")
    );
    server.advance(Duration::from_secs(180)).await.unwrap();
    let second = charge(&api, &customer, "second-try").await;
    let page = one(&server, "customers", &customer).await;
    for part in [
        "Probably charged twice",
        "£25.00",
        "first-try",
        "second-try",
        "within 10 minutes",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = one(&server, "payments", &second).await;
    assert!(page.contains("Probably charged twice"), "{page}");
    // Given back, it is none any more.
    api.post("/v1/refunds", json!({ "payment": second }))
        .await
        .ok();
    server.advance(Duration::from_secs(60)).await.unwrap();
    let page = one(&server, "customers", &customer).await;
    assert!(!page.contains("Probably charged"), "{page}");
}

#[tokio::test]
async fn a_lost_dispute_says_what_the_payment_itself_made_good() {
    let (server, api) = start().await;
    let payment = api.payment("settling=1h,refund=1s").await;
    let refund = json!({ "payment": payment, "amount": 1000 });
    api.post("/v1/refunds", refund).await.ok();
    server.advance(Duration::from_secs(60)).await.unwrap();
    let dispute = api.dispute(&payment).await.ok().id();
    api.resolve(&dispute, "lost").await.ok();
    let page = one(&server, "disputes", &dispute).await;
    let open = "£39.99 went to the cardholder; £39.00 of it was made good, the rest comes off";
    assert!(page.contains(open), "{page}");
    api.payment("instant").await;
    server.advance(Duration::from_secs(60)).await.unwrap();
    let page = one(&server, "disputes", &dispute).await;
    let done = "what was left of the payment and settlements made it good.";
    assert!(page.contains(done), "{page}");
}

#[tokio::test]
async fn entries_of_the_ledger_name_the_refund_or_dispute_that_made_them() {
    let (server, api) = start().await;
    let payment = api.payment("instant").await;
    let refund = json!({ "payment": payment, "amount": 1000 });
    let refund = api.post("/v1/refunds", refund).await.ok().id();
    server.advance(Duration::from_secs(60)).await.unwrap();
    let dispute = json!({ "payment": payment, "reason": "fraudulent" });
    let dispute = api.post("/v1/sandbox/disputes", dispute).await.ok().id();
    let page = one(&server, "disputes", &dispute).await;
    assert!(
        page.contains("£39.99 is held until it is decided."),
        "{page}"
    );
    assert!(page.contains("partner clearing"), "{page}");
    let lost = format!("/v1/sandbox/disputes/{dispute}/resolve");
    api.post(&lost, json!({ "outcome": "lost" })).await.ok();
    let page = one(&server, "disputes", &dispute).await;
    assert!(
        page.contains("£39.99 went to the cardholder; £0.00 of it was made good"),
        "{page}"
    );
    let page = one(&server, "refunds", &refund).await;
    assert!(
        page.contains("merchant bank") && page.contains("£10.00"),
        "{page}"
    );
    // Each page has its own entries only; the payment's has all, with their names.
    assert!(!page.contains("partner clearing"), "{page}");
    let page = one(&server, "payments", &payment).await;
    let entries = page.split("aria-label=\"Ledger entries\"").nth(1).unwrap();
    let entries = entries.split("</table>").next().unwrap();
    assert_eq!(
        entries.matches(&format!(">{refund}<")).count(),
        1,
        "{entries}"
    );
    assert_eq!(
        entries.matches(&format!(">{dispute}<")).count(),
        2,
        "{entries}"
    );
    let list = open(&server, "/_mock/ui/ledger?state=disputes").await.text;
    assert!(list.contains(&format!(">{dispute}<")), "{list}");
    // What the server keeps for itself of an entry is not part of the API.
    let entries = api.get("/v1/ledger/entries?limit=100").await.ok();
    assert!(!entries.text.contains("internal") && !entries.text.contains("cause"));
}
