//! Owns the calls of macOS Keychain and Windows Credential Manager. They block for as long as the
//! system likes; knows nothing of limits and of what an entry is for.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::{Failure, SERVICE};

pub(super) fn get(entry: &str) -> Result<Zeroizing<String>, Failure> {
    Ok(Zeroizing::new(find(entry)?.get_password()?))
}

pub(super) fn set(entry: &str, secret: &str) -> Result<(), Failure> {
    Ok(find(entry)?.set_password(secret)?)
}

pub(super) fn delete(entry: &str) -> Result<(), Failure> {
    Ok(find(entry)?.delete_credential()?)
}

fn find(entry: &str) -> Result<Entry, Failure> {
    Ok(system_store()?.build(SERVICE, entry, None)?)
}

#[cfg(target_os = "macos")]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn system_store() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NoEntry => Self::Missing,
            error => Self::failed(error),
        }
    }
}
