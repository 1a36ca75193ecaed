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
