//! Owns the faults of an account, as a test sets them.

use super::{Account, to_io};
use crate::faults::{Fault, Method};
use crate::sandbox::Sandbox;
use std::fmt;
use std::io;
use std::sync::Arc;

/// A fault in force. It stays so when this is dropped.
#[derive(Clone)]
pub struct FaultHandle {
    sandbox: Arc<Sandbox>,
    id: String,
}

impl fmt::Debug for FaultHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("FaultHandle")
            .field(&self.id)
            .finish()
    }
}

impl FaultHandle {
    /// How often it has hit; 0 after it was removed.
    #[must_use]
    pub fn hits(&self) -> u64 {
        let counts = self.sandbox.store.shared().faults.counts(&self.id);
        counts.map_or(0, |counts| counts.hits)
    }

    /// How often it may still hit; `None` = without end, 0 after it was removed.
    #[must_use]
    pub fn hits_left(&self) -> Option<u64> {
        let counts = self.sandbox.store.shared().faults.counts(&self.id);
        counts.map_or(Some(0), |counts| counts.left)
    }

    /// Ends it.
    pub fn remove(self) {
        self.sandbox.store.shared().faults.remove(&self.id);
    }
}

impl Account {
    /// Puts a fault in force: see [`Fault`].
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// use fluxa_mock::{Fault, Method, MockServer};
    /// let server = MockServer::start().await?;
    /// let slow = Fault::on(Method::Get, "/v1/payments*").delay(std::time::Duration::from_millis(50));
    /// let slow = server.fault(slow)?;
    /// assert_eq!(slow.hits(), 0);
    /// # std::io::Result::Ok(()) }).expect("it starts");
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for one that makes no sense; the message says what to do.
    pub fn fault(&self, fault: Fault) -> io::Result<FaultHandle> {
        let sandbox = Arc::clone(&self.sandbox);
        let id = sandbox.store.shared().faults.add(fault).map_err(to_io)?;
        Ok(FaultHandle { sandbox, id })
    }

    /// Answers the next request with this status; nothing is carried out.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// use fluxa_mock::{Method, MockServer};
    /// let server = MockServer::start().await?;
    /// let outage = server.fail_next(Method::Post, "/v1/payments", 503)?;
    /// // … a client that retries sees one failure …
    /// assert_eq!(outage.hits_left(), Some(1));
    /// # std::io::Result::Ok(()) }).expect("it starts");
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for a path or a status that makes no sense.
    pub fn fail_next(
        &self,
        method: Method,
        path: impl Into<String>,
        status: u16,
    ) -> io::Result<FaultHandle> {
        self.fault(Fault::on(method, path).status(status))
    }

    /// Carries the next request out and then cuts the connection before the answer: the client cannot
    /// know whether it was done, and a retry with the same idempotency key gets the stored answer.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// use fluxa_mock::{Method, MockServer};
    /// let server = MockServer::start().await?;
    /// server.lose_next_response(Method::Post, "/v1/payments")?;
    /// # std::io::Result::Ok(()) }).expect("it starts");
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` for a path that makes no sense.
    pub fn lose_next_response(
        &self,
        method: Method,
        path: impl Into<String>,
    ) -> io::Result<FaultHandle> {
        self.fault(Fault::on(method, path).lose_response())
    }

    /// Ends every fault.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// server.clear_faults();
    /// # std::io::Result::Ok(()) }).expect("it starts");
    /// ```
    pub fn clear_faults(&self) {
        self.sandbox.store.shared().faults.clear();
    }
}
