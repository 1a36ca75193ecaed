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

/// A test card as the checkout page lists it.
pub(crate) struct Listed {
    pub(crate) number: &'static str,
    /// What paying with it does, in a few words.
    pub(crate) effect: &'static str,
    outcome: Outcome,
}

const fn listed(number: &'static str, outcome: Outcome, effect: &'static str) -> Listed {
    Listed {
        number,
        effect,
        outcome,
    }
}

/// Every test card.
pub(crate) const TEST_CARDS: [Listed; 10] = [
    listed("4242424242424242", Outcome::Success, "Succeeds and settles"),
    listed(
        "5555555555554444",
        Outcome::Success,
        "Succeeds and settles (Mastercard)",
    ),
    listed(
        "4000000000003220",
        Outcome::ChallengeThenSuccess,
        "3-D Secure challenge, then succeeds",
    ),
    listed(
        "4000000000003238",
        Outcome::ChallengeThenFailure,
        "3-D Secure challenge, then fails",
    ),
    listed(
        "4000000000001091",
        Outcome::VersionOneIssuer,
        "Succeeds; the issuer knows only 3-D Secure 1",
    ),
    listed("4000000000000002", Outcome::CardDeclined, "Declined"),
    listed(
        "4000000000009995",
        Outcome::InsufficientFunds,
        "Declined: insufficient funds",
    ),
    listed(
        "4000000000000069",
        Outcome::ExpiredCard,
        "Declined: expired card",
    ),
    listed(
        "4000000000009979",
        Outcome::FraudSuspected,
        "Declined: fraud suspected, do not retry",
    ),
    listed(
        "4000000000001976",
        Outcome::SettlementReturned,
        "Succeeds; the settlement is returned later",
    ),
];

/// The failure of a cardholder who did not pass the challenge of their bank.
pub(crate) const CHALLENGE_FAILED: Failure = Failure {
    code: "three_d_secure_failed",
    message: "The cardholder did not pass the 3-D Secure challenge.",
};

/// The failure of a cardholder who left the challenge of their bank.
pub(crate) const CHALLENGE_ABANDONED: Failure = Failure {
    code: "three_d_secure_failed",
    message: "The cardholder did not finish the 3-D Secure challenge.",
};

/// What a card does when charged: each test card has one, and a test may change that of a stored card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Succeeds and settles.
    Success,
    /// Declined without a more precise reason.
    CardDeclined,
    /// Declined: the account does not hold enough.
    InsufficientFunds,
    /// Declined: the card has expired.
    ExpiredCard,
    /// Declined: the issuer suspects fraud.
    FraudSuspected,
    /// Authorised; the settlement is returned.
    SettlementReturned,
    /// A 3-D Secure challenge, passed. Charged while no cardholder is there, as
    /// [`AuthenticationRequired`](Self::AuthenticationRequired).
    ChallengeThenSuccess,
    /// A 3-D Secure challenge, failed. Charged while no cardholder is there, as
    /// [`AuthenticationRequired`](Self::AuthenticationRequired).
    ChallengeThenFailure,
    /// Declined: the issuer asks the cardholder, and none is there.
    AuthenticationRequired,
    /// Succeeds; the issuer knows only 3-D Secure 1.
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
    pub(crate) const NAMES: [&str; 10] = [
        "success",
        "card_declined",
        "insufficient_funds",
        "expired_card",
        "fraud_suspected",
        "settlement_returned",
        "challenge_then_success",
        "challenge_then_failure",
        "authentication_required",
        "version_one_issuer",
    ];

    /// What it comes to when a stored card is charged: nobody is there to answer a challenge.
    pub(crate) fn off_session(self) -> Self {
        match self.challenges() {
            true => Self::AuthenticationRequired,
            false => self,
        }
    }

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
            Self::AuthenticationRequired => (
                "authentication_required",
                "The issuer asks the cardholder to authenticate, and none is there. Take this payment \
                 through a checkout session.",
            ),
            Self::ChallengeThenFailure => return Some(CHALLENGE_FAILED),
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

    /// Whether the issuer asks the cardholder before it answers.
    pub(crate) fn challenges(self) -> bool {
        matches!(
            self,
            Self::ChallengeThenSuccess | Self::ChallengeThenFailure
        )
    }

    /// How a charge was authenticated that its cardholder is not there for.
    pub(crate) fn three_d_secure_off_session(self, reference: &str) -> ThreeDSecure {
        match self {
            // Version 1 is a page that the cardholder goes to.
            Self::VersionOneIssuer => ThreeDSecure::none("not_required"),
            _ => self.three_d_secure(reference, true),
        }
    }

    /// How the cardholder was authenticated; one who did not answer a challenge was not.
    pub(crate) fn three_d_secure(self, reference: &str, answered: bool) -> ThreeDSecure {
        let (version, method, result) = match self {
            Self::AuthenticationRequired => return ThreeDSecure::none("rejected"),
            Self::ChallengeThenSuccess if !answered => ("2.2.0", "challenge", "failed"),
            Self::ChallengeThenSuccess => ("2.2.0", "challenge", "authenticated"),
            Self::ChallengeThenFailure => ("2.2.0", "challenge", "failed"),
            Self::VersionOneIssuer => ("1.0.2", "challenge", "authenticated"),
            _ => ("2.2.0", "frictionless", "authenticated"),
        };
        let passed = result == "authenticated";
        // Cryptograms of the right shape, made from the payment's id: the same on every run.
        let reversed: Vec<u8> = reference.bytes().rev().collect();
        let digits = format!("{:0<32}", hex::encode(reversed));
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

impl ThreeDSecure {
    /// Nobody was asked, and the issuer says this to it.
    fn none(result: &str) -> Self {
        Self {
            version: None,
            method: "not_required".to_owned(),
            result: result.to_owned(),
            exemption: None,
            eci: None,
            cavv: None,
            ds_trans_id: None,
        }
    }
}

/// The part of a card that may be kept and shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) brand: String,
    pub(crate) last4: String,
    pub(crate) exp_month: i64,
    pub(crate) exp_year: i64,
    pub(crate) country: String,
    pub(crate) funding: String,
}

impl TestCard {
    /// A card as typed in.
    pub(crate) fn new(number: String, exp_month: i64, exp_year: i64, cvc: String) -> Self {
        Self {
            number,
            exp_month,
            exp_year,
            cvc,
        }
    }

    /// What may be kept of this card, and what it does.
    ///
    /// # Errors
    /// `parameter_invalid` for a number that is not a test card, a past expiry or a bad CVC; the
    /// message never repeats the number.
    pub(crate) fn read(&self, now: Time) -> Result<(Card, Outcome), DomainError> {
        if let Some(fault) = self.faults(now).into_iter().next() {
            return Err(fault);
        }
        let listed = self.listed().ok_or_else(unknown_number)?;
        let number = listed.number;
        let brand = if number.starts_with('5') {
            "mastercard"
        } else {
            "visa"
        };
        let card = Card {
            brand: brand.to_owned(),
            last4: number[number.len() - 4..].to_owned(),
            exp_month: self.exp_month,
            exp_year: self.full_year(),
            country: "GB".to_owned(),
            funding: "credit".to_owned(),
        };
        Ok((card, listed.outcome))
    }

    /// Everything that is wrong with this card.
    pub(crate) fn faults(&self, now: Time) -> Vec<DomainError> {
        let mut faults = Vec::new();
        if self.listed().is_none() {
            faults.push(unknown_number());
        }
        let year = self.full_year();
        if !(1..=12).contains(&self.exp_month) {
            faults.push(DomainError::parameter(
                "card[exp_month]",
                "The month is 1 to 12.",
            ));
        } else if (year, self.exp_month) < now.year_and_month() || year > 9999 {
            faults.push(DomainError::parameter(
                "card[exp_year]",
                "Test cards take any expiry in the future.",
            ));
        }
        if self.cvc.len() != 3 || !self.cvc.bytes().all(|byte| byte.is_ascii_digit()) {
            faults.push(DomainError::parameter(
                "card[cvc]",
                "The CVC is three digits.",
            ));
        }
        faults
    }

    fn listed(&self) -> Option<&'static Listed> {
        listed_as(&self.number)
    }

    fn full_year(&self) -> i64 {
        if self.exp_year < 100 {
            self.exp_year + 2000
        } else {
            self.exp_year
        }
    }
}

fn listed_as(number: &str) -> Option<&'static Listed> {
    let number: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    TEST_CARDS.iter().find(|card| card.number == number)
}

/// Whether it is the number of one of the sandbox's cards, which are no secret.
pub(crate) fn is_test_card(number: &str) -> bool {
    listed_as(number).is_some()
}

fn unknown_number() -> DomainError {
    DomainError::parameter(
        "card[number]",
        "This is not one of the sandbox's test cards.",
    )
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
