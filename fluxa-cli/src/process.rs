//! Owns the programs that we start: told to end gently, made to end when they do not, and, when they
//! have a group of their own, with everything that they started. Knows nothing of what they are for.

use std::io::{self, IsTerminal};
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};

/// How long a program has to end once it was asked to.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy)]
pub(crate) enum Signal {
    Interrupt,
    Terminate,
    Kill,
}

/// A program that runs, or ran. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    /// Its process group, until everybody in it has been told to go.
    group: Option<u32>,
}

impl Process {
    /// Starts it in a process group of its own.
    pub(crate) fn in_own_group(command: &mut Command) -> io::Result<Self> {
        #[cfg(unix)]
        command.process_group(0);
        let child = command.kill_on_drop(true).spawn()?;
        Ok(Self {
            group: child.id(),
            child,
        })
    }

    /// Starts it in our process group when we stand on a terminal, since only there it may read from
    /// it and is reached by Ctrl-C; elsewhere in one of its own.
    pub(crate) fn beside_us(command: &mut Command) -> io::Result<Self> {
        if !io::stdin().is_terminal() {
            return Self::in_own_group(command);
        }
        let child = command.kill_on_drop(true).spawn()?;
        Ok(Self { child, group: None })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends it and its group, at first by a signal that it may act upon.
    pub(crate) async fn end(&mut self, gently: Signal) {
        self.tell(gently);
        self.wait_or_kill().await;
    }

    /// Waits for its end a while, and then ends it and its group.
    pub(crate) async fn wait_or_kill(&mut self) {
        if tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .is_err()
        {
            self.tell(Signal::Kill);
            // It is gone, or nothing could be done about it.
            let _ = self.child.kill().await;
        }
        // What it started has had its chance, too.
        self.end_group();
    }

    fn end_group(&mut self) {
        if self.group.is_some() {
            self.tell(Signal::Kill);
            self.group = None;
        }
    }

    #[cfg(unix)]
    fn tell(&self, signal: Signal) {
        use rustix::process::{self, Pid};
        let signal = match signal {
            Signal::Interrupt => process::Signal::INT,
            Signal::Terminate => process::Signal::TERM,
            Signal::Kill => process::Signal::KILL,
        };
        let pid = |id: Option<u32>| Pid::from_raw(i32::try_from(id?).ok()?);
        // An error means that nobody is left.
        if let Some(group) = pid(self.group) {
            let _ = process::kill_process_group(group, signal);
        } else if let Some(child) = pid(self.child.id()) {
            let _ = process::kill_process(child, signal);
        }
    }

    /// Where there are no signals, there is the end alone.
    #[cfg(not(unix))]
    fn tell(&mut self, signal: Signal) {
        if !matches!(signal, Signal::Interrupt) {
            let _ = self.child.start_kill();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end_group();
    }
}
