//! What `fluxa trigger` and `fluxa fixtures` take.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::values::{offering, seconds, text};
use crate::suggest::event_types;

/// `fluxa trigger`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa trigger payment.settled
  fluxa trigger payment.settled --override amount=2500 --override metadata.order_id=ord_1
  fluxa trigger payment.settled --timing 5s --wait
  fluxa trigger refund.created --count 100 --concurrency 8 --output json
  fluxa trigger payment.failed --show > mine.json && fluxa fixtures run mine.json

A path is written with dots (`card.number`) and means every step that has it; a step before it means
that step alone (`session:metadata.order_id`).

Exit codes: 0 all were made · 2 no such event or path · 3 the key, or a live one · 4 the API refused
  5 network or 5xx · 6 the event did not appear in time · 130 interrupted")]
pub(crate) struct TriggerArguments {
    /// Type of the event, such as `payment.settled`.
    #[arg(value_parser = offering(event_types(), text), hide_possible_values = true)]
    pub(crate) event: Option<String>,
    /// List the events there are.
    #[arg(long, conflicts_with = "event")]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) run: RunArguments,
}

/// How fixtures are run.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Change a value that is sent.
    #[arg(long = "override", value_name = "[STEP:]PATH=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Send a value that is not sent by itself.
    #[arg(long, value_name = "[STEP:]PATH=VALUE")]
    pub(crate) add: Vec<String>,
    /// Do not send a value.
    #[arg(long, value_name = "[STEP:]PATH")]
    pub(crate) remove: Vec<String>,
    /// Pace of what is created: `instant`, `5s`, `settling=1s,settled=2s`, `manual`.
    #[arg(long, value_name = "TIMING")]
    pub(crate) timing: Option<String>,
    /// Wait for the event this many seconds, 30 without a number. It is waited for anyway, unless
    /// --timing may mean it to come later.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "30", value_parser = seconds)]
    pub(crate) wait: Option<Duration>,
    /// Do it this many times.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) count: u32,
    /// This many at once.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) concurrency: u16,
    /// Print what would be sent, and send nothing.
    #[arg(long)]
    pub(crate) show: bool,
    /// Edit what is sent before it is, in the editor of VISUAL or EDITOR.
    #[arg(long, conflicts_with = "show")]
    pub(crate) edit: bool,
}

/// `fluxa fixtures`
#[derive(Debug, Subcommand)]
pub(crate) enum FixturesCommand {
    /// List the events that there are fixtures for.
    #[command(after_help = "\
Example:
  fluxa fixtures list")]
    List,
    /// Run files of your own, one after the other.
    #[command(after_help = "\
Example:
  fluxa trigger payment.settled --show > order.json
  fluxa fixtures run order.json --override amount=2500

The form of a file: docs/fixtures.md

Exit codes: as `fluxa trigger`")]
    Run {
        /// The files, JSON.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        run: RunArguments,
    },
}
