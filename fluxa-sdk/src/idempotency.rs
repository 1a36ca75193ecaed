//! Idempotency keys: what makes a write safe to repeat.
//!
//! Owns making and checking them. When one is sent, and that a retry carries the same one, is
//! `transport`'s.

use std::fmt;

use ring::digest::{Context, SHA256};

use crate::contract;
use crate::error::Error;
use crate::webhooks::push_hex;

/// A key under which the server stores a POST's answer for 24 hours: 1 to 255 visible ASCII
/// characters.
///
/// A call without one gets a random one, which covers the SDK's own retries. To be safe across a
/// crash of your process as well, give one that follows from your own data:
///
/// ```
/// use fluxa_sdk::IdempotencyKey;
/// let key = IdempotencyKey::derive("checkout", "ord_8421");
/// assert_eq!(key, IdempotencyKey::derive("checkout", "ord_8421"));
/// assert_ne!(key, IdempotencyKey::derive("refund", "ord_8421"));
/// ```
///
/// What is stored is any answer of a request that was executed, a decline or a refusal too. To try
/// again on purpose, with another card or after a decline, the key must be another: derive it from
/// the try as well, such as `derive("charge", "ord_8421/2")`, and count tries where the order is
/// kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Returns `key` after checking its length and alphabet.
    ///
    /// # Errors
    /// [`Error::Config`] when it is empty, longer than 255 bytes, or has anything but visible
    /// ASCII. Nothing has been sent.
    pub fn new(key: impl Into<String>) -> Result<Self, Error> {
        let key = key.into();
        if key.is_empty() || key.len() > contract::IDEMPOTENCY_KEY_MAX_BYTES {
            return Err(Error::config(format!(
                "an idempotency key has 1 to {} characters, this one has {}",
                contract::IDEMPOTENCY_KEY_MAX_BYTES,
                key.len()
            )));
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::config(
                "an idempotency key is visible ASCII without spaces; derive one from other text \
                 with `IdempotencyKey::derive`",
            ));
        }
        Ok(Self(key))
    }

    /// Returns a random key: a version 4 UUID.
    pub fn new_v4() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// Returns the key that follows from your own data, the same in every process.
    ///
    /// `namespace` says what is done ("checkout", "refund"), `business_id` to what ("ord_8421").
    /// Any text is accepted. The key is a SHA-256 over both with their lengths, in hexadecimal:
    /// stable across versions of the SDK.
    pub fn derive(namespace: &str, business_id: &str) -> Self {
        let mut hash = Context::new(&SHA256);
        for part in [namespace, business_id] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut key = String::new();
        push_hex(&mut key, hash.finish().as_ref());
        Self(key)
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for IdempotencyKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for IdempotencyKey {
    type Error = Error;

    fn try_from(key: &str) -> Result<Self, Error> {
        Self::new(key)
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = Error;

    fn try_from(key: String) -> Result<Self, Error> {
        Self::new(key)
    }
}

impl TryFrom<&String> for IdempotencyKey {
    type Error = Error;

    fn try_from(key: &String) -> Result<Self, Error> {
        Self::new(key)
    }
}

impl From<&IdempotencyKey> for IdempotencyKey {
    fn from(key: &IdempotencyKey) -> Self {
        key.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_alphabet_are_checked() {
        assert!(IdempotencyKey::new("a".repeat(255)).is_ok());
        for bad in ["", "a b", "a\n", "é", &"a".repeat(256)] {
            assert!(IdempotencyKey::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_random_key_is_never_the_same() {
        assert_ne!(IdempotencyKey::new_v4(), IdempotencyKey::new_v4());
    }

    /// python3 -c "import hashlib,struct;p=[b'checkout',b'ord_8421'];
    /// print(hashlib.sha256(b''.join(struct.pack('>Q',len(x))+x for x in p)).hexdigest())"
    #[test]
    fn a_derived_key_is_stable_across_versions() {
        assert_eq!(
            IdempotencyKey::derive("checkout", "ord_8421").as_str(),
            "c3e5aeac8cb2089eb7bc22238e89b3f893ae8f1a575122f2eec6eda664f5fe3c"
        );
        assert_ne!(
            IdempotencyKey::derive("ab", "c"),
            IdempotencyKey::derive("a", "bc")
        );
    }
}
