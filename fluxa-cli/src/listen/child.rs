//! Owns the command after `--`: started once events arrive, ended with the session.
//!
//! It sees our environment and what it needs to verify and to call back; never a key that was not in
//! the environment already.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::process::ExitStatus;

use tokio::process::Command;

use crate::error::{CliError, Result};
use crate::process::{Process, Signal};
use crate::ui;

/// A command, running or not.
#[derive(Default)]
pub(crate) struct Companion {
    process: Option<Process>,
}

impl Companion {
    /// Starts the command. Its stdout is ours, unless ours is NDJSON: then it goes to stderr.
    pub(crate) fn start(
        &mut self,
        command: &[OsString],
        variables: &[(&str, &str)],
        stdout_is_ours_alone: bool,
    ) -> Result<()> {
        let Some((program, arguments)) = command.split_first() else {
            return Ok(());
        };
        let mut command = Command::new(program);
        command.args(arguments);
        for (name, value) in variables {
            command.env(name, value);
        }
        if stdout_is_ours_alone {
            command.stdout(ui::stderr_for_child());
        }
        let process =
            Process::beside_us(&mut command).map_err(|error| cannot_start(program, &error))?;
        self.process = Some(process);
        Ok(())
    }

    /// Waits for its end, for ever when it was not started.
    ///
    /// # Errors
    /// When the system does not say how it ended.
    pub(crate) async fn ended(&mut self) -> Result<u8> {
        match &mut self.process {
            Some(process) => Ok(status_code(process.ended().await?)),
            None => std::future::pending().await,
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::is_running)
    }

    /// Passes an interrupt on, and waits until it has ended. On a terminal it has the interrupt
    /// already: a second one would make many programs skip their own farewell.
    pub(crate) async fn interrupted(&mut self) {
        let Some(process) = &mut self.process else {
            return;
        };
        if std::io::stdin().is_terminal() {
            process.wait_or_kill().await;
        } else {
            process.end(Signal::Interrupt).await;
        }
    }

    /// Ends it, gently at first, when it still runs.
    pub(crate) async fn end(&mut self) {
        if let Some(process) = &mut self.process {
            process.end(Signal::Terminate).await;
        }
    }
}

/// Returns the exit code, or 128 and the signal's number, as shells do.
fn status_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return u8::try_from(128 + signal).unwrap_or(u8::MAX);
        }
    }
    // Windows has wider codes; what is no byte is at least no success.
    status
        .code()
        .map_or(1, |code| u8::try_from(code).unwrap_or(1))
}

fn cannot_start(program: &OsStr, error: &std::io::Error) -> CliError {
    let program = program.to_string_lossy();
    CliError::failure(format!("cannot start `{program}`: {error}"))
        .hint("what stands after `--` is a program and its arguments; a shell's line is: sh -c '…'")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn run(script: &str, variables: &[(&str, &str)]) -> Result<u8> {
        let command = ["sh", "-c", script].map(OsString::from);
        let mut companion = Companion::default();
        companion.start(&command, variables, true)?;
        companion.ended().await
    }

    #[tokio::test]
    async fn the_status_is_that_of_a_shell() {
        assert_eq!(run("exit 0", &[]).await.unwrap(), 0);
        assert_eq!(run("exit 42", &[]).await.unwrap(), 42);
        assert_eq!(run("kill -TERM $$", &[]).await.unwrap(), 128 + 15);
        assert_eq!(run("test \"$A\" = 1", &[("A", "1")]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_program_that_does_not_exist_is_named() {
        let mut companion = Companion::default();
        let error = companion.start(&["/no/such/program".into()], &[], true);
        assert!(error.unwrap_err().message.contains("/no/such/program"));
    }

    #[tokio::test]
    async fn a_command_that_goes_on_is_ended() {
        let mut companion = Companion::default();
        let command = ["tail", "-f", "/dev/null"];
        companion
            .start(&command.map(OsString::from), &[], true)
            .unwrap();
        companion.end().await;
        assert!(companion.process.as_mut().unwrap().child().id().is_none());
    }
}
