//! The signature scheme itself: HMAC-SHA256 over `<timestamp>.<raw body>`.
//!
//! Owns computing signatures and nothing else; reading a header is `verifier`'s.

use ring::hmac::{Context, HMAC_SHA256, Key, Tag};

/// Returns the value of the `X-Fluxa-Signature` header for `body`: `t=<timestamp>,v1=<hex>`.
///
/// `secret` is used as it is, its `whsec_` prefix included; `timestamp` is in Unix seconds.
///
/// ```
/// let header = fluxa_sdk::webhooks::sign(b"whsec_test", 1_716_135_600, b"{}");
/// assert!(header.starts_with("t=1716135600,v1="));
/// ```
pub fn sign(secret: &[u8], timestamp: i64, body: &[u8]) -> String {
    sign_all(&[secret], timestamp, body)
}

/// Returns the header value with one `v1` for each secret, as sent while a secret is rotated.
pub fn sign_all(secrets: &[&[u8]], timestamp: i64, body: &[u8]) -> String {
    let digits = timestamp.to_string();
    let mut header = format!("t={digits}");
    for secret in secrets {
        header.push_str(",v1=");
        push_hex(&mut header, hmac(secret, digits.as_bytes(), body).as_ref());
    }
    header
}

/// Returns the HMAC over `timestamp`, a full stop and `body`.
///
/// The timestamp is text because the verifier must sign the digits it was sent, leading zeros
/// included, and not its own reading of them. The key is made anew each time: two blocks of
/// hashing, against a copy of the secret's state that ring would not wipe.
pub(super) fn hmac(secret: &[u8], timestamp: &[u8], body: &[u8]) -> Tag {
    let mut mac = Context::with_key(&Key::new(HMAC_SHA256, secret));
    mac.update(timestamp);
    mac.update(b".");
    mac.update(body);
    mac.sign()
}

/// Appends `bytes` in lower-case hexadecimal.
pub(crate) fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.reserve(2 * bytes.len());
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(nibble)]));
        }
    }
}
