//! Owns the calls of the Secret Service over D-Bus: GNOME Keyring, KWallet, KeePassXC. They take as
//! long as the service likes; knows nothing of limits and of what an entry is for.
//!
//! An entry is an item of the default collection, found by the attributes that `keyring` gives its
//! own. It crosses the bus encrypted: who logs what passes there sees no key.

use std::collections::HashMap;

use secret_service::{EncryptionType, Error, Item, SecretService};
use zeroize::Zeroizing;

use super::{Failure, SERVICE};

pub(super) fn get(entry: &str) -> Result<Zeroizing<String>, Failure> {
    ask(async |service| {
        let secret = find(service, entry).await?.get_secret().await?;
        let text = String::from_utf8(secret).map_err(|_| Failure::failed("it holds no text"))?;
        Ok(Zeroizing::new(text))
    })
}

pub(super) fn set(entry: &str, secret: &str) -> Result<(), Failure> {
    ask(async |service| {
        let collection = service
            .get_default_collection()
            .await
            .map_err(|error| match error {
                Error::NoResult => Failure::failed("it has no default collection"),
                error => error.into(),
            })?;
        if collection.is_locked().await? {
            collection.unlock().await?;
        }
        let label = format!("Fluxa API key: {entry}");
        let (secret, replace) = (secret.as_bytes(), true);
        collection
            .create_item(&label, attributes(entry), secret, replace, "text/plain")
            .await?;
        Ok(())
    })
}

pub(super) fn delete(entry: &str) -> Result<(), Failure> {
    ask(async |service| Ok(find(service, entry).await?.delete().await?))
}

/// Runs a job with the service, on a runtime of its own: the caller's thread is one that may hang.
fn ask<T>(job: impl AsyncFnOnce(&SecretService<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    runtime.block_on(async { job(&SecretService::connect(EncryptionType::Dh).await?).await })
}

/// Returns the one entry of this name, unlocked.
async fn find<'a>(service: &'a SecretService<'_>, entry: &str) -> Result<Item<'a>, Failure> {
    let found = service.search_items(attributes(entry)).await?;
    for item in &found.locked {
        item.unlock().await?;
    }
    let mut items = found.unlocked.into_iter().chain(found.locked);
    match (items.next(), items.next()) {
        (None, _) => Err(Failure::Missing),
        (Some(item), None) => Ok(item),
        (Some(_), Some(_)) => Err(Failure::failed(format!("it has `{entry}` more than once"))),
    }
}

fn attributes(entry: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("username", entry)])
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NoResult => Self::Missing,
            Error::Prompt => Self::failed("it was not unlocked"),
            error => Self::failed(error),
        }
    }
}
