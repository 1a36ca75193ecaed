//! Owns all printing: data to stdout, everything else to stderr, colour only where it is wanted.
//!
//! No other module of the CLI writes to a stream.

mod clean;
mod line;
mod secret;
mod table;
mod trace;

#[cfg(unix)]
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::error::ErrorKind;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::json;

pub(crate) use clean::{clean, escape_json};
pub(crate) use line::{Line, Tone};
pub(crate) use table::Table;
pub(crate) use trace::{show_traces, tell_call};

use crate::env;
use crate::error::{CliError, Kind, Result, redact};
use crate::input;

/// The most that is read of stdin: a secret, or a body for the API.
const STDIN_MAX: u64 = 4 * 1024 * 1024;

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// Where everything is printed.
pub(crate) struct Ui {
    output: Output,
    stdout_colour: bool,
    stderr_colour: bool,
    /// What moves on the terminal; it steps aside while a line is printed.
    bar: Mutex<Option<ProgressBar>>,
}

impl Ui {
    pub(crate) fn new(output: Output) -> Self {
        let colour = |terminal: bool| output == Output::Human && env::colour().unwrap_or(terminal);
        Self {
            output,
            stdout_colour: colour(io::stdout().is_terminal()),
            stderr_colour: colour(io::stderr().is_terminal()),
            bar: Mutex::new(None),
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.output == Output::Json
    }

    /// Returns whether a question may be asked: both ends must be a terminal.
    pub(crate) fn can_ask(&self) -> bool {
        !self.is_json() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Returns whether a person reads stdout, rather than a file or another program.
    pub(crate) fn prints_to_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Returns whether what is printed is gone: stdout was closed, which makes it the null device, or was
    /// led there.
    pub(crate) fn prints_nowhere(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::fd::AsFd;
            use std::os::unix::fs::MetadataExt;
            let stdout = io::stdout().as_fd().try_clone_to_owned();
            let stdout = stdout.and_then(|stdout| File::from(stdout).metadata());
            let null = std::fs::metadata("/dev/null");
            matches!((stdout, null), (Ok(stdout), Ok(null))
                if null.rdev() != 0 && stdout.rdev() == null.rdev())
        }
        #[cfg(not(unix))]
        false
    }

    /// Prints a line of data for people.
    pub(crate) fn line(&self, line: &Line) -> Result<()> {
        self.write_stdout(&line.render(self.stdout_colour))
    }

    pub(crate) fn lines<'a>(&self, lines: impl IntoIterator<Item = &'a Line>) -> Result<()> {
        lines.into_iter().try_for_each(|line| self.line(line))
    }

    /// Prints one JSON object on one line.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value)
            .map_err(|error| CliError::failure(format!("cannot write JSON: {error}")))?;
        self.write_stdout(&escape_json(&text))
    }

    /// Prints what another program reads, byte for byte: nothing in it may come from outside.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Result<()> {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
        written.map_err(not_written)
    }

    /// Prints something people read, and scripts do not need: to stderr, in human mode only.
    pub(crate) fn note(&self, line: &Line) {
        if !self.is_json() {
            self.write_stderr(&line.render(self.stderr_colour));
        }
    }

    /// Prints a warning to stderr.
    pub(crate) fn warn(&self, message: &str) {
        let message = redact(message);
        if self.is_json() {
            let warning = json!({ "warning": { "message": message } }).to_string();
            self.write_stderr(&escape_json(&warning));
        } else {
            let line = Line::new()
                .push(Tone::Warn, "warning")
                .text(": ")
                .text(message);
            self.write_stderr(&line.render(self.stderr_colour));
        }
    }

    /// Prints an error to stderr: what failed, what to do, and where to read on.
    pub(crate) fn error(&self, error: &CliError) {
        // Whoever interrupts knows it, unless there is something to be done about it.
        let known = error.kind == Kind::Interrupted && error.hint.is_none();
        if known || error.kind == Kind::BrokenPipe {
            return;
        }
        if self.is_json() {
            self.write_stderr(&escape_json(&redact(&error.to_json().to_string())));
            return;
        }
        let mut rows = vec![("error", Tone::Bad, error.message.as_str())];
        if let Some(hint) = &error.hint {
            rows.push(("hint", Tone::Accent, hint));
        }
        if let Some(api) = &error.api {
            let details = [("request id", &api.request_id), ("docs", &api.doc_url)];
            rows.extend(details.iter().filter_map(|(name, value)| {
                value.as_deref().map(|value| (*name, Tone::Dim, value))
            }));
        }
        for (name, tone, text) in rows {
            let line = Line::new().push(tone, name).text(": ").text(redact(text));
            self.write_stderr(&line.render(self.stderr_colour));
        }
    }

    /// Asks a yes-or-no question. Call only when [`Ui::can_ask`].
    pub(crate) fn confirm(&self, question: &str) -> Result<bool> {
        let mut stderr = io::stderr();
        write!(stderr, "{} [y/N] ", clean(question))?;
        stderr.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
    }

    /// Reads stdin to its end: how a secret is given without showing it to other processes.
    pub(crate) fn read_stdin(&self) -> Result<String> {
        String::from_utf8(input::read_stdin(STDIN_MAX)?)
            .map_err(|_| CliError::usage("what stands on stdin is no text: not UTF-8"))
    }

    /// Returns whether what is on the screen may move: on a terminal that can take it back.
    fn can_move(&self) -> bool {
        !self.is_json() && io::stderr().is_terminal() && !env::is_dumb()
    }

    /// Shows a spinner, on a terminal only, until [`Ui::stop_bar`].
    pub(crate) fn spinner(&self, message: &str) {
        let mut slot = self.bar();
        if let Some(bar) = slot.as_ref() {
            bar.set_message(clean(message).into_owned());
            return;
        }
        if !self.can_move() {
            return;
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(ProgressStyle::default_spinner());
        bar.set_message(clean(message).into_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        *slot = Some(bar);
    }

    /// Shows a bar of `length` steps, on a terminal only, until [`Ui::stop_bar`].
    pub(crate) fn progress(&self, length: u64) {
        if !self.can_move() {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        *self.bar() = Some(bar);
    }

    /// Moves the bar on by a step.
    pub(crate) fn step(&self) {
        if let Some(bar) = self.bar().as_ref() {
            bar.inc(1);
        }
    }

    /// Takes the spinner or the bar away.
    pub(crate) fn stop_bar(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_stdout(&self, text: &str) -> Result<()> {
        let write = || -> io::Result<()> {
            let mut stdout = io::stdout().lock();
            // In one piece: what is longer than the buffer would be written in two.
            stdout.write_all(format!("{text}\n").as_bytes())?;
            // Who reads us through a pipe wants each line as it happens.
            stdout.flush()
        };
        match self.bar().as_ref() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
        .map_err(not_written)
    }

    /// A stderr that is gone is no reason to stop: there is nobody left to tell.
    fn write_stderr(&self, text: &str) {
        let write = || {
            let _ = writeln!(io::stderr().lock(), "{text}");
        };
        match self.bar().as_ref() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

/// Says of what could not be printed where it was to go.
fn not_written(error: io::Error) -> CliError {
    let error = CliError::from(error);
    match error.kind {
        Kind::BrokenPipe => error,
        _ => error.context("cannot write to stdout"),
    }
}

/// Returns how many columns there are to print data in; `None` in a pipe, where nothing is cut.
fn room() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    env::columns().or_else(size)
}

/// Returns our stderr as the stdout of a command we start, where ours holds data alone.
pub(crate) fn stderr_for_child() -> std::process::Stdio {
    io::stderr().into()
}

/// Prints what clap says: help to stdout, a fault of the command line to stderr.
///
/// # Errors
/// The help, or the version, could not be written.
pub(crate) fn clap_message(error: &clap::Error, output: Output) -> Result<()> {
    let text = error.render();
    if !error.use_stderr() {
        let styled = env::colour().unwrap_or(io::stdout().is_terminal());
        let mut stdout = io::stdout().lock();
        let written = match styled {
            true => write!(stdout, "{}", text.ansi()),
            false => write!(stdout, "{text}"),
        };
        return written.and_then(|()| stdout.flush()).map_err(not_written);
    }
    // A list of every command and each of its names is no help to people either.
    if output == Output::Json || error.kind() == ErrorKind::MissingSubcommand {
        Ui::new(output).error(&usage(error.kind(), &text.to_string()));
    } else {
        // It quotes what was typed.
        let text = redact(&text.to_string());
        let lines: Vec<_> = text.lines().map(clean).collect();
        let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
    }
    Ok(())
}

/// Returns what clap says of a fault as an error of ours: its first paragraph, and its tips.
fn usage(kind: ErrorKind, text: &str) -> CliError {
    const HELP: &str = "run it with --help";
    match kind {
        ErrorKind::MissingSubcommand => return CliError::usage("a command is missing").hint(HELP),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return CliError::usage("a command or an argument is missing").hint(HELP);
        }
        _ => {}
    }
    let lines = || text.lines().map(str::trim);
    let said: Vec<&str> = lines().take_while(|line| !line.is_empty()).collect();
    let said = said.join(" ");
    let message = said.strip_prefix("error: ").unwrap_or(&said);
    let tips: Vec<&str> = lines()
        .filter_map(|line| line.strip_prefix("tip: "))
        .collect();
    CliError::usage(message).hint(match tips.is_empty() {
        true => HELP.to_owned(),
        false => tips.join("; "),
    })
}

#[cfg(test)]
mod tests {
    use super::{ErrorKind, usage};

    #[test]
    fn what_clap_says_is_told_with_its_tip_and_all_that_is_missing() {
        let text = "error: unexpected argument '--outptu' found\n\n  \
                    tip: a similar argument exists: '--output'\n\nUsage: fluxa\n";
        let error = usage(ErrorKind::UnknownArgument, text);
        assert_eq!(error.message, "unexpected argument '--outptu' found");
        assert_eq!(
            error.hint.as_deref(),
            Some("a similar argument exists: '--output'")
        );
        let text = "error: the following required arguments were not provided:\n  \
                    --amount <N>\n  <ID>\n\nUsage: fluxa\n";
        let error = usage(ErrorKind::MissingRequiredArgument, text);
        assert!(
            error.message.ends_with("not provided: --amount <N> <ID>"),
            "{}",
            error.message
        );
        assert_eq!(error.hint.as_deref(), Some("run it with --help"));
    }
}
