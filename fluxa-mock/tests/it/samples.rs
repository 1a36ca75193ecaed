//! The SDK's sample events against the contract's schemas, which the SDK itself has no means to read.

use fluxa_sdk::testing::sample_event_json;
use fluxa_sdk::types::EventType;

use crate::support::contract::check_event;

#[test]
fn every_sample_event_is_valid_and_has_no_field_of_its_own() {
    for event_type in EventType::ALL {
        check_event(&sample_event_json(event_type.clone()));
    }
}
