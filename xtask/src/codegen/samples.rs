//! A sample of every event, from the contract's own examples, for `fluxa_sdk::testing`.
//!
//! The contract gives each event's content. What is set here is what one document cannot give to
//! all of them: an id for each, and that they come from the sandbox.

use serde_json::{Map, Value, json};

use super::contract::Contract;

/// Returns the samples as one JSON object, event type → event.
pub(crate) fn samples(contract: &Contract) -> Result<String, String> {
    let mut samples = Map::new();
    for event in &contract.events {
        let name = &event.schema;
        let mut sample = contract
            .schemas
            .get(name)
            .and_then(|schema| schema.pointer("/examples/0"))
            .cloned()
            .ok_or_else(|| format!("{name} has no example, and so there is no sample of it"))?;
        if sample.get("type").and_then(Value::as_str) != Some(&event.wire) {
            return Err(format!("the example of {name} is not a {}", event.wire));
        }
        set(&mut sample, "/id", json!(id(&event.wire)), name)?;
        for livemode in ["/livemode", "/data/object/livemode"] {
            set(&mut sample, livemode, json!(false), name)?;
        }
        samples.insert(event.wire.clone(), sample);
    }
    let text = serde_json::to_string_pretty(&Value::Object(samples))
        .map_err(|error| format!("samples: {error}"))?;
    Ok(text + "\n")
}

fn set(sample: &mut Value, pointer: &str, value: Value, name: &str) -> Result<(), String> {
    let field = sample
        .pointer_mut(pointer)
        .ok_or_else(|| format!("the example of {name} has no {pointer}"))?;
    *field = value;
    Ok(())
}

/// Returns an id that follows from the type alone (FNV-1a), so that a new event moves no other's.
fn id(event_type: &str) -> String {
    let hash = event_type
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("evt_{hash:016x}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::{id, samples};
    use crate::codegen::contract::Contract;

    fn contract() -> Value {
        let text = fs::read_to_string(crate::root().join("openapi.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn an_event_without_an_example_of_its_own_type_is_named() {
        let mut document = contract();
        let pointer = "/components/schemas/PaymentSettledEvent/examples/0/type";
        *document.pointer_mut(pointer).unwrap() = json!("payment.settling");
        let fault = samples(&Contract::read(&document).unwrap()).unwrap_err();
        assert!(fault.contains("PaymentSettledEvent"), "{fault}");
        let pointer = "/components/schemas/PaymentSettledEvent";
        let schema = document.pointer_mut(pointer).unwrap();
        schema.as_object_mut().unwrap().remove("examples");
        let fault = samples(&Contract::read(&document).unwrap()).unwrap_err();
        assert!(fault.contains("PaymentSettledEvent"), "{fault}");
    }

    #[test]
    fn an_id_follows_from_the_type_alone() {
        // FNV-1a of "a", from the function's published test vectors.
        assert_eq!(id("a"), "evt_af63dc4c8601ec8c");
    }
}
