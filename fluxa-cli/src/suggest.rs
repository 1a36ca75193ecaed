//! Owns "did you mean".

use fluxa_sdk::types::EventType;

use crate::error::CliError;
use crate::generated::RESOURCES;

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

/// Returns the event type closest to what was typed, or, when that has a `*`, the closest pattern of
/// some: `payment.*` or `*.failed`.
pub(crate) fn closest_pattern(typed: &str) -> Option<String> {
    let known = event_types().iter().copied();
    if !typed.contains('*') {
        return closest(typed, known).map(str::to_owned);
    }
    let of_type = |event: &str| -> Vec<String> {
        let dots = event.match_indices('.');
        dots.flat_map(|(at, _)| [format!("{}.*", &event[..at]), format!("*{}", &event[at..])])
            .collect()
    };
    let patterns: Vec<String> = known.flat_map(of_type).collect();
    closest(typed, patterns.iter().map(String::as_str)).map(str::to_owned)
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

/// Returns what an id of another kind is the id of, and the command that shows it.
pub(crate) fn another_kind(id: &str) -> Option<String> {
    let rest = id.split_once('_')?.1;
    if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    RESOURCES.into_iter().find_map(|resource| {
        let get = resource.operation("get")?;
        let of = get
            .identified
            .as_ref()
            .filter(|of| id.starts_with(of.prefix))?;
        let article = if of.what.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "an"
        } else {
            "a"
        };
        let (what, noun) = (of.what, resource.noun);
        Some(format!(
            "that is the id of {article} {what}: `fluxa {noun} get {id}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::another_kind;

    #[test]
    fn an_id_of_another_kind_is_told_with_the_command_that_shows_it() {
        let of = |id: &str| another_kind(id).unwrap_or_default();
        assert_eq!(
            of("rfd_1a"),
            "that is the id of a refund: `fluxa refunds get rfd_1a`"
        );
        assert!(of("evt_1a").contains("an event: `fluxa events get evt_1a`"));
        assert!(of("key_1a").contains("`fluxa keys get key_1a`"));
        for none in ["sk_test_1", "rfd_", "rfd_$(reboot)", "refund", "xyz_1"] {
            assert_eq!(another_kind(none), None, "{none}");
        }
    }
}
