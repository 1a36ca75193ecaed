//! `fluxa keys`: API keys and their life.

use std::time::Duration;

use fluxa_sdk::types::{ApiKey, ApiKeyKind, ApiKeyStatus, CreateApiKey, RotateSecret};
use fluxa_sdk::{Client, contract};

use super::{Context, check_id};
use crate::cli::{KeyKind, KeysCommand};
use crate::connection;
use crate::error::{CliError, Result};
use crate::ui::{Line, Table, Tone};

pub(crate) async fn run(context: &Context, command: KeysCommand) -> Result<()> {
    if let KeysCommand::Rotate { id, .. } | KeysCommand::Revoke { id } = &command {
        check_id(id, contract::prefix::API_KEY, "key id").map_err(|error| {
            let list = context.settings.suggested(&["keys", "list"]);
            error.hint(format!("`{list}` shows the ids"))
        })?;
    }
    let client = connection::client(&context.settings)?;
    let done = match command {
        KeysCommand::List => list(context, &client).await,
        KeysCommand::Create {
            name,
            kind,
            scopes,
            ip_allow,
        } => create(context, &client, name, kind, scopes, ip_allow).await,
        KeysCommand::Rotate { id, grace } => rotate(context, &client, id, grace).await,
        KeysCommand::Revoke { id } => revoke(context, &client, id).await,
    };
    done.map_err(connection::with_reach_hint(&context.settings))
}

async fn list(context: &Context, client: &Client) -> Result<()> {
    let mut keys = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut call = client.api_keys().list().limit(contract::LIST_LIMIT_MAX);
        if let Some(after) = after {
            call = call.after(after);
        }
        let page = call.await?.into_inner();
        keys.extend(page.data);
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    if context.ui.is_json() {
        return keys.iter().try_for_each(|key| context.ui.json(key));
    }
    let mut table = Table::new(["ID", "NAME", "KIND", "KEY", "STATUS", "MAY", "LAST USED"]);
    for key in &keys {
        let (tone, status) = status(key);
        table.row([
            (Tone::Bold, key.id.to_string()),
            (Tone::Plain, key.name.clone()),
            (Tone::Plain, key.kind.to_string()),
            (Tone::Dim, format!("…{}", key.last4)),
            (tone, status),
            (Tone::Plain, rights(&key.scopes)),
            (
                Tone::Dim,
                key.last_used_at
                    .map_or("never".to_owned(), |at| at.to_string()),
            ),
        ]);
    }
    context.ui.lines(&table.lines())
}

/// Returns what a key may do, on one line: all of it is in `--output json`.
fn rights(scopes: &[String]) -> String {
    const SHOWN: usize = 3;
    match scopes {
        [] => "everything of its kind".to_owned(),
        few if few.len() <= SHOWN => few.join(" "),
        many => format!(
            "{} and {} more",
            many[..SHOWN].join(" "),
            many.len() - SHOWN
        ),
    }
}

fn status(key: &ApiKey) -> (Tone, String) {
    match (&key.status, key.expires_at) {
        (ApiKeyStatus::Active, _) => (Tone::Good, key.status.to_string()),
        (ApiKeyStatus::Rotating, Some(until)) => (Tone::Warn, format!("rotating until {until}")),
        _ => (Tone::Dim, key.status.to_string()),
    }
}

async fn create(
    context: &Context,
    client: &Client,
    name: String,
    kind: KeyKind,
    scopes: Vec<String>,
    ip_allow: Vec<String>,
) -> Result<()> {
    let kind = match kind {
        KeyKind::Secret => ApiKeyKind::Secret,
        KeyKind::Restricted => ApiKeyKind::Restricted,
        KeyKind::Publishable => ApiKeyKind::Publishable,
    };
    if kind == ApiKeyKind::Restricted && scopes.is_empty() {
        return Err(
            CliError::usage("a restricted key needs to be allowed something")
                .hint("add --scope refunds:write, and more as needed"),
        );
    }
    context.confirm_live_write("create an API key", &["keys", "create"])?;
    let body = CreateApiKey::new(kind, name)
        .scopes(scopes)
        .ip_allowlist(ip_allow);
    let key = client.api_keys().create(body).await?.into_inner();
    show_secret(context, &key)
}

async fn rotate(context: &Context, client: &Client, id: String, grace: Duration) -> Result<()> {
    context.confirm_live_write(&format!("replace {id}"), &["keys", "rotate", &id])?;
    let seconds = i64::try_from(grace.as_secs()).unwrap_or(i64::MAX);
    let body = RotateSecret::new().grace_seconds(seconds);
    let key = client
        .api_keys()
        .rotate(id.as_str(), body)
        .await?
        .into_inner();
    show_secret(context, &key)?;
    let hours = seconds as f64 / 3_600.0;
    context
        .ui
        .note(&Line::new().dim(format!("{id} works for another {hours} h, then no more")));
    Ok(())
}

/// Prints a new key. It is the data asked for, and cannot be asked for again.
fn show_secret(context: &Context, key: &ApiKey) -> Result<()> {
    if context.ui.is_json() {
        return context.ui.json(key);
    }
    context
        .ui
        .line(&Line::new().bold(&key.id).text("  ").text(&key.name))?;
    if let Some(secret) = &key.secret {
        context
            .ui
            .line(&Line::new().push(Tone::Accent, secret.expose()))?;
        context
            .ui
            .note(&Line::new().push(Tone::Warn, "keep it now: it is not shown again"));
    }
    Ok(())
}

async fn revoke(context: &Context, client: &Client, id: String) -> Result<()> {
    context.confirm(
        &format!("Revoke {id}, at once and for good?"),
        &["keys", "revoke", &id],
    )?;
    let key = client.api_keys().revoke(id.as_str()).await?.into_inner();
    match context.ui.is_json() {
        true => context.ui.json(&key),
        false => context
            .ui
            .line(&Line::new().bold(&key.id).text("  ").text(&key.status)),
    }
}
