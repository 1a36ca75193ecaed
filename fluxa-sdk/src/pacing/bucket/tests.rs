//! The model against a server's bucket: never a 429, and never slower than it must be.

use super::*;

mod crowd;

const MS: Duration = Duration::from_millis(1);

fn said(limit: u64, remaining: u64) -> Ending {
    Ending::Answered(Some(RateLimit {
        limit,
        remaining,
        reset_unix_seconds: 0,
    }))
}

/// Asks as if a burst left all at once: its spreading is a test of its own.
fn take(bucket: &mut Bucket, now: Duration) -> Next {
    bucket.spread_until = Duration::ZERO;
    bucket.take(now)
}

fn ready(bucket: &mut Bucket, now: Duration) -> usize {
    let sent = (0..).take_while(|_| matches!(take(bucket, now), Next::Send(_)));
    sent.count()
}

fn send(bucket: &mut Bucket, now: Duration) -> Ticket {
    match take(bucket, now) {
        Next::Send(ticket) => ticket,
        other => panic!("{other:?} at {now:?}"),
    }
}

/// A model that has seen one answer, at the time zero.
fn after_first_answer(limit: u64, remaining: u64) -> Bucket {
    let mut bucket = Bucket::new();
    let ticket = send(&mut bucket, Duration::ZERO);
    bucket.end(ticket, said(limit, remaining), Duration::ZERO);
    bucket
}

#[test]
fn until_the_first_answer_one_request_goes_at_a_time() {
    for (ending, next) in [
        (Ending::NotSent, Some(Next::WhenAnswered)),
        (Ending::NoAnswer, Some(Next::WhenAnswered)),
        (Ending::Answered(None), None),
        (said(100, 199), None),
        (said(0, 0), Some(Next::WhenAnswered)),
    ] {
        let mut bucket = Bucket::new();
        let ticket = send(&mut bucket, Duration::ZERO);
        assert_eq!(bucket.take(MS), Next::WhenAnswered);
        bucket.end(ticket, ending, MS);
        let _ = send(&mut bucket, MS);
        let second = bucket.take(MS);
        assert_eq!(
            Some(second).filter(|next| !matches!(next, Next::Send(_))),
            next
        );
    }
}

#[test]
fn without_a_limit_nothing_waits() {
    let mut bucket = Bucket::new();
    let ticket = send(&mut bucket, Duration::ZERO);
    bucket.end(ticket, Ending::Answered(None), Duration::ZERO);
    for _ in 0..10_000 {
        let _ = send(&mut bucket, Duration::ZERO);
    }
}

#[test]
fn what_remains_is_sent_at_once_and_the_rest_at_the_rate() {
    let mut bucket = after_first_answer(100, 5);
    let mut tickets: Vec<Ticket> = (0..5).map(|_| send(&mut bucket, Duration::ZERO)).collect();
    assert_eq!(bucket.take(Duration::ZERO), Next::At(10 * MS));
    assert_eq!(bucket.take(4 * MS), Next::At(10 * MS));
    tickets.push(send(&mut bucket, 10 * MS));
    // The whole burst is under way: only an answer can make room.
    assert_eq!(bucket.take(20 * MS), Next::WhenAnswered);
    bucket.end(tickets[0], said(100, 4), 20 * MS);
    assert!(matches!(bucket.take(30 * MS), Next::Send(_)));
}

#[test]
fn a_request_that_never_left_takes_nothing() {
    let mut bucket = after_first_answer(100, 1);
    for _ in 0..1000 {
        let ticket = send(&mut bucket, Duration::ZERO);
        bucket.end(ticket, Ending::NotSent, Duration::ZERO);
    }
    let ticket = send(&mut bucket, Duration::ZERO);
    bucket.end(ticket, Ending::NoAnswer, Duration::ZERO);
    assert_eq!(bucket.take(Duration::ZERO), Next::At(10 * MS));
}

#[test]
fn a_full_bucket_gains_nothing_while_a_burst_is_on_its_way() {
    let mut bucket = after_first_answer(100, 199);
    let idle = Duration::from_secs(60);
    let tickets: Vec<Ticket> = (0..198).map(|_| send(&mut bucket, idle)).collect();
    // Half a second on the way: the server was full all that time, so no token was gained.
    let arrived = idle + 500 * MS;
    assert_eq!(bucket.take(arrived), Next::WhenAnswered);
    for (index, ticket) in tickets.into_iter().enumerate() {
        bucket.end(ticket, said(100, 199 - index as u64), arrived);
    }
    assert_eq!(bucket.take(arrived), Next::At(arrived + 10 * MS));
}

#[test]
fn answers_out_of_order_do_not_move_the_model() {
    let mut bucket = after_first_answer(100, 199);
    let mut tickets: Vec<Ticket> = (0..100)
        .map(|_| send(&mut bucket, Duration::ZERO))
        .collect();
    tickets.reverse();
    for (index, ticket) in tickets.into_iter().enumerate() {
        // The last to arrive, with the least left, is answered first.
        bucket.end(ticket, said(100, 99 + index as u64), Duration::ZERO);
    }
    assert_eq!(
        ready(&mut bucket, Duration::ZERO),
        97,
        "two are left to others"
    );
}

#[test]
fn what_others_use_up_is_learned_from_the_answers() {
    let mut bucket = after_first_answer(100, 199);
    let ticket = send(&mut bucket, Duration::ZERO);
    bucket.end(ticket, said(100, 3), Duration::ZERO);
    assert_eq!(
        ready(&mut bucket, Duration::ZERO),
        1,
        "two are left to others"
    );
}

#[test]
fn a_larger_burst_and_another_rate_are_learned() {
    let mut bucket = after_first_answer(100, 10);
    let ticket = send(&mut bucket, Duration::ZERO);
    bucket.end(ticket, said(50, 400), Duration::ZERO);
    assert_eq!(
        ready(&mut bucket, Duration::ZERO),
        399,
        "one is left to others"
    );
    assert_eq!(bucket.take(Duration::ZERO), Next::At(20 * MS));
}

#[test]
fn a_429_pauses_everyone_and_slows_down_once_a_second() {
    let mut bucket = after_first_answer(100, 199);
    let tickets: Vec<Ticket> = (0..4).map(|_| send(&mut bucket, Duration::ZERO)).collect();
    for (ticket, retry_after) in tickets.into_iter().zip([Some(2), None, Some(1), Some(0)]) {
        let retry_after = retry_after.map(Duration::from_secs);
        bucket.end(ticket, Ending::Throttled(retry_after, None), Duration::ZERO);
    }
    let pause = Duration::from_secs(2);
    assert_eq!(bucket.take(Duration::ZERO), Next::At(pause));
    assert!(
        (bucket.factor - CUT).abs() < EPSILON,
        "one cut for four: {}",
        bucket.factor
    );
    assert_eq!(
        ready(&mut bucket, pause),
        5,
        "a tenth of a second's worth at the lower rate: nothing was saved up"
    );
    let ticket = Ticket {
        sent_at: pause,
        answers_before: bucket.answers,
    };
    bucket.end(ticket, Ending::Throttled(Some(Duration::MAX), None), pause);
    assert_eq!(bucket.take(pause), Next::At(pause + MAX_PAUSE));
}

#[test]
fn the_rate_comes_back_and_never_stops_altogether() {
    let mut bucket = after_first_answer(100, 0);
    for second in 1..100 {
        let now = Duration::from_secs(second * 120);
        let ticket = send(&mut bucket, now);
        bucket.end(ticket, Ending::Throttled(Some(Duration::ZERO), None), now);
        assert!(
            bucket.factor >= CUT - EPSILON,
            "recovered in between: {}",
            bucket.factor
        );
    }
    for second in 0..100 {
        let now = Duration::from_secs(100_000 + second);
        bucket.end(
            bucket_ticket(&bucket, now),
            Ending::Throttled(Some(Duration::ZERO), None),
            now,
        );
    }
    assert!(bucket.factor >= MIN_FACTOR);
    assert!(matches!(
        bucket.take(Duration::from_secs(100_200)),
        Next::Send(_)
    ));
}

fn bucket_ticket(bucket: &Bucket, now: Duration) -> Ticket {
    Ticket {
        sent_at: now,
        answers_before: bucket.answers,
    }
}

#[test]
fn a_burst_is_spread_after_its_first_and_never_by_much() {
    let mut bucket = after_first_answer(100, 199);
    bucket.spread_until = Duration::ZERO;
    let at_once = (0..).take_while(|_| matches!(bucket.take(Duration::ZERO), Next::Send(_)));
    assert_eq!(at_once.count(), AT_ONCE as usize);
    assert_eq!(bucket.take(Duration::ZERO), Next::At(MS));
    for later in 1..=100 {
        assert!(matches!(bucket.take(later * MS), Next::Send(_)), "{later}");
    }
}

#[test]
fn a_low_bucket_slows_down_who_shares_and_only_who_shares() {
    for (shares, factor) in [(false, 1.0), (true, 0.28)] {
        let mut bucket = after_first_answer(100, 199);
        let mut now = Duration::from_secs(1);
        if shares {
            let ticket = send(&mut bucket, now);
            bucket.end(ticket, Ending::Throttled(Some(Duration::ZERO), None), now);
            assert!((bucket.factor - 0.5).abs() < EPSILON);
            now += SETTLE;
        }
        let tickets = [0, 100].map(|later| send(&mut bucket, now + later * MS));
        for ticket in tickets {
            // The second was on its way at the cut: its news is old.
            bucket.end(ticket, said(100, 10), now + 100 * MS);
        }
        let close = (bucket.factor - factor).abs() < 0.01;
        assert!(close, "shares: {shares}, {}", bucket.factor);
    }
}

#[test]
fn a_429_as_the_first_answer_tells_the_limit_too() {
    let mut bucket = Bucket::new();
    let ticket = send(&mut bucket, Duration::ZERO);
    let state = RateLimit {
        limit: 100,
        remaining: 0,
        reset_unix_seconds: 0,
    };
    let throttled = Ending::Throttled(Some(Duration::from_secs(1)), Some(state));
    bucket.end(ticket, throttled, Duration::ZERO);
    assert!(bucket.knows_limit());
    assert_eq!(ready(&mut bucket, Duration::from_secs(1)), 1);
}

#[test]
fn absurd_headers_do_no_harm() {
    for (limit, remaining) in [(1, u64::MAX), (u64::MAX, 0), (u64::MAX, u64::MAX), (0, 5)] {
        let mut bucket = Bucket::new();
        for second in 0..10 {
            let now = Duration::from_secs(second);
            if let Next::Send(ticket) = bucket.take(now) {
                bucket.end(ticket, said(limit, remaining), now);
            }
        }
        assert!(bucket.tokens.is_finite(), "{limit} {remaining}");
    }
    // The clock may be read by two threads in one order and the lock taken in the other.
    let mut bucket = after_first_answer(100, 5);
    let ticket = send(&mut bucket, Duration::from_secs(9));
    bucket.end(ticket, said(100, 4), Duration::from_secs(8));
}

/// A server's bucket with a network before it that delays as it likes.
mod simulation {
    use std::collections::BinaryHeap;

    use super::*;

    pub(super) struct Random(u64);

    impl Random {
        pub(super) fn new(seed: u64) -> Self {
            Self(seed)
        }

        pub(super) fn below(&mut self, bound: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (self.0 >> 33) % bound
        }
    }

    /// Sends `calls` and returns how many were refused, and how long it took in milliseconds.
    fn run(seed: u64, calls: u64, idle_every: u64, max_delay_ms: u64) -> (u64, u64) {
        run_from(200.0, seed, calls, idle_every, max_delay_ms)
    }

    fn run_from(
        at_start: f64,
        seed: u64,
        calls: u64,
        idle_every: u64,
        max_delay_ms: u64,
    ) -> (u64, u64) {
        const RATE: f64 = 100.0;
        const BURST: f64 = 200.0;
        let mut random = Random(seed);
        let mut bucket = Bucket::new();
        // (time, kind: 0 arrival, 1 answer, request), earliest first.
        let mut events = BinaryHeap::new();
        let mut tickets = Vec::new();
        let mut answers = Vec::new();
        let (mut tokens, mut filled_at): (f64, f64) = (at_start, 0.0);
        let (mut now, mut sent, mut refused, mut idle_until) = (0_u64, 0, 0, 0);
        loop {
            while let Some(&std::cmp::Reverse((at, kind, request))) = events.peek() {
                if at > now {
                    break;
                }
                events.pop();
                if kind == 0 {
                    let seconds = at as f64 / 1e6;
                    tokens = (tokens + (seconds - filled_at) * RATE).min(BURST);
                    filled_at = seconds;
                    let fine = tokens >= 1.0;
                    tokens -= if fine { 1.0 } else { 0.0 };
                    refused += u64::from(!fine);
                    answers[request] = match fine {
                        true => said(100, tokens as u64),
                        false => Ending::Throttled(Some(Duration::from_secs(1)), None),
                    };
                    let back = at + 1 + random.below(max_delay_ms * 1000);
                    events.push(std::cmp::Reverse((back, 1, request)));
                } else {
                    bucket.end(
                        tickets[request],
                        answers[request],
                        Duration::from_micros(at),
                    );
                }
            }
            if sent == calls && events.is_empty() {
                return (refused, now / 1000);
            }
            let mut next = events.peek().map_or(u64::MAX, |event| event.0.0);
            if sent < calls && now >= idle_until {
                match bucket.take(Duration::from_micros(now)) {
                    Next::Send(ticket) => {
                        let there = now + 1 + random.below(max_delay_ms * 1000);
                        events.push(std::cmp::Reverse((there, 0, tickets.len())));
                        tickets.push(ticket);
                        answers.push(Ending::NoAnswer);
                        sent += 1;
                        if sent % idle_every == 0 {
                            idle_until = now + random.below(6_000_000);
                        }
                        continue;
                    }
                    Next::At(at) => next = next.min(at.as_micros() as u64 + 1),
                    Next::WhenAnswered => {}
                }
            } else if sent < calls {
                next = next.min(idle_until);
            }
            now = next.max(now + 1);
        }
    }

    #[test]
    fn no_delay_of_the_network_leads_to_a_429() {
        for seed in 0..20 {
            for max_delay_ms in [1, 20, 200, 1500] {
                let (refused, _) = run(seed, 2000, 1 + seed * 37, max_delay_ms);
                assert_eq!(refused, 0, "seed {seed}, up to {max_delay_ms} ms");
            }
        }
    }

    #[test]
    fn ten_thousand_calls_take_little_more_than_the_limit_allows() {
        for max_delay_ms in [1, 100] {
            let (refused, took_ms) = run(7, 10_000, u64::MAX, max_delay_ms);
            assert_eq!(refused, 0);
            // 9 800 after the burst, at 100 a second.
            assert!(
                (98_000..100_000).contains(&took_ms),
                "{took_ms} ms, {max_delay_ms} ms"
            );
        }
    }

    #[test]
    fn a_burst_that_was_used_up_before_is_found_out_soon() {
        for max_delay_ms in [1, 100] {
            let (refused, took_ms) = run_from(1.0, 7, 2000, u64::MAX, max_delay_ms);
            assert_eq!(refused, 0);
            assert!(
                (19_900..22_000).contains(&took_ms),
                "{took_ms} ms, {max_delay_ms} ms"
            );
        }
    }
}
