//! Secrets: API keys and webhook secrets, redacted and wiped.
//!
//! Owns their checks and their `Debug`. They have no `Display` and no `Serialize` on purpose: a
//! secret must be taken out by name (`expose`), never by accident.

use std::fmt;

use zeroize::Zeroizing;

use crate::contract;
use crate::error::Error;

/// The fewest characters a secret must have beyond its prefix for its last four to be shown.
const MIN_CHARS_TO_SHOW_TAIL: usize = 16;

/// Whether a key acts on real money.
///
/// Not `#[non_exhaustive]`, on purpose: a match handles both and needs no `_` arm, in which real
/// money could pass for test money. A third would be a breaking change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The sandbox: no money moves.
    Test,
    /// Real payments.
    Live,
}

/// A secret (`sk_`) or restricted (`rk_`) API key. Wiped from memory when dropped.
#[derive(Clone)]
pub struct ApiKey {
    text: Zeroizing<String>,
    mode: Mode,
}

impl ApiKey {
    /// Returns the key after checking its form.
    ///
    /// # Errors
    /// [`Error::Config`] when it is empty, has characters no key has (a trailing newline is the
    /// usual one), is publishable (`pk_`), has no known prefix, or nothing behind it. The message never repeats it.
    pub fn new(key: impl Into<String>) -> Result<Self, Error> {
        let text = Zeroizing::new(key.into());
        if text.is_empty() {
            return Err(Error::config("the API key is empty"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(
                "the API key contains a space, a control character or non-ASCII text; \
                 look for a trailing newline",
            ));
        }
        if text.starts_with(contract::PUBLISHABLE_KEY_PREFIX) {
            return Err(Error::config(format!(
                "this is a publishable key (`{}…`), made for browsers; servers use the secret key \
                 (`{}…`) or a restricted one (`{}…`)",
                contract::PUBLISHABLE_KEY_PREFIX,
                contract::SECRET_KEY_PREFIX,
                contract::RESTRICTED_KEY_PREFIX,
            )));
        }
        let kind = [contract::SECRET_KEY_PREFIX, contract::RESTRICTED_KEY_PREFIX];
        let rest = kind.iter().find_map(|prefix| text.strip_prefix(prefix));
        let mode = match rest {
            Some(rest) if rest.starts_with(contract::TEST_KEY_INFIX) => Mode::Test,
            Some(rest) if rest.starts_with(contract::LIVE_KEY_INFIX) => Mode::Live,
            _ => {
                return Err(Error::config(format!(
                    "this is not an API key: it starts with neither `{}` nor `{}`, followed by \
                     `{}` or `{}`",
                    contract::SECRET_KEY_PREFIX,
                    contract::RESTRICTED_KEY_PREFIX,
                    contract::TEST_KEY_INFIX,
                    contract::LIVE_KEY_INFIX,
                )));
            }
        };
        let infix = match mode {
            Mode::Test => contract::TEST_KEY_INFIX,
            Mode::Live => contract::LIVE_KEY_INFIX,
        };
        if rest == Some(infix) {
            return Err(Error::config(format!(
                "the API key is incomplete: nothing follows `{}`; look for where it was cut",
                text.as_str()
            )));
        }
        Ok(Self { text, mode })
    }

    /// Returns whether the key acts on real money.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Returns the key itself. Keep it out of logs.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for ApiKey {
    /// Writes the prefix and the last four characters: `sk_test_…0000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let infix = match self.mode {
            Mode::Test => contract::TEST_KEY_INFIX,
            Mode::Live => contract::LIVE_KEY_INFIX,
        };
        let shown = contract::SECRET_KEY_PREFIX.len() + infix.len();
        write_redacted(f, &self.text, shown)
    }
}

impl TryFrom<&str> for ApiKey {
    type Error = Error;

    fn try_from(key: &str) -> Result<Self, Error> {
        Self::new(key)
    }
}

impl TryFrom<String> for ApiKey {
    type Error = Error;

    fn try_from(key: String) -> Result<Self, Error> {
        Self::new(key)
    }
}

/// A webhook secret (`whsec_…`), used as it is, prefix included. Wiped when dropped.
#[derive(Clone)]
pub struct WebhookSecret(Zeroizing<String>);

impl WebhookSecret {
    /// Returns the secret after checking that there is one.
    ///
    /// # Errors
    /// [`Error::Config`] when it is empty or the prefix alone, with which anyone could sign, or has
    /// white space or a control character, with which every signature would fail.
    pub fn new(secret: impl Into<String>) -> Result<Self, Error> {
        let text = Zeroizing::new(secret.into());
        if text.is_empty() {
            return Err(Error::config(
                "the webhook secret is empty: anyone could sign with it",
            ));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Error::config(
                "the webhook secret contains a space or a control character; look for a trailing \
                 newline",
            ));
        }
        if *text == contract::WEBHOOK_SECRET_PREFIX {
            return Err(Error::config(format!(
                "the webhook secret is incomplete: nothing follows `{}`, and anyone could sign \
                 with that",
                contract::WEBHOOK_SECRET_PREFIX
            )));
        }
        Ok(Self(text))
    }

    /// Returns the secret itself. Keep it out of logs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.starts_with(contract::WEBHOOK_SECRET_PREFIX) {
            true => write_redacted(f, &self.0, contract::WEBHOOK_SECRET_PREFIX.len()),
            false => write_redacted(f, &self.0, 0),
        }
    }
}

impl TryFrom<&str> for WebhookSecret {
    type Error = Error;

    fn try_from(secret: &str) -> Result<Self, Error> {
        Self::new(secret)
    }
}

impl TryFrom<String> for WebhookSecret {
    type Error = Error;

    fn try_from(secret: String) -> Result<Self, Error> {
        Self::new(secret)
    }
}

impl TryFrom<&WebhookSecret> for WebhookSecret {
    type Error = Error;

    fn try_from(secret: &WebhookSecret) -> Result<Self, Error> {
        Ok(secret.clone())
    }
}

/// Text of a response or request that must not be shown: an API key just made, a signing secret, a
/// test card's number. Redacted in `Debug`, wiped when dropped.
///
/// It is written in full when the object that holds it is serialised: whoever makes a key must be
/// able to store it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Returns the text itself. Keep it out of logs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl serde::Serialize for SecretText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

fn write_redacted(f: &mut fmt::Formatter<'_>, text: &str, shown: usize) -> fmt::Result {
    let (prefix, rest) = text.split_at(shown);
    let count = rest.chars().count();
    let hidden = match count >= MIN_CHARS_TO_SHOW_TAIL {
        true => count - 4,
        false => count,
    };
    let tail: String = rest.chars().skip(hidden).collect();
    write!(f, "{prefix}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_prefix_and_at_most_four_characters() {
        let key = ApiKey::new("sk_test_abcdefghijklmnopqrstuvwxyz980000").unwrap();
        assert_eq!(format!("{key:?}"), "sk_test_…0000");
        assert_eq!(
            format!("{:?}", ApiKey::new("rk_live_short").unwrap()),
            "rk_live_…"
        );
        let secret = WebhookSecret::new("whsec_0123456789abcdef").unwrap();
        assert_eq!(format!("{secret:?}"), "whsec_…cdef");
        assert_eq!(format!("{:?}", WebhookSecret::new("hunter2").unwrap()), "…");
    }

    #[test]
    fn the_mode_is_read_from_the_prefix() {
        assert_eq!(ApiKey::new("sk_test_1").unwrap().mode(), Mode::Test);
        assert_eq!(ApiKey::new("rk_live_1").unwrap().mode(), Mode::Live);
    }

    #[test]
    fn what_is_no_server_key_is_refused_without_being_repeated() {
        for bad in [
            "",
            "pk_test_hush",
            "sk_test_hush\n",
            "sk_hush",
            "hush",
            "sk_test_hush é",
        ] {
            let error = ApiKey::new(bad).unwrap_err();
            assert!(!format!("{error}{error:?}").contains("hush"), "{error}");
        }
        let error = ApiKey::new("pk_test_1").unwrap_err().to_string();
        assert!(error.contains("publishable"), "{error}");
        for cut in ["sk_test_", "sk_live_", "rk_test_", "rk_live_"] {
            let error = ApiKey::new(cut).unwrap_err().to_string();
            assert!(error.contains("incomplete"), "{error}");
        }
        let error = WebhookSecret::new("whsec_").unwrap_err().to_string();
        assert!(error.contains("incomplete"), "{error}");
        assert!(WebhookSecret::new("").is_err());
        assert!(WebhookSecret::new("whsec_1\n").is_err());
    }
}
