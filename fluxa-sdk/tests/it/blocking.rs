//! The blocking client: the same requests, retries, errors and lists, from any thread.

use std::collections::HashSet;
use std::io::Read;
use std::thread;
use std::time::Duration;

use fluxa_sdk::blocking::{Blocking, Client};
use fluxa_sdk::types::{CreateRefund, Refund};
use fluxa_sdk::{Call, Error, IdempotencyKey, Outcome};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::builder;
use crate::face::{answer, example, page};
use crate::server::{Recorded, Server, Step, error, ok};

const A: &str = "pay_000000000000000a";
const B: &str = "pay_000000000000000b";
const C: &str = "pay_000000000000000c";

/// A server on threads of its own, and a client for it.
fn serve(steps: impl IntoIterator<Item = Step>) -> (Client, Server, Runtime) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = runtime.block_on(Server::start(steps));
    let client = builder(&server.base_url()).build_blocking().unwrap();
    (client, server, runtime)
}

fn refund(client: &Client) -> Call<Refund, fluxa_sdk::resources::RefundsCreateParams, Blocking> {
    client
        .refunds()
        .create(CreateRefund::new("pay_5f8b2c1e2a4b4d8c").amount(1000))
}

fn keys(server: &Server) -> Vec<String> {
    let key = |request: &Recorded| request.header("Idempotency-Key").unwrap().to_owned();
    server.requests().iter().map(key).collect()
}

#[test]
fn a_blocking_call_is_the_async_ones_request_and_answer() {
    let (client, server, runtime) = serve([answer("Refund"), answer("Refund")]);
    let asynchronous = builder(&server.base_url()).build().unwrap();
    let key = IdempotencyKey::derive("refund", "ord_8421");
    macro_rules! call {
        ($client:expr) => {
            $client
                .refunds()
                .create(CreateRefund::new("pay_5f8b2c1e2a4b4d8c").metadata("a", "b"))
                .expand(["payment"])
                .idempotency_key(&key)
                .timeout(Duration::from_secs(10))
                .header("X-Trace", "abc")
                .sandbox_timing("instant")
        };
    }
    let blocking = call!(client).send().unwrap();
    let awaited = runtime.block_on(async { call!(asynchronous).await.unwrap() });
    assert_eq!(blocking.id, awaited.id);
    assert_eq!(blocking.request_id(), awaited.request_id());
    assert_eq!(
        (blocking.attempts(), blocking.status()),
        (1, awaited.status())
    );
    let requests = server.requests();
    assert_eq!(requests[0].head, requests[1].head);
    assert_eq!(requests[0].body, requests[1].body);
}

#[test]
fn retries_repeat_the_key_and_the_error_can_be_resumed() {
    let (client, server, _runtime) = serve([
        Step::Reset,
        error(500, "internal"),
        answer("Refund"),
        Step::Close,
        answer("Refund"),
    ]);
    let answered = refund(&client).send().unwrap();
    assert_eq!(answered.attempts(), 3);

    let call = refund(&client).max_retries(0);
    let failure = call.clone().send().unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Unknown);
    let key = failure.idempotency_key().unwrap().clone();
    call.resume(&failure).send().unwrap();
    let keys = keys(&server);
    assert!(keys[0] == keys[1] && keys[1] == keys[2], "{keys:?}");
    assert_eq!(keys[3..], [key.as_str(), key.as_str()]);
    assert_ne!(keys[0], keys[3]);
}

#[test]
fn faults_are_the_same_errors() {
    let (client, server, _runtime) = serve([
        error(422, "amount_too_small"),
        ok("{\"id\": 7}"),
        Step::Hang,
    ]);
    let failure = refund(&client).send().unwrap_err();
    assert_eq!(failure.as_api().unwrap().code(), Some("amount_too_small"));
    assert_eq!(failure.outcome(), Outcome::Rejected);
    let failure = refund(&client).send().unwrap_err();
    assert!(matches!(failure, Error::Decode(_)), "{failure:?}");
    let failure = refund(&client)
        .timeout(Duration::from_millis(50))
        .send()
        .unwrap_err();
    assert!(matches!(failure, Error::Timeout(_)), "{failure:?}");
    assert_eq!(failure.outcome(), Outcome::Unknown);
    let faulty = client.refunds().create(CreateRefund::new("chk_1"));
    let failure = faulty.send().unwrap_err();
    assert!(matches!(failure, Error::Config(_)), "{failure:?}");
    let failure = client.raw("BREW", "/tea").send().unwrap_err();
    assert_eq!((failure.operation(), failure.attempts()), ("raw", 0));
    assert_eq!(
        server.requests().len(),
        3,
        "a fault of the call is not sent"
    );
}

#[test]
fn raw_calls_are_there_too() {
    let (client, server, _runtime) = serve([ok("{\"id\": \"po_1\"}")]);
    let payout = client
        .raw("POST", "/payouts")
        .query("expand[]", "bank")
        .json(json!({"amount": 1}))
        .send()
        .unwrap();
    assert_eq!(payout["id"], "po_1");
    let request = &server.requests()[0];
    assert!(
        request
            .request_line()
            .starts_with("POST /v1/payouts?expand")
    );
    assert!(request.header("Idempotency-Key").is_some());
}

#[test]
fn a_list_is_an_iterator_over_its_items_or_its_pages() {
    let pages = || [page(&[A], Some(A)), page(&[], Some(B)), page(&[C], None)];
    let (client, server, _runtime) = serve(pages().into_iter().chain(pages()).chain(pages()));
    let mut ids = Vec::new();
    for payment in client.payments().list().limit(2) {
        ids.push(payment.unwrap().id.to_string());
    }
    assert_eq!(ids, [A, C]);
    let sizes: Vec<_> = client
        .payments()
        .list()
        .pages()
        .map(|page| page.map(|page| (page.data.len(), page.request_id().is_some())))
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(sizes, [(1, true), (0, true), (1, true)]);
    assert_eq!(client.payments().list().collect_up_to(9).unwrap().len(), 2);
    assert!(
        client
            .payments()
            .list()
            .collect_up_to(0)
            .unwrap()
            .is_empty()
    );
    assert_eq!(server.requests().len(), 9);
}

#[test]
fn a_list_that_fails_leaves_the_cursor_and_ends() {
    let (client, _server, _runtime) = serve([
        page(&[A], Some(B)),
        Step::Reset,
        page(&[C], None),
        page(&[A], Some(B)),
        Step::Reset,
        page(&[A], Some(A)),
        page(&[B], Some(A)),
    ]);
    let list = || client.payments().list().max_retries(0);
    let mut stream = list().stream();
    assert_eq!(stream.next().unwrap().unwrap().id.as_str(), A);
    let failure = stream.next().unwrap().unwrap_err();
    assert!(stream.next().is_none(), "an error ends the walk");
    assert_eq!(failure.cursor(), Some(B));
    let rest: Vec<_> = list().after(B).stream().collect::<Result<_, _>>().unwrap();
    assert_eq!((rest.len(), rest[0].id.as_str()), (1, C));

    let partial = list().collect_up_to(9).unwrap_err();
    assert_eq!((partial.items().len(), partial.cursor()), (1, Some(B)));
    let error = Error::from(partial);
    assert_eq!(error.cursor(), None);

    let repeated: Vec<_> = list().stream().collect();
    assert_eq!(repeated.len(), 3);
    assert!(matches!(repeated[2], Err(Error::Decode(_))));
    let mut faulty = list().limit(0).stream();
    assert!(matches!(faulty.next(), Some(Err(Error::Config(_)))));
    assert!(faulty.next().is_none());
}

#[test]
fn eight_threads_share_a_client() {
    let body = example("Refund").to_string();
    let (client, server, _runtime) = serve((0..8 * 25).map(|_| ok(&body)));
    thread::scope(|scope| {
        for _ in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                for _ in 0..25 {
                    assert_eq!(refund(&client).send().unwrap().attempts(), 1);
                }
            });
        }
    });
    let keys = keys(&server);
    assert_eq!(keys.len(), 200);
    assert_eq!(keys.into_iter().collect::<HashSet<_>>().len(), 200);
}

#[test]
fn inside_a_runtime_it_neither_panics_nor_hangs_nor_when_it_is_dropped_there() {
    let answers = (0..4).map(|_| answer("Refund"));
    let (client, server, _runtime) = serve(answers);
    let single = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // On the very thread of a runtime, with no other to help.
    let inner = client.clone();
    single.block_on(async move {
        refund(&inner).send().unwrap();
        let made_here = builder(inner.base_url()).build_blocking().unwrap();
        refund(&made_here).send().unwrap();
        drop(made_here);
        drop(inner);
    });
    let inner = client.clone();
    let spawned = single.block_on(async move {
        tokio::task::spawn_blocking(move || {
            refund(&inner).send().unwrap();
        })
        .await
    });
    spawned.unwrap();
    // The last clone is dropped on a runtime's thread, and so is a call that was never sent.
    single.block_on(async move {
        let (call, list) = (refund(&client), client.payments().list().stream());
        refund(&client).send().unwrap();
        drop(client);
        drop((call, list));
    });
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn a_streaming_answer_is_read_as_it_comes() {
    let body = "id: evt_1\nevent: payment.settled\ndata: {}\n\n";
    let (client, server, _runtime) = serve([
        ok(body),
        Step::Cut(200, body.to_owned()),
        error(403, "forbidden"),
    ]);
    let mut reader = client.events().stream().read().unwrap();
    assert!(reader.request_id().is_some());
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, body);
    assert_eq!(
        reader.read(&mut [0; 8]).unwrap(),
        0,
        "the end stays the end"
    );

    let mut reader = client.events().stream().read().unwrap();
    let mut bytes = Vec::new();
    let failure = reader.read_to_end(&mut bytes).unwrap_err();
    assert_eq!(bytes, body.as_bytes(), "what came is given");
    let failure = failure.downcast::<Error>().unwrap();
    assert_eq!(failure.operation(), "events_stream");
    for _ in 0..2 {
        let again = reader.read(&mut [0; 8]).expect_err("no clean end");
        let again = again.downcast::<Error>().unwrap();
        assert_eq!(again.outcome(), Outcome::Unknown);
        assert_eq!(again.operation(), "events_stream");
    }

    let failure = client.events().stream().read().unwrap_err();
    assert_eq!(failure.outcome(), Outcome::Rejected);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn it_is_clone_send_and_sync_and_shows_no_key() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn sends<T: Send>(_: &T) {}
    shared::<Client>();
    shared::<fluxa_sdk::resources::PaymentsResource<Blocking>>();
    let client = builder("http://127.0.0.1:1/v1").build_blocking().unwrap();
    sends(&refund(&client));
    sends(&client.payments().list().stream());
    sends(&client.payments().list().pages());
    let shown = format!("{client:?} {:?} {:?}", client.payments(), refund(&client));
    assert!(!shown.contains(crate::KEY), "{shown}");
    assert!(matches!(Client::new("pk_test_1"), Err(Error::Config(_))));
}
