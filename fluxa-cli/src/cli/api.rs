//! What `fluxa api` takes.

use clap::Args;

use super::call::{CallOptions, DataOption, IdempotencyOption};
use super::values::{header, method, pair};

/// `fluxa api`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa api GET /payments --query state=SETTLED --query limit=5
  fluxa api POST /refunds --data '{\"payment\":\"pay_5f8b2c1e2a4b4d8c\"}'
  fluxa api POST /customers --data @customer.json --idempotency-key import-17
  fluxa api GET /payments/pay_5f8b2c1e2a4b4d8c/history --header 'Accept: text/csv'")]
pub(crate) struct ApiArguments {
    /// GET, HEAD, POST, PUT, PATCH or DELETE.
    #[arg(value_parser = method)]
    pub(crate) method: &'static str,
    /// Path below the base URL, such as `/payments`.
    pub(crate) path: String,
    /// Parameter of the query; repeat it for more.
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) query: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) data: DataOption,
    /// One more header; repeat it for more.
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) header: Vec<(String, String)>,
    /// Print the status and the headers of the answer too.
    #[arg(short, long)]
    pub(crate) include: bool,
    #[command(flatten)]
    pub(crate) idempotency: IdempotencyOption,
    #[command(flatten)]
    pub(crate) options: CallOptions,
}
