//! A store of a few lines, to stress the stress: sound it passes, and with any one flaw it does not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fluxa_sdk::webhooks::inbox::{Claim, EventStore, Lease, StoreError};
use tokio::time::Instant;

use super::{Boxed, Stress, Transaction, broken_promises, run};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// `done` does not look at the fence.
    MarksAnyFence,
    /// `done` does not look at the lease.
    MarksAfterTheLease,
    /// A claim does not look at the lease of another.
    ClaimsWhatIsHeld,
    /// A claim of what is done succeeds.
    ClaimsWhatIsDone,
    /// The fence begins anew after a release.
    ForgetsTheFence,
    /// `done` says so and does nothing.
    LosesMarks,
    /// `done` refuses what it should take, now and then.
    RefusesTheHolder,
    /// A restart forgets what was done.
    ForgetsOnRestart,
    /// The effect is committed though the mark is refused.
    CommitsWithoutMark,
}

#[derive(Clone)]
struct Table {
    rows: Arc<Mutex<HashMap<String, Row>>>,
    effects: Arc<Mutex<HashMap<String, u32>>>,
    flaw: Flaw,
}

#[derive(Default)]
struct Row {
    fence: u64,
    until: Option<Instant>,
    done: bool,
}

impl Table {
    fn with(flaw: Flaw) -> Self {
        Self {
            rows: Arc::default(),
            effects: Arc::default(),
            flaw,
        }
    }

    fn change(&self, lease: &Lease, change: impl FnOnce(&mut Row)) -> bool {
        let mut rows = self.rows.lock().unwrap();
        let row = rows.entry(lease.event_id().to_owned()).or_default();
        let held = row.until.is_some_and(|until| until > Instant::now());
        let sound = row.fence == lease.fence() && held;
        if sound {
            change(row);
        }
        sound
    }

    fn mark(&self, lease: &Lease) -> bool {
        let mut rows = self.rows.lock().unwrap();
        let row = rows.entry(lease.event_id().to_owned()).or_default();
        let held = row.until.is_some_and(|until| until > Instant::now());
        if row.done && row.fence == lease.fence() {
            return true;
        }
        let mine = row.fence == lease.fence() || self.flaw == Flaw::MarksAnyFence;
        let held = held || self.flaw == Flaw::MarksAfterTheLease && row.until.is_some();
        if self.flaw == Flaw::RefusesTheHolder && lease.event_id().ends_with("00") {
            row.until = None;
            return false;
        }
        if mine && held && self.flaw != Flaw::LosesMarks {
            row.done = true;
        }
        mine && held
    }
}

impl EventStore for Table {
    async fn claim(&self, event_id: &str, lease: Duration) -> Result<Claim, StoreError> {
        // Others get their turn, as with a store that is asked over a network.
        tokio::task::yield_now().await;
        let now = Instant::now();
        let mut rows = self.rows.lock().unwrap();
        let row = rows.entry(event_id.to_owned()).or_default();
        if row.done && self.flaw != Flaw::ClaimsWhatIsDone {
            return Ok(Claim::Done);
        }
        if let Some(until) = row.until.filter(|until| *until > now)
            && self.flaw != Flaw::ClaimsWhatIsHeld
        {
            let remaining = until - now;
            return Ok(Claim::InFlight { remaining });
        }
        row.done = false;
        row.fence += 1;
        row.until = Some(now + lease);
        Ok(Claim::New(Lease::new(event_id, row.fence)))
    }

    async fn extend(&self, lease: &Lease, duration: Duration) -> Result<bool, StoreError> {
        tokio::task::yield_now().await;
        Ok(self.change(lease, |row| row.until = Some(Instant::now() + duration)))
    }

    async fn done(&self, lease: &Lease) -> Result<bool, StoreError> {
        tokio::task::yield_now().await;
        Ok(self.mark(lease))
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        tokio::task::yield_now().await;
        Ok(self.change(lease, |row| {
            row.until = None;
            if self.flaw == Flaw::ForgetsTheFence {
                row.fence = 0;
            }
        }))
    }
}

impl Transaction for Table {
    fn commit(&self, lease: &Lease) -> Boxed<Result<bool, StoreError>> {
        let (table, lease) = (self.clone(), lease.clone());
        Box::pin(async move {
            tokio::task::yield_now().await;
            let marked = table.mark(&lease);
            if marked || table.flaw == Flaw::CommitsWithoutMark {
                let mut effects = table.effects.lock().unwrap();
                *effects.entry(lease.event_id().to_owned()).or_default() += 1;
            }
            Ok(marked)
        })
    }

    fn effects(&self) -> Boxed<HashMap<String, u32>> {
        let effects = self.effects.lock().unwrap().clone();
        Box::pin(async move { effects })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sound_store_keeps_its_promises_under_stress() {
    run(Table::with(Flaw::None), Stress::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sound_store_takes_effect_exactly_once_in_a_transaction() {
    let table = Table::with(Flaw::None);
    let transaction = Arc::new(table.clone());
    run(table, Stress::new().transaction(transaction)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_flaw_of_a_store_is_found() {
    for (flaw, says) in [
        (Flaw::MarksAnyFence, "marked, though"),
        (Flaw::MarksAfterTheLease, "after its lease"),
        (Flaw::ClaimsWhatIsHeld, "both held it"),
        (Flaw::ClaimsWhatIsDone, "claimed after it was done"),
        (Flaw::ForgetsTheFence, "was given twice"),
        (Flaw::LosesMarks, "claimed after it was done"),
        (Flaw::RefusesTheHolder, "before its lease ended"),
        (Flaw::ForgetsOnRestart, "claimed after it was done"),
    ] {
        let table = Table::with(flaw);
        let rows = table.rows.clone();
        let mut stress = Stress::new().events(400).deadline(Duration::from_secs(4));
        if flaw == Flaw::ForgetsOnRestart {
            stress = stress.restart(move || {
                rows.lock()
                    .unwrap()
                    .values_mut()
                    .for_each(|row| row.done = false);
                Box::pin(async {})
            });
        }
        let broken = broken_promises(table, stress).await;
        assert!(
            broken.iter().any(|broken| broken.contains(says)),
            "{says}: {broken:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_effect_without_its_mark_is_found() {
    let table = Table::with(Flaw::CommitsWithoutMark);
    let stress = Stress::new()
        .events(400)
        .transaction(Arc::new(table.clone()));
    let broken = broken_promises(table, stress).await;
    assert!(
        broken
            .iter()
            .any(|broken| broken.contains("took effect 2 times")),
        "{broken:?}"
    );
}
