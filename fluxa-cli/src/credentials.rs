//! Owns API keys at rest: one per profile, in a file of mode 0600.
//!
//! A plain file, and it says so when a key is stored; the system's keyring comes later.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config::broken;
use crate::error::{CliError, Result};
use crate::private_file::PrivateDirectory;
use crate::ui::Ui;

const FILE: &str = "credentials.toml";

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CredentialsFile {
    #[serde(default)]
    profiles: BTreeMap<String, Credential>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_key: Option<Zeroizing<String>>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credential(…)")
    }
}

/// Returns the key of a profile.
pub(crate) fn read(
    directory: &PrivateDirectory,
    profile: &str,
    ui: &Ui,
) -> Result<Option<Zeroizing<String>>> {
    let Some(text) = directory.read(FILE, ui)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let mut file = parse(directory, &text)?;
    Ok(file
        .profiles
        .remove(profile)
        .and_then(|credential| credential.secret_key))
}

/// Stores the key of a profile, or removes it.
///
/// Returns the path of the file.
pub(crate) fn store(
    directory: &PrivateDirectory,
    profile: &str,
    key: Option<Zeroizing<String>>,
    ui: &Ui,
) -> Result<std::path::PathBuf> {
    directory.update(FILE, ui, |text| {
        let mut file = match text.map(Zeroizing::new) {
            Some(text) => parse(directory, &text)?,
            None => CredentialsFile::default(),
        };
        match key {
            Some(key) => {
                file.profiles
                    .entry(profile.to_owned())
                    .or_default()
                    .secret_key = Some(key)
            }
            None => drop(file.profiles.remove(profile)),
        }
        toml::to_string(&file)
            .map_err(|error| CliError::failure(format!("cannot write {FILE}: {error}")))
    })?;
    Ok(directory.path(FILE))
}

fn parse(directory: &PrivateDirectory, text: &str) -> Result<CredentialsFile> {
    toml::from_str(text).map_err(|error| broken(directory, FILE, text, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::Output;

    #[test]
    fn a_key_is_kept_per_profile_and_can_be_removed() {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().join("fluxa"));
        let ui = Ui::new(Output::Json);
        for profile in ["a", "b"] {
            store(
                &directory,
                profile,
                Some(format!("key of {profile}").into()),
                &ui,
            )
            .unwrap();
        }
        store(&directory, "a", None, &ui).unwrap();
        assert!(read(&directory, "a", &ui).unwrap().is_none());
        assert_eq!(
            read(&directory, "b", &ui).unwrap().as_deref().unwrap(),
            "key of b"
        );
    }
}
