//! The line on paused time: its order, and what is left when someone goes.

use super::*;

fn said(limit: u64, remaining: u64) -> Option<RateLimit> {
    Some(RateLimit {
        limit,
        remaining,
        reset_unix_seconds: 0,
    })
}

/// A pacer that knows of 10 a second, with nothing left.
async fn empty() -> Arc<Pacer> {
    let pacer = Arc::new(Pacer::own());
    pacer.acquire(Rank::First).await.answered(said(10, 0));
    pacer
}

fn waiting(pacer: &Pacer) -> usize {
    pacer.state().line.len()
}

/// Lets every task run until it waits, without moving the clock.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Waits within reason: a place that is lost is a failure, not a test that hangs.
async fn soon<F: Future>(future: F) -> F::Output {
    let hour = Duration::from_secs(3600);
    tokio::time::timeout(hour, future)
        .await
        .expect("nobody's turn came")
}

#[tokio::test(start_paused = true)]
async fn the_first_to_come_is_the_first_to_go_and_retries_before() {
    let pacer = empty().await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for (name, rank) in [
        ("a", Rank::First),
        ("b", Rank::First),
        ("c", Rank::First),
        ("retry", Rank::Retry),
    ] {
        let (pacer, order) = (Arc::clone(&pacer), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let permit = pacer.acquire(rank).await;
            order.lock().unwrap().push(name);
            permit.answered(None);
        }));
        settle().await;
    }
    for task in tasks {
        soon(task).await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["retry", "a", "b", "c"]);
    assert_eq!(waiting(&pacer), 0);
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_gives_the_place_back() {
    let pacer = empty().await;
    let mut tasks: Vec<_> = (0..1000)
        .map(|_| {
            let pacer = Arc::clone(&pacer);
            tokio::spawn(async move { pacer.acquire(Rank::First).await.answered(None) })
        })
        .collect();
    settle().await;
    assert_eq!(waiting(&pacer), 1000);
    let last = tasks.pop().unwrap();
    // The first in line among them, whose timer the others depended on.
    for task in tasks {
        task.abort();
    }
    let started = Instant::now();
    soon(last).await.unwrap();
    assert!(
        started.elapsed() < Duration::from_millis(110),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(waiting(&pacer), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_under_way_makes_room_for_the_next() {
    let pacer = Arc::new(Pacer::own());
    let first = pacer.acquire(Rank::First).await;
    let second = {
        let pacer = Arc::clone(&pacer);
        tokio::spawn(async move { pacer.acquire(Rank::First).await.not_sent() })
    };
    settle().await;
    assert!(
        !second.is_finished(),
        "one at a time until the first answer"
    );
    drop(first);
    soon(second).await.unwrap();
    pacer.acquire(Rank::First).await.answered(None);
    assert_eq!(waiting(&pacer), 0);
}

#[test]
fn clients_with_one_key_to_one_origin_share_the_line() {
    let key = |end: char| ApiKey::new(format!("sk_test_{}{end}", "x".repeat(40))).unwrap();
    let first = Pacer::of("https://a.test", &key('1'));
    assert!(Arc::ptr_eq(&first, &Pacer::of("https://a.test", &key('1'))));
    for (origin, key) in [("https://a.test", key('2')), ("https://b.test", key('1'))] {
        assert!(!Arc::ptr_eq(&first, &Pacer::of(origin, &key)), "{origin}");
    }
    assert!(!Arc::ptr_eq(&first, &Arc::new(Pacer::own())));
    let known = |pacer: &Weak<Pacer>| pacer.strong_count() > 0;
    let gone = Arc::downgrade(&first);
    drop(first);
    let _other = Pacer::of("https://c.test", &key('1'));
    assert!(!known(&gone));
    let registry = REGISTRY.lock().unwrap();
    assert!(!registry.contains_key(&fingerprint("https://a.test", &key('1'))));
}

/// As in the body of a loop over `buffer_unordered`: who is first in line is not run any more.
#[tokio::test(start_paused = true)]
async fn who_stands_still_holds_nobody_up() {
    for known in [true, false] {
        let pacer = match known {
            true => empty().await,
            false => Arc::new(Pacer::own()),
        };
        // While nothing is known one request goes at a time, so this one holds the others back.
        let under_way = (!known).then(|| pacer.acquire(Rank::First));
        let under_way = match under_way {
            Some(leave) => Some(leave.await),
            None => None,
        };
        let mut still = Box::pin(pacer.acquire(Rank::Retry));
        let waits = tokio::time::timeout(Duration::from_millis(1), &mut still).await;
        assert!(waits.is_err());
        drop(under_way);

        for _ in 0..3 {
            soon(pacer.acquire(Rank::First)).await.answered(said(10, 0));
        }
        soon(still).await.answered(said(10, 0));
        assert_eq!(waiting(&pacer), 0);
        assert!(pacer.state().given.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn leave_that_is_dropped_before_it_is_taken_goes_to_the_next() {
    let pacer = empty().await;
    let mut first = Box::pin(pacer.acquire(Rank::First));
    let behind = Arc::clone(&pacer);
    let polled = tokio::time::timeout(Duration::from_millis(1), &mut first).await;
    assert!(polled.is_err());
    // Leave is given to the first by the second, which is the one that runs.
    let second = tokio::spawn(async move {
        let permit = soon(behind.acquire(Rank::First)).await;
        permit.answered(said(10, 0));
    });
    tokio::time::advance(Duration::from_millis(150)).await;
    settle().await;
    drop(first);
    soon(second).await.unwrap();
    assert!(pacer.state().given.is_empty());
}
