//! A `fluxa mock --db` that can be killed at a given write, and a plain client of it: it knows of each
//! request whether it was acknowledged.

use std::io::{BufRead, BufReader, Error, Read, Result, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{DEADLINE, Home, KEY, eventually};

/// The library that is preloaded, built in a directory of its own.
pub(crate) struct Shim {
    library: PathBuf,
    _directory: tempfile::TempDir,
}

impl Shim {
    /// Builds it. `None`, said loudly, where that cannot be done; a failure in CI.
    pub(crate) fn build() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let library = directory.path().join("writes.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/e2e/shim/writes.c");
        let built = Command::new("cc")
            .args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(source)
            .status();
        if cfg!(target_os = "linux") && built.is_ok_and(|status| status.success()) {
            return Some(Self {
                library,
                _directory: directory,
            });
        }
        let in_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
        assert!(!in_ci, "the crash tests need Linux and `cc`");
        // Not by a macro: those are heard of failed tests only.
        let _ = std::io::stderr().write_all(b"SKIPPED: the crash tests need Linux and `cc`\n");
        None
    }
}

impl Shim {
    /// Puts it into a command: these files are on a disk that is full.
    pub(crate) fn fill_up(&self, command: &mut Command, files: &Path) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FLUXA_SHIM_FILES", files)
            .env("FLUXA_SHIM_FULL", "1");
    }

    /// Puts it into a command: it kills at this write of the files whose path starts so.
    pub(crate) fn kill_at(&self, command: &mut Command, files: &Path, write: u32, tear: bool) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FLUXA_SHIM_FILES", files)
            .env("FLUXA_SHIM_KILL", write.to_string())
            .env("FLUXA_SHIM_TEAR", if tear { "1" } else { "0" });
    }
}

/// A sandbox on a file, with the library in it.
pub(crate) struct Victim {
    child: Child,
    address: String,
}

impl Victim {
    /// Starts one on `file`; `None` when it was killed before it was ready.
    pub(crate) fn start(
        home: &Home,
        shim: &Shim,
        file: &Path,
        settings: &[(&str, &str)],
    ) -> Option<Self> {
        let ready = home.path("ready");
        let _ = std::fs::remove_file(&ready);
        let mut command = home.fluxa(&["mock", "--addr", "127.0.0.1:0", "--rate-limit", "off"]);
        command
            .args(["--pace", "frozen", "--db"])
            .arg(file)
            .arg("--ready-file")
            .arg(&ready)
            .env("LD_PRELOAD", &shim.library)
            .env("FLUXA_SHIM_FILES", file)
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let base_url = eventually("the ready file, or the end", || {
            if let Some(status) = child.try_wait().unwrap() {
                let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
                assert_eq!(status.code(), None, "it ended by itself: {stderr}");
                return Some(None);
            }
            std::fs::read_to_string(&ready).ok().map(Some)
        })?;
        let address = base_url.trim().trim_start_matches("http://");
        Some(Self {
            child,
            address: address.trim_end_matches("/v1").to_owned(),
        })
    }

    /// A connection of its own.
    pub(crate) fn client(&self) -> Client {
        Client {
            address: self.address.clone(),
            host: self.address.clone(),
            connection: None,
        }
    }

    /// Kills it; returns whether it was dead already.
    pub(crate) fn kill(mut self) -> bool {
        let was_killed = self.child.try_wait().unwrap().is_some();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        was_killed
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer that came whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) replayed: bool,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A client without retries.
pub(crate) struct Client {
    address: String,
    /// The Host header.
    pub(crate) host: String,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// Asks; an error means that no whole answer came.
    pub(crate) fn ask(
        &mut self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &str,
    ) -> Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let stream = TcpStream::connect(&self.address)?;
                stream.set_read_timeout(Some(DEADLINE))?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let key = key.map_or(String::new(), |key| format!("Idempotency-Key: {key}\r\n"));
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {KEY}\r\n{key}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        connection.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        connection.read_line(&mut line)?;
        let status = line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| Error::other("no status"))?;
        let (mut replayed, mut length) = (false, 0);
        loop {
            line.clear();
            connection.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().map_err(Error::other)?,
                "x-fluxa-idempotent-replayed" => replayed = value.trim() == "true",
                _ => {}
            }
        }
        let mut body = vec![0; length];
        connection.read_exact(&mut body)?;
        self.connection = Some(connection);
        Ok(Answer {
            status,
            replayed,
            body: String::from_utf8(body).map_err(Error::other)?,
        })
    }

    /// The object at a path.
    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Value {
        self.ask("GET", path, None, "").unwrap().json()
    }

    /// All objects of a list, newest first.
    #[track_caller]
    pub(crate) fn list(&mut self, path: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("{path}?limit=100{after}"));
            all.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => after = format!("&after={cursor}"),
                None => return all,
            }
        }
    }
}
