//! Someone who writes without a pause, so that a server can be killed in the middle of it; and the
//! list of what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fluxa_sdk::Client;
use serde_json::{Value, json};

use super::{DEADLINE, KEY, Mock};

/// How many times one object is written to, one after the other, before the next is made.
const WRITES_PER_OBJECT: usize = 5;

/// How long the writer waits after a failure: a server that is down is not asked in a hot loop.
const PAUSE: Duration = Duration::from_millis(2);

#[derive(Default)]
struct Progress {
    stop: AtomicBool,
    written: AtomicUsize,
    broken: AtomicUsize,
}

/// Creates and updates customers, several at a time, on a thread of its own, until it is told to
/// stop or every deadline is over.
pub(crate) struct Writer {
    progress: Arc<Progress>,
    thread: JoinHandle<BTreeMap<String, usize>>,
}

impl Writer {
    pub(crate) fn start(mock: &Mock) -> Self {
        let progress = Arc::new(Progress::default());
        let client = client(mock);
        let shared = Arc::clone(&progress);
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let (one, other) = tokio::join!(write(&client, &shared), write(&client, &shared));
                one.into_iter().chain(other).collect()
            })
        });
        Self { progress, thread }
    }

    /// How many writes the server has acknowledged.
    pub(crate) fn written(&self) -> usize {
        self.progress.written.load(Ordering::SeqCst)
    }

    /// How many writes have failed.
    pub(crate) fn broken(&self) -> usize {
        self.progress.broken.load(Ordering::SeqCst)
    }

    /// Stops; returns how many writes of each object were acknowledged.
    pub(crate) fn finish(self) -> BTreeMap<String, usize> {
        self.progress.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

async fn write(client: &Client, progress: &Progress) -> BTreeMap<String, usize> {
    let mut acknowledged: BTreeMap<String, usize> = BTreeMap::new();
    let mut object: Option<String> = None;
    let mut number = 0;
    let deadline = Instant::now() + DEADLINE;
    while !progress.stop.load(Ordering::SeqCst) && Instant::now() < deadline {
        number += 1;
        let (method, path) = match &object {
            Some(id) => ("PATCH", format!("/customers/{id}")),
            None => ("POST", "/customers".to_owned()),
        };
        let body = json!({ "email": "ada@example.com", "name": format!("{number}") });
        match client.raw(method, &path).json(body).await {
            Ok(customer) => {
                let id = customer.into_inner()["id"].as_str().unwrap().to_owned();
                let writes = acknowledged.entry(id.clone()).or_default();
                *writes += 1;
                object = (*writes < WRITES_PER_OBJECT).then_some(id);
                progress.written.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => {
                assert!(error.as_api().is_none(), "a write was refused: {error}");
                progress.broken.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    acknowledged
}

/// An event as the API lists it.
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) object: String,
}

/// Returns every event of the server, oldest first.
pub(crate) fn all_events(mock: &Mock) -> Vec<Listed> {
    let client = client(mock);
    let mut events = Vec::new();
    let mut after: Option<String> = None;
    runtime().block_on(async {
        loop {
            let mut call = client.raw("GET", "/events").query("limit", 100);
            if let Some(after) = &after {
                call = call.query("after", after);
            }
            let page = call.await.unwrap().into_inner();
            for event in page["data"].as_array().unwrap() {
                let text = |pointer| {
                    let value = event.pointer(pointer).and_then(Value::as_str);
                    value.unwrap_or_default().to_owned()
                };
                events.push(Listed {
                    id: text("/id"),
                    object: text("/data/object/id"),
                });
            }
            after = page["next_cursor"].as_str().map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
    });
    events.reverse();
    events
}

/// A client that tries once: what fails is to be seen.
fn client(mock: &Mock) -> Client {
    Client::builder(KEY)
        .base_url(&mock.base_url)
        .max_retries(0)
        .build()
        .unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
