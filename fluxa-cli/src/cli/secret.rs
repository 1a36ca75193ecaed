//! What every command takes that makes a secret which is shown once.

use clap::Args;

use crate::env_file::EnvTarget;

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
    /// Returns them as they are typed, for a command that is suggested.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let Some(target) = &self.write_env {
            let target = format!("{}:{}", target.file().display(), target.name());
            words.extend(["--write-env".to_owned(), target]);
        }
        if self.stdout_secret {
            words.push("--stdout-secret".to_owned());
        }
        words
    }
}
