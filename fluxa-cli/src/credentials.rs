//! Owns API keys at rest: one per profile, in the system's keyring or else in a file of mode 0600.
//!
//! The file says where each key is, so that a profile without one in the keyring costs no call to it.
//! It is also what decides: an entry of the keyring counts once the file names it, and each key gets an
//! entry of its own, so that a crash, or another process, leaves the old key or the new one.

pub(crate) mod keyring;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config::broken;
use crate::error::{CliError, Result};
use crate::private_file::PrivateDirectory;
use crate::ui::Ui;
use keyring::{Failure, Keyring};

const FILE: &str = "credentials.toml";

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CredentialsFile {
    #[serde(default)]
    profiles: BTreeMap<String, Credential>,
}

/// One of both.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_key: Option<Zeroizing<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyring: Option<KeyringEntry>,
}

/// A key in the keyring.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyringEntry {
    /// What it is called there.
    pub(crate) entry: String,
    /// What of the key may be shown: its prefix and its end.
    pub(crate) shown: String,
}

/// Where the key of a profile is.
#[derive(Clone)]
pub(crate) enum StoredKey {
    Text(Zeroizing<String>),
    InKeyring(KeyringEntry),
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown())
    }
}

impl StoredKey {
    /// Returns what of the key may be shown.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Text(key) => shown(key),
            Self::InKeyring(entry) => entry.shown.clone(),
        }
    }

    /// Returns the name of the place it is in, as scripts read it.
    pub(crate) fn place(&self) -> &'static str {
        match self {
            Self::Text(_) => "file",
            Self::InKeyring(_) => "keyring",
        }
    }

    /// Returns whether two are the same key, as far as that is known without asking the keyring.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            _ => self.shown() == other.shown(),
        }
    }
}

impl Credential {
    fn into_stored(self) -> Option<StoredKey> {
        let text = self.secret_key.map(StoredKey::Text);
        text.or_else(|| self.keyring.map(StoredKey::InKeyring))
    }
}

/// Where a key was put.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Keyring,
    File(PathBuf),
}

impl Place {
    /// Returns its name, as scripts read it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::File(_) => "file",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyring => formatter.write_str("in the system's keyring"),
            Self::File(path) => {
                let path = path.display();
                write!(formatter, "as plain text of mode 0600, in {path}")
            }
        }
    }
}

/// Returns what of a key may be shown: `sk_test_…0123`.
pub(crate) fn shown(key: &str) -> String {
    fluxa_sdk::ApiKey::new(key).map_or("(not a key)".to_owned(), |key| format!("{key:?}"))
}

/// Returns the key of a profile.
pub(crate) fn read(
    directory: &PrivateDirectory,
    profile: &str,
    ui: &Ui,
) -> Result<Option<StoredKey>> {
    Ok(all(directory, ui)?.remove(profile))
}

/// Returns the keys of all profiles.
pub(crate) fn all(directory: &PrivateDirectory, ui: &Ui) -> Result<BTreeMap<String, StoredKey>> {
    let file = match directory.read(FILE, ui)?.map(Zeroizing::new) {
        Some(text) => parse(directory, &text)?,
        None => CredentialsFile::default(),
    };
    let profiles = file.profiles.into_iter();
    Ok(profiles
        .filter_map(|(name, credential)| Some((name, credential.into_stored()?)))
        .collect())
}

/// Stores the key of a profile: in the keyring; in the file when that fails, which is said.
///
/// # Errors
/// The key of before still stands, and the new one is with the caller alone: if it cannot be had again,
/// show it.
pub(crate) fn store(
    directory: &PrivateDirectory,
    profile: &str,
    key: &str,
    keyring: &Keyring,
    ui: &Ui,
) -> Result<Place> {
    let entry = entry_name(profile)?;
    let in_keyring = match keyring.set(&entry, key) {
        Ok(()) => true,
        Err(Failure::Off(_)) => false,
        Err(failure) => {
            let file = directory.path(FILE);
            let file = file.display();
            ui.warn(&format!(
                "the system's keyring {failure}; using the file {file}"
            ));
            false
        }
    };
    let (place, credential) = match in_keyring {
        true => (
            Place::Keyring,
            Credential {
                keyring: Some(KeyringEntry {
                    entry: entry.clone(),
                    shown: shown(key),
                }),
                ..Credential::default()
            },
        ),
        false => (
            Place::File(directory.path(FILE)),
            Credential {
                secret_key: Some(Zeroizing::new(key.to_owned())),
                ..Credential::default()
            },
        ),
    };
    let mut replaced = None;
    let written = update(directory, ui, |profiles| {
        replaced = profiles.insert(profile.to_owned(), credential);
    });
    if let Err(error) = written {
        if in_keyring {
            forget(keyring, &entry, ui);
        }
        return Err(error);
    }
    if let Some(before) = replaced.and_then(|credential| credential.keyring) {
        forget(keyring, &before.entry, ui);
    }
    Ok(place)
}

/// Removes the key of a profile. Returns whether there was one.
///
/// # Errors
/// Also when the keyring does not let go of it: then the file still names it, and it can be tried again.
/// A keyring that the user does not want asked keeps it, which is said.
pub(crate) fn remove(
    directory: &PrivateDirectory,
    profile: &str,
    keyring: &Keyring,
    ui: &Ui,
) -> Result<bool> {
    let Some(stored) = read(directory, profile, ui)? else {
        return Ok(false);
    };
    if let StoredKey::InKeyring(KeyringEntry { entry, .. }) = &stored {
        match keyring.delete(entry) {
            Ok(()) => {}
            Err(failure @ Failure::Off(_)) => ui.warn(&still_there(entry, &failure)),
            Err(failure) => {
                let failed = format!("the system's keyring {failure}");
                return Err(CliError::failure(failed)
                    .context(format!("the key of profile {profile} is not removed"))
                    .hint("try again; or leave it there and forget it here: add --no-keyring"));
            }
        }
    }
    update(directory, ui, |profiles| drop(profiles.remove(profile)))?;
    Ok(true)
}

/// Removes an entry that no profile names any more.
fn forget(keyring: &Keyring, entry: &str, ui: &Ui) {
    if let Err(failure) = keyring.delete(entry) {
        ui.warn(&still_there(entry, &failure));
    }
}

fn still_there(entry: &str, failure: &Failure) -> String {
    let service = keyring::SERVICE;
    format!("a key stays behind as `{entry}` of `{service}`: the system's keyring {failure}")
}

/// Returns a name no entry has yet.
fn entry_name(profile: &str) -> Result<String> {
    let number = getrandom::u32()
        .map_err(|error| CliError::failure(format!("no random number to be had: {error}")))?;
    Ok(format!("{profile} {number:08x}"))
}

fn update(
    directory: &PrivateDirectory,
    ui: &Ui,
    change: impl FnOnce(&mut BTreeMap<String, Credential>),
) -> Result<()> {
    directory.update(FILE, ui, |text| {
        let mut file = match text.map(Zeroizing::new) {
            Some(text) => parse(directory, &text)?,
            None => CredentialsFile::default(),
        };
        change(&mut file.profiles);
        toml::to_string(&file)
            .map_err(|error| CliError::failure(format!("cannot write {FILE}: {error}")))
    })
}

fn parse(directory: &PrivateDirectory, text: &str) -> Result<CredentialsFile> {
    toml::from_str(text).map_err(|error| broken(directory, FILE, text, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Output;

    const KEY: &str = "sk_test_abcdefghijklmnopqrstuvwxyz0123";

    #[test]
    fn a_key_is_kept_per_profile_and_can_be_removed() {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().join("fluxa"));
        let ui = Ui::new(Output::Json);
        let keyring = Keyring::of_system(Some("a test".to_owned()), None);
        for profile in ["a", "b"] {
            let key = format!("{KEY}{profile}");
            let place = store(&directory, profile, &key, &keyring, &ui).unwrap();
            assert_eq!(place, Place::File(directory.path(FILE)));
        }
        assert!(remove(&directory, "a", &keyring, &ui).unwrap());
        assert!(!remove(&directory, "a", &keyring, &ui).unwrap());
        let left = all(&directory, &ui).unwrap();
        assert_eq!(left.keys().collect::<Vec<_>>(), ["b"]);
        assert!(matches!(&left["b"], StoredKey::Text(key) if **key == format!("{KEY}b")));
    }

    #[test]
    fn what_the_file_says_of_the_keyring_is_enough_to_tell_keys_apart() {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().into());
        let text = "[profiles.a.keyring]\nentry = \"a 01\"\nshown = \"sk_test_…0123\"\n";
        let credential = parse(&directory, text).unwrap().profiles.remove("a");
        let stored = credential.unwrap().into_stored().unwrap();
        assert_eq!(stored.shown(), "sk_test_…0123");
        assert!(stored.is_same(&StoredKey::Text(KEY.to_owned().into())));
        assert!(!stored.is_same(&StoredKey::Text(format!("{KEY}4").into())));
    }

    #[test]
    fn a_broken_file_is_named_and_not_quoted() {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().into());
        let text = "[profiles.a]\nsecret_kye = \"sk_test_x\"\n";
        let error = parse(&directory, text).err().unwrap();
        assert!(error.message.contains("credentials.toml:"), "{error}");
        assert!(!error.message.contains("sk_test_x"), "{error}");
    }
}
