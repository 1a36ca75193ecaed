//! What was seen of the store from outside, and which of its promises that breaks.
//!
//! A worker knows of its lease only what its own clock tells: it surely held the event from the
//! answer to the end of the lease counted from the question, and surely no longer than the lease
//! counted from the answer. Only what is sure is held against the store.

use std::collections::HashMap;

use tokio::time::Instant;

use super::{Fault, MARGIN};

/// How an attempt ended that was not granted its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Killed,
    Refused,
    Unknown,
}

struct Attempt {
    fence: u64,
    asked: Instant,
    /// Surely held from here…
    from: Instant,
    /// …to here.
    until: Instant,
    /// Surely not held after this.
    ends_by: Instant,
    took_effect: bool,
    marks: bool,
    end: Option<End>,
}

#[derive(Default)]
struct Event {
    attempts: Vec<Attempt>,
    /// The fence that was granted the mark, and when.
    granted: Option<(u64, Instant)>,
    /// The highest fence the effect's receiver has seen; it refuses lower ones.
    highest: u64,
}

#[derive(Default)]
pub(super) struct Observed {
    events: Vec<Event>,
    faults: HashMap<Fault, u32>,
    broken: Vec<String>,
    refused: u32,
    unknown: u32,
    duplicates: u32,
    stale_effects: u32,
    repeated_effects: u32,
}

impl Observed {
    pub(super) fn of(events: usize) -> Self {
        Self {
            events: (0..events).map(|_| Event::default()).collect(),
            ..Self::default()
        }
    }

    pub(super) fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    fn attempt(&mut self, event: usize, fence: u64) -> &mut Attempt {
        let attempts = &mut self.events[event].attempts;
        let attempt = attempts.iter_mut().find(|attempt| attempt.fence == fence);
        attempt.unwrap()
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    pub(super) fn claimed(
        &mut self,
        event: usize,
        fence: u64,
        asked: Instant,
        from: Instant,
        until: Instant,
        ends_by: Instant,
    ) {
        let Self { events, broken, .. } = self;
        let seen = &mut events[event];
        if seen.attempts.iter().any(|other| other.fence == fence) {
            broken.push(format!("event {event}: fence {fence} was given twice"));
        }
        for other in &seen.attempts {
            if other.from < asked && other.fence >= fence {
                let before = other.fence;
                broken.push(format!("event {event}: fence {fence} came after {before}"));
            }
        }
        if seen.granted.is_some_and(|(_, at)| at < asked) {
            broken.push(format!("event {event}: claimed after it was done"));
        }
        seen.attempts.push(Attempt {
            fence,
            asked,
            from,
            until: until - MARGIN,
            ends_by,
            took_effect: false,
            marks: false,
            end: None,
        });
    }

    pub(super) fn found_done(&mut self, event: usize) {
        self.duplicates += 1;
        let seen = &self.events[event];
        if !seen.attempts.iter().any(|attempt| attempt.marks) {
            self.broken
                .push(format!("event {event}: done, though nobody marked it"));
        }
    }

    /// The worker surely holds the event only until now: it gives it back.
    pub(super) fn gives_up(&mut self, event: usize, fence: u64) {
        let attempt = self.attempt(event, fence);
        attempt.until = attempt.until.min(Instant::now());
    }

    /// Whether the receiver of the effect took it.
    pub(super) fn takes_effect(&mut self, event: usize, fence: u64) -> bool {
        let seen = &mut self.events[event];
        if fence < seen.highest {
            self.stale_effects += 1;
            return false;
        }
        seen.highest = fence;
        self.attempt(event, fence).took_effect = true;
        true
    }

    /// The worker asks for the mark: from now on it may hold the event, or be done with it.
    pub(super) fn marks(&mut self, event: usize, fence: u64) {
        self.attempt(event, fence).marks = true;
    }

    pub(super) fn extended(&mut self, event: usize, fence: u64, until: Instant) {
        self.attempt(event, fence).until = until - MARGIN;
    }

    pub(super) fn may_hold_until(&mut self, event: usize, fence: u64, ends_by: Instant) {
        self.attempt(event, fence).ends_by = ends_by;
    }

    pub(super) fn ends_by(&mut self, event: usize, fence: u64) -> Instant {
        self.attempt(event, fence).ends_by
    }

    pub(super) fn granted(&mut self, event: usize, fence: u64, asked: Instant, answered: Instant) {
        let ends_by = self.attempt(event, fence).ends_by;
        let seen = &mut self.events[event];
        let mut broken = |what: String| self.broken.push(format!("event {event}: {what}"));
        if let Some((other, _)) = seen.granted {
            broken(format!("done was granted to fences {other} and {fence}"));
        }
        if asked > ends_by + MARGIN {
            let late = asked - ends_by;
            broken(format!("fence {fence} marked {late:?} after its lease"));
        }
        for other in &seen.attempts {
            if other.fence > fence && other.from < asked {
                let newer = other.fence;
                broken(format!("fence {fence} marked, though {newer} was given"));
            }
            // Claimed when the mark was surely there.
            if other.fence != fence && other.asked > answered {
                broken(format!("claimed by {} after it was done", other.fence));
            }
        }
        seen.granted = Some((fence, answered));
        let attempt = self.attempt(event, fence);
        attempt.until = attempt.until.min(asked);
    }

    pub(super) fn refused(&mut self, event: usize, fence: u64, answered: Instant) {
        self.refused += 1;
        let until = self.attempt(event, fence).until;
        if answered < until {
            let left = until - answered;
            self.broken.push(format!(
                "event {event}: fence {fence} was refused {left:?} before its lease ended"
            ));
        }
        self.ended(event, fence, End::Refused);
    }

    pub(super) fn ended(&mut self, event: usize, fence: u64, end: End) {
        self.unknown += u32::from(end == End::Unknown);
        let attempt = self.attempt(event, fence);
        if attempt.marks && end != End::Refused {
            // It may be marked: what it held, it holds no longer for sure.
            attempt.until = attempt.from;
        }
        attempt.end = Some(end);
    }

    /// Checks that each event was marked by someone.
    pub(super) fn check_marks(&mut self) {
        for (event, seen) in self.events.iter().enumerate() {
            let unknown = seen.attempts.iter().any(|attempt| {
                attempt.marks && matches!(attempt.end, Some(End::Killed | End::Unknown))
            });
            if seen.granted.is_none() && !unknown {
                let what = format!("event {event}: done was granted to nobody");
                self.broken.push(what);
            }
        }
    }

    /// Checks that the store was put to each test.
    pub(super) fn check_faults(&mut self) {
        if self.faults.len() != Fault::COUNT {
            let what = format!("not all faults were tried: {:?}", self.faults);
            self.broken.push(what);
        }
    }

    /// Checks what took effect, where that was not in the store's transaction.
    pub(super) fn check_effects(&mut self) {
        for (event, seen) in self.events.iter().enumerate() {
            let effects = seen.attempts.iter().filter(|attempt| attempt.took_effect);
            let marked = seen.granted.map(|(fence, _)| fence);
            let mut count = 0;
            for effect in effects {
                count += 1;
                let fence = effect.fence;
                if marked.is_some_and(|marked| fence > marked) {
                    self.broken.push(format!(
                        "event {event}: fence {fence} took effect after done"
                    ));
                }
                if marked != Some(fence) && effect.end.is_none() {
                    self.broken.push(format!(
                        "event {event}: fence {fence} took effect, was not hindered and not granted"
                    ));
                }
            }
            if count == 0 {
                self.broken.push(format!("event {event} never took effect"));
            }
            self.repeated_effects += u32::from(count > 1);
        }
    }

    /// Returns the promises broken so far, and of those who held an event at once.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut broken = self.broken.clone();
        for (event, seen) in self.events.iter().enumerate() {
            for (index, one) in seen.attempts.iter().enumerate() {
                for other in &seen.attempts[index + 1..] {
                    if one.from < other.until && other.from < one.until {
                        let (one, other) = (one.fence, other.fence);
                        broken.push(format!("event {event}: {one} and {other} both held it"));
                    }
                }
            }
        }
        broken
    }

    pub(super) fn summary(&self) -> String {
        let attempts: usize = self.events.iter().map(|event| event.attempts.len()).sum();
        format!(
            "{} events, {attempts} attempts, {} duplicates answered, {} events with repeated effect, \
             {} refused, {} unknown, {} late effects stopped by their fence; {:?}",
            self.events.len(),
            self.duplicates,
            self.repeated_effects,
            self.refused,
            self.unknown,
            self.stale_effects,
            self.faults
        )
    }
}
