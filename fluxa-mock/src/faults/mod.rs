//! Owns the faults in force in one sandbox: which request or delivery each of them hits, counted and,
//! for a seed, the same on every run. It decides only: `http` spoils answers, `domain` plans
//! deliveries. In memory, and not part of the sandbox's state: a restart or a reset ends them.

mod glob;
mod json;
mod spec;

pub(crate) use spec::When;
pub use spec::{Cut, Fault, Method};

use crate::domain::error::DomainError;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Faults kept at most, spent ones included.
const MOST: usize = 1_000;

/// The faults of a sandbox.
#[derive(Default)]
pub(crate) struct Faults {
    state: Mutex<State>,
    /// How many may still hit: requests look at nothing else while there are none.
    live: AtomicUsize,
}

#[derive(Default)]
struct State {
    made: u64,
    armed: Vec<Armed>,
}

/// A fault with its counts.
struct Armed {
    id: String,
    fault: Fault,
    seen: u64,
    hits: u64,
    random: fastrand::Rng,
}

impl Armed {
    fn is_live(&self) -> bool {
        self.left() != Some(0)
    }

    /// How often it may still hit; `None` = without end.
    fn left(&self) -> Option<u64> {
        self.fault.limit().map(|most| most - self.hits)
    }

    /// Counts what matches, and says whether this one is hit.
    fn strike(&mut self) -> bool {
        if !self.is_live() {
            return false;
        }
        self.seen += 1;
        if self.seen <= self.fault.skip {
            return false;
        }
        let hit = match self.fault.probability {
            Some(probability) => self.random.f64() < probability,
            None => true,
        };
        self.hits += u64::from(hit);
        hit
    }

    fn view(&self) -> Value {
        let mut view = self.fault.to_json();
        if let Some(object) = view.as_object_mut() {
            object.insert("id".to_owned(), self.id.clone().into());
            object.insert("hits".to_owned(), self.hits.into());
            object.insert("hits_left".to_owned(), json!(self.left()));
            object.insert("matched".to_owned(), self.seen.into());
        }
        view
    }
}

/// What a fault has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) hits: u64,
    pub(crate) left: Option<u64>,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recount(&self, state: &State) {
        let live = state.armed.iter().filter(|one| one.is_live()).count();
        self.live.store(live, Ordering::Release);
    }

    /// Puts a fault in force; returns its id.
    ///
    /// # Errors
    /// `parameter_invalid` for a fault that makes no sense; `too_many_faults`.
    pub(crate) fn add(&self, fault: Fault) -> Result<String, DomainError> {
        fault.check()?;
        let mut state = self.state();
        if state.armed.len() >= MOST {
            let message =
                format!("There are {MOST} faults; remove some with DELETE /_mock/faults.");
            return Err(DomainError::invalid("too_many_faults", message));
        }
        state.made += 1;
        let id = format!("flt_{:016x}", state.made);
        state.armed.push(Armed {
            id: id.clone(),
            random: fastrand::Rng::with_seed(fault.seed.unwrap_or(0)),
            fault,
            seen: 0,
            hits: 0,
        });
        self.recount(&state);
        Ok(id)
    }

    /// Every fault with its counts, in the order they were added.
    pub(crate) fn list(&self) -> Vec<Value> {
        self.state().armed.iter().map(Armed::view).collect()
    }

    /// One fault with its counts.
    pub(crate) fn find(&self, id: &str) -> Option<Value> {
        let state = self.state();
        state.armed.iter().find(|one| one.id == id).map(Armed::view)
    }

    /// What a fault has done; `None` when it was removed.
    pub(crate) fn counts(&self, id: &str) -> Option<Counts> {
        let state = self.state();
        let one = state.armed.iter().find(|one| one.id == id)?;
        Some(Counts {
            hits: one.hits,
            left: one.left(),
        })
    }

    /// Removes one; false when there is none.
    pub(crate) fn remove(&self, id: &str) -> bool {
        let mut state = self.state();
        let before = state.armed.len();
        state.armed.retain(|one| one.id != id);
        self.recount(&state);
        state.armed.len() < before
    }

    /// Removes all; returns how many there were.
    pub(crate) fn clear(&self) -> usize {
        let mut state = self.state();
        let gone = state.armed.drain(..).count();
        self.recount(&state);
        gone
    }

    /// The fault that hits this request, if any: the first added that matches and strikes.
    pub(crate) fn of_request(&self, method: &str, path: &str) -> Option<Fault> {
        if self.live.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut state = self.state();
        let hit = state.armed.iter_mut().find_map(|one| {
            (one.fault.matches_request(method, path) && one.strike()).then(|| one.fault.clone())
        })?;
        self.recount(&state);
        Some(hit)
    }

    /// How an event is delivered to an endpoint: the delay of each delivery in virtual milliseconds.
    /// One without delay, unless faults say otherwise; all that match apply.
    pub(crate) fn of_delivery(&self, event_type: &str, endpoint: &str) -> Vec<i64> {
        let mut delays = vec![0];
        if self.live.load(Ordering::Acquire) == 0 {
            return delays;
        }
        let mut state = self.state();
        for one in &mut state.armed {
            if !one.fault.matches_delivery(event_type, endpoint) || !one.strike() {
                continue;
            }
            if one.fault.duplicate {
                delays.push(delays[0]);
            }
            for delay in &mut delays {
                let shuffled = match one.fault.shuffle_ms {
                    Some(most) => one.random.u64(0..=most),
                    None => 0,
                };
                let by = one.fault.delay_ms.unwrap_or(0).saturating_add(shuffled);
                *delay = delay.saturating_add(i64::try_from(by).unwrap_or(i64::MAX));
            }
        }
        self.recount(&state);
        delays
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, Method};

    fn hits(faults: &Faults, path: &str, calls: usize) -> Vec<bool> {
        (0..calls)
            .map(|_| faults.of_request("POST", path).is_some())
            .collect()
    }

    #[test]
    fn a_fault_skips_and_then_hits_as_often_as_told() {
        let faults = Faults::default();
        let fault = Fault::on(Method::Post, "/v1/payments*").skip(1).times(2);
        let id = faults.add(fault.status(503)).unwrap();
        assert_eq!(hits(&faults, "/v1/refunds", 2), [false, false]);
        assert_eq!(
            hits(&faults, "/v1/payments", 5),
            [false, true, true, false, false]
        );
        let counts = faults.counts(&id).unwrap();
        assert_eq!((counts.hits, counts.left), (2, Some(0)));
        assert!(faults.of_request("GET", "/v1/payments").is_none());
    }

    #[test]
    fn a_probability_hits_the_same_calls_for_the_same_seed() {
        let run = |seed| {
            let faults = Faults::default();
            let fault = Fault::on(Method::Any, "/v1/*").probability(0.5, seed);
            faults.add(fault.status(500)).unwrap();
            hits(&faults, "/v1/payments", 64)
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let hit = run(7).into_iter().filter(|hit| *hit).count();
        assert!((16..=48).contains(&hit), "{hit} of 64");
    }

    #[test]
    fn the_first_fault_that_strikes_wins_and_the_others_do_not_count_it() {
        let faults = Faults::default();
        for status in [500, 503] {
            faults
                .add(Fault::on(Method::Any, "/v1/*").status(status))
                .unwrap();
        }
        let statuses: Vec<_> = (0..3)
            .map(|_| faults.of_request("GET", "/v1/x").and_then(|hit| hit.status))
            .collect();
        assert_eq!(statuses, [Some(500), Some(503), None]);
    }

    #[test]
    fn a_shuffle_draws_the_same_delays_for_the_same_seed() {
        let run = |seed| {
            let faults = Faults::default();
            let fault = Fault::on_delivery("payment.*").times(8).shuffle(seed);
            faults.add(fault).unwrap();
            (0..9)
                .map(|_| faults.of_delivery("payment.settled", "we_1")[0])
                .collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert_eq!(run(1)[8], 0, "spent");
        assert!(run(1)[..8].iter().all(|delay| (0..=60_000).contains(delay)));
    }
}
