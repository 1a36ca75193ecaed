//! Two things timed in turns, so that what else the machine does falls on both.
//!
//! Owns the ratio. Batches are short against a time slice: most of them run undisturbed, and the
//! median is theirs.

use std::hint::black_box;
use std::time::Instant;

use crate::quantile;

/// Calls in a batch.
const BATCH: u32 = 20;
/// Batches of each side.
const BATCHES: usize = 20_000;

/// Medians of both sides, in nanoseconds a call.
pub struct Pair {
    pub subject: f64,
    pub floor: f64,
}

impl Pair {
    /// Times `subject` and `floor` in turns.
    pub fn measure<A, B>(mut subject: impl FnMut() -> A, mut floor: impl FnMut() -> B) -> Self {
        let batches = if cfg!(debug_assertions) { 10 } else { BATCHES };
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for batch in 0..batches + batches / 10 {
            let (subject, floor) = if batch % 2 == 0 {
                let subject = timed(&mut subject);
                (subject, timed(&mut floor))
            } else {
                let floor = timed(&mut floor);
                (timed(&mut subject), floor)
            };
            // The first tenth warms up.
            if batch >= batches / 10 {
                with.push(subject);
                without.push(floor);
            }
        }
        let per_call = |samples: &mut Vec<u64>| quantile(samples, 0.5) as f64 / f64::from(BATCH);
        Self { subject: per_call(&mut with), floor: per_call(&mut without) }
    }

    /// The speed of the subject as a part of the floor's.
    pub fn speed(&self) -> f64 {
        self.floor / self.subject
    }
}

fn timed<T>(call: &mut impl FnMut() -> T) -> u64 {
    let started = Instant::now();
    for _ in 0..BATCH {
        black_box(call());
    }
    started.elapsed().as_nanos() as u64
}
