//! Owns the handle's view of accounts, and of the requests that each has seen.

use super::{AccountsHandle, MockServer, MockServerBuilder};
use crate::observe::{ReceivedRequest, Wanted};
use crate::sandbox::Sandbox;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// One account of a [`MockServer`]: its own state and its own clock.
///
/// ```
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// let server = fluxa_mock::MockServer::builder().auto_accounts(true).start().await?;
/// let key = format!("sk_test_{}", "a".repeat(32));
/// let account = server.account(&key).await?;
/// account.advance(std::time::Duration::from_secs(60)).await?;
/// assert!(account.received().is_empty());
/// # std::io::Result::Ok(()) }).expect("it starts");
/// ```
pub struct Account {
    accounts: AccountsHandle,
    sandbox: Arc<Sandbox>,
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Account")
            .field(&self.label())
            .finish()
    }
}

impl Account {
    /// What `/_mock/accounts` and `?account=` call it.
    #[must_use]
    pub fn label(&self) -> &str {
        self.sandbox.label()
    }

    /// Advances this account's clock alone, as [`MockServer::advance`] does the primary one's.
    ///
    /// # Errors
    /// When the account has been closed, or the clock would pass its end.
    pub async fn advance(&self, by: Duration) -> io::Result<()> {
        let advanced = self.sandbox.advance(by, |_, arrived| arrived).await;
        advanced.map_err(io::Error::other)
    }

    /// Returns the last requests made with this account's keys, oldest first; see
    /// [`MockServer::received`].
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.sandbox.seen.find(&Wanted::default())
    }

    /// Forgets the requests seen.
    pub fn clear_received(&self) {
        self.sandbox.seen.clear();
    }

    /// Closes the account and forgets what it holds, its file included. Its key opens an empty one again.
    ///
    /// # Errors
    /// When it is the primary account, or its file cannot be removed.
    pub async fn close(self) -> io::Result<()> {
        let forgotten = self.accounts.0.forget(self.sandbox.label()).await;
        forgotten.map(|_| ()).map_err(io::Error::other)
    }
}

impl MockServer {
    /// Returns the account of this key, which is opened if need be.
    ///
    /// # Errors
    /// When no account has the key and it opens none: automatic accounts are off, it is not `sk_test_`
    /// and 32 letters or digits, or there are too many.
    pub async fn account(&self, key: &str) -> io::Result<Account> {
        let sandbox = self.accounts.0.of(Some(key)).await;
        let sandbox = sandbox.map_err(io::Error::other)?;
        // The primary account answers for keys that nobody has.
        if sandbox.identity().is_primary && !self.accounts.0.is_primary_key(key) {
            let message = "no account has this key; with auto_accounts(true) a key of `sk_test_` and 32 \
                           letters or digits opens one";
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        Ok(Account {
            accounts: AccountsHandle(Arc::clone(&self.accounts.0)),
            sandbox,
        })
    }

    /// Returns the last requests of the primary account, oldest first: those to `/v1` and `/pay`, 1 000 at
    /// most by default. Keys, secrets and card data are replaced.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.accounts.0.primary().seen.find(&Wanted::default())
    }

    /// Forgets the requests that the primary account has seen.
    pub fn clear_received(&self) {
        self.accounts.0.primary().seen.clear();
    }
}

impl MockServerBuilder {
    /// Lets any well-formed unknown key open an account of its own: see
    /// [`Config::auto_accounts`](crate::Config::auto_accounts).
    #[must_use]
    pub fn auto_accounts(self, on: bool) -> Self {
        self.configure(|config| config.auto_accounts(on))
    }
}
