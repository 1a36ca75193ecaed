//! Owns who an account is: its label, the key that opened it, and the index that its keys go into.

use super::KeyIndex;
use crate::domain::api_key::well_known;
use crate::ids::hash_secret;

/// Characters of a label: the beginning of the hash of the account's key.
const LABEL_LENGTH: usize = 12;

/// The key that an account was opened with; the key itself is not kept.
#[derive(Clone, Debug)]
pub(crate) struct AccountKey {
    pub(crate) hash: String,
    /// Empty until the account's file has told it.
    pub(crate) last4: String,
}

/// Who an account is.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) key: AccountKey,
    /// Whether it is the account of the well-known keys.
    pub(crate) is_primary: bool,
    index: KeyIndex,
}

impl Identity {
    /// The account of the well-known keys.
    pub(crate) fn primary(index: KeyIndex) -> Self {
        let secret = well_known("secret");
        let key = AccountKey {
            hash: hash_secret(&secret),
            last4: secret[secret.len() - 4..].to_owned(),
        };
        Self {
            key,
            is_primary: true,
            index,
        }
    }

    /// The account that `key` opened.
    pub(super) fn of_key(key: AccountKey, index: KeyIndex) -> Self {
        Self {
            key,
            is_primary: false,
            index,
        }
    }

    /// What people and URLs call the account.
    pub(crate) fn label(&self) -> &str {
        self.key.hash.get(..LABEL_LENGTH).unwrap_or(&self.key.hash)
    }

    /// A path of this account's pages, as a browser needs it, which sends no key.
    pub(crate) fn page(&self, path: &str) -> String {
        match self.is_primary {
            true => path.to_owned(),
            false => format!("{path}?account={}", self.label()),
        }
    }

    /// Tells the server that a key with this hash is this account's.
    pub(crate) fn add_key(&self, hash: &str) {
        self.index.add(hash, self.label());
    }
}
