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
/// The key that an exposed `fluxa mock` is to have; a random one without it.
pub(crate) const MOCK_KEY: &str = "FLUXA_MOCK_KEY";
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

/// Any value but `0` and `false`: the system's keyring is left alone.
pub(crate) const NO_KEYRING: &str = "FLUXA_NO_KEYRING";
/// Where the session's D-Bus is, over which the keyring is asked.
pub(crate) const SESSION_BUS: &str = "DBUS_SESSION_BUS_ADDRESS";

/// Refuses a variable of ours that is not UTF-8: taken as unset, it would let another key through
/// than the one that was meant.
pub(crate) fn check() -> Result<()> {
    for name in [SECRET_KEY, API_BASE, MOCK_KEY, PROFILE, OUTPUT] {
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

/// Returns whether a variable is set to something that does not mean no.
fn is_on(name: &str) -> bool {
    raw(name).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
}

/// Returns whether the environment refuses the keyring ([`NO_KEYRING`]).
pub(crate) fn refuses_keyring() -> bool {
    is_on(NO_KEYRING)
}

/// Returns whether this is a pipeline (`CI`), where nobody can be asked.
pub(crate) fn is_ci() -> bool {
    is_on("CI")
}

/// Returns whether there is a session bus to ask ([`SESSION_BUS`]).
pub(crate) fn has_session_bus() -> bool {
    raw(SESSION_BUS).is_some()
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

/// Returns whether the terminal says that it can do nothing but print (`TERM=dumb`).
pub(crate) fn is_dumb() -> bool {
    text("TERM").is_some_and(|term| term == "dumb")
}

/// Returns whether the environment asks for colours, or for none; `None` leaves it to the terminal.
///
/// `NO_COLOR` and `TERM=dumb` beat `CLICOLOR_FORCE`, and that beats `CLICOLOR=0`.
pub(crate) fn colour() -> Option<bool> {
    if raw("NO_COLOR").is_some() || is_dumb() {
        return Some(false);
    }
    if text("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return Some(true);
    }
    text("CLICOLOR")
        .is_some_and(|value| value == "0")
        .then_some(false)
}

/// Returns the width of the terminal as the user has set it (`COLUMNS`).
pub(crate) fn columns() -> Option<usize> {
    text("COLUMNS")?.parse().ok().filter(|columns| *columns > 0)
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

/// Returns where programs are looked for (`PATH`), without what is relative: `.` would be wherever we
/// happen to stand.
#[cfg(unix)]
pub(crate) fn absolute_search_path() -> OsString {
    let all = raw("PATH").unwrap_or_default();
    let absolute = std::env::split_paths(&all).filter(|place| place.is_absolute());
    // What was split at the separator holds none.
    std::env::join_paths(absolute).unwrap_or_default()
}

/// Returns the editor of the user's choice (`VISUAL`, else `EDITOR`).
pub(crate) fn editor() -> Option<String> {
    text("VISUAL").or_else(|| text("EDITOR"))
}
