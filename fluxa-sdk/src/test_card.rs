//! The sandbox's test cards, by what they do.

use crate::generated::types::TestCard;

/// An expiry that stays in the future, however far a sandbox's clock is moved in a test.
const EXPIRY: (i64, i64) = (12, 2090);

macro_rules! cards {
    ($($(#[$meta:meta])* $name:ident => $number:literal),* $(,)?) => {
        /// The cards of the testing page. Any future expiry and any three digits go with them.
        impl TestCard {
            $(
                $(#[$meta])*
                #[must_use]
                pub fn $name() -> Self {
                    Self::new($number, EXPIRY.0, EXPIRY.1, "123")
                }
            )*
        }
    };
}

cards! {
    /// Pays, and goes through every state to SETTLED (Visa, …4242).
    visa => "4242424242424242",
    /// Pays, and goes through every state to SETTLED (Mastercard, …4444).
    mastercard => "5555555555554444",
    /// Is declined without a more precise reason (…0002).
    declined => "4000000000000002",
    /// Is declined for insufficient funds (…9995).
    insufficient_funds => "4000000000009995",
    /// Is declined because it has expired (…0069).
    expired => "4000000000000069",
    /// Is declined for suspected fraud: do not retry (…9979).
    fraud_suspected => "4000000000009979",
    /// Is authorised; then the settlement is returned, and the payment fails from SETTLING (…1976).
    settlement_returned => "4000000000001976",
    /// Asks for a 3-D Secure challenge, then pays (…3220).
    challenge => "4000000000003220",
    /// Asks for a 3-D Secure challenge, which fails (…3238).
    challenge_failed => "4000000000003238",
    /// Belongs to an issuer that knows 3-D Secure version 1 only (…1091).
    three_d_secure_v1 => "4000000000001091",
}

impl From<TestCard> for crate::generated::types::CompleteCheckoutSession {
    fn from(card: TestCard) -> Self {
        Self::new(card)
    }
}
