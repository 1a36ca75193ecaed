//! The profiles: which there are, which is used when none is named, and deleting one.

use std::collections::BTreeSet;

use serde_json::json;

use crate::commands::Context;
use crate::commands::whoami::mode_name;
use crate::config::{self, check_name, mode_of};
use crate::credentials;
use crate::error::{CliError, Result};
use crate::suggest;
use crate::ui::{Line, Table, Tone};

pub(super) fn list(context: &Context) -> Result<()> {
    let (settings, ui) = (&context.settings, &context.ui);
    let directory = settings.directory()?;
    let file = config::read(directory, ui)?;
    let keys = credentials::all(directory, ui)?;
    let mut table = Table::new(["", "PROFILE", "MODE", "KEY", "KEPT IN", "API BASE"]);
    for name in names(context)? {
        let shown = keys.get(&name).map(|key| key.shown());
        let mode = shown.as_deref().and_then(mode_of).map(mode_name);
        let kept = keys.get(&name).map(|key| key.place());
        let base = file
            .profiles
            .get(&name)
            .and_then(|profile| profile.api_base.clone());
        let used = name == settings.profile;
        if ui.is_json() {
            ui.json(&json!({
                "profile": name,
                "used": used,
                "default": name == settings.standing_profile,
                "mode": mode,
                "key": shown,
                "key_in": kept,
                "api_base": base,
            }))?;
            continue;
        }
        let (tone, mode) = match mode {
            Some("live") => (Tone::Bad, "LIVE"),
            Some(mode) => (Tone::Good, mode),
            None => (Tone::Dim, "–"),
        };
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        table.row([
            (Tone::Accent, if used { "*" } else { "" }.to_owned()),
            (Tone::Bold, name),
            (tone, mode.to_owned()),
            (Tone::Plain, or_none(shown)),
            (Tone::Plain, kept.unwrap_or("–").to_owned()),
            (Tone::Plain, or_none(base)),
        ]);
    }
    match ui.is_json() {
        true => Ok(()),
        false => ui.lines(&table.lines()),
    }
}

pub(super) fn choose(context: &Context, profile: String) -> Result<()> {
    check_known(context, &profile)?;
    let said = format!("profile {profile} is used when none is named");
    config::update(context.settings.directory()?, &context.ui, |file| {
        file.default_profile = Some(profile);
    })?;
    super::say(context, said);
    Ok(())
}

pub(super) fn delete(context: &Context, profile: &str) -> Result<()> {
    check_known(context, profile)?;
    context.confirm(
        &format!("Delete profile {profile} and its key from this machine?"),
        &["config", "delete", profile],
    )?;
    let (settings, ui) = (&context.settings, &context.ui);
    let directory = settings.directory()?;
    credentials::remove(directory, profile, &settings.keyring, ui)?;
    config::update(directory, ui, |file| {
        file.profiles.remove(profile);
        file.default_profile.take_if(|chosen| chosen == profile);
    })?;
    ui.note(&Line::new().text(format!("profile {profile} is deleted")));
    Ok(())
}

/// Returns the names of the profiles that there are: by a setting, or by a key.
fn names(context: &Context) -> Result<BTreeSet<String>> {
    let (directory, ui) = (context.settings.directory()?, &context.ui);
    let keys = credentials::all(directory, ui)?;
    let file = config::read(directory, ui)?;
    Ok(file.profiles.into_keys().chain(keys.into_keys()).collect())
}

fn check_known(context: &Context, profile: &str) -> Result<()> {
    check_name(profile)?;
    let known = names(context)?;
    if known.contains(profile) {
        return Ok(());
    }
    let error = CliError::usage(format!("there is no profile `{profile}`"));
    Err(
        match suggest::closest(profile, known.iter().map(String::as_str)) {
            Some(closest) => error.hint(format!("did you mean `{closest}`?")),
            None => error.hint(format!("make it with `fluxa login --profile {profile}`")),
        },
    )
}
