//! Points in time as the API writes them, and ranges of them for filters.

use std::fmt;
use std::ops::{Deref, Range, RangeFrom, RangeInclusive, RangeTo, RangeToInclusive};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: RFC 3339, UTC.
///
/// Written with milliseconds and `Z`, as the API does, so that an object is the same text after a
/// round trip. Read with any precision. Derefs to [`jiff::Timestamp`].
///
/// Contract §1, "times".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Returns the current time.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.3}", self.0)
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Deref for Timestamp {
    type Target = jiff::Timestamp;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp)
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        jiff::Timestamp::deserialize(deserializer).map(Self)
    }
}

/// Bounds on a time, for the filters of lists. Made from Rust's ranges:
///
/// ```
/// use fluxa_sdk::{TimeRange, Timestamp};
///
/// let since: Timestamp = "2026-05-20T00:00:00Z".parse()?;
/// let until: Timestamp = "2026-05-21T00:00:00Z".parse()?;
/// let open_ended = TimeRange::from(since..);
/// let one_day = TimeRange::from(since..until);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeRange {
    /// At or after.
    pub gte: Option<Timestamp>,
    /// After.
    pub gt: Option<Timestamp>,
    /// At or before.
    pub lte: Option<Timestamp>,
    /// Before.
    pub lt: Option<Timestamp>,
}

impl From<Range<Timestamp>> for TimeRange {
    fn from(range: Range<Timestamp>) -> Self {
        Self {
            gte: Some(range.start),
            lt: Some(range.end),
            ..Self::default()
        }
    }
}

impl From<RangeInclusive<Timestamp>> for TimeRange {
    fn from(range: RangeInclusive<Timestamp>) -> Self {
        Self {
            gte: Some(*range.start()),
            lte: Some(*range.end()),
            ..Self::default()
        }
    }
}

impl From<RangeFrom<Timestamp>> for TimeRange {
    fn from(range: RangeFrom<Timestamp>) -> Self {
        Self {
            gte: Some(range.start),
            ..Self::default()
        }
    }
}

impl From<RangeTo<Timestamp>> for TimeRange {
    fn from(range: RangeTo<Timestamp>) -> Self {
        Self {
            lt: Some(range.end),
            ..Self::default()
        }
    }
}

impl From<RangeToInclusive<Timestamp>> for TimeRange {
    fn from(range: RangeToInclusive<Timestamp>) -> Self {
        Self {
            lte: Some(range.end),
            ..Self::default()
        }
    }
}
