//! Owns the sandbox's test cards: what each number does. A number lives only for the length of one
//! call; what is kept is its last four digits and its outcome.

use super::error::DomainError;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A card as typed in. No `Debug` of the number, no `Serialize`.
#[derive(Deserialize)]
pub(crate) struct TestCard {
    number: String,
    exp_month: i64,
    exp_year: i64,
    cvc: String,
}

impl fmt::Debug for TestCard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TestCard(…)")
    }
}

/// What a card does when charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Success,
    CardDeclined,
    InsufficientFunds,
    ExpiredCard,
    FraudSuspected,
    /// Authorised; the settlement is returned.
    SettlementReturned,
    /// A 3DS challenge, passed.
    ChallengeThenSuccess,
    /// A 3DS challenge, failed.
    ChallengeThenFailure,
    /// An issuer with 3DS version 1 only.
    VersionOneIssuer,
}

/// Why a payment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
}

impl Outcome {
    /// The outcome called so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// The names, for people.
    pub(crate) const NAMES: [&str; 9] = [
        "success",
        "card_declined",
        "insufficient_funds",
        "expired_card",
        "fraud_suspected",
        "settlement_returned",
        "challenge_then_success",
        "challenge_then_failure",
        "version_one_issuer",
    ];

    /// The failure at authorisation, if this card has one.
    pub(crate) fn authorisation_failure(self) -> Option<Failure> {
        let (code, message) = match self {
            Self::CardDeclined => ("card_declined", "The card was declined by its issuer."),
            Self::InsufficientFunds => (
                "insufficient_funds",
                "The card's account does not hold enough.",
            ),
            Self::ExpiredCard => ("expired_card", "The card has expired."),
            Self::FraudSuspected => (
                "fraud_suspected",
                "The issuer suspects fraud. Do not retry this card.",
            ),
            Self::ChallengeThenFailure => (
                "three_d_secure_failed",
                "The cardholder did not pass the 3-D Secure challenge.",
            ),
            Self::Success
            | Self::SettlementReturned
            | Self::ChallengeThenSuccess
            | Self::VersionOneIssuer => return None,
        };
        Some(Failure { code, message })
    }

    /// The failure during settlement, if this card has one.
    pub(crate) fn settlement_failure(self) -> Option<Failure> {
        (self == Self::SettlementReturned).then_some(Failure {
            code: "settlement_returned",
            message: "The settlement was returned by the payment partner.",
        })
    }

    /// How the cardholder was authenticated.
    pub(crate) fn three_d_secure(self, reference: &str) -> ThreeDSecure {
        let (version, method, result) = match self {
            Self::ChallengeThenSuccess => ("2.2.0", "challenge", "authenticated"),
            Self::ChallengeThenFailure => ("2.2.0", "challenge", "failed"),
            Self::VersionOneIssuer => ("1.0.2", "challenge", "authenticated"),
            _ => ("2.2.0", "frictionless", "authenticated"),
        };
        let passed = result == "authenticated";
        // Cryptograms of the right shape, made from the payment's id: the same on every run.
        let digits: String = reference
            .bytes()
            .rev()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let digits = format!("{digits:0<32}");
        let transaction = format!(
            "{}-{}-4{}-8{}-{}",
            &digits[..8],
            &digits[8..12],
            &digits[13..16],
            &digits[17..20],
            &digits[20..32]
        );
        ThreeDSecure {
            version: Some(version.to_owned()),
            method: method.to_owned(),
            result: result.to_owned(),
            exemption: None,
            eci: passed.then(|| "05".to_owned()),
            cavv: passed.then(|| format!("AAAC{}", &digits[..24])),
            ds_trans_id: Some(transaction),
        }
    }
}

/// The outcome of authentication, as a payment carries it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ThreeDSecure {
    version: Option<String>,
    method: String,
    result: String,
    exemption: Option<String>,
    eci: Option<String>,
    cavv: Option<String>,
    ds_trans_id: Option<String>,
}

/// The part of a card that may be kept and shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) brand: String,
    pub(crate) last4: String,
    pub(crate) exp_month: i64,
    pub(crate) exp_year: i64,
    pub(crate) country: String,
    pub(crate) funding: String,
}

impl TestCard {
    /// What may be kept of this card, and what it does.
    ///
    /// # Errors
    /// `parameter_invalid` for a number that is not a test card, a past expiry or a bad CVC; the
    /// message never repeats the number.
    pub(crate) fn read(&self, now: Time) -> Result<(Card, Outcome), DomainError> {
        let number: String = self
            .number
            .chars()
            .filter(|c| !matches!(c, ' ' | '-'))
            .collect();
        let outcome = match number.as_str() {
            "4242424242424242" | "5555555555554444" => Outcome::Success,
            "4000000000000002" => Outcome::CardDeclined,
            "4000000000009995" => Outcome::InsufficientFunds,
            "4000000000000069" => Outcome::ExpiredCard,
            "4000000000009979" => Outcome::FraudSuspected,
            "4000000000001976" => Outcome::SettlementReturned,
            "4000000000003220" => Outcome::ChallengeThenSuccess,
            "4000000000003238" => Outcome::ChallengeThenFailure,
            "4000000000001091" => Outcome::VersionOneIssuer,
            _ => {
                return Err(DomainError::parameter(
                    "card[number]",
                    "This is not one of the sandbox's test cards.",
                ));
            }
        };
        if !(1..=12).contains(&self.exp_month) {
            return Err(DomainError::parameter(
                "card[exp_month]",
                "The month is 1 to 12.",
            ));
        }
        let exp_year = if self.exp_year < 100 {
            self.exp_year + 2000
        } else {
            self.exp_year
        };
        if (exp_year, self.exp_month) < now.year_and_month() || exp_year > 9999 {
            return Err(DomainError::parameter(
                "card[exp_year]",
                "Test cards take any expiry in the future.",
            ));
        }
        if self.cvc.len() != 3 || !self.cvc.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DomainError::parameter(
                "card[cvc]",
                "The CVC is three digits.",
            ));
        }
        let card = Card {
            brand: if number.starts_with('5') {
                "mastercard"
            } else {
                "visa"
            }
            .to_owned(),
            last4: number[number.len() - 4..].to_owned(),
            exp_month: self.exp_month,
            exp_year,
            country: "GB".to_owned(),
            funding: "credit".to_owned(),
        };
        Ok((card, outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn every_outcome_has_its_name() {
        for name in Outcome::NAMES {
            assert_eq!(serde_json::to_value(Outcome::named(name)).unwrap(), name);
        }
    }
}
