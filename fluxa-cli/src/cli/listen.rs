//! What `fluxa listen` takes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use fluxa_sdk::SecretText;

use super::values::{seconds, when};
use crate::env_file::EnvTarget;
use crate::listen::chaos::Recipe;
use crate::listen::expect::{Expectation, known_pattern};
use crate::listen::source::Since;

/// `fluxa listen`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("targets").args(["forward_to", "route"]).multiple(true))]
#[command(after_help = "\
Examples:
  fluxa listen
  fluxa listen --forward-to 4242
  fluxa listen --mock --forward-to localhost:3000/webhooks --events 'payment.*,refund.created'
  fluxa listen --forward-to 4242 --route 'refund.*=4300/refunds' --header 'X-Tenant: acme'
  fluxa listen --forward-to 4242 --resume --since 10m
  export FLUXA_WEBHOOK_SECRET=$(fluxa listen --print-secret)
  fluxa listen --forward-to 4242 --max-events 3 --within 30 --output json
  fluxa listen -f 4242 --expect payment.settled=2 --expect payment.failed=0 --within 2m
  fluxa listen -f 3000/webhooks --chaos duplicate=10%,reorder --seed 7 -- npm test

Where an event goes: to every --route whose types match it; to every --forward-to when none does.
Each target has its own order per object and its own retries, and waits for no other. With neither,
events are shown and go nowhere: an event counts once it was shown.")]
pub(crate) struct ListenArguments {
    /// Where to send events: a port, `/path`, `host:port/path` or a URL. May be repeated.
    #[arg(short, long, value_name = "TARGET")]
    pub(crate) forward_to: Vec<String>,
    /// Where to send the events of some types instead, such as `refund.*=4300/refunds`. May be
    /// repeated.
    #[arg(long, value_name = "TYPES=TARGET")]
    pub(crate) route: Vec<String>,
    /// A header to add to every delivery, `Name: value`. May be repeated.
    #[arg(short = 'H', long, value_name = "HEADER", requires = "targets")]
    pub(crate) header: Vec<SecretText>,
    /// Accept any certificate of targets on this machine or in a private network.
    #[arg(long, requires = "targets")]
    pub(crate) skip_verify: bool,
    /// Only these types, with `*` as a wildcard, separated by commas.
    #[arg(short, long, value_name = "TYPES", value_delimiter = ',')]
    pub(crate) events: Vec<String>,
    /// Print the signing secret on stdout and exit.
    #[arg(long)]
    pub(crate) print_secret: bool,
    /// Put the signing secret into a dotenv file, such as `.env:FLUXA_WEBHOOK_SECRET`, and go on.
    #[arg(long, value_name = "FILE:NAME")]
    pub(crate) write_env: Option<EnvTarget>,
    /// Start with what happened since: `10m` ago, a date, a time with its zone; or after an event,
    /// `evt_…`.
    #[arg(long, value_name = "TIME|EVENT", value_parser = since, allow_hyphen_values = true)]
    pub(crate) since: Option<Since>,
    /// Go on where the last run with --resume and the same targets stopped. The first of them
    /// starts at --since, or now. After a crash the last second may be delivered again.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Stop after this many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_events: Option<u64>,
    /// Wait for so many events: `TYPE=N` for exactly N, `TYPE>=N`, or `TYPE` for one or more, with
    /// `*` as a wildcard. Repeatable. Events count once delivered or given up. Stops when all have
    /// come, unless --until, --max-events or a command ends it; exits 6 when one is not met. After a
    /// command that ended with 0, what is missing has until --within is over, or 5 seconds.
    #[arg(long, value_name = "TYPE=N")]
    pub(crate) expect: Vec<Expectation>,
    /// Stop after an event of this type, which may have `*`; exits 6 when --within is over first.
    #[arg(long, value_name = "TYPE", value_parser = known_pattern)]
    pub(crate) until: Option<String>,
    /// Stop after this long (30, 30s, 2m); exits 6 when what was waited for has not come by then, or
    /// the command has not ended.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub(crate) within: Option<Duration>,
    /// How long the target has to answer, in seconds; 0 waits for ever, for a debugger.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds,
          requires = "targets")]
    pub(crate) timeout: Duration,
    /// How often a delivery that failed is tried again.
    #[arg(long, value_name = "N", default_value_t = 4, requires = "targets")]
    pub(crate) retry: u32,
    /// How many deliveries may run at once to each target, 64 at most to all together; the order per
    /// object is kept.
    #[arg(long, value_name = "N", default_value_t = 16,
          value_parser = clap::value_parser!(u16).range(1..), requires = "targets")]
    pub(crate) concurrency: u16,
    /// Write the session's id to this file once events arrive.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Do not find out why a target on this machine answers 400, 401 or 403. To find out, the refused
    /// event is sent again a few times, each time signed as a likely mistake would have it.
    #[arg(long, requires = "targets")]
    pub(crate) no_doctor: bool,
    /// Record every event, what was sent and what the answers were, for `fluxa replay`. A recording
    /// is appended to; a file of another kind is left as it is.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Make trouble on purpose, as networks do: `duplicate=10%` sends an event twice, `reorder=50%`
    /// lets the next event of the same object overtake it, `delay=0..2s` holds it back.
    #[arg(long, value_name = "RECIPE", requires = "targets")]
    pub(crate) chaos: Option<Recipe>,
    /// The seed of --chaos: the same seed does the same to the same events.
    #[arg(long, value_name = "N", requires = "chaos")]
    pub(crate) seed: Option<u64>,
    /// A command to start once events arrive, after `--`; its exit status becomes ours, unless it is 0
    /// and something expected did not come or was not delivered. Ended by --until or --max-events, it
    /// counts as good.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// Reads a time or `evt_…`.
fn since(text: &str) -> Result<Since, String> {
    if text.starts_with(fluxa_sdk::contract::prefix::EVENT) {
        return Ok(Since::Event(text.to_owned()));
    }
    when(text)
        .map(Since::Time)
        .map_err(|wrong| format!("neither an event (evt_…) nor a time: {wrong}"))
}
