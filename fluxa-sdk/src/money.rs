//! Money: whole minor units and a currency, without floating point anywhere.
//!
//! Owns arithmetic and display. Which amounts a charge may have is `validate`'s.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;

/// An ISO 4217 currency code in upper case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency(Cow<'static, str>);

impl Currency {
    /// Pounds sterling, the launch currency.
    pub const GBP: Self = Self(Cow::Borrowed("GBP"));
    /// Euros.
    pub const EUR: Self = Self(Cow::Borrowed("EUR"));
    /// United States dollars.
    pub const USD: Self = Self(Cow::Borrowed("USD"));

    /// Returns the currency after checking that `code` is three ASCII letters of either case.
    ///
    /// # Errors
    /// [`Error::Config`] when it is not. Nothing has been sent.
    pub fn parse(code: &str) -> Result<Self, Error> {
        if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Ok(Self::lenient(code));
        }
        Err(Error::config(
            "a currency is three letters of ISO 4217, such as `GBP`",
        ))
    }

    /// Returns the code in upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns how many decimal digits the minor unit has: 2 for pounds, 0 for yen.
    pub fn minor_digits(&self) -> u32 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }

    fn lenient(code: &str) -> Self {
        match code.to_ascii_uppercase() {
            code if code == "GBP" => Self::GBP,
            code => Self(Cow::Owned(code)),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Currency {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Currency {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self, Error> {
        Self::parse(code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Currency {
    /// Reads any text: what the server calls a currency is one.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::lenient(&String::deserialize(deserializer)?))
    }
}

/// An amount in whole minor units of a currency.
///
/// ```
/// use fluxa_sdk::Money;
/// assert_eq!(Money::gbp(1999).to_string(), "19.99 GBP");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Money {
    /// The amount in minor units: pence for pounds.
    pub amount_minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Returns an amount of `currency`.
    pub const fn new(amount_minor: i64, currency: Currency) -> Self {
        Self {
            amount_minor,
            currency,
        }
    }

    /// Returns an amount of pence.
    pub const fn gbp(amount_minor: i64) -> Self {
        Self::new(amount_minor, Currency::GBP)
    }

    /// Returns an amount of euro cents.
    pub const fn eur(amount_minor: i64) -> Self {
        Self::new(amount_minor, Currency::EUR)
    }

    /// Returns an amount of United States cents.
    pub const fn usd(amount_minor: i64) -> Self {
        Self::new(amount_minor, Currency::USD)
    }

    /// Returns the sum, or `None` when the currencies differ or it does not fit.
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        self.combine(other, i64::checked_add)
    }

    /// Returns the difference, or `None` when the currencies differ or it does not fit.
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(&self, other: &Self, operation: fn(i64, i64) -> Option<i64>) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        let amount_minor = operation(self.amount_minor, other.amount_minor)?;
        Some(Self::new(amount_minor, self.currency.clone()))
    }
}

impl<'de> Deserialize<'de> for Money {
    /// Reads what is written by [`Serialize`]: `{"amount_minor":1999,"currency":"GBP"}`.
    ///
    /// Unlike an answer of the API this is the caller's own data, so a currency that has not the
    /// form of one is a fault, and so is a field that is unknown: half of it may be misspelt.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Money", deny_unknown_fields)]
        struct Fields {
            amount_minor: i64,
            currency: String,
        }
        let Fields {
            amount_minor,
            currency,
        } = Fields::deserialize(deserializer)?;
        let currency = Currency::parse(&currency).map_err(serde::de::Error::custom)?;
        Ok(Self::new(amount_minor, currency))
    }
}

impl fmt::Display for Money {
    /// Writes the amount in major units, then the code: `19.99 GBP`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.amount_minor < 0 { "-" } else { "" };
        let digits = self.currency.minor_digits();
        let scale = 10_u64.pow(digits);
        let amount = self.amount_minor.unsigned_abs();
        let (major, minor) = (amount / scale, amount % scale);
        match digits {
            0 => write!(f, "{sign}{major} {}", self.currency),
            _ => write!(
                f,
                "{sign}{major}.{minor:0width$} {}",
                self.currency,
                width = digits as usize
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_major_units() {
        for (money, text) in [
            (Money::gbp(1999), "19.99 GBP"),
            (Money::gbp(5), "0.05 GBP"),
            (Money::gbp(-5), "-0.05 GBP"),
            (
                Money::new(1999, Currency::parse("jpy").unwrap()),
                "1999 JPY",
            ),
            (
                Money::new(1999, Currency::parse("KWD").unwrap()),
                "1.999 KWD",
            ),
            (Money::gbp(i64::MIN), "-92233720368547758.08 GBP"),
        ] {
            assert_eq!(money.to_string(), text);
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_nothing_else() {
        for money in [Money::gbp(1999), Money::eur(-5), Money::usd(i64::MAX)] {
            let json = serde_json::to_string(&money).unwrap();
            assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
        }
        let lower = r#"{"amount_minor":1,"currency":"gbp"}"#;
        assert_eq!(serde_json::from_str::<Money>(lower).unwrap(), Money::gbp(1));
        for bad in [
            r#"{"amount_minor":1}"#,
            r#"{"amount_minor":1,"currency":"XBTC"}"#,
            r#"{"amount_minor":1,"currency":""}"#,
            r#"{"amount_minor":19.99,"currency":"GBP"}"#,
            r#"{"amount_minor":"1","currency":"GBP"}"#,
            r#"{"amount_minor":1,"currency":"GBP","minor":2}"#,
            r#"{"amount":1,"currency":"GBP"}"#,
        ] {
            assert!(serde_json::from_str::<Money>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn arithmetic_refuses_other_currencies_and_overflow() {
        assert_eq!(
            Money::gbp(2).checked_add(&Money::gbp(3)),
            Some(Money::gbp(5))
        );
        assert_eq!(
            Money::gbp(2).checked_sub(&Money::gbp(3)),
            Some(Money::gbp(-1))
        );
        assert_eq!(Money::gbp(2).checked_add(&Money::eur(3)), None);
        assert_eq!(Money::gbp(i64::MAX).checked_add(&Money::gbp(1)), None);
    }

    #[test]
    fn a_currency_is_upper_cased_on_both_ways_in() {
        assert_eq!(
            serde_json::from_str::<Currency>("\"gbp\"").unwrap(),
            Currency::GBP
        );
        assert_eq!(Currency::parse("eur").unwrap(), Currency::EUR);
        assert_eq!(
            serde_json::from_str::<Currency>("\"XBTC\"")
                .unwrap()
                .as_str(),
            "XBTC"
        );
        for bad in ["", "GB", "POUND", "G1P", "£££"] {
            assert!(Currency::parse(bad).is_err(), "{bad}");
        }
    }
}
