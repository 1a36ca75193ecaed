//! What `fluxa doctor` and `fluxa open` take.

use clap::Args;

/// `fluxa doctor`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa doctor
  fluxa doctor --forward-to 3000/webhooks
  fluxa doctor --output json | jq '.checks[] | select(.result != \"ok\")'

Exit codes: 0 nothing fails · 1 something fails")]
pub(crate) struct DoctorArguments {
    /// Also look at the server that webhooks go to: whether it is there, and refuses what is not
    /// signed. It is sent one event without a signature, and one with a wrong one.
    #[arg(short, long, value_name = "TARGET")]
    pub(crate) forward_to: Option<String>,
}

/// `fluxa open`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa open docs
  fluxa open payment_not_refundable
  fluxa open --mock
  fluxa open chk_5f8b2c1e2a4b4d8c")]
pub(crate) struct OpenArguments {
    /// `docs`, `inspector`, the code of an error, or an object's id: a checkout session's page to pay
    /// on, others in the inspector. Without it: the inspector of a sandbox on this machine, else docs.
    pub(crate) what: Option<String>,
    /// Print the address and open nothing.
    #[arg(long)]
    pub(crate) print: bool,
}
