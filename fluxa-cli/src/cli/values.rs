//! Owns reading values as they are typed on the command line: addresses, durations, times, pairs.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use fluxa_sdk::IdempotencyKey;
use fluxa_sdk::contract::prefix;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::when::When;

/// Reads `4011`, `localhost:4011`, `127.0.0.1:4011` or `[::1]:4011`.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().map_err(|_| {
        "neither a port nor an address: 4011, localhost:4011 or 127.0.0.1:4011".to_owned()
    })
}

/// Reads `1.5` as seconds, and `500ms`, `30s`, `2m` as what they say.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "not a number of seconds, nor a time such as 30s or 2m".to_owned();
    match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| wrong()),
        Err(_) => text
            .parse::<jiff::SignedDuration>()
            .ok()
            .and_then(|duration| Duration::try_from(duration).ok())
            .ok_or_else(wrong),
    }
}

/// Reads how long a call may take.
pub(super) fn time_limit(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        Duration::ZERO => {
            Err("0 leaves no time to send it; leave --timeout out for 90 s".to_owned())
        }
        limit => Ok(limit),
    }
}

/// Reads how long a key may work on after it was replaced.
pub(super) fn grace(text: &str) -> Result<Duration, String> {
    let grace = duration(text)?;
    let (least, most) = (duration("1h")?, duration("30d")?);
    match (least..=most).contains(&grace) {
        true => Ok(grace),
        false => Err("a grace is 1h to 30d".to_owned()),
    }
}

/// Reads `90s`, `5m`, `24h`, `30d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text.char_indices().next_back().map_or(0, |(at, _)| at);
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("a duration has a unit: 90s, 5m, 24h or 30d".to_owned()),
    };
    // A sign is for whoever asks for a time ago.
    let digits = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse::<u64>().ok())
        .and_then(|number| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "a duration is a whole number and a unit: 90s, 5m, 24h or 30d".to_owned())
}

/// Reads a time: RFC 3339, `2026-01-31` as midnight UTC, `now`, or `-24h` and `+14d` from `now` on.
///
/// Here times lie in the past and in the future: without its sign `24h` could be either.
pub(super) fn time(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Some(moment) = moment(text) {
        return Ok(moment);
    }
    let signed = text.starts_with(['-', '+']) || text.ends_with("ago");
    if let (true, Ok(span)) = (signed, text.parse::<Span>()) {
        let then = now.to_zoned(TimeZone::UTC).checked_add(span);
        return then
            .map(|time| time.timestamp())
            .map_err(|_| "that is too far away".to_owned());
    }
    if duration(text).is_ok() {
        return Err(format!("before now or after it? Write -{text} or +{text}"));
    }
    Err("a time is 2026-01-31, 2026-01-31T09:30:00Z, or from now: -24h, +14d".to_owned())
}

/// Reads RFC 3339, or a date as its first moment in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    // A date alone: of one with a time after it the time would be dropped.
    let date: Date = text.parse().ok().filter(|_| text.len() == 10)?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Reads `name=value`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// Reads `Name: value`.
pub(super) fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.trim().to_owned())),
        _ => Err("write it as 'NAME: VALUE'".to_owned()),
    }
}

/// Reads an idempotency key, by the SDK's own rule.
pub(super) fn idempotency_key(text: &str) -> Result<String, String> {
    match IdempotencyKey::new(text) {
        Ok(key) => Ok(key.as_str().to_owned()),
        Err(_) => Err("it is 1 to 255 visible ASCII characters, without blanks".to_owned()),
    }
}

/// Reads a method of HTTP that the API may have.
pub(crate) fn method(text: &str) -> Result<&'static str, String> {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
        .into_iter()
        .find(|method| method.eq_ignore_ascii_case(text))
        .ok_or_else(|| "a method is GET, HEAD, POST, PUT, PATCH or DELETE".to_owned())
}

/// Reads the id of a key, and never the key itself: it would become part of an address.
pub(super) fn key_id(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix(prefix::API_KEY).unwrap_or_default();
    match !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "the id of a key starts with {}: `fluxa keys list` shows them",
            prefix::API_KEY
        )),
    }
}

/// Reads a time that is over: RFC 3339, `2026-05-19` as its first moment in UTC, `now`, and `10m`,
/// `-10m` or `10m ago`, which are the same.
pub(crate) fn when(text: &str) -> Result<When, String> {
    let text = text.trim();
    let ago = text.strip_prefix('-').or(text.strip_suffix(" ago"));
    if text == "now" {
        return Ok(When::Ago(Duration::ZERO));
    }
    if let Ok(ago) = duration(ago.unwrap_or(text)) {
        return Ok(When::Ago(ago));
    }
    moment(text).map(When::At).ok_or_else(|| {
        "a time is 10m, 24h or 7d ago, 2026-01-31, or 2026-01-31T09:30:00Z".to_owned()
    })
}

/// An HTTP status, or a class of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusPattern {
    Exact(u16),
    Class(u16),
}

impl StatusPattern {
    pub(crate) fn matches(self, status: u16) -> bool {
        match self {
            Self::Exact(exact) => status == exact,
            Self::Class(class) => status / 100 == class,
        }
    }
}

impl fmt::Display for StatusPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => write!(formatter, "{exact}"),
            Self::Class(class) => write!(formatter, "{class}xx"),
        }
    }
}

impl FromStr for StatusPattern {
    type Err = String;

    /// Reads `404`, `4xx`.
    fn from_str(text: &str) -> Result<Self, String> {
        let class = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX"));
        let number = class.unwrap_or(text).parse::<u16>().ok();
        match (class, number) {
            (Some(_), Some(class @ 1..=5)) => Ok(Self::Class(class)),
            (None, Some(exact @ 100..=599)) => Ok(Self::Exact(exact)),
            _ => Err("a status is a number such as 404, or a class such as 4xx".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_a_port_or_on_localhost() {
        for text in ["4011", "localhost:4011", "127.0.0.1:4011"] {
            assert_eq!(address(text).unwrap().to_string(), "127.0.0.1:4011");
        }
        assert_eq!(address("[::1]:0").unwrap().to_string(), "[::1]:0");
        for wrong in ["", "localhost", "example.com:80", "99999", "127.0.0.1"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_may_have_another_unit() {
        for (text, millis) in [
            ("30", 30_000),
            ("1.5", 1_500),
            ("500ms", 500),
            ("2m", 120_000),
        ] {
            assert_eq!(seconds(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in ["", "-1", "-1s", "NaN", "inf", "two", "1x"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_call_has_some_time() {
        assert_eq!(time_limit("500ms"), Ok(Duration::from_millis(500)));
        for none in ["0", "0s", "0.0"] {
            assert!(
                time_limit(none)
                    .unwrap_err()
                    .contains("leave --timeout out")
            );
        }
    }

    #[test]
    fn a_grace_is_an_hour_to_thirty_days() {
        for right in ["1h", "60m", "24h", "30d"] {
            assert!(grace(right).is_ok(), "{right}");
        }
        for wrong in ["5m", "59m", "31d", "721h", "0s"] {
            assert_eq!(grace(wrong).unwrap_err(), "a grace is 1h to 30d");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(duration("30d"), Ok(Duration::from_secs(2_592_000)));
        for wrong in ["", "24", "h", "1.5h", "-1h", "1é", "99999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_exact_or_dates_or_from_now() {
        let now: Timestamp = "2026-05-19T10:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z"),
            ("2026-01-31T09:30:00.125+01:00", "2026-01-31T08:30:00.125Z"),
            ("now", "2026-05-19T10:00:00Z"),
            ("-24h", "2026-05-18T10:00:00Z"),
            ("24h ago", "2026-05-18T10:00:00Z"),
            ("+14d", "2026-06-02T10:00:00Z"),
        ] {
            assert_eq!(time(text, now).unwrap().to_string(), expected, "{text}");
        }
        // No zone, hence no moment: dropping the time would answer another question.
        for wrong in [
            "2026-01-31T09:30:00",
            "31.01.2026",
            "24h",
            "soon",
            "",
            "99999y",
        ] {
            assert!(time(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_that_is_over_is_ago_a_date_or_whole() {
        let at = |text: &str| When::At(text.parse().unwrap());
        let ago = |seconds| When::Ago(Duration::from_secs(seconds));
        for (text, expected) in [
            ("2026-05-19", at("2026-05-19T00:00:00Z")),
            ("2026-05-19T10:23:14+01:00", at("2026-05-19T09:23:14Z")),
            ("10m", ago(600)),
            ("-24h", ago(86_400)),
            ("7d ago", ago(604_800)),
            ("now", ago(0)),
        ] {
            assert_eq!(when(text), Ok(expected), "{text}");
        }
        for wrong in [
            "",
            "10",
            "yesterday",
            "2026-01-31T09:30",
            "2026-13-01",
            "99999999999999999d",
            "+10m",
            "-10m ago",
        ] {
            assert!(when(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pairs_and_headers_have_a_name() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert_eq!(header("A: b:c"), Ok(("A".to_owned(), "b:c".to_owned())));
        for wrong in ["", "a", "=b", ":b"] {
            assert!(pair(wrong).is_err() && header(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_status_is_a_number_or_a_class() {
        assert!("404".parse::<StatusPattern>().unwrap().matches(404));
        let class = "4xx".parse::<StatusPattern>().unwrap();
        assert!(class.matches(499) && !class.matches(500));
        for wrong in ["", "xx", "6xx", "40", "abc"] {
            assert!(wrong.parse::<StatusPattern>().is_err(), "{wrong}");
        }
    }
}
