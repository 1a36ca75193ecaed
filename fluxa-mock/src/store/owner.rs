//! Owns the thread that owns the connection: takes waiting jobs, runs them in one SQLite transaction,
//! commits, and only then lets each job answer (group commit).

use super::tx::Marked;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use tokio::sync::watch;

/// Jobs that may share one commit: enough to spread an fsync, few enough not to delay the first.
const BATCH_LIMIT: usize = 256;

/// Work on the connection; runs inside the batch's transaction.
pub(crate) type Job = Box<dyn FnOnce(&Connection) -> Executed + Send>;

/// Called after the batch's commit, or with the reason why it failed.
pub(crate) type Completion = Box<dyn FnOnce(Result<(), String>) + Send>;

/// Work on the connection in no transaction.
pub(crate) type LoneJob = Box<dyn FnOnce(&mut Connection) + Send>;

/// What the thread is sent.
pub(crate) enum Message {
    /// Work.
    Run(Job),
    /// Work that needs the connection to itself.
    Alone(LoneJob),
    /// Close the database and answer.
    Stop(tokio::sync::oneshot::Sender<()>),
}

/// A job that has run but is not committed yet.
pub(crate) struct Executed {
    /// Whom to wake.
    pub(super) marks: Marked,
    /// Answers the caller.
    pub(crate) complete: Completion,
}

/// The thread's state.
pub(crate) struct Owner {
    connection: Connection,
    /// Dropped before the messages: who gets no answer because the database was closed can tell.
    watchers: Watchers,
    messages: Receiver<Message>,
}

/// Whom commits wake.
pub(super) struct Watchers {
    /// Streams, and whoever waits for something to happen.
    pub(super) changed: watch::Sender<u64>,
    /// The deliveries.
    pub(super) queued: watch::Sender<u64>,
    /// The timers.
    pub(super) scheduled: watch::Sender<u64>,
}

impl Owner {
    /// An owner of `connection`, fed by `jobs`.
    pub(crate) fn new(
        connection: Connection,
        messages: Receiver<Message>,
        watchers: Watchers,
    ) -> Self {
        connection.set_prepared_statement_cache_capacity(256);
        Self {
            connection,
            watchers,
            messages,
        }
    }

    /// Serves jobs until told to stop, or until the last handle is gone.
    pub(crate) fn run(mut self) {
        let mut waiting = self.messages.recv().ok();
        while let Some(message) = waiting {
            waiting = match message {
                Message::Run(first) => match self.run_batch(first) {
                    Some(stop) => Some(stop),
                    None => self.messages.recv().ok(),
                },
                Message::Alone(job) => {
                    let outcome = catch_unwind(AssertUnwindSafe(|| job(&mut self.connection)));
                    if outcome.is_err() {
                        tracing::error!("a store job panicked");
                    }
                    wake(&self.watchers.changed);
                    self.messages.recv().ok()
                }
                Message::Stop(done) => {
                    drop(self.connection);
                    // Whoever asked may have stopped waiting.
                    done.send(()).ok();
                    return;
                }
            };
        }
    }

    /// Runs `first` and whatever waits behind it; returns the message that is not work, if one came.
    fn run_batch(&self, first: Job) -> Option<Message> {
        let mut executed = Vec::new();
        let begun = self.statement("BEGIN IMMEDIATE");
        let mut next = Some(first);
        let mut other = None;
        while let Some(job) = next {
            let outcome = catch_unwind(AssertUnwindSafe(|| job(&self.connection)));
            match outcome {
                Ok(done) => executed.push(done),
                Err(_) => {
                    tracing::error!("a store job panicked; its savepoint is rolled back");
                    // Savepoints nest: undo outwards until none is open.
                    while self.statement("ROLLBACK TO job").is_ok() {
                        drop(self.statement("RELEASE job"));
                    }
                }
            }
            // With the transaction undone by SQLite, a further job would be committed by itself and be told
            // that it was not.
            let full = executed.len() >= BATCH_LIMIT || self.connection.is_autocommit();
            next = match (full, other.is_none()) {
                (false, true) => match self.messages.try_recv() {
                    Ok(Message::Run(job)) => Some(job),
                    Ok(stop) => {
                        other = Some(stop);
                        None
                    }
                    Err(_) => None,
                },
                _ => None,
            };
        }
        let committed = begun.and_then(|()| self.statement("COMMIT"));
        if let Err(reason) = &committed {
            tracing::error!(reason, "commit failed");
            drop(self.statement("ROLLBACK"));
        }
        let woken = [
            (
                &self.watchers.changed,
                executed.iter().any(|done| done.marks.changed),
            ),
            (
                &self.watchers.queued,
                executed.iter().any(|done| done.marks.queued),
            ),
            (
                &self.watchers.scheduled,
                executed.iter().any(|done| done.marks.scheduled),
            ),
        ];
        for done in executed {
            (done.complete)(committed.clone());
        }
        for (watcher, _) in woken.iter().filter(|(_, marked)| *marked) {
            wake(watcher);
        }
        other
    }

    fn statement(&self, sql: &str) -> Result<(), String> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

fn wake(watcher: &watch::Sender<u64>) {
    watcher.send_modify(|count| *count += 1);
}
