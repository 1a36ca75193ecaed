//! Owns the whole state of a sandbox as bytes: an SQLite file taken from the live database, and put
//! back in one transaction of its own, so that a crash leaves the old state or the new. What comes from
//! outside is checked before anything of it reaches the live database.

mod rows;

use super::file::APPLICATION_ID;
use super::{
    SALT, Shared, Store, read_clock, read_number, read_salt, schema, write_clock, write_meta,
};
use crate::clock::{ClockRecord, check_pace, real_millis};
use crate::domain::error::DomainError;
use crate::time::Time;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How every SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Where the file says how it is journalled: 1 = by a rollback journal, 2 = by a log beside it.
const JOURNAL_BYTES: std::ops::Range<usize> = 18..20;

/// Length of the file's header.
const HEADER: usize = 100;

/// How long the live database is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

impl Store {
    /// The whole state, the clock included.
    pub(crate) async fn take_snapshot(&self) -> Result<Vec<u8>, DomainError> {
        self.alone(|connection, shared| {
            write_clock(connection, shared.clock.record())?;
            let mut bytes = connection.serialize(MAIN_DB)?.to_vec();
            // The log is not part of the bytes, and a database in memory has none.
            if let Some(journal) = bytes.get_mut(JOURNAL_BYTES) {
                journal.fill(1);
            }
            Ok(bytes)
        })
        .await
    }

    /// Puts a state back: data, timers, queued deliveries, stored answers and the clock, which may go
    /// back here. New ids differ from all that were given out before, here or in the snapshot.
    ///
    /// # Errors
    /// `snapshot_invalid`; the state is then as it was.
    pub(crate) async fn restore_snapshot(&self, bytes: Vec<u8>) -> Result<(), DomainError> {
        let restored = self.alone(move |connection, shared| restore(connection, shared, &bytes));
        restored.await
    }
}

/// Checks that bytes are a snapshot that this server can restore; returns where its clock stands.
///
/// # Errors
/// `snapshot_invalid`, with the reason.
pub(crate) fn check(bytes: &[u8]) -> Result<Time, DomainError> {
    let (_, record) = open(bytes)?;
    Ok(Time::from_millis(record.virtual_ms))
}

fn restore(connection: &mut Connection, shared: &Shared, bytes: &[u8]) -> Result<(), DomainError> {
    let (copy, record) = open(bytes)?;
    let salt = read_salt(&copy)?.ok_or_else(|| refuse("it has no salt of its fingerprints"))?;
    // Prepared in the copy, so that one transaction carries all of it over.
    let theirs = read_number(&copy, "starts")?.unwrap_or(0);
    let start = shared.ids.start_after(u64::try_from(theirs).unwrap_or(0));
    // What this sandbox is stays: its seed, and whose it is.
    for (name, value) in own_meta(connection)? {
        write_meta(&copy, &name, &value)?;
    }
    write_meta(&copy, "starts", &start.to_string())?;
    let record = ClockRecord {
        real_ms: real_millis(),
        ..record
    };
    write_clock(&copy, record)?;
    connection.flush_prepared_statement_cache();
    let backup = Backup::new(&copy, connection)?;
    let started = Instant::now();
    // All pages in one step: one transaction of the live database.
    while !matches!(backup.step(-1)?, StepResult::Done) {
        if started.elapsed() > PATIENCE {
            return Err(DomainError::internal("the live database stayed locked"));
        }
        std::thread::yield_now();
    }
    drop(backup);
    *shared.fingerprint_salt() = salt;
    shared.clock.restore(record);
    shared.forget();
    Ok(())
}

/// What is written down of the sandbox itself, apart from how far it has come.
fn own_meta(connection: &Connection) -> Result<Vec<(String, String)>, rusqlite::Error> {
    // The salt came with the fingerprints.
    let sql = "SELECT name, value FROM meta WHERE name NOT IN ('clock', 'starts', ?1)";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([SALT], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Opens a snapshot as a database of its own in memory, and checks it.
fn open(bytes: &[u8]) -> Result<(Connection, ClockRecord), DomainError> {
    if bytes.len() < HEADER || !bytes.starts_with(MAGIC) {
        return Err(refuse("it is not an SQLite file"));
    }
    let mut header = bytes[..HEADER].to_vec();
    // As downloaded it says so already; a copy of a `--db` file does not.
    header[JOURNAL_BYTES].fill(1);
    let mut copy = Connection::open_in_memory()?;
    // Before anything of it is looked at: it may define what runs when it is read.
    copy.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    copy.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    copy.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    let whole = std::io::Read::chain(header.as_slice(), &bytes[HEADER..]);
    let damaged = |error: rusqlite::Error| refuse(&format!("it is damaged ({error})"));
    copy.deserialize_read_exact(MAIN_DB, whole, bytes.len(), false)
        .map_err(damaged)?;
    let read = read_and_check(&copy).map_err(damaged)?;
    let record = read.map_err(|reason| refuse(&reason))?;
    copy.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, true)?;
    Ok((copy, record))
}

/// The clock of a snapshot, or what is wrong with it.
fn read_and_check(copy: &Connection) -> Result<Result<ClockRecord, String>, rusqlite::Error> {
    let number = |name| copy.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if number("application_id")? != i64::from(APPLICATION_ID) {
        return Ok(Err("it is another program's database".to_owned()));
    }
    let (version, ours) = (number("user_version")?, schema::VERSION);
    if version != ours {
        let reason = format!("it has schema {version}, this server has schema {ours}");
        return Ok(Err(reason));
    }
    let fresh = Connection::open_in_memory()?;
    schema::create(&fresh)?;
    // Before any query of it: a view or a trigger may hide behind a name that is ours.
    if definitions(copy)? != definitions(&fresh)? {
        return Ok(Err("its tables are not this server's".to_owned()));
    }
    if number("page_size")? != schema::PAGE_SIZE {
        return Ok(Err("its page size is not this server's".to_owned()));
    }
    let verdict: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Ok(Err(format!("it is damaged ({verdict})")));
    }
    if let Some(fault) = rows::fault(copy)? {
        return Ok(Err(fault));
    }
    let sql = "SELECT count(*) FROM merchants WHERE deleted = 0";
    if copy.query_row(sql, [], |row| row.get::<_, i64>(0))? != 1 {
        return Ok(Err("it has not one merchant".to_owned()));
    }
    if read_salt(copy)?.is_none() {
        return Ok(Err("it has no salt of its fingerprints".to_owned()));
    }
    let within = 0..=Time::HORIZON.millis();
    Ok(match read_clock(copy) {
        Ok(Some(record))
            if within.contains(&record.virtual_ms) && check_pace(record.pace).is_ok() =>
        {
            Ok(record)
        }
        _ => Err("it has no clock that can run".to_owned()),
    })
}

/// Everything that a database defines, whatever the order.
fn definitions(
    connection: &Connection,
) -> Result<BTreeSet<(String, String, String)>, rusqlite::Error> {
    // Statistics are the query planner's own.
    let mut statement = connection.prepare(
        "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

fn refuse(reason: &str) -> DomainError {
    let message = format!(
        "This is no snapshot that can be restored: {reason}. Take one with POST /_mock/snapshots."
    );
    DomainError::invalid("snapshot_invalid", message)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::store::{Opening, Origin, Store};
    use rusqlite::Connection;

    async fn snapshot() -> Vec<u8> {
        let store = Store::open(&Opening::frozen_in_memory()).unwrap();
        let filled = store.run(Origin::default(), crate::domain::merchant::seed);
        filled.await.unwrap();
        store.take_snapshot().await.unwrap()
    }

    /// The snapshot after somebody's SQL.
    fn changed(bytes: &[u8], sql: &str) -> Vec<u8> {
        let mut connection = Connection::open_in_memory().unwrap();
        let main = rusqlite::MAIN_DB;
        connection
            .deserialize_read_exact(main, bytes, bytes.len(), false)
            .unwrap();
        connection.execute_batch(sql).unwrap();
        connection.serialize(main).unwrap().to_vec()
    }

    #[tokio::test]
    async fn only_a_whole_snapshot_of_this_schema_is_accepted() {
        let good = snapshot().await;
        check(&good).unwrap();
        let mut torn = good.clone();
        let middle = torn.len() / 2;
        torn[middle..].fill(0xA5);
        let hostile = [
            Vec::new(),
            b"SQLite format 3\0".to_vec(),
            good[..good.len() / 2].to_vec(),
            torn,
            changed(&good, "PRAGMA user_version = 1"),
            changed(&good, "PRAGMA application_id = 7"),
            changed(&good, "CREATE TABLE more (x)"),
            changed(
                &good,
                "CREATE TRIGGER evil AFTER INSERT ON payments BEGIN DELETE FROM events; END",
            ),
            changed(&good, "DROP TRIGGER payment_history_no_delete"),
            changed(
                &good,
                "DROP TABLE meta; CREATE VIEW meta AS SELECT 'clock' AS name, '1 1 1' AS value",
            ),
            changed(&good, "DELETE FROM merchants"),
            changed(
                &good,
                "UPDATE meta SET value = '-5 0 1' WHERE name = 'clock'",
            ),
            changed(
                &good,
                "UPDATE meta SET value = '5 0 1e9' WHERE name = 'clock'",
            ),
        ];
        for (number, bytes) in hostile.iter().enumerate() {
            let refused = check(bytes).map_err(|error| error.code);
            assert_eq!(refused, Err("snapshot_invalid"), "number {number}");
        }
    }
}
