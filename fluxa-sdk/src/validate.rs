//! Checks of request fields that the contract states: metadata, amounts, bounds, URLs.
//!
//! Owns the limits' meaning; the numbers are in `contract`, and those of single fields come with
//! generated code. Responses are never checked, and no message repeats a value: it may be a secret
//! in the wrong place.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use reqwest::Url;

use crate::contract;
use crate::error::Error;
use crate::money::Currency;

/// Checks metadata: at most 50 keys of at most 40 characters, values of at most 500.
///
/// Characters are Unicode scalar values. No key has a control character and no value a NUL, which
/// stores and exports cannot hold; a value may have several lines. The message names the limit and,
/// for a value, its key.
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
        if key.chars().any(char::is_control) {
            return Err(Error::config(
                "a metadata key has a control character, such as a line end; take it out",
            ));
        }
        if value.contains('\0') {
            return Err(Error::config(format!(
                "the metadata value of {key:?} has a NUL character; take it out"
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

/// Checks that a currency, which may come from a response, has the form of one.
///
/// Which currencies can be charged is for the server to say.
pub(crate) fn currency(currency: &Currency) -> Result<(), Error> {
    Currency::parse(currency.as_str()).map(drop)
}

/// Checks the bounds of a number.
pub(crate) fn number(name: &str, number: i64, allowed: RangeInclusive<i64>) -> Result<(), Error> {
    if allowed.contains(&number) {
        return Ok(());
    }
    let (low, high) = (*allowed.start(), *allowed.end());
    Err(Error::config(match high {
        i64::MAX => format!("`{name}` is {number}; {low} is the least"),
        _ => format!("`{name}` is {number}; it can be {low} to {high}"),
    }))
}

/// Checks the length of a text, in Unicode scalar values.
pub(crate) fn text(name: &str, text: &str, most: usize) -> Result<(), Error> {
    match text.chars().count() {
        count if count <= most => Ok(()),
        count => Err(Error::config(format!(
            "`{name}` has {count} characters; {most} is the most"
        ))),
    }
}

/// Checks the form of an email address: something, one `@`, and a domain.
///
/// Whether it exists is for the mail to find out.
pub(crate) fn email(name: &str, text: &str) -> Result<(), Error> {
    let formed = text.split_once('@').is_some_and(|(user, domain)| {
        !user.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    if formed && !text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Ok(());
    }
    Err(Error::config(format!(
        "`{name}` is not an email address, such as ada@example.com"
    )))
}

/// Checks a cursor: it is the server's own text, but never empty and on one line.
///
/// An empty one would start the list again, from the first item.
pub(crate) fn cursor(text: &str) -> Result<(), Error> {
    if !text.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Ok(());
    }
    Err(Error::config(
        "a cursor is not empty and has no spaces or control characters; give a page's \
         `next_cursor`, the id of an item or an error's `cursor()`, or leave `after` out to start \
         at the first item",
    ))
}

/// Checks a sandbox timing against its grammar: a misspelt one would be the server's 400 only
/// when it gets there.
pub(crate) fn sandbox_timing(text: &str) -> Result<(), Error> {
    let duration = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && matches!(&text[digits..], "ms" | "s" | "m" | "h")
    };
    let step = |part: &str| {
        part.split_once('=').is_some_and(|(name, value)| {
            matches!(name, "settling" | "settled" | "refund") && duration(value)
        })
    };
    if matches!(text, "instant" | "manual") || duration(text) || text.split(',').all(step) {
        return Ok(());
    }
    Err(Error::config(
        "a sandbox timing is `instant`, `manual`, a duration for each step (`500ms`, `5s`, `2m`, \
         `1h`) or `settling=<d>,settled=<d>,refund=<d>`",
    ))
}

/// Checks an address that a browser is sent to: an absolute http or https URL.
pub(crate) fn url(name: &str, text: &str) -> Result<(), Error> {
    absolute(text).map(drop).ok_or_else(|| {
        Error::config(format!(
            "`{name}` is not an absolute http or https URL, such as https://shop.example/done"
        ))
    })
}

/// Checks an address that Fluxa is to call: https, or http to this machine.
pub(crate) fn webhook_url(text: &str) -> Result<(), Error> {
    let loopback = |url: &Url| url.host_str().is_some_and(crate::client::is_loopback);
    match absolute(text) {
        Some(url) if url.scheme() == "https" || loopback(&url) => Ok(()),
        _ => Err(Error::config(
            "the URL of a webhook endpoint is https; plain http is for loopback hosts in test mode",
        )),
    }
}

fn absolute(text: &str) -> Option<Url> {
    // The parser drops line ends and tabs; what is sent would still have them.
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
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
