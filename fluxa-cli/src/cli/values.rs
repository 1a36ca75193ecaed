//! Owns reading values as they are typed on the command line: addresses, durations.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

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
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
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
pub(super) fn duration(text: &str) -> Result<Duration, String> {
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
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "a duration is a whole number and a unit: 90s, 5m, 24h or 30d".to_owned())
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
}
