//! What `fluxa mock` takes.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::values::address;

/// `fluxa mock`
#[derive(Debug, Args)]
pub(crate) struct MockArguments {
    /// Where on this machine to listen: a port, `localhost:port` or an address; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4010", value_name = "ADDRESS", value_parser = address)]
    pub(crate) addr: SocketAddr,
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
    /// Do not show the requests.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Write the base URL to this file once the server answers.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Start with the past of a made-up merchant who has this many customers, 100 by default. Only in
    /// an empty sandbox.
    #[arg(long, value_name = "CUSTOMERS", num_args = 0..=1, default_missing_value = "100", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) seed_data: Option<u32>,
}
