//! Owns the signatures that a target would take which makes one mistake, or two. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bytes::Bytes;
use fluxa_sdk::{SecretText, contract, webhooks};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::Cause;
use crate::alteration::{Alteration, alterations};

/// A mistake, and how whoever makes it signs.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) cause: Cause,
    pub(super) alteration: Option<Alteration>,
    key: Bytes,
    body: Bytes,
}

impl Candidate {
    /// What is signed as it should be.
    pub(super) fn right(secret: &SecretText, body: &Bytes) -> Self {
        Self {
            cause: Cause::NotRepeated,
            alteration: None,
            key: Bytes::copy_from_slice(secret.expose().as_bytes()),
            body: body.clone(),
        }
    }

    /// What is signed with the secret of the environment.
    pub(super) fn with_secret(&self, other: &SecretText) -> Self {
        self.with_key(Cause::OtherSecret, other.expose().as_bytes())
    }

    fn with_key(&self, cause: Cause, key: &[u8]) -> Self {
        Self {
            cause,
            key: Bytes::copy_from_slice(key),
            ..self.clone()
        }
    }

    fn with_body(&self, cause: Cause, alteration: Alteration, body: Bytes) -> Self {
        Self {
            cause,
            alteration: Some(alteration),
            key: self.key.clone(),
            body,
        }
    }

    /// Returns `v1=` and the signature.
    fn v1(&self, at: i64) -> String {
        if self.cause == Cause::TimeNotSigned {
            let mut mac =
                Hmac::<Sha256>::new_from_slice(&self.key).expect("any length is a key of HMAC");
            mac.update(&self.body);
            return format!("v1={:x}", mac.finalize().into_bytes());
        }
        let header = webhooks::sign(&self.key, at, &self.body);
        let v1 = header.split_once(',').map(|(_, v1)| v1.to_owned());
        v1.unwrap_or(header)
    }
}

/// Returns the header with the signatures of all of them, of which one that fits is enough.
pub(super) fn header(candidates: &[Candidate], at: i64) -> String {
    let signatures = candidates.iter().map(|candidate| candidate.v1(at));
    std::iter::once(format!("t={at}"))
        .chain(signatures)
        .collect::<Vec<_>>()
        .join(",")
}

/// Returns a signature that is nobody's.
pub(super) fn wrong(at: i64) -> String {
    format!("t={at},v1={}", "0".repeat(64))
}

/// Returns each mistake alone, most likely first.
pub(super) fn alone(right: &Candidate, other_secret: Option<&SecretText>) -> Vec<Candidate> {
    let text = String::from_utf8_lossy(&right.key).into_owned();
    let bare = text.trim_start_matches(contract::WEBHOOK_SECRET_PREFIX);
    let decoded = BASE64
        .decode(bare.trim_end_matches('='))
        .unwrap_or_default();
    let bodies = altered(right, Cause::BodyAltered);
    // The two that leave nothing of the body are the most frequent of all.
    let (parsed, rest) = bodies.split_at(bodies.len().min(2));
    let mut found: Vec<Candidate> = other_secret
        .map(|other| right.with_secret(other))
        .into_iter()
        .collect();
    found.extend_from_slice(parsed);
    found.push(right.with_key(Cause::SecretWithoutPrefix, bare.as_bytes()));
    found.push(Candidate {
        cause: Cause::TimeNotSigned,
        ..right.clone()
    });
    if !decoded.is_empty() {
        found.push(right.with_key(Cause::SecretDecoded, &decoded));
    }
    found.extend_from_slice(rest);
    let with_newline = [&right.key[..], b"\n"].concat();
    found.push(right.with_key(Cause::SecretWithNewline, &with_newline));
    found.truncate(contract::SIGNATURE_MAX_V1);
    found
}

/// Returns two mistakes at once: another secret, and another body.
pub(super) fn together(alone: &[Candidate]) -> Vec<Candidate> {
    let secrets = [Cause::OtherSecret, Cause::SecretWithoutPrefix];
    let of = |cause| alone.iter().filter(move |known| known.cause == cause);
    secrets
        .into_iter()
        .flat_map(of)
        .flat_map(|secret| altered(secret, secret.cause))
        .take(contract::SIGNATURE_MAX_V1)
        .collect()
}

fn altered(candidate: &Candidate, cause: Cause) -> Vec<Candidate> {
    alterations(&candidate.body)
        .into_iter()
        .map(|(alteration, body)| candidate.with_body(cause, alteration, body.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_has_more_signatures_than_a_verifier_looks_at() {
        let body = Bytes::from_static(br#"{"b": [1, {"url": "https://e/"}], "a": "e" } "#);
        let right = Candidate::right(&"whsec_ZG9jdG9yISE".into(), &body);
        let other = "whsec_other".into();
        let alone = alone(&right, Some(&other));
        let causes: Vec<Cause> = alone.iter().map(|candidate| candidate.cause).collect();
        for cause in [
            Cause::OtherSecret,
            Cause::SecretWithoutPrefix,
            Cause::SecretWithNewline,
            Cause::SecretDecoded,
            Cause::TimeNotSigned,
            Cause::BodyAltered,
        ] {
            assert!(causes.contains(&cause), "{cause:?}");
        }
        for group in [&alone, &together(&alone)] {
            let header = header(group, 1_779_186_194);
            assert!(header.matches("v1=").count() <= contract::SIGNATURE_MAX_V1);
            assert!(header.len() <= contract::SIGNATURE_HEADER_MAX_BYTES);
        }
    }
}
