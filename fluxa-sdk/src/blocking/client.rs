//! The blocking client: an async one and the thread that drives it.

use std::fmt;

use serde_json::Value;

use super::Blocking;
use crate::client::{Client as AsyncClient, ClientBuilder};
use crate::error::Error;
use crate::raw::{self, RawParams};
use crate::request::Call;
use crate::secret::Mode;

/// A client of the Fluxa API whose calls wait. Cheap to clone; clones share connections, retry
/// allowance and one thread.
///
/// ```
/// # fn main() -> Result<(), fluxa_sdk::Error> {
/// let fluxa = fluxa_sdk::Client::builder("sk_test_mock0000000000000000000000000000")
///     .base_url("http://127.0.0.1:4010/v1")
///     .build_blocking()?;
/// # let _ = fluxa; Ok(())
/// # }
/// ```
///
/// There is no way to make one from an async client: its connections are driven by that client's
/// runtime, and waiting on that runtime's own thread for one of them would be for ever.
#[derive(Clone)]
pub struct Client {
    client: AsyncClient,
    mode: Blocking,
}

impl Client {
    /// Returns a client for the live base URL; the key's prefix picks live or sandbox.
    ///
    /// # Errors
    /// [`Error::Config`] when the key is not a server's, no trusted roots are found, or no thread
    /// can be started.
    pub fn new(key: impl Into<String>) -> Result<Self, Error> {
        Self::builder(key).build_blocking()
    }

    /// Returns a client from the environment: see [`Client::from_env`](crate::Client::from_env).
    ///
    /// # Errors
    /// [`Error::Config`] naming the variable that is missing or not valid.
    pub fn from_env() -> Result<Self, Error> {
        ClientBuilder::from_env()?.build_blocking()
    }

    /// Returns a builder, for everything beyond a key; end it with
    /// [`build_blocking`](ClientBuilder::build_blocking).
    pub fn builder(key: impl Into<String>) -> ClientBuilder {
        AsyncClient::builder(key)
    }

    /// Returns whether this client acts on real money.
    pub fn mode(&self) -> Mode {
        self.client.mode()
    }

    /// Returns the base URL, without a slash at its end.
    pub fn base_url(&self) -> &str {
        self.client.base_url()
    }

    /// Returns the call of any operation by method and path: see
    /// [`Client::raw`](crate::Client::raw).
    ///
    /// ```no_run
    /// # fn example(fluxa: fluxa_sdk::blocking::Client) -> Result<(), fluxa_sdk::Error> {
    /// let refund = fluxa
    ///     .raw("POST", "/refunds")
    ///     .json(serde_json::json!({"payment": "pay_7f3a1b2c4d5e6f70"}))
    ///     .send()?;
    /// println!("{}", refund["id"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self, method: &str, path: &str) -> Call<Value, RawParams, Blocking> {
        raw::call(&self.client, self.mode.clone(), method, path)
    }

    /// Returns what a resource's accessors are made of.
    pub(crate) fn parts(&self) -> (AsyncClient, Blocking) {
        (self.client.clone(), self.mode.clone())
    }
}

impl ClientBuilder {
    /// Returns the client whose calls wait. Nothing is sent; its thread is started.
    ///
    /// # Errors
    /// [`Error::Config`] as of [`build`](ClientBuilder::build), or when no thread can be started.
    pub fn build_blocking(self) -> Result<Client, Error> {
        Ok(Client {
            client: self.build()?,
            mode: Blocking::start()?,
        })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("blocking::Client")
            .field(&self.client)
            .finish()
    }
}
