//! What `fluxa logs` takes.

use clap::{Args, Subcommand};

use super::values::{StatusPattern, idempotency_key, key_id, method, when};
use crate::when::When;

/// `fluxa logs`
#[derive(Debug, Subcommand)]
pub(crate) enum LogsCommand {
    /// Show requests to the API as they are made, with any key of the account.
    Tail(TailArguments),
}

/// `fluxa logs tail`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa logs tail
  fluxa logs tail --status 4xx,5xx --method POST
  fluxa logs tail --path '/payments*' --since 1h --no-follow --output json

Was a write carried out, whose answer was lost?
  fluxa logs tail --idempotency-key 3a26160a-bc4b-4fb1-91a6-d60a5e13bc5d")]
pub(crate) struct TailArguments {
    /// Only these methods, separated by commas.
    #[arg(long, value_name = "METHODS", value_delimiter = ',', value_parser = method)]
    pub(crate) method: Vec<&'static str>,
    /// Only these paths, with `*` as a wildcard: `/payments*`.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) path: Option<String>,
    /// Only these statuses or classes, separated by commas: `404`, `5xx`.
    #[arg(long, value_name = "STATUSES", value_delimiter = ',')]
    pub(crate) status: Vec<StatusPattern>,
    /// Only requests made with this key.
    #[arg(long, value_name = "KEY_ID", value_parser = key_id)]
    pub(crate) key: Option<String>,
    /// Only requests with this idempotency key: was a write carried out?
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    pub(crate) idempotency_key: Option<String>,
    /// Start at this time: `10m` ago, a date, or a time with its zone. Without it, the last few.
    #[arg(long, value_name = "WHEN", value_parser = when, allow_hyphen_values = true)]
    pub(crate) since: Option<When>,
    /// How many requests of the past to show at most; 10 without --since.
    #[arg(long, value_name = "N")]
    pub(crate) last: Option<usize>,
    /// Stop after those of the past.
    #[arg(long)]
    pub(crate) no_follow: bool,
}
