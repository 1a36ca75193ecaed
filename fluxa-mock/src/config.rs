//! Owns the configuration of a sandbox server.

use crate::domain::seed::SeedPlan;
use crate::exposure::ControlKey;
pub use crate::http::RateLimit;
use crate::observe::{RequestHook, RequestLine};
use fluxa_sdk::contract;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Where `fluxa mock` listens unless told otherwise.
pub const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 4010);

/// How a sandbox server behaves. The default is Fluxa's own sandbox: in memory, at real pace, with
/// the rate limit on, on loopback only.
///
/// ```
/// let config = fluxa_mock::Config::new().pace(60.0).rate_limit(None);
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) db: Option<PathBuf>,
    pub(crate) seed: Option<u64>,
    pub(crate) seed_data: Option<SeedPlan>,
    /// As asked for; `None` = whatever the file says, else `first_pace`.
    pub(crate) pace: Option<f64>,
    pub(crate) first_pace: f64,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) auto_accounts: bool,
    pub(crate) max_accounts: usize,
    pub(crate) requests_seen: usize,
    pub(crate) record: Option<PathBuf>,
    pub(crate) on_request: Option<RequestHook>,
    pub(crate) ping_interval: Duration,
    pub(crate) allowed_webhook_hosts: Vec<String>,
    /// What protects a server that other machines reach.
    pub(crate) exposed: Option<ControlKey>,
    pub(crate) own_hosts: Vec<String>,
    pub(crate) body_cap: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) delivery_timeout: Duration,
    pub(crate) idempotency_wait: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            db: None,
            seed: None,
            seed_data: None,
            pace: None,
            first_pace: 1.0,
            rate_limit: Some(RateLimit::default()),
            auto_accounts: false,
            max_accounts: 1_000,
            requests_seen: 1_000,
            record: None,
            on_request: None,
            ping_interval: Duration::from_secs(15),
            allowed_webhook_hosts: Vec::new(),
            exposed: None,
            own_hosts: Vec::new(),
            body_cap: contract::REQUEST_BODY_MAX_BYTES,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            delivery_timeout: contract::WEBHOOK_TIMEOUT,
            idempotency_wait: Duration::from_secs(10),
        }
    }
}

impl Config {
    /// The default configuration.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the state in this file, durably. In memory by default.
    #[must_use]
    pub fn db(mut self, path: impl Into<PathBuf>) -> Self {
        self.db = Some(path.into());
        self
    }

    /// Makes the ids of a new sandbox the same on every run. Random by default. Secrets stay random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Fills the sandbox with a made-up merchant's past when it starts; one that holds data already is
    /// refused. Empty by default.
    #[must_use]
    pub fn seed_data(mut self, plan: SeedPlan) -> Self {
        self.seed_data = Some(plan);
        self
    }

    /// Virtual seconds in one real second: 1 by default, 0 = frozen until advanced, else from
    /// 0.001 to 100 000; any other is refused at the start. Without it, a
    /// file that has a clock already keeps its pace.
    #[must_use]
    pub fn pace(mut self, pace: f64) -> Self {
        self.pace = Some(pace);
        self
    }

    /// The rate limit of each key; `None` = off.
    #[must_use]
    pub fn rate_limit(mut self, limit: impl Into<Option<RateLimit>>) -> Self {
        self.rate_limit = limit.into();
        self
    }

    /// Lets any well-formed unknown key, `sk_test_` and 32 letters or digits, open an empty account of its
    /// own, with its own state and clock: parallel tests in any language do not see each other. Off by
    /// default: an unknown key is refused. With [`Config::db`] each has a file in `FILE.accounts/`.
    #[must_use]
    pub fn auto_accounts(mut self, on: bool) -> Self {
        self.auto_accounts = on;
        self
    }

    /// How many accounts keys may open, the primary one not counted. 1 000 by default.
    #[must_use]
    pub fn max_accounts(mut self, most: usize) -> Self {
        self.max_accounts = most;
        self
    }

    /// How many requests each account remembers for assertions in tests; 0 = none. 1 000 by default.
    #[must_use]
    pub fn requests_seen(mut self, most: usize) -> Self {
        self.requests_seen = most;
        self
    }

    /// Appends each exchange with `/v1` to this file, one JSON object a line, without keys, secrets and
    /// card data. The line is there before the answer is.
    #[must_use]
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.record = Some(path.into());
        self
    }

    /// Calls `hook` for each request, to show it. It runs while the request is served and must not wait.
    #[must_use]
    pub fn on_request(mut self, hook: impl Fn(&RequestLine) + Send + Sync + 'static) -> Self {
        self.on_request = Some(RequestHook::new(hook));
        self
    }

    /// How often an event stream sends a comment. 15 seconds by default.
    #[must_use]
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.ping_interval = interval;
        self
    }

    /// Lets webhooks go to this host too, whatever it resolves to. Loopback only by default.
    #[must_use]
    pub fn allow_webhook_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_webhook_hosts.push(host.into());
        self
    }

    /// Accepts a listener that other machines reach, which is refused by default. The well-known keys open
    /// nothing then: this key stands in for the secret one, and all of `/_mock/*` asks for it. Does not go
    /// with [`Config::auto_accounts`]: anybody has a key that nobody knows.
    #[must_use]
    pub fn expose(mut self, key: ControlKey) -> Self {
        self.exposed = Some(key);
        self
    }

    /// The key that an exposed server has.
    #[must_use]
    pub fn control_key(&self) -> Option<&ControlKey> {
        self.exposed.as_ref()
    }

    /// Answers to this name too, at any port unless it says one (`mock.internal:8080`): of an exposed server.
    /// Without it, other machines name it by its address. The first one is what its URLs say.
    #[must_use]
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.own_hosts.push(host.into());
        self
    }

    /// Largest request body, in bytes. 1 MiB by default.
    #[must_use]
    pub fn body_cap(mut self, bytes: usize) -> Self {
        self.body_cap = bytes;
        self
    }

    /// How long a client may take to send its header, idle time between requests included. 30 seconds
    /// by default.
    #[must_use]
    pub fn header_timeout(mut self, limit: Duration) -> Self {
        self.header_timeout = limit;
        self
    }

    /// How long a client may take to send its body. 30 seconds by default.
    #[must_use]
    pub fn body_timeout(mut self, limit: Duration) -> Self {
        self.body_timeout = limit;
        self
    }

    /// How long a client may take to read some of an answer. 30 seconds by default.
    #[must_use]
    pub fn write_timeout(mut self, limit: Duration) -> Self {
        self.write_timeout = limit;
        self
    }

    /// How long a webhook endpoint may take to answer, in real time. 30 seconds by default.
    #[must_use]
    pub fn delivery_timeout(mut self, limit: Duration) -> Self {
        self.delivery_timeout = limit;
        self
    }

    /// How long a request waits for another with its idempotency key. 10 seconds by default.
    #[must_use]
    pub fn idempotency_wait(mut self, limit: Duration) -> Self {
        self.idempotency_wait = limit;
        self
    }
}
