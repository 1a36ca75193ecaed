//! Owns what a field's value may look like on the command line, and what it becomes in JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::values::{duration, pair, time};
use crate::listen::filter::matches;
use crate::operations::Kind;
use crate::suggest;

/// How many values a help text lists.
const LISTED: usize = 12;

impl Kind {
    /// What stands for a value in help.
    pub(super) fn placeholder(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "TEXT",
            Self::Integer => "N",
            Self::Seconds => "DURATION",
            Self::Money => "MINOR_UNITS",
            Self::Boolean => "BOOL",
            Self::Time => "TIME",
            Self::Url => "URL",
            Self::Id(_) => "ID",
            Self::OneOf(_) => "VALUE",
            Self::List(_) => "A,B",
            Self::Map => "NAME=VALUE",
        }
    }

    /// What a help text adds to what a field is.
    pub(super) fn explanation(self) -> String {
        match self {
            Self::Money => "£49.99 is 4999".to_owned(),
            Self::Seconds => "90s, 5m, 24h, 30d, or seconds".to_owned(),
            Self::Time => "2026-01-31, RFC 3339, or from now: -24h".to_owned(),
            Self::Id(prefix) => format!("{prefix}…"),
            Self::OneOf(values) if values.len() > LISTED => {
                format!("{}, … {} in all", values[..3].join(", "), values.len())
            }
            Self::OneOf(values) => values.join(", "),
            Self::List(Self::OneOf(values)) if values.len() > LISTED => {
                format!(
                    "{}; `*` stands for anything",
                    Self::OneOf(values).explanation()
                )
            }
            Self::List(of) => of.explanation(),
            Self::Map => "repeat it for more".to_owned(),
            Self::Text | Self::Secret | Self::Integer | Self::Boolean | Self::Url => String::new(),
        }
    }

    /// What shells may offer.
    pub(super) fn offered(self) -> &'static [&'static str] {
        match self {
            Self::OneOf(values) => values,
            Self::List(of) => of.offered(),
            Self::Boolean => &["true", "false"],
            _ => &[],
        }
    }

    /// Reads what was typed.
    pub(super) fn parse(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Text | Self::Secret => Ok(text.into()),
            Self::Integer => whole(text).ok_or_else(|| "it is a whole number".to_owned()),
            Self::Seconds => match whole(text) {
                Some(seconds) => Ok(seconds),
                None => Ok(duration(text)?.as_secs().into()),
            },
            Self::Money => whole(text).ok_or_else(|| not_minor(text)),
            Self::Boolean => match text {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err("it is true or false".to_owned()),
            },
            Self::Time => Ok(time(text, Timestamp::now())?.to_string().into()),
            Self::Url => url(text).map(Value::from),
            Self::Id(prefix) => id(prefix, text).map(Value::from),
            Self::OneOf(values) => one_of(values, text).map(Value::from),
            Self::List(_) if text.is_empty() => Ok(Value::Null),
            Self::List(Self::OneOf(values)) if text.contains('*') => glob(values, text),
            Self::List(of) => of.parse(text),
            Self::Map => pair(text).map(|(name, value)| json!({ name: value })),
        }
    }
}

/// Reads an absolute URL; whether it will do is for the API to say.
fn url(text: &str) -> Result<String, String> {
    let is_url = |text: &str| {
        url::Url::parse(text).is_ok_and(|url| url.scheme().starts_with("http") && url.has_host())
    };
    let meant = format!("https://{text}");
    match (is_url(text), text.contains("://") || !is_url(&meant)) {
        (true, _) => Ok(text.to_owned()),
        (false, false) => Err(format!("did you mean {meant}?")),
        (false, true) => Err("it is a URL: https://shop.example.com/webhooks".to_owned()),
    }
}

fn whole(text: &str) -> Option<Value> {
    text.parse::<i64>().ok().map(Value::from)
}

/// What to say of an amount that is no whole number of pence.
fn not_minor(text: &str) -> String {
    let plain = text.trim_start_matches(['£', '€', '$']);
    let pence = plain.split_once('.').and_then(|(pounds, pence)| {
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let meant = format!("{pounds}{pence:0<2}");
        (pence.len() <= 2 && digits(&meant)).then(|| meant.trim_start_matches('0').to_owned())
    });
    match pence {
        Some(pence) if !pence.is_empty() => {
            format!("amounts are whole minor units (pence): did you mean {pence}?")
        }
        _ => "amounts are whole minor units (pence): £49.99 is 4999".to_owned(),
    }
}

/// Reads an id, since what is none would become part of a path.
pub(super) fn id(prefix: &str, text: &str) -> Result<String, String> {
    let plain = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric());
    match text.strip_prefix(prefix).is_some_and(plain) {
        true => Ok(text.to_owned()),
        false => Err(match suggest::another_kind(text) {
            Some(other) if !text.starts_with(prefix) => {
                format!("such ids start with {prefix}; {other}")
            }
            _ => format!("such ids start with {prefix}"),
        }),
    }
}

/// Reads one of the values that the contract knows, in any case.
fn one_of(values: &[&'static str], text: &str) -> Result<&'static str, String> {
    let mut known = values.iter().copied();
    if let Some(value) = known.find(|value| value.eq_ignore_ascii_case(text)) {
        return Ok(value);
    }
    let capitals = values
        .iter()
        .all(|value| !value.contains(char::is_lowercase));
    let typed = match capitals {
        true => text.to_uppercase(),
        false => text.to_lowercase(),
    };
    Err(match suggest::closest(&typed, values.iter().copied()) {
        Some(meant) => format!("did you mean {meant}?"),
        None => format!("it is one of {}", values.join(", ")),
    })
}

/// Reads a pattern as all values that it matches now. `*` alone stays: it is what comes later too.
fn glob(values: &[&'static str], text: &str) -> Result<Value, String> {
    if text == "*" {
        return Ok(text.into());
    }
    let matched: Vec<&str> = values
        .iter()
        .copied()
        .filter(|value| matches(text, value))
        .collect();
    match (
        matched.is_empty(),
        suggest::closest(text, values.iter().copied()),
    ) {
        (false, _) => Ok(matched.into()),
        (true, Some(meant)) => Err(format!("it matches nothing; did you mean {meant}?")),
        (true, None) => Err("it matches nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATES: Kind = Kind::OneOf(&["PAYMENT_RECEIVED", "SETTLING", "SETTLED"]);

    #[test]
    fn values_of_each_kind_become_json() {
        for (kind, text, expected) in [
            (Kind::Text, "4999", json!("4999")),
            (Kind::Integer, "-3", json!(-3)),
            (Kind::Seconds, "3600", json!(3600)),
            (Kind::Seconds, "24h", json!(86_400)),
            (
                Kind::Url,
                "http://[::1]:4000/x",
                json!("http://[::1]:4000/x"),
            ),
            (Kind::Money, "4999", json!(4999)),
            (Kind::Boolean, "false", json!(false)),
            (Kind::Time, "2026-01-31", json!("2026-01-31T00:00:00Z")),
            (Kind::Id("cus_"), "cus_1a", json!("cus_1a")),
            (STATES, "settled", json!("SETTLED")),
            (Kind::List(&Kind::Integer), "1", json!(1)),
            (Kind::List(&Kind::Integer), "", Value::Null),
            (
                Kind::List(&STATES),
                "SETTL*",
                json!(["SETTLING", "SETTLED"]),
            ),
            (Kind::List(&STATES), "*", json!("*")),
            (Kind::Map, "a=b=c", json!({ "a": "b=c" })),
        ] {
            assert_eq!(kind.parse(text), Ok(expected), "{kind:?} {text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_what_was_meant() {
        for (kind, text, says) in [
            (STATES, "setled", "did you mean SETTLED?"),
            (STATES, "nonsense", "one of PAYMENT_RECEIVED, SETTLING"),
            (Kind::Money, "49.99", "did you mean 4999?"),
            (Kind::Money, "£5.5", "did you mean 550?"),
            (Kind::Money, "5.999", "£49.99 is 4999"),
            (Kind::Money, "lots", "£49.99 is 4999"),
            (Kind::Integer, "1.0", "whole number"),
            (Kind::Seconds, "1y", "90s, 5m, 24h or 30d"),
            (Kind::Boolean, "yes", "true or false"),
            (
                Kind::Url,
                "shop.example.com/x",
                "did you mean https://shop.example.com/x?",
            ),
            (
                Kind::Url,
                "shop.example.com:8443",
                "did you mean https://shop.example.com:8443?",
            ),
            (Kind::Url, "ftp://shop.example.com", "it is a URL"),
            (Kind::Url, "", "it is a URL"),
            (Kind::Id("cus_"), "pay_1", "start with cus_"),
            (Kind::Id("cus_"), "cus_../x", "start with cus_"),
            (Kind::Map, "order", "NAME=VALUE"),
            (Kind::List(&STATES), "SETLED*", "did you mean SETTLED?"),
            (Kind::Time, "yesterday", "2026-01-31"),
        ] {
            let error = kind.parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
