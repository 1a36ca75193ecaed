//! The store in a real PostgreSQL.

use std::time::Duration;

use deadpool_postgres::Pool;
use fluxa_sdk::webhooks::inbox::{Claim, EventStore, Lease, PostgresStore};
use tokio::time::Instant;

use super::granted;
use super::pg_server::{self, PgServer, pool};

const LEASE: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A store over a migrated database of its own.
pub(super) async fn store(server: &PgServer) -> (PostgresStore, Pool) {
    let pool = pool(&server.database().await, 16);
    let store = PostgresStore::new(pool.clone());
    store.migrate().await.unwrap();
    (store, pool)
}

pub(super) async fn sql(pool: &Pool, statement: &str) {
    let client = pool.get().await.unwrap();
    client.batch_execute(statement).await.unwrap();
}

pub(super) async fn number(pool: &Pool, query: &str) -> i64 {
    let client = pool.get().await.unwrap();
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// Ends all leases, as time would.
pub(super) async fn expire(pool: &Pool) {
    sql(
        pool,
        "UPDATE fluxa_inbox SET lease_until = clock_timestamp()",
    )
    .await;
}

/// Asks until the query gives 1; fails after 20 s.
pub(super) async fn until(pool: &Pool, query: &str) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while number(pool, query).await != 1 {
        assert!(Instant::now() < deadline, "still not: {query}");
        tokio::task::yield_now().await;
    }
}

/// 1 when a statement of this database waits for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// What `done` and `claim` wait for when another connection holds the row.
async fn hold_row(pool: &Pool) -> deadpool_postgres::Client {
    let holder = pool.get().await.unwrap();
    let hold = "BEGIN; SELECT 1 FROM fluxa_inbox FOR UPDATE";
    holder.batch_execute(hold).await.unwrap();
    holder
}

#[tokio::test]
async fn a_worker_whose_lease_ran_out_can_do_nothing_to_the_event() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, pool) = store(server).await;
    let late = granted(store.claim("evt_1", LEASE).await.unwrap());
    expire(&pool).await;
    assert!(
        !store.done(&late).await.unwrap(),
        "nobody else has it, still"
    );
    assert!(!store.extend(&late, LEASE).await.unwrap());
    assert!(!store.release(&late).await.unwrap());

    let new = granted(store.claim("evt_1", LEASE).await.unwrap());
    assert_eq!((late.fence(), new.fence()), (1, 2));
    assert!(!store.done(&late).await.unwrap());
    assert!(!store.extend(&late, LEASE).await.unwrap());
    assert!(!store.release(&late).await.unwrap());
    match store.claim("evt_1", LEASE).await.unwrap() {
        Claim::InFlight { remaining } => {
            assert!(remaining <= LEASE && remaining > LEASE / 2, "{remaining:?}");
        }
        other => panic!("{other:?}"),
    }
    assert!(store.done(&new).await.unwrap());
    assert!(store.done(&new).await.unwrap(), "marking may be repeated");
    expire(&pool).await;
    assert!(store.done(&new).await.unwrap(), "even after the lease");
    assert!(!store.done(&late).await.unwrap(), "but not by another");
    assert!(!store.release(&new).await.unwrap(), "nor is it taken back");
    assert_eq!(store.claim("evt_1", LEASE).await.unwrap(), Claim::Done);
}

#[tokio::test]
async fn a_lease_runs_from_its_extension_and_ends_with_its_release() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, _) = store(server).await;
    let lease = granted(store.claim("evt_1", LEASE).await.unwrap());
    assert!(store.extend(&lease, LEASE * 10).await.unwrap());
    match store.claim("evt_1", LEASE).await.unwrap() {
        Claim::InFlight { remaining } => assert!(remaining > LEASE * 9, "{remaining:?}"),
        other => panic!("{other:?}"),
    }
    assert!(store.release(&lease).await.unwrap());
    assert!(!store.release(&lease).await.unwrap());
    let next = granted(store.claim("evt_1", LEASE).await.unwrap());
    assert_eq!(next.fence(), 2);
}

#[tokio::test]
async fn a_mark_in_a_transaction_commits_and_rolls_back_with_it() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, pool) = store(server).await;
    sql(&pool, "CREATE TABLE paid (event_id text)").await;
    let pay = "INSERT INTO paid VALUES ('evt_1')";
    let mut client = pool.get().await.unwrap();

    let late = granted(store.claim("evt_1", LEASE).await.unwrap());
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute(pay).await.unwrap();
    assert!(store.done_in(&transaction, &late).await.unwrap());
    transaction.rollback().await.unwrap();
    let claim = store.claim("evt_1", LEASE).await.unwrap();
    assert!(
        matches!(claim, Claim::InFlight { .. }),
        "not marked: {claim:?}"
    );

    expire(&pool).await;
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute(pay).await.unwrap();
    assert!(
        !store.done_in(&transaction, &late).await.unwrap(),
        "too late"
    );
    transaction.rollback().await.unwrap();

    let lease = granted(store.claim("evt_1", LEASE).await.unwrap());
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute(pay).await.unwrap();
    assert!(
        !store.done_in(&transaction, &late).await.unwrap(),
        "another has it"
    );
    assert!(store.done_in(&transaction, &lease).await.unwrap());
    transaction.commit().await.unwrap();
    assert_eq!(store.claim("evt_1", LEASE).await.unwrap(), Claim::Done);
    assert_eq!(number(&pool, "SELECT count(*) FROM paid").await, 1);
}

#[tokio::test]
async fn a_claim_waits_for_the_transaction_that_marks_the_event() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, pool) = store(server).await;
    for commits in [false, true] {
        let lease = granted(store.claim("evt_1", LEASE / 100).await.unwrap());
        let mut client = pool.get().await.unwrap();
        let transaction = client.transaction().await.unwrap();
        assert!(store.done_in(&transaction, &lease).await.unwrap());
        let ended = "SELECT count(*) FROM fluxa_inbox WHERE lease_until < clock_timestamp()";
        until(&pool, ended).await;
        let other = store.clone();
        let claim = tokio::spawn(async move { other.claim("evt_1", Duration::ZERO).await });
        until(&pool, WAITING).await;
        assert!(!claim.is_finished());
        if commits {
            transaction.commit().await.unwrap();
            assert_eq!(claim.await.unwrap().unwrap(), Claim::Done);
        } else {
            transaction.rollback().await.unwrap();
            let other = granted(claim.await.unwrap().unwrap());
            assert_eq!(other.fence(), lease.fence() + 1);
        }
    }
}

#[tokio::test]
async fn a_lease_that_ends_within_a_transaction_cannot_be_used_in_it() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, pool) = store(server).await;
    let mut client = pool.get().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    // The transaction's own time stands still from here on.
    transaction.batch_execute("SELECT now()").await.unwrap();
    let lease = granted(store.claim("evt_1", LEASE / 100).await.unwrap());
    let ended = "SELECT count(*) FROM fluxa_inbox WHERE lease_until < clock_timestamp()";
    until(&pool, ended).await;
    assert!(!store.done_in(&transaction, &lease).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_claims_at_once_one_is_granted() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    for isolation in ["read committed", "repeatable read", "serializable"] {
        let mut config = server.database().await;
        let isolation = isolation.replace(' ', "\\ ");
        config.options(format!("-c default_transaction_isolation={isolation}"));
        let store = PostgresStore::new(pool(&config, 16));
        store.migrate().await.unwrap();
        for round in 1..=3 {
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    let store = store.clone();
                    tokio::spawn(async move { store.claim("evt_1", LEASE).await })
                })
                .collect();
            let mut new = Vec::new();
            for task in tasks {
                match task.await.unwrap().unwrap() {
                    Claim::New(lease) => new.push(lease),
                    Claim::InFlight { remaining } => assert!(remaining <= LEASE),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(new.len(), 1, "{isolation}");
            assert_eq!(new[0].fence(), round);
            assert!(store.release(&new[0]).await.unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_replicas_that_start_at_once_make_one_table() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let config = server.database().await;
    let replicas: Vec<_> = (0..8)
        .map(|_| {
            let store = PostgresStore::new(pool(&config, 1));
            tokio::spawn(async move { store.migrate().await })
        })
        .collect();
    for replica in replicas {
        replica.await.unwrap().unwrap();
    }
    let owner = pool(&config, 2);
    sql(&owner, PostgresStore::MIGRATION).await;

    // What is there already is found by a role that may make nothing.
    sql(
        &owner,
        "CREATE ROLE shop LOGIN; GRANT SELECT, INSERT, UPDATE, DELETE ON fluxa_inbox TO shop",
    )
    .await;
    let mut config = config;
    config.user("shop");
    let store = PostgresStore::new(pool(&config, 2));
    store.migrate().await.unwrap();
    let lease = granted(store.claim("evt_1", LEASE).await.unwrap());
    assert!(store.done(&lease).await.unwrap());
    assert_eq!(store.purge().await.unwrap(), 0);
}

#[tokio::test]
async fn a_migration_does_not_wait_for_deliveries_under_way() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, pool) = store(server).await;
    granted(store.claim("evt_1", LEASE).await.unwrap());
    let holder = pool.get().await.unwrap();
    let under_way = "BEGIN; UPDATE fluxa_inbox SET lease_until = lease_until";
    holder.batch_execute(under_way).await.unwrap();
    let migrated = tokio::time::timeout(LEASE / 2, store.migrate()).await;
    migrated.expect("waited for a row's lock").unwrap();
    holder.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn without_the_table_the_error_says_what_to_call() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let store = PostgresStore::new(pool(&server.database().await, 1));
    let failure = store.claim("evt_1", LEASE).await.unwrap_err();
    assert!(failure.to_string().contains("call `migrate`"), "{failure}");
}

#[tokio::test]
async fn a_purge_forgets_what_is_older_than_the_retention_and_nothing_else() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, pool) = store(server).await;
    let fill = |namespace: &str, prefix: &str, count: u32, age: &str, done: &str| {
        format!(
            "INSERT INTO fluxa_inbox SELECT '{namespace}', '{prefix}' || n, 1,
                clock_timestamp() - interval '{age}', {done}
            FROM generate_series(1, {count}) AS n;"
        )
    };
    let ago = |age: &str| format!("clock_timestamp() - interval '{age}'");
    let rows = [
        fill(
            "default",
            "old",
            2_500,
            "7 days 1 minute",
            &ago("7 days 2 minutes"),
        ),
        fill("default", "given_up", 10, "8 days", "NULL"),
        fill(
            "default",
            "recent",
            20,
            "6 days 23 hours",
            &ago("6 days 23 hours"),
        ),
        fill("default", "in_flight", 1, "-30 seconds", "NULL"),
        fill("other", "old", 30, "90 days", &ago("90 days")),
    ];
    sql(&pool, &rows.concat()).await;
    let of_default = store.clone();
    assert_eq!(of_default.purge().await.unwrap(), 0, "30 days by default");
    let store = store.retention(DAY * 7).unwrap();
    assert_eq!(store.purge().await.unwrap(), 2_510);
    assert_eq!(store.purge().await.unwrap(), 0);
    let left = "SELECT count(*) FROM fluxa_inbox";
    assert_eq!(number(&pool, left).await, 20 + 1 + 30);
    assert_eq!(store.claim("recent1", LEASE).await.unwrap(), Claim::Done);

    let refused = store.clone().retention(DAY * 7 - LEASE).unwrap_err();
    assert!(refused.to_string().contains("7 days"), "{refused}");
    let store = store.retention(Duration::MAX).unwrap();
    let failure = store.purge().await;
    assert!(
        failure.is_ok_and(|purged| purged == 0),
        "for ever is for ever"
    );
}

#[tokio::test]
async fn consumers_of_two_namespaces_each_see_every_event() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, _) = store(server).await;
    let billing = store.clone().namespace("billing").unwrap();
    let lease = granted(billing.claim("evt_1", LEASE).await.unwrap());
    assert!(billing.done(&lease).await.unwrap());
    let lease = granted(store.claim("evt_1", LEASE).await.unwrap());
    assert_eq!(lease.fence(), 1);
    assert!(store.release(&lease).await.unwrap());
    assert_eq!(billing.claim("evt_1", LEASE).await.unwrap(), Claim::Done);
    for bad in ["", "a\0b", &"x".repeat(256)] {
        let failure = store.clone().namespace(bad).unwrap_err();
        assert!(failure.to_string().contains("namespace"), "{failure}");
    }
}

#[tokio::test]
async fn hostile_ids_are_refused_or_kept_as_they_are() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, _) = store(server).await;
    let long = "x".repeat(256);
    for hostile in ["", "evt_\0", "evt_\u{1b}[2J", &long] {
        let failure = store.claim(hostile, LEASE).await.unwrap_err();
        assert_eq!(failure.to_string(), "the event's id cannot be kept");
        let lease = Lease::new(hostile, 1);
        assert!(!store.done(&lease).await.unwrap());
    }
    let crab = "🦀".repeat(63);
    for odd in [
        "evt_'; DROP TABLE fluxa_inbox; --",
        "evt_%_\\",
        &crab,
        &long[1..],
    ] {
        let lease = granted(store.claim(odd, Duration::MAX).await.unwrap());
        assert_eq!((lease.event_id(), lease.fence()), (odd, 1));
        assert!(store.done(&lease).await.unwrap());
        assert_eq!(store.claim(odd, LEASE).await.unwrap(), Claim::Done);
    }
    let made_up = Lease::new("evt_never", u64::MAX);
    assert!(!store.extend(&made_up, Duration::MAX).await.unwrap());
}

#[tokio::test]
async fn time_outs_that_make_no_sense_are_refused() {
    // No server is asked for.
    let store = PostgresStore::new(pool(&tokio_postgres::Config::new(), 1));
    for timeout in [
        Duration::ZERO,
        Duration::from_micros(999),
        Duration::from_secs(31),
        Duration::MAX,
    ] {
        let failure = store.clone().timeout(timeout).unwrap_err();
        assert!(failure.to_string().contains("1 ms to 30 s"), "{failure}");
    }
}

#[tokio::test]
async fn a_used_up_pool_is_an_error_in_time_and_then_recovers() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let pool = pool(&server.database().await, 1);
    let store = PostgresStore::new(pool.clone());
    let store = store.timeout(Duration::from_millis(50)).unwrap();
    store.migrate().await.unwrap();
    let held = pool.get().await.unwrap();
    let failure = store.claim("evt_1", LEASE).await.unwrap_err();
    assert!(
        failure.to_string().contains("the pool is used up"),
        "{failure}"
    );
    drop(held);
    let store = store.timeout(LEASE).unwrap();
    granted(store.claim("evt_1", LEASE).await.unwrap());
}

#[tokio::test]
async fn a_connection_that_was_given_up_on_is_not_handed_to_the_next() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let config = server.database().await;
    let (one, others) = (pool(&config, 1), pool(&config, 4));
    let store = PostgresStore::new(one);
    store.migrate().await.unwrap();
    let lease = granted(store.claim("evt_1", LEASE).await.unwrap());
    let holder = hold_row(&others).await;

    let impatient = store.clone().timeout(Duration::from_millis(50)).unwrap();
    let failure = impatient.done(&lease).await.unwrap_err();
    assert_eq!(failure.to_string(), "the event could not be marked");
    granted(store.claim("evt_2", LEASE).await.unwrap());

    let (dropped, of_task) = (store.clone(), lease.clone());
    let request = tokio::spawn(async move { dropped.done(&of_task).await });
    let both = WAITING.replace("count(*)", "(count(*) = 2)::int::bigint");
    until(&others, &both).await;
    request.abort();
    assert!(request.await.unwrap_err().is_cancelled());
    granted(store.claim("evt_3", LEASE).await.unwrap());

    // The server may finish what nobody waits for; marking may be repeated.
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert!(store.done(&lease).await.unwrap());
}

#[tokio::test]
async fn a_mark_whose_connection_is_lost_may_be_repeated() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (store, pool) = store(server).await;
    let lease = granted(store.claim("evt_1", LEASE).await.unwrap());
    let holder = hold_row(&pool).await;
    let (marking, of_task) = (store.clone(), lease.clone());
    let mark = tokio::spawn(async move { marking.done(&of_task).await });
    until(&pool, WAITING).await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(number(&pool, cut).await, 1);
    let failure = mark.await.unwrap().unwrap_err();
    assert_eq!(failure.to_string(), "the event could not be marked");
    assert!(std::error::Error::source(&failure).is_some());
    holder.batch_execute("ROLLBACK").await.unwrap();
    assert!(store.done(&lease).await.unwrap());
    assert_eq!(store.claim("evt_1", LEASE).await.unwrap(), Claim::Done);
}

#[tokio::test]
async fn a_database_that_restarts_is_an_error_and_then_goes_on_where_it_was() {
    let Some(server) = pg_server::start() else {
        return;
    };
    let (store, pool) = store(&server).await;
    let done = granted(store.claim("evt_done", LEASE * 10).await.unwrap());
    assert!(store.done(&done).await.unwrap());
    let lease = granted(store.claim("evt_1", LEASE * 10).await.unwrap());

    server.kill();
    let failure = store.done(&lease).await.unwrap_err();
    assert!(!failure.to_string().is_empty());
    assert!(store.claim("evt_2", LEASE).await.is_err());
    server.start_again();

    assert!(
        store.done(&lease).await.unwrap(),
        "the lease outlived the restart"
    );
    for event_id in ["evt_done", "evt_1"] {
        assert_eq!(store.claim(event_id, LEASE).await.unwrap(), Claim::Done);
    }

    // Unnoticed by the pool: its task has had no time to see that the connection was closed.
    server.restart();
    let mut failures = 0;
    while let Err(failure) = store.claim("evt_1", LEASE).await {
        failures += 1;
        assert!(
            failures <= 2,
            "a failure for each connection of before: {failure:?}"
        );
    }
    assert_eq!(number(&pool, "SELECT count(*) FROM fluxa_inbox").await, 2);
}

#[tokio::test]
async fn debug_shows_nothing_of_the_connection() {
    let mut config = tokio_postgres::Config::new();
    config.host("db.internal").user("shop").password("hunter2");
    let store = PostgresStore::new(pool(&config, 1));
    let shown = format!("{store:?}");
    assert!(shown.contains("default"), "{shown}");
    for secret in ["hunter2", "db.internal", "shop"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
