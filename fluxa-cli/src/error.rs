//! Owns what can go wrong in the CLI: kind → exit code, and the hint that says what to do next.
//!
//! Knows nothing of printing; `ui` renders it.

use std::fmt;

use fluxa_sdk::contract;
use serde_json::{Map, Value, json};

use crate::env;

/// What kind of thing went wrong. Each has its exit code, and scripts rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything else: a file that cannot be written, a broken configuration.
    Failure,
    /// The command line itself.
    Usage,
    /// No key, a bad key, or a key without the right.
    Auth,
    /// The API answered 4xx.
    Api,
    /// The network, or the API answered 5xx.
    Network,
    /// What was expected did not happen, or not in time.
    Unmet,
    /// The local endpoint answered something other than 2xx.
    Endpoint,
    /// A command we started ended with this status.
    Command(u8),
    /// The user pressed Ctrl-C.
    Interrupted,
    /// Whoever read our output has stopped reading: a success.
    BrokenPipe,
}

impl Kind {
    /// Returns the exit code: the one table of them.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::BrokenPipe => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Auth => 3,
            Self::Api => 4,
            Self::Network => 5,
            Self::Unmet => 6,
            Self::Endpoint => 7,
            Self::Command(status) => status,
            Self::Interrupted => 130,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Usage => "usage",
            Self::Auth => "auth",
            Self::Api => "api",
            Self::Network => "network",
            Self::Unmet => "expectation_unmet",
            Self::Endpoint => "endpoint",
            Self::Command(_) => "command",
            Self::Interrupted => "interrupted",
            Self::BrokenPipe => "broken_pipe",
        }
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub(crate) struct CliError {
    /// Decides the exit code.
    pub(crate) kind: Kind,
    /// What failed.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) hint: Option<String>,
    /// What the API said, when it was the API.
    pub(crate) api: Option<Box<ApiDetails>>,
    /// What became of the call, when it was to change something.
    pub(crate) fate: Option<Box<Fate>>,
    /// Whether nobody answered at all.
    pub(crate) unanswered: bool,
}

/// What is known of a call that was to change something: was it carried out?
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    pub(crate) outcome: Outcome,
    /// What it was sent with, and is repeated with.
    pub(crate) idempotency_key: Option<String>,
    /// What was made or changed.
    pub(crate) id: Option<String>,
}

/// Whether a call was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It never reached the API.
    NotSent,
    /// It was refused; nothing changed.
    Rejected,
    /// It may have been carried out.
    Unknown,
    /// It was; what failed came after.
    CarriedOut,
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::CarriedOut => "carried_out",
        }
    }
}

/// What is told of an error of the API.
#[derive(Debug, Default)]
pub(crate) struct ApiDetails {
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) param: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) doc_url: Option<String>,
    /// How long the API asks to be left alone.
    pub(crate) retry_after: Option<std::time::Duration>,
}

/// The result of everything in the CLI.
pub(crate) type Result<T, E = CliError> = std::result::Result<T, E>;

impl CliError {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            api: None,
            fate: None,
            unanswered: false,
        }
    }

    pub(crate) fn failure(message: impl Into<String>) -> Self {
        Self::new(Kind::Failure, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub(crate) fn network(message: impl Into<String>) -> Self {
        Self::new(Kind::Network, message)
    }

    pub(crate) fn unmet(message: impl Into<String>) -> Self {
        Self::new(Kind::Unmet, message)
    }

    pub(crate) fn endpoint(message: impl Into<String>) -> Self {
        Self::new(Kind::Endpoint, message)
    }

    /// A command we started failed; a signal's number is 128 less than the status, as in shells.
    pub(crate) fn command(status: u8) -> Self {
        let message = format!("the command ended with status {status}");
        Self::new(Kind::Command(status), message)
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted")
    }

    /// A file could not be read or written.
    pub(crate) fn file(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::failure(format!("cannot {doing} {}: {error}", path.display()))
    }

    /// No key was given anywhere.
    pub(crate) fn no_key() -> Self {
        let message = match env::text(env::NOT_READ_API_KEY) {
            Some(_) => format!("no API key: {} is not read", env::NOT_READ_API_KEY),
            None => "no API key".to_owned(),
        };
        Self::new(Kind::Auth, message).hint(format!(
            "`fluxa login` stores one, or set {} to a test key from the dashboard; with no account, \
             run `fluxa mock` in another terminal and add --mock here",
            env::SECRET_KEY
        ))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to do next to what is said of it already.
    pub(crate) fn further_hint(self, further: impl fmt::Display) -> Self {
        let hint = match &self.hint {
            Some(hint) => format!("{hint}; {further}"),
            None => further.to_string(),
        };
        self.hint(hint)
    }

    pub(crate) fn fate(mut self, fate: Fate) -> Self {
        self.fate = Some(Box::new(fate));
        self
    }

    /// Says what was being done when it failed.
    pub(crate) fn context(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }

    /// Returns the HTTP status, when it was the API that refused.
    pub(crate) fn api_status(&self) -> Option<u16> {
        self.api.as_ref().map(|api| api.status)
    }

    pub(crate) fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }

    /// The error as `--output json` prints it on stderr.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("kind".into(), json!(self.kind.name()));
        error.insert("exit_code".into(), json!(self.exit_code()));
        error.insert("message".into(), json!(self.message));
        if let Some(hint) = &self.hint {
            error.insert("hint".into(), json!(hint));
        }
        if let Some(api) = &self.api {
            error.insert("status".into(), json!(api.status));
            for (name, value) in [
                ("code", &api.code),
                ("param", &api.param),
                ("request_id", &api.request_id),
                ("doc_url", &api.doc_url),
            ] {
                if let Some(value) = value {
                    error.insert(name.into(), json!(value));
                }
            }
        }
        if let Some(fate) = &self.fate {
            error.insert("outcome".into(), json!(fate.outcome.name()));
            for (name, value) in [("idempotency_key", &fate.idempotency_key), ("id", &fate.id)] {
                if let Some(value) = value {
                    error.insert(name.into(), json!(value));
                }
            }
        }
        json!({ "error": error })
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::new(Kind::BrokenPipe, "broken pipe"),
            _ => Self::failure(error.to_string()),
        }
    }
}

/// Maps the status of an API error to a kind.
pub(crate) fn kind_of_status(status: u16) -> Kind {
    match status {
        401 | 403 => Kind::Auth,
        400..=499 => Kind::Api,
        _ => Kind::Network,
    }
}

/// Replaces every key and webhook secret in `text` by its prefix and `…`, and every card number by
/// `…` and its last four digits.
///
/// Errors quote what was typed, and what was typed may be a key.
pub(crate) fn redact(text: &str) -> String {
    let prefixes = [
        contract::SECRET_KEY_PREFIX,
        contract::RESTRICTED_KEY_PREFIX,
        contract::PUBLISHABLE_KEY_PREFIX,
    ]
    .into_iter()
    .flat_map(|kind| {
        [contract::TEST_KEY_INFIX, contract::LIVE_KEY_INFIX].map(|mode| format!("{kind}{mode}"))
    })
    .chain([contract::WEBHOOK_SECRET_PREFIX.to_owned()]);
    let mut text = text.to_owned();
    for prefix in prefixes {
        let mut from = 0;
        while let Some(at) = text[from..]
            .find(&prefix)
            .map(|at| from + at + prefix.len())
        {
            let length = text[at..]
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
                .unwrap_or(text.len() - at);
            if length > 0 {
                text.replace_range(at..at + length, "…");
            }
            from = at;
        }
    }
    without_cards(&text)
}

/// Masks card numbers outside of ids of the API and of UUIDs, such as idempotency keys: chance makes
/// numbers of these, and they must be told whole.
fn without_cards(text: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut out = String::new();
    let (mut masked, mut at) = (0, 0);
    for piece in text.split_inclusive(|c| !in_word(c)) {
        let word = piece.trim_end_matches(|c| !in_word(c));
        if is_identifier(word) {
            out += &mask_cards(&text[masked..at]);
            out += word;
            masked = at + word.len();
        }
        at += piece.len();
    }
    out + &mask_cards(&text[masked..])
}

fn is_identifier(word: &str) -> bool {
    let hexadecimal = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let is_id = |(prefix, _): &(&str, &str)| {
        let rest = word.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.len() == 16 && hexadecimal(rest))
    };
    let mut parts = word.split('-');
    let is_uuid = parts.clone().map(str::len).eq([8, 4, 4, 4, 12]) && parts.all(hexadecimal);
    is_uuid || contract::ID_PREFIXES.iter().any(is_id)
}

/// Masks card numbers: 13 to 19 digits of which the last checks the others, blanks and dashes
/// between them or not.
fn mask_cards(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, run) = rest.split_at(at);
        let end = run.find(|c: char| !(c.is_ascii_digit() || c == ' ' || c == '-'));
        let (run, after) = run.split_at(end.unwrap_or(run.len()));
        let trimmed = run.trim_end_matches([' ', '-']);
        let digits: Vec<u32> = trimmed.chars().filter_map(|c| c.to_digit(10)).collect();
        out += before;
        if is_card(&digits) {
            let last = digits[digits.len() - 4..].iter().map(u32::to_string);
            out.push('…');
            out.extend(last);
            out += &run[trimmed.len()..];
        } else {
            out += run;
        }
        rest = after;
    }
    out + rest
}

fn is_card(digits: &[u32]) -> bool {
    let doubled = |(at, digit): (usize, &u32)| match at % 2 {
        1 if *digit > 4 => digit * 2 - 9,
        1 => digit * 2,
        _ => *digit,
    };
    let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_has_the_exit_code_of_the_table() {
        let table = [
            (Kind::BrokenPipe, 0),
            (Kind::Failure, 1),
            (Kind::Usage, 2),
            (Kind::Auth, 3),
            (Kind::Api, 4),
            (Kind::Network, 5),
            (Kind::Unmet, 6),
            (Kind::Endpoint, 7),
            (Kind::Command(3), 3),
            (Kind::Interrupted, 130),
        ];
        for (kind, code) in table {
            assert_eq!(kind.exit_code(), code, "{kind:?}");
        }
        assert_eq!(kind_of_status(401), Kind::Auth);
        assert_eq!(kind_of_status(403), Kind::Auth);
        assert_eq!(kind_of_status(404), Kind::Api);
        assert_eq!(kind_of_status(429), Kind::Api);
        assert_eq!(kind_of_status(503), Kind::Network);
    }

    #[test]
    fn every_field_of_an_error_is_on_the_page_for_scripts_and_the_other_way_round() {
        let page = include_str!("../../docs/errors.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
        let documented: BTreeSet<&str> = rows.filter_map(|row| row.split('`').next()).collect();
        let text = Some("x".to_owned());
        let mut error = CliError::failure("x").hint("x").fate(Fate {
            outcome: Outcome::Unknown,
            idempotency_key: text.clone(),
            id: text.clone(),
        });
        error.api = Some(Box::new(ApiDetails {
            code: text.clone(),
            param: text.clone(),
            request_id: text.clone(),
            doc_url: text,
            ..ApiDetails::default()
        }));
        let printed = error.to_json();
        let printed = printed["error"].as_object().unwrap();
        let printed: BTreeSet<&str> = printed.keys().map(String::as_str).collect();
        assert_eq!(documented, printed);
        for outcome in [
            Outcome::NotSent,
            Outcome::Rejected,
            Outcome::Unknown,
            Outcome::CarriedOut,
        ] {
            assert!(
                page.contains(&format!("`{}`", outcome.name())),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn keys_and_secrets_are_redacted_wherever_they_stand() {
        let text = "no 'sk_test_abcDEF123', not rk_live_x.y or (whsec_Zz9) sk_test_";
        let clean = redact(text);
        assert_eq!(
            clean,
            "no 'sk_test_…', not rk_live_….y or (whsec_…) sk_test_"
        );
    }

    #[test]
    fn card_numbers_are_redacted_and_other_numbers_are_not() {
        for (text, clean) in [
            ("'4242424242424242' found", "'…4242' found"),
            ("4242 4242 4242 4242 x", "…4242 x"),
            ("a 3782-822463-10005.", "a …0005."),
            ("pay_4242424242424242", "pay_4242424242424242"),
            (
                "see pay_4242424242424242: no",
                "see pay_4242424242424242: no",
            ),
            (
                "key 42424242-4242-4242-a361-d9a9a18349fd 1",
                "key 42424242-4242-4242-a361-d9a9a18349fd 1",
            ),
            ("4242424242424242 pay_1", "…4242 pay_1"),
            ("order_4242424242424242", "order_…4242"),
            ("4242424242424243", "4242424242424243"),
            ("2026-05-19T10:23:14Z, 4999", "2026-05-19T10:23:14Z, 4999"),
            ("é 1", "é 1"),
        ] {
            assert_eq!(redact(text), clean);
        }
    }
}
