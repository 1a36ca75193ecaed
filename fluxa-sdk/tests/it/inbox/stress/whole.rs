//! The inbox as merchants call it, under stress: [`Inbox::process`] and, in PostgreSQL,
//! `process_in_transaction`. 8 workers and 2 000 events, each delivered up to four times and again
//! until it is answered with 2xx; handlers that fail and panic, deliveries whose client goes away
//! before and after the effect, and a store that restarts in the middle.

use std::collections::HashSet;
use std::future::pending;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fluxa_sdk::webhooks::VerifiedEvent;
use fluxa_sdk::webhooks::inbox::{EventStore, Inbox, MIN_LEASE, Processed};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use super::queue::{Next, Queue, Random};
use super::{Boxed, REDELIVERY, say};
use crate::inbox::event;

const EVENTS: usize = 2000;
const WORKERS: usize = 8;

/// What befalls a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Fails,
    Panics,
    ClientLeavesBeforeEffect,
    ClientLeavesAfterEffect,
}

/// One run of a handler, which is told here what befalls it.
#[derive(Clone)]
pub(crate) struct Turn {
    pub(crate) id: String,
    fault: Fault,
    left: Arc<Notify>,
}

impl Turn {
    /// To be awaited before the effect.
    pub(crate) async fn before_effect(&self) -> Result<(), &'static str> {
        match self.fault {
            Fault::Fails => Err("as told"),
            Fault::Panics => panic!("as told"),
            Fault::ClientLeavesBeforeEffect => self.leave().await,
            _ => Ok(()),
        }
    }

    /// To be awaited after the effect.
    pub(crate) async fn after_effect(&self) {
        if self.fault == Fault::ClientLeavesAfterEffect {
            let _ = self.leave().await;
        }
    }

    async fn leave(&self) -> Result<(), &'static str> {
        self.left.notify_one();
        pending().await
    }
}

/// What became of one delivery, as far as it is checked.
pub(crate) enum Answer {
    Done,
    Duplicate,
    /// The handler may have taken effect without its mark.
    Unmarked,
    Again(Duration),
}

impl<T, E> From<Processed<T, E>> for Answer {
    fn from(processed: Processed<T, E>) -> Self {
        assert_eq!(
            processed.status_code() == 200,
            processed.is_processed() || processed.is_duplicate()
        );
        match processed {
            Processed::Done(_) => Self::Done,
            Processed::Duplicate => Self::Duplicate,
            Processed::InFlight { remaining } => Self::Again(remaining),
            Processed::NotMarked { .. } | Processed::LeaseLost => Self::Unmarked,
            _ => Self::Again(REDELIVERY),
        }
    }
}

/// Delivers one event, to a handler that keeps to its turn.
pub(crate) type Deliver = Arc<dyn Fn(VerifiedEvent, Turn) -> Boxed<Answer> + Send + Sync>;

struct Run {
    deliver: Deliver,
    seed: u64,
    queue: Queue,
    /// How often each event was delivered.
    deliveries: Vec<AtomicU32>,
    /// Events that were answered as done, and how often each may have taken effect beside that.
    done: Mutex<Vec<u32>>,
    beside: Mutex<Vec<u32>>,
}

/// Processes through [`Inbox::process`], with the effect outside of the store.
pub(crate) async fn process<S: EventStore + Clone + 'static>(
    store: S,
    restart: impl FnOnce() -> Boxed<()> + Send + 'static,
) {
    let inbox = Inbox::new(store).lease(MIN_LEASE).unwrap();
    let effects: Arc<Mutex<Vec<String>>> = Arc::default();
    let taken = Arc::clone(&effects);
    let deliver: Deliver = Arc::new(move |event, turn| {
        let (inbox, effects) = (inbox.clone(), Arc::clone(&taken));
        Box::pin(async move {
            let handler = |_lease| async move {
                turn.before_effect().await?;
                effects.lock().unwrap().push(turn.id.clone());
                turn.after_effect().await;
                Ok::<_, &str>(())
            };
            inbox.process(&event, handler).await.into()
        })
    });
    let beside = run(deliver, restart).await;
    let effects = effects.lock().unwrap();
    for (number, beside) in beside.into_iter().enumerate() {
        let id = id(number);
        let times = effects.iter().filter(|effect| **effect == id).count() as u32;
        assert!((1..=1 + beside).contains(&times), "{id}: {times}, {beside}");
    }
}

/// Delivers until every delivery was answered with 2xx. Returns how often each event may have taken
/// effect beside the once that it must.
pub(crate) async fn run(
    deliver: Deliver,
    restart: impl FnOnce() -> Boxed<()> + Send + 'static,
) -> Vec<u32> {
    let given = std::env::var("FLUXA_STRESS_SEED").ok();
    let drawn = || uuid_seed();
    let seed = given.map_or_else(drawn, |seed| seed.parse().unwrap());
    say(&format!("FLUXA_STRESS_SEED={seed}"));
    let run = Arc::new(Run {
        deliver,
        seed,
        queue: Queue::of(EVENTS, &mut Random(seed)),
        deliveries: (0..EVENTS).map(|_| AtomicU32::new(0)).collect(),
        done: Mutex::new(vec![0; EVENTS]),
        beside: Mutex::new(vec![0; EVENTS]),
    });
    let half = Arc::clone(&run);
    let restarts = tokio::spawn(async move {
        half.queue.half_answered().await;
        restart().await;
    });
    let workers: JoinSet<()> = (0..WORKERS).map(|_| Arc::clone(&run).work()).collect();
    let all = timeout(Duration::from_secs(60), workers.join_all()).await;
    assert!(all.is_ok(), "{} are left", run.queue.unanswered());
    restarts.await.unwrap();
    let beside = run.beside.lock().unwrap().clone();
    for (number, times) in run.done.lock().unwrap().iter().enumerate() {
        assert!(*times <= 1, "{} was done {times} times", id(number));
        // A mark whose answer was lost is found by the next delivery as a duplicate.
        assert!(
            *times == 1 || beside[number] > 0,
            "{} was never done",
            id(number)
        );
    }
    beside
}

fn uuid_seed() -> u64 {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.unwrap().as_nanos() as u64
}

pub(crate) fn id(number: usize) -> String {
    format!("evt_{number:016x}")
}

/// The ids of all events, for a store that is asked itself.
pub(crate) fn ids() -> HashSet<String> {
    (0..EVENTS).map(id).collect()
}

impl Run {
    async fn work(self: Arc<Self>) {
        loop {
            match self.queue.next() {
                Next::Delivery(number) => match self.deliver(number).await {
                    Answer::Done => {
                        self.done.lock().unwrap()[number] += 1;
                        self.queue.answered();
                    }
                    Answer::Duplicate => self.queue.answered(),
                    Answer::Unmarked => {
                        self.beside.lock().unwrap()[number] += 1;
                        self.queue.again(number, REDELIVERY);
                    }
                    Answer::Again(after) => self.queue.again(number, after),
                },
                Next::NotBefore(due) => sleep_until(due).await,
                Next::Finished => return,
            }
        }
    }

    /// One request of Fluxa: the task is the server's, and is dropped when the client leaves.
    async fn deliver(&self, number: usize) -> Answer {
        let turn = Turn {
            id: id(number),
            fault: self.fault(number),
            left: Arc::default(),
        };
        let (fault, left) = (turn.fault, Arc::clone(&turn.left));
        let mut request = tokio::spawn((self.deliver)(event(&turn.id), turn));
        let answered = tokio::select! {
            answered = &mut request => answered,
            () = left.notified() => {
                request.abort();
                request.await
            }
        };
        match answered {
            Ok(answer) => answer,
            Err(_) if fault == Fault::ClientLeavesAfterEffect => Answer::Unmarked,
            Err(_) => Answer::Again(REDELIVERY),
        }
    }

    fn fault(&self, number: usize) -> Fault {
        let time = self.deliveries[number].fetch_add(1, Ordering::Relaxed);
        // Later deliveries go well, so that it ends.
        if time > 3 {
            return Fault::None;
        }
        let mut random = Random(self.seed ^ (number as u64) << 32 ^ u64::from(time));
        match random.below(100) {
            0..5 => Fault::Fails,
            5..10 => Fault::Panics,
            10..15 => Fault::ClientLeavesBeforeEffect,
            15..20 => Fault::ClientLeavesAfterEffect,
            _ => Fault::None,
        }
    }
}
