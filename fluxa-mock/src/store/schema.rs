//! Owns the shape of the database. Every resource is one table whose `body` is the whole object; the
//! columns that filters and guards need are generated from it, so that they cannot disagree with it.

use super::file::{APPLICATION_ID, LOCK_PATIENCE};
use rusqlite::Connection;

/// Bumped when the shape changes; a file of another version is refused rather than misread.
const VERSION: i64 = 2;

/// (table, columns generated from the body's field of the same name)
const RESOURCES: &[(&str, &[&str])] = &[
    (
        "payments",
        &[
            "state",
            "customer",
            "settlement_reference",
            "created_at",
            "settled_at",
            "settlement",
        ],
    ),
    ("refunds", &["payment", "status", "created_at"]),
    ("customers", &["email", "created_at"]),
    ("payment_methods", &["customer", "created_at"]),
    ("checkout_sessions", &["status", "customer", "created_at"]),
    (
        "settlements",
        &["status", "settlement_reference", "created_at", "settled_at"],
    ),
    ("ledger_entries", &["payment", "account", "created_at"]),
    ("events", &["type", "created_at", "subject"]),
    ("webhook_endpoints", &["status", "created_at"]),
    (
        "webhook_deliveries",
        &["endpoint", "event", "status", "created_at"],
    ),
    ("listen_sessions", &["created_at"]),
    ("api_keys", &["kind", "status", "created_at", "hash"]),
    ("merchants", &["created_at"]),
    ("subscriptions", &["status", "customer", "created_at"]),
    ("disputes", &["status", "payment", "created_at"]),
];

/// What is no resource; and the log of requests, which is written with every request and so has columns
/// of its own, that cost no reading of the body.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payment_history (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, payment TEXT NOT NULL, at INTEGER NOT NULL,
  actor TEXT NOT NULL, previous_state TEXT, new_state TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS payment_history_payment ON payment_history (payment, sequence);
CREATE TRIGGER IF NOT EXISTS payment_history_no_update BEFORE UPDATE ON payment_history
  BEGIN SELECT RAISE(ABORT, 'payment_history is append-only'); END;
CREATE TRIGGER IF NOT EXISTS payment_history_no_delete BEFORE DELETE ON payment_history
  BEGIN SELECT RAISE(ABORT, 'payment_history is append-only'); END;
CREATE TABLE IF NOT EXISTS timers (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, due INTEGER NOT NULL, kind TEXT NOT NULL,
  reference TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS timers_due ON timers (due, sequence);
CREATE INDEX IF NOT EXISTS timers_reference ON timers (reference, kind);
CREATE TABLE IF NOT EXISTS delivery_queue (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, delivery TEXT NOT NULL UNIQUE, endpoint TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS idempotency (
  key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, media TEXT NOT NULL,
  body TEXT NOT NULL, request_id TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS idempotency_age ON idempotency (created_at);
CREATE TABLE IF NOT EXISTS listen_secrets (api_key TEXT PRIMARY KEY, secret TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS request_logs (
  sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, status TEXT NOT NULL, key TEXT);
CREATE INDEX IF NOT EXISTS request_logs_key ON request_logs (key, sequence);
CREATE TABLE IF NOT EXISTS settlement_counters (date TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
";

const LEDGER_TRIGGERS: &str = "
CREATE TRIGGER IF NOT EXISTS ledger_entries_no_update BEFORE UPDATE ON ledger_entries
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_entries_no_delete BEFORE DELETE ON ledger_entries
  BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE VIEW IF NOT EXISTS instants AS
  SELECT max(at) AS at FROM payment_history
  UNION ALL SELECT max(created_at) FROM idempotency
  UNION ALL SELECT CAST(unixepoch(body->>'$.created_at', 'subsec') * 1000 AS INTEGER) FROM
    (SELECT body FROM events ORDER BY sequence DESC LIMIT 1);
";

/// Sets the connection up: durable for a file (WAL, an fsync per commit), bare for memory.
pub(crate) fn configure(connection: &Connection, durable: bool) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(LOCK_PATIENCE)?;
    if durable {
        // One process owns the file: a second server on it would send every delivery twice.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
    } else {
        // A journal all the same: savepoints must roll back.
        connection.pragma_update(None, "journal_mode", "MEMORY")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
    }
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Creates what is missing.
///
/// # Errors
/// When the file was written by another version of the schema.
pub(crate) fn create(connection: &Connection) -> Result<(), rusqlite::Error> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != 0 && version != VERSION {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_SCHEMA),
            Some(format!(
                "the file has schema {version}, this server writes schema {VERSION}"
            )),
        ));
    }
    if version == VERSION {
        return Ok(());
    }
    let mut sql = String::from("BEGIN IMMEDIATE;");
    sql.push_str(TABLES);
    for (table, columns) in RESOURCES {
        sql.push_str(&resource_table(table, columns));
    }
    sql.push_str(LEDGER_TRIGGERS);
    sql.push_str(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    ));
    connection.execute_batch(&sql)
}

/// Empties the sandbox: dropping and recreating, because the append-only tables refuse a DELETE.
pub(crate) fn reset(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut sql = String::from("DROP VIEW instants;");
    let others = [
        "payment_history",
        "timers",
        "delivery_queue",
        "idempotency",
        "listen_secrets",
        "settlement_counters",
        "request_logs",
    ];
    for table in RESOURCES.iter().map(|(table, _)| *table).chain(others) {
        sql.push_str(&format!("DROP TABLE {table};"));
    }
    sql.push_str(TABLES);
    for (table, columns) in RESOURCES {
        sql.push_str(&resource_table(table, columns));
    }
    sql.push_str(LEDGER_TRIGGERS);
    connection.execute_batch(&sql)
}

fn resource_table(table: &str, columns: &[&str]) -> String {
    let mut sql = format!(
        "CREATE TABLE IF NOT EXISTS {table} (sequence INTEGER PRIMARY KEY AUTOINCREMENT, \
         id TEXT NOT NULL UNIQUE, body TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0"
    );
    for column in columns {
        let path = match (table, *column) {
            ("payments", "settlement") => "$.internal.settlement",
            ("settlements", "settlement_reference") => "$.reference",
            ("events", "subject") => "$.data.object.id",
            ("api_keys", "hash") => "$.internal.hash",
            _ => "",
        };
        let path = if path.is_empty() {
            format!("$.{column}")
        } else {
            path.to_owned()
        };
        sql.push_str(&format!(
            ", {column} TEXT GENERATED ALWAYS AS (json_extract(body, '{path}')) VIRTUAL"
        ));
    }
    sql.push_str(");");
    for column in columns.iter().filter(|column| **column != "created_at") {
        sql.push_str(&format!(
            "CREATE INDEX IF NOT EXISTS {table}_{column} ON {table} ({column}, sequence);"
        ));
    }
    sql
}
