//! Owns telling the API what the local endpoint answered.
//!
//! Beside the pipeline and never in its way: a slow or limited API delays no delivery. What is not
//! reported for that reason is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fluxa_sdk::types::RecordListenDelivery;
use fluxa_sdk::{Client, RateLimit};
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::forwarder::Answer;
use super::millis;

/// The most reports that wait; beyond it new ones are dropped and counted, since the API keeps them
/// for people to look at and nothing depends on them.
const WAITING: usize = 4_096;

/// The most reports under way at once.
const AT_ONCE: usize = 16;

/// How long reports wait when little is left of the key's allowance.
const RESTRAINT: Duration = Duration::from_millis(250);

/// How long the last reports may take at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// What one attempt came to.
pub(crate) struct Acknowledgement {
    pub(crate) event: String,
    pub(crate) attempt: u32,
    pub(crate) answer: Answer,
}

/// Reports deliveries of one listen session, several at once.
pub(crate) struct Acknowledger {
    sender: mpsc::Sender<Acknowledgement>,
    task: JoinHandle<()>,
    /// How many attempts were to be reported.
    due: AtomicU64,
    /// How many of them the API has recorded.
    recorded: Arc<AtomicU64>,
}

impl Acknowledger {
    pub(crate) fn start(client: Client, session: String) -> Self {
        let (sender, mut waiting) = mpsc::channel::<Acknowledgement>(WAITING);
        let recorded = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&recorded);
        let task = tokio::spawn(async move {
            let reports = stream::poll_fn(move |context| waiting.poll_recv(context));
            let reported = reports.for_each_concurrent(AT_ONCE, async |acknowledgement| {
                // A report that fails is not tried for ever: the delivery itself was made.
                let Ok(allowance) = report(&client, &session, acknowledgement).await else {
                    return;
                };
                counter.fetch_add(1, Ordering::Relaxed);
                // The key's allowance is there for the merchant's own calls in the first place.
                if allowance.is_some_and(|left| left.remaining < left.limit / 2) {
                    tokio::time::sleep(RESTRAINT).await;
                }
            });
            reported.await;
        });
        Self {
            sender,
            task,
            due: AtomicU64::new(0),
            recorded,
        }
    }

    pub(crate) fn acknowledge(&self, acknowledgement: Acknowledgement) {
        self.due.fetch_add(1, Ordering::Relaxed);
        // Full: `finish` counts it among those that were not recorded.
        let _ = self.sender.try_send(acknowledgement);
    }

    /// Sends what still waits, for a moment. Returns how many attempts the API is not known to have
    /// recorded: dropped, failed or out of time.
    pub(crate) async fn finish(self) -> u64 {
        drop(self.sender);
        let mut task = self.task;
        if tokio::time::timeout(FAREWELL, &mut task).await.is_err() {
            task.abort();
        }
        self.due.load(Ordering::Relaxed) - self.recorded.load(Ordering::Relaxed)
    }
}

async fn report(
    client: &Client,
    session: &str,
    acknowledgement: Acknowledgement,
) -> Result<Option<RateLimit>, fluxa_sdk::Error> {
    let Acknowledgement {
        event,
        attempt,
        answer,
    } = acknowledgement;
    let duration_ms = i64::try_from(millis(answer.duration)).unwrap_or(i64::MAX);
    let mut body =
        RecordListenDelivery::new(event.as_str(), duration_ms).attempt(i64::from(attempt));
    if let Some(status) = answer.status {
        body = body.response_status(i64::from(status));
    } else if let Some(error) = answer.error {
        body = body.error(error);
    }
    let recorded = client
        .listen_sessions()
        .record_delivery(session, body)
        .await?;
    Ok(recorded.rate_limit())
}

#[cfg(test)]
pub(crate) mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::post;

    use super::*;

    const RECORDED: &str = r#"{"id":"dlv_0000000000000001","object":"webhook_delivery",
        "created_at":"2026-01-01T00:00:00Z","livemode":false,"metadata":{},"attempt":1,
        "endpoint":"lst_0000000000000001","event":"evt_0000000000000001","status":"succeeded"}"#;

    /// Starts reporting to an API that records the reports of `evt_good` and answers all others 400.
    pub(crate) async fn choosy() -> Acknowledger {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let record = async |body: String| match body.contains("evt_good") {
            true => (StatusCode::OK, RECORDED),
            false => (StatusCode::BAD_REQUEST, "{}"),
        };
        let router = Router::new().route("/listen_sessions/{id}/deliveries", post(record));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder("sk_test_mock0000000000000000000000000000")
            .base_url(format!("http://{address}"))
            .max_retries(0)
            .build()
            .unwrap();
        Acknowledger::start(client, "lst_0000000000000001".into())
    }

    fn attempt(event: &str) -> Acknowledgement {
        Acknowledgement {
            event: event.into(),
            attempt: 1,
            answer: Answer {
                status: Some(200),
                error: None,
                duration: Duration::from_millis(1),
            },
        }
    }

    #[tokio::test]
    async fn reports_that_fail_are_counted_and_those_recorded_are_not() {
        let acknowledger = choosy().await;
        for event in ["evt_good", "evt_bad", "evt_good", "evt_bad", "evt_bad"] {
            acknowledger.acknowledge(attempt(event));
        }
        assert_eq!(acknowledger.finish().await, 3);
    }

    #[tokio::test]
    async fn many_reports_are_under_way_at_once() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // None is answered before all are there.
        let all = Arc::new(tokio::sync::Barrier::new(8));
        let record = async move || {
            all.wait().await;
            RECORDED
        };
        let router = Router::new().route("/listen_sessions/{id}/deliveries", post(record));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder("sk_test_mock0000000000000000000000000000")
            .base_url(format!("http://{address}"))
            .max_retries(0)
            .build()
            .unwrap();
        let acknowledger = Acknowledger::start(client, "lst_0000000000000001".into());
        for _ in 0..8 {
            acknowledger.acknowledge(attempt("evt_good"));
        }
        assert_eq!(acknowledger.finish().await, 0);
    }

    #[tokio::test]
    async fn reports_that_find_no_room_are_counted() {
        let acknowledger = choosy().await;
        // Nothing is taken from the queue until this test waits for something.
        for _ in 0..WAITING + 7 {
            acknowledger.acknowledge(attempt("evt_bad"));
        }
        assert_eq!(acknowledger.finish().await, WAITING as u64 + 7);
    }
}
