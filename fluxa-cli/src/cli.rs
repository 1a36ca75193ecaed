//! Owns the command line: what can be typed, and what it is called.
//!
//! Knows nothing of what the commands do.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::ui::Output;

const EXIT_CODES: &str = "\
Exit codes:
  0 ok · 1 failure · 2 usage · 3 authentication or permission · 4 API error (4xx)
  5 network or 5xx · 6 expectation unmet or time-out · 7 endpoint answered non-2xx
  130 interrupted";

/// Fluxa on the command line: a sandbox server, webhooks to your machine, events on demand, keys.
///
/// New here? `fluxa demo` shows a payment's whole life in seconds, with no account.
#[derive(Debug, Parser)]
#[command(name = "fluxa", version, propagate_version = true, after_help = EXIT_CODES)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArguments {
    /// API key. Other users of this machine can see it: prefer `FLUXA_SECRET_KEY`.
    #[arg(long, global = true, value_name = "KEY")]
    pub(crate) api_key: Option<String>,
    /// Base URL of the API [env: FLUXA_API_BASE].
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) api_base: Option<String>,
    /// Use the mock at 127.0.0.1:4010 with its well-known key.
    #[arg(long, global = true)]
    pub(crate) mock: bool,
    /// Profile of the configuration [env: FLUXA_PROFILE] [default: default].
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// How data is printed; json is one object a line [env: FLUXA_OUTPUT] [default: human].
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        hide_possible_values = false
    )]
    pub(crate) output: Option<Output>,
    /// Directory of the configuration [env: FLUXA_CONFIG_DIR].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) config_dir: Option<PathBuf>,
    /// Say on stderr what is asked of the API, or of `fluxa mock`; -vv also what the libraries do.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch a payment's whole life, end to end, in seconds.
    Demo,
    /// Run the sandbox server on this machine.
    Mock(MockArguments),
    /// Forward events to a server on your machine, signed.
    Listen(ListenArguments),
    /// Make an event happen, through the real API.
    Trigger(TriggerArguments),
    /// Manage API keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Look at events, and send them again.
    #[command(subcommand)]
    Events(EventsCommand),
    /// Read and change the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// `fluxa mock`
#[derive(Debug, Args)]
pub(crate) struct MockArguments {
    /// Where to listen: a port, `localhost:port` or an address; port 0 takes a free one. An address that
    /// other machines reach needs --expose.
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
    /// Let other machines in, who have the sandbox's own key: the well-known keys open nothing then, and
    /// /_mock/ asks for the key too. It is shown at the start; FLUXA_MOCK_KEY gives one of your own.
    #[arg(long, conflicts_with = "auto_accounts")]
    pub(crate) expose: bool,
    /// Answer to this name too, `name` or `name:port`, beside the address; may be repeated.
    #[arg(long, value_name = "HOST", requires = "expose")]
    pub(crate) allow_host: Vec<String>,
    /// Send webhooks to this host too, wherever it is, not to this machine alone; may be repeated.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_webhook_host: Vec<String>,
    /// Do not show the requests.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Write the base URL to this file once the server answers.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
    /// Write FLUXA_API_BASE and FLUXA_SECRET_KEY to this file, for you alone to read, once the server
    /// answers: `set -a; . FILE` sets them, `docker run --env-file FILE` passes them on.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    /// Start with the past of a made-up merchant who has this many customers, 100 by default. Only in
    /// an empty sandbox.
    #[arg(long, value_name = "CUSTOMERS", num_args = 0..=1, default_missing_value = "100", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) seed_data: Option<u32>,
}

/// `fluxa listen`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa listen --forward-to 4242
  fluxa listen --mock --forward-to localhost:3000/webhooks --events 'payment.*,refund.created'
  export FLUXA_WEBHOOK_SECRET=$(fluxa listen --print-secret)
  fluxa listen --forward-to 4242 --max-events 3 --within 30 --output json")]
pub(crate) struct ListenArguments {
    /// Where to send events: a port, `/path`, `host:port/path` or a URL.
    #[arg(
        short,
        long,
        value_name = "TARGET",
        required_unless_present = "print_secret"
    )]
    pub(crate) forward_to: Option<String>,
    /// Only these types, with `*` as a wildcard, separated by commas.
    #[arg(short, long, value_name = "TYPES", value_delimiter = ',')]
    pub(crate) events: Vec<String>,
    /// Print the signing secret on stdout and exit.
    #[arg(long)]
    pub(crate) print_secret: bool,
    /// Start after this event instead of now.
    #[arg(long, value_name = "EVENT")]
    pub(crate) since: Option<String>,
    /// Stop after this many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_events: Option<u64>,
    /// Stop after this many seconds; exits 6 when --max-events is not reached by then.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) within: Option<Duration>,
    /// How long the target has to answer, in seconds; 0 waits for ever.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// How often a delivery that failed is tried again.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) retry: u32,
    /// How many deliveries may run at once; the order per object is kept.
    #[arg(long, value_name = "N", default_value_t = 16,
          value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrency: u16,
    /// Write the session's id to this file once events arrive.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

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

/// `fluxa keys`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List API keys, newest first.
    List,
    /// Create an API key. Its secret is shown once.
    Create {
        /// Your name for it.
        #[arg(long)]
        name: String,
        /// Kind of the key.
        #[arg(long, value_enum, default_value_t = KeyKind::Secret)]
        kind: KeyKind,
        /// What a restricted key may do, such as `refunds:write`; repeat it for more.
        #[arg(long = "scope", value_name = "RESOURCE:RIGHT", value_delimiter = ',')]
        scopes: Vec<String>,
        /// Range it may be used from, such as `203.0.113.0/24`; repeat it for more.
        #[arg(long = "ip-allow", value_name = "CIDR", value_delimiter = ',')]
        ip_allow: Vec<String>,
    },
    /// Replace an API key. The old one works until the grace is over.
    Rotate {
        /// Id of the key.
        id: String,
        /// How long the old key works on, 1h to 30d.
        #[arg(long, default_value = "24h", value_parser = grace)]
        grace: Duration,
    },
    /// Revoke an API key, at once.
    Revoke {
        /// Id of the key.
        id: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

/// Kinds of API keys.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum KeyKind {
    /// Full access, for servers.
    Secret,
    /// Limited to its scopes, for servers.
    Restricted,
    /// For browsers: creates nothing by itself.
    Publishable,
}

/// `fluxa events`
#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// List events, newest first.
    List {
        /// Only this type.
        #[arg(long = "type", value_name = "TYPE")]
        event_type: Option<String>,
        /// How many, 1 to 100.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        /// Start after this event.
        #[arg(long, value_name = "EVENT")]
        after: Option<String>,
    },
    /// Show an event whole.
    Get {
        /// Id of the event.
        id: String,
    },
    /// Send an event to a webhook endpoint again.
    Resend {
        /// Id of the event.
        id: String,
        /// Id of the webhook endpoint.
        #[arg(long, value_name = "ENDPOINT")]
        endpoint: String,
    },
}

/// `fluxa config`
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show the settings in force, and where each comes from.
    List,
    /// Print the directory of the configuration.
    Path,
    /// Change a setting of the profile. `secret_key` is read from stdin.
    Set {
        /// Which one.
        #[arg(value_enum)]
        setting: Setting,
        /// Its value; leave it out for `secret_key`.
        value: Option<String>,
    },
    /// Remove a setting of the profile.
    Unset {
        /// Which one.
        #[arg(value_enum)]
        setting: Setting,
    },
}

/// Settings of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Setting {
    /// The API key.
    SecretKey,
    /// Base URL of the API.
    ApiBase,
    /// `human` or `json`.
    Output,
}

/// Reads `4011`, `localhost:4011`, `127.0.0.1:4011` or `[::1]:4011`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().map_err(|_| {
        "neither a port nor an address: 4011, localhost:4011 or 127.0.0.1:4011".to_owned()
    })
}

/// Reads `1.5` as seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "not a number of seconds".to_owned())
}

/// Reads how long a key may work on after it was replaced.
fn grace(text: &str) -> Result<Duration, String> {
    let grace = duration(text)?;
    let (least, most) = (duration("1h")?, duration("30d")?);
    match (least..=most).contains(&grace) {
        true => Ok(grace),
        false => Err("a grace is 1h to 30d".to_owned()),
    }
}

/// Reads `90s`, `5m`, `24h`, `30d`.
fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text.char_indices().next_back().map_or(0, |(at, _)| at);
    let (number, unit) = text.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("a duration has a unit: 90s, 5m, 24h or 30d".to_owned()),
    };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "a duration is a whole number and a unit: 90s, 5m, 24h or 30d".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_address_may_be_a_port_or_on_localhost() {
        for text in ["4011", "localhost:4011", "127.0.0.1:4011"] {
            assert_eq!(address(text).unwrap().to_string(), "127.0.0.1:4011");
        }
        assert_eq!(address("[::1]:0").unwrap().to_string(), "[::1]:0");
        for wrong in ["", "localhost", "example.com:80", "99999", "127.0.0.1"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_grace_is_an_hour_to_thirty_days() {
        for right in ["1h", "60m", "24h", "30d"] {
            assert!(grace(right).is_ok(), "{right}");
        }
        for wrong in ["5m", "59m", "31d", "721h", "0s"] {
            assert_eq!(grace(wrong).unwrap_err(), "a grace is 1h to 30d");
        }
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(duration("30d"), Ok(Duration::from_secs(2_592_000)));
        for wrong in ["", "24", "h", "1.5h", "-1h", "1é", "99999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
