//! Owns reading the list of events from a known one onwards, oldest first.
//!
//! The list is newest first: it is walked back to what is known, then forth. However much is
//! between the two, only a few pages are held; the others are asked for again.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;

use super::source::EventApi;
use crate::error::{CliError, Result};

/// The most pages held.
const HELD: usize = 8;

/// An event of the list.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) event_type: String,
    /// As the stream would send it.
    pub(crate) body: Bytes,
}

/// A page of the list of events, newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    pub(crate) events: Vec<Listed>,
    /// Where the next, older page starts.
    pub(crate) next: Option<String>,
}

/// A page on the way.
enum Step {
    Held(Vec<Listed>),
    /// To be asked for again.
    After(String),
}

/// Events between a known one and the newest.
pub(crate) struct History {
    /// Newest first.
    steps: VecDeque<Step>,
    /// Whether what is known was found.
    pub(crate) found: bool,
}

impl History {
    /// Walks back from the newest event to the first that `is_known`, or to the oldest.
    ///
    /// # Errors
    /// Those of the API; and a list that leads back to where it has been, which has no end.
    pub(crate) async fn walk(
        api: &impl EventApi,
        is_known: impl Fn(&str) -> bool + Send,
    ) -> Result<Self> {
        let mut steps = VecDeque::new();
        let mut after: Option<String> = None;
        let mut held: VecDeque<(usize, String)> = VecDeque::new();
        let mut visited = HashSet::new();
        loop {
            let mut page = api.page(after.as_deref()).await?;
            // What is older was there before us, and is nothing that anybody waits for.
            let known = page.events.iter().position(|event| is_known(&event.id));
            let found = known.is_some();
            page.events.truncate(known.unwrap_or(page.events.len()));
            // The first page has no name that it could be asked for again by.
            if let Some(after) = after {
                held.push_back((steps.len(), after));
            }
            steps.push_back(Step::Held(page.events));
            if held.len() > HELD
                && let Some((at, after)) = held.pop_front()
            {
                steps[at] = Step::After(after);
            }
            after = page.next;
            match &after {
                Some(next) if !found => {
                    if !visited.insert(next.clone()) {
                        return Err(goes_round(next));
                    }
                }
                _ => return Ok(Self { steps, found }),
            }
        }
    }

    /// Returns the next events, oldest first.
    pub(crate) async fn next(&mut self, api: &impl EventApi) -> Result<Option<Vec<Bytes>>> {
        let mut events = match self.steps.pop_back() {
            None => return Ok(None),
            Some(Step::Held(events)) => events,
            Some(Step::After(after)) => api.page(Some(&after)).await?.events,
        };
        events.reverse();
        Ok(Some(events.into_iter().map(|event| event.body).collect()))
    }
}

/// The list has no end: asking again would not help.
fn goes_round(cursor: &str) -> CliError {
    CliError::failure(format!(
        "the list of events goes round in circles: its cursor {cursor} came twice"
    ))
    .hint("is that the Fluxa API? `fluxa config list` shows the base URL")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::source::ByteStream;
    use super::*;

    /// Cuts a list, oldest first, into pages of two as the API does.
    pub(crate) fn page_of(all: &[Listed], after: Option<&str>) -> Page {
        let start = after.map_or(0, |after| {
            1 + all.iter().rev().position(|e| e.id == after).unwrap()
        });
        let events: Vec<Listed> = all.iter().rev().skip(start).take(2).cloned().collect();
        let more = all.len() > start + events.len();
        let next = events.last().filter(|_| more).map(|last| last.id.clone());
        Page { events, next }
    }

    struct List(Vec<Listed>, AtomicUsize);

    impl List {
        fn of(ids: impl Iterator<Item = u32>) -> Self {
            let listed = |id: u32| Listed {
                id: id.to_string(),
                event_type: String::new(),
                body: id.to_string().into(),
            };
            Self(ids.map(listed).collect(), AtomicUsize::new(0))
        }

        async fn read(&self, mut history: History) -> Vec<Bytes> {
            let mut read = Vec::new();
            while let Some(events) = history.next(self).await.unwrap() {
                read.extend(events);
            }
            read
        }
    }

    impl EventApi for List {
        async fn open(&self, _: Option<&str>) -> Result<ByteStream> {
            Err(CliError::failure("no stream here"))
        }

        async fn newest(&self) -> Result<Option<String>> {
            Ok(None)
        }

        async fn page(&self, after: Option<&str>) -> Result<Page> {
            self.1.fetch_add(1, Ordering::Relaxed);
            Ok(page_of(&self.0, after))
        }
    }

    #[tokio::test]
    async fn a_long_way_back_is_walked_forth_in_order_and_few_pages_are_held() {
        let list = List::of(0..101);
        let history = History::walk(&list, |id| id == "11").await.unwrap();
        assert!(history.found);
        let held = history.steps.iter().filter(|s| matches!(s, Step::Held(_)));
        assert!(held.count() <= HELD + 1);
        let pages = list.1.load(Ordering::Relaxed);
        let expected: Vec<String> = (12..101).map(|n: u32| n.to_string()).collect();
        assert_eq!(list.read(history).await, expected);
        let again = list.1.load(Ordering::Relaxed) - pages;
        assert_eq!((pages, again), (45, 45 - HELD - 1));
    }

    #[tokio::test]
    async fn without_anything_known_the_history_is_everything() {
        let list = List::of(1..4);
        let history = History::walk(&list, |_| false).await.unwrap();
        assert!(!history.found);
        assert_eq!(list.read(history).await, ["1", "2", "3"]);
    }

    #[tokio::test]
    async fn a_list_that_leads_back_to_where_it_has_been_is_an_error() {
        /// Two pages, each the next of the other.
        struct Circle;

        impl EventApi for Circle {
            async fn open(&self, _: Option<&str>) -> Result<ByteStream> {
                Err(CliError::failure("no stream here"))
            }

            async fn newest(&self) -> Result<Option<String>> {
                Ok(None)
            }

            async fn page(&self, after: Option<&str>) -> Result<Page> {
                let next = if after == Some("a") { "b" } else { "a" };
                Ok(Page {
                    next: Some(next.to_owned()),
                    ..Page::default()
                })
            }
        }

        let walked = History::walk(&Circle, |_| false).await;
        let error = walked.err().unwrap();
        assert!(error.message.contains("cursor a came twice"), "{error}");
    }
}
