//! Events of known and unknown types.

#![expect(unreachable_pub, dead_code, reason = "the macro makes public items")]

use super::{Bytes, Deserialize, Error, Serialize, VerifiedEvent};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    id: String,
    amount: i64,
}

event_enum! {
    /// A payment was settled.
    PaymentSettled: "payment.settled" => Payment,
    /// A payment failed.
    PaymentFailed: "payment.failed" => Payment,
}

const SETTLED: &str = r#"{"id":"evt_1","object":"event","type":"payment.settled",
    "api_version":"2031-01-01","livemode":false,"created_at":"2026-05-19T12:00:00.000Z",
    "metadata":{},"novelty":[1],"data":{"object":{"id":"pay_1","amount":1999,"new":true},
    "previous_state":"SETTLING","state":"TELEPORTED","transitioned_at":
    "2026-05-19T12:00:00.000Z","more":{}},"request":{"id":null,"idempotency_key":null}}"#;

#[test]
fn a_known_type_survives_new_fields_states_and_versions() {
    for event in [
        Event::from_slice(SETTLED).unwrap(),
        serde_json::from_str(SETTLED).unwrap(),
    ] {
        assert_eq!(
            (event.id(), event.event_type()),
            ("evt_1", EventType::PaymentSettled)
        );
        let Event::PaymentSettled(envelope) = &event else {
            panic!("{event:?}")
        };
        assert_eq!(envelope.data.object.amount, 1999);
        assert_eq!(envelope.data.state.as_deref(), Some("TELEPORTED"));
        let json = serde_json::to_value(&event).unwrap();
        assert_eq!(json["type"], "payment.settled");
        assert_eq!(json["data"]["object"]["id"], "pay_1");
    }
}

#[test]
fn an_envelope_with_only_what_is_needed_is_read() {
    let event = Event::from_slice(
        r#"{"type":"payment.failed","created_at":"2026-05-19T12:00:00Z","id":"evt_2",
            "data":{"object":{"id":"pay_1","amount":1}}}"#,
    );
    assert_eq!(event.unwrap().event_type(), EventType::PaymentFailed);
}

#[test]
fn an_unknown_type_is_kept_whole() {
    let json = r#"{"id":"evt_9","type":"moon.landed","data":{"x":[1,2.5]},"when":"later"}"#;
    for event in [
        Event::from_slice(json).unwrap(),
        serde_json::from_str(json).unwrap(),
    ] {
        assert_eq!(event.id(), "evt_9");
        assert_eq!(
            event.event_type(),
            EventType::Unknown("moon.landed".to_owned())
        );
        let expected: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_value(&event).unwrap(), expected);
    }
}

#[test]
fn a_fault_is_told_by_its_path() {
    let error = Event::from_slice(SETTLED.replace("1999", "\"hush\"")).unwrap_err();
    let Error::Decode(decode) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(decode.path(), "data.object.amount");
    assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
}

#[test]
fn a_verified_event_reads_itself() {
    let bytes = Bytes::from_static(SETTLED.as_bytes());
    let verified = VerifiedEvent::new(bytes, "evt_1".into(), "payment.settled".into(), 0);
    assert_eq!(Event::read(verified.bytes()).unwrap().id(), verified.id());
    assert_eq!(
        verified.parse::<serde_json::Value>().unwrap()["id"],
        "evt_1"
    );
}
