//! Owns the configuration on disk: what profiles hold, and which of them is used when none is named.

mod settings;
mod source;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, TableLike};

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
        let text = text.unwrap_or_default();
        let mut file = parse(directory, &text)?;
        change(&mut file);
        written(&text, &file)
            .map_err(|error| CliError::failure(format!("cannot write {FILE}: {error}")))
    })?;
    Ok(directory.path(FILE))
}

/// Returns the text that says what is configured now; what somebody wrote around it stays.
fn written(text: &str, file: &ConfigFile) -> Result<String, Box<dyn std::error::Error>> {
    let mut document: DocumentMut = text.parse()?;
    let wanted: DocumentMut = toml::to_string(file)?.parse()?;
    merge(document.as_table_mut(), wanted.as_table());
    Ok(document.to_string())
}

/// Makes a table say what another one says. Comments, and the order, stay.
fn merge(table: &mut dyn TableLike, wanted: &dyn TableLike) {
    let gone = table.iter().map(|(key, _)| key.to_owned());
    let gone: Vec<String> = gone.filter(|key| !wanted.contains_key(key)).collect();
    for key in gone {
        table.remove(&key);
    }
    for (key, new) in wanted.iter() {
        let Some(old) = table.get_mut(key) else {
            table.insert(key, new.clone());
            continue;
        };
        match (old.as_table_like_mut(), new.as_table_like()) {
            (Some(old), Some(new)) => merge(old, new),
            _ => {
                // With the comment behind it.
                let decor = old.as_value().map(|old| old.decor().clone());
                old.clone_from(new);
                if let (Some(value), Some(decor)) = (old.as_value_mut(), decor) {
                    *value.decor_mut() = decor;
                }
            }
        }
    }
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
    fn what_somebody_wrote_around_a_setting_stays() {
        let root = tempfile::tempdir().unwrap();
        let directory = PrivateDirectory::new(root.path().join("fluxa"));
        let ui = Ui::new(Output::Json);
        let before = "# ours\ndefault_profile = \"shop\" # the shop\n\n# of the shop\n[profiles.shop]\n\
                      output = 'human' # for people\n\n[profiles.other]\nkeyring = false\n";
        directory
            .update(FILE, &ui, |_| Ok(before.to_owned()))
            .unwrap();
        let change = |name: &str, change: fn(&mut Profile)| {
            update_profile(&directory, name, &ui, change).unwrap();
            directory.read(FILE, &ui).unwrap().unwrap()
        };
        let after = change("shop", |profile| profile.output = Some(OutputSetting::Json));
        assert_eq!(after, before.replace("'human'", "\"json\""));
        let added = change("new", |profile| profile.keyring = Some(true));
        assert!(added.contains("# of the shop\n[profiles.shop]"), "{added}");
        let removed = change("other", |profile| profile.keyring = None);
        assert!(!removed.contains("keyring = false"), "{removed}");
        let file = read(&directory, &ui).unwrap();
        assert_eq!(file.default_profile.as_deref(), Some("shop"));
        assert_eq!(file.profiles["new"].keyring, Some(true));
        assert_eq!(file.profiles["shop"].output, Some(OutputSetting::Json));
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
