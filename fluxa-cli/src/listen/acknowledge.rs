//! Owns telling the API what the local endpoint answered.
//!
//! Beside the pipeline and never in its way: a slow or limited API delays no delivery.

use std::time::Duration;

use fluxa_sdk::types::RecordListenDelivery;
use fluxa_sdk::{Client, RateLimit};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::forwarder::Answer;
use super::millis;

/// The most reports that wait; beyond it new ones are dropped, since the API keeps them for people
/// to look at and nothing depends on them.
const WAITING: usize = 4_096;

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

/// Reports deliveries of one listen session, one after the other.
pub(crate) struct Acknowledger {
    sender: mpsc::Sender<Acknowledgement>,
    task: JoinHandle<()>,
}

impl Acknowledger {
    pub(crate) fn start(client: Client, session: String) -> Self {
        let (sender, mut waiting) = mpsc::channel::<Acknowledgement>(WAITING);
        let task = tokio::spawn(async move {
            while let Some(acknowledgement) = waiting.recv().await {
                // A report that fails is lost on purpose: the delivery itself was made.
                let allowance = report(&client, &session, acknowledgement)
                    .await
                    .ok()
                    .flatten();
                // The key's allowance is there for the merchant's own calls in the first place.
                if allowance.is_some_and(|left| left.remaining < left.limit / 2) {
                    tokio::time::sleep(RESTRAINT).await;
                }
            }
        });
        Self { sender, task }
    }

    pub(crate) fn acknowledge(&self, acknowledgement: Acknowledgement) {
        let _ = self.sender.try_send(acknowledgement);
    }

    /// Sends what still waits, for a moment.
    pub(crate) async fn finish(self) {
        drop(self.sender);
        let mut task = self.task;
        if tokio::time::timeout(FAREWELL, &mut task).await.is_err() {
            task.abort();
        }
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
    }
    if let Some(error) = answer.error {
        body = body.error(error);
    }
    let recorded = client
        .listen_sessions()
        .record_delivery(session, body)
        .await?;
    Ok(recorded.rate_limit())
}
