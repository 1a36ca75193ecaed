//! Owns one sandbox: its store, limiter and background tasks, and the advancing of its clock. No
//! global state: a process may have as many as it likes.

use crate::accounts::Identity;
use crate::clock;
use crate::config::Config;
use crate::delivery::Dispatcher;
use crate::domain::delivery;
use crate::domain::error::DomainError;
use crate::domain::request_log::{self, Row};
use crate::domain::seed::{self, SeedPlan};
use crate::domain::timers;
use crate::domain::{api_key, merchant};
use crate::http::{InFlight, RateLimiter};
use crate::observe::Seen;
use crate::snapshots::Snapshots;
use crate::store::{Opening, Origin, Store, Tx};
use crate::time::Time;
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// Due timers fired in one transaction: requests get their turn in between.
const TIMERS_AT_ONCE: usize = 200;

/// A sandbox.
pub(crate) struct Sandbox {
    pub(crate) store: Store,
    pub(crate) config: Config,
    pub(crate) address: SocketAddr,
    pub(crate) limiter: RateLimiter,
    pub(crate) in_flight: InFlight,
    /// Changes when streams must end: the sandbox was reset, or stops.
    pub(crate) epoch: watch::Sender<u64>,
    /// The last requests, for assertions in tests.
    pub(crate) seen: Seen,
    /// States put aside by name.
    pub(crate) snapshots: Snapshots,
    dispatcher: Arc<Dispatcher>,
    /// Held by whoever fires timers: one at a time.
    firing: tokio::sync::Mutex<()>,
    clock_changed: Notify,
    /// Told when rows of the log begin to wait.
    log_waits: Notify,
    /// Held while rows of the log are on their way: whoever reads the log waits for them.
    log_writing: tokio::sync::Mutex<()>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Sandbox {
    /// Opens the store and starts the background tasks.
    pub(crate) async fn start(
        config: Config,
        address: SocketAddr,
        identity: Identity,
    ) -> io::Result<Arc<Self>> {
        clock::check_pace(config.pace.unwrap_or(config.first_pace))
            .map_err(|message| io::Error::new(io::ErrorKind::InvalidInput, message))?;
        let opened = config.clone();
        // Waits for the disk; an account is opened while others are served.
        let opening = tokio::task::spawn_blocking(move || {
            Store::open(&Opening {
                path: opened.db.as_deref(),
                seed: opened.seed,
                pace: opened.pace,
                first_pace: opened.first_pace,
                allowed_hosts: &opened.allowed_webhook_hosts,
                identity,
            })
        });
        let store = opening.await.map_err(io::Error::other)??;
        // Set once, before anything reads it.
        drop(store.shared().base_url.set(format!("http://{address}/v1")));
        store
            .run(Origin::default(), |tx| {
                merchant::seed(tx)?;
                api_key::index_all(tx)
            })
            .await
            .map_err(|error: DomainError| io::Error::other(error))?;
        let dispatcher = Arc::new(Dispatcher::new(store.clone(), &config));
        let sandbox = Arc::new(Self {
            limiter: RateLimiter::new(config.rate_limit),
            in_flight: InFlight::default(),
            epoch: watch::channel(0).0,
            seen: Seen::new(config.requests_seen),
            snapshots: Snapshots::default(),
            firing: tokio::sync::Mutex::new(()),
            clock_changed: Notify::new(),
            log_waits: Notify::new(),
            log_writing: tokio::sync::Mutex::new(()),
            tasks: Mutex::new(Vec::new()),
            dispatcher: Arc::clone(&dispatcher),
            store,
            config,
            address,
        });
        let timers = tokio::spawn(fire_as_due(Arc::clone(&sandbox)));
        let deliveries = tokio::spawn(dispatcher.run());
        let log = tokio::spawn(write_log_by_and_by(Arc::clone(&sandbox)));
        sandbox.tasks().extend([timers, deliveries, log]);
        Ok(sandbox)
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose sandbox it is.
    pub(crate) fn identity(&self) -> &Identity {
        &self.store.shared().identity
    }

    /// What people and URLs call it.
    pub(crate) fn label(&self) -> &str {
        self.identity().label()
    }

    /// Whether the timers and the deliveries still run.
    pub(crate) fn works(&self) -> bool {
        let tasks = self.tasks();
        !tasks.is_empty() && !tasks.iter().any(JoinHandle::is_finished)
    }

    /// Ends streams and background tasks and closes the database.
    pub(crate) async fn stop(&self) {
        self.epoch.send_modify(|epoch| *epoch += 1);
        for task in self.tasks().drain(..) {
            task.abort();
        }
        self.write_log().await;
        let persist = self.store.run(Origin::default(), |tx| tx.persist_clock());
        if let Err(error) = persist.await {
            let error: DomainError = error;
            tracing::warn!(%error, "the clock was not written down");
        }
        self.store.close().await;
    }

    /// Puts a request into the log, to be written with others.
    pub(crate) fn log(&self, row: Row) {
        let shared = self.store.shared();
        // In memory nothing outlives the process: whoever reads the log writes it.
        if shared.unlogged.push(row) && shared.is_durable {
            self.log_waits.notify_one();
        }
    }

    /// Writes the rows of the log that wait, and waits for those on their way.
    pub(crate) async fn write_log(&self) {
        let _alone = self.log_writing.lock().await;
        let rows = Arc::new(self.store.shared().unlogged.take());
        if rows.is_empty() {
            return;
        }
        let written = Arc::clone(&rows);
        let writing = self.store.run(Origin::default(), move |tx| {
            request_log::write_many(tx, &written)
        });
        let result: Result<(), DomainError> = writing.await;
        if let Err(error) = result {
            tracing::warn!(%error, "requests wait to be logged");
            self.store
                .shared()
                .unlogged
                .put_back(rows.iter().cloned().collect());
            self.log_waits.notify_one();
        }
    }

    /// Empties the sandbox: state, faults and clock are as after its first start; snapshots stay.
    pub(crate) async fn reset(&self) -> Result<(), DomainError> {
        let _alone = self.firing.lock().await;
        let pace = self.config.pace.unwrap_or(self.config.first_pace);
        let emptied = self.store.run(Origin::default(), move |tx| {
            tx.reset()?;
            tx.restart_clock(None, pace);
            tx.persist_clock()?;
            merchant::seed(tx)
        });
        emptied.await?;
        self.store.shared().faults.clear();
        self.seen.clear();
        self.state_is_new();
        Ok(())
    }

    /// Fills the sandbox with a made-up past, in one transaction; what was there is gone.
    pub(crate) async fn seed(&self, plan: SeedPlan) -> Result<Value, DomainError> {
        plan.check()?;
        let _alone = self.firing.lock().await;
        let pace = self.store.shared().clock.pace();
        let filled = self.store.run(Origin::default(), move |tx| {
            let until = plan.end(tx.now())?;
            let summary = seed::fill(tx, &plan, until)?;
            tx.restart_clock(Some(until), pace);
            tx.persist_clock()?;
            Ok::<_, DomainError>(summary)
        });
        let summary = filled.await?;
        self.store.shared().faults.clear();
        self.state_is_new();
        Ok(summary)
    }

    /// Fills a sandbox in which nothing has happened yet.
    pub(crate) async fn seed_if_empty(&self, plan: SeedPlan) -> io::Result<()> {
        let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
        let empty = self.store.run(Origin::default(), seed::is_empty).await;
        if !empty.map_err(|error: DomainError| io::Error::other(error))? {
            let message = "the sandbox holds data already; seed an empty one, or none";
            return Err(invalid(message.to_owned()));
        }
        let seeded = self.seed(plan).await;
        seeded.map(drop).map_err(|error| invalid(error.message))
    }

    /// Puts a state back, its clock included.
    pub(crate) async fn restore(&self, snapshot: Vec<u8>) -> Result<(), DomainError> {
        let _alone = self.firing.lock().await;
        // What was asked of the state before is not part of the one that comes.
        self.store.shared().unlogged.take();
        self.store.restore_snapshot(snapshot).await?;
        let opened = self.store.run(Origin::default(), |tx| {
            tx.mark_queued();
            tx.mark_changed();
            api_key::index_all(tx)
        });
        opened.await?;
        self.state_is_new();
        Ok(())
    }

    /// Ends the streams of the state that was, and lets the timers of the new one run.
    fn state_is_new(&self) {
        self.epoch.send_modify(|epoch| *epoch += 1);
        self.wake();
    }

    /// Tells the timers that the clock was changed.
    pub(crate) fn wake(&self) {
        self.clock_changed.notify_one();
    }

    /// Checks that the clock can be advanced by this.
    ///
    /// # Errors
    /// `parameter_invalid` when that would take it past the horizon.
    pub(crate) fn check_advance(&self, by: Duration) -> Result<(), DomainError> {
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let target = self.store.shared().clock.now().plus_millis(by_ms);
        if by.is_zero() || target <= Time::HORIZON {
            return Ok(());
        }
        let message = "The clock goes no further than the year 9990.";
        Err(DomainError::invalid("parameter_invalid", message))
    }

    /// Advances the clock: fires every due timer in (due, sequence) order, those created on the way
    /// included, waits for each instant's deliveries before the next, and runs `conclude` in the
    /// transaction that reaches the end. The store is free while receivers are called.
    pub(crate) async fn advance<T, F>(&self, by: Duration, conclude: F) -> Result<T, DomainError>
    where
        T: Send + 'static,
        F: FnOnce(&Tx<'_>) -> Result<T, DomainError> + Send + 'static,
    {
        self.advance_noted(by, Unnoted, conclude).await
    }

    /// As [`Sandbox::advance`], noting in the transaction of each instant how far there is still to go:
    /// what a crash cuts off can then be made up for.
    pub(crate) async fn advance_noted<T, N, F>(
        &self,
        by: Duration,
        note: N,
        conclude: F,
    ) -> Result<T, DomainError>
    where
        T: Send + 'static,
        N: NoteAdvance,
        F: FnOnce(&Tx<'_>) -> Result<T, DomainError> + Send + 'static,
    {
        let _alone = self.firing.lock().await;
        self.check_advance(by)?;
        let _in_order = self.dispatcher.in_order();
        let clock = Arc::clone(self.store.shared());
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        clock.clock.hold_at(clock.clock.now());
        let held = Held(self);
        let conclude = Arc::new(Mutex::new(Some(conclude)));
        // What was queued before counts as due at once.
        let note = Arc::new(note);
        let noted = Arc::clone(&note);
        let (target, mut queue_end) = self
            .store
            .run(Origin::default(), move |tx| {
                let target = tx.now().plus_millis(noted.begin(tx, by_ms)?);
                Ok::<_, DomainError>((target, delivery::queue_end(tx)?))
            })
            .await?;
        loop {
            self.dispatcher.wait_until_sent(queue_end).await?;
            let (conclude, note) = (Arc::clone(&conclude), Arc::clone(&note));
            let step = self
                .store
                .run(Origin::default(), move |tx| {
                    if let Some(end) = fire_next_instant(tx, target)? {
                        note.still_to_go(tx, target.millis() - tx.now().millis())?;
                        return Ok(Step::Fired(end));
                    }
                    tx.hold_clock_at(target);
                    tx.persist_clock()?;
                    let conclude = conclude
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .take();
                    let conclude = conclude
                        .ok_or_else(|| DomainError::internal("the end was reached twice"))?;
                    conclude(tx).map(Step::Reached)
                })
                .await?;
            match step {
                Step::Fired(end) => queue_end = end,
                Step::Reached(value) => {
                    drop(held);
                    return Ok(value);
                }
            }
        }
    }
}

/// Writes down how far an advance has come.
pub(crate) trait NoteAdvance: Send + Sync + 'static {
    /// Called first; returns how far to go, which is less when the same advance was cut off before.
    fn begin(&self, tx: &Tx<'_>, by_ms: i64) -> Result<i64, DomainError>;

    /// Called in the transaction of each instant on the way.
    fn still_to_go(&self, tx: &Tx<'_>, left_ms: i64) -> Result<(), DomainError>;
}

/// An advance that nobody repeats.
struct Unnoted;

impl NoteAdvance for Unnoted {
    fn begin(&self, _: &Tx<'_>, by_ms: i64) -> Result<i64, DomainError> {
        Ok(by_ms)
    }

    fn still_to_go(&self, _: &Tx<'_>, _: i64) -> Result<(), DomainError> {
        Ok(())
    }
}

/// Lets the clock run again however the advancing ends.
struct Held<'a>(&'a Sandbox);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.store.shared().clock.release();
        self.0.wake();
    }
}

enum Step<T> {
    /// An instant's timers have fired; the place where the queue of deliveries ends now.
    Fired(i64),
    Reached(T),
}

/// Fires every timer of the next instant up to `target`; `None` when there is none.
fn fire_next_instant(tx: &Tx<'_>, target: Time) -> Result<Option<i64>, DomainError> {
    let Some(first) = tx.next_timer()?.filter(|timer| timer.due <= target) else {
        return Ok(None);
    };
    tx.hold_clock_at(first.due);
    fire_due(tx, tx.now(), usize::MAX)?;
    // A crash on the way must not take the clock back behind what was shown.
    tx.persist_clock()?;
    delivery::queue_end(tx).map(Some)
}

/// Fires timers due by `instant`, at most `most`; returns when the next one is due.
fn fire_due(tx: &Tx<'_>, instant: Time, most: usize) -> Result<Option<Time>, DomainError> {
    let mut fired = 0;
    while let Some(timer) = tx.next_timer()? {
        if timer.due > instant || fired == most {
            return Ok(Some(timer.due));
        }
        fired += 1;
        let result: Result<(), DomainError> = tx.savepoint(|tx| timers::fire(tx, &timer));
        if let Err(error) = result {
            // A timer that fails would fail for ever and hold up all the others.
            tracing::error!(%error, kind = timer.kind, "a timer failed and is dropped");
            tx.remove_timer(&timer)?;
        }
    }
    Ok(None)
}

/// How long the timers wait after the store refused them.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// How long a row of the log may wait.
const LOG_PATIENCE: Duration = Duration::from_secs(1);

/// Writes the log's waiting rows together, a moment after the first.
async fn write_log_by_and_by(sandbox: Arc<Sandbox>) {
    loop {
        sandbox.log_waits.notified().await;
        tokio::time::sleep(LOG_PATIENCE).await;
        sandbox.write_log().await;
    }
}

/// Fires timers when the clock reaches them by itself.
async fn fire_as_due(sandbox: Arc<Sandbox>) {
    let mut timers = sandbox.store.timers();
    loop {
        timers.borrow_and_update();
        let alone = sandbox.firing.lock().await;
        let fired = sandbox
            .store
            .run(Origin::default(), |tx| {
                let next = fire_due(tx, tx.now(), TIMERS_AT_ONCE)?;
                tx.await_timer(next);
                Ok(next)
            })
            .await;
        drop(alone);
        let next: Result<Option<Time>, DomainError> = fired;
        let wait = match next {
            Ok(next) => next.and_then(|due| sandbox.store.shared().clock.real_time_until(due)),
            Err(error) => {
                // A full disk, say, is mended while the server runs; what is due stays due.
                tracing::error!(%error, "timers wait for the store");
                Some(STORE_RETRY)
            }
        };
        let sleep = tokio::time::sleep(wait.unwrap_or(Duration::from_secs(3600)));
        tokio::select! {
            () = sleep => {}
            changed = timers.changed() => if changed.is_err() { return },
            () = sandbox.clock_changed.notified() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::accounts::Accounts;
    use crate::config::Config;
    use axum::body::Body;
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::Arc;
    use tower::Service;

    #[tokio::test]
    async fn a_sandbox_whose_timers_have_ended_is_not_ready() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4010));
        let accounts = Accounts::open(Config::new(), address).await.unwrap();
        let sandbox = Arc::clone(accounts.primary());
        let mut router = crate::http::router(Arc::new(accounts));
        let mut ask = async || {
            let request = http::Request::get("/_mock/health").header("Host", "localhost");
            let request = request.body(Body::empty()).unwrap();
            router.call(request).await.unwrap().status().as_u16()
        };
        assert_eq!(ask().await, 200);
        sandbox.tasks()[0].abort();
        while !sandbox.tasks()[0].is_finished() {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask().await, 500);
    }
}
