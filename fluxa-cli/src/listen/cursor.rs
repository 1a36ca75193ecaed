//! Owns how far the stream has been handled: where to resume, and what has been seen before.
//!
//! The resume point is the last event all of whose predecessors were handled, so that a stop at
//! any moment loses nothing; events after it that are seen again are recognised, so that nothing
//! is forwarded twice.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How many ids behind the resume point are remembered, for a server that resumes too early. Those
/// after it are remembered all.
const REMEMBERED: usize = 8_192;

/// Tells an event received from all others, in the order of receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// The position in the stream.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    resume_after: Option<Arc<str>>,
    /// Received and not yet passed by `resume_after`, oldest first.
    open: VecDeque<Open>,
    /// The number of the first of `open`.
    first_open: u64,
    seen: HashSet<Arc<str>>,
    /// Passed by `resume_after`, oldest first.
    passed: VecDeque<Arc<str>>,
    /// Handled in another life, and not received in this one yet.
    early: HashSet<String>,
    /// Some of whose targets were done with it in another life, and not received in this one yet.
    early_in_part: BTreeMap<String, Vec<String>>,
    /// Changes with every event that is handled.
    version: u64,
}

/// An event that was received.
#[derive(Debug)]
struct Open {
    id: Arc<str>,
    handled: bool,
    /// The targets that are done with it, while others are not.
    done_at: Vec<String>,
}

/// What must be kept to go on later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// The event to resume after; `None` is before the first one.
    pub(crate) after: Option<String>,
    /// Handled already, though something before them is not.
    pub(crate) handled: Vec<String>,
    /// Not handled, though some of their targets are done with them: which.
    #[serde(default)]
    pub(crate) in_part: BTreeMap<String, Vec<String>>,
}

impl Position {
    pub(crate) fn after(event: Option<String>) -> Self {
        Self {
            after: event,
            ..Self::default()
        }
    }
}

impl Cursor {
    /// Goes on where another one was.
    pub(crate) fn at(position: Position) -> Self {
        Self {
            resume_after: position.after.map(Arc::from),
            early: position.handled.into_iter().collect(),
            early_in_part: position.in_part,
            ..Self::default()
        }
    }

    /// Returns what must be kept to go on later.
    pub(crate) fn position(&self) -> Position {
        let handled = self.open.iter().filter(|open| open.handled);
        let handled = handled.map(|open| open.id.to_string());
        let in_part = self
            .open
            .iter()
            .filter(|open| !open.handled && !open.done_at.is_empty())
            .map(|open| (open.id.to_string(), open.done_at.clone()));
        Position {
            after: self.resume_after.as_deref().map(str::to_owned),
            handled: handled.chain(self.early.iter().cloned()).collect(),
            in_part: in_part.chain(self.early_in_part.clone()).collect(),
        }
    }

    /// Changes whenever [`Cursor::position`] does.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Returns the event to resume after; `None` when nothing was ever there to resume after.
    pub(crate) fn resume_after(&self) -> Option<&str> {
        self.resume_after.as_deref()
    }

    /// Returns how many events were received so far.
    pub(crate) fn received(&self) -> u64 {
        self.first_open + self.open.len() as u64
    }

    /// Returns how many events were received and are not behind the resume point.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// Notes an event received. `None` when it was received before.
    pub(crate) fn receive(&mut self, id: &str) -> Option<Ticket> {
        if self.seen.contains(id) {
            return None;
        }
        let id: Arc<str> = id.into();
        self.seen.insert(Arc::clone(&id));
        let early = self.early.remove(&*id);
        let done_at = self.early_in_part.remove(&*id).unwrap_or_default();
        self.open.push_back(Open {
            id,
            handled: false,
            done_at,
        });
        let ticket = Ticket(self.received() - 1);
        if early {
            self.handled(ticket);
            return None;
        }
        Some(ticket)
    }

    /// Returns whether an event was received, as far back as is remembered.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.seen.contains(id) || self.resume_after() == Some(id)
    }

    /// Notes that an event needs nothing more: it was delivered, given up or filtered out.
    pub(crate) fn handled(&mut self, ticket: Ticket) {
        if let Some(open) = self.open_mut(ticket) {
            open.handled = true;
            self.version += 1;
        }
        while self.open.front().is_some_and(|open| open.handled)
            && let Some(Open { id, .. }) = self.open.pop_front()
        {
            self.first_open += 1;
            self.passed.push_back(Arc::clone(&id));
            self.resume_after = Some(id);
        }
        while self.passed.len() > REMEMBERED
            && let Some(oldest) = self.passed.pop_front()
        {
            self.seen.remove(&oldest);
        }
    }

    /// Notes that one target needs nothing more of an event that others are not done with.
    pub(crate) fn done_at(&mut self, ticket: Ticket, target: &str) {
        if let Some(open) = self.open_mut(ticket) {
            open.done_at.push(target.to_owned());
            self.version += 1;
        }
    }

    /// Returns whether a target needs nothing more of an event, in this life or another.
    pub(crate) fn is_done_at(&mut self, ticket: Ticket, target: &str) -> bool {
        self.open_mut(ticket)
            .is_some_and(|open| open.done_at.iter().any(|done| done == target))
    }

    fn open_mut(&mut self, ticket: Ticket) -> Option<&mut Open> {
        let at = usize::try_from(ticket.0.checked_sub(self.first_open)?).ok()?;
        self.open.get_mut(at)
    }

    /// Forgets where to resume: the server does not know that event any more, nor any other that was
    /// received. What becomes of these moves the resume point no more.
    pub(crate) fn forget(&mut self) {
        self.resume_after = None;
        self.early.clear();
        self.early_in_part.clear();
        self.first_open = self.received();
        let open = self.open.drain(..).map(|open| open.id);
        self.passed.extend(open);
        self.version += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resume_point_waits_for_every_predecessor() {
        let mut cursor = Cursor::at(Position::after(Some("a".into())));
        let [b, c, d] = ["b", "c", "d"].map(|id| cursor.receive(id).unwrap());
        cursor.handled(c);
        assert_eq!(cursor.resume_after(), Some("a"));
        cursor.handled(b);
        assert_eq!(cursor.resume_after(), Some("c"));
        cursor.handled(d);
        assert_eq!(cursor.resume_after(), Some("d"));
    }

    #[test]
    fn what_was_received_is_not_received_again_handled_or_not() {
        let mut cursor = Cursor::default();
        let a = cursor.receive("a").unwrap();
        assert!(cursor.receive("b").is_some());
        cursor.handled(a);
        assert_eq!((cursor.receive("a"), cursor.receive("b")), (None, None));
    }

    #[test]
    fn a_position_holds_what_was_handled_ahead_of_the_resume_point() {
        let mut cursor = Cursor::at(Position::after(Some("a".into())));
        let [_b, c, _d] = ["b", "c", "d"].map(|id| cursor.receive(id).unwrap());
        cursor.handled(c);
        let position = cursor.position();
        assert_eq!(position.after.as_deref(), Some("a"));
        let mut later = Cursor::at(position.clone());
        // A second stop before anything more was handled forgets nothing.
        assert_eq!(later.position(), position);
        let b = later.receive("b").unwrap();
        assert_eq!(later.receive("c"), None);
        assert_eq!(later.position(), position);
        later.handled(b);
        assert_eq!(later.resume_after(), Some("c"));
        assert!(later.receive("d").is_some());
    }

    #[test]
    fn what_was_under_way_when_the_server_was_forgotten_is_no_place_to_resume() {
        let mut cursor = Cursor::at(Position::after(Some("a".into())));
        let b = cursor.receive("b").unwrap();
        cursor.forget();
        cursor.handled(b);
        assert_eq!(cursor.resume_after(), None);
        let new = cursor.receive("new").unwrap();
        cursor.handled(new);
        assert_eq!((cursor.resume_after(), cursor.open()), (Some("new"), 0));
        assert_eq!(cursor.receive("b"), None);
    }

    #[test]
    fn nothing_after_the_resume_point_is_ever_forgotten() {
        let mut cursor = Cursor::default();
        cursor.receive("stuck");
        for number in 0..2 * REMEMBERED {
            let ticket = cursor.receive(&number.to_string()).unwrap();
            cursor.handled(ticket);
        }
        assert!((0..2 * REMEMBERED).all(|number| cursor.receive(&number.to_string()).is_none()));
    }

    #[test]
    fn memory_is_bounded() {
        let mut cursor = Cursor::default();
        for number in 0..3 * REMEMBERED {
            let ticket = cursor.receive(&number.to_string()).unwrap();
            cursor.handled(ticket);
        }
        assert_eq!(cursor.seen.len(), REMEMBERED);
        assert!(cursor.open.is_empty());
    }

    #[test]
    fn a_target_that_is_done_with_an_event_stays_so_in_another_life() {
        let mut cursor = Cursor::at(Position::after(None));
        let [a, b] = ["a", "b"].map(|id| cursor.receive(id).unwrap());
        cursor.done_at(a, "http://one/");
        cursor.done_at(b, "http://two/");
        cursor.handled(b);
        let position = cursor.position();
        assert_eq!(position.handled, ["b"]);
        assert_eq!(position.in_part.len(), 1);

        // Before the event comes again, and after it.
        let mut cursor = Cursor::at(position.clone());
        assert_eq!(cursor.position(), position);
        let a = cursor.receive("a").unwrap();
        assert!(cursor.is_done_at(a, "http://one/") && !cursor.is_done_at(a, "http://two/"));
        assert_eq!(cursor.position(), position);
        cursor.handled(a);
        assert!(cursor.position().in_part.is_empty());
    }
}
