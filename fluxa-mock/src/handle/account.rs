//! Owns the handle of one account, and how a server gives it out. What an account can be made to do is
//! in the other files of this folder: a server's own handle is that of its primary account.

use super::{MockServer, MockServerBuilder};
use crate::accounts::Accounts;
use crate::sandbox::Sandbox;
use std::fmt;
use std::io;
use std::sync::Arc;

/// One account of a [`MockServer`]: its own state and its own clock. The server itself stands for its
/// primary account and has the same methods.
///
/// ```
/// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
/// use fluxa_mock::{Account, Method, MockServer};
///
/// /// A helper that takes a server as well as an account.
/// async fn an_hour_of_outage(account: &Account) -> std::io::Result<()> {
///     account.fail_next(Method::Any, "/v1/*", 503)?;
///     account.advance(std::time::Duration::from_secs(3600)).await
/// }
///
/// let server = MockServer::builder().auto_accounts(true).start().await?;
/// let key = format!("sk_test_{}", "a".repeat(32));
/// let account = server.account(&key).await?;
/// an_hour_of_outage(&account).await?;
/// an_hour_of_outage(&server).await?;
/// assert_eq!(account.base_url(), server.base_url());
/// assert!(account.received().is_empty());
/// # std::io::Result::Ok(()) }).expect("it starts");
/// ```
pub struct Account {
    pub(super) accounts: Arc<Accounts>,
    pub(super) sandbox: Arc<Sandbox>,
}

impl fmt::Debug for Account {
    // The sandboxes' insides stay out of it.
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

    /// The API's base URL, `http://127.0.0.1:<port>/v1`: the same for every account of a server.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.url())
    }

    /// The server's own URL, without `/v1`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.sandbox.address)
    }

    /// Closes the account and forgets what it holds, its file included. Its key opens an empty one again.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::builder().auto_accounts(true).start().await?;
    /// let key = format!("sk_test_{}", "c".repeat(32));
    /// server.account(&key).await?.close().await?;
    /// # std::io::Result::Ok(()) }).expect("it closes");
    /// ```
    ///
    /// # Errors
    /// When it is the primary account, or its file cannot be removed.
    pub async fn close(self) -> io::Result<()> {
        let forgotten = self.accounts.forget(self.sandbox.label()).await;
        forgotten.map(|_| ()).map_err(io::Error::other)
    }
}

impl MockServer {
    /// Returns the account of this key, which is opened if need be.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
    /// let server = fluxa_mock::MockServer::start().await?;
    /// let primary = server.account(&server.secret_key()).await?;
    /// assert_eq!(primary.label(), server.label());
    /// assert!(server.account("sk_test_unknown").await.is_err());
    /// # std::io::Result::Ok(()) }).expect("it is there");
    /// ```
    ///
    /// # Errors
    /// When no account has the key and it opens none: automatic accounts are off, it is not `sk_test_`
    /// and 32 letters or digits, or there are too many.
    pub async fn account(&self, key: &str) -> io::Result<Account> {
        let accounts = &self.primary.accounts;
        let sandbox = accounts.of(Some(key)).await.map_err(io::Error::other)?;
        // The primary account answers for keys that nobody has.
        if sandbox.identity().is_primary && !accounts.is_primary_key(key) {
            let message = "no account has this key; with auto_accounts(true) a key of `sk_test_` and 32 \
                           letters or digits opens one";
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        Ok(Account {
            accounts: Arc::clone(accounts),
            sandbox,
        })
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
