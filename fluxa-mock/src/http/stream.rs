//! Owns the event stream: server-sent events read from the event table by cursor. The wake-up is only
//! a hint to read again, so nothing can fall between backlog and live tail.

use super::params;
use super::pipeline::Call;
use super::reply::{self, Reply};
use crate::domain::api_key;
use crate::domain::error::{DomainError, Kind};
use crate::events::{self, StreamedEvent};
use crate::sandbox::Sandbox;
use crate::store::{Origin, Tx};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_core::Stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Events read at once.
const PAGE: i64 = 100;

/// Chunks that wait for a slow client before the reading of more stops.
const BUFFERED_CHUNKS: usize = 32;

/// Opens a stream, or refuses it.
pub(super) async fn open(sandbox: Arc<Sandbox>, call: Call) -> Response {
    let request_id = call.request_id.clone();
    let bearer = call.caller.bearer.clone().unwrap_or_default();
    let header = call.last_event_id.clone().filter(|id| !id.is_empty());
    let shared = Arc::clone(&sandbox);
    let opened = sandbox
        .store
        .run(Origin::default(), move |tx| {
            let admitted = match call.admit(tx, &shared)? {
                Ok(admitted) => admitted,
                Err(reply) => return Ok(Err(reply)),
            };
            let asked_by = admitted.reply_with.key.clone();
            let refuse = |error: DomainError, allowance| {
                let refused = Reply::refusal(&error, &admitted.reply_with.request_id);
                Ok(Err(refused.asked_by(asked_by.clone(), allowance)))
            };
            let allowance = admitted.reply_with.allowance;
            let types = params::split_types(admitted.input.text("types").unwrap_or_default());
            let types = params::wanted_types(types);
            if let Err(error) = params::check_types(&types, "types") {
                return refuse(error, allowance);
            }
            let after = header.as_deref().or(admitted.input.text("after"));
            match events::position(tx, after) {
                Ok(cursor) => Ok(Ok((cursor, types, admitted.reply_with))),
                Err(error) => refuse(error, allowance),
            }
        })
        .await;
    let (cursor, types, blank) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(reply)) => return reply.into_response(),
        Err(error) => {
            let error: DomainError = error;
            return Reply::refusal(&error, &request_id).into_response();
        }
    };
    let (sender, receiver) = mpsc::channel(BUFFERED_CHUNKS);
    tokio::spawn(feed(sandbox, sender, cursor, types, bearer));
    let mut response = blank.into_response();
    reply::set(&mut response, CONTENT_TYPE.as_str(), "text/event-stream");
    reply::set(&mut response, CACHE_CONTROL.as_str(), "no-store");
    *response.body_mut() = Body::from_stream(Chunks(receiver));
    response
}

async fn feed(
    sandbox: Arc<Sandbox>,
    sender: mpsc::Sender<Bytes>,
    mut cursor: i64,
    types: Vec<String>,
    bearer: String,
) {
    let bearer: Arc<str> = bearer.into();
    let mut changes = sandbox.store.changes();
    let mut epoch = sandbox.epoch.subscribe();
    let ping = sandbox.config.ping_interval;
    let mut next_ping = Instant::now() + ping;
    if sender
        .send(Bytes::from_static(b": connected\n\n"))
        .await
        .is_err()
    {
        return;
    }
    loop {
        // Seen before reading: what commits after the read wakes the loop again.
        changes.borrow_and_update();
        let bearer = Arc::clone(&bearer);
        let read = sandbox
            .store
            .run(Origin::default(), move |tx| page(tx, &bearer, cursor));
        let page: Vec<StreamedEvent> = match read.await {
            Ok(Some(page)) => page,
            Ok(None) => return,
            Err(error) => {
                let error: DomainError = error;
                tracing::warn!(%error, "an event stream ends");
                return;
            }
        };
        let whole = page.len() as i64 == PAGE;
        for event in page {
            cursor = event.sequence;
            if types.is_empty() || types.contains(&event.event_type) {
                if sender.send(frame(&event)).await.is_err() {
                    return;
                }
                next_ping = Instant::now() + ping;
            }
        }
        if whole {
            continue;
        }
        if Instant::now() >= next_ping {
            next_ping = Instant::now() + ping;
            if sender
                .send(Bytes::from_static(b": ping\n\n"))
                .await
                .is_err()
            {
                return;
            }
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            _ = epoch.changed() => return,
            () = sender.closed() => return,
            () = tokio::time::sleep_until(next_ping) => {}
        }
    }
}

/// The next events for a key; `None` when it has ended meanwhile. In one transaction, so that no event
/// of a later moment reaches it.
fn page(tx: &Tx<'_>, bearer: &str, cursor: i64) -> Result<Option<Vec<StreamedEvent>>, DomainError> {
    match api_key::authenticate(tx, bearer) {
        Ok(_) => events::after(tx, cursor, PAGE).map(Some),
        Err(error) if error.kind == Kind::Authentication => Ok(None),
        Err(error) => Err(error),
    }
}

fn frame(event: &StreamedEvent) -> Bytes {
    // The body is one line: JSON escapes every line break.
    format!(
        "id: {}\nevent: {}\ndata: {}\n\n",
        event.id, event.event_type, event.body
    )
    .into()
}

struct Chunks(mpsc::Receiver<Bytes>);

impl Stream for Chunks {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(Ok))
    }
}
