//! The deliveries of Fluxa: in any order, more than once, and again until answered with 2xx.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// What to do next.
pub(super) enum Next {
    Delivery(usize),
    NotBefore(Instant),
    Finished,
}

pub(super) struct Queue {
    events: usize,
    deliveries: usize,
    state: Mutex<State>,
    half: Notify,
}

struct State {
    /// By when they are due and, before that, by the order drawn.
    due: BinaryHeap<Reverse<(Instant, usize, usize)>>,
    order: usize,
    unanswered: usize,
}

impl Queue {
    /// Each event one to four times, shuffled.
    pub(super) fn of(events: usize, random: &mut Random) -> Self {
        let mut deliveries = Vec::new();
        for event in 0..events {
            let times = 1 + random.below(4);
            deliveries.extend((0..times).map(|_| event));
        }
        for index in (1..deliveries.len()).rev() {
            deliveries.swap(index, random.below(index as u64 + 1) as usize);
        }
        let now = Instant::now();
        let unanswered = deliveries.len();
        let due = deliveries.into_iter().enumerate();
        Self {
            events,
            deliveries: unanswered,
            state: Mutex::new(State {
                due: due
                    .map(|(order, event)| Reverse((now, order, event)))
                    .collect(),
                order: unanswered,
                unanswered,
            }),
            half: Notify::new(),
        }
    }

    pub(super) fn events(&self) -> usize {
        self.events
    }

    pub(super) fn next(&self) -> Next {
        let mut state = self.state.lock().unwrap();
        let now = Instant::now();
        match state.due.peek().copied() {
            Some(Reverse((due, _, event))) if due <= now => {
                state.due.pop();
                Next::Delivery(event)
            }
            Some(Reverse((due, _, _))) => Next::NotBefore(due),
            None if state.unanswered == 0 => Next::Finished,
            // The last are with other workers, and may come back.
            None => Next::NotBefore(now + Duration::from_millis(5)),
        }
    }

    pub(super) fn again(&self, event: usize, after: Duration) {
        let mut state = self.state.lock().unwrap();
        state.order += 1;
        let order = state.order;
        state
            .due
            .push(Reverse((Instant::now() + after, order, event)));
    }

    pub(super) fn answered(&self) {
        let mut state = self.state.lock().unwrap();
        state.unanswered -= 1;
        if state.unanswered == self.deliveries / 2 {
            self.half.notify_one();
        }
    }

    pub(super) fn unanswered(&self) -> usize {
        self.state.lock().unwrap().unanswered
    }

    pub(super) async fn half_answered(&self) {
        self.half.notified().await;
    }
}

/// SplitMix64: the same numbers for the same seed.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
