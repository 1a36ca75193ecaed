//! Owns the arithmetic of proration: the difference that a change of price makes within a period, and
//! what of a sum can be charged. Pure.

use crate::time::Time;
use fluxa_sdk::contract;

/// The part of `change`, a change of a period's price, that falls on what is left of it at `now`, by
/// milliseconds, rounded half up.
pub(super) fn difference(change: i64, start: Time, end: Time, now: Time) -> i64 {
    let length = i128::from(end.millis() - start.millis());
    if length <= 0 {
        return 0;
    }
    let left = i128::from(end.millis() - now.millis()).clamp(0, length);
    let exact = i128::from(change) * left;
    let rounded = (2 * exact + length).div_euclid(2 * length);
    i64::try_from(rounded).unwrap_or_default()
}

/// What of `total` is charged now, and what is carried over to the next charge: all of a sum too small
/// to charge, a credit included, and what exceeds the largest charge.
pub(super) fn split(total: i64) -> (i64, i64) {
    if total < contract::AMOUNT_MINOR_MIN {
        return (0, total);
    }
    let charged = total.min(contract::AMOUNT_MINOR_MAX);
    (charged, total - charged)
}

#[cfg(test)]
mod tests {
    use super::{difference, split};
    use crate::time::Time;

    fn at(ms: i64) -> Time {
        Time::from_millis(ms)
    }

    #[test]
    fn the_difference_counts_for_the_part_that_is_left() {
        let part = |change, now| difference(change, at(1_000), at(2_000), at(now));
        assert_eq!(part(1_000, 1_000), 1_000);
        assert_eq!(part(1_000, 1_250), 750);
        assert_eq!(part(-1_000, 1_250), -750);
        assert_eq!(part(1_000, 2_000), 0);
        // A period that is over, or has not begun, has no more than itself to give.
        assert_eq!(part(1_000, 9_000), 0);
        assert_eq!(part(1_000, 0), 1_000);
        assert_eq!(difference(1_000, at(5), at(5), at(5)), 0);
    }

    #[test]
    fn halves_are_rounded_up_towards_plus_infinity() {
        let half_of = |change| difference(change, at(0), at(1_000), at(500));
        assert_eq!(half_of(5), 3);
        assert_eq!(half_of(-5), -2);
        assert_eq!(half_of(4), 2);
        assert_eq!(difference(10, at(0), at(1_000), at(951)), 0);
        assert_eq!(difference(10, at(0), at(1_000), at(950)), 1);
    }

    #[test]
    fn the_largest_sums_over_the_longest_period_do_not_overflow() {
        let end = at(i64::MAX);
        assert_eq!(difference(99_999_999, at(0), end, at(0)), 99_999_999);
        assert_eq!(difference(-99_999_999, at(0), end, at(0)), -99_999_999);
    }

    #[test]
    fn what_cannot_be_charged_is_carried_over() {
        assert_eq!(split(30), (30, 0));
        assert_eq!(split(29), (0, 29));
        assert_eq!(split(0), (0, 0));
        assert_eq!(split(-500), (0, -500));
        assert_eq!(split(100_000_019), (99_999_999, 20));
    }
}
