//! The sample of each event: typed, unchanged by a round trip, and true to the contract's states.

use std::collections::BTreeSet;

use fluxa_sdk::testing::{sample_event, sample_event_json};
use fluxa_sdk::webhooks::{Event, EventType, Verifier};
use serde_json::{Value, json};

const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";

/// Drops what may be absent instead after a round trip: null, and a list with nothing in it.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null() && *value != json!([]))
            .map(|(key, value)| (key, without_nothing(value)))
            .collect(),
        other => other,
    }
}

#[test]
fn every_type_has_a_sample_that_is_verified_typed_and_kept() {
    assert_eq!(EventType::ALL.len(), 29);
    let verifier = Verifier::new(SECRET).unwrap();
    let mut ids = BTreeSet::new();
    for event_type in EventType::ALL {
        let sample = sample_event(event_type.clone());
        let delivery = sample.signed(SECRET);
        let verified = verifier
            .verify_headers(&delivery.body, &delivery.headers())
            .unwrap();
        assert_eq!(verified.event_type(), event_type.as_str());
        assert_eq!(
            delivery.headers()["x-fluxa-event"].to_str().unwrap(),
            event_type.as_str()
        );
        let event = verified.event().unwrap();
        assert_eq!(&event.event_type(), event_type);
        assert!(!matches!(event, Event::Unknown(_)), "{event_type}");
        assert_eq!(
            without_nothing(serde_json::to_value(&event).unwrap()),
            without_nothing(sample.json().clone()),
            "{event_type} loses something when it is read and written"
        );
        assert_eq!(event, sample.event().unwrap());
        assert!(
            ids.insert(event.id().to_owned()),
            "{event_type} shares its id"
        );
    }
}

#[test]
fn samples_are_the_same_on_every_call_and_from_the_sandbox() {
    for event_type in EventType::ALL {
        let sample = sample_event_json(event_type.clone());
        assert_eq!(sample, sample_event_json(event_type.as_str()));
        assert_eq!(sample["livemode"], false, "{event_type}");
        assert_eq!(sample["data"]["object"]["livemode"], false, "{event_type}");
    }
}

/// The state or status that each type's object is in, from the contract's section 2 and 4.
const STATES: [(&str, &str, &str); 25] = [
    ("payment.received", "state", "PAYMENT_RECEIVED"),
    ("payment.captured", "state", "CAPTURED"),
    ("payment.settling", "state", "SETTLING"),
    ("payment.settled", "state", "SETTLED"),
    ("payment.failed", "state", "FAILED"),
    ("payment.refunded", "state", "REFUNDED"),
    ("checkout.session.created", "status", "open"),
    ("checkout.session.completed", "status", "complete"),
    ("checkout.session.expired", "status", "expired"),
    ("refund.created", "status", "pending"),
    ("refund.succeeded", "status", "succeeded"),
    ("refund.failed", "status", "failed"),
    ("dispute.created", "status", "evidence_required"),
    ("dispute.evidence_required", "status", "evidence_required"),
    ("dispute.evidence_submitted", "status", "evidence_submitted"),
    ("dispute.won", "status", "won"),
    ("dispute.lost", "status", "lost"),
    ("subscription.created", "status", "active"),
    ("subscription.updated", "status", "active"),
    ("subscription.cancelled", "status", "cancelled"),
    ("subscription.payment.succeeded", "status", "active"),
    ("subscription.payment.failed", "status", "past_due"),
    ("settlement.completed", "status", "completed"),
    ("merchant.kyb.approved", "kyb_status", "approved"),
    (
        "merchant.kyb.action_required",
        "kyb_status",
        "action_required",
    ),
];

#[test]
fn the_object_is_in_the_state_that_its_event_tells() {
    for (event_type, field, state) in STATES {
        let sample = sample_event_json(event_type);
        assert_eq!(sample["data"]["object"][field], state, "{event_type}");
    }
    // The other four have no state; attached and detached show in whose the card is.
    let attached = sample_event_json("payment_method.attached");
    assert!(attached["data"]["object"]["customer"].is_string());
    let detached = sample_event_json("payment_method.detached");
    assert!(detached["data"]["object"]["customer"].is_null());
}

#[test]
fn a_payments_sample_moved_as_payments_move() {
    // Event, the state before, the field with the time of the move, what is set beside it.
    let moves: [(&str, Value, &str, &[&str]); 6] = [
        ("payment.received", Value::Null, "created_at", &[]),
        (
            "payment.captured",
            json!("PAYMENT_RECEIVED"),
            "captured_at",
            &["fee", "net"],
        ),
        (
            "payment.settling",
            json!("CAPTURED"),
            "settling_at",
            &["fee", "net", "settlement_scheduled_for"],
        ),
        (
            "payment.settled",
            json!("SETTLING"),
            "settled_at",
            &["fee", "net", "settlement_reference", "settlement_method"],
        ),
        (
            "payment.failed",
            json!("PAYMENT_RECEIVED"),
            "failed_at",
            &["failure_code", "failure_message"],
        ),
        (
            "payment.refunded",
            json!("CAPTURED"),
            "refunded_at",
            &["fee", "net", "amount_refunded"],
        ),
    ];
    for (event_type, before, at, set) in moves {
        let sample = sample_event_json(event_type);
        let data = &sample["data"];
        assert_eq!(data["previous_state"], before, "{event_type}");
        assert_eq!(data["state"], data["object"]["state"], "{event_type}");
        assert_eq!(data["transitioned_at"], data["object"][at], "{event_type}");
        assert_eq!(data["transitioned_at"], sample["created_at"]);
        for field in set {
            assert!(!data["object"][*field].is_null(), "{event_type} {field}");
        }
        let reached = data["object"]["ledger_state"].as_str();
        let last = match event_type {
            "payment.received" | "payment.failed" => None,
            "payment.refunded" | "payment.captured" => Some("CAPTURED"),
            _ => data["object"]["state"].as_str(),
        };
        assert_eq!(reached, last, "{event_type}");
    }
}

#[test]
fn no_event_is_older_than_what_it_tells() {
    for event_type in EventType::ALL {
        let sample = sample_event_json(event_type.clone());
        let told = sample["created_at"].as_str().unwrap();
        for (field, at) in sample["data"]["object"].as_object().unwrap() {
            let past = field.ends_with("_at") && field != "expires_at";
            if let (true, Some(at)) = (past, at.as_str()) {
                assert!(at <= told, "{event_type}: {field} {at} is after {told}");
            }
        }
    }
}

#[test]
fn a_sample_can_be_changed_before_it_is_signed() {
    let sample = sample_event(EventType::PaymentSettled)
        .id("evt_00000000000000aa")
        .created_at("2026-06-01T08:00:00Z".parse().unwrap())
        .metadata("a/b~c", "1")
        .set("/data/object/amount", 2500)
        .set("/data/object/customer", Value::Null)
        .set("/data/novelty/deep", true)
        .with(|json| json["data"]["object"]["state"] = json!("TELEPORTED"));
    let verified = Verifier::new(SECRET)
        .unwrap()
        .verify(sample.body(), &sample.signed(SECRET).signature)
        .unwrap();
    let Event::PaymentSettled(event) = verified.event().unwrap() else {
        panic!("{verified:?}")
    };
    assert_eq!(event.id, "evt_00000000000000aa");
    assert_eq!(event.created_at.to_string(), "2026-06-01T08:00:00.000Z");
    let payment = &event.data.object;
    assert_eq!(payment.metadata["a/b~c"], "1");
    assert_eq!((payment.amount, &payment.customer), (2500, &None));
    assert_eq!(payment.state.as_str(), "TELEPORTED");
    assert_eq!(sample.json()["data"]["novelty"]["deep"], true);
    assert!(!format!("{sample:?} {:?}", sample.signed(SECRET)).contains("4242"));
}

#[test]
fn a_type_that_comes_later_has_a_sample_too() {
    let sample = sample_event("moon.landed").set("/data/object/crew", 3);
    let Event::Unknown(event) = sample.event().unwrap() else {
        panic!("{sample:?}")
    };
    assert_eq!(event.type_, "moon.landed");
    assert_eq!(event.raw["data"]["object"]["crew"], 3);
    let delivery = sample.signed_at(SECRET, 1_716_135_600);
    assert!(delivery.signature.starts_with("t=1716135600,v1="));
    let late = Verifier::new(SECRET).unwrap();
    assert!(late.verify(&delivery.body, &delivery.signature).is_err());
}

#[test]
#[should_panic(expected = "leads through what is not an object")]
fn a_change_that_would_change_nothing_is_a_fault_of_the_test() {
    let _ = sample_event(EventType::PaymentSettled).set("/data/object/amount/minor", 1);
}
