//! Effect and mark in one transaction of a real PostgreSQL.

use std::time::Duration;

use deadpool_postgres::Pool;
use fluxa_sdk::webhooks::inbox::{Claim, EventStore, Inbox, PostgresStore, Processed};
use tokio_postgres::{Config, Transaction};

use super::event;
use super::pg_server::{self, PgServer, pool};
use super::postgres::{expire, number, sql, until};

pub(super) type Outcome = Processed<(), tokio_postgres::Error>;

/// An inbox over a database of its own with a table of what was paid. A pool of `size` is the
/// inbox's, the other one the test's.
pub(super) async fn inbox(server: &PgServer, size: usize) -> (Inbox<PostgresStore>, Pool) {
    inbox_over(&server.database().await, size).await
}

async fn inbox_over(config: &Config, size: usize) -> (Inbox<PostgresStore>, Pool) {
    let store = PostgresStore::new(pool(config, size));
    store.migrate().await.unwrap();
    let pool = pool(config, 4);
    sql(&pool, "CREATE TABLE paid (event_id text)").await;
    (Inbox::new(store), pool)
}

pub(super) async fn pay(transaction: &Transaction<'_>) -> Result<(), tokio_postgres::Error> {
    let pay = "INSERT INTO paid VALUES ('evt_1')";
    transaction.execute(pay, &[]).await.map(|_| ())
}

pub(super) async fn process(inbox: &Inbox<PostgresStore>) -> Outcome {
    inbox
        .process_in_transaction(&event("evt_1"), |transaction| {
            Box::pin(async move { pay(transaction).await })
        })
        .await
}

pub(super) async fn paid(pool: &Pool) -> i64 {
    number(pool, "SELECT count(*) FROM paid").await
}

#[tokio::test]
async fn an_effect_takes_place_once_even_with_a_pool_of_one() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (inbox, pool) = inbox(server, 1).await;
    // Spawned, as servers do: the future is `Send`.
    let spawned = inbox.clone();
    let first = tokio::spawn(async move { process(&spawned).await })
        .await
        .unwrap();
    assert!(matches!(first, Processed::Done(())), "{first:?}");
    let again = process(&inbox).await;
    assert!(again.is_duplicate(), "{again:?}");
    assert_eq!(paid(&pool).await, 1);
}

#[tokio::test]
async fn a_failure_undoes_the_effect_and_gives_the_event_back() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (inbox, pool) = inbox(server, 1).await;
    let failed = inbox
        .process_in_transaction(&event("evt_1"), |transaction| {
            Box::pin(async move {
                pay(transaction).await.unwrap();
                Err::<(), _>("no stock")
            })
        })
        .await;
    assert!(
        matches!(failed, Processed::Failed("no stock")),
        "{failed:?}"
    );
    assert_eq!(paid(&pool).await, 0);
    assert!(matches!(process(&inbox).await, Processed::Done(())));
    assert_eq!(paid(&pool).await, 1);
}

#[tokio::test]
async fn a_panic_undoes_the_effect_and_gives_the_event_back() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (inbox, pool) = inbox(server, 1).await;
    let panicking = inbox.clone();
    let work = async move {
        let event = event("evt_1");
        let work = panicking.process_in_transaction(&event, |transaction| {
            Box::pin(async move {
                pay(transaction).await.unwrap();
                if transaction.client().is_closed() {
                    return Ok(());
                }
                panic!("out of ideas")
            })
        });
        let outcome: Outcome = work.await;
        outcome.status_code()
    };
    assert!(tokio::spawn(work).await.unwrap_err().is_panic());
    assert!(matches!(process(&inbox).await, Processed::Done(())));
    assert_eq!(paid(&pool).await, 1);
}

#[tokio::test]
async fn a_worker_that_lost_its_event_undoes_its_effect() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (inbox, pool) = inbox(server, 4).await;
    let (others, other) = (pool.clone(), inbox.clone());
    let late: Outcome = inbox
        .process_in_transaction(&event("evt_1"), |transaction| {
            Box::pin(async move {
                pay(transaction).await?;
                expire(&others).await;
                assert!(matches!(process(&other).await, Processed::Done(())));
                Ok(())
            })
        })
        .await;
    assert!(matches!(late, Processed::LeaseLost), "{late:?}");
    assert_eq!(paid(&pool).await, 1, "by the other worker");
}

#[tokio::test]
async fn a_handler_is_stopped_when_the_extension_finds_the_lease_lost() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (inbox, pool) = inbox(server, 4).await;
    let inbox = inbox.lease(Duration::from_secs(1)).unwrap();
    let others = pool.clone();
    let late: Outcome = inbox
        .process_in_transaction(&event("evt_1"), |transaction| {
            Box::pin(async move {
                pay(transaction).await?;
                expire(&others).await;
                // Bounded, for the day it is not stopped.
                tokio::time::timeout(Duration::from_secs(20), std::future::pending())
                    .await
                    .unwrap()
            })
        })
        .await;
    assert!(matches!(late, Processed::LeaseLost), "{late:?}");
    assert!(matches!(process(&inbox).await, Processed::Done(())));
    assert_eq!(paid(&pool).await, 1);
}

#[tokio::test]
async fn the_lease_is_extended_while_the_handler_runs() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    // With the isolation of these connections, the mark would clash with the extensions.
    let mut config = server.database().await;
    config.options("-c default_transaction_isolation=serializable");
    let (inbox, pool) = inbox_over(&config, 4).await;
    let inbox = inbox.lease(Duration::from_secs(1)).unwrap();
    sql(
        &pool,
        "CREATE TABLE began AS SELECT clock_timestamp() AS at",
    )
    .await;
    let others = pool.clone();
    let outcome: Outcome = inbox
        .process_in_transaction(&event("evt_1"), |transaction| {
            Box::pin(async move {
                pay(transaction).await?;
                let past_the_first_lease =
                    "SELECT count(*) FROM began WHERE at + interval '1.5 s' < clock_timestamp()";
                until(&others, past_the_first_lease).await;
                Ok(())
            })
        })
        .await;
    assert!(matches!(outcome, Processed::Done(())), "{outcome:?}");
    assert_eq!(paid(&pool).await, 1);
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_neither_effect_nor_mark() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (inbox, pool) = inbox(server, 1).await;
    let (dropped, began) = (inbox.clone(), tokio::sync::oneshot::channel());
    let request = tokio::spawn(async move {
        let event = event("evt_1");
        let work = dropped.process_in_transaction(&event, |transaction| {
            Box::pin(async move {
                pay(transaction).await?;
                let _ = began.0.send(());
                // Under way on the connection when it is dropped.
                transaction.batch_execute("SELECT pg_sleep(3600)").await
            })
        });
        work.await.status_code()
    });
    began.1.await.unwrap();
    let asleep = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'";
    until(&pool, asleep).await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());

    let claim = inbox.store().claim("evt_1", Duration::ZERO).await.unwrap();
    assert!(matches!(claim, Claim::InFlight { .. }), "{claim:?}");
    expire(&pool).await;
    assert!(matches!(process(&inbox).await, Processed::Done(())));
    assert_eq!(paid(&pool).await, 1);
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'";
    number(&pool, end).await;
}

#[tokio::test]
async fn a_connection_lost_in_the_transaction_leaves_neither_effect_nor_mark() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (inbox, pool) = inbox(server, 1).await;
    let others = pool.clone();
    let outcome: Outcome = inbox
        .process_in_transaction(&event("evt_1"), |transaction| {
            Box::pin(async move {
                pay(transaction).await?;
                let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND state = 'idle in transaction'";
                assert_eq!(number(&others, cut).await, 1);
                Ok(())
            })
        })
        .await;
    assert!(
        matches!(outcome, Processed::RolledBack { .. }),
        "{outcome:?}"
    );
    assert_eq!(outcome.status_code(), 503);
    assert_eq!(paid(&pool).await, 0);
    assert!(
        matches!(process(&inbox).await, Processed::Done(())),
        "given back"
    );
    assert_eq!(paid(&pool).await, 1);
}

#[tokio::test]
async fn a_handler_that_hides_a_failed_statement_is_not_taken_for_done() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (inbox, pool) = inbox(server, 1).await;
    let outcome: Outcome = inbox
        .process_in_transaction(&event("evt_1"), |transaction| {
            Box::pin(async move {
                pay(transaction).await?;
                let _ = transaction.batch_execute("SELECT 1/0").await;
                Ok(())
            })
        })
        .await;
    assert!(
        matches!(outcome, Processed::RolledBack { .. }),
        "{outcome:?}"
    );
    assert!(format!("{outcome:?}").contains("returned Ok all the same"));
    assert_eq!(paid(&pool).await, 0);
    assert!(
        matches!(process(&inbox).await, Processed::Done(())),
        "given back"
    );
}

#[tokio::test]
async fn a_database_that_is_away_is_answered_503_and_the_handler_does_not_run() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let config = server.database().await;
    let inbox_pool = pool(&config, 1);
    let store = PostgresStore::new(inbox_pool.clone());
    store.migrate().await.unwrap();
    let inbox = Inbox::new(store.timeout(Duration::from_millis(50)).unwrap());
    let held = inbox_pool.get().await.unwrap();
    let outcome = process(&inbox).await;
    assert!(matches!(outcome, Processed::StoreFailed(_)), "{outcome:?}");
    assert_eq!(outcome.status_code(), 503);
    drop(held);
}
