//! `fluxa config`: the settings in force, and profiles.

mod profiles;

use clap::ValueEnum;
use fluxa_sdk::Mode;
use serde_json::json;

use super::Context;
use super::whoami::mode_name;
use crate::cli::{ConfigCommand, Setting};
use crate::config::{self, OutputSetting, Profile};
use crate::connection;
use crate::credentials;
use crate::error::{CliError, Result};
use crate::ui::{Line, Output, Table, Tone};

pub(crate) fn run(context: &Context, command: ConfigCommand) -> Result<()> {
    match command {
        ConfigCommand::List => list(context),
        ConfigCommand::Get { setting } => get(context, setting),
        ConfigCommand::Path => {
            let path = context.settings.directory()?.path("");
            match context.ui.is_json() {
                true => context.ui.json(&json!({ "path": path })),
                false => context.ui.line(&Line::new().text(path.to_string_lossy())),
            }
        }
        ConfigCommand::Set {
            setting: Setting::SecretKey,
            value,
        } => set_key(context, value.is_some()),
        ConfigCommand::Set { setting, value } => {
            let value = value.ok_or_else(|| CliError::usage("give the value, too"))?;
            change(context, setting, Some(value))
        }
        ConfigCommand::Unset {
            setting: Setting::SecretKey,
        } => unset_key(context),
        ConfigCommand::Unset { setting } => change(context, setting, None),
        ConfigCommand::Profiles => profiles::list(context),
        ConfigCommand::Use { name } => profiles::choose(context, name),
        ConfigCommand::Delete { name } => profiles::delete(context, &name),
    }
}

/// Stores a key unchecked: where the API cannot be reached, or the key comes to life later.
fn set_key(context: &Context, on_the_command_line: bool) -> Result<()> {
    if on_the_command_line {
        return Err(
            CliError::usage("a key on the command line is seen by others")
                .hint("give it on stdin: `fluxa config set secret_key < key.txt`"),
        );
    }
    let key = context.ui.read_secret()?;
    fluxa_sdk::ApiKey::new(key.as_str()).map_err(|error| CliError::usage(error.to_string()))?;
    let settings = &context.settings;
    let profile = &settings.profile;
    let place = context.store_key(&key)?;
    say(context, format!("key of profile {profile} stored {place}"));
    Ok(())
}

fn unset_key(context: &Context) -> Result<()> {
    let settings = &context.settings;
    let profile = &settings.profile;
    let directory = settings.directory()?;
    let removed = credentials::remove(directory, profile, &settings.keyring, &context.ui)?;
    let what = if removed { "removed" } else { "is not set" };
    say(context, format!("secret_key of profile {profile} {what}"));
    Ok(())
}

fn change(context: &Context, setting: Setting, value: Option<String>) -> Result<()> {
    let settings = &context.settings;
    let changed = with(setting, value.as_deref())?;
    let mut was_set = false;
    let path = config::update_profile(
        settings.directory()?,
        &settings.profile,
        &context.ui,
        |profile| was_set = changed(profile),
    )?;
    let setting = format!("{} of profile {}", name(setting), settings.profile);
    let path = path.display();
    say(
        context,
        match value {
            Some(value) => format!("{setting} set to {value} in {path}"),
            None if was_set => format!("{setting} removed from {path}"),
            None => format!("{setting} is not set"),
        },
    );
    Ok(())
}

/// A change of a profile, which tells whether the setting was there before.
type Change = Box<dyn FnOnce(&mut Profile) -> bool>;

/// Returns the change that gives a profile this value, or none.
///
/// # Errors
/// Usage when the setting has no such value.
fn with(setting: Setting, value: Option<&str>) -> Result<Change> {
    fn put<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
        std::mem::replace(slot, value).is_some()
    }
    Ok(match setting {
        Setting::ApiBase => {
            value.map_or(Ok(()), connection::check_base_url)?;
            let base = value.map(str::to_owned);
            Box::new(move |profile| put(&mut profile.api_base, base))
        }
        Setting::Output => {
            let output = match value {
                Some("human") => Some(OutputSetting::Human),
                Some("json") => Some(OutputSetting::Json),
                Some(_) => return Err(CliError::usage("output can be human or json")),
                None => None,
            };
            Box::new(move |profile| put(&mut profile.output, output))
        }
        Setting::Keyring => {
            let keyring = match value {
                Some("on" | "true") => Some(true),
                Some("off" | "false") => Some(false),
                Some(_) => return Err(CliError::usage("keyring can be on or off")),
                None => None,
            };
            Box::new(move |profile| put(&mut profile.keyring, keyring))
        }
        Setting::SecretKey => Box::new(|_| false),
    })
}

fn say(context: &Context, what: String) {
    context.ui.note(&Line::new().text(what));
}

/// Returns what a setting is called.
fn name(setting: Setting) -> String {
    let value = setting.to_possible_value();
    value.map_or(String::new(), |value| value.get_name().to_owned())
}

/// Returns the value in force, and where it comes from; of the key, what may be shown.
fn in_force(context: &Context, setting: Setting) -> Option<(String, String)> {
    let settings = &context.settings;
    match setting {
        Setting::SecretKey => Some((settings.shown_key()?, settings.key_source())),
        Setting::ApiBase => Some((settings.api_base.clone(), settings.base_source())),
        Setting::Output => {
            let output = match settings.output {
                Output::Human => "human",
                Output::Json => "json",
            };
            Some((output.to_owned(), settings.output_source()))
        }
        Setting::Keyring => Some(match settings.keyring.why_not() {
            Some(why) => ("off".to_owned(), why),
            None => ("on".to_owned(), String::new()),
        }),
    }
}

fn get(context: &Context, setting: Setting) -> Result<()> {
    let name = name(setting);
    let (value, from) = in_force(context, setting)
        .ok_or_else(|| CliError::failure(format!("{name} is not set")))?;
    match context.ui.is_json() {
        true => context
            .ui
            .json(&json!({ "setting": name, "value": value, "from": from })),
        false => context.ui.line(&Line::new().text(value)),
    }
}

fn list(context: &Context) -> Result<()> {
    let settings = &context.settings;
    settings.warn_of_overrides(&context.ui);
    let [base, key, output, keyring] = [
        Setting::ApiBase,
        Setting::SecretKey,
        Setting::Output,
        Setting::Keyring,
    ]
    .map(|setting| in_force(context, setting));
    let mode = settings.mode();
    if context.ui.is_json() {
        let both = |value: Option<(String, String)>| {
            value.map(|(value, from)| json!({ "value": value, "from": from }))
        };
        return context.ui.json(&json!({
            "profile": settings.profile,
            "mode": mode.map(mode_name),
            "api_base": both(base),
            "api_key": both(key),
            "output": output.as_ref().map(|(output, _)| output),
            "output_from": output.as_ref().map(|(_, from)| from),
            "keyring": both(keyring),
        }));
    }
    let mut table = Table::new(["SETTING", "VALUE", "FROM"]);
    let mut row = |name: &str, tone: Tone, value: Option<(String, String)>| {
        let (value, from) = value.unwrap_or_else(|| ("(none)".to_owned(), String::new()));
        table.row([
            (Tone::Plain, name.to_owned()),
            (tone, value),
            (Tone::Dim, from),
        ]);
    };
    let plain = |value: &str| Some((value.to_owned(), String::new()));
    row("profile", Tone::Bold, plain(&settings.profile));
    match mode {
        Some(Mode::Live) => row("mode", Tone::Bad, plain("LIVE")),
        Some(Mode::Test) => row("mode", Tone::Good, plain("test")),
        None => {}
    }
    row("api_base", Tone::Bold, base);
    row("secret_key", Tone::Bold, key);
    row("output", Tone::Bold, output);
    row("keyring", Tone::Bold, keyring);
    context.ui.lines(&table.lines())
}
