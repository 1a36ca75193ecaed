//! Owns the in-process server for tests: its own port, its own state, stopped when dropped. What can be
//! done to it is `Account`'s: a server is the handle of its primary account, and of the others' door.

mod account;
mod cards;
mod clock;
mod events;
mod faults;
mod requests;
mod state;

pub use account::Account;
pub use faults::FaultHandle;

use crate::config::{Config, RateLimit};
use crate::domain::api_key::well_known;
use crate::domain::error::{DomainError, Kind};
use crate::server;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A sandbox server in this process. Clock, faults, events, state and requests seen are those of its
/// primary account: the methods are [`Account`]'s.
///
/// ```
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// let server = fluxa_mock::MockServer::start().await?;
/// assert!(server.base_url().ends_with("/v1"));
/// server.shutdown().await;
/// # std::io::Result::Ok(()) }).expect("it starts");
/// ```
#[derive(Debug)]
pub struct MockServer {
    primary: Account,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
}

impl Deref for MockServer {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.primary
    }
}

impl MockServer {
    /// Starts a server on a free port of 127.0.0.1, in memory, with the clock frozen and no rate
    /// limit: time moves when the test says so.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A server to be configured first.
    #[must_use]
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder {
            config: Config {
                first_pace: 0.0,
                ..Config::new().rate_limit(None)
            },
        }
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.primary.sandbox.address
    }

    /// The well-known secret key; that of the server itself when it is exposed.
    #[must_use]
    pub fn secret_key(&self) -> String {
        match &self.sandbox.config.exposed {
            Some(own) => own.as_str().to_owned(),
            None => well_known("secret"),
        }
    }

    /// The well-known restricted key, which reads only.
    #[must_use]
    pub fn restricted_key(&self) -> String {
        well_known("restricted")
    }

    /// The well-known publishable key.
    #[must_use]
    pub fn publishable_key(&self) -> String {
        well_known("publishable")
    }

    /// Stops the server and waits until its database is closed.
    pub async fn shutdown(mut self) {
        if let Some(stop) = self.stop.take() {
            // An error means that it has stopped already.
            stop.send(()).ok();
        }
        if let Some(running) = self.running.take()
            && let Err(error) = running.await
        {
            tracing::error!(%error, "the server ended badly");
        }
    }
}

/// The error as a test sees it.
fn to_io(error: DomainError) -> io::Error {
    match error.kind {
        Kind::Invalid => io::Error::new(io::ErrorKind::InvalidInput, error),
        Kind::NotFound => io::Error::new(io::ErrorKind::NotFound, error),
        _ => io::Error::other(error),
    }
}

/// Configures a [`MockServer`].
#[derive(Clone, Debug)]
pub struct MockServerBuilder {
    config: Config,
}

impl MockServerBuilder {
    /// Keeps the state in this file.
    #[must_use]
    pub fn db(self, path: impl Into<PathBuf>) -> Self {
        Self {
            config: self.config.db(path),
        }
    }

    /// Virtual seconds in a real second; frozen (0) by default here, unless the file has a clock
    /// already.
    #[must_use]
    pub fn pace(self, pace: f64) -> Self {
        Self {
            config: self.config.pace(pace),
        }
    }

    /// The rate limit of each key; off by default here.
    #[must_use]
    pub fn rate_limit(self, limit: impl Into<Option<RateLimit>>) -> Self {
        Self {
            config: self.config.rate_limit(limit),
        }
    }

    /// The same ids on every run.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self {
            config: self.config.seed(seed),
        }
    }

    /// Changes any part of the configuration.
    #[must_use]
    pub fn configure(self, change: impl FnOnce(Config) -> Config) -> Self {
        Self {
            config: change(self.config),
        }
    }

    /// Starts the server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be bound, or the database cannot be opened.
    pub async fn start(self) -> io::Result<MockServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let accounts = server::open(&listener, self.config).await?;
        let (stop, stopped) = oneshot::channel();
        let serving = server::run(listener, Arc::clone(&accounts), async move {
            // Dropping the handle stops the server too.
            drop(stopped.await);
        });
        Ok(MockServer {
            primary: Account {
                sandbox: Arc::clone(accounts.primary()),
                accounts,
            },
            stop: Some(stop),
            running: Some(tokio::spawn(serving)),
        })
    }
}
