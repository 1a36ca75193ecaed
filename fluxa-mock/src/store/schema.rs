//! Owns the shape of the database. Every resource is one table whose `body` is the whole object; the
//! columns that filters and guards need stand beside it, written with it and from it.

use super::file::{APPLICATION_ID, LOCK_PATIENCE};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use std::sync::LazyLock;

/// Bumped when the shape changes; a file of another version is refused rather than misread.
pub(super) const VERSION: i64 = 8;

/// Half of what SQLite takes by itself. A charge touches some twenty pages, and of each a copy is kept until it
/// is certain that nothing has to be undone.
pub(super) const PAGE_SIZE: i64 = 2048;

/// A column that filters and guards need, beside the body that holds the same value.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Where the body has it; empty = the field of the same name.
    pointer: &'static str,
    indexed: Indexed,
    /// Whether an update may change it: a column that it cannot change costs it nothing.
    pub(super) changes: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Indexed {
    No,
    /// Only the rows that have a value.
    Present,
    All,
}

impl Column {
    /// The JSON pointer of the value in the body.
    pub(super) fn pointer(&self) -> String {
        match self.pointer {
            "" => format!("/{}", self.name),
            pointer => pointer.to_owned(),
        }
    }

    const fn at(mut self, pointer: &'static str) -> Self {
        self.pointer = pointer;
        self
    }

    const fn present(mut self) -> Self {
        self.indexed = Indexed::Present;
        self
    }

    const fn fixed(mut self) -> Self {
        self.changes = false;
        self
    }
}

const fn column(name: &'static str) -> Column {
    Column {
        name,
        pointer: "",
        indexed: Indexed::All,
        changes: true,
    }
}

/// Instants rise with the rows' sequence, by which they are found: no index.
const CREATED_AT: Column = Column {
    name: "created_at",
    pointer: "",
    indexed: Indexed::No,
    changes: false,
};

/// (table, its columns)
const RESOURCES: &[(&str, &[Column])] = &[
    (
        "payments",
        &[
            column("state"),
            column("customer").present().fixed(),
            column("settlement_reference").present(),
            CREATED_AT,
            column("settled_at").present(),
            column("settlement").present().at("/internal/settlement"),
        ],
    ),
    (
        "refunds",
        &[column("payment").fixed(), column("status"), CREATED_AT],
    ),
    ("customers", &[column("email"), CREATED_AT]),
    ("payment_methods", &[column("customer"), CREATED_AT]),
    (
        "checkout_sessions",
        &[column("status"), column("customer"), CREATED_AT],
    ),
    (
        "settlements",
        &[
            column("status"),
            column("settlement_reference").at("/reference"),
            CREATED_AT,
            column("settled_at"),
        ],
    ),
    (
        "ledger_entries",
        &[
            column("payment").fixed(),
            column("account").fixed(),
            CREATED_AT,
        ],
    ),
    (
        "events",
        &[
            column("type").fixed(),
            CREATED_AT,
            column("subject").fixed().at("/data/object/id"),
        ],
    ),
    ("webhook_endpoints", &[column("status"), CREATED_AT]),
    (
        "webhook_deliveries",
        &[
            column("endpoint").fixed(),
            column("event").fixed(),
            column("status"),
            CREATED_AT,
        ],
    ),
    ("listen_sessions", &[CREATED_AT]),
    (
        "api_keys",
        &[
            column("kind"),
            column("status"),
            CREATED_AT,
            column("hash").at("/internal/hash"),
        ],
    ),
    ("merchants", &[CREATED_AT]),
    (
        "subscriptions",
        &[column("status"), column("customer"), CREATED_AT],
    ),
    (
        "disputes",
        &[
            column("status"),
            column("payment").fixed(),
            column("recovery").present().at("/internal/recovery"),
            CREATED_AT,
        ],
    ),
];

/// A table of resources, with the statements that write to it: written out once.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
    /// Parameters: id, body, then every column.
    pub(super) insert: String,
    /// Parameters: id, body, one left for a guard, then every column that changes.
    pub(super) update: String,
}

static STATEMENTS: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let tables = RESOURCES.iter();
    tables
        .map(|(name, columns)| Table::new(name, columns))
        .collect()
});

impl Table {
    fn new(name: &'static str, columns: &'static [Column]) -> Self {
        let names: String = columns
            .iter()
            .map(|column| format!(", {}", column.name))
            .collect();
        let places: String = (3..columns.len() + 3)
            .map(|place| format!(", ?{place}"))
            .collect();
        let changing = columns.iter().filter(|column| column.changes).zip(4..);
        let set: String = changing
            .map(|(column, place)| format!(", {} = ?{place}", column.name))
            .collect();
        Self {
            name,
            columns,
            // A row that fails has changed nothing, so that there is nothing to abort: SQLite need not be
            // ready to undo the statement, which the triggers of a table would have it prepare for.
            insert: format!("INSERT OR FAIL INTO {name} (id, body{names}) VALUES (?1, ?2{places})"),
            update: format!("UPDATE {name} SET body = ?2{set} WHERE id = ?1"),
        }
    }
}

/// Every table of resources.
pub(super) fn tables() -> &'static [Table] {
    &STATEMENTS
}

/// The table of a resource.
pub(super) fn table(name: &str) -> &'static Table {
    let found = STATEMENTS.iter().find(|table| table.name == name);
    found.expect("every resource has a table")
}

/// What is no resource; and the log of requests, which is written with every request and so has columns
/// of its own, that cost no reading of the body.
///
/// REPLACE deletes without asking the triggers of a DELETE: what would replace a row of an append-only
/// table is refused as an insertion. By FAIL: nothing of that row is done yet, and a trigger that may abort
/// makes every insertion keep copies of its pages.
///
/// AUTOINCREMENT only where the newest row may go: elsewhere the next number is above all that were ever given
/// out anyway, and keeping count costs about as much as an index.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payment_history (
  sequence INTEGER PRIMARY KEY, payment TEXT NOT NULL, at INTEGER NOT NULL,
  actor TEXT NOT NULL, previous_state TEXT, new_state TEXT NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS payment_history_payment ON payment_history (payment, sequence);
CREATE TRIGGER IF NOT EXISTS payment_history_no_update BEFORE UPDATE ON payment_history
  BEGIN SELECT RAISE(ABORT, 'payment_history is append-only'); END;
CREATE TRIGGER IF NOT EXISTS payment_history_no_delete BEFORE DELETE ON payment_history
  BEGIN SELECT RAISE(ABORT, 'payment_history is append-only'); END;
CREATE TRIGGER IF NOT EXISTS payment_history_no_replace BEFORE INSERT ON payment_history
  WHEN EXISTS (SELECT 1 FROM payment_history WHERE sequence = NEW.sequence)
  BEGIN SELECT RAISE(FAIL, 'payment_history is append-only'); END;
CREATE TABLE IF NOT EXISTS timers (
  due INTEGER NOT NULL, sequence INTEGER NOT NULL, kind TEXT NOT NULL, reference TEXT NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (due, sequence)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS timers_reference ON timers (reference, kind);
CREATE TABLE IF NOT EXISTS delivery_queue (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, delivery TEXT NOT NULL UNIQUE, endpoint TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_queue_endpoint ON delivery_queue (endpoint, sequence);
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
CREATE TRIGGER IF NOT EXISTS ledger_entries_no_replace BEFORE INSERT ON ledger_entries
  WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE sequence = NEW.sequence)
    OR EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id)
  BEGIN SELECT RAISE(FAIL, 'the ledger is append-only'); END;
CREATE VIEW IF NOT EXISTS instants AS
  SELECT max(at) AS at FROM payment_history
  UNION ALL SELECT max(created_at) FROM idempotency WHERE status <> 0
  UNION ALL SELECT CAST(round(unixepoch(body->>'$.created_at', 'subsec') * 1000) AS INTEGER) FROM
    (SELECT body FROM events ORDER BY sequence DESC LIMIT 1)
  UNION ALL SELECT CAST(round(unixepoch(body->>'$.created_at', 'subsec') * 1000) AS INTEGER) FROM
    (SELECT body FROM webhook_deliveries ORDER BY sequence DESC LIMIT 1);
";

/// Sets the connection up: durable for a file (WAL, an fsync per commit), bare for memory.
pub(crate) fn configure(connection: &Connection, durable: bool) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(LOCK_PATIENCE)?;
    // Of a database that is there already it stays as it is.
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
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
    // Plans do not depend on the values bound, so that statements are not prepared anew for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
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

fn resource_table(table: &str, columns: &[Column]) -> String {
    let mut sql = format!(
        "CREATE TABLE IF NOT EXISTS {table} (sequence INTEGER PRIMARY KEY, \
         id TEXT NOT NULL UNIQUE, body TEXT NOT NULL, deleted INTEGER NOT NULL DEFAULT 0"
    );
    for column in columns {
        sql.push_str(&format!(", {} TEXT", column.name));
    }
    sql.push_str(");");
    for Column { name, indexed, .. } in columns {
        let condition = match indexed {
            Indexed::No => continue,
            Indexed::Present => format!(" WHERE {name} IS NOT NULL"),
            Indexed::All => String::new(),
        };
        sql.push_str(&format!(
            "CREATE INDEX IF NOT EXISTS {table}_{name} ON {table} ({name}, sequence){condition};"
        ));
    }
    sql
}
