//! What every command takes that makes a secret which is shown once.

use clap::Args;

use crate::env_file::EnvTarget;
use crate::error::Result;
use crate::ui::Ui;

/// Where the secret goes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SecretOptions {
    /// Put the secret into a variable of a dotenv file, and do not print it.
    #[arg(long, value_name = "FILE:NAME")]
    pub(crate) write_env: Option<EnvTarget>,
    /// Print the secret alone on stdout and all else on stderr: for `$(…)`.
    #[arg(long, conflicts_with = "write_env")]
    pub(crate) stdout_secret: bool,
}

impl SecretOptions {
    /// Refuses a file that the secret cannot be put into, before there is a secret.
    pub(crate) fn check(&self, ui: &Ui) -> Result<()> {
        match &self.write_env {
            Some(target) => target.check(ui),
            None => Ok(()),
        }
    }

    /// Returns what was typed, to be repeated in a command.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(target) = &self.write_env {
            words.extend(["--write-env".to_owned(), target.to_string()]);
        }
        if self.stdout_secret {
            words.push("--stdout-secret".to_owned());
        }
        words
    }
}
