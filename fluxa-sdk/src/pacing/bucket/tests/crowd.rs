//! Several processes on one key: models that know nothing of each other before one server.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::simulation::Random;
use super::*;
use crate::retry::MAX_ATTEMPTS;

const RATE: f64 = 100.0;
const BURST: f64 = 200.0;

/// The limiter of the server, as the contract has it: 100 a second, 200 at once.
struct Server {
    tokens: f64,
    filled_at: Duration,
}

impl Server {
    fn answer(&mut self, now: Duration) -> Ending {
        let gained = now.saturating_sub(self.filled_at).as_secs_f64() * RATE;
        self.tokens = (self.tokens + gained).min(BURST);
        self.filled_at = now;
        let fine = self.tokens >= 1.0;
        self.tokens -= if fine { 1.0 } else { 0.0 };
        let state = Some(RateLimit {
            limit: RATE as u64,
            remaining: self.tokens as u64,
            reset_unix_seconds: 0,
        });
        match fine {
            true => Ending::Answered(state),
            false => Ending::Throttled(Some(Duration::from_secs(1)), state),
        }
    }
}

struct Process {
    bucket: Bucket,
    starts_at: Duration,
    /// The attempts made so far of each call that waits; those that came back are in front.
    retries: VecDeque<u32>,
    calls: VecDeque<u32>,
    asks_at: Duration,
}

/// A request on its way: to the server, then back with what it said.
struct Flight {
    process: usize,
    ticket: Ticket,
    attempts: u32,
    ending: Option<Ending>,
}

#[derive(Debug)]
struct Tally {
    failed: u64,
    refused: u64,
    /// When the last process was done.
    took: Duration,
    /// When the first process was done.
    first_done: Duration,
}

/// Lets every process make its calls at once, all starting within `spread`.
fn run(seed: u64, processes: usize, calls: usize, delay: Duration, spread: Duration) -> Tally {
    let mut random = Random::new(seed);
    let mut pick =
        |below: Duration| MS / 1000 * (1 + random.below(below.as_micros() as u64) as u32);
    let mut server = Server {
        tokens: BURST,
        filled_at: Duration::ZERO,
    };
    let mut processes: Vec<Process> = (0..processes)
        .map(|_| Process {
            bucket: Bucket::new(),
            starts_at: pick(spread),
            retries: VecDeque::new(),
            calls: VecDeque::from(vec![0; calls]),
            asks_at: Duration::ZERO,
        })
        .collect();
    let mut result = Tally {
        failed: 0,
        refused: 0,
        took: Duration::ZERO,
        first_done: Duration::MAX,
    };
    let mut flights: Vec<Flight> = Vec::new();
    let mut open = vec![calls; processes.len()];
    // The time of the next step of each flight.
    let mut events: BinaryHeap<Reverse<(Duration, usize)>> = BinaryHeap::new();
    let mut now = Duration::ZERO;
    while open.iter().any(|&left| left > 0) {
        while let Some(&Reverse((at, id))) = events.peek().filter(|event| event.0.0 <= now) {
            events.pop();
            let flight = &mut flights[id];
            let Some(ending) = flight.ending else {
                flight.ending = Some(server.answer(at));
                events.push(Reverse((at + pick(delay), id)));
                continue;
            };
            let process = &mut processes[flight.process];
            process.bucket.end(flight.ticket, ending, at);
            process.asks_at = Duration::ZERO;
            let throttled = matches!(ending, Ending::Throttled(..));
            result.refused += u64::from(throttled);
            if throttled && flight.attempts < MAX_ATTEMPTS {
                process.retries.push_back(flight.attempts);
                continue;
            }
            result.failed += u64::from(throttled);
            open[flight.process] -= 1;
            if open[flight.process] == 0 {
                result.first_done = result.first_done.min(at);
            }
            result.took = at;
        }
        assert!(now < Duration::from_secs(3600), "it never ends");
        let mut next = events.peek().map_or(Duration::MAX, |event| event.0.0);
        for (id, process) in processes.iter_mut().enumerate() {
            if now < process.starts_at {
                next = next.min(process.starts_at);
                continue;
            }
            while !(process.retries.is_empty() && process.calls.is_empty()) {
                if now < process.asks_at {
                    next = next.min(process.asks_at);
                    break;
                }
                match process.bucket.take(now) {
                    Next::Send(ticket) => {
                        let waiting = process.retries.pop_front();
                        let attempts = waiting.or_else(|| process.calls.pop_front()).unwrap() + 1;
                        events.push(Reverse((now + pick(delay), flights.len())));
                        flights.push(Flight {
                            process: id,
                            ticket,
                            attempts,
                            ending: None,
                        });
                        next = next.min(now);
                    }
                    Next::At(at) => process.asks_at = at + MS,
                    Next::WhenAnswered => break,
                }
            }
        }
        now = next.max(now + MS / 1000);
    }
    result
}

/// The bounds are of the worst seed. What is refused is mostly the burst that each process sends
/// before it can hear of the others: the longer the way, the more. Without adapting, 2 × 500 at
/// once fail 50 calls, and 4 × 250 fail 320.
#[test]
fn processes_that_share_a_key_fail_no_call_and_meet_few_429s() {
    // Processes, calls of each, the longest way one way in ms, all started within ms; the most 429s
    // per call.
    for (processes, calls, delay, spread, bound) in [
        (1, 1000, 100, 1, 0.0),
        (2, 500, 1, 1, 0.02),
        (2, 500, 20, 1, 0.06),
        (2, 500, 100, 1, 0.2),
        (2, 500, 20, 4000, 0.06),
        (4, 250, 1, 1, 0.04),
        (4, 250, 20, 1, 0.1),
        (4, 250, 100, 1, 0.4),
        (4, 250, 300, 1, 0.7),
        (4, 250, 20, 4000, 0.1),
        (2, 2000, 1, 4000, 0.01),
        (4, 1000, 20, 1000, 0.03),
        (8, 500, 20, 1, 0.05),
    ] {
        let total = (processes * calls) as f64;
        for seed in 0..10 {
            let result = run(seed, processes, calls, delay * MS, spread * MS);
            let case = format!("{processes} × {calls}, {delay} ms, seed {seed}: {result:?}");
            assert_eq!(result.failed, 0, "{case}");
            assert!(result.refused as f64 <= bound * total, "{case}");
            // The limit alone asks for this long; half as long again is spent on finding the parts.
            let least = (total - BURST) / RATE;
            let most = least * 1.5 + f64::from(spread) / 1000.0;
            assert!(result.took.as_secs_f64() <= most, "{case}");
        }
    }
}

/// Who comes late finds an empty bucket, and a process that takes every token as it comes.
#[test]
fn who_comes_late_gets_a_part_and_nobody_starves() {
    for seed in 0..10 {
        let result = run(seed, 2, 2000, 5 * MS, 2000 * MS);
        assert_eq!(result.failed, 0, "{result:?}");
        let (first, last) = (result.first_done.as_secs_f64(), result.took.as_secs_f64());
        assert!(first >= last * 0.35, "one waited for the other: {result:?}");
    }
}
