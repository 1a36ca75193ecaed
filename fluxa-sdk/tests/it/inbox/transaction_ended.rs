//! Handlers whose SQL ends the inbox's transaction, and transactions the database refuses.

use std::time::Duration;

use deadpool_postgres::Pool;
use fluxa_sdk::webhooks::inbox::{Claim, EventStore, Inbox, PostgresStore, Processed};
use tokio_postgres::Config;

use super::event;
use super::pg_server::{self, PgServer, pool};
use super::postgres::{expire, number, sql, until};
use super::transaction::{inbox, paid, pay, process};

type Outcome = Processed<(), &'static str>;

/// Pays, runs the SQL, and returns this.
async fn run(
    inbox: &Inbox<PostgresStore>,
    statements: &'static str,
    result: Result<(), &'static str>,
) -> Outcome {
    inbox
        .process_in_transaction(&event("evt_1"), |transaction| {
            Box::pin(async move {
                pay(transaction).await.unwrap();
                let _ = transaction.batch_execute(statements).await;
                result
            })
        })
        .await
}

async fn is_given_back(inbox: &Inbox<PostgresStore>) -> bool {
    let claim = inbox.store().claim("evt_1", Duration::from_secs(30));
    matches!(claim.await.unwrap(), Claim::New(_))
}

#[tokio::test]
async fn a_handler_that_ends_the_transaction_is_told_so_and_never_marked() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    const OK: Result<(), &str> = Ok(());
    const ERR: Result<(), &str> = Err("no stock");
    let pay = "INSERT INTO paid VALUES ('evt_1')";
    let begins_anew = format!("COMMIT; BEGIN; {pay}");
    let goes_on_alone = format!("ROLLBACK; {pay}");
    let begins_anew: &'static str = begins_anew.leak();
    let goes_on_alone: &'static str = goes_on_alone.leak();
    // Rows of effect, and what is said of them.
    for (statements, result, rows, says) in [
        ("ROLLBACK", OK, 0, "before is undone"),
        ("ROLLBACK; BEGIN", OK, 0, "before is undone"),
        ("ROLLBACK AND CHAIN", OK, 0, "before is undone"),
        ("COMMIT", OK, 1, "wrote stands"),
        ("COMMIT AND CHAIN", OK, 1, "wrote stands"),
        ("COMMIT; BEGIN; SELECT 1/0", OK, 1, "wrote stands"),
        (begins_anew, OK, 1, "wrote stands"),
        ("COMMIT", ERR, 1, "wrote stands"),
        ("COMMIT; BEGIN", ERR, 1, "wrote stands"),
        ("COMMIT; BEGIN; SELECT 1/0", ERR, 1, "wrote stands"),
        ("ROLLBACK", ERR, 0, "before is undone"),
        (goes_on_alone, ERR, 1, "before is undone"),
    ] {
        let (inbox, pool) = inbox(server, 1).await;
        let outcome = run(&inbox, statements, result).await;
        let case = format!("{statements}, {result:?}: {outcome:?}");
        let Processed::TransactionEnded {
            result: returned,
            error,
        } = &outcome
        else {
            panic!("{case}")
        };
        assert_eq!(*returned, result, "{case}");
        assert!(error.to_string().contains(says), "{case}");
        assert_eq!(outcome.status_code(), 500, "{case}");
        assert!(!outcome.is_processed(), "{case}");
        assert_eq!(paid(&pool).await, rows, "{case}");
        assert!(!is_given_back(&inbox).await, "{case}");
    }
}

/// A server of its own that allows prepared transactions, as the others do not.
async fn preparing_server() -> Option<PgServer> {
    let server = pg_server::start()?;
    let pool = pool(&server.database().await, 1);
    sql(&pool, "ALTER SYSTEM SET max_prepared_transactions = 2").await;
    server.restart();
    Some(server)
}

#[tokio::test]
async fn a_handler_that_prepares_the_transaction_is_told_what_it_left() {
    let Some(server) = preparing_server().await else {
        return;
    };
    for result in [Ok(()), Err("no stock")] {
        let (inbox, pool) = inbox(&server, 1).await;
        let outcome = run(&inbox, "PREPARE TRANSACTION 'x'", result).await;
        let Processed::TransactionEnded { error, .. } = &outcome else {
            panic!("{outcome:?}")
        };
        assert!(error.to_string().contains("pg_prepared_xacts"), "{error}");
        assert!(!is_given_back(&inbox).await);
        sql(&pool, "ROLLBACK PREPARED 'x'").await;
        expire(&pool).await;
        assert!(matches!(process(&inbox).await, Processed::Done(())));
        assert_eq!(paid(&pool).await, 1);
    }
}

#[tokio::test]
async fn an_event_whose_handler_committed_and_panicked_is_not_given_back() {
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
                transaction.batch_execute("COMMIT").await.unwrap();
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
    assert_eq!(paid(&pool).await, 1);
    assert!(!is_given_back(&inbox).await);
}

#[tokio::test]
async fn a_savepoint_is_the_handlers_own() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    let (inbox, pool) = inbox(server, 1).await;
    let outcome: Outcome = inbox
        .process_in_transaction(&event("evt_1"), |transaction| {
            Box::pin(async move {
                let savepoint = transaction.savepoint("first").await.unwrap();
                pay(&savepoint).await.unwrap();
                savepoint.batch_execute("SELECT 1/0").await.unwrap_err();
                savepoint.rollback().await.unwrap();
                let savepoint = transaction.savepoint("second").await.unwrap();
                pay(&savepoint).await.unwrap();
                savepoint.commit().await.unwrap();
                Ok(())
            })
        })
        .await;
    assert!(matches!(outcome, Processed::Done(())), "{outcome:?}");
    assert_eq!(paid(&pool).await, 1);
}

#[tokio::test]
async fn a_transaction_the_database_refuses_is_undone_and_given_back() {
    let Some(server) = pg_server::shared() else {
        return;
    };
    for (statements, says) in [
        // Deferred: the commit finds it.
        ("INSERT INTO once VALUES (1), (1)", "refused to commit"),
        ("INSERT INTO cut VALUES (1)", "refused to commit"),
        ("SET TRANSACTION READ ONLY", "before it could be committed"),
        ("SELECT 1/0", "returned Ok all the same"),
    ] {
        let (inbox, pool) = inbox(server, 1).await;
        let once = "CREATE TABLE once (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)";
        sql(&pool, once).await;
        // Ends the connection in the commit, before anything is committed.
        sql(
            &pool,
            "CREATE TABLE cut (n int);
             CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
             CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON cut DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION cut()",
        )
        .await;
        let outcome = run(&inbox, statements, Ok(())).await;
        let Processed::RolledBack { error, .. } = &outcome else {
            panic!("{statements}: {outcome:?}")
        };
        assert!(error.to_string().contains(says), "{statements}: {error}");
        assert_eq!(outcome.status_code(), 503, "{statements}");
        assert_eq!(paid(&pool).await, 0, "{statements}");
        let again = process(&inbox).await;
        assert!(matches!(again, Processed::Done(())), "{again:?}");
        assert_eq!(paid(&pool).await, 1, "{statements}");
    }
}

/// An inbox whose commits wait for a replica that does not exist, where a handler asks for that.
async fn waiting_inbox(config: &Config, timeout: Duration) -> (Inbox<PostgresStore>, Pool) {
    let store = PostgresStore::new(pool(config, 1)).timeout(timeout);
    let store = store.unwrap();
    store.migrate().await.unwrap();
    let pool = pool(config, 2);
    sql(&pool, "CREATE TABLE paid (event_id text)").await;
    (Inbox::new(store), pool)
}

const WAITS: &str = "SET LOCAL synchronous_commit = on";
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'SyncRep'";

#[tokio::test]
async fn a_commit_that_was_not_confirmed_is_asked_about() {
    let Some(server) = pg_server::start() else {
        return;
    };
    let mut config = server.database().await;
    config.options("-c synchronous_commit=local");
    let mut second = server.database().await;
    second.options("-c synchronous_commit=local");
    let nobody = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'";
    sql(&pool(&config, 1), nobody).await;
    sql(&pool(&config, 1), "SELECT pg_reload_conf()").await;

    // Committed, and the connection is cut before it says so.
    let (inbox, pool) = waiting_inbox(&config, Duration::from_secs(20)).await;
    let committing = inbox.clone();
    let committing = tokio::spawn(async move { run(&committing, WAITS, Ok(())).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'SyncRep'";
    until(&pool, waiting).await;
    number(&pool, CUT).await;
    let outcome = committing.await.unwrap();
    assert!(matches!(outcome, Processed::Done(())), "{outcome:?}");
    assert!(process(&inbox).await.is_duplicate());
    assert_eq!(paid(&pool).await, 1);

    // Given up on while it is under way: whether it will take place cannot be known.
    let (inbox, pool) = waiting_inbox(&second, Duration::from_millis(500)).await;
    let outcome = run(&inbox, WAITS, Ok(())).await;
    assert!(
        matches!(outcome, Processed::NotMarked { .. }),
        "{outcome:?}"
    );
    assert_eq!(outcome.status_code(), 503);
    number(&pool, CUT).await;
    until(&pool, "SELECT count(*) FROM paid").await;
    expire(&pool).await;
    assert!(process(&inbox).await.is_duplicate());
    assert_eq!(paid(&pool).await, 1);
}
