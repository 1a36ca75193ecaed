//! Owns one sandbox: its store, limiter and background tasks. No global state: a process may have as many
//! as it likes.

mod advance;
mod firing;

pub(crate) use advance::NoteAdvance;

use crate::accounts::Identity;
use crate::clock;
use crate::config::Config;
use crate::delivery::Dispatcher;
use crate::domain::error::DomainError;
use crate::domain::request_log::{self, Row};
use crate::domain::seed::{self, SeedPlan};
use crate::domain::{api_key, merchant};
use crate::http::{InFlight, RateLimiter};
use crate::observe::Seen;
use crate::snapshots::Snapshots;
use crate::store::{Opening, Origin, Store};
use advance::End;
use firing::fire_as_due;
use serde_json::Value;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

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
    /// Ends the advances that were asked for before.
    ends: watch::Sender<End>,
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
        authority: &str,
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
                is_exposed: opened.exposed.is_some(),
                identity,
            })
        });
        let store = opening.await.map_err(io::Error::other)??;
        // Set once, before anything reads it.
        drop(
            store
                .shared()
                .base_url
                .set(format!("http://{authority}/v1")),
        );
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
            ends: watch::channel(End::Frozen).0,
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
        self.ends.send_replace(End::Closed);
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
        let _alone = self.end_advances(End::Replaced).await;
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
        let _alone = self.end_advances(End::Replaced).await;
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
        let _alone = self.end_advances(End::Replaced).await;
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
}

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

#[cfg(test)]
mod tests {
    use super::Sandbox;
    use crate::accounts::Accounts;
    use crate::config::Config;
    use crate::domain::error::DomainError;
    use crate::store::Origin;
    use axum::Router;
    use axum::body::Body;
    use serde_json::{Value, json};
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::Arc;
    use tower::Service;

    /// A sandbox with a frozen clock, and its HTTP face.
    pub(super) async fn start() -> (Arc<Sandbox>, Router) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 4010));
        let accounts = Accounts::open(Config::new().pace(0.0), address).await;
        let accounts = accounts.unwrap();
        let sandbox = Arc::clone(accounts.primary());
        (sandbox, crate::http::router(Arc::new(accounts)))
    }

    /// Posts a body, or gets when there is none.
    pub(super) async fn call(router: &mut Router, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = if body.is_some() { "POST" } else { "GET" };
        let key = format!("Bearer sk_test_mock{}", "0".repeat(28));
        let request = http::Request::builder().method(method).uri(path);
        let request = request
            .header("Host", "localhost")
            .header("Authorization", key);
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = router.call(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let read = axum::body::to_bytes(response.into_body(), 1 << 20).await;
        let body = serde_json::from_slice(&read.unwrap()).unwrap_or_default();
        (status, body)
    }

    #[tokio::test]
    async fn a_full_sandbox_says_so_and_can_be_emptied() {
        let (sandbox, mut router) = start().await;
        let narrow = sandbox.store.run(Origin::default(), |tx| {
            let sql = "SELECT page_count FROM pragma_page_count";
            let pages: i64 = tx.connection().query_row(sql, [], |row| row.get(0))?;
            let limit = format!("PRAGMA max_page_count = {}", pages + 16);
            tx.connection().query_row(&limit, [], |_| Ok(()))?;
            Ok::<_, DomainError>(())
        });
        narrow.await.unwrap();
        let customer = json!({ "email": "a@example.com", "name": "a".repeat(200) });
        let mut made = 0;
        let mut refused = Vec::new();
        // Many at once, so that they share transactions.
        while refused.is_empty() && made < 10_000 {
            let calls = (0..32).map(|_| {
                let (mut router, customer) = (router.clone(), customer.clone());
                tokio::spawn(
                    async move { call(&mut router, "/v1/customers", Some(customer)).await },
                )
            });
            for call in calls.collect::<Vec<_>>() {
                let (status, answer) = call.await.unwrap();
                match status {
                    201 => made += 1,
                    500 => refused.push(answer),
                    _ => panic!("{status} {answer}"),
                }
            }
        }
        let is_told = |answer: &Value| {
            let said = answer["error"]["message"].as_str().unwrap_or_default();
            said.contains("full") && said.contains("/_mock/reset")
        };
        assert!(refused.iter().any(is_told), "{refused:?}");
        // What was told to be made is there, nothing else is, and room can be had.
        let count = sandbox.store.run(Origin::default(), |tx| {
            let sql = "SELECT count(*) FROM customers";
            Ok::<i64, DomainError>(tx.connection().query_row(sql, [], |row| row.get(0))?)
        });
        assert_eq!(count.await.unwrap(), made);
        assert_eq!(
            call(&mut router, "/_mock/reset", Some(json!({}))).await.0,
            200
        );
        assert_eq!(
            call(&mut router, "/v1/customers", Some(customer)).await.0,
            201
        );
    }

    #[tokio::test]
    async fn a_sandbox_whose_timers_have_ended_is_not_ready() {
        let (sandbox, mut router) = start().await;
        let health = "/_mock/health";
        assert_eq!(call(&mut router, health, None).await.0, 200);
        sandbox.tasks()[0].abort();
        while !sandbox.tasks()[0].is_finished() {
            tokio::task::yield_now().await;
        }
        assert_eq!(call(&mut router, health, None).await.0, 500);
    }
}
