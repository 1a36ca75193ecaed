//! The allowance of retries that the clients of one origin share.
//!
//! Owns the process-wide registry. A backend that makes a client per key, or per request, must
//! not multiply an outage by the number of its clients.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::time::Instant;

use crate::retry::Quota;

/// The allowances of all origins. One lives as long as a client to its origin does.
static REGISTRY: Mutex<BTreeMap<String, Weak<Allowance>>> = Mutex::new(BTreeMap::new());

/// A [`Quota`] on the clock.
pub(crate) struct Allowance {
    quota: Mutex<Quota>,
    created_at: Instant,
}

impl Allowance {
    /// Returns an allowance that nobody else has.
    pub(crate) fn own() -> Arc<Self> {
        Arc::new(Self {
            quota: Mutex::new(Quota::new(std::time::Duration::ZERO)),
            created_at: Instant::now(),
        })
    }

    /// Returns the allowance of `origin`, a new one when no client to it is left.
    pub(crate) fn of_origin(origin: &str) -> Arc<Self> {
        let mut registry = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = registry.get(origin).and_then(Weak::upgrade) {
            return shared;
        }
        registry.retain(|_, known| known.strong_count() > 0);
        let new = Self::own();
        registry.insert(origin.to_owned(), Arc::downgrade(&new));
        new
    }

    /// Takes a retry's cost; `None` when the allowance does not suffice.
    pub(crate) fn take(self: &Arc<Self>, cost: u32) -> Option<Taken> {
        let taken = self.quota().take(cost, self.created_at.elapsed());
        taken.then(|| Taken {
            allowance: Arc::clone(self),
            cost,
        })
    }

    /// Takes note of a call's success, whose retries cost `spent`.
    pub(crate) fn succeed(&self, spent: u32) {
        self.quota().succeed(spent);
    }

    fn quota(&self) -> MutexGuard<'_, Quota> {
        self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cost of a retry that was not made yet. Dropped, it goes back: the call was given up.
#[must_use = "a cost that is dropped goes back to the allowance"]
pub(crate) struct Taken {
    allowance: Arc<Allowance>,
    cost: u32,
}

impl Taken {
    /// The retry is made: returns what it cost.
    pub(crate) fn spend(mut self) -> u32 {
        std::mem::take(&mut self.cost)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.cost > 0 {
            self.allowance.quota().give_back(self.cost);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_one_origin_share_and_others_do_not() {
        let first = Allowance::of_origin("https://a.test:443");
        assert!(Arc::ptr_eq(
            &first,
            &Allowance::of_origin("https://a.test:443")
        ));
        assert!(!Arc::ptr_eq(
            &first,
            &Allowance::of_origin("https://b.test:443")
        ));
        assert!(!Arc::ptr_eq(&first, &Allowance::own()));
        first.take(500).unwrap().spend();
        assert!(
            Allowance::of_origin("https://a.test:443")
                .take(14)
                .is_none()
        );
        drop(first);
        let anew = Allowance::of_origin("https://a.test:443");
        assert!(
            anew.take(500).is_some(),
            "the last client is gone, and its debt with it"
        );
    }

    #[test]
    fn the_registry_forgets_origins_without_clients() {
        for port in 0..100 {
            let _ = Allowance::of_origin(&format!("https://gone.test:{port}"));
        }
        let _kept = Allowance::of_origin("https://kept.test:443");
        let registry = REGISTRY.lock().unwrap();
        let gone = registry.keys().filter(|key| key.contains("gone.test"));
        assert_eq!(gone.count(), 0);
    }

    #[test]
    fn a_cost_that_was_not_spent_goes_back() {
        let allowance = Allowance::own();
        for _ in 0..1000 {
            drop(allowance.take(500).unwrap());
        }
        allowance.take(500).unwrap().spend();
        assert!(allowance.take(14).is_none());
    }
}
