//! Owns the command line: what can be typed, and what it is called. One file for each noun.
//!
//! Knows nothing of what the commands do.

mod accounts;
mod api;
mod call;
mod check;
mod config;
mod doctor;
mod events;
mod help;
mod keys;
mod listen;
mod logs;
mod mock;
mod reconcile;
#[cfg(test)]
mod reference;
mod replay;
mod resources;
mod secret;
mod trigger;
mod values;
mod webhooks;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use accounts::{LoginArguments, LogoutArguments};
pub(crate) use api::ApiArguments;
pub(crate) use call::{CallOptions, DataOption, IdempotencyOption, PageOptions};
pub(crate) use check::{CheckArguments, WhichSandbox};
pub(crate) use config::{ConfigCommand, Setting};
pub(crate) use doctor::{DoctorArguments, OpenArguments};
pub(crate) use events::{EventsCommand, ResendArguments};
pub(crate) use keys::{
    CreateKeyArguments, KeyKind, KeysCommand, RevokeKeyArguments, RotateKeyArguments,
    UpdateKeyArguments,
};
pub(crate) use listen::ListenArguments;
pub(crate) use logs::{LogsCommand, TailArguments};
pub(crate) use mock::{EnvForm, MockArguments};
pub(crate) use reconcile::{DateOrderArgument, FormatArguments, ReconcileArguments};
pub(crate) use replay::{ReplayArguments, Speed};
pub(crate) use resources::{ResourceCommand, argument};
pub(crate) use secret::SecretOptions;
pub(crate) use trigger::{FixturesCommand, RunArguments, TriggerArguments};
pub(crate) use values::{StatusPattern, duration, method, seconds};
pub(crate) use webhooks::{BodyArguments, WebhooksCommand};

use crate::ui::{self, Output};

const MORE: &str = "\
`fluxa --help` has examples, the environment and the exit codes; `fluxa COMMAND --help` what a command takes.";

const COMPLETION: &str = "\
Examples:
  fluxa completion bash
  fluxa completion zsh > _fluxa

Install:
  bash        fluxa completion bash > ~/.local/share/bash-completion/completions/fluxa
  zsh         fluxa completion zsh > \"${fpath[1]}/_fluxa\"
  fish        fluxa completion fish > ~/.config/fish/completions/fluxa.fish
  powershell  fluxa completion powershell | Out-String | Invoke-Expression   (in $PROFILE)
  elvish      fluxa completion elvish > ~/.config/elvish/lib/fluxa.elv   (then: use fluxa)";

/// Fluxa on the command line: a sandbox server, webhooks to your machine, events on demand, keys.
///
/// New here? `fluxa demo` shows a payment's whole life in seconds, with no account.
#[derive(Debug, Parser)]
#[command(name = "fluxa", version, propagate_version = true)]
#[command(after_help = MORE, after_long_help = help::TOP_LEVEL)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArguments {
    /// API key. Other users of this machine can see it: prefer `FLUXA_SECRET_KEY`.
    #[arg(long, global = true, value_name = "KEY")]
    pub(crate) api_key: Option<String>,
    /// Base URL of the API [env: FLUXA_API_BASE].
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) api_base: Option<String>,
    /// Use the mock at 127.0.0.1:4010 with its well-known key.
    #[arg(long, global = true)]
    pub(crate) mock: bool,
    /// Profile of the configuration [env: FLUXA_PROFILE] [default: default].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// How data is printed; json is one object a line [env: FLUXA_OUTPUT] [default: human].
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        hide_possible_values = false
    )]
    pub(crate) output: Option<Output>,
    /// Directory of the configuration [env: FLUXA_CONFIG_DIR].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) config_dir: Option<PathBuf>,
    /// Leave the system's keyring alone: keys are kept in a file [env: FLUXA_NO_KEYRING].
    #[arg(long, global = true)]
    pub(crate) no_keyring: bool,
    /// Do not ask: yes to every question. Without a terminal, nothing is asked and this is needed.
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// Say on stderr what is asked of the API, or of `fluxa mock`; -vv also what the libraries do.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch a payment's whole life, end to end, in seconds.
    #[command(after_help = "\
Example:
  fluxa demo

It needs no account, no key and no network.")]
    Demo,
    /// Run the sandbox server on this machine.
    Mock(MockArguments),
    /// Forward events to a server on your machine, signed.
    Listen(Box<ListenArguments>),
    /// Send the events of a recording again, byte for byte.
    Replay(ReplayArguments),
    /// Make an event happen, through the real API.
    Trigger(TriggerArguments),
    /// Run fixtures of your own: files of steps, as `fluxa trigger --show` prints them.
    #[command(subcommand)]
    Fixtures(FixturesCommand),
    /// Run declared scenarios: make things happen, expect what must come of them. For CI.
    Check(CheckArguments),
    /// Store an API key, after checking it.
    Login(LoginArguments),
    /// Remove the stored API key.
    Logout(LogoutArguments),
    /// Show whose key is used, in which mode, and where it comes from.
    #[command(after_help = "\
Examples:
  fluxa whoami
  fluxa whoami --profile shop-live --output json")]
    Whoami,
    /// Manage API keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Look at events, and send them again.
    #[command(subcommand)]
    Events(EventsCommand),
    /// Make any call of the API, as it is.
    Api(ApiArguments),
    /// Look at the requests that were made to the API.
    #[command(subcommand)]
    Logs(LogsCommand),
    /// Set bank statements against what settled.
    Reconcile(ReconcileArguments),
    /// How the API is, and what is set up in the account.
    #[command(after_help = "\
Examples:
  fluxa status
  fluxa status --mock --output json")]
    Status,
    /// Find out what is wrong with the set-up, and what to do about it.
    Doctor(DoctorArguments),
    /// Open the documentation, the inspector or an object's page in the browser.
    Open(OpenArguments),
    /// Sign and verify webhooks by hand.
    #[command(subcommand)]
    Webhooks(WebhooksCommand),
    /// Read and change the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the completion script of a shell.
    #[command(after_help = COMPLETION)]
    Completion {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory.
    #[command(after_help = "\
Example:
  fluxa man ~/.local/share/man/man1 && man fluxa-listen")]
    Man {
        /// The directory; it is made where there is none.
        directory: PathBuf,
    },
    /// An operation of the contract: see [`resources`].
    #[command(skip)]
    Resource(ResourceCommand),
}

/// Returns the whole command line: what is written by hand, and what is made of the contract.
pub(crate) fn command() -> clap::Command {
    resources::with_resources(help::with_exit_codes(Cli::command()))
}

fn is_help(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

impl Cli {
    /// Reads the arguments of this process.
    ///
    /// # Errors
    /// What is wrong with them; or help, which was asked for.
    pub(crate) fn parse_arguments() -> Result<Self, clap::Error> {
        Self::parse_from_words(std::env::args_os().collect())
    }

    fn parse_from_words(words: Vec<OsString>) -> Result<Self, clap::Error> {
        // The contract's nouns take longer to make than all else together: only what no command
        // made by hand takes is read with them.
        match Self::try_parse_from(&words) {
            Err(error) if error.kind() != ErrorKind::DisplayVersion => {}
            read => return read,
        }
        let mut command = command();
        let mut read = command.try_get_matches_from_mut(words.clone());
        if let (Err(error), Some(width)) = (&read, ui::help_width())
            && is_help(error.kind())
        {
            command = help::fitted(self::command(), width);
            read = command.try_get_matches_from_mut(words.clone());
        }
        let mut matches = read
            .map_err(resources::with_one_suggestion)
            .map_err(|error| help::with_suggestion(error, &mut command, &words))?;
        let read = match resources::chosen(&matches) {
            Some(chosen) => GlobalArguments::from_arg_matches(&matches).map(|global| Self {
                global,
                command: Command::Resource(chosen),
            }),
            None => Self::from_arg_matches_mut(&mut matches),
        };
        read.map_err(|error| error.format(&mut command))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
