//! A real PostgreSQL for tests: its own data directory, a unix socket, gone when the tests end.
//!
//! A watchdog process holds a pipe from this one. When the pipe closes, because the tests ended,
//! panicked or were killed, it stops the server and removes the directory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use deadpool_postgres::{Manager, Pool, Runtime};
use tokio_postgres::NoTls;

const INSTALL: &str = "PostgreSQL is not installed (initdb, pg_ctl): `apt-get install postgresql`";

/// A running server. Dropping it stops it and removes its data.
pub(crate) struct PgServer {
    bin: PathBuf,
    directory: PathBuf,
    watchdog: Child,
    databases: AtomicU32,
}

/// Starts a server of the test's own, to be killed and restarted. Prefer [`shared`] otherwise.
///
/// `None`, and a line on stderr, when PostgreSQL is not installed; a panic then under `CI=true`.
pub(crate) fn start() -> Option<PgServer> {
    let Some(bin) = find_bin() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{INSTALL}");
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("SKIPPED: {INSTALL}");
        }
        return None;
    };
    let made = as_server_user("mktemp")
        .args(["-d", "/tmp/fluxa-pg-XXXXXXXX"])
        .output()
        .unwrap();
    let directory = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim());
    assert!(directory.is_dir(), "mktemp made no directory");
    // In order: ignore the terminal's Ctrl-C, wait for the end of the tests, clean up.
    let script =
        r#"trap '' INT TERM HUP; read _; "$1/pg_ctl" -D "$2/data" -m immediate stop; rm -rf "$2""#;
    let watchdog = as_server_user("sh")
        .args(["-c", script, "watchdog"])
        .args([&bin, &directory])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = PgServer {
        bin,
        directory,
        watchdog,
        databases: AtomicU32::new(0),
    };
    server.initdb();
    server.start_again();
    Some(server)
}

/// Returns the server that all tests of this binary share, each with a [`PgServer::database`].
pub(crate) fn shared() -> Option<&'static PgServer> {
    static SHARED: OnceLock<Option<PgServer>> = OnceLock::new();
    SHARED.get_or_init(start).as_ref()
}

impl PgServer {
    /// Stops the server as a crash does, without farewell to its clients. What was committed stays.
    pub(crate) fn kill(&self) {
        run(self.pg_ctl().args(["-m", "immediate", "stop"]));
    }

    /// Starts it after [`PgServer::kill`], and returns when it takes connections.
    pub(crate) fn start_again(&self) {
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off \
             -c max_connections=200 -c timezone=Asia/Kathmandu",
            self.directory.display()
        );
        run(self
            .pg_ctl()
            .args(["-w", "-t", "60", "-o", &options, "start"]));
    }

    /// Kills it and starts it again, where it was.
    pub(crate) fn restart(&self) {
        self.kill();
        self.start_again();
    }

    /// Makes a new, empty database and returns how to connect to it.
    pub(crate) async fn database(&self) -> tokio_postgres::Config {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let (client, connection) = self.config("postgres").connect(NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
        self.config(&name)
    }

    fn config(&self, database: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config
            .host_path(&self.directory)
            .user("fluxa")
            .dbname(database);
        config
    }

    fn initdb(&self) {
        run(as_server_user(self.bin.join("initdb"))
            .args(["--no-sync", "-A", "trust", "-U", "fluxa", "-E", "UTF8"])
            .args(["--locale=C", "-D"])
            .arg(self.directory.join("data")));
    }

    fn pg_ctl(&self) -> Command {
        let mut command = as_server_user(self.bin.join("pg_ctl"));
        command.arg("-D").arg(self.directory.join("data"));
        command.arg("-l").arg(self.directory.join("log"));
        command
    }
}

impl Drop for PgServer {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// Returns a pool over a database, of as many connections at most.
pub(crate) fn pool(config: &tokio_postgres::Config, size: usize) -> Pool {
    Pool::builder(Manager::new(config.clone(), NoTls))
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .build()
        .unwrap()
}

fn find_bin() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).collect::<Vec<_>>();
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut versions: Vec<PathBuf> = installed
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    versions.sort();
    let has_all = |bin: &Path| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file();
    in_path
        .into_iter()
        .chain(versions.into_iter().rev())
        .find(|bin| has_all(bin))
}

/// PostgreSQL refuses to run as root: as `postgres` then, whom its package makes.
fn as_server_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    let mut command = if id.stdout.trim_ascii() == b"0" {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        command.arg("--").arg(program.as_ref());
        command
    } else {
        Command::new(program.as_ref())
    };
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) {
    // pg_ctl leaves the server behind, which must not hold on to a pipe of ours: so, null.
    let status = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{command:?} failed: {status}");
}
