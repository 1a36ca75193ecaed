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
    /// Its clock is off, or what it compares the time with is.
    ClockSkew,
    /// It tells a wrong signature from the right one: the secret and the body are right.
    NotTheSignature,
    /// It accepted the very same thing a moment later.
    NotRepeated,
    /// None of these.
    Unknown,
}

/// What is known of the target's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// Its answers have no date.
    Unknown,
    /// Its answers have the right one.
    Right,
    /// Its answers have one that is so many seconds ahead.
    Off(i64),
    /// It takes signatures that are made so many seconds later.
    Shifted(i64),
    /// It takes signatures of a far future, and none of now.
    Ahead,
}

/// What an examination has found, to be told.
pub(super) struct Found<'a> {
    pub(super) cause: Cause,
    pub(super) alteration: Option<Alteration>,
    pub(super) clock: Clock,
    /// What it refused with.
    pub(super) status: u16,
    /// What it answers to a wrong signature, when that is something else.
    pub(super) to_wrong: Option<u16>,
    pub(super) timed_out: bool,
    pub(super) probes: u32,
    /// Whether the environment has another secret, which was tried.
    pub(super) other_known: bool,
    /// The command that prints the secret.
    pub(super) print_secret: &'a str,
}

/// Returns the cause in words, and what to change.
pub(super) fn in_words(found: &Found<'_>) -> (String, Vec<String>) {
    let (mut message, mut fix) = match found.cause {
        Cause::BodyAltered => altered(found.alteration),
        Cause::ClockSkew => clock(found.clock),
        Cause::NotTheSignature => not_the_signature(found),
        Cause::Unknown => unknown(found),
        cause => of_the_signer(cause, found.print_secret),
    };
    if found.alteration.is_some() && found.cause != Cause::BodyAltered {
        let (and, how) = altered(found.alteration);
        message = format!("{message}; and {and}");
        fix.extend(how);
    }
    let tolerance = i64::try_from(contract::WEBHOOK_TOLERANCE.as_secs()).unwrap_or(i64::MAX);
    if let Clock::Off(skew) = found.clock
        && found.cause != Cause::ClockSkew
        && skew.abs() > tolerance
    {
        let (and, how) = clock(found.clock);
        message = format!("{message}; and {and}");
        fix.extend(how);
    }
    (message, fix)
}

/// Whoever verifies does it with another secret, or other parts of it.
fn of_the_signer(cause: Cause, print_secret: &str) -> (String, Vec<String>) {
    let secret = env::WEBHOOK_SECRET;
    let header = contract::SIGNATURE;
    let (message, fix) = match cause {
        Cause::OtherSecret => (
            format!("it verifies with the secret in {secret}, which is not this session's"),
            format!("start it with `export {secret}=$({print_secret})`"),
        ),
        Cause::SecretWithoutPrefix => (
            format!(
                "it uses the secret without `{}`",
                contract::WEBHOOK_SECRET_PREFIX
            ),
            "use the secret as it is, prefix and all".to_owned(),
        ),
        Cause::SecretWithNewline => (
            "its secret has a line feed at the end".to_owned(),
            "take white space off the secret where it is read, from a file perhaps".to_owned(),
        ),
        Cause::SecretDecoded => (
            "it decodes the secret as base64 before it uses it, as libraries for other services do"
                .to_owned(),
            "the key of the HMAC is the secret's text itself, prefix and all".to_owned(),
        ),
        Cause::TimeNotSigned => (
            "it verifies the body alone".to_owned(),
            format!("what is signed is `t` as {header} has it, a dot, and the body"),
        ),
        Cause::Milliseconds => (
            "it takes the time in the signature for milliseconds: every signature is too old for it"
                .to_owned(),
            "`t` is in seconds: compare it with the clock in seconds (JavaScript: Date.now() / 1000)"
                .to_owned(),
        ),
        _ => (
            "the same event with a new signature was accepted a moment later".to_owned(),
            "look into its log for what was different the first time".to_owned(),
        ),
    };
    (message, vec![fix])
}

fn altered(alteration: Option<Alteration>) -> (String, Vec<String>) {
    let became = alteration.map_or("was altered", Alteration::describe);
    let message = format!("it does not verify the bytes it was sent: the body {became}");
    let fix: &[&str] = match alteration.is_some_and(Alteration::is_parsed) {
        true => &[
            "verify the raw bytes, before anything parses them:",
            "Express: express.raw({ type: '*/*' }) on this route, before express.json()",
            "Next.js: await request.text() · Fastify: a content type parser with parseAs 'buffer'",
            "Flask: request.get_data() · Django: request.body · FastAPI: await request.body()",
            "Rails: request.raw_post · Laravel: $request->getContent() · Spring: byte[] body",
            "Rust: the Webhook extractor of fluxa-sdk",
        ],
        false => &["verify the bytes as they came; add and trim nothing"],
    };
    (message, fix.iter().map(|&line| line.to_owned()).collect())
}

fn clock(clock: Clock) -> (String, Vec<String>) {
    let direction = |ahead: i64| if ahead > 0 { "ahead" } else { "behind" };
    let set = "set the clock; after sleep, restart the container or virtual machine".to_owned();
    let zone = "compare `t` with the seconds since 1970, which no time zone changes: time.time(), \
                Date.now() / 1000"
        .to_owned();
    match clock {
        Clock::Off(skew) => {
            let (by, direction) = (skew.abs(), direction(skew));
            let message = format!("its clock is {by} s {direction} of this machine's");
            (message, vec![set])
        }
        Clock::Shifted(by) => {
            let hours = match by.abs() {
                3_600 => "an hour".to_owned(),
                seconds => format!("{} min", seconds / 60),
            };
            let direction = direction(by);
            let message = format!(
                "the time it compares with is about {hours} {direction} of this machine's clock: a \
                 time zone, or its clock"
            );
            (message, vec![zone, set])
        }
        _ => (
            "what is signed now is too old for it, and nothing is too new: its clock is ahead of \
             this machine's, or it compares with a time in another time zone"
                .to_owned(),
            vec![zone, set],
        ),
    }
}

fn not_the_signature(found: &Found<'_>) -> (String, Vec<String>) {
    let (status, wrong) = (found.status, found.to_wrong.unwrap_or_default());
    let message = format!(
        "it answers {wrong} to a wrong signature and {status} to this one: its secret is right, and \
         it verifies the right bytes; it refuses for a reason of its own, or for the time"
    );
    (message, vec![log(), time(found.clock)])
}

fn unknown(found: &Found<'_>) -> (String, Vec<String>) {
    let probes = found.probes;
    let (secret, print_secret) = (env::WEBHOOK_SECRET, found.print_secret);
    let message = match found.timed_out {
        true => {
            format!("not found out: it answered {probes} questions, and the time for them was over")
        }
        false => format!(
            "nothing of what was tried helped: it may refuse the event for a reason of its own, or \
             have another secret; {}",
            time(found.clock)
        ),
    };
    let mut fix = vec![
        log(),
        format!(
            "compare its secret with `{print_secret}`: whole, prefix and all, without quotes; and \
             does it sign `t`, a dot and the body, with `t` as {} has it?",
            contract::SIGNATURE
        ),
    ];
    if !found.other_known {
        fix.push(format!(
            "with its secret in {secret} here, that is tried too"
        ));
    }
    (message, fix)
}

fn log() -> String {
    "look into its log, or at the body of its answer: what does it say of this event?".to_owned()
}

fn time(clock: Clock) -> String {
    match clock {
        Clock::Right => "by the Date of its answers its clock is right",
        _ => "whether its clock is right could not be told",
    }
    .to_owned()
}
