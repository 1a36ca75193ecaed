//! Owns the time between the end of the command after `--` and that of the session: what the command
//! made happen is still to come, and so is what is expected. Knows nothing of how either arrives.

use std::time::Duration;

use tokio::time::Instant;

use super::work::Work;

/// How long what a command made happen may take to arrive once it has ended.
pub(super) const CLOSING: Duration = Duration::from_secs(5);

/// The command has ended.
pub(super) struct Closing {
    pub(super) status: u8,
    /// Ids of the events that are still to come.
    awaited: Vec<String>,
    /// When these are not waited for any longer.
    pub(super) until: Option<Instant>,
}

impl Closing {
    pub(super) fn begin(status: u8, awaited: Vec<String>) -> Self {
        Self {
            status,
            awaited,
            until: Some(Instant::now() + CLOSING),
        }
    }

    /// Returns whether all that was to come has come.
    pub(super) fn is_over(&self, work: &Work) -> bool {
        self.awaited.iter().all(|id| work.knows(id)) && !self.is_expectant(work)
    }

    /// Returns whether something is expected that may yet come. After a command that failed, nothing
    /// is.
    pub(super) fn is_expectant(&self, work: &Work) -> bool {
        self.status == 0 && work.session.goal.is_waiting()
    }

    /// Waits on for what is expected, and for nothing else. Returns what to say of it.
    pub(super) fn wait_for_expectations_alone(&mut self, work: &Work) -> String {
        self.awaited.clear();
        self.until = None;
        let missing = work.session.goal.missing().join(", ");
        format!("the command ended with 0; still waiting, as long as --within lasts: {missing}")
    }

    /// Says what did not come, if so: it happened, and nobody has seen it.
    pub(super) fn late(&self, work: &Work) -> Option<String> {
        let late = self.awaited.iter().filter(|id| !work.knows(id));
        let late: Vec<&str> = late.map(String::as_str).collect();
        (!late.is_empty()).then(|| {
            let late = late.join(", ");
            format!("{late} happened before the command ended, and has not arrived since")
        })
    }
}
