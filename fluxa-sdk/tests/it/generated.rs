//! The generated types against the contract's own examples.

use fluxa_sdk::Expandable;
use fluxa_sdk::types::{Event, EventType, Payment, PaymentList, PaymentState};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn contract() -> Value {
    serde_json::from_str(include_str!("../../../openapi.json")).unwrap()
}

fn example(schema: &str) -> Value {
    contract()
        .pointer(&format!("/components/schemas/{schema}/examples/0"))
        .unwrap()
        .clone()
}

/// Decodes and encodes; what was null or absent may be either afterwards.
fn round_trip<T: DeserializeOwned + Serialize>(value: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(value.clone()).unwrap()).unwrap()
}

#[test]
fn the_pages_sample_payment_survives_a_round_trip_unchanged() {
    let sample = example("Payment");
    assert_eq!(sample["settlement_reference"], "STL-2026-05-21-FX-04812");
    assert_eq!(round_trip::<Payment>(&sample), sample);
}

#[test]
fn the_pages_sample_payment_reads_as_written() {
    let payment: Payment = serde_json::from_value(example("Payment")).unwrap();
    assert_eq!(payment.id.as_str(), "pay_5f8b2c1e2a4b4d8c");
    assert_eq!(
        (payment.amount, payment.fee, payment.net),
        (4999, Some(99), Some(4900))
    );
    assert_eq!(payment.state, PaymentState::Settled);
    let customer = payment.customer.as_ref().unwrap();
    assert_eq!(customer.id().as_str(), "cus_3f7a91d8c2b04a6f");
    assert!(matches!(customer, Expandable::Id(_)));
    assert_eq!(payment.metadata["order_id"], "ord_8421");
}

#[test]
fn an_expanded_field_holds_the_object() {
    let mut sample = example("Payment");
    sample["customer"] = example("Customer");
    let payment: Payment = serde_json::from_value(sample.clone()).unwrap();
    let customer = payment.customer.as_ref().unwrap();
    assert_eq!(customer.id().as_str(), sample["customer"]["id"]);
    assert_eq!(customer.object().unwrap().email, "ada@example.com");
}

#[test]
fn every_event_of_the_contract_has_its_variant_and_survives_a_round_trip() {
    let document = contract();
    let webhooks = document["webhooks"].as_object().unwrap();
    assert_eq!(webhooks.len(), 29);
    assert_eq!(EventType::KNOWN.len(), 29);
    for (name, item) in webhooks {
        let schema = item
            .pointer("/post/requestBody/content/application~1json/schema/$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.rsplit('/').next())
            .unwrap();
        let value = example(schema);
        let event: Event = serde_json::from_value(value.clone()).unwrap();
        assert!(!matches!(event, Event::Unknown(_)), "{name} has no variant");
        assert_eq!(event.event_type().as_str(), name);
        assert!(event.event_type().is_known(), "{name}");
        let again: Event = serde_json::from_value(serde_json::to_value(&event).unwrap()).unwrap();
        assert_eq!(
            serde_json::to_value(&again).unwrap(),
            serde_json::to_value(&event).unwrap()
        );
        assert_eq!(event.id(), value["id"]);
    }
}

#[test]
fn an_unknown_event_type_is_kept_raw() {
    let mut value = example("Event");
    value["type"] = json!("payment.teleported");
    value["data"] = json!({ "object": { "anything": [1, 2, 3] } });
    let event: Event = serde_json::from_value(value.clone()).unwrap();
    assert!(matches!(event, Event::Unknown(_)));
    assert_eq!(event.event_type().as_str(), "payment.teleported");
    assert_eq!(
        serde_json::to_value(&event).unwrap(),
        value,
        "nothing of it is lost"
    );
}

#[test]
fn unknown_values_extra_fields_and_missing_optional_ones_decode() {
    let payment: Payment = serde_json::from_value(json!({
        "id": "pay_5f8b2c1e2a4b4d8c-with-a-longer-id-of-the-future",
        "object": "payment",
        "amount": 4999,
        "currency": "XBTC",
        "state": "TELEPORTED",
        "livemode": true,
        "created_at": "2026-05-19T10:23:14.572123456Z",
        "metadata": {},
        "url": "https://example.com",
        "quantum": { "entangled": true },
    }))
    .unwrap();
    assert_eq!(payment.state, PaymentState::Unknown("TELEPORTED".into()));
    assert_eq!(payment.currency.as_str(), "XBTC");
    assert_eq!(payment.captured_at, None);
    assert_eq!(
        serde_json::to_value(&payment).unwrap()["state"],
        "TELEPORTED"
    );
}

#[test]
fn a_page_of_a_list_decodes() {
    let page: PaymentList = serde_json::from_value(example("PaymentList")).unwrap();
    assert_eq!(page.data.len(), 1);
    assert!(!page.has_more);
}

#[test]
fn secrets_and_card_numbers_are_redacted_in_debug() {
    let key: fluxa_sdk::types::ApiKey = {
        let mut value = example("ApiKey");
        value["secret"] = json!("sk_test_0123456789abcdef0123456789abcdef");
        serde_json::from_value(value).unwrap()
    };
    assert!(!format!("{key:?}").contains("0123456789abcdef"), "{key:?}");
    let card = fluxa_sdk::types::TestCard::new("4242424242424242", 12, 2030, "123");
    assert!(!format!("{card:?}").contains("42424242"), "{card:?}");
}
