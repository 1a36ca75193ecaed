//! Owns the events that came since a scenario began, and what the server answered to each.
//!
//! Knows nothing of what is expected of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

use crate::error::CliError;
use crate::listen::ListenEvent;

/// An event.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) event_type: String,
    pub(super) body: Value,
    /// What the server answered at last, when it has.
    pub(super) answer: Option<Answered>,
}

/// What came of a delivery.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) status: Option<u16>,
    pub(super) error: Option<String>,
}

impl Answered {
    pub(super) fn told(&self) -> String {
        match (self.status, &self.error) {
            (Some(status), _) => status.to_string(),
            (None, Some(error)) => error.clone(),
            (None, None) => "no answer".to_owned(),
        }
    }
}

#[derive(Default)]
struct State {
    events: Vec<Seen>,
    /// Why no further event can come.
    ended: Option<String>,
}

/// The events of one scenario; clones are the same log.
#[derive(Clone)]
pub(super) struct Log {
    state: Arc<Mutex<State>>,
    changes: Arc<watch::Sender<()>>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            state: Arc::default(),
            changes: Arc::new(watch::Sender::new(())),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what the pipeline tells.
    pub(super) fn record(&self, told: ListenEvent) {
        match told {
            ListenEvent::Event {
                id,
                event_type,
                payload,
                ..
            } => self.state().events.push(Seen {
                id,
                event_type,
                body: serde_json::from_slice(&payload.0).unwrap_or_default(),
                answer: None,
            }),
            ListenEvent::Delivery {
                event,
                status,
                error,
                last: true,
                ..
            } => {
                let mut state = self.state();
                let seen = state.events.iter_mut().rev().find(|seen| seen.id == event);
                if let Some(seen) = seen {
                    seen.answer = Some(Answered { status, error });
                }
            }
            _ => return,
        }
        self.changes.send_replace(());
    }

    /// Says that no further event can come.
    pub(super) fn end(&self, error: &CliError) {
        self.state().ended = Some(error.message.clone());
        self.changes.send_replace(());
    }

    pub(super) fn ended(&self) -> Option<String> {
        self.state().ended.clone()
    }

    /// Is told of everything that is recorded from now on.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.state().events.iter().any(|seen| seen.id == id)
    }

    /// Looks at the events, in the order in which they came.
    pub(super) fn look<T>(&self, look: impl FnOnce(&[Seen]) -> T) -> T {
        look(&self.state().events)
    }

    /// Returns how many came of each type, in the order in which the first of each came.
    pub(super) fn by_type(&self) -> Vec<(String, u64)> {
        self.look(|events| {
            let mut first: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
            for (at, seen) in events.iter().enumerate() {
                first.entry(&seen.event_type).or_insert((at, 0)).1 += 1;
            }
            let mut counts: Vec<_> = first.into_iter().collect();
            counts.sort_by_key(|(_, (at, _))| *at);
            let counts = counts.into_iter();
            counts
                .map(|(name, (_, count))| (name.to_owned(), count))
                .collect()
        })
    }
}
