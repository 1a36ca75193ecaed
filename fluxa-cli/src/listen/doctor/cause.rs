//! Owns what the mistakes of a target are, and how they are told. Knows nothing of how they are found.

use fluxa_sdk::contract;
use serde::Serialize;

use crate::alteration::Alteration;
use crate::env;

/// What the mistake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// It verifies with the secret in `FLUXA_WEBHOOK_SECRET`, which is not this session's.
    OtherSecret,
    /// It uses the secret without its prefix.
    SecretWithoutPrefix,
    /// It uses the secret with a line feed at its end.
    SecretWithNewline,
    /// It uses what the secret would be if the part after its prefix were base64.
    SecretDecoded,
    /// It signs the body alone, without the time and the dot before it.
    TimeNotSigned,
    /// It takes the seconds of the time for milliseconds.
    Milliseconds,
    /// It verifies another body than the one it was sent.
    BodyAltered,
    /// Its clock is off.
    ClockSkew,
    /// It accepted the very same thing a moment later.
    NotRepeated,
    /// None of these.
    Unknown,
}

/// Returns the cause in words, and what to change.
pub(super) fn in_words(
    cause: Cause,
    alteration: Option<Alteration>,
    skew: i64,
    other_known: bool,
) -> (String, Vec<String>) {
    let secret = env::WEBHOOK_SECRET;
    let (message, fix) = match (cause, alteration) {
        (Cause::OtherSecret, _) => (
            format!("it verifies with the secret in {secret}, which is not this session's"),
            vec![format!("start it with `export {secret}=$(fluxa listen --print-secret)`")],
        ),
        (Cause::SecretWithoutPrefix, _) => (
            format!("it uses the secret without `{}`", contract::WEBHOOK_SECRET_PREFIX),
            vec!["use the secret as it is, prefix and all".to_owned()],
        ),
        (Cause::SecretWithNewline, _) => (
            "its secret has a line feed at the end".to_owned(),
            vec!["take white space off the secret where it is read, from a file perhaps".to_owned()],
        ),
        (Cause::SecretDecoded, _) => (
            "it decodes the secret as base64 before it uses it, as libraries for other services do".to_owned(),
            vec!["the key of the HMAC is the secret's text itself, prefix and all".to_owned()],
        ),
        (Cause::TimeNotSigned, _) => (
            "it verifies the body alone".to_owned(),
            vec![format!("what is signed is `t` as {} has it, a dot, and the body", contract::SIGNATURE)],
        ),
        (Cause::Milliseconds, _) => (
            "it takes the time in the signature for milliseconds: every signature is too old for it".to_owned(),
            vec!["`t` is in seconds: compare it with the clock in seconds (JavaScript: Date.now() / 1000)".to_owned()],
        ),
        (Cause::ClockSkew, _) => {
            let direction = if skew > 0 { "ahead" } else { "behind" };
            (
                format!("its clock is {} s {direction} of this machine's", skew.abs()),
                vec!["set the clock; after sleep, restart the container or virtual machine".into()],
            )
        }
        (Cause::BodyAltered, Some(alteration)) if alteration.is_parsed() => (
            format!("it does not verify the bytes it was sent: the body {}", alteration.describe()),
            [
                "verify the raw bytes, before anything parses them:",
                "Express: express.raw({ type: 'application/json' }) on this route, before express.json()",
                "Next.js: await request.text() · Fastify: a content type parser with parseAs 'buffer'",
                "Flask: request.get_data() · Django: request.body · FastAPI: await request.body()",
                "Rails: request.raw_post · Laravel: $request->getContent() · Spring: byte[] body",
                "Rust: the Webhook extractor of fluxa-sdk",
            ]
            .map(str::to_owned)
            .to_vec(),
        ),
        (Cause::BodyAltered, alteration) => (
            format!(
                "it does not verify the bytes it was sent: the body {}",
                alteration.map_or("was altered", Alteration::describe)
            ),
            vec!["verify the bytes as they came; add and trim nothing".to_owned()],
        ),
        (Cause::NotRepeated, _) => (
            "the same event with a new signature was accepted a moment later".to_owned(),
            vec!["look into its log for what was different the first time".to_owned()],
        ),
        (Cause::Unknown, _) => {
            let mut fix = vec![
                format!("compare its secret with `fluxa listen --print-secret`: whole, prefix and all, without quotes; and does it sign `t`, a dot and the body, with `t` as {} has it?", contract::SIGNATURE),
                "look into its log: the refusal may not be about the signature".to_owned(),
            ];
            if !other_known {
                fix.push(format!("with its secret in {secret} here, that is tried too"));
            }
            (
                "its clock is right and the body is verified as it was sent: most likely it has another secret"
                    .to_owned(),
                fix,
            )
        }
    };
    (message, fix)
}
