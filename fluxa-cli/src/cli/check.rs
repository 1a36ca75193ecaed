//! What `fluxa check` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `fluxa check`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa check checkout.toml
  fluxa check tests/*.toml --junit report.xml
  fluxa check checkout.toml --filter refund --fail-fast
  fluxa check --list tests/*.toml

The form of a file: docs/check.md

Exit codes: 0 everything held · 1 a server did not start · 2 a file is not of the form
  3 the key · 5 the sandbox could not be reached · 6 something expected did not happen
  7 the server answered something else, and nothing else failed · 130 interrupted")]
pub(crate) struct CheckArguments {
    /// The files, TOML.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Run the scenarios whose names have this, or match it where it has a `*`. Repeatable.
    #[arg(long, value_name = "NAME")]
    pub(crate) filter: Vec<String>,
    /// List the scenarios, and run none.
    #[arg(long)]
    pub(crate) list: bool,
    /// Stop at the first one that fails.
    #[arg(long)]
    pub(crate) fail_fast: bool,
    /// Run this many at once; by default as many as there are processors. In the sandbox of the
    /// settings, which they share, one.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Where they run: in a sandbox of each one's own, or in that of the settings.
    #[arg(long, value_enum, default_value_t = WhichSandbox::Own)]
    pub(crate) sandbox: WhichSandbox,
    /// Make the same ids on every run.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Write a report as CI servers read it.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

/// Where scenarios run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhichSandbox {
    /// A fresh one for each, in memory, on a free port.
    Own,
    /// The one that the other commands use: --api-base, FLUXA_SECRET_KEY, the profile.
    Settings,
}
