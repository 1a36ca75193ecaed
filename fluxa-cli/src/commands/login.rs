//! `fluxa login`: a key is asked for, checked, and stored.

use serde_json::json;
use zeroize::Zeroizing;

use super::Context;
use super::whoami::{account, mode_name, show_mode};
use crate::cli::LoginArguments;
use crate::config::{self, Origin, mode_of};
use crate::connection;
use crate::credentials::{self, Place};
use crate::env;
use crate::error::{CliError, Kind, Result};
use crate::signals::interrupted;
use crate::ui::{Line, Tone};

pub(crate) async fn run(context: &Context, arguments: LoginArguments) -> Result<()> {
    let settings = &context.settings;
    let (ui, profile) = (&context.ui, &settings.profile);
    let directory = settings.directory()?;
    let key = given_key(context, &arguments).await?;
    let client = connection::client_with(settings, &key)?;
    // Being asked has made signals ours.
    let account = tokio::select! {
        account = account(&client) => account,
        _ = interrupted() => return Err(CliError::interrupted()),
    };
    let account = account
        .map_err(connection::with_reach_hint(settings))
        .map_err(not_stored)?;

    let place = context.store_key(&key)?;
    // After the key: in the other order, a crash in between would send the key of before elsewhere.
    if matches!(settings.api_base_origin, Origin::Flag | Origin::Mock) {
        let base = settings.api_base.clone();
        config::update_profile(directory, profile, ui, |profile| {
            profile.api_base = Some(base);
        })?;
    }
    let mode = mode_of(&key);
    let shown = credentials::shown(&key);
    if ui.is_json() {
        ui.json(&json!({
            "profile": profile,
            "mode": mode.map(mode_name),
            "account": account.as_ref().map(|account| account.to_json()),
            "key": shown,
            "key_in": place.name(),
            "api_base": settings.api_base,
        }))?;
    } else {
        let whose = account.map_or(String::new(), |account| format!("  of {}", account.name()));
        let line = Line::new().bold(&shown).text(whose).text("  ");
        ui.note(&show_mode(line, mode));
        ui.note(&Line::new().text(format!("stored for profile {profile}, {place}")));
    }
    say_what_differs(context, &key, &place);
    Ok(())
}

async fn given_key(context: &Context, arguments: &LoginArguments) -> Result<Zeroizing<String>> {
    let settings = &context.settings;
    if matches!(settings.api_key_origin, Origin::Flag | Origin::Mock) {
        return Ok(Zeroizing::new(settings.required_key()?.to_owned()));
    }
    if arguments.api_key_stdin {
        return context.ui.read_secret();
    }
    if !context.ui.can_ask() {
        let hint = settings.suggested(&["login", "--api-key-stdin"]);
        return Err(
            CliError::usage("there is no terminal to ask for the key on").hint(format!(
                "give it on stdin: `{hint} < key.txt`; in a pipeline set {} and store nothing",
                env::SECRET_KEY
            )),
        );
    }
    for line in [
        "Your API keys are in the Fluxa dashboard. A test key (sk_test_…) is for the sandbox, where",
        "no money moves; with a restricted key (rk_…) the command line can do what its scopes say.",
    ] {
        context.ui.note(&Line::new().dim(line));
    }
    context
        .ui
        .ask_secret("API key (it is not shown as you paste it):")
        .await
}

fn not_stored(error: CliError) -> CliError {
    let error = error.context("nothing is stored");
    match error.kind {
        Kind::Network if error.hint.is_none() => error.hint("check the base URL and your network"),
        _ => error,
    }
}

/// Says why a command may not use what was stored.
fn say_what_differs(context: &Context, key: &str, place: &Place) {
    let (settings, ui) = (&context.settings, &context.ui);
    let profile = &settings.profile;
    if env::text(env::SECRET_KEY).is_some_and(|set| set != key) {
        let variable = env::SECRET_KEY;
        ui.warn(&format!(
            "{variable} holds another key, and is used before what is stored: `unset {variable}`"
        ));
    }
    if settings.api_base_origin == Origin::Environment {
        let (variable, base) = (env::API_BASE, &settings.api_base);
        ui.warn(&format!(
            "the key was checked at {base}, which {variable} says and the profile does not: \
             `fluxa config set api_base {base} --profile {profile}`"
        ));
    }
    if *place != Place::Keyring
        && let Some(why) = settings.keyring.why_not()
    {
        ui.note(&Line::new().dim(format!("not in the system's keyring: {why}")));
    }
    if *profile != settings.standing_profile {
        let words = [
            Line::new().dim("for this profile alone: "),
            Line::new().dim("when none is named:     "),
        ];
        let commands = [
            format!("fluxa whoami --profile {profile}"),
            format!("fluxa config use {profile}"),
        ];
        for (line, command) in words.into_iter().zip(commands) {
            ui.note(&line.push(Tone::Accent, command));
        }
    }
}
