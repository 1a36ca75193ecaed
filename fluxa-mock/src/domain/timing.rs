//! Owns the grammar of the sandbox timing header: how long each step of a payment takes.

use super::error::DomainError;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};

/// Default pace: each step of a settlement, and a refund.
const DEFAULT_STEP_MS: i64 = 30_000;

/// Longest delay accepted, one year: beyond it a typing error is likelier than an intention.
const LONGEST_MS: i64 = 365 * 24 * 3_600_000;

/// How a payment moves by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Timing {
    /// Straight through, every state and event included.
    Instant,
    /// Only by calls of the sandbox.
    Manual,
    /// By timers, milliseconds after the step before.
    Steps {
        settling_ms: i64,
        settled_ms: i64,
        refund_ms: i64,
    },
}

impl Default for Timing {
    fn default() -> Self {
        Self::Steps {
            settling_ms: DEFAULT_STEP_MS,
            settled_ms: DEFAULT_STEP_MS,
            refund_ms: DEFAULT_STEP_MS,
        }
    }
}

impl Timing {
    /// Parses the header's value.
    ///
    /// # Errors
    /// `parameter_invalid` for anything outside the grammar.
    pub(crate) fn parse(text: &str) -> Result<Self, DomainError> {
        let text = text.trim();
        match text {
            "instant" => return Ok(Self::Instant),
            "manual" => return Ok(Self::Manual),
            _ => {}
        }
        if let Some(each) = parse_duration(text) {
            return Ok(Self::Steps {
                settling_ms: each,
                settled_ms: each,
                refund_ms: each,
            });
        }
        let (mut settling, mut settled, mut refund) = (None, None, None);
        for part in text.split(',') {
            let (name, value) = part.split_once('=').ok_or_else(refuse)?;
            let slot = match name.trim() {
                "settling" => &mut settling,
                "settled" => &mut settled,
                "refund" => &mut refund,
                _ => return Err(refuse()),
            };
            if slot
                .replace(parse_duration(value.trim()).ok_or_else(refuse)?)
                .is_some()
            {
                return Err(refuse());
            }
        }
        Ok(Self::Steps {
            settling_ms: settling.unwrap_or(DEFAULT_STEP_MS),
            settled_ms: settled.unwrap_or(DEFAULT_STEP_MS),
            refund_ms: refund.unwrap_or(DEFAULT_STEP_MS),
        })
    }
}

fn refuse() -> DomainError {
    DomainError::parameter(
        contract::SANDBOX_TIMING,
        "Use instant, manual, a duration (500ms, 5s, 2m) or settling=<d>,settled=<d>,refund=<d>.",
    )
}

fn parse_duration(text: &str) -> Option<i64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().ok()?;
    let scale = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number
        .checked_mul(scale)
        .filter(|millis| *millis <= LONGEST_MS)
}

#[cfg(test)]
mod tests {
    use super::Timing;

    #[test]
    fn every_form_of_the_grammar_is_read() {
        let steps = |settling_ms, settled_ms, refund_ms| Timing::Steps {
            settling_ms,
            settled_ms,
            refund_ms,
        };
        assert_eq!(Timing::parse("instant").unwrap(), Timing::Instant);
        assert_eq!(Timing::parse("manual").unwrap(), Timing::Manual);
        assert_eq!(Timing::parse("500ms").unwrap(), steps(500, 500, 500));
        assert_eq!(
            Timing::parse("2m").unwrap(),
            steps(120_000, 120_000, 120_000)
        );
        let mixed = Timing::parse("settling=1s,settled=2s,refund=3s").unwrap();
        assert_eq!(mixed, steps(1_000, 2_000, 3_000));
        assert_eq!(
            Timing::parse("refund=0s").unwrap(),
            steps(30_000, 30_000, 0)
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "fast",
            "5",
            "-1s",
            "5d",
            "settling",
            "settling=1s,settling=2s",
            "x=1s",
            "1s,",
        ] {
            assert!(Timing::parse(text).is_err(), "{text} was accepted");
        }
    }
}
