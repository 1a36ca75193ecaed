//! What the tests share: running the binary, a mock of one's own, a merchant's endpoint.

pub(crate) mod endpoint;
pub(crate) mod scripted;
pub(crate) mod victim;
pub(crate) mod writer;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Everything a test waits for comes long before this.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// How long to wait before looking at a condition again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// The mock's well-known key.
pub(crate) const KEY: &str = "sk_test_mock0000000000000000000000000000";

/// A home of one's own.
pub(crate) struct Home {
    directory: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The binary with nothing of this process's environment but what a system needs.
    pub(crate) fn fluxa(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fluxa"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.directory.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end. Fails the test when that takes too long.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.fluxa(arguments))
    }
}

/// What a finished command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(mut command: Command) -> Self {
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self::finish(child)
    }

    /// Waits for a child that was started elsewhere.
    pub(crate) fn finish(child: Child) -> Self {
        let id = child.id();
        let (sender, finished) = mpsc::channel();
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        match finished.recv_timeout(DEADLINE) {
            Ok(output) => Self::from(output.unwrap()),
            Err(_) => {
                signal(id, "KILL");
                let output = finished.recv().unwrap().unwrap();
                panic!("it did not end in time: {:?}", Self::from(output));
            }
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// stdout as NDJSON; anything else on it fails the test.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        json_lines(&self.stdout)
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Starts a command with this, and a line's end, on its stdin.
pub(crate) fn pipe_into(mut command: Command, text: &str) -> Child {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that fails early does not read it.
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(format!("{text}\n").as_bytes());
    child
}

/// Runs a command with this on its stdin.
pub(crate) fn piped(command: Command, text: &str) -> Run {
    Run::finish(pipe_into(command, text))
}

#[track_caller]
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}")))
        .collect()
}

/// Sends a signal by its name.
pub(crate) fn signal(process: u32, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// The signals by which people and systems end a program. SIGHUP is none where these tests themselves are
/// to outlive their terminal (`nohup`): what they start inherits that, and heeds it.
pub(crate) fn ends() -> Vec<&'static str> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let mut ends = vec!["INT", "TERM"];
    if ignored.is_some_and(|mask| mask & 1 == 0) {
        ends.push("HUP");
    }
    ends
}

/// Looks at a condition every few milliseconds until it gives something.
///
/// Polled, since most conditions are of another process: a file, an exit, what an endpoint got.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what}: not in time");
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Waits until a file that is announced has come, and returns its text without its line's end.
#[track_caller]
pub(crate) fn ready_file(path: &Path) -> String {
    eventually(&format!("{}", path.display()), || {
        std::fs::read_to_string(path).ok()
    })
    .trim()
    .to_owned()
}

/// A `fluxa mock` of the test's own, killed with it.
pub(crate) struct Mock {
    child: Child,
    pub(crate) base_url: String,
}

/// The file that a mock writes its exchanges to, in the directory that FLUXA_E2E_RECORD names, for
/// tests/conformance/validate_record.py; none when it names none.
fn recording() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let directory = PathBuf::from(std::env::var_os("FLUXA_E2E_RECORD")?);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let file = directory.join(format!("{}-{number}.ndjson", std::process::id()));
    Some(file.to_str().unwrap().to_owned())
}

impl Mock {
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::start_at(home, "127.0.0.1:0", arguments)
    }

    pub(crate) fn start_at(home: &Home, address: &str, arguments: &[&str]) -> Self {
        let ready = home.path("mock-ready");
        let _ = std::fs::remove_file(&ready);
        let mut all = vec![
            "mock",
            "--addr",
            address,
            "--ready-file",
            ready.to_str().unwrap(),
        ];
        all.extend(arguments);
        let record = recording().filter(|_| !arguments.contains(&"--record"));
        if let Some(file) = &record {
            all.extend(["--record", file.as_str()]);
        }
        let mut child = home
            .fluxa(&all)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let base_url = eventually("the mock's ready file", || {
            if let Some(status) = child.try_wait().unwrap() {
                let stderr = std::io::read_to_string(child.stderr.take().unwrap());
                panic!("the mock ended: {status}: {stderr:?}");
            }
            std::fs::read_to_string(&ready).ok()
        });
        Self {
            child,
            base_url: base_url.trim().to_owned(),
        }
    }

    /// The address alone, to start another mock at it.
    pub(crate) fn address(&self) -> String {
        self.base_url
            .trim_start_matches("http://")
            .trim_end_matches("/v1")
            .to_owned()
    }

    /// A command of the binary that talks to this mock.
    pub(crate) fn fluxa(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = home.fluxa(arguments);
        command
            .env("FLUXA_API_BASE", &self.base_url)
            .env("FLUXA_SECRET_KEY", KEY);
        command
    }

    pub(crate) fn run(&self, home: &Home, arguments: &[&str]) -> Run {
        Run::of(self.fluxa(home, arguments))
    }

    /// kill −9, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Its exit code, and all that it said on stderr.
    pub(crate) fn end(mut self) -> (i32, String) {
        let stderr = std::io::read_to_string(self.child.stderr.take().unwrap()).unwrap();
        (self.wait(), stderr)
    }

    pub(crate) fn wait(mut self) -> i32 {
        eventually("the mock's end", || self.child.try_wait().unwrap())
            .code()
            .unwrap_or(-1)
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks something of the API that the binary has no command for.
pub(crate) fn call(mock: &Mock, method: &str, path: &str, body: Value) -> Value {
    ask(&mock.base_url, method, path, body)
}

/// Asks something of the mock itself: a path below `/_mock`. Without a body it is a GET.
pub(crate) fn mock_control(mock: &Mock, path: &str, body: Value) -> Value {
    let method = if body.is_null() { "GET" } else { "POST" };
    let base_url = mock.base_url.replace("/v1", "/_mock");
    ask(&base_url, method, path, body)
}

fn ask(base_url: &str, method: &str, path: &str, body: Value) -> Value {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = fluxa_sdk::Client::builder(KEY)
            .base_url(base_url)
            .build()
            .unwrap();
        let mut call = client.raw(method, path);
        if !body.is_null() {
            call = call.json(body);
        }
        call.await.unwrap().into_inner()
    })
}

/// Asks the server; `None` when the server goes away meanwhile.
pub(crate) fn control(address: &str, method: &str, path: &str, body: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .ok()?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
    serde_json::from_str(body).ok()
}

/// A command that runs on while its lines are read.
pub(crate) struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    stderr: Option<std::thread::JoinHandle<String>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let stderr =
            std::thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default());
        Self {
            child,
            lines,
            stderr: Some(stderr),
        }
    }

    /// The next line of stdout, as JSON, that has this type.
    #[track_caller]
    pub(crate) fn next_of_type(&mut self, wanted: &str) -> Value {
        loop {
            let value = self.next_line();
            if value["type"] == wanted {
                return value;
            }
        }
    }

    /// The next line of stdout, as JSON.
    #[track_caller]
    pub(crate) fn next_line(&mut self) -> Value {
        let Ok(line) = self.lines.recv_timeout(DEADLINE) else {
            let _ = self.child.kill();
            let stderr = self.stderr.take().map(|stderr| stderr.join());
            panic!("no line came; stderr: {stderr:?}");
        };
        serde_json::from_str(&line).unwrap()
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end; returns what was not read yet.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Run {
        let status = eventually("the command's end", || self.child.try_wait().unwrap());
        let stdout: Vec<String> = self.lines.iter().collect();
        let stderr = self.stderr.take().unwrap().join().unwrap();
        Run {
            code: status.code().unwrap_or(-1),
            stdout: stdout.join("\n"),
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
