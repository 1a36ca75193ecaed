//! Owns the index of keys: which account has the key with this hash. Written from inside the
//! transaction that makes the key, so that its first request finds it. An entry whose transaction was
//! undone names a secret that nobody was told.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Hash of a key to label of its account; shared by the accounts of one server.
#[derive(Clone, Default)]
pub(crate) struct KeyIndex {
    labels: Arc<RwLock<HashMap<String, String>>>,
}

impl KeyIndex {
    /// Adds a key.
    pub(crate) fn add(&self, hash: &str, label: &str) {
        self.labels
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(hash.to_owned(), label.to_owned());
    }

    /// The label of the account that has the key.
    pub(super) fn account_of(&self, hash: &str) -> Option<String> {
        self.labels
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(hash)
            .cloned()
    }

    /// Drops the keys of an account.
    pub(super) fn forget(&self, label: &str) {
        self.labels
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, account| account != label);
    }
}
