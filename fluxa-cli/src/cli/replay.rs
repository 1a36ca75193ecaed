//! What `fluxa replay` takes.

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use fluxa_sdk::SecretText;

use super::values::{offering, seconds, text};
use crate::suggest::event_types;

/// `fluxa replay`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa listen --forward-to 4242 --record bug.ndjson
  fluxa replay bug.ndjson --forward-to 4242 --re-sign
  fluxa replay bug.ndjson -f 4242 --re-sign --events 'refund.*' --speed 1
  fluxa replay evt_9e8d7c6b5a493827 evt_0a1b2c3d4e5f6071 -f 4242

Each event is sent once to each target, in the order in which it came, and is not tried again.
Exits 7 when a target answers anything but 2xx.")]
pub(crate) struct ReplayArguments {
    /// The recording, made by `fluxa listen --record`; or ids of events (`evt_…`), which are read from
    /// the API and signed anew.
    #[arg(required = true, value_name = "FILE|EVENT")]
    pub(crate) what: Vec<OsString>,
    /// Where to send events: a port, `/path`, `host:port/path` or a URL. May be repeated.
    #[arg(short, long, value_name = "TARGET", required = true)]
    pub(crate) forward_to: Vec<String>,
    /// Sign anew, with the secret in FLUXA_WEBHOOK_SECRET or else that of your API key. Without it
    /// the signatures are the old ones, which servers refuse after five minutes.
    #[arg(long)]
    pub(crate) re_sign: bool,
    /// How fast: `max`, or times the pace at which the events came.
    #[arg(long, value_name = "SPEED", default_value = "max")]
    pub(crate) speed: Speed,
    /// Only these types, with `*` as a wildcard, separated by commas.
    #[arg(short, long, value_name = "TYPES", value_delimiter = ',',
          value_parser = offering(event_types(), text), hide_possible_values = true)]
    pub(crate) events: Vec<String>,
    /// A header to add to every delivery, `Name: value`. May be repeated.
    #[arg(short = 'H', long, value_name = "HEADER")]
    pub(crate) header: Vec<SecretText>,
    /// Accept any certificate of targets on this machine or in a private network.
    #[arg(long)]
    pub(crate) skip_verify: bool,
    /// How long the target has to answer (30, 30s, 2m); 0 waits for ever, for a debugger.
    #[arg(long, value_name = "TIME", default_value = "30", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

/// The pace of a replay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// One event after the other, without a pause.
    Max,
    /// So many times as fast as it was.
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        text.parse()
            .ok()
            .filter(|times: &f64| times.is_finite() && *times > 0.0)
            .map(Self::Times)
            .ok_or_else(|| "neither `max` nor a number above 0, such as 1 or 10".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Speed;

    #[test]
    fn a_speed_is_max_or_a_number() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("1".parse(), Ok(Speed::Times(1.0)));
        for wrong in ["", "0", "-1", "NaN", "inf", "fast"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }
}
