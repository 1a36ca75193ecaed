//! Walking lists over HTTP: empty pages, cursors that lead nowhere, and going on after an error.

use std::future::Future;
use std::task::{Context, Poll, Waker};

use fluxa_sdk::resources::PaymentsListParams;
use fluxa_sdk::types::{Payment, PaymentList};
use fluxa_sdk::{Call, Error, Outcome};

use crate::client;
use crate::face::page;
use crate::server::{Server, Step, error};

const A: &str = "pay_000000000000000a";
const B: &str = "pay_000000000000000b";
const C: &str = "pay_000000000000000c";
const D: &str = "pay_000000000000000d";
const E: &str = "pay_000000000000000e";

type List = Call<PaymentList, PaymentsListParams>;

fn payments(server: &Server) -> List {
    client(&server.base_url()).payments().list().max_retries(0)
}

/// The ids until the end or the first error.
async fn walk(list: List) -> (Vec<String>, Option<Error>) {
    let mut stream = list.stream();
    let mut ids = Vec::new();
    while let Some(payment) = stream.next().await {
        match payment {
            Ok(payment) => ids.push(payment.id.to_string()),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error ends the walk");
                return (ids, Some(error));
            }
        }
    }
    (ids, None)
}

fn ids(payments: &[Payment]) -> Vec<&str> {
    payments.iter().map(|payment| payment.id.as_str()).collect()
}

/// The cursors that were asked for.
fn cursors(server: &Server) -> Vec<Option<String>> {
    let after = |line: &str| {
        let (_, rest) = line.split_once("after=")?;
        Some(rest.split(['&', ' ']).next()?.to_owned())
    };
    let requests = server.requests();
    requests
        .iter()
        .map(|request| after(request.request_line()))
        .collect()
}

fn with_headers(step: Step, remaining: &str) -> Step {
    let Step::Respond(status, mut headers, body) = step else {
        panic!("a page is an answer")
    };
    for (name, value) in [
        ("X-RateLimit-Limit", "100"),
        ("X-RateLimit-Remaining", remaining),
        ("X-RateLimit-Reset", "1716135600"),
    ] {
        headers.push((name, value.to_owned()));
    }
    Step::Respond(status, headers, body)
}

#[tokio::test]
async fn pages_come_whole_with_their_headers_and_the_empty_one_too() {
    let server = Server::start([
        with_headers(page(&[A, B], Some(B)), "99"),
        with_headers(page(&[], Some(C)), "98"),
        with_headers(page(&[D], None), "97"),
    ])
    .await;
    let mut pages = payments(&server).limit(2).header("X-Trace", "abc").pages();
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.request_id().is_some());
        let remaining = page.rate_limit().unwrap().remaining;
        seen.push((page.data.len(), page.has_more, remaining));
    }
    assert_eq!(seen, [(2, true, 99), (0, true, 98), (1, false, 97)]);
    assert_eq!(
        cursors(&server),
        [None, Some(B.to_owned()), Some(C.to_owned())]
    );
    for request in server.requests() {
        assert!(
            request.request_line().contains("limit=2"),
            "options hold for each page"
        );
        assert_eq!(request.header("X-Trace"), Some("abc"));
    }
}

#[tokio::test]
async fn a_cursor_that_comes_twice_ends_the_walk_with_an_error() {
    let server = Server::start([
        page(&[A], Some(A)),
        page(&[B], Some(B)),
        page(&[C], Some(A)),
    ])
    .await;
    let (seen, error) = walk(payments(&server)).await;
    assert_eq!(seen, [A, B, C], "what came is given");
    let error = error.unwrap();
    assert!(matches!(&error, Error::Decode(fault) if fault.path() == "next_cursor"));
    assert_eq!(error.cursor(), None);
    assert!(
        error.request_id().is_some(),
        "for support: the list is at fault"
    );
    assert_eq!(error.operation(), "payments_list");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_page_that_fails_leaves_the_cursor_from_which_exactly_the_rest_comes() {
    for fault in [
        Step::Reset,
        error(500, "internal"),
        Step::Cut(200, "{".to_owned()),
        Step::Respond(200, Vec::new(), "{\"data\": 1}".to_owned()),
    ] {
        let server = Server::start([
            page(&[A, B], Some(B)),
            page(&[], Some(C)),
            fault,
            error(500, "internal"),
            page(&[D], Some(D)),
            page(&[E], None),
        ])
        .await;
        let (first, error) = walk(payments(&server)).await;
        assert_eq!(first, [A, B]);
        let error = error.unwrap();
        assert_eq!(error.cursor(), Some(C), "{error:?}");
        // The page that fails again, right away, is as far as it was.
        let (none, error) = walk(payments(&server).after(C)).await;
        assert!(none.is_empty());
        let error = error.unwrap();
        assert_eq!(error.cursor(), Some(C));
        let (rest, error) = walk(payments(&server).after(error.cursor().unwrap())).await;
        assert_eq!(rest, [D, E]);
        assert!(error.is_none());
    }
}

#[tokio::test]
async fn collecting_keeps_what_it_read_and_says_where_to_go_on() {
    let server = Server::start([page(&[A, B], Some(B)), Step::Reset, page(&[C, D], Some(D))]).await;
    let partial = payments(&server).collect_up_to(3).await.unwrap_err();
    assert_eq!(ids(partial.items()), [A, B]);
    assert_eq!(partial.error().outcome(), Outcome::Unknown);
    let says = partial.to_string();
    assert!(says.contains(&format!(".after(\"{B}\")")), "{says}");
    assert!(!format!("{partial:?}").contains(A), "items are not shown");
    let (mut items, error) = partial.into_parts();
    let rest = payments(&server).after(error.cursor().unwrap());
    items.extend(rest.collect_up_to(1).await.unwrap());
    assert_eq!(ids(&items), [A, B, C]);
    let lines = server.requests();
    assert!(
        lines[0].request_line().contains("limit=3"),
        "no more is asked for than wanted"
    );
}

#[tokio::test]
async fn as_an_error_alone_a_failed_collection_starts_over() {
    async fn question_mark(list: List) -> Result<Vec<Payment>, Error> {
        Ok(list.collect_up_to(9).await?)
    }
    let steps = || [page(&[B], Some(B)), Step::Reset];
    let server = Server::start(steps()).await;
    let error = question_mark(payments(&server)).await.unwrap_err();
    assert_eq!(
        error.cursor(),
        None,
        "its items are gone, so none may be skipped"
    );
    let server = Server::start(steps()).await;
    let error = question_mark(payments(&server).after(A)).await.unwrap_err();
    assert_eq!(error.cursor(), Some(A));
}

#[tokio::test]
async fn giving_up_waiting_for_an_item_loses_none() {
    let server = Server::start([page(&[A], Some(A)), page(&[B], None)]).await;
    let mut stream = payments(&server).stream();
    let mut seen = Vec::new();
    loop {
        {
            // Begins a page, as a `select!` that then takes another branch.
            let mut next = std::pin::pin!(stream.next());
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(Some(payment)) = next.as_mut().poll(&mut context) {
                seen.push(payment.unwrap().id.to_string());
            }
        }
        match stream.next().await {
            Some(payment) => seen.push(payment.unwrap().id.to_string()),
            None => break,
        }
    }
    assert_eq!(seen, [A, B]);
    assert_eq!(server.requests().len(), 2, "no page was asked for twice");
}
