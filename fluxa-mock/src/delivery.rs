//! Owns the sending of queued deliveries: one dispatcher per sandbox. Each turn is one transaction,
//! which records the attempts that ended and takes those that may start; none is open while a receiver
//! is called. Addresses are checked when they are connected to.

mod client;
mod lanes;
mod signature;

use crate::config::Config;
use crate::domain::delivery::{self, Outcome, Task, Wanted};
use crate::domain::error::DomainError;
use crate::store::{Origin, Store, Tx};
use client::Client;
use lanes::Lanes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

/// How long the deliveries wait after the store refused them.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// Sends what is queued.
pub(crate) struct Dispatcher {
    store: Store,
    client: Client,
    in_order: AtomicUsize,
    nudge: Notify,
}

/// While it lives, the rate of each endpoint is not limited, and attempts go out one by one in the
/// order of the queue.
pub(crate) struct InOrder<'a>(&'a Dispatcher);

impl Drop for InOrder<'_> {
    fn drop(&mut self) {
        self.0.in_order.fetch_sub(1, Ordering::Relaxed);
        self.0.nudge.notify_one();
    }
}

/// An attempt that is over.
struct Ended {
    delivery: String,
    endpoint: String,
    outcome: Outcome,
}

impl Dispatcher {
    /// A dispatcher that is not running yet.
    pub(crate) fn new(store: Store, config: &Config) -> Self {
        let client = Client::new(config);
        Self {
            store,
            client,
            in_order: AtomicUsize::new(0),
            nudge: Notify::new(),
        }
    }

    /// Lifts the limit and sends in order, while the clock is being advanced.
    pub(crate) fn in_order(&self) -> InOrder<'_> {
        self.in_order.fetch_add(1, Ordering::Relaxed);
        self.nudge.notify_one();
        InOrder(self)
    }

    /// Waits until what was queued up to `queue_end` has been tried.
    pub(crate) async fn wait_until_sent(&self, queue_end: i64) -> Result<(), DomainError> {
        let mut changes = self.store.queue();
        loop {
            changes.borrow_and_update();
            let waiting = self.store.run(Origin::default(), move |tx| {
                delivery::is_waiting(tx, queue_end)
            });
            if !waiting.await? {
                return Ok(());
            }
            if changes.changed().await.is_err() {
                return Err(DomainError::internal("the store has stopped"));
            }
        }
    }

    /// Sends until the store stops.
    pub(crate) async fn run(self: Arc<Self>) {
        let (done, mut finished) = mpsc::unbounded_channel::<Ended>();
        let mut changes = self.store.queue();
        let mut lanes = Lanes::default();
        // Ended, but not recorded yet: under way for all others.
        let mut ended: Vec<Ended> = Vec::new();
        loop {
            if changes.has_changed().is_err() {
                return;
            }
            changes.borrow_and_update();
            let in_order = self.in_order.load(Ordering::Relaxed) > 0;
            for one in &ended {
                lanes.end(&one.endpoint, &one.delivery);
            }
            let (wanted, mut wake) = lanes.wanted(Instant::now(), in_order);
            match self.turn(&mut ended, wanted, &lanes).await {
                Ok(tasks) => {
                    let now = Instant::now();
                    let again = in_order && !tasks.is_empty();
                    for task in tasks {
                        lanes.start(&task.endpoint, &task.delivery, now, !in_order);
                        tokio::spawn(Arc::clone(&self).attempt(task, done.clone()));
                    }
                    if again {
                        // To a slow endpoint the next one may start beside it.
                        wake = Some(now);
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "deliveries wait for the store");
                    wake = Some(Instant::now() + STORE_RETRY);
                }
            }
            let wake = wake.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
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
    ) -> Result<Vec<Task>, DomainError> {
        if ended.is_empty() && matches!(&wanted, Wanted::InOrder(allowance) if allowance.more == 0)
        {
            return Ok(Vec::new());
        }
        let under_way = lanes.under_way();
        let record: Arc<[Ended]> = std::mem::take(ended).into();
        let recorded = Arc::clone(&record);
        let taken = self
            .store
            .run(Origin::default(), move |tx| {
                for one in recorded.iter() {
                    one.record(tx)?;
                }
                delivery::take(tx, &wanted, &under_way)
            })
            .await;
        if taken.is_err() {
            ended.extend(record.iter().map(Ended::again));
        }
        taken
    }

    async fn attempt(self: Arc<Self>, task: Task, done: mpsc::UnboundedSender<Ended>) {
        let outcome = self.client.send(&task).await;
        let ended = Ended {
            delivery: task.delivery,
            endpoint: task.endpoint,
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
            outcome: self.outcome.clone(),
        }
    }

    fn record(&self, tx: &Tx<'_>) -> Result<(), DomainError> {
        let recorded: Result<(), DomainError> =
            tx.savepoint(|tx| delivery::finish(tx, &self.delivery, self.outcome.clone()));
        recorded.or_else(|error| delivery::drop_broken(tx, &self.delivery, &error))
    }
}
