//! What `fluxa config` takes.

use clap::Subcommand;

/// `fluxa config`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show the settings in force, and where each comes from.
    List,
    /// Print the value in force of a setting, and nothing else.
    Get {
        /// Which one.
        #[arg(value_enum)]
        setting: Setting,
    },
    /// Print the directory of the configuration.
    Path,
    /// Change a setting of the profile. `secret_key` is read from stdin.
    Set {
        /// Which one.
        #[arg(value_enum)]
        setting: Setting,
        /// Its value; leave it out for `secret_key`.
        value: Option<String>,
    },
    /// Remove a setting of the profile.
    Unset {
        /// Which one.
        #[arg(value_enum)]
        setting: Setting,
    },
    /// List the profiles, and which one is used.
    Profiles,
    /// Use this profile when none is named.
    Use {
        /// Its name.
        name: String,
    },
    /// Delete a profile, its key included.
    Delete {
        /// Its name.
        name: String,
    },
}

/// Settings of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Setting {
    /// The API key.
    SecretKey,
    /// Base URL of the API.
    ApiBase,
    /// `human` or `json`.
    Output,
    /// `on` or `off`: whether the key may be put into the system's keyring.
    Keyring,
}
