//! Owns how far the stream has been handled: where to resume, and what has been seen before.
//!
//! The resume point is the last event all of whose predecessors were handled, so that a stop at
//! any moment loses nothing; events after it that are seen again are recognised, so that nothing
//! is forwarded twice.

use std::collections::{HashSet, VecDeque};

/// How many ids behind the resume point are remembered, for a server that resumes too early. Those
/// after it are remembered all.
const REMEMBERED: usize = 8_192;

/// The position in the stream.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    resume_after: Option<String>,
    /// Received and not yet passed by `resume_after`, oldest first, each with whether it is handled.
    open: VecDeque<(String, bool)>,
    seen: HashSet<String>,
    /// Passed by `resume_after`, oldest first.
    passed: VecDeque<String>,
}

impl Cursor {
    /// Starts after an event; `None` is before the first one.
    pub(crate) fn after(event: Option<String>) -> Self {
        Self {
            resume_after: event,
            ..Self::default()
        }
    }

    /// Returns the event to resume after; `None` when nothing was ever there to resume after.
    pub(crate) fn resume_after(&self) -> Option<&str> {
        self.resume_after.as_deref()
    }

    /// Notes an event received. Returns false when it was received before.
    pub(crate) fn receive(&mut self, id: &str) -> bool {
        if !self.seen.insert(id.to_owned()) {
            return false;
        }
        self.open.push_back((id.to_owned(), false));
        true
    }

    /// Notes that an event needs nothing more: it was delivered, given up or filtered out.
    pub(crate) fn handled(&mut self, id: &str) {
        // From the newest: what was filtered out, however much, is found at once.
        if let Some(entry) = self.open.iter_mut().rev().find(|(open, _)| open == id) {
            entry.1 = true;
        }
        while self.open.front().is_some_and(|(_, handled)| *handled)
            && let Some((id, _)) = self.open.pop_front()
        {
            self.passed.push_back(id.clone());
            self.resume_after = Some(id);
        }
        while self.passed.len() > REMEMBERED
            && let Some(oldest) = self.passed.pop_front()
        {
            self.seen.remove(&oldest);
        }
    }

    /// Forgets where to resume: the server does not know that event any more.
    pub(crate) fn forget(&mut self) {
        self.resume_after = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resume_point_waits_for_every_predecessor() {
        let mut cursor = Cursor::after(Some("a".into()));
        for id in ["b", "c", "d"] {
            assert!(cursor.receive(id));
        }
        cursor.handled("c");
        assert_eq!(cursor.resume_after(), Some("a"));
        cursor.handled("b");
        assert_eq!(cursor.resume_after(), Some("c"));
        cursor.handled("d");
        assert_eq!(cursor.resume_after(), Some("d"));
    }

    #[test]
    fn what_was_received_is_not_received_again_handled_or_not() {
        let mut cursor = Cursor::default();
        assert!(cursor.receive("a") && cursor.receive("b"));
        cursor.handled("a");
        assert!(!cursor.receive("a") && !cursor.receive("b"));
    }

    #[test]
    fn nothing_after_the_resume_point_is_ever_forgotten() {
        let mut cursor = Cursor::default();
        cursor.receive("stuck");
        for number in 0..2 * REMEMBERED {
            let id = number.to_string();
            assert!(cursor.receive(&id));
            cursor.handled(&id);
        }
        assert!((0..2 * REMEMBERED).all(|number| !cursor.receive(&number.to_string())));
    }

    #[test]
    fn memory_is_bounded() {
        let mut cursor = Cursor::default();
        for number in 0..3 * REMEMBERED {
            let id = number.to_string();
            assert!(cursor.receive(&id));
            cursor.handled(&id);
        }
        assert_eq!(cursor.seen.len(), REMEMBERED);
        assert!(cursor.open.is_empty());
    }
}
