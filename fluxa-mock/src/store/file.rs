//! Owns the opening of a database file: which paths name one, whose it is, and why one cannot be
//! opened.

use super::private;
use rusqlite::{Connection, ErrorCode};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Marks a file as ours: "FLXA".
pub(super) const APPLICATION_ID: i32 = 0x464C_5841;

/// How long the lock of another process is waited for.
pub(super) const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Opens (or creates) the file, unless it belongs to another program.
///
/// # Errors
/// When the path is no file's or the file is not ours.
pub(super) fn open(path: &Path) -> io::Result<Connection> {
    let refuse = |reason: &str| {
        let message = format!("{}: {reason}", path.display());
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    };
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return refuse("not the name of a file; name none for a sandbox in memory");
    }
    if path.is_dir() {
        return refuse("a directory, not a file");
    }
    // Absolute, so that SQLite cannot take a name such as `file:x` for a URI.
    let absolute = std::path::absolute(path)?;
    let explain = |error| explain(Some(path), &error);
    let private = || private::keep_private(&absolute).map_err(|error| denied(path, &error));
    if !absolute.exists() {
        private()?;
    }
    let connection = Connection::open(&absolute).map_err(explain)?;
    connection.busy_timeout(LOCK_PATIENCE).map_err(explain)?;
    // Before anything is written.
    if !is_ours(&connection).map_err(explain)? {
        return refuse("another program's database");
    }
    // Ours, so that its mode is ours to narrow.
    private()?;
    Ok(connection)
}

/// The hashes that name databases in a directory of accounts; none when there is no such directory.
pub(crate) fn databases_in(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(denied(directory, &error)),
    };
    let mut hashes = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let is_database = path.extension().is_some_and(|suffix| suffix == "db");
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(hash) = stem.filter(|_| is_database)
            && hash.len() == 64
            && hash
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        {
            hashes.push(hash.to_owned());
        }
    }
    hashes.sort();
    Ok(hashes)
}

/// Removes a database that nobody has open, and SQLite's files beside it.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(Path::new(&name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(denied(Path::new(&name), &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn denied(path: &Path, error: &io::Error) -> io::Error {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "its directory is not there",
        io::ErrorKind::PermissionDenied => "not writable",
        _ => return io::Error::new(error.kind(), format!("{}: {error}", path.display())),
    };
    io::Error::new(error.kind(), format!("{}: {reason}", path.display()))
}

/// Whether the file bears our mark, or is empty.
fn is_ours(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let mark: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let sql = "SELECT count(*) FROM sqlite_schema";
    let things: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(mark == APPLICATION_ID || things == 0)
}

/// The error as the person who named the file needs it.
pub(super) fn explain(path: Option<&Path>, error: &rusqlite::Error) -> io::Error {
    let Some(path) = path else {
        return io::Error::other(error.to_string());
    };
    let (kind, reason) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (io::ErrorKind::ResourceBusy, "in use by another process")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            (io::ErrorKind::PermissionDenied, "not writable")
        }
        Some(ErrorCode::CannotOpen) => (
            io::ErrorKind::NotFound,
            "cannot be opened or created; is its directory there and writable?",
        ),
        Some(ErrorCode::NotADatabase) => (io::ErrorKind::InvalidInput, "not a database"),
        _ => return io::Error::other(format!("{}: {error}", path.display())),
    };
    io::Error::new(kind, format!("{}: {reason}", path.display()))
}
