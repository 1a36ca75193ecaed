//! Owns the calendar of subscriptions: where periods begin, counted from an anchor in UTC. Pure.

use crate::time::Time;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// The unit of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Interval {
    Day,
    Week,
    Month,
    Year,
}

/// The beginning of the period at `place`, each `count` intervals long.
///
/// Always counted from the anchor, never from the period before: a month that is too short for the
/// anchor's day does not shorten the ones after it. What lies past the calendar's end is its end.
pub(super) fn boundary(anchor: Time, interval: Interval, count: i64, place: i64) -> Time {
    let end = Time::from_millis(i64::MAX);
    let Some(units) = count.checked_mul(place) else {
        return end;
    };
    let span = match interval {
        Interval::Day => Span::new().try_days(units),
        Interval::Week => Span::new().try_weeks(units),
        Interval::Month => Span::new().try_months(units),
        Interval::Year => Span::new().try_years(units),
    };
    let instant = span.and_then(|span| {
        let anchor = Timestamp::from_millisecond(anchor.millis())?;
        anchor.to_zoned(TimeZone::UTC).checked_add(span)
    });
    instant.map_or(end, |instant| {
        Time::from_millis(instant.timestamp().as_millisecond())
    })
}

#[cfg(test)]
mod tests {
    use super::{Interval, boundary};
    use crate::time::Time;

    fn dates(anchor: &str, interval: Interval, count: i64, places: i64) -> Vec<String> {
        let anchor = Time::parse(anchor).unwrap();
        (0..places)
            .map(|place| boundary(anchor, interval, count, place).date())
            .collect()
    }

    #[test]
    fn a_short_month_does_not_shorten_the_months_after_it() {
        // By python-dateutil: [date(2027, 1, 31) + relativedelta(months=n) for n in range(5)].
        assert_eq!(
            dates("2027-01-31T10:00:00Z", Interval::Month, 1, 5),
            [
                "2027-01-31",
                "2027-02-28",
                "2027-03-31",
                "2027-04-30",
                "2027-05-31"
            ]
        );
        assert_eq!(
            dates("2027-12-31T10:00:00Z", Interval::Month, 2, 3),
            ["2027-12-31", "2028-02-29", "2028-04-30"]
        );
    }

    #[test]
    fn the_leap_day_comes_back_every_fourth_year() {
        assert_eq!(
            dates("2028-02-29T00:00:00Z", Interval::Year, 1, 5),
            [
                "2028-02-29",
                "2029-02-28",
                "2030-02-28",
                "2031-02-28",
                "2032-02-29"
            ]
        );
    }

    #[test]
    fn days_and_weeks_are_counted_and_the_time_of_day_stays() {
        let anchor = Time::parse("2026-10-24T23:59:59.999Z").unwrap();
        // Over the change of British summer time: periods are UTC.
        let next = boundary(anchor, Interval::Day, 1, 2);
        assert_eq!(next.to_string(), "2026-10-26T23:59:59.999Z");
        let next = boundary(anchor, Interval::Week, 2, 3);
        assert_eq!(next.to_string(), "2026-12-05T23:59:59.999Z");
    }

    #[test]
    fn past_the_calendars_end_is_its_end() {
        let end = Time::from_millis(i64::MAX);
        for interval in [
            Interval::Day,
            Interval::Week,
            Interval::Month,
            Interval::Year,
        ] {
            assert_eq!(boundary(Time::HORIZON, interval, 365, i64::MAX), end);
            assert!(boundary(Time::HORIZON, interval, 365, 1) > Time::HORIZON);
        }
        assert_eq!(boundary(Time::HORIZON, Interval::Year, 365, 1), end);
    }
}
