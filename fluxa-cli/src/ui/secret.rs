//! Owns taking a secret from whoever types or pipes it: never echoed, wiped when dropped; and showing
//! one where stdout does not take it.

use std::io::{self, IsTerminal};

use zeroize::Zeroizing;

use super::{Line, Tone, Ui};
use crate::error::{CliError, Kind, Result};
use crate::signals::interrupted;

/// The terminal that we are run from, whatever our streams are.
#[cfg(unix)]
const TERMINAL: &str = "/dev/tty";

impl Ui {
    /// Asks for a secret on the terminal. Call only when [`Ui::can_ask`].
    ///
    /// Whoever stops us meanwhile, a person or the system, finds the terminal as it was.
    pub(crate) async fn ask_secret(&self, question: &str) -> Result<Zeroizing<String>> {
        self.note(&Line::new().push(Tone::Accent, question));
        let _terminal = Terminal::kept();
        let typed = async {
            let (sender, typed) = tokio::sync::oneshot::channel();
            // Nothing ends a read from the terminal: its thread is left behind when we are stopped.
            std::thread::spawn(move || sender.send(rpassword::read_password()));
            typed.await
        };
        let typed = tokio::select! {
            // First, so that what is typed cannot end us before we listen for it.
            biased;
            _ = interrupted() => return Err(CliError::interrupted()),
            typed = typed => typed,
        };
        let ended = |_| io::Error::other("it ended");
        let typed = typed
            .map_err(ended)
            .flatten()
            .map_err(|error| match error.kind() {
                io::ErrorKind::Interrupted => CliError::interrupted(),
                _ => CliError::failure(format!("cannot read from the terminal: {error}")),
            })?;
        Ok(trimmed(&Zeroizing::new(typed)))
    }

    /// Shows a secret on the terminal that stderr is; returns whether it is one. A log gets none.
    pub(crate) fn show_on_terminal(&self, secret: &str) -> bool {
        let terminal = io::stderr().is_terminal();
        if terminal {
            let line = Line::new().push(Tone::Accent, secret);
            self.write_stderr(&line.render(self.stderr_colour));
        }
        terminal
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

/// The terminal's settings, put back when this is dropped: the thread that reads from it may never come
/// to do so.
struct Terminal {
    #[cfg(unix)]
    before: Option<(std::fs::File, rustix::termios::Termios)>,
}

impl Terminal {
    fn kept() -> Self {
        Self {
            #[cfg(unix)]
            before: std::fs::File::open(TERMINAL).ok().and_then(|terminal| {
                let settings = rustix::termios::tcgetattr(&terminal).ok()?;
                Some((terminal, settings))
            }),
        }
    }
}

#[cfg(unix)]
impl Drop for Terminal {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some((terminal, settings)) = &self.before {
            // One that is gone has no settings to be put back.
            let _ = tcsetattr(terminal, OptionalActions::Now, settings);
        }
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
