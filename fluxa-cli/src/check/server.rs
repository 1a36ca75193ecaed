//! Owns the merchant's server: started for one scenario, with its environment, waited for, and ended
//! with everything that it started. Knows nothing of events.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::error::{CliError, Result, redact};
use crate::process::{Process, Signal};

/// The lines of its output that are kept.
const KEPT: usize = 40;

/// The longest part of a line that is kept.
const LONGEST: u64 = 2_000;

/// How long what it printed last may take to be read once it has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Between two looks whether it is ready.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// What a server has of its own: it is gone after the scenario.
pub(super) struct Ground {
    pub(super) port: u16,
    pub(super) directory: TempDir,
}

impl Ground {
    /// Finds a port that is free, and makes an empty directory.
    pub(super) async fn new() -> Result<Self> {
        // Bound and let go: nobody else is given it as long as others are free.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            port: listener.local_addr()?.port(),
            directory: tempfile::Builder::new().prefix("fluxa-check-").tempdir()?,
        })
    }
}

/// The last lines that it printed.
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Mutex<VecDeque<String>>>);

impl Output {
    pub(super) fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect()
    }

    async fn read(self, stream: impl AsyncRead + Unpin) {
        use tokio::io::AsyncReadExt;
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut part = (&mut reader).take(LONGEST);
            match part.read_until(b'\n', &mut line).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if lines.len() == KEPT {
                lines.pop_front();
            }
            lines.push_back(redact(text.trim_end_matches(['\n', '\r'])));
        }
    }
}

/// A server that runs.
pub(super) struct Server {
    process: Process,
    reading: JoinSet<()>,
}

impl Server {
    /// Starts it. What it prints goes to `output`.
    pub(super) fn start(
        words: &[String],
        directory: &Path,
        variables: &[(String, String)],
        output: &Output,
    ) -> Result<Self> {
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| CliError::usage("`command` names no program"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !directory.as_os_str().is_empty() {
            command.current_dir(directory);
        }
        let mut process = Process::in_own_group(&mut command).map_err(|error| {
            CliError::failure(format!("cannot start `{program}`: {error}"))
                .hint("`command` is a program and its arguments; a shell's line is [\"sh\", \"-c\", \"…\"]")
        })?;
        let mut reading = JoinSet::new();
        if let Some(stdout) = process.child().stdout.take() {
            reading.spawn(output.clone().read(stdout));
        }
        if let Some(stderr) = process.child().stderr.take() {
            reading.spawn(output.clone().read(stderr));
        }
        Ok(Self { process, reading })
    }

    /// Waits for its end, and says how it ended.
    pub(super) async fn ended(&mut self) -> String {
        how(self.process.ended().await)
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// Failure when it ends before, or takes too long.
    pub(super) async fn ready(
        &mut self,
        ready: &Readiness,
        within: Duration,
        http: &reqwest::Client,
    ) -> Result<()> {
        let is_ready = async {
            while !ready.look(http).await {
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        };
        tokio::select! {
            // Another server on its port would be taken for it, once it has ended for want of it.
            biased;
            ended = self.process.ended() => {
                let how = how(ended);
                Err(CliError::failure(format!("the server ended before it was ready: {how}")))
            }
            looked = tokio::time::timeout(within, is_ready) => looked.map_err(|_| {
                let within = crate::listen::report::short(within);
                CliError::failure(format!("the server was not ready within {within}: {ready}"))
                    .hint("`ready-within` gives it longer; `ready` says how to tell")
            }),
        }
    }

    /// Ends it and all that it started, gently at first.
    pub(super) async fn end(mut self) {
        self.process.end(Signal::Terminate).await;
        let all_read = async { while self.reading.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_WORDS, all_read).await;
    }
}

fn how(ended: std::io::Result<std::process::ExitStatus>) -> String {
    ended.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// How to tell that a server is ready.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It answers 2xx.
    Url(url::Url),
    /// It accepts connections.
    Port(String, u16),
    /// It is there, and not empty.
    File(std::path::PathBuf),
}

impl Readiness {
    /// Reads a URL, a port or `host:port`, or the path of a file.
    pub(super) fn parse(text: &str, directory: &Path) -> Result<Self> {
        if text.contains("://") {
            return super::step::local(text).map(Self::Url);
        }
        let (host, port) = text.rsplit_once(':').unwrap_or(("localhost", text));
        match port.parse::<u16>() {
            Ok(port) if !host.contains(['/', '\\']) => Ok(Self::Port(host.to_owned(), port)),
            _ => Ok(Self::File(directory.join(text))),
        }
    }

    async fn look(&self, http: &reqwest::Client) -> bool {
        match self {
            Self::Url(url) => {
                let asked = http.get(url.clone()).timeout(Duration::from_secs(2)).send();
                asked.await.is_ok_and(|answer| answer.status().is_success())
            }
            Self::Port(host, port) => TcpStream::connect((host.as_str(), *port)).await.is_ok(),
            Self::File(path) => std::fs::metadata(path).is_ok_and(|file| file.len() > 0),
        }
    }
}

impl std::fmt::Display for Readiness {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => write!(formatter, "{url} does not answer 2xx"),
            Self::Port(host, port) => write!(formatter, "nothing listens at {host}:{port}"),
            Self::File(path) => write!(formatter, "there is no {}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_a_url_a_port_or_a_file() {
        let directory = Path::new("/work");
        let parse = |text: &str| Readiness::parse(text, directory).unwrap();
        let url = "http://127.0.0.1:1/health".parse().unwrap();
        assert_eq!(parse("http://127.0.0.1:1/health"), Readiness::Url(url));
        assert_eq!(parse("80"), Readiness::Port("localhost".to_owned(), 80));
        assert_eq!(parse("::1:80"), Readiness::Port("::1".to_owned(), 80));
        for file in ["ready", "./80x", "99999", "a/b:80"] {
            assert_eq!(parse(file), Readiness::File(directory.join(file)));
        }
        assert!(Readiness::parse("http://example.com/health", directory).is_err());
    }
}
