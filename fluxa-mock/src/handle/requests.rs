//! Owns the requests that an account has seen, as a test looks at them.

use super::Account;
use crate::observe::{ReceivedRequest, Wanted};

impl Account {
    /// Returns the last requests made with this account's keys, oldest first: those to `/v1` and `/pay`,
    /// 1 000 at most by default. Keys, secrets and card data are replaced.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// assert!(server.received().is_empty(), "nobody has called it yet");
    /// # std::io::Result::Ok(()) }).expect("it starts");
    /// ```
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.sandbox.seen.find(&Wanted::default())
    }

    /// Forgets the requests seen.
    pub fn clear_received(&self) {
        self.sandbox.seen.clear();
    }
}
