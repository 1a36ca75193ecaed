//! What `fluxa config` takes.

use clap::Subcommand;

/// `fluxa config`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show the settings in force, and where each comes from.
    #[command(after_help = "\
Example:
  fluxa config list")]
    List,
    /// Print a setting in force, and nothing else; of the key, what may be shown.
    #[command(after_help = "\
Example:
  fluxa config get api_base")]
    Get {
        /// Which one.
        #[arg(value_enum)]
        setting: Setting,
    },
    /// Print the directory of the configuration.
    #[command(after_help = "\
Example:
  fluxa config path")]
    Path,
    /// Change a setting of the profile. `secret_key` is read from stdin.
    #[command(after_help = "\
Examples:
  fluxa config set output json
  fluxa config set secret_key < key.txt")]
    Set {
        /// Which one.
        #[arg(value_enum)]
        setting: Setting,
        /// Its value; leave it out for `secret_key`.
        value: Option<String>,
    },
    /// Remove a setting of the profile.
    #[command(after_help = "\
Example:
  fluxa config unset api_base")]
    Unset {
        /// Which one.
        #[arg(value_enum)]
        setting: Setting,
    },
    /// List the profiles, and which one is used.
    #[command(after_help = "\
Example:
  fluxa config profiles")]
    Profiles,
    /// Use this profile when none is named.
    #[command(after_help = "\
Example:
  fluxa config use shop-live")]
    Use {
        /// Its name.
        name: String,
    },
    /// Delete a profile, its key included.
    #[command(after_help = "\
Example:
  fluxa config delete shop-live --yes")]
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
