//! PostgreSQL under stress: the effect in the transaction that marks the event, the effect outside
//! of it, and a database that is killed in the middle of either.

use std::collections::HashMap;
use std::sync::Arc;

use deadpool_postgres::Pool;
use fluxa_sdk::webhooks::inbox::{Inbox, Lease, MIN_LEASE, PostgresStore, StoreError};

use super::pg_server::{self, PgServer};
use super::postgres::{sql, store};
use super::stress::{self, Boxed, Stress, Transaction, whole};

/// Books each event as a row, in the transaction that marks it.
struct Bookings {
    store: PostgresStore,
    pool: Pool,
}

impl Bookings {
    async fn book(store: &PostgresStore, pool: &Pool, lease: &Lease) -> Result<bool, StoreError> {
        let failed = |error: tokio_postgres::Error| StoreError::new("the booking failed", error);
        let mut client = pool
            .get()
            .await
            .map_err(|error| StoreError::new("no connection", error))?;
        let transaction = client.transaction().await.map_err(failed)?;
        transaction
            .execute("INSERT INTO bookings VALUES ($1)", &[&lease.event_id()])
            .await
            .map_err(failed)?;
        if !store.done_in(&transaction, lease).await? {
            transaction.rollback().await.map_err(failed)?;
            return Ok(false);
        }
        transaction.commit().await.map_err(failed)?;
        Ok(true)
    }
}

impl Transaction for Bookings {
    fn commit(&self, lease: &Lease) -> Boxed<Result<bool, StoreError>> {
        let (store, pool, lease) = (self.store.clone(), self.pool.clone(), lease.clone());
        Box::pin(async move { Self::book(&store, &pool, &lease).await })
    }

    fn effects(&self) -> Boxed<HashMap<String, u32>> {
        let pool = self.pool.clone();
        Box::pin(async move {
            let client = pool.get().await.unwrap();
            let query = "SELECT event_id, count(*) FROM bookings GROUP BY event_id";
            let rows = client.query(query, &[]).await.unwrap();
            let counted = |row: tokio_postgres::Row| {
                let count: i64 = row.get(1);
                (row.get(0), u32::try_from(count).unwrap())
            };
            rows.into_iter().map(counted).collect()
        })
    }
}

/// Kills the server and starts it again.
fn restart(server: &Arc<PgServer>) -> impl FnOnce() -> Boxed<()> + Send + 'static {
    let server = Arc::clone(server);
    move || {
        let restarting = tokio::task::spawn_blocking(move || server.restart());
        Box::pin(async { restarting.await.unwrap() })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_event_takes_effect_exactly_once_in_its_transaction_under_stress_and_a_restart() {
    let Some(server) = pg_server::start() else {
        return;
    };
    let server = Arc::new(server);
    let (store, pool) = store(&server).await;
    sql(&pool, "CREATE TABLE bookings (event_id text NOT NULL)").await;
    let bookings = Bookings {
        store: store.clone(),
        pool,
    };
    let stress = Stress::new()
        .transaction(Arc::new(bookings))
        .restart(restart(&server));
    stress::run(store, stress).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_event_is_done_once_under_stress_and_a_restart() {
    let Some(server) = pg_server::start() else {
        return;
    };
    let server = Arc::new(server);
    let (store, _pool) = store(&server).await;
    stress::run(store, Stress::new().restart(restart(&server))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_inbox_processes_each_event_under_stress_and_a_restart() {
    let Some(server) = pg_server::start() else {
        return;
    };
    let server = Arc::new(server);
    let (store, _pool) = store(&server).await;
    whole::process(store, restart(&server)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_inbox_takes_effect_exactly_once_in_its_transaction_under_stress_and_a_restart() {
    let Some(server) = pg_server::start() else {
        return;
    };
    let server = Arc::new(server);
    let (store, pool) = store(&server).await;
    sql(&pool, "CREATE TABLE bookings (event_id text NOT NULL)").await;
    let inbox = Inbox::new(store.clone()).lease(MIN_LEASE).unwrap();
    let deliver: whole::Deliver = Arc::new(move |event, turn| {
        let inbox = inbox.clone();
        Box::pin(async move {
            let booked = inbox.process_in_transaction(&event, |transaction| {
                Box::pin(async move {
                    turn.before_effect().await?;
                    let book = "INSERT INTO bookings VALUES ($1)";
                    let booked = transaction.execute(book, &[&turn.id]).await;
                    turn.after_effect().await;
                    booked.map_err(|_| "the database went away")
                })
            });
            booked.await.into()
        })
    });
    whole::run(deliver, restart(&server)).await;
    let effects = Bookings { store, pool }.effects().await;
    assert_eq!(effects.len(), whole::ids().len(), "none is lost");
    for id in whole::ids() {
        assert_eq!(effects[&id], 1, "{id}");
    }
}
