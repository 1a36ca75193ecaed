//! Walking scripted pages, without a server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode};
use progenitor_client::ResponseValue;

use super::*;
use crate::Client;
use crate::context::{ApiContext, RunError};
use crate::request::{Async, Operation, RunFuture};

struct Numbers(Vec<u32>, bool, Option<&'static str>);

impl Sealed for Numbers {}

impl Page for Numbers {
    type Item = u32;

    fn has_more(&self) -> bool {
        self.1
    }

    fn next_cursor(&self) -> Option<&str> {
        self.2
    }

    fn into_items(self) -> Vec<u32> {
        self.0
    }
}

/// The limits and cursors asked for.
type Asked = Arc<Mutex<Vec<(Option<u32>, Option<String>)>>>;

/// What was asked for, and the pages still to be answered.
#[derive(Clone, Default)]
struct Script {
    limit: Option<u32>,
    after: Option<String>,
    asked: Asked,
    pages: Arc<Mutex<VecDeque<Option<Numbers>>>>,
}

impl Paginated for Script {
    fn set_limit(&mut self, limit: u32) {
        self.limit = Some(limit);
    }

    fn set_after(&mut self, cursor: String) {
        self.after = Some(cursor);
    }

    fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }
}

static OPERATION: Operation = Operation {
    id: "list_numbers",
    method: "GET",
    path: "/numbers",
    streaming: false,
};

fn run(_: ApiContext, script: Script) -> RunFuture<Numbers> {
    Box::pin(async move {
        script
            .asked
            .lock()
            .unwrap()
            .push((script.limit, script.after));
        let page = script
            .pages
            .lock()
            .unwrap()
            .pop_front()
            .expect("a page is scripted");
        let page = page.ok_or(RunError::Unexpected(StatusCode::IM_A_TEAPOT))?;
        Ok(ResponseValue::new(page, StatusCode::OK, HeaderMap::new()))
    })
}

fn list(pages: impl IntoIterator<Item = Option<Numbers>>) -> (Call<Numbers, Script>, Asked) {
    let client = Client::builder("sk_test_1")
        .base_url("http://127.0.0.1:1")
        .build()
        .unwrap();
    let pages = Arc::new(Mutex::new(pages.into_iter().collect()));
    let script = Script {
        pages,
        ..Script::default()
    };
    let asked = Arc::clone(&script.asked);
    (
        Call::new(&client, Async, &OPERATION, Ok(script), run),
        asked,
    )
}

async fn read(mut stream: ItemStream<Numbers, Script>) -> (Vec<u32>, Option<Error>) {
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => items.push(item),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error ends the stream");
                return (items, Some(error));
            }
        }
    }
    assert!(stream.next().await.is_none(), "the end stays the end");
    (items, None)
}

#[tokio::test]
async fn an_empty_page_in_the_middle_is_walked_over() {
    let (call, asked) = list([
        Some(Numbers(vec![1, 2], true, Some("a"))),
        Some(Numbers(vec![], true, Some("b"))),
        Some(Numbers(vec![3], false, None)),
    ]);
    let (items, error) = read(call.limit(2).stream()).await;
    assert_eq!(items, [1, 2, 3]);
    assert!(error.is_none());
    let cursors: Vec<_> = asked
        .lock()
        .unwrap()
        .iter()
        .map(|(_, after)| after.clone())
        .collect();
    assert_eq!(cursors, [None, Some("a".to_owned()), Some("b".to_owned())]);
}

#[tokio::test]
async fn empty_pages_without_end_are_an_error_that_keeps_the_cursor() {
    let empty = |at: usize| {
        let cursor: &'static str = Box::leak(format!("c{at}").into_boxed_str());
        Some(Numbers(vec![], true, Some(cursor)))
    };
    let first = Some(Numbers(vec![1], true, Some("first")));
    let (call, asked) = list(std::iter::once(first).chain((1..).map(empty).take(1000)));
    let (items, error) = read(call.stream()).await;
    assert_eq!(items, [1]);
    let Some(Error::Decode(decode)) = &error else {
        panic!("{error:?}");
    };
    assert!(decode.to_string().contains("next_cursor"), "{decode}");
    assert_eq!(error.as_ref().and_then(Error::cursor), Some("c1000"));
    assert_eq!(asked.lock().unwrap().len(), 1001);
    // One fewer, and an item after them, is a list like any other.
    let last = Some(Numbers(vec![2], false, None));
    let (call, _) = list((1..).map(empty).take(999).chain([last]));
    let (items, error) = read(call.stream()).await;
    assert_eq!((items, error.is_none()), (vec![2], true));
}

#[tokio::test]
async fn a_cursor_that_comes_twice_is_an_error_and_not_a_loop() {
    for repeated in [["a", "a", "a"], ["a", "b", "a"]] {
        let pages = repeated.map(|cursor| Some(Numbers(vec![1], true, Some(cursor))));
        let (items, error) = read(list(pages).0.stream()).await;
        let Some(Error::Decode(decode)) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(decode.path(), "next_cursor");
        assert_eq!(error.as_ref().unwrap().cursor(), None, "none leads on");
        assert!(items.len() <= 3);
    }
}

#[tokio::test]
async fn more_without_a_cursor_is_an_error() {
    let (items, error) = read(list([Some(Numbers(vec![1], true, None))]).0.stream()).await;
    assert_eq!(items, [1], "what came is given first");
    assert!(matches!(error, Some(Error::Decode(_))));
}

#[tokio::test]
async fn an_error_keeps_the_cursor_to_resume_at() {
    let (call, _) = list([Some(Numbers(vec![1], true, Some("a"))), None]);
    let (items, error) = read(call.stream()).await;
    assert_eq!(items, [1]);
    assert_eq!(error.unwrap().cursor(), Some("a"));
}

#[tokio::test]
async fn a_walk_that_starts_at_a_cursor_and_fails_at_once_keeps_it() {
    let (call, asked) = list([None]);
    let (_, error) = read(call.after("a").stream()).await;
    assert_eq!(error.unwrap().cursor(), Some("a"));
    assert_eq!(asked.lock().unwrap()[0].1.as_deref(), Some("a"));
    let (call, _) = list([Some(Numbers(vec![1], true, Some("a")))]);
    let (_, error) = read(call.after("a").stream()).await;
    assert!(
        matches!(error, Some(Error::Decode(_))),
        "the start counts as passed"
    );
}

#[tokio::test]
async fn what_was_collected_before_an_error_is_kept_with_where_to_go_on() {
    let pages = || [Some(Numbers(vec![1, 2], true, Some("b"))), None];
    let partial = list(pages()).0.collect_up_to(9).await.unwrap_err();
    assert_eq!(partial.items(), [1, 2]);
    assert_eq!(partial.cursor(), Some("b"));
    let text = partial.to_string();
    assert!(
        text.contains("2 items") && text.contains(".after(\"b\")"),
        "{text}"
    );
    let (items, error) = partial.into_parts();
    assert_eq!((items.len(), error.cursor()), (2, Some("b")));

    // As an error alone it has lost its items, so going on starts where it did.
    let error = Error::from(list(pages()).0.collect_up_to(9).await.unwrap_err());
    assert_eq!(error.cursor(), None);
    let call = list(pages()).0.after("a");
    let error = Error::from(call.collect_up_to(9).await.unwrap_err());
    assert_eq!(error.cursor(), Some("a"));
}

#[tokio::test]
async fn pages_are_given_whole_and_the_empty_one_too() {
    let (call, _) = list([
        Some(Numbers(vec![1, 2], true, Some("a"))),
        Some(Numbers(vec![], true, Some("b"))),
        Some(Numbers(vec![3], false, Some("c"))),
    ]);
    let mut pages = call.pages();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().0.len());
    }
    assert_eq!(sizes, [2, 0, 1]);
    assert!(pages.next().await.is_none(), "the end stays the end");
}

#[tokio::test]
async fn no_more_is_read_than_was_asked_for() {
    let pages = || {
        [
            Some(Numbers((0..100).collect(), true, Some("a"))),
            Some(Numbers((100..200).collect(), true, Some("b"))),
        ]
    };
    let (call, asked) = list(pages());
    assert_eq!(call.collect_up_to(150).await.unwrap().len(), 150);
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert_eq!(asked.lock().unwrap()[0].0, Some(100));
    let (call, asked) = list(pages());
    assert_eq!(call.collect_up_to(3).await.unwrap(), [0, 1, 2]);
    assert_eq!(*asked.lock().unwrap(), [(Some(3), None)]);
    let (call, asked) = list(pages());
    assert!(call.collect_up_to(0).await.unwrap().is_empty());
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_limit_out_of_range_is_refused_before_it_is_sent() {
    for limit in [0, 101] {
        let (call, asked) = list([]);
        let (_, error) = read(call.limit(limit).stream()).await;
        assert!(matches!(error, Some(Error::Config(_))));
        assert!(asked.lock().unwrap().is_empty());
    }
}
