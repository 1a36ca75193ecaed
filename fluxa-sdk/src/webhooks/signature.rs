//! The signature scheme itself: HMAC-SHA256 over `<timestamp>.<raw body>`.
//!
//! Owns computing signatures and nothing else; reading a header is `verifier`'s.

use hmac::{Hmac, Mac};
use sha2::Sha256;

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
    let mut header = format!("t={timestamp}");
    for secret in secrets {
        let signature = hmac(secret, timestamp.to_string().as_bytes(), body);
        header.push_str(&format!(",v1={:x}", signature.finalize().into_bytes()));
    }
    header
}

/// Returns the HMAC over `timestamp`, a full stop and `body`, ready to finalise or compare.
///
/// The timestamp is text because the verifier must sign the digits it was sent, leading zeros
/// included, and not its own reading of them.
pub(super) fn hmac(secret: &[u8], timestamp: &[u8], body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(timestamp);
    mac.update(b".");
    mac.update(body);
    mac
}
