//! `fluxa keys rotate`: a new key in the place of an old one. Cut off anywhere, by a crash or the
//! network, the same command finishes it, with the same new key.

use fluxa_sdk::types::ApiKey;
use fluxa_sdk::{Client, IdempotencyKey, contract};
use serde_json::json;

use super::journal::{Journal, Rotation, is_over};
use super::{confirm_end, is_in_use, look_up};
use crate::cli::RotateKeyArguments;
use crate::commands::Context;
use crate::config::Origin;
use crate::credentials;
use crate::error::{CliError, Result};
use crate::issued::{Issued, Keep};
use crate::raw_call::{JSON, RawCall};
use crate::signals::interrupted;
use crate::ui::{Line, Tone};
use crate::{connection, env};

/// What the API says to a rotation of a key that is not active.
const STATE_CONFLICT: &str = "state_conflict";

pub(super) async fn run(context: &Context, arguments: &RotateKeyArguments) -> Result<()> {
    let (settings, id) = (&context.settings, arguments.id.as_str());
    let journal = Journal {
        directory: settings.directory()?,
        api_base: &settings.api_base,
        ui: &context.ui,
    };
    let unfinished = journal.unfinished()?.remove(id);
    arguments.secret.check(&context.ui)?;
    if arguments.call.dry_run {
        return request(arguments, unfinished.as_ref()).show(context);
    }
    let client = &connection::client(settings)?;
    if unfinished.is_none() {
        let until = hours(arguments.grace.as_secs());
        let doing = format!("replace {id} (it works for another {until} h)");
        confirm_end(context, &doing, &as_words(&words(arguments)))?;
    }
    let in_use = match look_up(client, id).await? {
        Some(key) => is_in_use(context, &key),
        None => false,
    };
    let rotation = match &unfinished {
        Some(rotation) => {
            say_it_goes_on(context, rotation, arguments);
            rotation.clone()
        }
        None => {
            let stores = arguments.store || (in_use && settings.api_key_origin == Origin::Profile);
            let profile = (stores && !arguments.no_store).then(|| settings.profile.clone());
            let replaces = match &profile {
                Some(profile) => held(context, profile)?,
                None => None,
            };
            let rotation = Rotation::new(arguments.grace.as_secs(), profile, replaces);
            // Before the request: from here on the new key can be had again.
            journal
                .begin(id, rotation)
                .map_err(|error| error.context("nothing was rotated"))?
        }
    };

    let mut call = client
        .raw("POST", &path(id))
        .text(JSON)
        .json(json!({ "grace_seconds": rotation.grace_seconds }))
        .idempotency_key(IdempotencyKey::new(rotation.idempotency_key.as_str())?);
    if let Some(timeout) = arguments.call.timeout {
        call = call.timeout(timeout);
    }
    if let Some(version) = &arguments.call.api_version {
        call = call.api_version(version);
    }
    let finish = settings.suggested(&["keys", "rotate", id]);
    let answer = tokio::select! {
        answer = call => answer,
        _ = interrupted() => {
            context.ui.warn(&format!("interrupted; this finishes it, once: `{finish}`"));
            return Err(CliError::interrupted());
        }
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            let is_over = is_over(&error, unfinished.is_some());
            let error = connection::with_reach_hint(settings)(error.into());
            if !is_over {
                let hint = match error.api_status() {
                    Some(401 | 403) => {
                        format!("it was begun before; a key that may do it finishes it: `{finish}`")
                    }
                    _ => format!(
                        "nobody knows whether it was done; this finishes it, once: `{finish}`"
                    ),
                };
                return Err(error.hint(hint));
            }
            journal.end(id)?;
            let code = error.api.as_ref().and_then(|api| api.code.as_deref());
            return match code {
                Some(STATE_CONFLICT) => rotated_before(context, client, id, error).await,
                _ => Err(error),
            };
        }
    };

    let issued = Issued::read(&answer)?;
    let profile = destination(context, arguments, &rotation, &issued)?;
    let store = |secret: &str| {
        let profile = profile.as_deref().unwrap_or(&settings.profile);
        let directory = settings.directory()?;
        let place = credentials::store(directory, profile, secret, &settings.keyring, &context.ui)?;
        Ok(format!("stored for profile {profile}, {place}"))
    };
    let keep = profile.is_some().then_some(&store as Keep<'_>);
    issued
        .hand_over(context, &arguments.secret, keep)
        .map_err(|error| {
            error.hint(format!(
                "the new key works, and so does the old one until the grace is over; once there is \
                 room again, this puts the same new key there: `{finish}`"
            ))
        })?;
    // The new key has arrived: at the worst it is handed over twice.
    if let Err(error) = journal.end(id) {
        context.ui.warn(&format!("{error}"));
    }
    let grace = hours(rotation.grace_seconds);
    let note = Line::new().dim(format!("{id} works for another {grace} h, then no more"));
    context.ui.note(&note);
    if in_use {
        if profile.is_none() {
            say_what_holds_the_old_key(context);
        }
        let note = format!(
            "`fluxa listen` signs with a secret of its key: with the new one your server needs \
             another {}; `fluxa listen --print-secret` prints it",
            env::WEBHOOK_SECRET
        );
        context.ui.note(&Line::new().dim(note));
    }
    Ok(())
}

fn path(id: &str) -> String {
    format!("/api_keys/{id}/rotate")
}

/// Returns the request as it can be shown: that of a rotation that was cut off is the same again.
fn request(arguments: &RotateKeyArguments, unfinished: Option<&Rotation>) -> RawCall {
    let grace = arguments.grace.as_secs();
    RawCall {
        body: Some(json!({
            "grace_seconds": unfinished.map_or(grace, |rotation| rotation.grace_seconds),
        })),
        idempotency_key: unfinished.map(|rotation| rotation.idempotency_key.clone()),
        options: arguments.call.clone(),
        ..RawCall::new("POST", path(&arguments.id), words(arguments))
    }
}

/// Returns the command as it was typed.
fn words(arguments: &RotateKeyArguments) -> Vec<String> {
    let grace = match arguments.grace.as_secs() {
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds => format!("{seconds}s"),
    };
    let mut words = ["keys", "rotate", &arguments.id, "--grace", &grace]
        .map(str::to_owned)
        .to_vec();
    for (typed, flag) in [
        (arguments.store, "--store"),
        (arguments.no_store, "--no-store"),
    ] {
        words.extend(typed.then(|| flag.to_owned()));
    }
    words.extend(arguments.secret.words());
    words
}

fn as_words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// Returns what may be shown of the key that a profile holds.
fn held(context: &Context, profile: &str) -> Result<Option<String>> {
    let stored = credentials::read(context.settings.directory()?, profile, &context.ui)?;
    Ok(stored.map(|key| key.shown()))
}

/// Returns the profile that the new key goes to. One that has got another key since the rotation was
/// begun keeps that.
fn destination(
    context: &Context,
    arguments: &RotateKeyArguments,
    rotation: &Rotation,
    issued: &Issued,
) -> Result<Option<String>> {
    if arguments.store {
        return Ok(Some(context.settings.profile.clone()));
    }
    let Some(profile) = rotation.profile.as_ref().filter(|_| !arguments.no_store) else {
        return Ok(None);
    };
    let held = held(context, profile)?;
    if held == rotation.replaces || held == Some(issued.shown()) {
        return Ok(Some(profile.clone()));
    }
    context.ui.warn(&format!(
        "profile {profile} holds another key by now: that is left there"
    ));
    Ok(None)
}

fn hours(seconds: u64) -> f64 {
    seconds as f64 / 3_600.0
}

/// Tells that this is the end of a rotation that was begun before.
fn say_it_goes_on(context: &Context, rotation: &Rotation, arguments: &RotateKeyArguments) {
    let id = &arguments.id;
    let begun = rotation.begun_at.strftime("%Y-%m-%d %H:%M:%SZ");
    let grace = match rotation.grace_seconds == arguments.grace.as_secs() {
        true => String::new(),
        false => format!(", with its grace of {} h", hours(rotation.grace_seconds)),
    };
    context.ui.warn(&format!(
        "a rotation of {id} was begun at {begun} and cut off: this finishes it{grace}"
    ));
}

/// A rotation was refused since the key is not active. Nothing is wrong when its successor is in use:
/// the command was cut off after its very last step, or typed twice.
async fn rotated_before(
    context: &Context,
    client: &Client,
    id: &str,
    error: CliError,
) -> Result<()> {
    let is_successor = |key: &ApiKey| {
        key.rotated_from
            .as_ref()
            .is_some_and(|old| old.as_str() == id)
    };
    let mut keys = client
        .api_keys()
        .list()
        .limit(contract::LIST_LIMIT_MAX)
        .stream();
    let successor = loop {
        match keys.next().await {
            Some(Ok(key)) if is_successor(&key) => break key,
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(error),
        }
    };
    if !is_in_use(context, &successor) {
        let new = successor.id.as_str();
        return Err(error.hint(format!(
            "its successor is {new}; if nobody has that one, replace it: `{}`",
            context.settings.suggested(&["keys", "rotate", new])
        )));
    }
    if context.ui.is_json() {
        return context.ui.json(&successor);
    }
    let line = Line::new().bold(&successor.id).text("  ");
    context.ui.line(&line.text(&successor.name))?;
    let said = format!("{id} was rotated before: this is its successor, and it is in use");
    context.ui.note(&Line::new().dim(said));
    Ok(())
}

/// The key in use was replaced, and not where it comes from.
fn say_what_holds_the_old_key(context: &Context) {
    let settings = &context.settings;
    let holds = match settings.api_key_origin {
        Origin::Profile => format!("profile {} holds", settings.profile),
        Origin::Environment => format!("{} holds", env::SECRET_KEY),
        _ => "this command used".to_owned(),
    };
    let note = Line::new().push(Tone::Warn, holds);
    context
        .ui
        .note(&note.text(" the old key: replace it before then"));
}
