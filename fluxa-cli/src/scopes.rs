//! Owns the scopes of restricted keys: those that the contract's operations ask for.

use std::collections::BTreeSet;

use crate::generated::RESOURCES;
use crate::suggest;

/// Where an operation's description names its scope.
const NAMED: &str = "need the scope `";

/// Reads `RESOURCE:RIGHT`.
///
/// # Errors
/// A scope of no resource, or no right, with the one that was probably meant: the key would lack what
/// it is made for.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let text = text.trim();
    let known = known();
    let resources: BTreeSet<&str> = known.iter().filter_map(|scope| resource(scope)).collect();
    // Each resource may be read and written, also where no operation does both yet.
    let is_scope = text.split_once(':').is_some_and(|(resource, right)| {
        resources.contains(resource) && matches!(right, "read" | "write")
    });
    if is_scope {
        return Ok(text.to_owned());
    }
    if resources.contains(text) {
        return Err(format!("`{text}:read`, or `{text}:write`?"));
    }
    let typed = text.to_lowercase().replace(['-', '.', '='], "_");
    Err(match suggest::closest(&typed, known.iter().copied()) {
        Some(meant) => format!("there is no such scope: did you mean `{meant}`?"),
        None => format!(
            "a scope is RESOURCE:read or RESOURCE:write; the resources: {}",
            resources.into_iter().collect::<Vec<_>>().join(", ")
        ),
    })
}

fn resource(scope: &str) -> Option<&str> {
    scope.split_once(':').map(|(resource, _)| resource)
}

/// Returns the scopes that the contract names.
fn known() -> BTreeSet<&'static str> {
    let operations = RESOURCES.into_iter().flat_map(|noun| noun.operations);
    operations
        .filter_map(|operation| {
            let (_, rest) = operation.description.split_once(NAMED)?;
            rest.split('`').next()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_but_the_open_ones_names_its_scope() {
        let operations = RESOURCES.into_iter().flat_map(|noun| noun.operations);
        let silent: Vec<&str> = operations
            .filter(|operation| !operation.description.contains(NAMED))
            .map(|operation| operation.path)
            .collect();
        assert_eq!(silent, ["/status"]);
        assert!(known().contains("refunds:write"));
    }

    #[test]
    fn a_scope_that_does_not_exist_is_told_with_what_was_meant() {
        for right in ["refunds:write", "listen_sessions:read", " payments:read "] {
            assert_eq!(parse(right).as_deref(), Ok(right.trim()));
        }
        for (wrong, says) in [
            ("refund:write", "did you mean `refunds:write`?"),
            ("refunds:wirte", "did you mean `refunds:write`?"),
            ("Refunds:Write", "did you mean `refunds:write`?"),
            (
                "webhook-endpoints:read",
                "did you mean `webhook_endpoints:read`?",
            ),
            ("refunds", "`refunds:read`, or `refunds:write`?"),
            ("*", "the resources: api_keys, checkout"),
            ("", "the resources: api_keys, checkout"),
        ] {
            let error = parse(wrong).unwrap_err();
            assert!(error.contains(says), "{wrong}: {error}");
        }
    }
}
