//! `fluxa keys`: API keys and their life. Looking at them is made of the contract.

pub(super) mod journal;
mod rotate;

use fluxa_sdk::types::{ApiKey, ApiKeyKind};
use fluxa_sdk::{Client, contract};
use serde_json::{Map, Value, json};

use super::{Context, check_id};
use crate::cli::{
    CreateKeyArguments, KeyKind, KeysCommand, RevokeKeyArguments, UpdateKeyArguments,
};
use crate::config::Origin;
use crate::connection;
use crate::error::{CliError, Result};
use crate::issued::Issued;
use crate::json_text::JsonText;
use crate::raw_call::RawCall;
use crate::ui::Line;
use journal::Journal;

pub(crate) async fn run(context: &Context, command: KeysCommand) -> Result<()> {
    if let Some(id) = id_of(&command) {
        check_key_id(context, id)?;
    }
    let is_rotation = matches!(command, KeysCommand::Rotate(_));
    let done = match &command {
        KeysCommand::Create(arguments) => create(context, arguments).await,
        KeysCommand::Update(arguments) => update(context, arguments).await,
        KeysCommand::Rotate(arguments) => rotate::run(context, arguments).await,
        KeysCommand::Revoke(arguments) => revoke(context, arguments).await,
    };
    if !is_rotation {
        tell_unfinished(context);
    }
    done.map_err(connection::with_reach_hint(&context.settings))
}

/// Returns the id that a command is about.
fn id_of(command: &KeysCommand) -> Option<&str> {
    match command {
        KeysCommand::Create(_) => None,
        KeysCommand::Update(arguments) => Some(&arguments.id),
        KeysCommand::Rotate(arguments) => Some(&arguments.id),
        KeysCommand::Revoke(arguments) => Some(&arguments.id),
    }
}

fn check_key_id(context: &Context, id: &str) -> Result<()> {
    check_id(id, contract::prefix::API_KEY, "key id").map_err(|error| {
        let list = context.settings.suggested(&["keys", "list"]);
        error.hint(format!("`{list}` shows the ids"))
    })
}

/// Tells of rotations that were cut off: only whoever finishes them has the new key.
pub(super) fn tell_unfinished(context: &Context) {
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
        let finish = match id.starts_with(contract::prefix::API_KEY) {
            true => settings.suggested(&["keys", "rotate", id]),
            false => settings.suggested(&["webhook-endpoints", "rotate-secret", id, "--yes"]),
        };
        context.ui.warn(&format!(
            "a rotation of {id} was cut off; this finishes it: `{finish}`"
        ));
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

/// Asks before a key comes to its end, now or later.
fn confirm_end(context: &Context, doing: &str, words: &[&str]) -> Result<()> {
    match context.settings.is_live() {
        true => context.confirm_live_write(doing, words),
        false => context.confirm(&format!("Really {doing}?"), words),
    }
}

async fn create(context: &Context, arguments: &CreateKeyArguments) -> Result<()> {
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
    let mut words: Vec<String> = ["keys", "create", "--name", name, "--kind", &kind]
        .map(str::to_owned)
        .into();
    let mut repeat = |flag: &str, typed: &[String]| {
        let flags = typed.iter().flat_map(|typed| [flag, typed.as_str()]);
        words.extend(flags.map(str::to_owned));
    };
    repeat("--scope", &rights.scopes);
    repeat("--ip-allow", &rights.ip_allow);
    repeat("--metadata", &typed_pairs(&arguments.metadata));
    words.extend(arguments.secret.words());
    let mut body = json!({
        "kind": kind,
        "name": name,
        "scopes": rights.scopes,
        "ip_allowlist": rights.ip_allow,
    });
    if !arguments.metadata.is_empty() {
        body["metadata"] = arguments.metadata.iter().cloned().collect();
    }
    let call = RawCall {
        body: Some(body),
        idempotency_key: arguments.idempotency.idempotency_key.clone(),
        options: arguments.call.clone(),
        ..RawCall::new("POST", "/api_keys".to_owned(), words)
    };
    arguments.secret.check(&context.ui)?;
    if call.options.dry_run {
        return call.show(context);
    }
    let client = connection::client(&context.settings)?;
    context.confirm_live_write("create an API key", &call.words())?;
    let answer = call.send(context, &client).await?;
    Issued::take(context, &answer, &arguments.secret)
}

/// Returns pairs as they are typed.
fn typed_pairs(pairs: &[(String, String)]) -> Vec<String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

async fn update(context: &Context, arguments: &UpdateKeyArguments) -> Result<()> {
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
    let pairs = arguments.metadata.iter().cloned().collect();
    let typed = typed_pairs(&arguments.metadata);
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
        options: arguments.call.clone(),
        ..RawCall::new("PATCH", format!("/api_keys/{id}"), words)
    };
    if call.options.dry_run {
        return call.show(context);
    }
    let client = connection::client(&context.settings)?;
    context.confirm_live_write(&format!("change {id}"), &call.words())?;
    let answer = call.send(context, &client).await?;
    let shown = show(context, &answer, |key| {
        let line = Line::new().bold(&key.id).text("  ");
        line.text(&key.name).text("  ").dim(rights_and_places(key))
    });
    answer.told(context, shown)
}

/// Prints the key of an answer, as it came, or by a line for people.
fn show(context: &Context, answer: &str, line: impl FnOnce(&ApiKey) -> Line) -> Result<()> {
    let wrong = |error| CliError::network(format!("the answer is no key: {error}"));
    if context.ui.is_json() {
        let object = JsonText::parse(answer).map_err(wrong)?;
        return context.ui.json(&object);
    }
    let key = serde_json::from_str(answer).map_err(wrong)?;
    context.ui.line(&line(&key))
}

fn rights_and_places(key: &ApiKey) -> String {
    let places = match key.ip_allowlist.as_slice() {
        [] => "anywhere".to_owned(),
        ranges => ranges.join(" "),
    };
    format!("{}, from {places}", rights(&key.scopes))
}

async fn revoke(context: &Context, arguments: &RevokeKeyArguments) -> Result<()> {
    let (settings, id) = (&context.settings, arguments.id.as_str());
    let words = ["keys", "revoke", id].map(str::to_owned).into();
    let call = RawCall {
        idempotency_key: arguments.idempotency.idempotency_key.clone(),
        options: arguments.call.clone(),
        ..RawCall::new("POST", format!("/api_keys/{id}/revoke"), words)
    };
    if call.options.dry_run {
        return call.show(context);
    }
    let client = connection::client(settings)?;
    let in_use = match settings.yes || context.ui.can_ask() {
        // What cannot be found out stands in nobody's way.
        true => look_up(&client, id).await.ok().flatten(),
        false => None,
    };
    let in_use = in_use.is_some_and(|key| is_in_use(context, &key));
    if in_use {
        context.ui.warn(&format!(
            "{id} is the key in use, from {}",
            settings.key_source()
        ));
    }
    let doing = format!("revoke {id}, at once and for good");
    confirm_end(context, &doing, &call.words())?;
    let answer = call.send(context, &client).await?;
    let shown = show(context, &answer, |key| {
        let line = Line::new().bold(&key.id).text("  ");
        line.text(&key.status)
    });
    answer.told(context, shown)?;
    if in_use && settings.api_key_origin == Origin::Profile {
        let login = settings.suggested(&["login"]);
        let said = format!("profile {} needs another key: `{login}`", settings.profile);
        context.ui.note(&Line::new().dim(said));
    }
    Ok(())
}
