//! Owns the sending of queued deliveries: one dispatcher per sandbox. Each turn is one transaction,
//! which records the attempts that ended and takes those that may start; none is open while a receiver
//! is called. Addresses are checked when they are connected to.

mod client;
mod lanes;
mod signature;

use crate::config::Config;
use crate::domain::delivery::{self, Outcome, Taken, Task, Wanted};
use crate::domain::error::DomainError;
use crate::spans::{Span, Spans};
use crate::store::{Origin, Store, Tx};
use crate::time::Time;
use client::Client;
use lanes::{Lanes, PATIENCE};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, watch};

/// How long the deliveries wait after the store refused them.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// How long attempts that were taken ahead may wait for their turn: what was changed meanwhile at their
/// endpoints is seen by those taken anew.
const FRESH: Duration = Duration::from_millis(20);

/// Sends what is queued.
pub(crate) struct Dispatcher {
    store: Store,
    client: Client,
    awaited: Arc<Awaited>,
    nudge: Notify,
    sent: watch::Sender<Sent>,
}

/// How far the sending has come.
#[derive(Default)]
struct Sent {
    /// The last version of [`Awaited`] of which nothing waits any more.
    version: u64,
    /// How many turns have begun.
    turns: u64,
    /// The last turn in which the store refused to record or to give; 0 for none.
    failed: u64,
}

/// The attempts that an advance of the clock waits for. The rates of endpoints do not hold them back, and
/// they go out one by one in the order of the queue; all others go on as ever beside them.
#[derive(Default)]
pub(crate) struct Awaited(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// The clock is being advanced.
    is_open: bool,
    /// Places in the queue.
    places: Spans,
    /// Rises with each addition.
    version: u64,
}

impl Awaited {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds places of the queue, in the transaction that filled them; returns what to wait for.
    pub(crate) fn add(&self, span: Span) -> u64 {
        let mut waiting = self.waiting();
        waiting.places.add(span);
        waiting.version += 1;
        waiting.version
    }
}

/// While it lives, the clock is being advanced.
pub(crate) struct InOrder<'a>(&'a Dispatcher);

impl InOrder<'_> {
    /// What the advance waits for.
    pub(crate) fn awaited(&self) -> Arc<Awaited> {
        Arc::clone(&self.0.awaited)
    }

    /// Waits until all that [`Awaited::add`] had been told by then has been tried.
    ///
    /// # Errors
    /// `internal_error` when the store fails meanwhile: that may last.
    pub(crate) async fn wait_until_sent(&self, version: u64) -> Result<(), DomainError> {
        let mut sent = self.0.sent.subscribe();
        // A turn that is under way may have failed already, and for what is over by now.
        let before = sent.borrow_and_update().turns;
        // What is awaited may be gone already: the dispatcher is to look.
        self.0.nudge.notify_one();
        let over = |sent: &Sent| sent.version >= version || sent.failed > before;
        let sent = sent.wait_for(over).await.map_err(DomainError::internal)?;
        if sent.version >= version {
            return Ok(());
        }
        Err(DomainError::internal("the store failed the deliveries"))
    }
}

impl Drop for InOrder<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.awaited.waiting();
        waiting.places.clear();
        waiting.is_open = false;
        drop(waiting);
        self.0.nudge.notify_one();
    }
}

/// An attempt that is over.
struct Ended {
    delivery: String,
    endpoint: String,
    taken_at: Time,
    outcome: Outcome,
}

/// Attempts that the clock waits for, taken ahead of their turn.
struct Ready {
    tasks: VecDeque<Task>,
    until: Instant,
}

impl Dispatcher {
    /// A dispatcher that is not running yet.
    pub(crate) fn new(store: Store, config: &Config) -> Self {
        let client = Client::new(config);
        Self {
            store,
            client,
            awaited: Arc::default(),
            nudge: Notify::new(),
            sent: watch::channel(Sent::default()).0,
        }
    }

    /// Opens the lane of what an advance of the clock waits for.
    pub(crate) fn in_order(&self) -> InOrder<'_> {
        self.awaited.waiting().is_open = true;
        self.nudge.notify_one();
        InOrder(self)
    }

    /// Sends until the store stops.
    pub(crate) async fn run(self: Arc<Self>) {
        let (done, mut finished) = mpsc::unbounded_channel::<Ended>();
        let mut changes = self.store.queue();
        let mut lanes = Lanes::default();
        let mut was_open = false;
        let mut ready = Ready {
            tasks: VecDeque::new(),
            until: Instant::now(),
        };
        // Ended, but not recorded yet: under way for all others.
        let mut ended: Vec<Ended> = Vec::new();
        loop {
            if changes.has_changed().is_err() {
                return;
            }
            changes.borrow_and_update();
            for one in &ended {
                lanes.end(&one.endpoint, &one.delivery);
            }
            let is_open = self.awaited.waiting().is_open;
            if is_open && !was_open {
                lanes.await_all();
            }
            was_open = is_open;
            let now = Instant::now();
            if !is_open || now >= ready.until {
                ready.tasks.clear();
            }
            let mut wake = None;
            if ready.tasks.is_empty() {
                let (wanted, again) = lanes.wanted(now);
                wake = again;
                match self.turn(&mut ended, wanted, &lanes).await {
                    Ok(taken) => {
                        let now = Instant::now();
                        for task in taken.others {
                            lanes.start(&task.endpoint, &task.delivery, now);
                            tokio::spawn(Arc::clone(&self).attempt(task, done.clone()));
                            // To a slow endpoint the next one may start beside it.
                            wake = Some(wake.map_or(now + PATIENCE, |at| at.min(now + PATIENCE)));
                        }
                        ready.tasks = taken.awaited.into();
                        ready.until = now + FRESH;
                    }
                    Err(error) => {
                        tracing::error!(%error, "deliveries wait for the store");
                        wake = Some(Instant::now() + STORE_RETRY);
                    }
                }
            }
            let now = Instant::now();
            while lanes.may_start_awaited(now)
                && let Some(task) = ready.tasks.pop_front()
            {
                lanes.start_awaited(&task.endpoint, &task.delivery, now);
                tokio::spawn(Arc::clone(&self).attempt(task, done.clone()));
            }
            let stale = (!ready.tasks.is_empty()).then_some(ready.until);
            let slow = lanes.awaited_slow_from().filter(|slow| *slow > now);
            let wake = [wake, stale, slow].into_iter().flatten().min();
            let wake = wake.unwrap_or_else(|| now + Duration::from_secs(3600));
            tokio::select! {
                biased;
                Some(first) = finished.recv() => {
                    ended.push(first);
                    while let Ok(next) = finished.try_recv() {
                        ended.push(next);
                    }
                }
                changed = changes.changed() => if changed.is_err() { return },
                () = self.nudge.notified() => {}
                () = tokio::time::sleep_until(wake.into()) => {}
            }
        }
    }

    /// One transaction: records `ended`, which is empty then, and takes what is wanted.
    async fn turn(
        &self,
        ended: &mut Vec<Ended>,
        wanted: Wanted,
        lanes: &Lanes,
    ) -> Result<Taken, DomainError> {
        let under_way = lanes.under_way();
        let mut number = 0;
        self.sent.send_if_modified(|sent| {
            sent.turns += 1;
            number = sent.turns;
            false
        });
        let record: Arc<[Ended]> = std::mem::take(ended).into();
        let recorded = Arc::clone(&record);
        let awaited = Arc::clone(&self.awaited);
        let turned = self
            .store
            .run(Origin::default(), move |tx| {
                for one in recorded.iter() {
                    one.record(tx)?;
                }
                let mut waiting = awaited.waiting();
                let taken = delivery::take(tx, &wanted, &mut waiting.places, &under_way)?;
                let all_sent = waiting.places.hull().is_none();
                Ok((taken, all_sent.then_some(waiting.version)))
            })
            .await;
        match turned {
            Ok((taken, all_sent)) => {
                if let Some(version) = all_sent {
                    self.sent.send_if_modified(|sent| {
                        let is_new = sent.version < version;
                        sent.version = version;
                        is_new
                    });
                }
                Ok(taken)
            }
            Err(error) => {
                ended.extend(record.iter().map(Ended::again));
                self.sent.send_modify(|sent| sent.failed = number);
                Err(error)
            }
        }
    }

    async fn attempt(self: Arc<Self>, task: Task, done: mpsc::UnboundedSender<Ended>) {
        let outcome = self.client.send(&task).await;
        let ended = Ended {
            delivery: task.delivery,
            endpoint: task.endpoint,
            taken_at: task.taken_at,
            outcome,
        };
        // The dispatcher may have stopped: the attempt is made again after the next start.
        drop(done.send(ended));
    }
}

impl Ended {
    fn again(&self) -> Self {
        Self {
            delivery: self.delivery.clone(),
            endpoint: self.endpoint.clone(),
            taken_at: self.taken_at,
            outcome: self.outcome.clone(),
        }
    }

    fn record(&self, tx: &Tx<'_>) -> Result<(), DomainError> {
        let recorded: Result<(), DomainError> = tx.savepoint(|tx| {
            delivery::finish(tx, &self.delivery, self.taken_at, self.outcome.clone())
        });
        recorded.or_else(|error| delivery::drop_broken(tx, &self.delivery, &error))
    }
}
