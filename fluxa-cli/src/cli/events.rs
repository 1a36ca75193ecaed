//! What `fluxa events` takes that is not made of the contract.

use std::num::NonZeroU8;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::values::{offering, seconds, text, when};
use crate::suggest::event_types;
use crate::when::When;

/// `fluxa events`
#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Send an event to a webhook endpoint again, or all whose delivery has failed.
    #[command(after_help = RESEND_EXAMPLES)]
    Resend(ResendArguments),
    /// Show what differs between the objects of two events, or between one and the present.
    #[command(after_help = "\
Examples:
  fluxa events diff evt_9e8d7c6b5a493827 evt_0a1b2c3d4e5f6071
  fluxa events diff evt_9e8d7c6b5a493827     (what has changed since)")]
    Diff {
        /// Id of the event.
        event: String,
        /// Id of a later one; its object's present state when not given.
        later: Option<String>,
    },
}

const RESEND_EXAMPLES: &str = "\
Examples:
  fluxa events resend evt_9e8d7c6b5a493827 --endpoint we_a1b2c3d4e5f60718
  fluxa events resend --failed --since 24h --type 'payment.*'
  fluxa events resend --failed --dry-run     (what would be sent)";

/// `fluxa events resend`
#[derive(Debug, Args)]
pub(crate) struct ResendArguments {
    /// Id of the event.
    #[arg(required_unless_present = "failed", conflicts_with = "failed")]
    pub(crate) id: Option<String>,
    /// Id of the webhook endpoint; with --failed all that are enabled, unless one is named.
    #[arg(long, value_name = "ENDPOINT", required_unless_present = "failed")]
    pub(crate) endpoint: Option<String>,
    /// All events whose delivery was given up, and did not succeed later.
    #[arg(long)]
    pub(crate) failed: bool,
    /// Only deliveries that failed since: 10m, 24h, a date, or a time with its zone.
    #[arg(long, value_name = "TIME", value_parser = when, allow_hyphen_values = true, requires = "failed")]
    pub(crate) since: Option<When>,
    /// Only events of these types; `*` stands for anything.
    #[arg(
        long = "type",
        value_name = "TYPE",
        value_delimiter = ',',
        value_parser = offering(event_types(), text),
        hide_possible_values = true,
        requires = "failed"
    )]
    pub(crate) types: Vec<String>,
    /// How many at a time.
    #[arg(long, value_name = "N", default_value = "4", requires = "failed")]
    pub(crate) concurrency: NonZeroU8,
    /// How long to wait for each answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Show the requests, without the key, and send nothing again.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
