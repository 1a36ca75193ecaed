//! Stress of a store of events: many workers, deliveries in any order and more than once, workers
//! that die, hang and fail, and a store that restarts.
//!
//! What is checked is what can be promised. With an effect outside the store, a worker that dies
//! between effect and mark leaves the event to be processed again: so each effect but the marked one
//! must be accounted for by such a fault, and comes from a lower fence. With effect and mark in one
//! transaction ([`Transaction`]), each event takes effect exactly once.

mod observed;
mod queue;
mod table;
pub(crate) mod whole;

use std::collections::HashMap;
use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use fluxa_sdk::webhooks::inbox::{Claim, EventStore, Lease, StoreError};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use observed::{End, Observed};
use queue::{Next, Queue, Random};

pub(crate) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Leases are compared over two clocks, one of which counts milliseconds.
const MARGIN: Duration = Duration::from_millis(3);
/// How long after the end of a lease someone else has surely taken over. Until half of it, mostly
/// nobody has: a worker that hung marks then into the void, which must be refused as well.
const TAKEOVER: Duration = Duration::from_millis(60);
/// How long Fluxa waits until it delivers again, here.
const REDELIVERY: Duration = Duration::from_millis(10);

/// The effect and the mark in one, where the store can do that.
pub(crate) trait Transaction: Send + Sync {
    /// Takes effect and marks the event, or neither. `false`: the lease had run out.
    fn commit(&self, lease: &Lease) -> Boxed<Result<bool, StoreError>>;

    /// How often each event took effect.
    fn effects(&self) -> Boxed<HashMap<String, u32>>;
}

/// What is done to the store.
pub(crate) struct Stress {
    seed: u64,
    events: usize,
    workers: usize,
    lease: Duration,
    deadline: Duration,
    restart: Option<Box<dyn FnOnce() -> Boxed<()> + Send>>,
    transaction: Option<Arc<dyn Transaction>>,
}

impl Stress {
    /// 8 workers and 2 000 events, each delivered up to four times, by the seed of
    /// `FLUXA_STRESS_SEED` or a new one.
    pub(crate) fn new() -> Self {
        let given = std::env::var("FLUXA_STRESS_SEED").ok();
        let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            seed: given.map_or_else(
                || now().unwrap().as_nanos() as u64,
                |seed| seed.parse().unwrap(),
            ),
            events: 2000,
            workers: 8,
            lease: Duration::from_millis(400),
            deadline: Duration::from_secs(60),
            restart: None,
            transaction: None,
        }
    }

    /// So many events.
    pub(crate) fn events(mut self, events: usize) -> Self {
        self.events = events;
        self
    }

    /// Fails when it takes longer.
    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Restarts the store when half of the deliveries have been answered.
    pub(crate) fn restart(mut self, restart: impl FnOnce() -> Boxed<()> + Send + 'static) -> Self {
        self.restart = Some(Box::new(restart));
        self
    }

    /// Takes effect inside the store's transaction.
    pub(crate) fn transaction(mut self, transaction: Arc<dyn Transaction>) -> Self {
        self.transaction = Some(transaction);
        self
    }
}

/// Stresses the store and fails the test on the first promise that was broken.
pub(crate) async fn run<S: EventStore + Clone + 'static>(store: S, options: Stress) {
    let (seed, started) = (options.seed, Instant::now());
    say(&format!("FLUXA_STRESS_SEED={seed}"));
    let broken = broken_promises(store, options).await;
    say(&format!("took {:?}", started.elapsed()));
    assert!(
        broken.is_empty(),
        "{} promises broken with FLUXA_STRESS_SEED={seed}, the first:\n{}",
        broken.len(),
        broken[..broken.len().min(10)].join("\n")
    );
}

/// Shown when the test fails, or when asked for.
#[expect(
    clippy::print_stdout,
    reason = "what a test prints is shown with its failure"
)]
fn say(what: &str) {
    println!("{what}");
}

/// What happens to a worker that has claimed an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Fault {
    None,
    /// The handler fails; the event is given back.
    Fails,
    KilledBeforeEffect,
    KilledAfterEffect,
    /// The mark has been asked for, and the worker dies before the answer.
    KilledWhileMarking,
    HangsBeforeEffect,
    HangsAfterEffect,
    /// It works past the first end of its lease, having extended it.
    Extends,
    /// It took over from one who hung, and has the event when that one goes on: then the receiver of
    /// the effect takes what is late, and the store must refuse the mark.
    LingersBeforeEffect,
    /// The same, but the receiver of the effect knows by the fence.
    LingersAfterEffect,
}

impl Fault {
    const COUNT: usize = 10;

    /// By the seed, not by what happens to run first. The fourth attempt goes well, so that it ends.
    fn of(seed: u64, event: usize, fence: u64) -> Self {
        if fence > 3 {
            return Self::None;
        }
        if fence > 1 && Self::of(seed, event, fence - 1) == Self::HangsBeforeEffect {
            return match event % 2 {
                0 => Self::LingersBeforeEffect,
                _ => Self::LingersAfterEffect,
            };
        }
        let mut random = Random(seed ^ (event as u64) << 32 ^ fence);
        match random.below(100) {
            0..5 => Self::Fails,
            5..10 => Self::KilledBeforeEffect,
            10..15 => Self::KilledAfterEffect,
            15..20 => Self::KilledWhileMarking,
            20..23 => Self::HangsBeforeEffect,
            23..26 => Self::HangsAfterEffect,
            26..29 => Self::Extends,
            _ => Self::None,
        }
    }

    /// Fluxa gives up waiting for these, and the worker goes on by itself.
    fn is_slow(self) -> bool {
        use Fault::*;
        matches!(
            self,
            HangsBeforeEffect
                | HangsAfterEffect
                | Extends
                | LingersBeforeEffect
                | LingersAfterEffect
        )
    }
}

/// What Fluxa is answered.
#[derive(Debug)]
enum Answer {
    /// 2xx.
    Processed,
    /// Anything else, or nothing: deliver again after this.
    Again(Duration),
}

struct Run<S> {
    store: S,
    seed: u64,
    lease: Duration,
    queue: Queue,
    observed: Mutex<Observed>,
    transaction: Option<Arc<dyn Transaction>>,
    slow: Mutex<JoinSet<()>>,
}

fn event_id(event: usize) -> String {
    format!("evt_{event:016x}")
}

/// Stresses the store; returns what it promised and did not keep.
async fn broken_promises<S: EventStore + Clone + 'static>(
    store: S,
    options: Stress,
) -> Vec<String> {
    let run = Arc::new(Run {
        store,
        seed: options.seed,
        lease: options.lease,
        queue: Queue::of(options.events, &mut Random(options.seed)),
        observed: Mutex::new(Observed::of(options.events)),
        transaction: options.transaction,
        slow: Mutex::default(),
    });
    let restarts = options.restart.map(|restart| {
        let run = run.clone();
        tokio::spawn(async move {
            run.queue.half_answered().await;
            restart().await;
        })
    });
    let workers: JoinSet<()> = (0..options.workers).map(|_| run.clone().work()).collect();
    let finished = timeout(options.deadline, workers.join_all()).await;
    let mut broken = run.observed.lock().unwrap().broken();
    if !broken.is_empty() {
        return broken;
    }
    if finished.is_err() {
        let left = run.queue.unanswered();
        broken.push(format!("{left} deliveries were never processed: lost"));
        return broken;
    }
    let slow = std::mem::take(&mut *run.slow.lock().unwrap());
    slow.join_all().await;
    if let Some(restarts) = restarts {
        restarts.await.unwrap();
    }
    run.finish().await
}

impl<S: EventStore + Clone + 'static> Run<S> {
    async fn work(self: Arc<Self>) {
        while !self.observed.lock().unwrap().is_broken() {
            match self.queue.next() {
                Next::Delivery(event) => match self.deliver(event).await {
                    Answer::Processed => self.queue.answered(),
                    Answer::Again(after) => self.queue.again(event, after),
                },
                Next::NotBefore(due) => sleep_until(due).await,
                Next::Finished => return,
            }
        }
    }

    async fn deliver(self: &Arc<Self>, event: usize) -> Answer {
        let asked = Instant::now();
        let claim = self.store.claim(&event_id(event), self.lease).await;
        let answered = Instant::now();
        let lease = match claim {
            Ok(Claim::New(lease)) => lease,
            Ok(Claim::InFlight { remaining }) => {
                return Answer::Again(remaining.min(self.lease) + TAKEOVER / 2);
            }
            Ok(Claim::Done) => {
                self.observed.lock().unwrap().found_done(event);
                return Answer::Processed;
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => return Answer::Again(REDELIVERY),
        };
        let fence = lease.fence();
        let (from, until) = (answered, asked + self.lease);
        self.observed.lock().unwrap().claimed(
            event,
            fence,
            asked,
            from,
            until,
            answered + self.lease,
        );
        let fault = Fault::of(self.seed, event, fence);
        self.observed.lock().unwrap().fault(fault);
        let stopped = Arc::new(Notify::new());
        let attempt = self.clone().attempt(event, lease, fault, stopped.clone());
        if fault.is_slow() {
            let attempt = async move {
                attempt.await;
            };
            self.slow.lock().unwrap().spawn(attempt);
            return Answer::Again(REDELIVERY);
        }
        let mut attempt = tokio::spawn(attempt);
        tokio::select! {
            answer = &mut attempt => answer.unwrap(),
            () = stopped.notified() => {
                attempt.abort();
                assert!(attempt.await.unwrap_err().is_cancelled());
                self.observed.lock().unwrap().ended(event, fence, End::Killed);
                Answer::Again(REDELIVERY)
            }
        }
    }

    /// What a worker does with an event it has.
    async fn attempt(
        self: Arc<Self>,
        event: usize,
        lease: Lease,
        fault: Fault,
        stopped: Arc<Notify>,
    ) -> Answer {
        let fence = lease.fence();
        let killed = async || {
            stopped.notify_one();
            pending::<()>().await;
        };
        match fault {
            Fault::Fails => {
                self.observed.lock().unwrap().gives_up(event, fence);
                // Whatever the answer: at worst the lease must end first.
                let _ = self.store.release(&lease).await;
                return Answer::Again(Duration::ZERO);
            }
            Fault::KilledBeforeEffect => killed().await,
            Fault::HangsBeforeEffect => self.outlive(event, fence, TAKEOVER).await,
            Fault::Extends => self.extend(event, &lease).await,
            _ => {}
        }
        if fault == Fault::LingersBeforeEffect {
            sleep(2 * TAKEOVER).await;
        }
        if self.transaction.is_none() {
            if !self.observed.lock().unwrap().takes_effect(event, fence) {
                return Answer::Again(REDELIVERY);
            }
            match fault {
                Fault::KilledAfterEffect => killed().await,
                Fault::HangsAfterEffect => self.outlive(event, fence, 2 * MARGIN).await,
                _ => {}
            }
        }
        if fault == Fault::LingersAfterEffect {
            sleep(2 * TAKEOVER).await;
        }
        let asked = Instant::now();
        self.observed.lock().unwrap().marks(event, fence);
        let marked = {
            let mut marking = pin!(self.mark(&lease));
            if fault == Fault::KilledWhileMarking {
                poll_fn(|context| Poll::Ready(marking.as_mut().poll(context).is_ready())).await;
                killed().await;
            }
            marking.await
        };
        let answered = Instant::now();
        let mut observed = self.observed.lock().unwrap();
        match marked {
            Ok(true) => {
                observed.granted(event, fence, asked, answered);
                Answer::Processed
            }
            Ok(false) => {
                observed.refused(event, fence, answered);
                Answer::Again(REDELIVERY)
            }
            Err(_) => {
                observed.ended(event, fence, End::Unknown);
                Answer::Again(REDELIVERY)
            }
        }
    }

    async fn mark(&self, lease: &Lease) -> Result<bool, StoreError> {
        match &self.transaction {
            Some(transaction) => transaction.commit(lease).await,
            None => self.store.done(lease).await,
        }
    }

    /// Hangs until the lease has surely ended, and for this much longer.
    async fn outlive(&self, event: usize, fence: u64, longer: Duration) {
        let ends = self.observed.lock().unwrap().ends_by(event, fence);
        sleep_until(ends + longer).await;
    }

    /// Extends the lease when half of it is over, and works on past its first end.
    async fn extend(&self, event: usize, lease: &Lease) {
        let fence = lease.fence();
        let ends = self.observed.lock().unwrap().ends_by(event, fence);
        sleep(self.lease / 2).await;
        let asked = Instant::now();
        // Whoever asks may get it, whether or not the answer arrives.
        let hoped = |observed: &mut Observed, by| observed.may_hold_until(event, fence, by);
        hoped(
            &mut self.observed.lock().unwrap(),
            asked + 3600 * Duration::from_secs(1),
        );
        let extended = self.store.extend(lease, self.lease).await;
        let answered = Instant::now();
        {
            let mut observed = self.observed.lock().unwrap();
            match extended {
                Ok(true) => {
                    observed.extended(event, fence, asked + self.lease);
                    hoped(&mut observed, answered + self.lease);
                }
                Ok(false) => {
                    observed.refused(event, fence, answered);
                    hoped(&mut observed, ends);
                }
                Err(_) => hoped(&mut observed, answered + self.lease),
            }
        }
        sleep_until(ends + MARGIN).await;
    }

    /// Looks at what is left when every delivery has been answered.
    async fn finish(&self) -> Vec<String> {
        let mut lost = Vec::new();
        let events = self.queue.events();
        for event in 0..events {
            match self.store.claim(&event_id(event), self.lease).await {
                Ok(Claim::Done) => {}
                other => lost.push(format!("event {event} ended {other:?}")),
            }
        }
        let transaction = self.transaction.as_ref();
        let effects = match transaction {
            Some(transaction) => Some(transaction.effects().await),
            None => None,
        };
        let mut observed = self.observed.lock().unwrap();
        if let Some(effects) = effects {
            for event in 0..events {
                let times = effects.get(&event_id(event)).copied().unwrap_or(0);
                if times != 1 {
                    lost.push(format!("event {event} took effect {times} times"));
                }
            }
        } else {
            observed.check_effects();
        }
        observed.check_marks();
        // With fewer events, chance may spare them one.
        if events >= 1000 {
            observed.check_faults();
        }
        say(&observed.summary());
        lost.extend(observed.broken());
        lost
    }
}
