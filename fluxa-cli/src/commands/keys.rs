//! `fluxa keys`: API keys and their life.

mod journal;
mod rotate;

use fluxa_sdk::types::{ApiKey, ApiKeyKind, ApiKeyStatus};
use fluxa_sdk::{Client, contract};
use serde_json::{Map, Value, json};

use super::{Context, check_id};
use crate::cli::{CreateKeyArguments, KeyKind, KeysCommand, UpdateKeyArguments};
use crate::config::Origin;
use crate::connection;
use crate::error::{CliError, Result};
use crate::issued::Issued;
use crate::raw_call::RawCall;
use crate::ui::{Line, Table, Tone};
use journal::Journal;

pub(crate) async fn run(context: &Context, command: KeysCommand) -> Result<()> {
    let (KeysCommand::List { .. } | KeysCommand::Create(_)) = &command else {
        check_key_id(context, id_of(&command))?;
        return with_client(context, command).await;
    };
    with_client(context, command).await
}

/// Returns the id that a command is about; empty for none.
fn id_of(command: &KeysCommand) -> &str {
    match command {
        KeysCommand::List { .. } | KeysCommand::Create(_) => "",
        KeysCommand::Update(arguments) => &arguments.id,
        KeysCommand::Rotate(arguments) => &arguments.id,
        KeysCommand::Revoke { id } => id,
    }
}

fn check_key_id(context: &Context, id: &str) -> Result<()> {
    check_id(id, contract::prefix::API_KEY, "key id").map_err(|error| {
        let list = context.settings.suggested(&["keys", "list"]);
        error.hint(format!("`{list}` shows the ids"))
    })
}

async fn with_client(context: &Context, command: KeysCommand) -> Result<()> {
    let client = connection::client(&context.settings)?;
    let done = match &command {
        KeysCommand::List { kind, status } => {
            list(context, &client, kind.clone(), status.clone()).await
        }
        KeysCommand::Create(arguments) => create(context, &client, arguments).await,
        KeysCommand::Update(arguments) => update(context, &client, arguments).await,
        KeysCommand::Rotate(arguments) => rotate::run(context, &client, arguments).await,
        KeysCommand::Revoke { id } => revoke(context, &client, id).await,
    };
    if !matches!(command, KeysCommand::Rotate(_)) {
        tell_unfinished(context);
    }
    done.map_err(connection::with_reach_hint(&context.settings))
}

/// Tells of rotations that were cut off: only whoever finishes them has the new key.
fn tell_unfinished(context: &Context) {
    let settings = &context.settings;
    let unfinished = settings.directory.as_ref().map(|directory| {
        let journal = Journal {
            directory,
            api_base: &settings.api_base,
            ui: &context.ui,
        };
        journal.unfinished()
    });
    for id in unfinished.and_then(Result::ok).unwrap_or_default().keys() {
        let finish = settings.suggested(&["keys", "rotate", id]);
        context.ui.warn(&format!(
            "a rotation of {id} was cut off; this finishes it: `{finish}`"
        ));
    }
}

/// Returns all keys, newest first.
async fn all(client: &Client, kind: Option<String>, status: Option<String>) -> Result<Vec<ApiKey>> {
    let mut keys = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut call = client.api_keys().list().limit(contract::LIST_LIMIT_MAX);
        if let Some(kind) = &kind {
            call = call.kind(ApiKeyKind::from(kind.as_str()));
        }
        if let Some(status) = &status {
            call = call.status(ApiKeyStatus::from(status.as_str()));
        }
        if let Some(after) = after {
            call = call.after(after);
        }
        let page = call.await?.into_inner();
        keys.extend(page.data);
        after = page.next_cursor;
        if after.is_none() {
            return Ok(keys);
        }
    }
}

/// Returns a key; `None` when the one in use may not look at keys.
async fn look_up(client: &Client, id: &str) -> Result<Option<ApiKey>> {
    match client.api_keys().retrieve(id).await {
        Ok(key) => Ok(Some(key.into_inner())),
        Err(error) => match CliError::from(error) {
            error if error.api_status() == Some(403) => Ok(None),
            error => Err(error),
        },
    }
}

/// Returns whether this is the key of this run, as far as its prefix and its end tell: the API says no
/// more of a key, and the keyring is not asked.
fn is_in_use(context: &Context, key: &ApiKey) -> bool {
    let prefix = match key.kind {
        ApiKeyKind::Secret => contract::SECRET_KEY_PREFIX,
        ApiKeyKind::Restricted => contract::RESTRICTED_KEY_PREFIX,
        _ => return false,
    };
    let shown = context.settings.shown_key().unwrap_or_default();
    shown.starts_with(prefix) && shown.ends_with(&key.last4)
}

async fn list(
    context: &Context,
    client: &Client,
    kind: Option<String>,
    status: Option<String>,
) -> Result<()> {
    let keys = all(client, kind, status).await?;
    if context.ui.is_json() {
        return keys.iter().try_for_each(|key| context.ui.json(key));
    }
    if keys.is_empty() {
        context.ui.note(&Line::new().dim("none"));
        return Ok(());
    }
    let mut table = Table::new(["ID", "NAME", "KIND", "KEY", "STATUS", "MAY", "LAST USED"]);
    for key in &keys {
        let (tone, status) = shown_status(key);
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

fn shown_status(key: &ApiKey) -> (Tone, String) {
    match (&key.status, key.expires_at) {
        (ApiKeyStatus::Active, _) => (Tone::Good, key.status.to_string()),
        (ApiKeyStatus::Rotating, Some(until)) => (Tone::Warn, format!("rotating until {until}")),
        _ => (Tone::Dim, key.status.to_string()),
    }
}

async fn create(context: &Context, client: &Client, arguments: &CreateKeyArguments) -> Result<()> {
    let kind = match arguments.kind {
        KeyKind::Secret => ApiKeyKind::Secret,
        KeyKind::Restricted => ApiKeyKind::Restricted,
        KeyKind::Publishable => ApiKeyKind::Publishable,
    };
    let rights = &arguments.rights;
    match (&kind, rights.scopes.is_empty()) {
        (ApiKeyKind::Restricted, true) => {
            return Err(
                CliError::usage("a restricted key needs to be allowed something")
                    .hint("add --scope refunds:write, and more as needed"),
            );
        }
        (ApiKeyKind::Restricted, false) | (_, true) => {}
        (kind, false) => {
            return Err(CliError::usage(format!("a {kind} key has no scopes"))
                .hint("add --kind restricted, or leave --scope out"));
        }
    }
    let kind = kind.to_string();
    let name = arguments.name.as_str();
    let mut words = vec!["keys", "create", "--name", name, "--kind", &kind];
    for scope in &rights.scopes {
        words.extend(["--scope", scope]);
    }
    for range in &rights.ip_allow {
        words.extend(["--ip-allow", range]);
    }
    context.confirm_live_write("create an API key", &words)?;
    let mut body = json!({
        "kind": kind,
        "name": name,
        "scopes": rights.scopes,
        "ip_allowlist": rights.ip_allow,
    });
    if !arguments.metadata.is_empty() {
        body["metadata"] = arguments.metadata.iter().cloned().collect();
    }
    let words = words.into_iter().map(str::to_owned);
    let words = words.chain(arguments.secret.words()).collect();
    let call = RawCall {
        body: Some(body),
        idempotency_key: arguments.idempotency.idempotency_key.clone(),
        ..RawCall::new("POST", "/api_keys".to_owned(), words)
    };
    let answer = call.send(context, client).await?;
    Issued::take(context, &answer, &arguments.secret)
}

async fn update(context: &Context, client: &Client, arguments: &UpdateKeyArguments) -> Result<()> {
    let id = arguments.id.as_str();
    let rights = &arguments.rights;
    let mut words = vec!["keys".to_owned(), "update".to_owned(), id.to_owned()];
    let mut body = Map::new();
    let mut set = |name: &str, value: Value, flag: &str, typed: &[String]| {
        if !typed.is_empty() {
            body.insert(name.to_owned(), value);
            let flags = typed.iter().flat_map(|typed| [flag, typed.as_str()]);
            words.extend(flags.map(str::to_owned));
        }
    };
    let name: Vec<String> = arguments.name.iter().cloned().collect();
    set("name", json!(arguments.name), "--name", &name);
    set("scopes", json!(rights.scopes), "--scope", &rights.scopes);
    let ranges = json!(rights.ip_allow);
    set("ip_allowlist", ranges, "--ip-allow", &rights.ip_allow);
    let pairs = arguments.metadata.iter();
    let typed: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let pairs = arguments.metadata.iter().cloned().collect();
    set("metadata", pairs, "--metadata", &typed);
    if arguments.any_ip {
        body.insert("ip_allowlist".to_owned(), json!([]));
        words.push("--any-ip".to_owned());
    }
    if body.is_empty() {
        return Err(CliError::usage("nothing to change was given")
            .hint("it may be --name, --scope, --ip-allow, --any-ip, --metadata"));
    }
    let call = RawCall {
        body: Some(Value::Object(body)),
        ..RawCall::new("PATCH", format!("/api_keys/{id}"), words)
    };
    context.confirm_live_write(&format!("change {id}"), &call.words())?;
    let answer = call.send(context, client).await?;
    let read = serde_json::from_str(&answer)
        .map_err(|error| CliError::network(format!("the answer is no key: {error}")));
    let key: ApiKey = answer.told(context, read)?;
    if context.ui.is_json() {
        return context.ui.json(&key);
    }
    context.ui.line(
        &Line::new()
            .bold(&key.id)
            .text("  ")
            .text(&key.name)
            .text("  ")
            .dim(rights_and_places(&key)),
    )
}

fn rights_and_places(key: &ApiKey) -> String {
    let places = match key.ip_allowlist.as_slice() {
        [] => "anywhere".to_owned(),
        ranges => ranges.join(" "),
    };
    format!("{}, from {places}", rights(&key.scopes))
}

async fn revoke(context: &Context, client: &Client, id: &str) -> Result<()> {
    let settings = &context.settings;
    let words = ["keys", "revoke", id];
    let question = format!("Revoke {id}, at once and for good?");
    let in_use = match settings.yes || context.ui.can_ask() {
        // What cannot be found out stands in nobody's way.
        true => look_up(client, id).await.ok().flatten(),
        false => None,
    };
    let in_use = in_use.is_some_and(|key| is_in_use(context, &key));
    if in_use {
        context.ui.warn(&format!(
            "{id} is the key in use, from {}",
            settings.key_source()
        ));
    }
    context.confirm(&question, &words)?;
    let key = client.api_keys().revoke(id).await?.into_inner();
    match context.ui.is_json() {
        true => context.ui.json(&key)?,
        false => {
            let line = Line::new().bold(&key.id).text("  ");
            context.ui.line(&line.text(&key.status))?;
        }
    }
    if in_use && settings.api_key_origin == Origin::Profile {
        let login = settings.suggested(&["login"]);
        let said = format!("profile {} needs another key: `{login}`", settings.profile);
        context.ui.note(&Line::new().dim(said));
    }
    Ok(())
}
