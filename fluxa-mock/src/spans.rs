//! Owns sets of places in a table whose places only rise, kept as spans: however many places, as many
//! entries as there are gaps. Pure.

use std::collections::VecDeque;

/// The places after one, up to and with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) after: i64,
    pub(crate) to: i64,
}

impl Span {
    /// Every place there is.
    pub(crate) const ALL: Self = Self {
        after: i64::MIN,
        to: i64::MAX,
    };
}

/// A set of places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spans(VecDeque<Span>);

impl Spans {
    /// Adds places that come after all that are here; none when the span is empty.
    pub(crate) fn add(&mut self, span: Span) {
        if span.to <= span.after {
            return;
        }
        match self.0.back_mut() {
            Some(last) if last.to == span.after => last.to = span.to,
            _ => self.0.push_back(span),
        }
    }

    /// Whether a place is in the set.
    pub(crate) fn contains(&self, place: i64) -> bool {
        let behind = self.0.partition_point(|span| span.to < place);
        self.0.get(behind).is_some_and(|span| span.after < place)
    }

    /// Drops the places before `place`.
    pub(crate) fn forget_before(&mut self, place: i64) {
        while self.0.front().is_some_and(|span| span.to < place) {
            self.0.pop_front();
        }
        if let Some(first) = self.0.front_mut() {
            first.after = first.after.max(place - 1);
        }
    }

    /// Drops every place.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// From the first place to the last; `None` when there is none.
    pub(crate) fn hull(&self) -> Option<Span> {
        let (first, last) = (self.0.front()?, self.0.back()?);
        Some(Span {
            after: first.after,
            to: last.to,
        })
    }

    /// The spans, rising.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Spans};

    #[test]
    fn what_touches_is_one_span_and_a_gap_is_in_none() {
        let mut spans = Spans::default();
        assert_eq!((spans.hull(), spans.contains(0)), (None, false));
        for (after, to) in [(0, 3), (3, 5), (5, 5), (8, 9)] {
            spans.add(Span { after, to });
        }
        assert_eq!(spans.iter().count(), 2);
        let inside: Vec<i64> = (-1..12).filter(|place| spans.contains(*place)).collect();
        assert_eq!(inside, [1, 2, 3, 4, 5, 9]);
        assert_eq!(spans.hull(), Some(Span { after: 0, to: 9 }));
    }

    #[test]
    fn what_was_before_is_forgotten_and_the_rest_stays() {
        let mut spans = Spans::default();
        for (after, to) in [(0, 3), (5, 8)] {
            spans.add(Span { after, to });
        }
        spans.forget_before(2);
        assert_eq!(spans.hull(), Some(Span { after: 1, to: 8 }));
        spans.forget_before(4);
        assert_eq!(spans.hull(), Some(Span { after: 5, to: 8 }));
        spans.forget_before(9);
        assert_eq!(spans.hull(), None);
    }
}
