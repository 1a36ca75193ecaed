//! Owns taking a secret from whoever types or pipes it: never echoed, wiped when dropped.

use std::io;

use zeroize::Zeroizing;

use super::{Line, Tone, Ui};
use crate::error::{CliError, Result};

impl Ui {
    /// Asks for a secret on the terminal. Call only when [`Ui::can_ask`].
    pub(crate) fn ask_secret(&self, question: &str) -> Result<Zeroizing<String>> {
        self.note(&Line::new().push(Tone::Accent, question));
        let typed = rpassword::read_password().map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => CliError::interrupted(),
            _ => CliError::failure(format!("cannot read from the terminal: {error}")),
        })?;
        Ok(trimmed(&Zeroizing::new(typed)))
    }

    /// Reads a secret from stdin, to its end.
    pub(crate) fn read_secret(&self) -> Result<Zeroizing<String>> {
        Ok(trimmed(&Zeroizing::new(self.read_stdin()?)))
    }
}

fn trimmed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.trim().to_owned())
}
