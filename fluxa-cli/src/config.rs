//! Owns the configuration: what profiles hold, where the files are, and which source of a setting
//! wins. The flag beats the environment, the environment beats the profile.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cli::GlobalArguments;
use crate::credentials;
use crate::env;
use crate::error::{CliError, Result};
use crate::private_file::PrivateDirectory;
use crate::ui::{Output, Ui};

/// The profile used when none is named.
pub(crate) const DEFAULT_PROFILE: &str = "default";

const FILE: &str = "config.toml";

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// What a profile holds besides its key.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api_base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<OutputSetting>,
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

/// Where a setting came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag,
    Environment,
    Profile,
    /// The mock's well-known value, by `--mock`.
    Mock,
    Default,
}

impl Origin {
    pub(crate) fn describe(self, flag: &str, variable: &str) -> String {
        match self {
            Self::Flag => flag.to_owned(),
            Self::Environment => variable.to_owned(),
            Self::Profile => "profile".to_owned(),
            Self::Mock => "--mock".to_owned(),
            Self::Default => "default".to_owned(),
        }
    }
}

/// The settings of one run.
pub(crate) struct Settings {
    pub(crate) profile: String,
    pub(crate) directory: Option<PrivateDirectory>,
    pub(crate) output: Output,
    pub(crate) api_base: String,
    pub(crate) api_base_origin: Origin,
    /// The key, if there is one.
    pub(crate) api_key: Option<Zeroizing<String>>,
    pub(crate) api_key_origin: Origin,
    /// Whether `--mock` was given.
    pub(crate) mock: bool,
    /// Whether `--yes` was given.
    pub(crate) yes: bool,
    /// The global flags to repeat in a command that is suggested.
    repeated_flags: Vec<String>,
    /// The profiles there are, when the one that was named is not among them.
    missing_profile: Option<Vec<String>>,
}

impl Settings {
    /// Puts the settings together.
    ///
    /// `mock_key` is the mock's well-known key, which stands in when `--mock` is given.
    pub(crate) fn resolve(arguments: &GlobalArguments, mock_key: &str) -> Result<Self> {
        // Until the profile is read, only flag and environment can say how to print.
        let early_output = early_output(arguments)?;
        let ui = Ui::new(early_output.unwrap_or_default());
        let directory = directory(arguments.config_dir.clone());
        let profile = arguments
            .profile
            .clone()
            .or_else(|| env::text(env::PROFILE))
            .unwrap_or_else(|| DEFAULT_PROFILE.to_owned());
        let file = match &directory {
            Some(directory) => read(directory, &ui)?,
            None => ConfigFile::default(),
        };
        let settings = file.profiles.get(&profile).cloned().unwrap_or_default();
        let stored_key = match &directory {
            Some(directory) => credentials::read(directory, &profile, &ui)?,
            None => None,
        };
        let named = arguments.profile.is_some() || env::text(env::PROFILE).is_some();
        let missing = named && !file.profiles.contains_key(&profile) && stored_key.is_none();
        let missing_profile = missing.then(|| file.profiles.keys().cloned().collect());

        let (api_base, api_base_origin) = first([
            (arguments.api_base.clone(), Origin::Flag),
            (
                arguments.mock.then(|| contract::MOCK_BASE_URL.to_owned()),
                Origin::Mock,
            ),
            (env::text(env::API_BASE), Origin::Environment),
            (settings.api_base, Origin::Profile),
        ])
        .unwrap_or_else(|| (contract::LIVE_BASE_URL.to_owned(), Origin::Default));
        let key = first([
            (arguments.api_key.clone(), Origin::Flag),
            (arguments.mock.then(|| mock_key.to_owned()), Origin::Mock),
            (env::text(env::SECRET_KEY), Origin::Environment),
            (stored_key.map(|key| key.to_string()), Origin::Profile),
        ]);
        let (api_key, api_key_origin) = match key {
            Some((key, origin)) => (Some(Zeroizing::new(key)), origin),
            None => (None, Origin::Default),
        };
        Ok(Self {
            profile,
            directory,
            output: early_output
                .or(settings.output.map(Output::from))
                .unwrap_or_default(),
            api_base,
            api_base_origin,
            api_key,
            api_key_origin,
            mock: arguments.mock,
            yes: arguments.yes,
            repeated_flags: repeated_flags(arguments),
            missing_profile,
        })
    }

    /// Returns whether the key is a live one, hence what is done with it real.
    pub(crate) fn is_live(&self) -> bool {
        let key = self.api_key.as_ref().map_or("", |key| key.as_str());
        let kinds = [
            contract::SECRET_KEY_PREFIX,
            contract::RESTRICTED_KEY_PREFIX,
            contract::PUBLISHABLE_KEY_PREFIX,
        ];
        kinds.iter().any(|kind| {
            key.strip_prefix(kind)
                .is_some_and(|rest| rest.starts_with(contract::LIVE_KEY_INFIX))
        })
    }

    /// Fails when a profile was named that does not exist.
    pub(crate) fn check_profile(&self) -> Result<()> {
        let Some(known) = &self.missing_profile else {
            return Ok(());
        };
        let hint = match known.is_empty() {
            true => format!(
                "make it with `fluxa --profile {} config set …`",
                self.profile
            ),
            false => format!("profiles: {}", known.join(", ")),
        };
        Err(CliError::usage(format!("there is no profile `{}`", self.profile)).hint(hint))
    }

    /// Returns a command to suggest, which works as it stands: the words given, then the global
    /// flags of this run.
    pub(crate) fn suggested(&self, words: &[&str]) -> String {
        std::iter::once("fluxa".to_owned())
            .chain(words.iter().map(|word| quoted(word)))
            .chain(self.repeated_flags.iter().cloned())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Returns the directory of the configuration.
    pub(crate) fn directory(&self) -> Result<&PrivateDirectory> {
        self.directory.as_ref().ok_or_else(|| {
            CliError::failure("there is no home directory to keep the configuration in")
                .hint(format!("set {} or give --config-dir", env::CONFIG_DIR))
        })
    }
}

/// Returns the flags that say whom to talk to, as they would be typed. Never the key: what is
/// suggested is printed, and what is printed is seen.
fn repeated_flags(arguments: &GlobalArguments) -> Vec<String> {
    let directory = arguments.config_dir.as_ref();
    let directory = directory.map(|directory| directory.to_string_lossy().into_owned());
    let with_value = [
        ("--api-base", arguments.api_base.clone()),
        ("--profile", arguments.profile.clone()),
        ("--config-dir", directory),
    ];
    let mock = arguments.mock.then(|| "--mock".to_owned());
    mock.into_iter()
        .chain(
            with_value.into_iter().filter_map(|(flag, value)| {
                value.map(|value| format!("{flag} {}", quoted(&value)))
            }),
        )
        .collect()
}

/// Returns a word as a shell reads it as one.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn first<T, const N: usize>(candidates: [(Option<T>, Origin); N]) -> Option<(T, Origin)> {
    candidates
        .into_iter()
        .find_map(|(value, origin)| value.map(|value| (value, origin)))
}

/// Returns what flag or environment say about the output.
pub(crate) fn early_output(arguments: &GlobalArguments) -> Result<Option<Output>> {
    if arguments.output.is_some() {
        return Ok(arguments.output);
    }
    match env::text(env::OUTPUT).as_deref() {
        None => Ok(None),
        Some("human") => Ok(Some(Output::Human)),
        Some("json") => Ok(Some(Output::Json)),
        Some(other) => Err(CliError::usage(format!(
            "{} is `{other}`; it can be human or json",
            env::OUTPUT
        ))),
    }
}

fn directory(flag: Option<PathBuf>) -> Option<PrivateDirectory> {
    flag.or_else(env::config_dir)
        .or_else(|| env::user_config_dir().map(|directory| directory.join("fluxa")))
        .map(PrivateDirectory::new)
}

fn read(directory: &PrivateDirectory, ui: &Ui) -> Result<ConfigFile> {
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
    directory.update(FILE, ui, |text| {
        let mut file = match text {
            Some(text) => parse(directory, &text)?,
            None => ConfigFile::default(),
        };
        let known = file.profiles.contains_key(profile);
        let mut changed = file.profiles.remove(profile).unwrap_or_default();
        change(&mut changed);
        if known || changed != Profile::default() {
            file.profiles.insert(profile.to_owned(), changed);
        }
        toml::to_string(&file)
            .map_err(|error| CliError::failure(format!("cannot write {FILE}: {error}")))
    })?;
    Ok(directory.path(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_not_take_it_as_it_stands() {
        assert_eq!(
            quoted("http://127.0.0.1:4010/v1"),
            "http://127.0.0.1:4010/v1"
        );
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }

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
