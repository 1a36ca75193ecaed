//! Owns "did you mean".

use fluxa_sdk::types::EventType;

use crate::error::CliError;

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

/// Returns `fault`, a usage error about an event type that does not exist, with the closest one
/// that does.
pub(crate) fn unknown_event_type(typed: &str, fault: impl Into<String>) -> CliError {
    let error = CliError::usage(fault);
    match closest(typed, event_types().iter().copied()) {
        Some(closest) => error.hint(format!("did you mean `{closest}`?")),
        None => error.hint("`fluxa trigger --list` lists the event types"),
    }
}
