//! Checks of request fields that the contract states: metadata and amounts.
//!
//! Owns the limits' meaning; the numbers are in `contract`. Responses are never checked.

use std::collections::BTreeMap;

use crate::contract;
use crate::error::Error;

/// Checks metadata: at most 50 keys of at most 40 characters, values of at most 500.
///
/// Characters are Unicode scalar values. The message names the limit and, for a value, its key.
///
/// # Errors
/// [`Error::Config`] when a limit is passed. Nothing has been sent.
pub fn metadata(metadata: &BTreeMap<String, String>) -> Result<(), Error> {
    if metadata.len() > contract::METADATA_MAX_KEYS {
        return Err(Error::config(format!(
            "metadata has {} keys; {} is the most",
            metadata.len(),
            contract::METADATA_MAX_KEYS
        )));
    }
    for (key, value) in metadata {
        let count = key.chars().count();
        if count == 0 || count > contract::METADATA_MAX_KEY_CHARS {
            return Err(Error::config(format!(
                "a metadata key has {count} characters; 1 to {} are allowed",
                contract::METADATA_MAX_KEY_CHARS
            )));
        }
        let count = value.chars().count();
        if count > contract::METADATA_MAX_VALUE_CHARS {
            return Err(Error::config(format!(
                "the metadata value of {key:?} has {count} characters; {} is the most",
                contract::METADATA_MAX_VALUE_CHARS
            )));
        }
    }
    Ok(())
}

/// Checks the amount of a charge in minor units: 30 to 99 999 999.
///
/// # Errors
/// [`Error::Config`] when it is outside. Nothing has been sent.
pub fn amount(amount_minor: i64) -> Result<(), Error> {
    let allowed = contract::AMOUNT_MINOR_MIN..=contract::AMOUNT_MINOR_MAX;
    if allowed.contains(&amount_minor) {
        return Ok(());
    }
    Err(Error::config(format!(
        "the amount is {amount_minor} minor units; {} to {} can be charged",
        contract::AMOUNT_MINOR_MIN,
        contract::AMOUNT_MINOR_MAX
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(key.to_owned(), value.to_owned())])
    }

    #[test]
    fn limits_count_characters_and_not_bytes() {
        assert!(metadata(&one(&"é".repeat(40), &"🦀".repeat(500))).is_ok());
        assert!(metadata(&one(&"a".repeat(41), "x")).is_err());
        assert!(metadata(&one("a", &"x".repeat(501))).is_err());
        assert!(metadata(&one("", "x")).is_err());
        let keys = |count: u32| (0..count).map(|n| (n.to_string(), String::new())).collect();
        assert!(metadata(&keys(50)).is_ok());
        assert!(metadata(&keys(51)).is_err());
    }

    #[test]
    fn amounts_outside_the_limits_are_refused() {
        for (amount_minor, good) in [
            (29, false),
            (30, true),
            (99_999_999, true),
            (100_000_000, false),
            (-30, false),
        ] {
            assert_eq!(amount(amount_minor).is_ok(), good, "{amount_minor}");
        }
    }
}
