//! The commands, one module for each noun.

pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod events;
pub(crate) mod keys;
pub(crate) mod listen;
pub(crate) mod mock;
pub(crate) mod trigger;

use crate::config::Settings;
use crate::error::{CliError, Result};
use crate::ui::Ui;

/// What every command has at hand.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) ui: Ui,
}

/// Refuses what is no id before it becomes part of a path, or of a question. `kind` is what the id
/// is called.
fn check_id(id: &str, prefix: &str, kind: &str) -> Result<()> {
    let is_id = id
        .strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    match is_id {
        true => Ok(()),
        false => Err(CliError::usage(format!(
            "`{id}` is no {kind}: they start with {prefix}"
        ))),
    }
}
