//! Owns which events are wanted: exact types and globs.

use fluxa_sdk::types::EventType;

use crate::error::{CliError, Result};
use crate::suggest;

/// Patterns over event types; none means every event.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    patterns: Vec<String>,
}

impl Filter {
    /// Reads the patterns as they were typed.
    ///
    /// # Errors
    /// What matches no type, because it would be waited for in vain; and a list with nothing in it,
    /// as a variable that is not set makes one: it would mean everything.
    pub(crate) fn parse(typed: &[String]) -> Result<Self> {
        let patterns: Vec<String> = typed
            .iter()
            .map(|pattern| pattern.trim().to_owned())
            .filter(|pattern| !pattern.is_empty())
            .collect();
        if patterns.is_empty() && !typed.is_empty() {
            return Err(CliError::usage("the list of event types is empty")
                .hint("is a variable not set? `*` means every type"));
        }
        let known = suggest::event_types();
        for pattern in &patterns {
            if known.iter().any(|event| matches(pattern, event)) {
                continue;
            }
            let fault = CliError::usage(format!("no event type matches `{pattern}`"));
            return Err(fault.hint(match suggest::closest_pattern(pattern) {
                Some(closest) => format!("did you mean `{closest}`?"),
                None => "`fluxa trigger --list` lists the event types".to_owned(),
            }));
        }
        Ok(Self { patterns })
    }

    pub(crate) fn wants(&self, event_type: &str) -> bool {
        self.patterns.is_empty()
            || self
                .patterns
                .iter()
                .any(|pattern| matches(pattern, event_type))
    }

    pub(crate) fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Returns the types to ask the server for. Empty, hence everything, when there is a glob: a
    /// type that is newer than this program may match it.
    pub(crate) fn exact_types(&self) -> Vec<EventType> {
        if self.patterns.iter().any(|pattern| pattern.contains('*')) {
            return Vec::new();
        }
        self.patterns
            .iter()
            .map(|pattern| EventType::from(pattern.as_str()))
            .collect()
    }
}

/// Returns whether `text` matches `pattern`, in which `*` stands for any characters.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_shells_do() {
        for (pattern, text, expected) in [
            ("*", "payment.settled", true),
            ("payment.*", "payment.settled", true),
            ("payment.*", "payment_method.attached", false),
            ("*.failed", "subscription.payment.failed", true),
            ("*.failed", "payment.settled", false),
            ("subscription.*.failed", "subscription.payment.failed", true),
            ("subscription.*.failed", "subscription.failed", false),
            ("payment.settled", "payment.settled", true),
            ("payment.settled", "payment.settled2", false),
            ("pay*ment.*led", "payment.settled", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_type_that_does_not_exist_is_refused_with_a_suggestion() {
        let error = Filter::parse(&["payment.setled".into()]).unwrap_err();
        assert_eq!(
            error.hint.as_deref(),
            Some("did you mean `payment.settled`?")
        );
        assert!(Filter::parse(&["refund.*".into(), "customer.created".into()]).is_ok());
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_refused_with_a_pattern() {
        for (typed, meant) in [
            ("paymnt.*", "payment.*"),
            ("refnd.*", "refund.*"),
            ("checkout.sesion.*", "checkout.session.*"),
            ("*.faild", "*.failed"),
        ] {
            let error = Filter::parse(&[typed.into()]).unwrap_err();
            let hint = format!("did you mean `{meant}`?");
            assert_eq!(error.hint, Some(hint), "{typed}");
        }
    }

    #[test]
    fn a_list_with_nothing_in_it_is_not_everything() {
        for typed in [&[""][..], &["", ""], &[" "]] {
            let typed: Vec<String> = typed.iter().map(|&one| one.into()).collect();
            assert!(Filter::parse(&typed).is_err(), "{typed:?}");
        }
        assert!(Filter::parse(&[]).unwrap().wants("payment.settled"));
    }

    #[test]
    fn the_server_filters_only_when_every_type_is_exact() {
        let exact = Filter::parse(&["payment.settled".into()]).unwrap();
        assert_eq!(exact.exact_types().len(), 1);
        let glob = Filter::parse(&["payment.settled".into(), "refund.*".into()]).unwrap();
        assert!(glob.exact_types().is_empty());
    }
}
