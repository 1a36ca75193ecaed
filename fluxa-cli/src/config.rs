//! Owns the configuration on disk: what profiles hold, and which of them is used when none is named.

mod settings;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::{CliError, Result};
use crate::private_file::PrivateDirectory;
use crate::ui::{Output, Ui};

pub(crate) use settings::{Settings, check_name, early_output, mode_of};
pub(crate) use source::Origin;

const FILE: &str = "config.toml";

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfigFile {
    /// The profile used when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default_profile: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// What a profile holds besides its key.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api_base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<OutputSetting>,
    /// Whether its key may be put into the system's keyring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keyring: Option<bool>,
}

/// `output` as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OutputSetting {
    Human,
    Json,
}

impl From<OutputSetting> for Output {
    fn from(setting: OutputSetting) -> Self {
        match setting {
            OutputSetting::Human => Self::Human,
            OutputSetting::Json => Self::Json,
        }
    }
}

/// Returns what is configured.
pub(crate) fn read(directory: &PrivateDirectory, ui: &Ui) -> Result<ConfigFile> {
    match directory.read(FILE, ui)? {
        Some(text) => parse(directory, &text),
        None => Ok(ConfigFile::default()),
    }
}

fn parse(directory: &PrivateDirectory, text: &str) -> Result<ConfigFile> {
    toml::from_str(text).map_err(|error| broken(directory, FILE, text, &error))
}

/// A file that is not what it should be: path, line and reason, never its content.
pub(crate) fn broken(
    directory: &PrivateDirectory,
    name: &str,
    text: &str,
    error: &toml::de::Error,
) -> CliError {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text.as_bytes()[..at]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1;
    CliError::failure(format!(
        "{}:{line}: {}",
        directory.path(name).display(),
        error.message().replace('\n', " ")
    ))
    .hint("mend the line, or move the file away to start afresh")
}

/// Changes one profile in the file. One that holds nothing afterwards, and was not there before, is
/// not made.
///
/// Returns the path of the file.
pub(crate) fn update_profile(
    directory: &PrivateDirectory,
    profile: &str,
    ui: &Ui,
    change: impl FnOnce(&mut Profile),
) -> Result<PathBuf> {
    update(directory, ui, |file| {
        let known = file.profiles.contains_key(profile);
        let mut changed = file.profiles.remove(profile).unwrap_or_default();
        change(&mut changed);
        if known || changed != Profile::default() {
            file.profiles.insert(profile.to_owned(), changed);
        }
    })
}

/// Changes the file.
///
/// Returns its path.
pub(crate) fn update(
    directory: &PrivateDirectory,
    ui: &Ui,
    change: impl FnOnce(&mut ConfigFile),
) -> Result<PathBuf> {
    directory.update(FILE, ui, |text| {
        let mut file = match text {
            Some(text) => parse(directory, &text)?,
            None => ConfigFile::default(),
        };
        change(&mut file);
        toml::to_string(&file)
            .map_err(|error| CliError::failure(format!("cannot write {FILE}: {error}")))
    })?;
    Ok(directory.path(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_is_named_with_its_line_and_not_quoted() {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().into());
        let text = "[profiles.default]\napi_base = 7 # sk_test_secret\n";
        let error = parse(&directory, text).unwrap_err();
        assert!(error.message.contains("config.toml:2: "), "{error}");
        assert!(!error.message.contains("sk_test"), "{error}");
        let error = parse(&directory, "[profiles.default]\n\napi_bse = \"x\"\n").unwrap_err();
        assert!(error.message.contains("config.toml:3: ") && error.message.contains("api_bse"));
    }

    #[test]
    fn writers_at_once_leave_a_file_with_all_they_wrote() {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().join("fluxa"));
        std::thread::scope(|scope| {
            for number in 0..32 {
                let directory = &directory;
                scope.spawn(move || {
                    let ui = Ui::new(Output::Json);
                    update_profile(directory, &format!("p{number}"), &ui, |profile| {
                        profile.api_base = Some(format!("http://127.0.0.1:{number}/v1"));
                    })
                    .unwrap();
                });
            }
        });
        let file = read(&directory, &Ui::new(Output::Json)).unwrap();
        assert_eq!(file.profiles.len(), 32);
    }
}
