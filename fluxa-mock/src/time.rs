//! Owns the one representation of an instant: milliseconds since the Unix epoch on the sandbox's
//! virtual clock, written as RFC 3339 UTC. Knows no clock.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The last instant that can be written in UTC: jiff keeps a day's room for offsets.
const LATEST_MS: i64 = 253_402_207_200_000;

/// An instant on the virtual clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(i64);

impl Time {
    /// Where the clock stops, the first of January 9990: what is scheduled from there can be written.
    pub(crate) const HORIZON: Self = Self(253_086_768_000_000);

    /// From milliseconds since the epoch, clamped to what RFC 3339 can write.
    pub(crate) fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, LATEST_MS))
    }

    /// Milliseconds since the epoch.
    pub(crate) const fn millis(self) -> i64 {
        self.0
    }

    /// This instant moved by `millis`.
    pub(crate) fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// Parses RFC 3339 with any offset.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let timestamp: Timestamp = text.parse().ok()?;
        let millis = timestamp.as_millisecond();
        (0..=LATEST_MS).contains(&millis).then_some(Self(millis))
    }

    /// Parses a bound on times: any instant is one, also before the first that an object can have.
    pub(crate) fn parse_bound(text: &str) -> Option<Self> {
        let timestamp: Timestamp = text.parse().ok()?;
        Some(Self(timestamp.as_millisecond().clamp(0, LATEST_MS)))
    }

    /// The date in UTC, `YYYY-MM-DD`.
    pub(crate) fn date(self) -> String {
        self.render("%Y-%m-%d")
    }

    /// The calendar year and month in UTC.
    pub(crate) fn year_and_month(self) -> (i64, i64) {
        let zoned = self.timestamp().to_zoned(TimeZone::UTC);
        (i64::from(zoned.year()), i64::from(zoned.month()))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).expect("clamped to the range of years 1970 to 9999")
    }

    fn render(self, format: &str) -> String {
        self.timestamp()
            .to_zoned(TimeZone::UTC)
            .strftime(format)
            .to_string()
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:.3}", self.timestamp())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Time::parse(&text).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 instant"))
    }
}

#[cfg(test)]
mod tests {
    use super::{LATEST_MS, Time};
    use jiff::Timestamp;

    #[test]
    fn instants_are_written_with_milliseconds_and_z() {
        let time = Time::parse("2026-05-19T11:23:14.5+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-05-19T10:23:14.500Z");
        assert_eq!(time.date(), "2026-05-19");
        assert_eq!(Time::from_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn every_instant_can_be_written() {
        assert_eq!(LATEST_MS, Timestamp::MAX.as_second() * 1000);
        let latest = Time::from_millis(i64::MAX).to_string();
        assert_eq!(latest, "9999-12-30T22:00:00.000Z");
        assert_eq!(Time::parse(&latest), Some(Time::from_millis(LATEST_MS)));
        assert_eq!(Time::parse("9999-12-31T23:00:00Z"), None);
        assert_eq!(Time::HORIZON.to_string(), "9990-01-01T00:00:00.000Z");
    }
}
