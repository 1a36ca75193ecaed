//! What `fluxa keys` takes. `list`, `get` and `requests` are made of the contract.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::call::{CallOptions, IdempotencyOption};
use super::secret::SecretOptions;
use super::values::{grace, pair};
use crate::scopes;

/// `fluxa keys`
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Create an API key. Its secret is shown once.
    #[command(after_help = CREATE_EXAMPLES)]
    Create(CreateKeyArguments),
    /// Change an API key's name, rights or allow-list. What is not given stays.
    #[command(after_help = "\
Example:
  fluxa keys update key_b7c8d9e0f1a2b3c4 --scope payments:read,refunds:write")]
    Update(UpdateKeyArguments),
    /// Replace an API key. The old one works until the grace is over.
    #[command(after_help = ROTATE_HELP)]
    Rotate(RotateKeyArguments),
    /// Revoke an API key, at once.
    #[command(after_help = "\
It asks first; say --yes where nobody can be asked.

Examples:
  fluxa keys revoke key_b7c8d9e0f1a2b3c4
  fluxa keys revoke key_b7c8d9e0f1a2b3c4 --yes")]
    Revoke(RevokeKeyArguments),
}

const CREATE_EXAMPLES: &str = "\
The key is printed once, also into a pipe or a log, unless --write-env puts it into a file.

Examples:
  fluxa keys create --name ci --write-env .env:FLUXA_SECRET_KEY
  fluxa keys create --name refunds --kind restricted --scope payments:read,refunds:write
  KEY=$(fluxa keys create --name ci --stdout-secret)";

const ROTATE_HELP: &str = "\
The key that the profile holds is replaced there (--no-store: it is not), and the new one is not
printed. A rotation that was cut off, by a crash or the network, is finished by the same command: it
is done once, whatever happens. It asks first, but not again when it finishes one; say --yes where
nobody can be asked.

Examples:
  fluxa keys rotate key_b7c8d9e0f1a2b3c4 --grace 1h
  fluxa keys rotate key_b7c8d9e0f1a2b3c4 --write-env .env:FLUXA_SECRET_KEY --yes";

/// `fluxa keys create`
#[derive(Debug, Args)]
pub(crate) struct CreateKeyArguments {
    /// Your name for it.
    #[arg(long)]
    pub(crate) name: String,
    /// Kind of the key.
    #[arg(long, value_enum, default_value_t = KeyKind::Secret)]
    pub(crate) kind: KeyKind,
    #[command(flatten)]
    pub(crate) rights: Rights,
    /// Your own note on it; repeat it for more.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) metadata: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) secret: SecretOptions,
    #[command(flatten)]
    pub(crate) idempotency: IdempotencyOption,
    #[command(flatten)]
    pub(crate) call: CallOptions,
}

/// `fluxa keys update`
#[derive(Debug, Args)]
pub(crate) struct UpdateKeyArguments {
    /// Id of the key.
    pub(crate) id: String,
    /// Your name for it.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) rights: Rights,
    /// Let it be used from anywhere: empties the allow-list.
    #[arg(long, conflicts_with = "ip_allow")]
    pub(crate) any_ip: bool,
    /// Your own notes on it, in the place of all there are; repeat it for more.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) metadata: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) call: CallOptions,
}

/// What a key may do, and from where.
#[derive(Debug, Args)]
pub(crate) struct Rights {
    /// What a restricted key may do, such as `refunds:write`; repeat it for more.
    #[arg(
        long = "scope",
        alias = "scopes",
        value_name = "RESOURCE:RIGHT",
        value_delimiter = ',',
        value_parser = scopes::parse
    )]
    pub(crate) scopes: Vec<String>,
    /// Range it may be used from, such as `203.0.113.0/24`; repeat it for more.
    #[arg(
        long = "ip-allow",
        alias = "ip-allowlist",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    pub(crate) ip_allow: Vec<String>,
}

/// `fluxa keys rotate`
#[derive(Debug, Args)]
pub(crate) struct RotateKeyArguments {
    /// Id of the key.
    pub(crate) id: String,
    /// How long the old key works on, 1h to 30d.
    #[arg(long, default_value = "24h", value_parser = grace)]
    pub(crate) grace: Duration,
    /// Put the new key into the profile, also when the profile holds another than the old one.
    #[arg(long, conflicts_with = "no_store")]
    pub(crate) store: bool,
    /// Leave the profile as it is.
    #[arg(long)]
    pub(crate) no_store: bool,
    #[command(flatten)]
    pub(crate) secret: SecretOptions,
    #[command(flatten)]
    pub(crate) call: CallOptions,
}

/// `fluxa keys revoke`
#[derive(Debug, Args)]
pub(crate) struct RevokeKeyArguments {
    /// Id of the key.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) idempotency: IdempotencyOption,
    #[command(flatten)]
    pub(crate) call: CallOptions,
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
