//! Owns the accounts of a server: each is a sandbox of its own, with its own state and clock. A request
//! belongs to the account of its key.

use crate::sandbox::Sandbox;
use std::sync::Arc;

/// The sandboxes of a server.
pub(crate) struct Accounts {
    primary: Arc<Sandbox>,
}

impl Accounts {
    /// A server whose only account is `primary`.
    pub(crate) fn new(primary: Arc<Sandbox>) -> Self {
        Self { primary }
    }

    /// The account that the well-known keys open, and requests without a key.
    pub(crate) fn primary(&self) -> &Arc<Sandbox> {
        &self.primary
    }

    /// Every account, the primary one first.
    pub(crate) fn all(&self) -> Vec<Arc<Sandbox>> {
        vec![Arc::clone(&self.primary)]
    }

    /// The account that a request with this bearer key belongs to.
    pub(crate) fn of(&self, bearer: Option<&str>) -> Arc<Sandbox> {
        let _ = bearer;
        Arc::clone(&self.primary)
    }

    /// Ends the event streams of every account.
    pub(crate) fn end_streams(&self) {
        for sandbox in self.all() {
            sandbox.epoch.send_modify(|epoch| *epoch += 1);
        }
    }

    /// Stops every account.
    pub(crate) async fn stop(&self) {
        for sandbox in self.all() {
            sandbox.stop().await;
        }
    }
}
