//! What becomes of a delivery, over the store in memory and one that fails on purpose.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fluxa_sdk::webhooks::inbox::{
    Claim, EventStore, Inbox, Lease, MAX_LEASE, MIN_LEASE, MemoryStore, Processed, StoreError,
};
use tokio::time::{advance, sleep};

use super::event;

const LEASE: Duration = Duration::from_secs(30);

/// The store in memory behind a wire that can be cut, and can lose answers.
#[derive(Clone, Default)]
struct Faulty {
    store: MemoryStore,
    wire: Arc<Wire>,
}

#[derive(Default)]
struct Wire {
    cut: AtomicBool,
    lost_answers: AtomicU32,
    calls: Mutex<Vec<&'static str>>,
}

impl Faulty {
    fn cut(&self) {
        self.wire.cut.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.wire.cut.store(false, Ordering::SeqCst);
    }

    fn lose_answers(&self, count: u32) {
        self.wire.lost_answers.store(count, Ordering::SeqCst);
    }

    fn calls(&self, name: &str) -> usize {
        let calls = self.wire.calls.lock().unwrap();
        calls.iter().filter(|call| **call == name).count()
    }

    async fn over_the_wire<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.wire.calls.lock().unwrap().push(name);
        if self.wire.cut.load(Ordering::SeqCst) {
            return Err(StoreError::new("the wire is cut", name));
        }
        let answer = call.await;
        let losses = &self.wire.lost_answers;
        let lost = losses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if lost.is_ok() {
            return Err(StoreError::new("the answer was lost", name));
        }
        answer
    }
}

impl EventStore for Faulty {
    async fn claim(&self, event_id: &str, lease: Duration) -> Result<Claim, StoreError> {
        let call = self.store.claim(event_id, lease);
        self.over_the_wire("claim", call).await
    }

    async fn extend(&self, lease: &Lease, duration: Duration) -> Result<bool, StoreError> {
        let call = self.store.extend(lease, duration);
        self.over_the_wire("extend", call).await
    }

    async fn done(&self, lease: &Lease) -> Result<bool, StoreError> {
        self.over_the_wire("done", self.store.done(lease)).await
    }

    async fn release(&self, lease: &Lease) -> Result<bool, StoreError> {
        self.over_the_wire("release", self.store.release(lease))
            .await
    }
}

type Outcome = Processed<u32, &'static str>;

fn answer(outcome: &Outcome) -> (u16, Option<u64>) {
    (outcome.status_code(), outcome.retry_after_seconds())
}

#[tokio::test(start_paused = true)]
async fn an_event_is_processed_once_and_answered_200_each_time() {
    let inbox = Inbox::new(MemoryStore::new());
    let first: Outcome = inbox
        .process(&event("evt_1"), |lease| async move {
            assert_eq!((lease.event_id(), lease.fence()), ("evt_1", 1));
            Ok(7)
        })
        .await;
    assert!(matches!(first, Processed::Done(7)), "{first:?}");
    let again: Outcome = inbox
        .process(&event("evt_1"), |_| async { panic!("ran twice") })
        .await;
    assert!(again.is_duplicate(), "{again:?}");
    assert_eq!((answer(&first), answer(&again)), ((200, None), (200, None)));
    assert!(first.is_processed() && again.is_processed());
}

#[tokio::test(start_paused = true)]
async fn an_event_in_flight_is_answered_409_until_its_worker_is_done() {
    let inbox = Inbox::new(MemoryStore::new());
    let slow = inbox.clone();
    let worker = tokio::spawn(async move {
        let work = |_| async {
            sleep(LEASE * 10).await;
            Ok(1)
        };
        slow.process(&event("evt_1"), work).await
    });
    sleep(Duration::from_millis(500)).await;
    let second: Outcome = inbox.process(&event("evt_1"), |_| async { Ok(2) }).await;
    assert_eq!(answer(&second), (409, Some(30)), "29.5 s, rounded up");
    assert!(!second.is_processed());

    sleep(LEASE * 9).await;
    let third: Outcome = inbox.process(&event("evt_1"), |_| async { Ok(3) }).await;
    assert_eq!(
        third.status_code(),
        409,
        "the lease was extended all the while"
    );
    let first: Outcome = worker.await.unwrap();
    assert!(matches!(first, Processed::Done(1)), "{first:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_event_is_given_back_at_once() {
    let inbox = Inbox::new(MemoryStore::new());
    let failed: Outcome = inbox
        .process(&event("evt_1"), |_| async { Err("no stock") })
        .await;
    assert!(
        matches!(failed, Processed::Failed("no stock")),
        "{failed:?}"
    );
    assert_eq!(answer(&failed), (500, None));
    let again: Outcome = inbox
        .process(
            &event("evt_1"),
            |lease| async move { Ok(lease.fence() as u32) },
        )
        .await;
    assert!(matches!(again, Processed::Done(2)), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_gives_the_event_back_and_goes_on() {
    async fn waits_then_panics(wait: Duration) -> Result<u32, &'static str> {
        sleep(wait).await;
        panic!("out of ideas")
    }
    fn panics_at_once() -> std::future::Ready<Result<u32, &'static str>> {
        panic!("out of ideas")
    }
    let inbox = Inbox::new(MemoryStore::new());
    for case in ["at once", "when polled", "after an extension"] {
        let inbox = inbox.clone();
        let work = async move {
            let event = event("evt_1");
            match case {
                "at once" => inbox.process(&event, |_| panics_at_once()).await,
                "when polled" => {
                    let work = |_| waits_then_panics(Duration::ZERO);
                    inbox.process(&event, work).await
                }
                _ => {
                    inbox
                        .process(&event, |_| waits_then_panics(LEASE * 2))
                        .await
                }
            }
        };
        let panic = tokio::spawn(work).await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"out of ideas"), "{case}");
    }
    let again: Outcome = inbox
        .process(&event("evt_1"), |lease| async move {
            assert_eq!(lease.fence(), 4, "three came before");
            Ok(1)
        })
        .await;
    assert!(again.is_processed(), "{again:?}");
}

/// Sets a flag when dropped.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_disconnects_loses_no_event() {
    let inbox = Inbox::new(MemoryStore::new());
    let dropped = Arc::new(AtomicBool::new(false));
    let request = tokio::spawn({
        let (inbox, guard) = (inbox.clone(), SetOnDrop(dropped.clone()));
        async move {
            let event = event("evt_1");
            let work = inbox.process(&event, |_| async move {
                let _guard = guard;
                std::future::pending::<Result<u32, &str>>().await
            });
            work.await.status_code()
        }
    });
    sleep(LEASE * 3).await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    assert!(dropped.load(Ordering::SeqCst), "the handler went with it");
    let soon: Outcome = inbox.process(&event("evt_1"), |_| async { Ok(1) }).await;
    assert_eq!(soon.status_code(), 409, "its lease holds on");
    advance(LEASE).await;
    let later: Outcome = inbox.process(&event("evt_1"), |_| async { Ok(2) }).await;
    assert!(matches!(later, Processed::Done(2)), "{later:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_answered_503_and_the_handler_does_not_run() {
    let inbox = Inbox::new(Faulty::default());
    inbox.store().cut();
    let outcome: Outcome = inbox
        .process(&event("evt_1"), |_| async { panic!("ran") })
        .await;
    assert!(matches!(outcome, Processed::StoreFailed(_)), "{outcome:?}");
    assert_eq!(answer(&outcome), (503, None));
    inbox.store().mend();
    let again: Outcome = inbox.process(&event("evt_1"), |_| async { Ok(1) }).await;
    assert!(again.is_processed());
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_stopped_before_another_worker_can_claim_its_event() {
    let inbox = Inbox::new(Faulty::default());
    let stopped = Arc::new(AtomicBool::new(false));
    let guard = SetOnDrop(stopped.clone());
    let faulty = inbox.store().clone();
    let outcome: Outcome = inbox
        .process(&event("evt_1"), |_| async move {
            let _guard = guard;
            sleep(LEASE * 2).await; // extended all the while
            faulty.cut();
            sleep(LEASE * 10).await;
            Err("was not stopped")
        })
        .await;
    // The store itself, not over the wire.
    let claim = inbox.store().store.claim("evt_1", LEASE).await.unwrap();
    assert!(stopped.load(Ordering::SeqCst));
    let Claim::InFlight { remaining } = claim else {
        panic!("the handler was stopped too late: {claim:?}")
    };
    assert!(remaining <= LEASE / 30, "nor too early: {remaining:?}");
    assert!(matches!(outcome, Processed::LeaseLost), "{outcome:?}");
    assert_eq!(answer(&outcome), (503, None));

    advance(remaining).await;
    inbox.store().mend();
    let again: Outcome = inbox.process(&event("evt_1"), |_| async { Ok(1) }).await;
    assert!(again.is_processed(), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn an_outage_shorter_than_the_lease_stops_no_handler() {
    let inbox = Inbox::new(Faulty::default());
    let faulty = inbox.store().clone();
    let outcome: Outcome = inbox
        .process(&event("evt_1"), |_| async move {
            faulty.cut();
            sleep(LEASE * 9 / 10).await;
            faulty.mend();
            sleep(LEASE * 2).await;
            Ok(1)
        })
        .await;
    assert!(matches!(outcome, Processed::Done(1)), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_blocked_its_thread_past_the_lease_cannot_mark_the_event() {
    let inbox = Inbox::new(MemoryStore::new());
    let other = inbox.clone();
    let outcome: Outcome = inbox
        .process(&event("evt_1"), |_| async move {
            advance(LEASE).await; // as std::thread::sleep does: no time for an extension
            let taken: Outcome = other.process(&event("evt_1"), |_| async { Ok(2) }).await;
            assert!(taken.is_processed());
            Ok(1)
        })
        .await;
    assert!(matches!(outcome, Processed::LeaseLost), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_mark_whose_answer_is_lost_is_repeated() {
    let inbox = Inbox::new(Faulty::default());
    let faulty = inbox.store().clone();
    let outcome: Outcome = inbox
        .process(&event("evt_1"), |_| async move {
            faulty.lose_answers(2);
            Ok(1)
        })
        .await;
    assert!(matches!(outcome, Processed::Done(1)), "{outcome:?}");
    assert_eq!(inbox.store().calls("done"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_fails_is_told_with_what_the_handler_returned() {
    let inbox = Inbox::new(Faulty::default());
    let faulty = inbox.store().clone();
    let outcome: Outcome = inbox
        .process(&event("evt_1"), |_| async move {
            faulty.cut();
            Ok(41)
        })
        .await;
    let Processed::NotMarked { value: 41, error } = &outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(error.to_string(), "the wire is cut");
    assert_eq!(answer(&outcome), (503, None));
    inbox.store().mend();
    advance(LEASE).await;
    let again: Outcome = inbox.process(&event("evt_1"), |_| async { Ok(42) }).await;
    assert!(
        matches!(again, Processed::Done(42)),
        "it runs again: {again:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_even_when_the_event_cannot_be_given_back() {
    let inbox = Inbox::new(Faulty::default());
    let faulty = inbox.store().clone();
    let outcome: Outcome = inbox
        .process(&event("evt_1"), |_| async move {
            faulty.cut();
            Err("no stock")
        })
        .await;
    assert!(
        matches!(outcome, Processed::Failed("no stock")),
        "{outcome:?}"
    );
    assert_eq!(outcome.status_code(), 500);
    inbox.store().mend();
    advance(LEASE).await;
    let again: Outcome = inbox.process(&event("evt_1"), |_| async { Ok(1) }).await;
    assert!(again.is_processed());
}

#[tokio::test(start_paused = true)]
async fn a_shared_store_and_a_borrowed_one_are_stores() {
    let store = Arc::new(MemoryStore::new());
    let shared = Inbox::new(store.clone());
    let first: Outcome = shared.process(&event("evt_1"), |_| async { Ok(1) }).await;
    assert!(matches!(first, Processed::Done(1)), "{first:?}");
    let borrowed = Inbox::new(&*store);
    let again: Outcome = borrowed.process(&event("evt_1"), |_| async { Ok(2) }).await;
    assert!(again.is_duplicate(), "{again:?}");
}

#[tokio::test]
async fn the_handlers_error_can_be_looked_at() {
    let inbox = Inbox::new(MemoryStore::new());
    for (result, seen) in [(Err("no stock"), vec!["no stock"]), (Ok(1), vec![])] {
        let mut errors = Vec::new();
        let outcome: Outcome = inbox.process(&event("evt_1"), |_| async { result }).await;
        let outcome = outcome.inspect_failed(|error| errors.push(*error));
        assert_eq!(errors, seen, "{outcome:?}");
    }
}

#[test]
fn leases_that_make_no_sense_are_refused() {
    for lease in [
        Duration::ZERO,
        MIN_LEASE - Duration::from_nanos(1),
        Duration::MAX,
    ] {
        let failure = Inbox::new(MemoryStore::new()).lease(lease).unwrap_err();
        assert!(failure.to_string().contains("1 s and 24 h"), "{failure}");
    }
    for lease in [MIN_LEASE, MAX_LEASE] {
        assert!(Inbox::new(MemoryStore::new()).lease(lease).is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_cannot_be_kept_is_answered_503() {
    let inbox = Inbox::new(MemoryStore::new());
    let event = event(&"x".repeat(5_000));
    let outcome: Outcome = inbox.process(&event, |_| async { Ok(1) }).await;
    assert!(matches!(outcome, Processed::StoreFailed(_)), "{outcome:?}");
}

#[cfg(feature = "axum")]
#[test]
fn axum_answers_with_status_and_retry_after() {
    use axum_core::response::IntoResponse;
    let remaining = Duration::from_millis(1_200);
    let response = Processed::<u32, &str>::InFlight { remaining }.into_response();
    assert_eq!(response.status(), 409);
    assert_eq!(response.headers()["retry-after"], "2");
    let response = Processed::<u32, &str>::Failed("secret").into_response();
    assert_eq!(response.status(), 500);
    assert!(!response.headers().contains_key("retry-after"));
}

#[cfg(feature = "actix-web")]
#[test]
fn actix_web_answers_with_status_and_retry_after() {
    use actix_web::Responder;
    let request = actix_web::test::TestRequest::default().to_http_request();
    let remaining = Duration::from_millis(1_200);
    let response = Processed::<u32, &str>::InFlight { remaining }.respond_to(&request);
    assert_eq!(response.status(), 409);
    assert_eq!(response.headers().get("retry-after").unwrap(), "2");
    let response = Processed::<u32, &str>::Failed("secret").respond_to(&request);
    assert_eq!(response.status(), 500);
}
