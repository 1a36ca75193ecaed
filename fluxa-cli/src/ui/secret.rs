//! Owns taking a secret from whoever types or pipes it: never echoed, wiped when dropped.

use std::io;

use zeroize::Zeroizing;

use super::{Line, Tone, Ui};
use crate::error::{CliError, Kind, Result};

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
        let piped = self.read_stdin().map_err(|error| CliError {
            kind: Kind::Usage,
            ..error
                .context("cannot read the key from stdin")
                .hint("give the key and nothing else, as UTF-8")
        })?;
        Ok(trimmed(&Zeroizing::new(piped)))
    }
}

/// Takes off what editors and shells put around it: a line's end, a byte order mark.
fn trimmed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.trim_start_matches('\u{feff}').trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_taken_without_what_stands_around_it() {
        for piped in [
            "sk_test_x",
            "sk_test_x\n",
            " sk_test_x\r\n",
            "\u{feff}sk_test_x\r\n",
        ] {
            assert_eq!(trimmed(piped).as_str(), "sk_test_x");
        }
    }
}
