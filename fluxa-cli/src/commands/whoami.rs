//! `fluxa whoami`: whose key is used, in which mode, and where it comes from.

use std::time::Duration;

use fluxa_sdk::{Client, Error, Mode};
use serde_json::{Value, json};

use super::Context;
use crate::connection;
use crate::error::Result;
use crate::ui::{Line, Tone};

/// What the API says to a restricted key that may not look at the account: the key itself is good.
const INSUFFICIENT_SCOPE: &str = "insufficient_scope";

/// How long a question waits for the name of the account.
const PATIENCE: Duration = Duration::from_secs(3);

/// The account that a key belongs to.
pub(super) struct Account {
    id: String,
    name: String,
}

pub(crate) async fn run(context: &Context) -> Result<()> {
    let settings = &context.settings;
    let client = connection::client(settings)?;
    let account = account(&client)
        .await
        .map_err(connection::with_reach_hint(settings))?;
    let key = settings.shown_key().unwrap_or_default();
    let mode = settings.mode();
    if context.ui.is_json() {
        return context.ui.json(&json!({
            "profile": settings.profile,
            "mode": mode.map(mode_name),
            "account": account.as_ref().map(Account::to_json),
            "key": key,
            "key_from": settings.key_source(),
            "api_base": settings.api_base,
            "api_base_from": settings.base_source(),
        }));
    }
    let row = |name: &str| Line::new().column(Tone::Dim, name, 10);
    context.ui.lines(&[
        row("profile").bold(&settings.profile),
        show_mode(row("mode"), mode),
        match &account {
            Some(account) => row("account")
                .bold(&account.name)
                .dim(format!("  {}", account.id)),
            None => row("account").dim("this key may not see it (scope merchant:read)"),
        },
        row("key")
            .text(&key)
            .dim(format!("  from {}", settings.key_source())),
        row("api base")
            .text(&settings.api_base)
            .dim(format!("  from {}", settings.base_source())),
    ])
}

impl Account {
    pub(super) fn to_json(&self) -> Value {
        json!({ "id": self.id, "name": self.name })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Asks the API whose key the client has; `None` when the key is good and may not see that.
pub(super) async fn account(client: &Client) -> Result<Option<Account>> {
    match client.merchant().retrieve().await {
        Ok(merchant) => Ok(Some(Account {
            id: merchant.id.to_string(),
            name: merchant.name.clone(),
        })),
        Err(Error::Api(error)) if error.code() == Some(INSUFFICIENT_SCOPE) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Says whose account a question is about, when one will be asked about a live key: ` for Acme Ltd`;
/// empty when that cannot be found out soon.
pub(super) async fn asked_about(context: &Context, client: &Client) -> String {
    let settings = &context.settings;
    if !settings.is_live() || settings.yes || !context.ui.can_ask() {
        return String::new();
    }
    match tokio::time::timeout(PATIENCE, account(client)).await {
        Ok(Ok(Some(account))) => format!(" for {}", account.name),
        _ => String::new(),
    }
}

/// Returns the mode as scripts read it.
pub(super) fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Test => "test",
        Mode::Live => "live",
    }
}

/// Adds the mode, as people read it.
pub(super) fn show_mode(line: Line, mode: Option<Mode>) -> Line {
    match mode {
        Some(Mode::Live) => line.push(Tone::Bad, "LIVE").text(": real money"),
        Some(Mode::Test) => line.push(Tone::Good, "test").text(": no money moves"),
        None => line.push(Tone::Warn, "unknown"),
    }
}
