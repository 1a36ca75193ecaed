//! Owns the settings of one run, and which source of each wins: the flag beats the environment, the
//! environment beats the profile.
//!
//! A key in the keyring is asked for when it is needed, not before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use fluxa_sdk::{Mode, contract};
use zeroize::Zeroizing;

use super::source::{Choice, Origin};
use super::{ConfigFile, read};
use crate::cli::GlobalArguments;
use crate::credentials::keyring::Keyring;
use crate::credentials::{self, StoredKey};
use crate::env;
use crate::error::{CliError, Kind, Result};
use crate::private_file::PrivateDirectory;
use crate::ui::{Output, Ui};

/// The profile used when none is named and none was chosen.
const DEFAULT_PROFILE: &str = "default";

/// The settings of one run.
pub(crate) struct Settings {
    pub(crate) profile: String,
    /// The profile used when none is named.
    pub(crate) standing_profile: String,
    pub(crate) directory: Option<PrivateDirectory>,
    pub(crate) output: Output,
    pub(crate) api_base: String,
    pub(crate) api_base_origin: Origin,
    pub(crate) api_key_origin: Origin,
    /// Whether `--mock` was given.
    pub(crate) mock: bool,
    /// Whether `--yes` was given.
    pub(crate) yes: bool,
    /// How often `-v` was given.
    pub(crate) verbose: u8,
    pub(crate) keyring: Keyring,
    key: Option<StoredKey>,
    /// The key, once the keyring was asked for it.
    revealed: OnceLock<Zeroizing<String>>,
    /// What is to be said of sources that were overridden by another value, and of the place.
    overridden: Mutex<Vec<String>>,
    /// The other profiles that have a key.
    other_keys: Vec<String>,
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
        let mut file = match &directory {
            Some(directory) => read(directory, &ui)?,
            None => ConfigFile::default(),
        };
        let chosen = file.default_profile.take();
        let standing_profile = chosen.as_deref().unwrap_or(DEFAULT_PROFILE).to_owned();
        let named = arguments
            .profile
            .clone()
            .or_else(|| env::text(env::PROFILE))
            .or(chosen);
        let profile = named.clone().unwrap_or_else(|| standing_profile.clone());
        check_name(&profile)?;
        let mut keys = match &directory {
            Some(directory) => credentials::all(directory, &ui)?,
            None => BTreeMap::new(),
        };
        let stored_key = keys.remove(&profile);
        let known = file.profiles.contains_key(&profile) || stored_key.is_some();
        let settings = file.profiles.remove(&profile).unwrap_or_default();
        let missing_profile = (named.is_some() && !known).then(|| {
            let names: BTreeSet<String> = file
                .profiles
                .into_keys()
                .chain(keys.keys().cloned())
                .collect();
            names.into_iter().collect()
        });

        let base = Choice::of(
            [
                (Origin::Flag, arguments.api_base.clone()),
                (
                    Origin::Mock,
                    arguments.mock.then(|| contract::MOCK_BASE_URL.to_owned()),
                ),
                (Origin::Environment, env::text(env::API_BASE)),
                (Origin::Profile, settings.api_base),
            ],
            |one, other| one.trim_end_matches('/') == other.trim_end_matches('/'),
        );
        let text = |key: String| StoredKey::Text(Zeroizing::new(key));
        let key = Choice::of(
            [
                (Origin::Flag, arguments.api_key.clone().map(text)),
                (
                    Origin::Mock,
                    arguments.mock.then(|| text(mock_key.to_owned())),
                ),
                (Origin::Environment, env::text(env::SECRET_KEY).map(text)),
                (Origin::Profile, stored_key),
            ],
            StoredKey::is_same,
        );
        let overridden = [
            key.overridden("--api-key", env::SECRET_KEY, &profile, "another key"),
            base.overridden("--api-base", env::API_BASE, &profile, "another base URL"),
        ];
        let refused = match arguments.no_keyring {
            true => Some("--no-keyring was given".to_owned()),
            false => env::refuses_keyring().then(|| format!("{} is set", env::NO_KEYRING)),
        };
        let closed = settings.keyring == Some(false);
        let closed = closed.then(|| format!("profile {profile} says so"));
        let settings = Self {
            directory,
            output: early_output
                .or(settings.output.map(Output::from))
                .unwrap_or_default(),
            api_base_origin: base.origin,
            api_base: base
                .value
                .unwrap_or_else(|| contract::LIVE_BASE_URL.to_owned()),
            api_key_origin: key.origin,
            key: key.value,
            mock: arguments.mock,
            yes: arguments.yes,
            verbose: arguments.verbose,
            keyring: Keyring::of_system(refused, closed),
            revealed: OnceLock::new(),
            overridden: Mutex::new(overridden.into_iter().flatten().collect()),
            standing_profile,
            repeated_flags: repeated_flags(arguments),
            other_keys: keys.into_keys().collect(),
            missing_profile,
            profile,
        };
        settings.note_strange_place();
        Ok(settings)
    }

    /// Takes note of a live key that is to go elsewhere than to Fluxa, when somebody else said where to:
    /// it may be a mix of two set-ups.
    fn note_strange_place(&self) {
        let base = self.api_base.trim_end_matches('/');
        let mixed = self.api_key_origin != self.api_base_origin;
        if self.is_live() && mixed && base != contract::LIVE_BASE_URL {
            let (key, from) = (self.key_source(), self.base_source());
            self.warnings().push(format!(
                "a LIVE key ({key}) goes to {base} ({from}), which is not {}",
                contract::LIVE_BASE_URL
            ));
        }
    }

    fn warnings(&self) -> MutexGuard<'_, Vec<String>> {
        let warnings = self.overridden.lock();
        warnings.unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the key, if there is one. The first call may have to ask the keyring.
    pub(crate) fn api_key(&self) -> Result<Option<&str>> {
        let entry = match &self.key {
            None => return Ok(None),
            Some(StoredKey::Text(key)) => return Ok(Some(key)),
            Some(StoredKey::InKeyring(entry)) => entry,
        };
        if let Some(key) = self.revealed.get() {
            return Ok(Some(key));
        }
        let profile = &self.profile;
        let failed = |why: String| CliError {
            kind: Kind::Auth,
            ..CliError::failure(format!("the key of profile {profile}: {why}")).hint(format!(
                "unlock the keyring, set {}, or store the key again: `{}`",
                env::SECRET_KEY,
                self.suggested(&["login"])
            ))
        };
        let key = self
            .keyring
            .get(&entry.entry)
            .map_err(|failure| failed(format!("the system's keyring {failure}")))?;
        // What was shown, and asked about, must be what is used.
        if credentials::shown(&key) != entry.shown {
            return Err(failed("the keyring holds another than was stored".into()));
        }
        Ok(Some(self.revealed.get_or_init(|| key)))
    }

    /// Returns the key.
    ///
    /// # Errors
    /// Authentication when there is none, or the keyring does not give it.
    pub(crate) fn required_key(&self) -> Result<&str> {
        let none = || match self.other_keys.first() {
            Some(other) => CliError::no_key().hint(format!(
                "profile {} has none; there is one in {}: add `--profile {other}`",
                self.profile,
                self.other_keys.join(", ")
            )),
            None => CliError::no_key(),
        };
        self.api_key()?.ok_or_else(none)
    }

    /// Returns what of the key may be shown. Does not ask the keyring.
    pub(crate) fn shown_key(&self) -> Option<String> {
        self.key.as_ref().map(StoredKey::shown)
    }

    /// Returns where the key came from, as people read it.
    pub(crate) fn key_source(&self) -> String {
        match &self.key {
            Some(StoredKey::InKeyring(_)) => format!("profile {}, keyring", self.profile),
            _ => self.source(self.api_key_origin, "--api-key", env::SECRET_KEY),
        }
    }

    /// Returns where the base URL came from, as people read it.
    pub(crate) fn base_source(&self) -> String {
        self.source(self.api_base_origin, "--api-base", env::API_BASE)
    }

    fn source(&self, origin: Origin, flag: &str, variable: &str) -> String {
        origin.of_profile(flag, variable, &self.profile)
    }

    /// Returns whether the key acts on real money; `None` without a key, or with one that is none.
    pub(crate) fn mode(&self) -> Option<Mode> {
        mode_of(match self.key.as_ref()? {
            StoredKey::Text(key) => key,
            StoredKey::InKeyring(entry) => &entry.shown,
        })
    }

    /// Returns whether the key is a live one, hence what is done with it real.
    pub(crate) fn is_live(&self) -> bool {
        self.mode() == Some(Mode::Live)
    }

    /// Warns, once a run, of sources that hold something else than what is used, and of a live key at
    /// a strange place.
    pub(crate) fn warn_of_overrides(&self, ui: &Ui) {
        for warning in self.warnings().drain(..) {
            ui.warn(&warning);
        }
    }

    /// Fails when a profile was named that does not exist.
    pub(crate) fn check_profile(&self) -> Result<()> {
        let Some(known) = &self.missing_profile else {
            return Ok(());
        };
        let hint = match known.is_empty() {
            true => format!("make it with `fluxa login --profile {}`", self.profile),
            false => format!("profiles: {}", known.join(", ")),
        };
        Err(CliError::usage(format!("there is no profile `{}`", self.profile)).hint(hint))
    }

    /// Returns a command to suggest, which works as it stands, but for a key that was typed: the words
    /// given, then the global flags of this run.
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

/// Returns the mode of a key, or of what is shown of one, by its prefix.
pub(crate) fn mode_of(key: &str) -> Option<Mode> {
    let kinds = [
        contract::SECRET_KEY_PREFIX,
        contract::RESTRICTED_KEY_PREFIX,
        contract::PUBLISHABLE_KEY_PREFIX,
    ];
    let rest = kinds.iter().find_map(|kind| key.strip_prefix(kind))?;
    let modes = [
        (contract::TEST_KEY_INFIX, Mode::Test),
        (contract::LIVE_KEY_INFIX, Mode::Live),
    ];
    modes
        .iter()
        .find(|(infix, _)| rest.starts_with(infix))
        .map(|(_, mode)| *mode)
}

/// Refuses what is no name of a profile: it is shown, typed, and part of a name in the keyring.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_alphanumeric() || "_-.@".contains(c);
    match (1..=64).contains(&name.chars().count()) && name.chars().all(plain) {
        true => Ok(()),
        false => Err(
            CliError::usage(format!("`{name}` is no name for a profile"))
                .hint("1 to 64 letters, digits, `.`, `_`, `-` or `@`"),
        ),
    }
}

/// Returns the flags that say whom to talk to, as they would be typed. Of the key what may be shown
/// stands there: what is suggested is printed, and what is printed is seen. It is refused as it stands,
/// so that a command that is copied acts on no other account than the one it was suggested for.
fn repeated_flags(arguments: &GlobalArguments) -> Vec<String> {
    let directory = arguments.config_dir.as_ref();
    let directory = directory.map(|directory| directory.to_string_lossy().into_owned());
    let with_value = [
        (
            "--api-key",
            arguments.api_key.as_deref().map(credentials::shown),
        ),
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
    let of_our_own = |directory: PathBuf| PrivateDirectory::of_our_own(directory.join("fluxa"));
    flag.or_else(env::config_dir)
        .map(PrivateDirectory::new)
        .or_else(|| env::user_config_dir().map(of_our_own))
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
    fn the_mode_is_read_from_a_key_or_what_is_shown_of_it() {
        for (key, mode) in [
            ("sk_test_x", Some(Mode::Test)),
            ("rk_live_…0123", Some(Mode::Live)),
            ("pk_live_x", Some(Mode::Live)),
            ("sk_other", None),
            ("", None),
        ] {
            assert_eq!(mode_of(key), mode, "{key}");
        }
    }

    #[test]
    fn a_profile_has_a_plain_name() {
        for name in ["default", "shop-2.live", "me@work", "café"] {
            check_name(name).unwrap();
        }
        for name in ["", "a b", "a\nb", "a/b", "\u{1b}[0m", &"x".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
