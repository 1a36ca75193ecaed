//! The axum extractor, request by request: limits, time, and what a rejection shows to whom.
//! Over real sockets it is tested by the examples.

use std::convert::Infallible;
use std::error::Error as _;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_core::body::Body;
use axum_core::extract::{FromRequest, Request};
use axum_core::response::IntoResponse;
use bytes::Bytes;
use fluxa_sdk::Timestamp;
use fluxa_sdk::testing::sample_event;
use fluxa_sdk::webhooks::{
    Event, EventType, Receiver, Rejection, SignatureError, VerifiedEvent, Verifier, Webhook,
};
use futures_core::Stream;
use http_body_util::Limited;
use tokio::time::{Instant, Interval};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Metadata, Subscriber};

const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";

fn receiver() -> Receiver {
    Receiver::new(Verifier::new(SECRET).unwrap())
}

/// A delivery whose headers are right and whose body is as given.
fn request(body: impl FnOnce(Bytes) -> Body) -> Request {
    let delivery = sample_event(EventType::PaymentSettled).signed(SECRET);
    let mut request = Request::new(body(delivery.body.clone()));
    *request.headers_mut() = delivery.headers();
    request
}

async fn extract(request: Request, receiver: &Receiver) -> Result<VerifiedEvent, Rejection> {
    let webhook = Webhook::<VerifiedEvent>::from_request(request, receiver).await?;
    Ok(webhook.into_event())
}

/// Chunks, one at each tick when there is a clock.
struct Chunks {
    left: std::vec::IntoIter<Bytes>,
    clock: Option<Interval>,
}

impl Chunks {
    fn body(body: &Bytes, size: usize, every: Option<Duration>) -> Body {
        let left: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
        let left = left.into_iter();
        let clock = every.map(tokio::time::interval);
        Body::from_stream(Self { left, clock })
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(clock) = &mut self.clock
            && clock.poll_tick(cx).is_pending()
        {
            return Poll::Pending;
        }
        Poll::Ready(self.left.next().map(Ok))
    }
}

#[tokio::test]
async fn the_bytes_are_the_same_in_however_many_pieces_they_come() {
    for size in [1, 7, 100, 1_000_000] {
        let request = request(|body| Chunks::body(&body, size, None));
        let event = extract(request, &receiver()).await.unwrap();
        let sent = sample_event(EventType::PaymentSettled).body();
        assert_eq!(event.bytes(), &sent, "{size}");
    }
}

#[tokio::test]
async fn bytes_are_counted_whatever_content_length_says() {
    let bytes = sample_event(EventType::PaymentSettled).body().len();
    for size in [1, bytes / 2, bytes] {
        let mut request = request(|body| Chunks::body(&body, size, None));
        request.headers_mut().insert("content-length", 5.into());
        let limited = receiver().max_body_bytes(bytes - 1);
        let rejection = extract(request, &limited).await.unwrap_err();
        let Rejection::BodyTooLarge { max_body_bytes } = rejection else {
            panic!("{rejection:?}")
        };
        assert_eq!(max_body_bytes, Some(bytes - 1));
    }
    let exact = receiver().max_body_bytes(bytes);
    let request = request(|body| Chunks::body(&body, 3, None));
    assert!(extract(request, &exact).await.is_ok());
}

#[tokio::test]
async fn a_layers_limit_is_told_apart_from_a_connection_that_failed() {
    let limited = request(|body| Body::new(Limited::new(Body::from(body), 10)));
    let rejection = extract(limited, &receiver()).await.unwrap_err();
    assert_eq!(rejection.status(), 413, "{rejection:?}");
    struct Broken;
    impl Stream for Broken {
        type Item = std::io::Result<Bytes>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
        }
    }
    let rejection = extract(request(|_| Body::from_stream(Broken)), &receiver()).await;
    let rejection = rejection.unwrap_err();
    assert_eq!(rejection.status(), 400, "{rejection:?}");
    assert!(rejection.source().unwrap().to_string().contains("reset"));
}

#[tokio::test(start_paused = true)]
async fn the_time_is_for_the_whole_body_and_a_drip_does_not_renew_it() {
    let begin = Instant::now();
    let drip = |every| move |body: Bytes| Chunks::body(&body, 100, Some(every));
    let slow = request(drip(Duration::from_secs(1)));
    let rejection = extract(slow, &receiver()).await.unwrap_err();
    assert_eq!(rejection.status(), 408, "{rejection:?}");
    assert_eq!(begin.elapsed(), Duration::from_secs(10));
    let patient = receiver().read_timeout(Duration::from_secs(25));
    let slow = request(drip(Duration::from_secs(1)));
    assert!(extract(slow, &patient).await.is_ok());
    let quick = request(drip(Duration::from_millis(100)));
    assert!(extract(quick, &receiver()).await.is_ok());
}

#[tokio::test]
async fn an_unsigned_body_is_not_even_read() {
    struct Untouched;
    impl Stream for Untouched {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            panic!("the body was read")
        }
    }
    let bare = || request(|_| Body::from_stream(Untouched));
    let mut unsigned = bare();
    unsigned.headers_mut().remove("x-fluxa-signature");
    let rejection = extract(unsigned, &receiver()).await.unwrap_err();
    assert_eq!(
        rejection.signature_error(),
        Some(SignatureError::MissingHeader)
    );
    // What no body could mend is refused from the header alone.
    let v1 = "0".repeat(64);
    for (value, reason) in [
        ("x".to_owned(), "signature_malformed"),
        (format!("t=1716135600,v1={v1}"), "signature_too_old"),
        (format!("t=99999999999,v1={v1}"), "signature_too_old"),
    ] {
        let mut request = bare();
        let headers = request.headers_mut();
        headers.insert("x-fluxa-signature", value.parse().unwrap());
        let rejection = extract(request, &receiver()).await.unwrap_err();
        assert_eq!(
            (rejection.status().as_u16(), rejection.reason()),
            (400, reason)
        );
    }
    // Each of several headers counts.
    for codings in [["identity", "gzip"], ["gzip", "identity"]] {
        let mut request = bare();
        for coding in codings {
            let headers = request.headers_mut();
            headers.append("content-encoding", coding.parse().unwrap());
        }
        let rejection = extract(request, &receiver()).await.unwrap_err();
        assert_eq!(rejection.status(), 415, "{rejection:?}");
    }
}

#[tokio::test]
async fn a_signature_is_as_old_as_it_was_when_the_request_came() {
    /// A body that comes when the clock shows this second.
    struct At(i64, Option<Bytes>);

    impl Stream for At {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            if Timestamp::now().as_second() < self.0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(self.1.take().map(Ok))
        }
    }
    let strict = Verifier::new(SECRET)
        .unwrap()
        .tolerance(Duration::from_secs(1));
    let late = Timestamp::now().as_second() + 2;
    let request = request(|body| Body::from_stream(At(late, Some(body))));
    extract(request, &Receiver::new(strict)).await.unwrap();
}

/// Keeps what is logged of rejections.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.lock().unwrap().push(format!("{field}={value:?}"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn event(&self, event: &tracing::Event<'_>) {
        if event.metadata().target().contains("webhooks") {
            self.record_level(event);
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Log {
    fn record_level(&self, event: &tracing::Event<'_>) {
        let level = event.metadata().level().to_string();
        self.0.lock().unwrap().push(level);
        event.record(&mut self.clone());
    }
}

#[tokio::test]
async fn a_rejection_is_logged_once_with_its_status_and_reason_alone() {
    let log = Log::default();
    // While there is one dispatcher only, tracing asks that of the thread which meets an event
    // first, and caches "nobody listens" for all when another test's thread has none.
    let _second = Dispatch::new(Log::default());
    let guard = tracing::subscriber::set_default(log.clone());
    let other = Receiver::new(Verifier::new("whsec_other").unwrap());
    extract(request(Body::from), &other).await.unwrap_err();
    extract(request(Body::from), &receiver()).await.unwrap();
    drop(guard);
    let mut lines = log.0.lock().unwrap().clone();
    lines.sort();
    let expected = [
        "WARN",
        "message=webhook rejected",
        "reason=\"signature_mismatch\"",
        "status=400",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn the_answer_carries_its_reason_for_layers_and_not_for_the_sender() {
    let other = Receiver::new(Verifier::new("whsec_other").unwrap());
    let rejection = extract(request(Body::from), &other).await.unwrap_err();
    let response = rejection.into_response();
    assert_eq!(response.status(), 400);
    let kept = response.extensions().get::<Arc<Rejection>>().unwrap();
    assert_eq!(kept.signature_error(), Some(SignatureError::NoMatch));
    assert!(kept.source().unwrap().to_string().contains("raw bytes"));
}

#[tokio::test]
async fn no_rejection_shows_a_secret_or_a_body() {
    let hush = sample_event(EventType::PaymentSettled)
        .set("/data/object/amount", "hush")
        .signed(SECRET);
    let mut unreadable = Request::new(Body::from(hush.body.clone()));
    *unreadable.headers_mut() = hush.headers();
    let typed = Webhook::<Event>::from_request(unreadable, &receiver()).await;
    let rejection = typed.unwrap_err();
    assert_eq!(rejection.status(), 500);
    let mut shown = format!("{rejection} {rejection:?} {:?}", receiver());
    let mut cause = rejection.source();
    while let Some(error) = cause {
        shown += &format!(" {error} {error:?}");
        cause = error.source();
    }
    for secret in ["hush", "0123456789abcdef0123", "4242", "ord_8421"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let typed = Webhook::<Event>::from_request(request(Body::from), &receiver()).await;
    assert!(!format!("{:?}", typed.unwrap()).contains("4242"));
}
