//! `fluxa config`: the settings of a profile.

use serde_json::json;
use zeroize::Zeroizing;

use super::Context;
use crate::cli::{ConfigCommand, Setting};
use crate::config::{self, OutputSetting};
use crate::connection;
use crate::credentials;
use crate::env;
use crate::error::{CliError, Result};
use crate::ui::{Line, Output, Table, Tone};

pub(crate) fn run(context: &Context, command: ConfigCommand) -> Result<()> {
    match command {
        ConfigCommand::List => list(context),
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
        } => {
            if value.is_some() {
                return Err(
                    CliError::usage("a key on the command line is seen by others")
                        .hint("give it on stdin: `fluxa config set secret_key < key.txt`"),
                );
            }
            let typed = Zeroizing::new(context.ui.read_stdin()?);
            let key = Zeroizing::new(typed.trim().to_owned());
            fluxa_sdk::ApiKey::new(key.as_str())
                .map_err(|error| CliError::usage(error.to_string()))?;
            store_key(context, Some(key))
        }
        ConfigCommand::Set { setting, value } => {
            let value = value.ok_or_else(|| CliError::usage("give the value, too"))?;
            change(context, setting, Some(value))
        }
        ConfigCommand::Unset {
            setting: Setting::SecretKey,
        } => store_key(context, None),
        ConfigCommand::Unset { setting } => change(context, setting, None),
    }
}

fn store_key(context: &Context, key: Option<Zeroizing<String>>) -> Result<()> {
    let stores = key.is_some();
    let settings = &context.settings;
    let directory = settings.directory()?;
    let profile = &settings.profile;
    if !stores && credentials::read(directory, profile, &context.ui)?.is_none() {
        say(
            context,
            format!("secret_key of profile {profile} is not set"),
        );
        return Ok(());
    }
    let path = credentials::store(directory, profile, key, &context.ui)?;
    let what = match stores {
        true => "stored, as plain text of mode 0600, in",
        false => "removed from",
    };
    let path = path.display();
    say(context, format!("key of profile {profile} {what} {path}"));
    Ok(())
}

fn change(context: &Context, setting: Setting, value: Option<String>) -> Result<()> {
    let settings = &context.settings;
    let output = match (setting, value.as_deref()) {
        (Setting::Output, Some("human")) => Some(OutputSetting::Human),
        (Setting::Output, Some("json")) => Some(OutputSetting::Json),
        (Setting::Output, Some(_)) => {
            return Err(CliError::usage("output can be human or json"));
        }
        _ => None,
    };
    if setting == Setting::ApiBase
        && let Some(base) = &value
    {
        connection::check_base_url(base)?;
    }
    let name = match setting {
        Setting::ApiBase => "api_base",
        Setting::Output => "output",
        Setting::SecretKey => "secret_key",
    };
    let new = value.clone();
    let mut was_set = false;
    let path = config::update_profile(
        settings.directory()?,
        &settings.profile,
        &context.ui,
        |profile| match setting {
            Setting::ApiBase => was_set = std::mem::replace(&mut profile.api_base, new).is_some(),
            Setting::Output => was_set = std::mem::replace(&mut profile.output, output).is_some(),
            Setting::SecretKey => {}
        },
    )?;
    let setting = format!("{name} of profile {}", settings.profile);
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

fn say(context: &Context, what: String) {
    context.ui.note(&Line::new().text(what));
}

fn list(context: &Context) -> Result<()> {
    let settings = &context.settings;
    let key = settings.api_key.as_ref().map(|key| {
        fluxa_sdk::ApiKey::new(key.as_str())
            .map_or("(not a key)".to_owned(), |key| format!("{key:?}"))
    });
    let output = match settings.output {
        Output::Human => "human",
        Output::Json => "json",
    };
    let base_origin = settings
        .api_base_origin
        .describe("--api-base", env::API_BASE);
    let key_origin = settings
        .api_key_origin
        .describe("--api-key", env::SECRET_KEY);
    if context.ui.is_json() {
        return context.ui.json(&json!({
            "profile": settings.profile,
            "api_base": { "value": settings.api_base, "from": base_origin },
            "api_key": key.map(|key| json!({ "value": key, "from": key_origin })),
            "output": output,
        }));
    }
    let mut table = Table::new(["SETTING", "VALUE", "FROM"]);
    let mut row = |name: &str, value: String, from: String| {
        table.row([
            (Tone::Plain, name.to_owned()),
            (Tone::Bold, value),
            (Tone::Dim, from),
        ]);
    };
    row("profile", settings.profile.clone(), String::new());
    row("api_base", settings.api_base.clone(), base_origin);
    match key {
        Some(key) => row("api_key", key, key_origin),
        None => row("api_key", "(none)".to_owned(), String::new()),
    }
    row("output", output.to_owned(), String::new());
    context.ui.lines(&table.lines())
}
