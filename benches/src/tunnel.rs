//! Servers that stand in for the other end of tools which forward webhooks to this machine, each
//! speaking what its tool expects; and the target they all forward to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// A tool, by what its server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Server-sent events, resumed by cursor.
    Fluxa,
    /// A session, then a WebSocket.
    Stripe,
    /// Sources, connections, a session, then a WebSocket.
    Hookdeck,
    /// Server-sent events on a channel.
    Smee,
}

/// A server that can be taken away and come back at the same address.
pub struct Fake {
    protocol: Protocol,
    address: SocketAddr,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

#[derive(Default)]
struct Shared {
    /// Who listens.
    open: Mutex<Vec<mpsc::UnboundedSender<String>>>,
    /// When somebody began to listen last.
    opened: Mutex<Option<Instant>>,
    /// All events that were sent: where a cursor resumes.
    sent: Mutex<Vec<(String, String)>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fake {
    /// Starts on a free port.
    ///
    /// # Panics
    /// Where no socket can be had.
    #[must_use]
    pub fn start(protocol: Protocol) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = free.local_addr().expect("it is bound");
        drop(free);
        let mut fake = Self {
            protocol,
            address,
            shared: Arc::default(),
            runtime: None,
        };
        fake.up();
        fake
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Comes back. Returns when it did.
    ///
    /// # Panics
    /// Where its port was taken meanwhile.
    pub fn up(&mut self) -> Instant {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        *lock(&self.shared.opened) = None;
        let router = router(self.protocol, self.address).with_state(Arc::clone(&self.shared));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(self.address))
            .expect("its own port is free");
        let back = Instant::now();
        runtime.spawn(async move { axum::serve(listener, router).await });
        self.runtime = Some(runtime);
        back
    }

    /// Goes away, with all its connections.
    pub fn down(&mut self) {
        lock(&self.shared.open).clear();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_millis(200));
        }
    }

    /// When somebody began to listen, once it happens.
    #[must_use]
    pub fn opened(&self, patience: Duration) -> Option<Instant> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(opened) = *lock(&self.shared.opened) {
                return Some(opened);
            }
            if Instant::now() > deadline {
                return None;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Sends an event to whoever listens.
    pub fn send(&self, sequence: usize, object: usize) {
        let id = format!("evt_{sequence:016x}");
        let frame = frame(self.protocol, &id, &event(&id, sequence, object));
        lock(&self.shared.sent).push((id, frame.clone()));
        for listener in lock(&self.shared.open).iter() {
            // One that is gone listens no more.
            let _ = listener.send(frame.clone());
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.down();
    }
}

/// The same event for every tool: that of Fluxa.
fn event(id: &str, sequence: usize, object: usize) -> Value {
    json!({
        "id": id, "object": "event", "type": "payment.settled", "api_version": "2026-05-19",
        "created_at": "2026-05-19T10:23:14.572Z", "livemode": false, "metadata": {}, "sequence": sequence,
        "data": { "object": {
            "id": format!("pay_{object:016x}"), "object": "payment", "amount": 4999, "currency": "GBP",
            "state": "SETTLED", "created_at": "2026-05-19T10:23:14.572Z", "livemode": false,
            "metadata": { "order_id": "ord_8421" },
        } },
    })
}

fn frame(protocol: Protocol, id: &str, event: &Value) -> String {
    match protocol {
        Protocol::Fluxa => format!("id: {id}\nevent: payment.settled\ndata: {event}\n\n"),
        Protocol::Smee => {
            let message = json!({ "body": event, "query": {}, "timestamp": 1_779_186_194_572_u64 });
            format!("id: {id}\ndata: {message}\n\n")
        }
        Protocol::Stripe => json!({
            "type": "webhook_event", "webhook_id": "we_1", "webhook_conversation_id": format!("wc_{id}"),
            "http_headers": { "Content-Type": "application/json", "Stripe-Signature": "t=1,v1=00" },
            "event_payload": event.to_string(), "endpoint": { "api_version": null },
        })
        .to_string(),
        Protocol::Hookdeck => json!({
            "event": "attempt",
            "body": {
                "cli_path": "/hook", "event_id": id, "attempt_id": format!("atm_{id}"), "webhook_id": "web_1",
                "request": {
                    "method": "POST", "timeout": 30_000, "data_string": event.to_string(),
                    "headers": { "content-type": "application/json" },
                },
            },
        })
        .to_string(),
    }
}

fn router(protocol: Protocol, address: SocketAddr) -> Router<Arc<Shared>> {
    match protocol {
        Protocol::Fluxa => Router::new()
            .route("/v1/events/stream", get(stream))
            .fallback(any(fluxa)),
        Protocol::Smee => Router::new().route("/channel", get(stream)),
        Protocol::Stripe => Router::new()
            .route(
                "/v1/stripecli/sessions",
                post(async move || {
                    axum_json(&json!({
                        "default_version": "2020-08-27", "latest_version": "2020-08-27",
                        "reconnect_delay": 3_600, "secret": "whsec_1",
                        "websocket_authorized_feature": "webhooks", "websocket_id": "cliws_1",
                        "websocket_url": format!("ws://{address}/subscribe/acct_1"),
                        "display_connect_filter_warning": false,
                    }))
                }),
            )
            .route("/subscribe/acct_1", any(socket)),
        Protocol::Hookdeck => Router::new()
            .route("/", any(socket))
            .fallback(any(hookdeck)),
    }
}

fn axum_json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn hookdeck(uri: Uri) -> Response {
    let dated = json!({ "team_id": "tm_1", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z" });
    let with = |more: Value| {
        let mut object = dated.clone();
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        object
    };
    let source = with(
        json!({ "id": "src_1", "name": "source", "url": "http://127.0.0.1:9/x", "type": "WEBHOOK" }),
    );
    let path = uri.path();
    if path.ends_with("/sources") {
        return axum_json(&json!({ "models": [source], "count": 1, "pagination": {} }));
    }
    if path.ends_with("/connections") {
        let destination = with(json!({
            "id": "des_1", "name": "cli", "type": "CLI", "cli_path": "/hook", "config": { "path": "/hook" },
        }));
        let connection = with(json!({
            "id": "web_1", "name": "cli", "full_name": "source -> cli", "rules": [],
            "source": source, "destination": destination,
        }));
        return axum_json(&json!({ "models": [connection], "count": 1, "pagination": {} }));
    }
    axum_json(&json!({ "id": "cs_1" }))
}

/// What `fluxa listen` asks beside the stream.
async fn fluxa(uri: Uri) -> Response {
    let common =
        json!({ "created_at": "2026-05-19T10:23:14.572Z", "livemode": false, "metadata": {} });
    let with = |more: Value| {
        let mut object = common.clone();
        if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
            object.extend(more);
        }
        axum_json(&object)
    };
    match uri.path() {
        "/v1/listen_sessions" => with(json!({
            "id": "lst_0000000000000001", "object": "listen_session", "events": [],
            "secret": "whsec_3q2w8r7t6y5u4i3o2p1a9s8d7f6g5h4j", "stream_url": "http://127.0.0.1/v1/events/stream",
        })),
        "/v1/events" => {
            let oldest = event("evt_0000000000000000", 0, 0);
            axum_json(
                &json!({ "object": "list", "data": [oldest], "has_more": false, "next_cursor": null, "url": "/v1/events" }),
            )
        }
        path if path.ends_with("/deliveries") => with(json!({
            "id": "dlv_0000000000000001", "object": "webhook_delivery", "attempt": 1, "status": "succeeded",
            "endpoint": "lst_0000000000000001", "event": "evt_0000000000000001",
        })),
        _ => (StatusCode::NOT_FOUND, "{}").into_response(),
    }
}

async fn stream(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let after = uri
        .query()
        .and_then(|query| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix("after="))
        })
        .map(str::to_owned);
    let listener = listen(&shared, after.as_deref());
    let chunks = futures_util::stream::once(async { ": ping\n\n".to_owned() })
        .chain(futures_util::stream::unfold(
            listener,
            async |mut listener| listener.recv().await.map(|frame| (frame, listener)),
        ))
        .map(|frame| Ok::<_, std::convert::Infallible>(Bytes::from(frame)));
    (
        [(CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(chunks),
    )
        .into_response()
}

async fn socket(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols(["stripecli-devproxy-v1", "hookdeckcli-devproxy-v1"])
        .on_upgrade(async move |mut socket| {
            let mut listener = listen(&shared, None);
            loop {
                tokio::select! {
                    frame = listener.recv() => {
                        let Some(frame) = frame else { return };
                        if socket.send(Message::text(frame)).await.is_err() {
                            return;
                        }
                    }
                    // What it answers is read, so that it never waits.
                    said = socket.recv() => if !matches!(said, Some(Ok(_))) { return },
                }
            }
        })
}

/// Begins to listen: what was sent after the cursor comes first.
fn listen(shared: &Shared, after: Option<&str>) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let sent = lock(&shared.sent);
    if let Some(place) = after.and_then(|after| sent.iter().position(|(id, _)| id == after)) {
        for (_, frame) in &sent[place + 1..] {
            let _ = sender.send(frame.clone());
        }
    }
    lock(&shared.open).push(sender);
    lock(&shared.opened).get_or_insert_with(Instant::now);
    receiver
}

/// Where everything is forwarded to.
pub struct Target {
    address: SocketAddr,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    _runtime: Runtime,
}

/// What arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The number of the event.
    pub sequence: usize,
    /// When its request was there whole.
    pub at: Instant,
}

impl Target {
    /// Starts on a free port.
    ///
    /// # Panics
    /// Where no socket can be had.
    #[must_use]
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        let arrivals = Arc::<Mutex<Vec<Arrival>>>::default();
        let noted = Arc::clone(&arrivals);
        let router = Router::new().fallback(any(async move |body: Bytes| {
            let at = Instant::now();
            if let Some(sequence) = sequence_of(&body) {
                lock(&noted).push(Arrival { sequence, at });
            }
            "ok"
        }));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            arrivals,
            _runtime: runtime,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes what arrived, once there are `count` or nothing new came for `patience`.
    #[must_use]
    pub fn take(&self, count: usize, patience: Duration) -> Vec<Arrival> {
        let mut seen = (0, Instant::now());
        loop {
            let there = lock(&self.arrivals).len();
            if there != seen.0 {
                seen = (there, Instant::now());
            }
            if there >= count || seen.1.elapsed() > patience {
                return std::mem::take(&mut lock(&self.arrivals));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn sequence_of(body: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"sequence\":")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
