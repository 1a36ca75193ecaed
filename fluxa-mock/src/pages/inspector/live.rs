//! Owns the ticks that keep pages live: server-sent events that say "look again" and nothing else, so
//! that a page that missed one has missed nothing.

use crate::http::Account;
use crate::sandbox::Sandbox;
use axum::Extension;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_core::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// Shortest time between two ticks: a thousand payments a second are still four looks a second.
const SHORTEST: Duration = Duration::from_millis(250);

/// How often the clock is looked at, whose changes make no commit that is told of.
const CLOCK_LOOK: Duration = Duration::from_secs(1);

/// Opens the ticks of a sandbox. They end with it, and when it is reset: the browser then comes back.
pub(super) async fn open(Extension(sandbox): Account) -> Response {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(tick(sandbox, sender));
    let mut response = Response::new(Body::from_stream(Ticks(receiver)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn tick(sandbox: Arc<Sandbox>, sender: mpsc::Sender<Bytes>) {
    let mut changes = sandbox.store.changes();
    let mut epoch = sandbox.epoch.subscribe();
    let ping = sandbox.config.ping_interval;
    let mut pinged = tokio::time::Instant::now();
    changes.borrow_and_update();
    let mut shown = face(&sandbox);
    let mut message = Bytes::from_static(b"retry: 500\nevent: tick\ndata: {}\n\n");
    loop {
        if sender.send(message).await.is_err() {
            return;
        }
        message = loop {
            tokio::select! {
                // A commit seen while the last tick was sent counts for the next.
                changed = changes.changed() => {
                    if changed.is_err() { return }
                    break Bytes::from_static(b"event: tick\ndata: {}\n\n");
                }
                _ = epoch.changed() => return,
                () = sender.closed() => return,
                () = tokio::time::sleep(CLOCK_LOOK) => {
                    if face(&sandbox) != shown {
                        break Bytes::from_static(b"event: tick\ndata: {}\n\n");
                    }
                    if pinged.elapsed() >= ping {
                        pinged = tokio::time::Instant::now();
                        break Bytes::from_static(b": ping\n\n");
                    }
                }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(SHORTEST) => {}
            _ = epoch.changed() => return,
            () = sender.closed() => return,
        }
        changes.borrow_and_update();
        shown = face(&sandbox);
    }
}

/// The pace, and where a frozen clock stands.
fn face(sandbox: &Sandbox) -> (f64, i64) {
    let clock = &sandbox.store.shared().clock;
    let pace = clock.pace();
    (pace, if pace <= 0.0 { clock.now().millis() } else { 0 })
}

struct Ticks(mpsc::Receiver<Bytes>);

impl Stream for Ticks {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(Ok))
    }
}
