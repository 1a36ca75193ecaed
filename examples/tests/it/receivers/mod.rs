//! The extractors under attack: each case against a real server of axum and one of actix-web.

pub(crate) mod client;
mod servers;

use std::time::Duration;

use client::{Request, smuggle};
use fluxa_sdk::testing::{SampleEvent, sample_event};
use fluxa_sdk::webhooks::{EventType, Receiver, Verifier};
use servers::{Server, start};

const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";
const OTHER: &str = "whsec_fedcba9876543210fedcba9876543210";
const SIGNATURE: &str = "X-Fluxa-Signature";

fn receiver(secret: &str) -> Receiver {
    Receiver::new(Verifier::new(secret).unwrap())
}

async fn servers() -> [Server; 2] {
    start(&receiver(SECRET), &receiver(OTHER)).await
}

fn sample() -> SampleEvent {
    sample_event(EventType::PaymentSettled)
}

fn good(path: &str) -> Request {
    Request::delivery(path, &sample().signed(SECRET))
}

/// A sample whose body has exactly so many bytes.
fn of_bytes(bytes: usize) -> SampleEvent {
    let empty = sample().set("/data/object/metadata/fill", "").body().len();
    sample().set("/data/object/metadata/fill", "x".repeat(bytes - empty))
}

impl Server {
    /// Sends a request that must be refused before a handler runs, without saying much.
    async fn refuses(&self, request: &Request, status: u16, says: &str) {
        let answer = request.send(self.address).await;
        assert_eq!(answer.status, status, "{}: {answer:?}", self.name);
        assert_eq!(answer.body, says, "{}", self.name);
        assert!(self.handled.lock().unwrap().is_empty(), "{}", self.name);
    }

    async fn still_works(&self) {
        let answer = good("/raw").send(self.address).await;
        assert_eq!(answer.status, 200, "{}: {answer:?}", self.name);
    }
}

#[tokio::test]
async fn every_type_is_handed_over_typed_and_raw() {
    for server in servers().await {
        let unknown = EventType::from("moon.landed");
        for event_type in EventType::ALL.iter().chain([&unknown]) {
            let delivery = sample_event(event_type.clone()).signed(SECRET);
            let answer = Request::delivery("/typed", &delivery)
                .send(server.address)
                .await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (200, event_type.as_str())
            );
            let answer = Request::delivery("/raw", &delivery)
                .send(server.address)
                .await;
            assert_eq!(answer.status, 200, "{} {event_type}", server.name);
        }
        assert_eq!(server.handled.lock().unwrap().len(), 60, "{}", server.name);
    }
}

#[tokio::test]
async fn what_is_not_signed_by_fluxa_is_refused() {
    let body = sample().body();
    let rewritten = serde_json::to_vec_pretty(sample().json()).unwrap();
    let old = sample().signed_at(SECRET, 1_716_135_600);
    let signature = sample().signed(SECRET).signature;
    let refused = "signature not accepted";
    for server in servers().await {
        for (request, says) in [
            (good("/typed").without(SIGNATURE), "not signed"),
            (good("/typed").header(SIGNATURE, &signature), refused),
            (
                good("/typed")
                    .without(SIGNATURE)
                    .header(SIGNATURE, b"t=1,v1=\xff\xfe"),
                refused,
            ),
            (
                good("/typed").without(SIGNATURE).header(SIGNATURE, ""),
                refused,
            ),
            (
                good("/typed")
                    .without(SIGNATURE)
                    .header(SIGNATURE, "x".repeat(5000)),
                refused,
            ),
            (
                Request::delivery("/typed", &sample().signed(OTHER)),
                refused,
            ),
            (good("/other"), refused),
            (Request::delivery("/typed", &old), refused),
            (good("/typed").body(rewritten.clone()), refused),
            (good("/typed").body([&body[..], b"\n"].concat()), refused),
            (good("/typed").body(""), "no body"),
        ] {
            server.refuses(&request, 400, says).await;
        }
        server.still_works().await;
        let other = Request::delivery("/other", &sample().signed(OTHER));
        assert_eq!(
            other.send(server.address).await.status,
            200,
            "{}",
            server.name
        );
    }
}

#[tokio::test]
async fn a_signed_body_that_is_no_event_is_told_apart_from_one_that_cannot_be_read() {
    for server in servers().await {
        let no_event = sample().with(|json| *json = serde_json::json!(["not", "an", "event"]));
        let no_event = Request::delivery("/typed", &no_event.signed(SECRET));
        server.refuses(&no_event, 400, "not an event").await;
        let unreadable = sample().set("/data/object/amount", "hush").signed(SECRET);
        let typed = Request::delivery("/typed", &unreadable);
        server
            .refuses(&typed, 500, "the event could not be read")
            .await;
        // Its bytes can be had all the same.
        let raw = Request::delivery("/raw", &unreadable);
        assert_eq!(
            raw.send(server.address).await.status,
            200,
            "{}",
            server.name
        );
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused_and_an_odd_media_type_is_not() {
    for server in servers().await {
        for encoding in ["gzip", "br", "identity, gzip"] {
            let request = good("/typed").header("Content-Encoding", encoding);
            let says = "send the body without Content-Encoding";
            server.refuses(&request, 415, says).await;
            let answer = request.send(server.address).await;
            assert!(
                answer.head.contains("accept-encoding: identity"),
                "{answer:?}"
            );
        }
        for media in [
            "application/json",
            "text/plain",
            "application/x-www-form-urlencoded",
            "!",
        ] {
            let request = good("/typed")
                .without("content-type")
                .header("Content-Type", media);
            assert_eq!(
                request.send(server.address).await.status,
                200,
                "{} {media}",
                server.name
            );
        }
        let identity = good("/typed").header("Content-Encoding", "Identity");
        assert_eq!(
            identity.send(server.address).await.status,
            200,
            "{}",
            server.name
        );
        let bare = good("/typed").without("content-type");
        assert_eq!(
            bare.send(server.address).await.status,
            200,
            "{}",
            server.name
        );
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_however_it_is_sent() {
    const LIMIT: usize = 64 * 1024;
    let limited = receiver(SECRET).max_body_bytes(LIMIT);
    for server in start(&limited, &limited).await {
        let fits = Request::delivery("/typed", &of_bytes(LIMIT).signed(SECRET));
        let over = Request::delivery("/typed", &of_bytes(LIMIT + 1).signed(SECRET));
        for size in [1000, 4096, LIMIT + 1] {
            let answer = over.send_chunked(server.address, size).await;
            assert_eq!(answer.status, 413, "{}: {answer:?}", server.name);
        }
        server.refuses(&over, 413, "the body is too large").await;
        // Refused by what it says, before a byte of it comes.
        let answer = over.send_some(server.address, LIMIT + 1, 0, false).await;
        assert_eq!(answer.status, 413, "{}", server.name);
        // Something endless does not have to end to be refused.
        let endless = over.clone().body(vec![b' '; 16 * LIMIT]);
        let answer = endless.send_chunked(server.address, 8192).await;
        assert_eq!(answer.status, 413, "{}: {answer:?}", server.name);
        assert!(server.handled.lock().unwrap().is_empty());
        assert_eq!(
            fits.send(server.address).await.status,
            200,
            "{}",
            server.name
        );
        assert_eq!(fits.send_chunked(server.address, 1000).await.status, 200);
    }
}

#[tokio::test]
async fn the_limit_is_the_receivers_and_not_the_frameworks() {
    let mebibyte = Request::delivery("/typed", &of_bytes(1024 * 1024).signed(SECRET));
    for server in servers().await {
        assert_eq!(
            mebibyte.send(server.address).await.status,
            200,
            "{}",
            server.name
        );
    }
    let lax = receiver(SECRET).max_body_bytes(4 * 1024 * 1024);
    let large = Request::delivery("/typed", &of_bytes(3 * 1024 * 1024).signed(SECRET));
    for server in start(&lax, &lax).await {
        assert_eq!(
            large.send(server.address).await.status,
            200,
            "{}",
            server.name
        );
    }
}

#[tokio::test]
async fn a_slow_body_is_given_up_and_a_cut_one_never_handled() {
    let hasty = receiver(SECRET).read_timeout(Duration::from_millis(100));
    let bytes = sample().body().len();
    for server in start(&hasty, &hasty).await {
        let answer = good("/typed")
            .send_some(server.address, bytes, bytes / 2, false)
            .await;
        assert_eq!(answer.status, 408, "{}: {answer:?}", server.name);
        // Whole and signed, but with more announced.
        let answer = good("/typed")
            .send_some(server.address, bytes + 1, bytes, false)
            .await;
        assert_eq!(answer.status, 408, "{}: {answer:?}", server.name);
        for sent in [0, bytes / 2, bytes] {
            let request = good("/typed");
            let answer = request
                .send_some(server.address, bytes + 1, sent, true)
                .await;
            assert!(
                matches!(answer.status, 0 | 400 | 408),
                "{}: {answer:?}",
                server.name
            );
        }
        assert!(server.handled.lock().unwrap().is_empty(), "{}", server.name);
        server.still_works().await;
    }
}

#[tokio::test]
async fn a_sender_whose_header_is_refused_cannot_make_the_receiver_wait_for_a_body() {
    let bytes = sample().body().len();
    let stale = format!("t=1716135600,v1={}", "0".repeat(64));
    // A time no test waits for.
    let patient = receiver(SECRET).read_timeout(Duration::from_secs(600));
    for server in start(&patient, &patient).await {
        for value in ["x", &stale] {
            let request = good("/typed").without(SIGNATURE).header(SIGNATURE, value);
            let answer = request.send_some(server.address, bytes, 0, false).await;
            assert_eq!(answer.status, 400, "{}: {answer:?}", server.name);
            assert_eq!(answer.body, "signature not accepted");
        }
    }
}

#[tokio::test]
async fn the_unread_body_of_a_refused_request_is_not_taken_for_the_next() {
    let tight = receiver(SECRET).max_body_bytes(64);
    let unsigned = good("/raw").without(SIGNATURE);
    for (outer, receiver, status) in [
        (unsigned, receiver(SECRET), 400),
        (good("/raw"), tight, 413),
    ] {
        for server in start(&receiver, &self::receiver(SECRET)).await {
            let answer = smuggle(server.address, &outer, &good("/other")).await;
            assert_eq!(answer.status, status, "{}: {answer:?}", server.name);
            assert!(!answer.body.contains("HTTP/1.1 200"), "{answer:?}");
            assert!(server.handled.lock().unwrap().is_empty(), "{}", server.name);
        }
    }
}

#[tokio::test]
async fn two_hundred_at_once_are_each_handled_once() {
    for server in servers().await {
        let sending: Vec<_> = (0..200)
            .map(|number| {
                let event = sample().id(format!("evt_{number:016x}"));
                let request = Request::delivery("/typed", &event.signed(SECRET));
                let forged = Request::delivery("/typed", &event.signed(OTHER));
                let address = server.address;
                tokio::spawn(async move {
                    let status = forged.send(address).await.status;
                    (status, request.send(address).await.status)
                })
            })
            .collect();
        for sent in sending {
            assert_eq!(sent.await.unwrap(), (400, 200), "{}", server.name);
        }
        let mut handled = server.handled.lock().unwrap().clone();
        handled.sort();
        handled.dedup();
        assert_eq!(handled.len(), 200, "{}", server.name);
    }
}

#[tokio::test]
async fn the_merchant_sees_why_and_the_sender_does_not() {
    for server in servers().await {
        let old = Request::delivery("/seen", &sample().signed_at(SECRET, 1_716_135_600));
        let answer = old.send(server.address).await;
        assert_eq!(answer.status, 400, "{}", server.name);
        assert!(answer.body.contains("OutsideTolerance"), "{answer:?}");
        assert!(!answer.body.contains("whsec_"), "{answer:?}");
        let forged = Request::delivery("/seen", &sample().signed(OTHER));
        let answer = forged.send(server.address).await;
        assert!(
            answer.body.contains("NoMatch"),
            "{}: {answer:?}",
            server.name
        );
        let answer = good("/seen").send(server.address).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "accepted"));
    }
}

#[tokio::test]
async fn under_actix_a_resource_has_its_own_secret_and_mistakes_are_told() {
    let [_, server] = servers().await;
    let by_other = Request::delivery("/resource", &sample().signed(OTHER));
    server
        .refuses(&good("/resource"), 400, "signature not accepted")
        .await;
    // Another extractor took the body.
    server.refuses(&good("/after_json"), 400, "no body").await;
    // Nobody set it up; the sender need not know how.
    server
        .refuses(&good("/lost"), 500, "the endpoint is not set up")
        .await;
    assert_eq!(by_other.send(server.address).await.status, 200);
}
