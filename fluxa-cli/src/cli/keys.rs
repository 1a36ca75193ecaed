//! What `fluxa keys` takes.

use std::time::Duration;

use clap::Subcommand;

use super::values::grace;

/// `fluxa keys`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List API keys, newest first.
    #[command(after_help = "\
Example:
  fluxa keys list")]
    List,
    /// Create an API key. Its secret is shown once.
    #[command(after_help = "\
Example:
  fluxa keys create --name refunds --kind restricted --scope refunds:write")]
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
    #[command(after_help = "\
Example:
  fluxa keys rotate key_b7c8d9e0f1a2b3c4 --grace 24h")]
    Rotate {
        /// Id of the key.
        id: String,
        /// How long the old key works on, 1h to 30d.
        #[arg(long, default_value = "24h", value_parser = grace)]
        grace: Duration,
    },
    /// Revoke an API key, at once.
    #[command(after_help = "\
Example:
  fluxa keys revoke key_b7c8d9e0f1a2b3c4 --yes")]
    Revoke {
        /// Id of the key.
        id: String,
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
