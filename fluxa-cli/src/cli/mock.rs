//! What `fluxa mock` takes.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::address;

/// `fluxa mock`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa mock
  fluxa mock --db sandbox.db --pace 60
  fluxa mock -- npm test                  the sandbox for as long as the tests run, at a free port
  eval \"$(fluxa mock --print-env)\"       this shell's commands use the sandbox at 127.0.0.1:4010
  fluxa mock --print-env=github >> \"$GITHUB_ENV\"

Exit codes: 0 stopped · 1 it could not start · 2 usage · 130 interrupted
  after -- CMD: the command's own, 128 and the signal's number when a signal ended it")]
pub(crate) struct MockArguments {
    /// Where to listen: a port, `localhost:port` or an address; port 0 takes a free one. An address
    /// that other machines reach needs --expose [default: 127.0.0.1:4010; a free port with -- CMD].
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) addr: Option<SocketAddr>,
    /// Print what the environment of programs that use this sandbox has, and end. Nothing is started:
    /// run `fluxa mock` with the same --addr beside it.
    #[arg(long, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "sh", value_enum, conflicts_with_all = ["command", "exec"])]
    pub(crate) print_env: Option<EnvForm>,
    /// Run the command after `--`: it is run without this, too.
    #[arg(long, requires = "command")]
    pub(crate) exec: bool,
    /// Keep everything in this file; without it, in memory.
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,
    /// How fast the sandbox's time runs: a factor, or `frozen`. As the file has it, else 1.
    #[arg(long, value_name = "PACE")]
    pub(crate) pace: Option<String>,
    /// Requests per second and burst, as `100/200`; or `off`.
    #[arg(long, value_name = "N/BURST")]
    pub(crate) rate_limit: Option<String>,
    /// Let any unknown key of the form `sk_test_` + 32 letters or digits open an empty account of its own.
    #[arg(long)]
    pub(crate) auto_accounts: bool,
    /// How many accounts keys may open; 1000 without it.
    #[arg(long, value_name = "N", requires = "auto_accounts")]
    pub(crate) max_accounts: Option<usize>,
    /// Append each exchange with the API to this file, one JSON object a line, without keys and card data.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Let other machines in, who have the sandbox's own key: the well-known keys open nothing then, and
    /// /_mock/ asks for the key too. It is shown at the start; FLUXA_MOCK_KEY gives one of your own.
    #[arg(long, conflicts_with = "auto_accounts")]
    pub(crate) expose: bool,
    /// Answer to this name too, `name` or `name:port`, beside the address; may be repeated.
    #[arg(long, value_name = "HOST", requires = "expose")]
    pub(crate) allow_host: Vec<String>,
    /// Send webhooks to this host too, wherever it is, not to this machine alone; may be repeated.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_webhook_host: Vec<String>,
    /// Do not show the requests.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Write the base URL to this file once the server answers.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Write FLUXA_API_BASE and FLUXA_SECRET_KEY to this file, for you alone to read, once the server
    /// answers: `set -a; . FILE` sets them, `docker run --env-file FILE` passes them on.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// Start with the past of a made-up merchant who has this many customers, 100 by default. Only in
    /// an empty sandbox.
    #[arg(long, value_name = "CUSTOMERS", num_args = 0..=1, default_missing_value = "100", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) seed_data: Option<u32>,
    /// Run this once the sandbox answers, with its address and key in the environment; the sandbox ends
    /// with it, and its exit code is ours.
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// How variables are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EnvForm {
    /// For `eval` in sh, bash and zsh.
    Sh,
    /// For `source` in fish.
    Fish,
    /// For `Invoke-Expression` in PowerShell.
    Powershell,
    /// NAME=value, as .env files have it.
    Dotenv,
    /// NAME=value, as the file of GITHUB_ENV takes it.
    Github,
    /// One JSON object.
    Json,
}
