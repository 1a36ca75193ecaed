//! Owns every environment variable the CLI reads: its name, and reading it.
//!
//! Nothing else calls `std::env::var`, so that this page is the whole list.

use std::ffi::OsString;
use std::path::PathBuf;

use fluxa_sdk::contract;

use crate::error::{CliError, Result};

/// The API key.
pub(crate) const SECRET_KEY: &str = contract::ENV_SECRET_KEY;
/// What the key is called elsewhere. Not read, and said so when it is set instead of [`SECRET_KEY`].
pub(crate) const NOT_READ_API_KEY: &str = "FLUXA_API_KEY";
/// The base URL of the API.
pub(crate) const API_BASE: &str = contract::ENV_API_BASE;
/// The secret with which the server on this machine verifies webhooks.
pub(crate) const WEBHOOK_SECRET: &str = contract::ENV_WEBHOOK_SECRET;
/// Told to the command that `listen` starts, and read by nothing here: the id of its session.
pub(crate) const LISTEN_SESSION: &str = "FLUXA_LISTEN_SESSION";
/// The profile of the configuration to use.
pub(crate) const PROFILE: &str = "FLUXA_PROFILE";
/// The directory of the configuration.
pub(crate) const CONFIG_DIR: &str = "FLUXA_CONFIG_DIR";
/// `human` or `json`.
pub(crate) const OUTPUT: &str = "FLUXA_OUTPUT";

/// Refuses a variable of ours that is not UTF-8: taken as unset, it would let another key through
/// than the one that was meant.
pub(crate) fn check() -> Result<()> {
    for name in [SECRET_KEY, API_BASE, PROFILE, OUTPUT] {
        if matches!(std::env::var(name), Err(std::env::VarError::NotUnicode(_))) {
            return Err(CliError::usage(format!("{name} is not UTF-8"))
                .hint(format!("set it again, or `unset {name}`")));
        }
    }
    Ok(())
}

/// Returns the value of a variable; unset and empty are both `None`.
pub(crate) fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn raw(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns the directory that [`CONFIG_DIR`] names.
pub(crate) fn config_dir() -> Option<PathBuf> {
    raw(CONFIG_DIR).map(PathBuf::from)
}

/// Returns the user's own configuration directory: `XDG_CONFIG_HOME`, `%APPDATA%` or `~/.config`.
pub(crate) fn user_config_dir() -> Option<PathBuf> {
    // The XDG specification: a relative path there is invalid and must be ignored.
    let absolute = |name| {
        raw(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_CONFIG_HOME")
        .or_else(|| absolute("APPDATA"))
        .or_else(|| {
            std::env::home_dir()
                .filter(|home| home.is_absolute())
                .map(|home| home.join(".config"))
        })
}

/// Returns whether the environment asks for no colour (`NO_COLOR`, `TERM=dumb`).
pub(crate) fn refuses_colour() -> bool {
    raw("NO_COLOR").is_some() || text("TERM").is_some_and(|term| term == "dumb")
}

/// Returns whether the environment asks for colour where no terminal is (`CLICOLOR_FORCE`).
pub(crate) fn forces_colour() -> bool {
    text("CLICOLOR_FORCE").is_some_and(|value| value != "0")
}

/// Returns the names of the variables that would send requests through a proxy.
pub(crate) fn proxies() -> Vec<&'static str> {
    [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ]
    .into_iter()
    .filter(|name| raw(name).is_some())
    .collect()
}

/// Returns the editor of the user's choice (`VISUAL`, else `EDITOR`).
pub(crate) fn editor() -> Option<String> {
    text("VISUAL").or_else(|| text("EDITOR"))
}
