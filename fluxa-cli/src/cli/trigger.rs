//! What `fluxa trigger` takes.

use clap::Args;

/// `fluxa trigger`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa trigger payment.settled
  fluxa trigger payment.settled --override amount=2500 --override metadata.order_id=ord_1
  fluxa trigger payment.settled --timing 5s --count 20")]
pub(crate) struct TriggerArguments {
    /// Type of the event, such as `payment.settled`.
    pub(crate) event: Option<String>,
    /// List the events there are, and which can be triggered.
    #[arg(long, conflicts_with = "event")]
    pub(crate) list: bool,
    /// Change a value that is sent: `path=value`, or `step:path=value`.
    #[arg(long = "override", value_name = "PATH=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Pace of what is created: `instant`, `5s`, `settling=1s,settled=2s`, `manual`.
    #[arg(long, value_name = "TIMING")]
    pub(crate) timing: Option<String>,
    /// Do it this many times.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) count: u32,
}
