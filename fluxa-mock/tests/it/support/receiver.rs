//! A merchant's webhook endpoint: records what it gets, answers as told, and checks signatures with
//! an HMAC of its own.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A delivery as received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn event(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The `v1` signatures and the `t` of the header.
    pub(crate) fn signatures(&self) -> (String, Vec<String>) {
        let header = &self.headers["x-fluxa-signature"];
        let value = |part: &str, name: &str| part.strip_prefix(name).map(str::to_owned);
        let t = header
            .split(',')
            .find_map(|part| value(part, "t="))
            .unwrap();
        (
            t,
            header
                .split(',')
                .filter_map(|part| value(part, "v1="))
                .collect(),
        )
    }

    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let (t, signatures) = self.signatures();
        let mut message = format!("{t}.").into_bytes();
        message.extend_from_slice(&self.body);
        signatures.contains(&hmac_sha256(secret.as_bytes(), &message))
    }
}

/// RFC 2104, written out so that the code under test is not its own judge.
fn hmac_sha256(key: &[u8], message: &[u8]) -> String {
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    let outer = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner);
    hex::encode(outer.finalize())
}

/// The status that is never answered.
const NEVER: u16 = 0;

struct Shared {
    received: Mutex<Vec<Received>>,
    status: Mutex<u16>,
    text: Mutex<String>,
    count: watch::Sender<usize>,
}

/// A running endpoint.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    shared.received.lock().unwrap().push(Received {
        headers,
        body: body.to_vec(),
    });
    shared.count.send_modify(|count| *count += 1);
    let status = *shared.status.lock().unwrap();
    match status {
        NEVER => std::future::pending().await,
        status => {
            let text = shared.text.lock().unwrap().clone();
            (StatusCode::from_u16(status).unwrap(), text)
        }
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            status: Mutex::new(200),
            text: Mutex::default(),
            count: watch::channel(0).0,
        });
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = hyper_util::service::TowerToHyperService::new(router.clone());
                let io = hyper_util::rt::TokioIo::new(stream);
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(io, service),
                );
            }
        });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn answer_with(&self, status: u16) {
        *self.shared.status.lock().unwrap() = status;
    }

    pub(crate) fn say(&self, text: &str) {
        *self.shared.text.lock().unwrap() = text.to_owned();
    }

    /// Reads and records, but does not answer.
    pub(crate) fn never_answer(&self) {
        self.answer_with(NEVER);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Waits until at least `count` deliveries have come.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut seen = self.shared.count.subscribe();
        let waiting = seen.wait_for(|seen| *seen >= count);
        let waited = tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await;
        assert!(
            waited.is_ok(),
            "{} of {count} deliveries came",
            self.received().len()
        );
        self.received()
    }
}
