//! What `fluxa events` takes.

use clap::Subcommand;

/// `fluxa events`
#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// List events, newest first.
    #[command(after_help = "\
Example:
  fluxa events list --type payment.settled --limit 5")]
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
    #[command(after_help = "\
Example:
  fluxa events get evt_5f8b2c1e2a4b4d8c")]
    Get {
        /// Id of the event.
        id: String,
    },
    /// Send an event to a webhook endpoint again.
    #[command(after_help = "\
Example:
  fluxa events resend evt_5f8b2c1e2a4b4d8c --endpoint we_5f8b2c1e2a4b4d8c")]
    Resend {
        /// Id of the event.
        id: String,
        /// Id of the webhook endpoint.
        #[arg(long, value_name = "ENDPOINT")]
        endpoint: String,
    },
}
