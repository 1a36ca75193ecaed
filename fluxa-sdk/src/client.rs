//! The client: one key, one base URL, one pool of connections.
//!
//! Owns configuration and the only reads of the environment. Requests are `request`'s and
//! `transport`'s.

mod allowance;
mod base_url;
mod builder;
mod tls;

use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use serde_json::Value;

pub(crate) use allowance::{Allowance, Taken};
pub(crate) use base_url::{BaseUrl, is_loopback};
pub use builder::ClientBuilder;

pub(crate) use builder::read_env;

use crate::context::Limits;
use crate::error::Error;
use crate::observe::Observers;
use crate::pacing::Pacer;
use crate::raw::{self, RawParams};
use crate::request::{Async, Call};
use crate::secret::{ApiKey, Mode};
use crate::testing::Script;

/// A client of the Fluxa API. Cheap to clone; clones share connections.
///
/// Its calls are awaited on a tokio runtime with time and I/O enabled, as `#[tokio::main]` and
/// `enable_all` make it. Without a runtime a call is refused ([`Error::Config`]); a runtime built
/// without either of them panics, which is tokio's and cannot be seen beforehand. The `blocking`
/// client needs none.
///
/// The allowance of retries is shared by all clients of the process to one origin, unless
/// [`ClientBuilder::own_retry_quota`] says otherwise; pacing by all with one key to one origin.
///
/// ```
/// # fn main() -> Result<(), fluxa_sdk::Error> {
/// let fluxa = fluxa_sdk::Client::builder("sk_test_mock0000000000000000000000000000")
///     .base_url("http://127.0.0.1:4010/v1")
///     .build()?;
/// # let _ = fluxa; Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    key: ApiKey,
    base_url: BaseUrl,
    http: reqwest::Client,
    limits: Limits,
    headers: SharedHeaders,
    allowance: Arc<Allowance>,
    pacer: Option<Arc<Pacer>>,
    observers: Observers,
    script: Option<Script>,
}

/// The headers every request carries.
pub(crate) struct SharedHeaders {
    pub(crate) authorization: HeaderValue,
    pub(crate) api_version: HeaderValue,
    pub(crate) user_agent: HeaderValue,
}

impl Client {
    /// Returns a client for the live base URL; the key's prefix picks live or sandbox.
    ///
    /// # Errors
    /// [`Error::Config`] when the key is not a server's, or no trusted roots are found.
    pub fn new(key: impl Into<String>) -> Result<Self, Error> {
        Self::builder(key).build()
    }

    /// Returns a client from `FLUXA_SECRET_KEY` and, when set, `FLUXA_API_BASE`.
    ///
    /// A proxy from the environment (`HTTPS_PROXY` and its kin) is used too, except for loopback.
    ///
    /// # Errors
    /// [`Error::Config`] naming the variable that is missing or not valid.
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build()
    }

    /// Returns a builder, for everything beyond a key.
    pub fn builder(key: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(key)
    }

    /// Returns whether this client acts on real money.
    pub fn mode(&self) -> Mode {
        self.0.key.mode()
    }

    /// Returns the base URL, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.0.base_url.text
    }

    /// Returns the call of any operation by method and path, such as `("GET", "/payments")`.
    ///
    /// It has the idempotency, retries and errors of typed calls, and JSON for a value, or what
    /// [`text`](Call::text) and [`bytes`](Call::bytes) ask for: the way out for what this SDK does
    /// not know yet. A faulty method or path is reported when the call
    /// is sent.
    ///
    /// ```no_run
    /// # async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {
    /// let refund = fluxa
    ///     .raw("POST", "/refunds")
    ///     .json(serde_json::json!({"payment": "pay_7f3a1b2c4d5e6f70"}))
    ///     .await?;
    /// println!("{} {:?}", refund["id"], refund.request_id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self, method: &str, path: &str) -> Call<Value, RawParams> {
        raw::call(self, Async, method, path)
    }

    pub(crate) fn http(&self) -> reqwest::Client {
        self.0.http.clone()
    }

    pub(crate) fn key(&self) -> &ApiKey {
        &self.0.key
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.limits
    }

    pub(crate) fn shared_headers(&self) -> &SharedHeaders {
        &self.0.headers
    }

    /// Returns the base URL in its parts.
    pub(crate) fn address(&self) -> &BaseUrl {
        &self.0.base_url
    }

    /// Returns the allowance of retries.
    pub(crate) fn allowance(&self) -> &Arc<Allowance> {
        &self.0.allowance
    }

    /// Returns who makes requests wait for the rate limit, if someone does.
    pub(crate) fn pacer(&self) -> Option<&Arc<Pacer>> {
        self.0.pacer.as_ref()
    }

    pub(crate) fn observers(&self) -> &Observers {
        &self.0.observers
    }

    /// Returns what answers instead of the network, in tests of merchants.
    pub(crate) fn script(&self) -> Option<&Script> {
        self.0.script.as_ref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("key", &self.0.key)
            .field("base_url", &self.0.base_url.text)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}
