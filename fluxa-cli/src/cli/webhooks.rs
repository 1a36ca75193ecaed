//! What `fluxa webhooks` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::values::seconds;

/// `fluxa webhooks`
#[derive(Debug, Subcommand)]
#[command(after_help = "\
The secret is read from FLUXA_WEBHOOK_SECRET, or from stdin with --secret-stdin; never from the
command line, which other users of the machine can see. Neither command needs an API key.")]
pub(crate) enum WebhooksCommand {
    /// Print the signature header's value for a body.
    #[command(after_help = "\
Examples:
  fluxa webhooks sign event.json
  curl --data-binary @event.json -H \"$(fluxa webhooks sign --header event.json)\" localhost:4242")]
    Sign {
        #[command(flatten)]
        body: BodyArguments,
        /// The time of signing, in Unix seconds [default: now].
        #[arg(long, value_name = "SECONDS")]
        timestamp: Option<i64>,
        /// Print the header whole, name and value.
        #[arg(long)]
        header: bool,
    },
    /// Say whether a signature is good for a body, and exactly why not; exits 1 when it is not.
    #[command(after_help = "\
Examples:
  fluxa webhooks verify body.bin --signature 't=1716135600,v1=5257a8…'
  fluxa webhooks verify - --signature \"$HEADER\" --at 1716135660 < body.bin")]
    Verify {
        #[command(flatten)]
        body: BodyArguments,
        /// The value of the X-Fluxa-Signature header.
        #[arg(long, value_name = "HEADER")]
        signature: String,
        /// When it was received: Unix seconds, or a time such as 2026-05-19T12:00:00Z [default: now].
        #[arg(long, value_name = "TIME", value_parser = instant)]
        at: Option<i64>,
        /// How old, or how far ahead, the signature may be.
        #[arg(long, value_name = "TIME", default_value = "5m", value_parser = seconds)]
        tolerance: Duration,
    },
}

/// The bytes that are signed, and with what.
#[derive(Debug, Args)]
pub(crate) struct BodyArguments {
    /// The file with the body, byte for byte; `-` is stdin.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Read the secret from stdin instead of FLUXA_WEBHOOK_SECRET.
    #[arg(long)]
    pub(crate) secret_stdin: bool,
}

/// Reads Unix seconds or an RFC 3339 time as Unix seconds.
fn instant(text: &str) -> Result<i64, String> {
    text.parse().or_else(|_| {
        text.parse::<jiff::Timestamp>()
            .map(|at| at.as_second())
            .map_err(|_| "neither Unix seconds nor a time such as 2026-05-19T12:00:00Z".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn a_time_is_seconds_or_rfc_3339() {
        assert_eq!(instant("1716135600"), Ok(1_716_135_600));
        assert_eq!(instant("2024-05-19T16:20:00Z"), Ok(1_716_135_600));
        assert!(instant("yesterday").is_err());
    }
}
