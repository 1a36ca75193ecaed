//! Reading the headers of an answer: request id, rate limit, Retry-After.
//!
//! Pure; the clock is an argument.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::contract;

/// The longest `Retry-After` in seconds that is told apart from a longer one.
const MAX_SECONDS: u64 = 366 * 24 * 60 * 60;

/// The key's allowance of requests, as of one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Requests allowed per second.
    pub limit: u64,
    /// Requests left at that moment.
    pub remaining: u64,
    /// The Unix second at which the allowance is whole again.
    pub reset_unix_seconds: i64,
}

/// Returns the rate limit when all three headers are there and numbers.
pub(crate) fn rate_limit(headers: &HeaderMap) -> Option<RateLimit> {
    Some(RateLimit {
        limit: text(headers, contract::RATE_LIMIT_LIMIT)?.parse().ok()?,
        remaining: text(headers, contract::RATE_LIMIT_REMAINING)?
            .parse()
            .ok()?,
        reset_unix_seconds: text(headers, contract::RATE_LIMIT_RESET)?.parse().ok()?,
    })
}

/// Returns the request's id.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    text(headers, contract::REQUEST_ID)
}

/// Returns how long `Retry-After` asks to wait: whole seconds, or until an HTTP date.
///
/// A date is measured against the answer's own `Date` when there is one, so that a wrong clock
/// here does not matter; otherwise against `now`. A date in the past is no wait.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = text(headers, contract::RETRY_AFTER)?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse().unwrap_or(MAX_SECONDS).min(MAX_SECONDS);
        return Some(Duration::from_secs(seconds));
    }
    let Some(until) = http_date(value) else {
        return is_far_date(value).then_some(Duration::from_secs(MAX_SECONDS));
    };
    let now = text(headers, http::header::DATE.as_str())
        .and_then(http_date)
        .unwrap_or(now);
    let wait = until.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

fn http_date(value: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(value).ok()
}

/// Returns whether it is a date beyond the last one a clock here can tell, late in 9999.
///
/// The calendar repeats itself every 400 years, days of the week included.
fn is_far_date(value: &str) -> bool {
    value.contains(" 9999 ") && http_date(&value.replacen(" 9999 ", " 9599 ", 1)).is_some()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn wait(value: &str) -> Option<Duration> {
        let now: Timestamp = "2026-05-19T12:00:00Z".parse().unwrap();
        retry_after(&headers(&[("retry-after", value)]), now)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(wait("0"), Some(Duration::ZERO));
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(
            wait("99999999999999999999"),
            Some(Duration::from_secs(MAX_SECONDS))
        );
        assert_eq!(
            wait("Tue, 19 May 2026 12:00:07 GMT"),
            Some(Duration::from_secs(7))
        );
        assert_eq!(wait("Tue, 19 May 2026 11:00:00 GMT"), Some(Duration::ZERO));
        for far in [
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Thu, 30 Dec 9999 12:00:00 GMT",
            "99999999999999999999999999999999999",
        ] {
            let day = Duration::from_secs(24 * 60 * 60);
            assert!(wait(far).is_some_and(|wait| wait > day), "{far}");
        }
        for bad in [
            "Fri, 99 Dec 9999 23:59:59 GMT",
            "",
            "soon",
            "-1",
            "1.5",
            "2026-05-19T12:00:07Z",
        ] {
            assert_eq!(wait(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_date_is_measured_against_the_servers_clock() {
        let pairs = [
            ("retry-after", "Tue, 19 May 2026 12:00:07 GMT"),
            ("date", "Tue, 19 May 2026 12:00:04 GMT"),
        ];
        let wrong: Timestamp = "2031-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(
            retry_after(&headers(&pairs), wrong),
            Some(Duration::from_secs(3))
        );
    }

    #[test]
    fn a_rate_limit_needs_all_three_numbers() {
        let all = [
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "7"),
            ("x-ratelimit-reset", "1716135600"),
        ];
        let limit = rate_limit(&headers(&all)).unwrap();
        assert_eq!(
            (limit.limit, limit.remaining, limit.reset_unix_seconds),
            (100, 7, 1_716_135_600)
        );
        assert_eq!(rate_limit(&headers(&all[..2])), None);
        assert_eq!(rate_limit(&headers(&[("x-ratelimit-limit", "many")])), None);
    }
}
