//! Owns what came of a scenario. Knows nothing of how it is shown.

use std::time::Duration;

use crate::error::{CliError, Kind};

/// Why a scenario did not hold.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Decides the exit code.
    pub(crate) kind: Kind,
    /// The number of the step, its line and what it does; none when it failed before the first.
    pub(crate) step: Option<(usize, usize, String)>,
    pub(crate) expected: String,
    pub(crate) got: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(super) fn new(kind: Kind, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self {
            kind,
            step: None,
            expected: expected.into(),
            got: got.into(),
            hint: None,
        }
    }

    /// Makes a failure of an error; `expected` is what was to happen.
    pub(super) fn of(error: CliError, expected: impl Into<String>) -> Self {
        Self {
            hint: error.hint,
            ..Self::new(error.kind, expected, error.message)
        }
    }
}

/// What came of a scenario.
#[derive(Clone, Debug)]
pub(crate) enum Verdict {
    Held,
    Failed(Box<Failure>),
    /// It did not run, or not to its end.
    Skipped,
}

/// What came of a scenario, and what happened in it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) duration: Duration,
    /// How many events came of each type.
    pub(crate) events: Vec<(String, u64)>,
    /// The last lines that the server printed.
    pub(crate) server_output: Vec<String>,
}

impl Outcome {
    /// That of a scenario which did not run.
    pub(crate) fn skipped() -> Self {
        Self {
            verdict: Verdict::Skipped,
            duration: Duration::ZERO,
            events: Vec::new(),
            server_output: Vec::new(),
        }
    }

    pub(crate) fn failure(&self) -> Option<&Failure> {
        match &self.verdict {
            Verdict::Failed(failure) => Some(failure),
            Verdict::Held | Verdict::Skipped => None,
        }
    }
}

/// Returns the kind that decides the exit code of all: what kept a scenario from being judged comes
/// before what was judged, and an answer of the server last.
pub(crate) fn gravest(kinds: impl IntoIterator<Item = Kind>) -> Option<Kind> {
    let rank = |kind: &Kind| match kind {
        Kind::Endpoint => 0,
        Kind::Unmet => 1,
        Kind::Network => 2,
        Kind::Auth => 3,
        _ => 4,
    };
    kinds.into_iter().max_by_key(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_that_of_the_gravest_failure() {
        assert_eq!(gravest([]), None);
        assert_eq!(gravest([Kind::Endpoint]), Some(Kind::Endpoint));
        assert_eq!(
            gravest([Kind::Endpoint, Kind::Unmet, Kind::Endpoint]),
            Some(Kind::Unmet)
        );
        assert_eq!(gravest([Kind::Unmet, Kind::Network]), Some(Kind::Network));
        assert_eq!(gravest([Kind::Failure, Kind::Auth]), Some(Kind::Failure));
    }
}
