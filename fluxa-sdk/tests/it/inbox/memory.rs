//! The store in memory, with the clock moved instead of waited for.

use std::time::Duration;

use fluxa_sdk::webhooks::inbox::{Claim, EventStore, Lease, MIN_RETENTION, MemoryStore};
use tokio::time::advance;

use super::granted;
use super::stress::{self, Stress, whole};

const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_worker_whose_lease_ran_out_can_do_nothing_to_the_event() {
    let store = MemoryStore::new();
    let late = granted(store.claim("evt_1", LEASE).await.unwrap());
    advance(LEASE).await;
    assert!(
        !store.done(&late).await.unwrap(),
        "nobody else has it, still"
    );
    assert!(!store.extend(&late, LEASE).await.unwrap());
    assert!(!store.release(&late).await.unwrap());

    let new = granted(store.claim("evt_1", LEASE).await.unwrap());
    assert_eq!((late.fence(), new.fence()), (1, 2));
    assert!(!store.done(&late).await.unwrap());
    assert!(!store.extend(&late, LEASE).await.unwrap());
    assert!(!store.release(&late).await.unwrap());
    let other = store.claim("evt_1", LEASE).await.unwrap();
    assert_eq!(other, Claim::InFlight { remaining: LEASE });
    assert!(store.done(&new).await.unwrap());
    assert!(store.done(&new).await.unwrap(), "marking may be repeated");
    assert!(!store.done(&late).await.unwrap(), "but not by another");
    assert_eq!(store.claim("evt_1", LEASE).await.unwrap(), Claim::Done);
}

#[tokio::test(start_paused = true)]
async fn a_lease_runs_from_its_extension_and_ends_with_its_release() {
    let store = MemoryStore::new();
    let lease = granted(store.claim("evt_1", LEASE).await.unwrap());
    advance(LEASE - SECOND).await;
    assert!(store.extend(&lease, LEASE).await.unwrap());
    advance(LEASE - SECOND).await;
    let other = store.claim("evt_1", LEASE).await.unwrap();
    assert_eq!(other, Claim::InFlight { remaining: SECOND });
    assert!(store.release(&lease).await.unwrap());
    assert!(!store.release(&lease).await.unwrap());
    let next = granted(store.claim("evt_1", LEASE).await.unwrap());
    assert_eq!(next.fence(), 2);
}

#[tokio::test(start_paused = true)]
async fn events_are_kept_for_seven_days_and_then_forgotten() {
    let store = MemoryStore::new();
    for event_id in ["evt_done", "evt_failed"] {
        let lease = granted(store.claim(event_id, LEASE).await.unwrap());
        if event_id == "evt_done" {
            assert!(store.done(&lease).await.unwrap());
        }
    }
    advance(MIN_RETENTION).await;
    assert_eq!(store.claim("evt_done", LEASE).await.unwrap(), Claim::Done);
    advance(SECOND).await;
    granted(store.claim("evt_done", LEASE).await.unwrap());
    advance(MIN_RETENTION * 2).await;
    granted(store.claim("evt_other", LEASE).await.unwrap());
    assert!(
        format!("{store:?}").contains("events: 1,"),
        "what nobody asks for is forgotten too: {store:?}"
    );
    let failure = MemoryStore::new().retention(MIN_RETENTION - SECOND);
    assert!(failure.unwrap_err().to_string().contains("7 days"));
}

#[tokio::test(start_paused = true)]
async fn retention_counts_from_the_last_touch() {
    for last in ["extended", "marked", "released"] {
        let store = MemoryStore::new();
        let long = SECOND * 60 * 60;
        let lease = granted(store.claim("evt_1", long).await.unwrap());
        advance(long - SECOND).await;
        assert!(match last {
            "extended" => store.extend(&lease, LEASE).await.unwrap(),
            "marked" => store.done(&lease).await.unwrap(),
            _ => store.release(&lease).await.unwrap(),
        });
        // Past the retention after the claim, not after the last touch.
        advance(MIN_RETENTION - SECOND).await;
        match store.claim("evt_1", LEASE).await.unwrap() {
            Claim::Done => assert_eq!(last, "marked"),
            other => assert_eq!(granted(other).fence(), 2, "{last}: its fence grows on"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_store_refuses_new_events_and_forgets_no_old_one() {
    let store = MemoryStore::new().capacity(2);
    let first = granted(store.claim("evt_1", LEASE).await.unwrap());
    granted(store.claim("evt_2", LEASE).await.unwrap());
    let failure = store.claim("evt_3", LEASE).await.unwrap_err();
    assert_eq!(failure.to_string(), "the inbox in memory is full");
    assert!(store.done(&first).await.unwrap());
    assert_eq!(store.claim("evt_1", LEASE).await.unwrap(), Claim::Done);
    advance(MIN_RETENTION + SECOND).await;
    granted(store.claim("evt_3", LEASE).await.unwrap());
}

#[tokio::test]
async fn hostile_ids_are_refused_before_they_are_kept() {
    let store = MemoryStore::new();
    let long = "x".repeat(256);
    for hostile in ["", "evt_\0", "evt_\u{1b}[2J", &long] {
        let failure = store.claim(hostile, LEASE).await.unwrap_err();
        assert_eq!(failure.to_string(), "the event's id cannot be kept");
    }
    granted(store.claim(&long[1..], Duration::MAX).await.unwrap());
    let made_up = Lease::new("evt_never", u64::MAX);
    assert!(!store.done(&made_up).await.unwrap());
    assert!(!store.extend(&made_up, Duration::MAX).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_claims_at_once_one_is_granted() {
    let store = MemoryStore::new();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.claim("evt_1", LEASE).await.unwrap() })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        match task.await.unwrap() {
            Claim::New(_) => new += 1,
            Claim::InFlight { remaining } => assert!(remaining <= LEASE),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(new, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_event_is_done_once_under_stress() {
    stress::run(MemoryStore::new(), Stress::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_inbox_processes_each_event_under_stress() {
    whole::process(MemoryStore::new(), || Box::pin(async {})).await;
}
