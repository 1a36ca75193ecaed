//! Real Redis servers for tests: started from the installed binary, each with its own directory and
//! socket, gone with the process of the tests however that ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use fluxa_sdk::webhooks::inbox::{RedisStore, RedisStoreBuilder};

const READY_WITHIN: Duration = Duration::from_secs(20);

/// A Redis on a socket in a directory of its own, that appends to disk.
pub(crate) struct RedisServer {
    directory: PathBuf,
    running: Option<Running>,
}

struct Running {
    watchdog: Child,
    /// While this is open, the server runs.
    alive: Option<ChildStdin>,
    pid: u32,
}

/// The server that tests share, each in its own namespace. `None` where Redis is not installed.
pub(crate) fn shared() -> Option<&'static RedisServer> {
    static SHARED: OnceLock<Option<RedisServer>> = OnceLock::new();
    SHARED.get_or_init(RedisServer::start).as_ref()
}

/// A name no other test has.
pub(crate) fn namespace() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

impl RedisServer {
    /// A server of the test's own, to be stopped and restarted. `None` where Redis is not installed.
    pub(crate) fn start() -> Option<Self> {
        if !installed() {
            let missing = "redis-server is not installed: apt-get install redis-server";
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            // Straight to the terminal: what a passing test prints is not shown.
            let skipped = format!("SKIPPED, {missing}\n");
            std::io::stderr().write_all(skipped.as_bytes()).unwrap();
            return None;
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let base = std::env::temp_dir();
        remove_what_the_dead_left(&base);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = base.join(format!("fluxa-redis-{}-{count}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let mut server = Self {
            directory,
            running: None,
        };
        server.run();
        Some(server)
    }

    /// Starts it again after [`kill`](Self::kill), with what it had on disk.
    pub(crate) fn run(&mut self) {
        assert!(self.running.is_none(), "it runs");
        // The shell outlives nobody: when the tests' process ends, however it does, the pipe closes
        // and the server is killed. `setpriv --pdeathsig` would end it with the *thread* that
        // started it, that is with one test.
        let mut watchdog = Command::new("sh")
            .arg("-c")
            .arg(
                r#"redis-server "$@" >/dev/null 2>&1 & server=$!
                echo $server; cat; kill -9 $server; wait $server 2>/dev/null"#,
            )
            .args(["sh", "--port", "0", "--save", "", "--appendonly", "yes"])
            // With `everysec` even a crash of the process loses what waits for an fsync under way:
            // rarely, and on a busy machine.
            .args(["--appendfsync", "always"])
            .args(["--dir", self.directory.to_str().unwrap()])
            .args(["--unixsocket", self.socket().to_str().unwrap()])
            .args(["--logfile", self.directory.join("log").to_str().unwrap()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let alive = watchdog.stdin.take();
        let mut line = String::new();
        BufReader::new(watchdog.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        self.running = Some(Running {
            watchdog,
            alive,
            pid: line.trim().parse().unwrap(),
        });
        self.wait_until_ready();
    }

    /// Kills it as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.alive.take());
            running.watchdog.wait().unwrap();
        }
    }

    /// Sends it a signal: `STOP` and `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.running.as_ref().unwrap().pid.to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    pub(crate) fn builder(&self) -> RedisStoreBuilder {
        RedisStore::builder().namespace(namespace()).unwrap()
    }

    /// A store in a namespace of its own.
    pub(crate) async fn store(&self) -> RedisStore {
        self.builder().connect(&self.url()).await.unwrap()
    }

    /// A connection beside the store's, to look at the records and to spoil them.
    pub(crate) async fn connection(&self) -> ::redis::aio::MultiplexedConnection {
        let client = ::redis::Client::open(self.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// Where what a test leaves on disk is removed with the server.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    fn wait_until_ready(&self) {
        let started = Instant::now();
        while !answers(&self.socket()) {
            if started.elapsed() > READY_WITHIN {
                let log = std::fs::read_to_string(self.directory.join("log"));
                panic!("redis-server did not start:\n{}", log.unwrap_or_default());
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        // What is left is removed by the next run.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn installed() -> bool {
    let version = Command::new("redis-server")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

/// Whether it is there and has read its file.
fn answers(socket: &Path) -> bool {
    let pong = || -> std::io::Result<[u8; 5]> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    pong().is_ok_and(|answer| &answer == b"+PONG")
}

/// The shared server's directory stays when the process ends, and a killed process cleans nothing.
fn remove_what_the_dead_left(base: &Path) {
    for entry in std::fs::read_dir(base).unwrap().flatten() {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix("fluxa-redis-")?.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
