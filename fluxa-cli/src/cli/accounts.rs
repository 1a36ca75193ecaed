//! What `fluxa login` and `fluxa logout` take.

use clap::Args;

/// `fluxa login`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa login
  fluxa login --profile shop-live
  fluxa login --api-key-stdin < key.txt
  fluxa login --mock --profile sandbox

Your API keys are in the Fluxa dashboard. The key goes into the system's keyring where there is one,
else into a file of mode 0600; --profile keeps several apart.")]
pub(crate) struct LoginArguments {
    /// Read the key from stdin instead of asking for it.
    #[arg(long, conflicts_with_all = ["api_key", "mock"])]
    pub(crate) api_key_stdin: bool,
}

/// `fluxa logout`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa logout
  fluxa logout --all --yes")]
pub(crate) struct LogoutArguments {
    /// Remove the keys of all profiles. Asks first; --yes where nobody can be asked.
    #[arg(long)]
    pub(crate) all: bool,
}
