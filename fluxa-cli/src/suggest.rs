//! Owns "did you mean".

use fluxa_sdk::types::EventType;

/// Returns the candidate closest to `typed`, when it is close enough to be what was meant.
pub(crate) fn closest<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(typed, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|one, two| one.0.total_cmp(&two.0))
        .map(|(_, candidate)| candidate)
}

/// Returns the names of all event types of the contract.
pub(crate) fn event_types() -> &'static [&'static str] {
    EventType::KNOWN
}
