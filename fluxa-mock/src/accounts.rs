//! Owns the accounts of a server: each is a sandbox of its own, with its own state and clock. A request
//! belongs to the account of its key. Knows nothing of what an account holds.

mod identity;
mod index;

pub(crate) use identity::{AccountKey, Identity};
pub(crate) use index::KeyIndex;

use crate::config::Config;
use crate::domain::error::{DomainError, Kind};
use crate::exposure::{self, HostName};
use crate::ids::{hash_secret, random_base62};
use crate::observe::Recorder;
use crate::sandbox::Sandbox;
use crate::store;
use fluxa_sdk::contract;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Characters after the prefix of a key.
const KEY_LENGTH: usize = 32;

/// What the primary account is called, beside its label.
const PRIMARY: &str = "primary";

/// The sandboxes of a server.
pub(crate) struct Accounts {
    primary: Arc<Sandbox>,
    config: Config,
    address: SocketAddr,
    /// The names it answers to beside its address.
    hosts: Vec<HostName>,
    /// What a browser has that was shown the key of an exposed server.
    session: String,
    index: KeyIndex,
    recorder: Option<Recorder>,
    /// The accounts that keys of their own opened, by the hash of that key.
    others: RwLock<BTreeMap<String, Arc<Sandbox>>>,
    /// Held while an account is opened or closed: one key never has two sandboxes, and a file that is
    /// being removed is not opened.
    door: tokio::sync::Mutex<()>,
}

impl Accounts {
    /// Opens the primary account, and the others that the database's directory holds: what is due in
    /// them goes on without waiting for a request.
    pub(crate) async fn open(config: Config, address: SocketAddr) -> io::Result<Self> {
        // Before anything is started: a file that cannot be written ends the start.
        let recorder = config.record.as_deref().map(Recorder::open).transpose()?;
        let hosts = exposure::check(address, &config)?;
        let index = KeyIndex::default();
        let identity = Identity::primary(index.clone());
        let authority = exposure::public_authority(address, &hosts);
        let primary = Sandbox::start(config.clone(), address, &authority, identity).await?;
        let accounts = Self {
            primary,
            config,
            address,
            hosts,
            session: random_base62(KEY_LENGTH),
            index,
            recorder,
            others: RwLock::default(),
            door: tokio::sync::Mutex::default(),
        };
        if accounts.config.auto_accounts
            && let Some(directory) = accounts.directory()
        {
            for hash in store::databases_in(&directory)? {
                let last4 = String::new();
                accounts.start(AccountKey { hash, last4 }).await?;
            }
        }
        Ok(accounts)
    }

    /// The account that the well-known keys open, and requests without a key.
    pub(crate) fn primary(&self) -> &Arc<Sandbox> {
        &self.primary
    }

    /// The names that the server answers to beside its address.
    pub(crate) fn hosts(&self) -> &[HostName] {
        &self.hosts
    }

    /// What a browser shows that has handed over the key of an exposed server.
    pub(crate) fn session(&self) -> &str {
        &self.session
    }

    /// Where exchanges are written down, if anywhere.
    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        self.recorder.as_ref()
    }

    /// Every account, the primary one first.
    pub(crate) fn all(&self) -> Vec<Arc<Sandbox>> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = vec![Arc::clone(&self.primary)];
        all.extend(others.values().cloned());
        all
    }

    /// The account that a request with this bearer key belongs to. With automatic accounts a well-formed
    /// key that nobody knows opens one.
    ///
    /// # Errors
    /// `too_many_accounts`; `internal_error` when its file cannot be opened.
    pub(crate) async fn of(
        self: &Arc<Self>,
        bearer: Option<&str>,
    ) -> Result<Arc<Sandbox>, DomainError> {
        let Some(bearer) = bearer.filter(|_| self.config.auto_accounts) else {
            return Ok(Arc::clone(&self.primary));
        };
        let hash = hash_secret(bearer);
        if let Some(known) = self.known(&hash) {
            return Ok(known);
        }
        if !is_whole_test_key(bearer) {
            return Ok(Arc::clone(&self.primary));
        }
        let last4 = bearer[bearer.len() - 4..].to_owned();
        let key = AccountKey { hash, last4 };
        let accounts = Arc::clone(self);
        // A task of its own: a client that goes away does not leave half an account behind.
        let opening = tokio::spawn(async move { accounts.open_once(key).await });
        opening
            .await
            .unwrap_or_else(|error| Err(DomainError::internal(error)))
    }

    /// The account with this label.
    pub(crate) fn labelled(&self, label: &str) -> Option<Arc<Sandbox>> {
        if label == PRIMARY {
            return Some(Arc::clone(&self.primary));
        }
        self.all()
            .into_iter()
            .find(|sandbox| sandbox.label() == label)
    }

    /// Whether an account has this key, or would be opened by it.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.index.account_of(&hash_secret(key)).is_some()
            || (self.config.auto_accounts && is_whole_test_key(key))
    }

    /// Whether the primary account has this key.
    pub(crate) fn is_primary_key(&self, key: &str) -> bool {
        self.index.account_of(&hash_secret(key)).as_deref() == Some(self.primary.label())
    }

    /// Closes the account with this label and forgets it, its file included; `false` when there is none.
    ///
    /// # Errors
    /// `parameter_invalid` for the primary account; `internal_error` when its file stays.
    pub(crate) async fn forget(&self, label: &str) -> Result<bool, DomainError> {
        let _door = self.door.lock().await;
        let Some(sandbox) = self.labelled(label) else {
            return Ok(false);
        };
        if Arc::ptr_eq(&sandbox, &self.primary) {
            let message = "The primary account stays; POST /_mock/reset empties it.";
            return Err(DomainError::parameter("account", message));
        }
        self.index.forget(sandbox.label());
        self.others
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, other| !Arc::ptr_eq(other, &sandbox));
        sandbox.stop().await;
        if let Some(path) = &sandbox.config.db {
            store::remove(path).map_err(DomainError::internal)?;
        }
        Ok(true)
    }

    /// Ends the event streams of every account.
    pub(crate) fn end_streams(&self) {
        for sandbox in self.all() {
            sandbox.epoch.send_modify(|epoch| *epoch += 1);
        }
    }

    /// Stops every account.
    pub(crate) async fn stop(&self) {
        let _door = self.door.lock().await;
        for sandbox in self.all() {
            sandbox.stop().await;
        }
    }

    /// The account that has the key with this hash.
    fn known(&self, hash: &str) -> Option<Arc<Sandbox>> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = others.get(hash) {
            return Some(Arc::clone(own));
        }
        let label = self.index.account_of(hash)?;
        if label == self.primary.label() {
            return Some(Arc::clone(&self.primary));
        }
        // Sorted by hash, of which a label is the beginning.
        let (_, found) = others.range(label.clone()..).next()?;
        (found.label() == label).then(|| Arc::clone(found))
    }

    async fn open_once(&self, key: AccountKey) -> Result<Arc<Sandbox>, DomainError> {
        let _door = self.door.lock().await;
        if let Some(opened) = self.known(&key.hash) {
            return Ok(opened);
        }
        let most = self.config.max_accounts;
        if self.all().len() > most {
            let message = format!(
                "This sandbox server has its most accounts, {most}. DELETE /_mock/accounts/<label> closes \
                 one; --max-accounts or Config::max_accounts raises the limit."
            );
            return Err(DomainError::new(
                Kind::Permission,
                "too_many_accounts",
                message,
            ));
        }
        self.start(key).await.map_err(DomainError::internal)
    }

    async fn start(&self, key: AccountKey) -> io::Result<Arc<Sandbox>> {
        let mut config = self.config.clone();
        if let Some(directory) = self.directory() {
            store::make_private_directory(&directory)?;
            config.db = Some(directory.join(format!("{}.db", key.hash)));
        }
        config.seed = config.seed.map(|seed| seed_of(seed, &key.hash));
        let hash = key.hash.clone();
        let identity = Identity::of_key(key, self.index.clone());
        let authority = exposure::public_authority(self.address, &self.hosts);
        let sandbox = Sandbox::start(config, self.address, &authority, identity).await?;
        self.others
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(hash, Arc::clone(&sandbox));
        Ok(sandbox)
    }

    /// Where the files of the accounts are: beside the primary account's.
    fn directory(&self) -> Option<PathBuf> {
        self.config.db.as_deref().map(directory_of)
    }
}

fn directory_of(db: &Path) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(".accounts");
    PathBuf::from(name)
}

/// Whether a key is a secret test key, whole: unknown, it opens an account where keys may.
pub(crate) fn is_whole_test_key(key: &str) -> bool {
    key.strip_prefix(contract::SECRET_KEY_PREFIX)
        .and_then(|rest| rest.strip_prefix(contract::TEST_KEY_INFIX))
        .is_some_and(|rest| {
            rest.len() == KEY_LENGTH && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

/// The seed of an account: another for each key, the same on every run.
fn seed_of(seed: u64, key_hash: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(key_hash);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::{is_whole_test_key, seed_of};

    #[test]
    fn only_a_whole_secret_test_key_opens_an_account() {
        let key = format!("sk_test_{}", "aZ9".repeat(11));
        assert!(is_whole_test_key(&key[..40]));
        for other in [
            key.clone(),
            key[..39].to_owned(),
            format!("pk_test_{}", "a".repeat(32)),
            format!("rk_test_{}", "a".repeat(32)),
            format!("sk_live_{}", "a".repeat(32)),
            format!("sk_test_{}_", "a".repeat(31)),
            format!("sk_test_{}é", "a".repeat(30)),
            String::new(),
        ] {
            assert!(!is_whole_test_key(&other), "{other}");
        }
    }

    #[test]
    fn accounts_have_seeds_of_their_own_that_repeat() {
        assert_eq!(seed_of(7, "a"), seed_of(7, "a"));
        assert_ne!(seed_of(7, "a"), seed_of(7, "b"));
        assert_ne!(seed_of(7, "a"), seed_of(8, "a"));
    }
}
