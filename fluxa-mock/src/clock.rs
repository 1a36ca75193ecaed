//! Owns the virtual clock of one sandbox and the only reads of the system clock for object times.
//! Real, accelerated or frozen; it never runs backwards.

use crate::time::Time;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Fastest pace: a day in under a second.
const FASTEST_PACE: f64 = 100_000.0;

/// Slowest pace that is not frozen.
const SLOWEST_PACE: f64 = 0.001;

/// Longest sleep before the clock is looked at again.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

/// `pace` if a clock can run at it, else what is wrong with it.
pub(crate) fn check_pace(pace: f64) -> Result<f64, &'static str> {
    match pace {
        0.0 => Ok(0.0),
        pace if (SLOWEST_PACE..=FASTEST_PACE).contains(&pace) => Ok(pace),
        _ => Err("pace is 0 or from 0.001 to 100000."),
    }
}

/// What survives a restart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ClockRecord {
    /// Virtual instant when the record was taken.
    pub(crate) virtual_ms: i64,
    /// Real instant when the record was taken, Unix milliseconds.
    pub(crate) real_ms: i64,
    /// Virtual seconds in one real second; 0 = frozen.
    pub(crate) pace: f64,
}

struct State {
    base_virtual_ms: i64,
    base_real: Instant,
    pace: f64,
    /// Who holds it.
    held: Option<Hold>,
    /// Holds so far.
    holds: u64,
    last_ms: i64,
}

/// The right to move a clock, which stands still meanwhile. It ends when it is released, and before that
/// when the clock is frozen, restored, or held by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold(u64);

/// A clock that can be advanced.
pub(crate) struct Clock {
    state: Mutex<State>,
}

/// Real time, Unix milliseconds.
pub(crate) fn real_millis() -> i64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

impl Clock {
    /// A clock that shows real time, at `pace`.
    pub(crate) fn new(pace: f64) -> Self {
        Self::resume(
            ClockRecord {
                virtual_ms: real_millis(),
                real_ms: real_millis(),
                pace,
            },
            0,
        )
    }

    /// Continues from a record: time passed while the process was down counts at the record's pace
    /// when that is real time, and not at all when it was accelerated or frozen (a night's pause
    /// must not become a year). `floor_ms` is the latest instant already shown.
    pub(crate) fn resume(record: ClockRecord, floor_ms: i64) -> Self {
        let down_ms = if record.pace == 1.0 {
            real_millis().saturating_sub(record.real_ms).max(0)
        } else {
            0
        };
        let base_virtual_ms = record.virtual_ms.saturating_add(down_ms).max(floor_ms);
        Self {
            state: Mutex::new(State {
                base_virtual_ms,
                base_real: Instant::now(),
                pace: record.pace,
                held: None,
                holds: 0,
                last_ms: base_virtual_ms,
            }),
        }
    }

    /// Shows what a record says, earlier or not: the state that it belongs to is put in place.
    pub(crate) fn restore(&self, record: ClockRecord) {
        let mut state = self.state();
        *state = State {
            base_virtual_ms: record.virtual_ms,
            base_real: Instant::now(),
            pace: record.pace,
            held: None,
            holds: state.holds,
            last_ms: record.virtual_ms,
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The virtual instant now; never less than an earlier answer.
    pub(crate) fn now(&self) -> Time {
        let mut state = self.state();
        let computed = state.computed();
        state.last_ms = state.last_ms.max(computed);
        Time::from_millis(state.last_ms)
    }

    /// Stops where it is until [`Clock::release`].
    pub(crate) fn hold(&self) -> Hold {
        let mut state = self.state();
        state.stop();
        state.holds += 1;
        let hold = Hold(state.holds);
        state.held = Some(hold);
        hold
    }

    /// Goes to `instant`, or stays where it is when that is past; false when the hold has ended, and
    /// nothing moved.
    pub(crate) fn move_to(&self, hold: Hold, instant: Time) -> bool {
        let mut state = self.state();
        let is_held = state.held == Some(hold);
        if is_held {
            state.rebase(instant.millis());
        }
        is_held
    }

    /// Runs again from where it is held, unless the hold has ended before.
    pub(crate) fn release(&self, hold: Hold) {
        let mut state = self.state();
        if state.held == Some(hold) {
            state.stop();
            state.held = None;
        }
    }

    /// Ends whatever hold there is.
    pub(crate) fn end_hold(&self) {
        let mut state = self.state();
        state.stop();
        state.held = None;
    }

    /// Virtual seconds per real second; 0 = frozen.
    pub(crate) fn pace(&self) -> f64 {
        self.state().pace
    }

    /// Changes the pace from now on; to freeze the clock ends a hold.
    pub(crate) fn set_pace(&self, pace: f64) {
        let mut state = self.state();
        state.stop();
        state.pace = pace;
        if pace <= 0.0 {
            state.held = None;
        }
    }

    /// What to write down to continue after a restart.
    pub(crate) fn record(&self) -> ClockRecord {
        ClockRecord {
            virtual_ms: self.now().millis(),
            real_ms: real_millis(),
            pace: self.pace(),
        }
    }

    /// Real time to sleep until the clock shows `instant`, or until it is worth another look; `None`
    /// when it will not show it by itself.
    pub(crate) fn real_time_until(&self, instant: Time) -> Option<Duration> {
        let now = self.now();
        let state = self.state();
        if state.held.is_some() || state.pace <= 0.0 || now >= Time::HORIZON {
            return None;
        }
        let virtual_ms = (instant.millis() - now.millis()).max(0);
        let wait = Duration::try_from_secs_f64(virtual_ms as f64 / 1000.0 / state.pace);
        Some(wait.map_or(LONGEST_SLEEP, |wait| wait.min(LONGEST_SLEEP)))
    }
}

impl State {
    fn computed(&self) -> i64 {
        if self.held.is_some() || self.pace <= 0.0 {
            return self.base_virtual_ms;
        }
        let elapsed_ms = self.base_real.elapsed().as_secs_f64() * 1000.0 * self.pace;
        // By itself the clock does not pass the horizon.
        let last = self.base_virtual_ms.max(Time::HORIZON.millis());
        self.base_virtual_ms
            .saturating_add(elapsed_ms as i64)
            .min(last)
    }

    /// Goes on from what it shows now.
    fn stop(&mut self) {
        let now = self.computed();
        self.rebase(now);
    }

    fn rebase(&mut self, virtual_ms: i64) {
        self.last_ms = self.last_ms.max(virtual_ms);
        self.base_virtual_ms = self.last_ms;
        self.base_real = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, ClockRecord, LONGEST_SLEEP, check_pace};
    use crate::time::Time;

    #[test]
    fn a_frozen_clock_moves_only_forward_and_only_when_held_further() {
        let clock = Clock::resume(
            ClockRecord {
                virtual_ms: 5_000,
                real_ms: 0,
                pace: 0.0,
            },
            0,
        );
        assert_eq!(clock.now().millis(), 5_000);
        let hold = clock.hold();
        assert!(clock.move_to(hold, clock.now().plus_millis(1_000)));
        clock.release(hold);
        assert_eq!(clock.now().millis(), 6_000);
        let hold = clock.hold();
        assert!(clock.move_to(hold, clock.now().plus_millis(-3_000)));
        assert_eq!(clock.now().millis(), 6_000);
    }

    #[test]
    fn who_has_lost_the_hold_moves_the_clock_no_more() {
        let clock = Clock::new(1.0);
        let start = clock.now();
        let (later, late) = (start.plus_millis(3_600_000), start.plus_millis(7_200_000));
        let first = clock.hold();
        assert!(clock.move_to(first, later));
        clock.set_pace(0.0);
        assert!(!clock.move_to(first, late));
        clock.release(first);
        assert_eq!(clock.now(), later);
        let second = clock.hold();
        assert!(!clock.move_to(first, late) && clock.move_to(second, late));
        clock.end_hold();
        assert!(!clock.move_to(second, late.plus_millis(1)));
    }

    #[test]
    fn a_real_clock_goes_on_from_where_it_was_moved_to_and_never_back() {
        let clock = Clock::new(1.0);
        let hold = clock.hold();
        let ahead = clock.now().plus_millis(3_600_000);
        assert!(clock.move_to(hold, ahead));
        // Held, however long that takes.
        assert_eq!(clock.now(), ahead);
        clock.release(hold);
        let mut last = ahead;
        while last == ahead {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
        assert!(last < ahead.plus_millis(3_600_000));
    }

    #[test]
    fn a_clock_that_hardly_moves_is_looked_at_every_hour() {
        let record = ClockRecord {
            virtual_ms: 5_000,
            real_ms: 0,
            pace: 1e-300,
        };
        let clock = Clock::resume(record, 0);
        let soon = clock.now().plus_millis(1_000);
        assert_eq!(clock.real_time_until(soon), Some(LONGEST_SLEEP));
        assert!(check_pace(record.pace).is_err());
        assert_eq!(check_pace(0.001), Ok(0.001));
    }

    #[test]
    fn a_clock_stops_at_the_horizon() {
        let record = ClockRecord {
            virtual_ms: Time::HORIZON.millis() - 1,
            real_ms: i64::MIN,
            pace: 100_000.0,
        };
        let clock = Clock::resume(record, 0);
        while clock.now() < Time::HORIZON {
            std::thread::yield_now();
        }
        assert_eq!(clock.now(), Time::HORIZON);
        assert_eq!(clock.real_time_until(clock.now().plus_millis(1)), None);
    }

    #[test]
    fn a_frozen_clock_does_not_count_the_time_it_was_down() {
        let record = ClockRecord {
            virtual_ms: 5_000,
            real_ms: 0,
            pace: 0.0,
        };
        assert_eq!(Clock::resume(record, 7_000).now().millis(), 7_000);
    }
}
