//! The commands, one module for each noun.

pub(crate) mod api;
pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod fixtures;
pub(crate) mod keys;
pub(crate) mod listen;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logs;
pub(crate) mod mock;
pub(crate) mod open;
pub(crate) mod reconcile;
pub(crate) mod replay;
pub(crate) mod resources;
pub(crate) mod status;
pub(crate) mod trigger;
pub(crate) mod webhooks;
pub(crate) mod whoami;

use crate::config::Settings;
use crate::credentials::{self, Place};
use crate::error::{CliError, Result};
use crate::suggest;
use crate::ui::{Line, Tone, Ui};

/// What every command has at hand.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) ui: Ui,
}

impl Context {
    /// Asks before something that cannot be undone. `words` are the command, to say how it is run
    /// where nobody can be asked.
    ///
    /// # Errors
    /// Usage where nobody can be asked and `--yes` was not given; failure when the answer is no.
    pub(crate) fn confirm(&self, question: &str, words: &[&str]) -> Result<()> {
        if self.settings.yes {
            return Ok(());
        }
        if !self.ui.can_ask() {
            let words = [words, &["--yes"]].concat();
            let asked = format!("{question} Nobody is here to answer");
            let again = self.settings.suggested(&words);
            return Err(CliError::usage(asked).hint(format!("say yes: `{again}`")));
        }
        match self.ui.confirm(question)? {
            true => Ok(()),
            false => Err(CliError::failure("not done: the answer was no")),
        }
    }

    /// Stores a key for the profile of this run.
    ///
    /// # Errors
    /// The key of before still stands, and the new one is with the caller alone: if it cannot be had
    /// again, show it.
    pub(crate) fn store_key(&self, key: &str) -> Result<Place> {
        let settings = &self.settings;
        let (directory, profile) = (settings.directory()?, &settings.profile);
        credentials::store(directory, profile, key, &settings.keyring, &self.ui)
    }

    /// Asks before something is changed with a live key: it is no sandbox. Where nothing is asked, it
    /// says so all the same.
    pub(crate) fn confirm_live_write(&self, doing: &str, words: &[&str]) -> Result<()> {
        if !self.settings.is_live() {
            return Ok(());
        }
        if self.settings.yes {
            let line = Line::new().push(Tone::Bad, "LIVE mode, real money");
            self.ui.note(&line.text(format!(": {doing}")));
            return Ok(());
        }
        let key = self.settings.shown_key().unwrap_or_default();
        let from = self.settings.key_source();
        let question = format!("LIVE mode, real money, with {key} ({from}): {doing}?");
        self.confirm(&question, words)
    }
}

/// Prints text of many lines, as data.
fn print_lines(context: &Context, text: &str) -> Result<()> {
    let mut lines = text.lines();
    lines.try_for_each(|line| context.ui.line(&Line::new().text(line)))
}

/// Refuses what is no id before it becomes part of a path, or of a question. `kind` is what the id
/// is called.
fn check_id(id: &str, prefix: &str, kind: &str) -> Result<()> {
    let is_id = id
        .strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    match is_id {
        true => Ok(()),
        false => {
            let error = CliError::usage(format!("`{id}` is no {kind}: they start with {prefix}"));
            Err(match suggest::another_kind(id) {
                Some(other) => error.hint(other),
                None => error,
            })
        }
    }
}
