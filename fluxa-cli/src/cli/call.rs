//! What every request to the API takes, and what lists take.

use std::time::Duration;

use clap::Args;

use super::values::{idempotency_key, time_limit};

/// Options of a single request.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct CallOptions {
    /// Show the request, without the key, and send nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Limit the call as a whole, its retries included, in seconds [default: 90].
    #[arg(long, value_name = "SECONDS", value_parser = time_limit)]
    pub(crate) timeout: Option<Duration>,
    /// Ask for another version of the API.
    #[arg(long, value_name = "DATE")]
    pub(crate) api_version: Option<String>,
}

/// The option of requests that create or change something.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct IdempotencyOption {
    /// Key that makes the call safe to repeat for 24 hours; a random one when not given.
    #[arg(long, value_name = "KEY", value_parser = idempotency_key)]
    pub(crate) idempotency_key: Option<String>,
}

/// The option of requests with a body.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DataOption {
    /// The body as JSON, or `@FILE` that holds it, or `-` for stdin.
    #[arg(short, long, value_name = "JSON", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,
}

/// Options of lists.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PageOptions {
    /// Items of a page, 1 to 100 [default: 20; 100 with --all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: Option<u32>,
    /// Every page, each printed as it comes.
    #[arg(long)]
    pub(crate) all: bool,
    /// Start after this cursor: the id of an item.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
}
