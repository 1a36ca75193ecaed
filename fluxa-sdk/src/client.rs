//! The client: one key, one base URL, one pool of connections, one allowance of retries.
//!
//! Owns configuration and the only reads of the environment. Requests are `request`'s and
//! `transport`'s.

mod builder;
mod tls;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;
use serde_json::Value;
use tokio::time::Instant;

pub use builder::ClientBuilder;
pub(crate) use builder::{is_loopback, read_env};

use crate::context::Limits;
use crate::error::Error;
use crate::raw::{self, RawParams};
use crate::request::Call;
use crate::retry::Quota;
use crate::secret::{ApiKey, Mode};

/// A client of the Fluxa API. Cheap to clone; clones share connections and retry allowance.
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
    base_url: String,
    http: reqwest::Client,
    limits: Limits,
    headers: SharedHeaders,
    quota: Mutex<Quota>,
    created_at: Instant,
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
        &self.0.base_url
    }

    /// Returns the call of any operation by method and path, such as `("GET", "/payments")`.
    ///
    /// It has the idempotency, retries and errors of typed calls, and JSON for a value: the way
    /// out for what this SDK does not know yet. A faulty method or path is reported when the call
    /// is awaited.
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
        raw::call(self, method, path)
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

    /// Takes a retry's cost out of the allowance, or returns `false` when it does not suffice.
    pub(crate) fn take_quota(&self, cost: u32) -> bool {
        self.quota().take(cost, self.0.created_at.elapsed())
    }

    /// Gives back what a success's retries had cost.
    pub(crate) fn refund_quota(&self, spent: u32) {
        self.quota().succeed(spent);
    }

    fn quota(&self) -> MutexGuard<'_, Quota> {
        self.0.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("key", &self.0.key)
            .field("base_url", &self.0.base_url)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}
