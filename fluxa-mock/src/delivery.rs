//! Owns the sending of queued deliveries: one dispatcher per sandbox, a few attempts at a time per
//! endpoint and at most one a second sustained, in real time. It holds no transaction while a receiver
//! is called. Addresses are checked when they are connected to.

mod client;
mod signature;

use crate::config::Config;
use crate::domain::delivery::{self, Queued};
use crate::domain::error::DomainError;
use crate::store::{Origin, Store};
use client::Client;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};

/// Attempts to one endpoint at the same time.
const ABREAST: usize = 8;

/// Attempts to one endpoint in a row before the sustained rate applies.
const BURST: f64 = 100.0;

/// Attempts a second to one endpoint, sustained.
const PER_SECOND: f64 = 1.0;

/// Queued attempts looked at at once.
const WINDOW: i64 = 5_000;

/// Sends what is queued.
pub(crate) struct Dispatcher {
    store: Store,
    client: Client,
    unlimited: AtomicUsize,
    nudge: Notify,
}

struct Lane {
    abreast: usize,
    tokens: f64,
    at: Instant,
}

impl Lane {
    fn new() -> Self {
        Self {
            abreast: 0,
            tokens: BURST,
            at: Instant::now(),
        }
    }

    /// Takes a token; with `Err`, the time until there is one.
    fn take(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        let gained = (now - self.at).as_secs_f64() * PER_SECOND;
        self.tokens = (self.tokens + gained).min(BURST);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / PER_SECOND))
    }
}

/// While it lives, the rate of each endpoint is not limited.
pub(crate) struct Unlimited<'a>(&'a Dispatcher);

impl Drop for Unlimited<'_> {
    fn drop(&mut self) {
        self.0.unlimited.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Dispatcher {
    /// A dispatcher that is not running yet.
    pub(crate) fn new(store: Store, config: &Config) -> Self {
        let client = Client::new(config);
        Self {
            store,
            client,
            unlimited: AtomicUsize::new(0),
            nudge: Notify::new(),
        }
    }

    /// Lifts the limit while the clock is being advanced.
    pub(crate) fn unlimited(&self) -> Unlimited<'_> {
        self.unlimited.fetch_add(1, Ordering::Relaxed);
        self.nudge.notify_one();
        Unlimited(self)
    }

    /// Waits until what was queued up to `queue_end` has been tried.
    pub(crate) async fn wait_until_sent(&self, queue_end: i64) -> Result<(), DomainError> {
        let mut changes = self.store.changes();
        loop {
            changes.borrow_and_update();
            let waiting = self.store.run(Origin::default(), move |tx| {
                delivery::waiting(tx, queue_end)
            });
            if waiting.await? == 0 {
                return Ok(());
            }
            if changes.changed().await.is_err() {
                return Err(DomainError::internal("the store has stopped"));
            }
        }
    }

    /// Sends until the store stops.
    pub(crate) async fn run(self: Arc<Self>) {
        let (done, mut finished) = mpsc::unbounded_channel::<(String, String)>();
        let mut changes = self.store.changes();
        let mut sending: HashSet<String> = HashSet::new();
        let mut lanes: HashMap<String, Lane> = HashMap::new();
        loop {
            changes.borrow_and_update();
            let queued = self
                .store
                .run(Origin::default(), |tx| delivery::queued(tx, 0, WINDOW))
                .await;
            let queued: Vec<Queued> = match queued {
                Ok(queued) => queued,
                Err(error) => {
                    let error: DomainError = error;
                    tracing::debug!(%error, "deliveries stop");
                    return;
                }
            };
            let free = self.unlimited.load(Ordering::Relaxed) > 0;
            let mut wait = Duration::from_secs(3600);
            for (_, id, endpoint) in queued {
                if sending.contains(&id) {
                    continue;
                }
                let lane = lanes.entry(endpoint.clone()).or_insert_with(Lane::new);
                if lane.abreast >= ABREAST {
                    continue;
                }
                if !free && let Err(delay) = lane.take() {
                    wait = wait.min(delay);
                    continue;
                }
                lane.abreast += 1;
                sending.insert(id.clone());
                let (this, done) = (Arc::clone(&self), done.clone());
                tokio::spawn(async move {
                    this.attempt(&id).await;
                    // The dispatcher may have stopped: then nobody counts.
                    drop(done.send((id, endpoint)));
                });
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                Some((id, endpoint)) = finished.recv() => {
                    let mut next = Some((id, endpoint));
                    while let Some((id, endpoint)) = next {
                        sending.remove(&id);
                        if let Some(lane) = lanes.get_mut(&endpoint) {
                            lane.abreast -= 1;
                        }
                        next = finished.try_recv().ok();
                    }
                }
                () = self.nudge.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn attempt(&self, id: &str) {
        let wanted = id.to_owned();
        let task = self
            .store
            .run(Origin::default(), move |tx| delivery::prepare(tx, &wanted));
        let result: Result<_, DomainError> = task.await;
        let task = match result {
            Ok(Some(task)) => task,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "a delivery could not be prepared");
                return;
            }
        };
        let outcome = self.client.send(&task).await;
        let id = id.to_owned();
        let recorded: Result<(), DomainError> = self
            .store
            .run(Origin::default(), move |tx| {
                delivery::finish(tx, &id, outcome)
            })
            .await;
        if let Err(error) = recorded {
            tracing::warn!(%error, "the outcome of a delivery was not recorded; it will be repeated");
        }
    }
}
