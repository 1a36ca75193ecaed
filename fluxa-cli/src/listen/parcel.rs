//! Owns an event on its way to one target: one attempt, and what can come of it. Knows nothing of
//! order, places or counts.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use backoff::ExponentialBackoff;
use jiff::Timestamp;
use reqwest::header::HeaderMap;

use crate::listen::chaos::Trouble;
use crate::listen::doctor::{Diagnosis, Doctor};
use crate::listen::forwarder::{Answer, Forwarder};
use crate::listen::signer::{Signer, delivery_id};
use crate::listen::stock::{InHand, Kept, Recall};
use crate::listen::{Incoming, ListenEvent, Payload};

/// An event and how many of its targets are not done with it.
pub(super) struct Shared {
    /// Without its bytes.
    pub(super) event: Incoming,
    pub(super) kept: Kept,
    pub(super) left: AtomicUsize,
    pub(super) failed: AtomicBool,
}

/// An event on its way to one target.
pub(super) struct Parcel {
    pub(super) shared: Arc<Shared>,
    pub(super) target: usize,
    pub(super) attempt: u32,
    pub(super) patience: ExponentialBackoff,
    /// What `--chaos` does to it.
    pub(super) trouble: Option<Trouble>,
    /// When the attempt began and with what headers, where that is recorded.
    pub(super) sent: Option<(Timestamp, HeaderMap)>,
}

impl Parcel {
    pub(super) fn new(shared: Arc<Shared>, target: usize) -> Box<Self> {
        let patience = ExponentialBackoff {
            current_interval: Duration::from_millis(200),
            initial_interval: Duration::from_millis(200),
            multiplier: 2.0,
            max_interval: Duration::from_secs(5),
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        let trouble = shared.event.trouble.as_deref().cloned();
        Box::new(Self {
            shared,
            target,
            attempt: 0,
            patience,
            trouble,
            sent: None,
        })
    }
}

/// An attempt that ended.
pub(super) struct Attempted {
    pub(super) parcel: Box<Parcel>,
    pub(super) delivery: String,
    pub(super) answer: Answer,
    /// What was sent.
    pub(super) body: Option<Arc<InHand>>,
    /// Whether it had given up its place.
    pub(super) slow: bool,
}

/// One thing that ended.
pub(super) enum Step {
    Answered(Attempted),
    /// An attempt takes long: the rest of it.
    Slow {
        target: usize,
        rest: AttemptFuture,
    },
    /// The wait before the next attempt is over.
    Woken(Box<Parcel>),
    /// What a target refused was looked into.
    Examined(Box<Parcel>, Box<Diagnosis>),
    /// An event of `--chaos` has waited long enough to be overtaken.
    Alone {
        object: String,
        event: String,
    },
}

pub(super) type StepFuture = Pin<Box<dyn Future<Output = Step> + Send>>;

pub(super) type AttemptFuture = Pin<Box<dyn Future<Output = Attempted> + Send>>;

/// What an attempt is made with.
pub(super) struct Means {
    pub(super) forwarder: Arc<Forwarder>,
    pub(super) signer: Arc<Signer>,
    pub(super) recall: Option<Recall>,
    /// Whether it is to be remembered what was sent.
    pub(super) records: bool,
    /// How long it may keep its place.
    pub(super) place: Duration,
}

/// Makes an attempt; one that takes long ends early, with the rest of it.
pub(super) fn attempt(parcel: Box<Parcel>, means: Means) -> StepFuture {
    let (target, place) = (parcel.target, means.place);
    let mut attempt = Box::pin(make(parcel, means));
    Box::pin(async move {
        match tokio::time::timeout(place, &mut attempt).await {
            Ok(attempted) => Step::Answered(attempted),
            Err(_) => Step::Slow {
                target,
                rest: attempt,
            },
        }
    })
}

async fn make(mut parcel: Box<Parcel>, means: Means) -> Attempted {
    let delivery = delivery_id();
    let shared = Arc::clone(&parcel.shared);
    let id = &shared.event.id;
    let (answer, body) = match shared.kept.bytes(id, means.recall.as_ref()).await {
        Ok(body) => {
            let event = whole(&shared, &body);
            let headers = means.signer.headers(&event, &delivery);
            if means.records {
                parcel.sent = Some((Timestamp::now(), headers.clone()));
            }
            let answer = means.forwarder.post(headers, event.body).await;
            (answer, Some(body))
        }
        Err(why) => (Answer::none(why), None),
    };
    Attempted {
        parcel,
        delivery,
        answer,
        body,
        slow: false,
    }
}

/// Finds out why a target refuses an event.
pub(super) fn examined(
    parcel: Box<Parcel>,
    body: &InHand,
    forwarder: Arc<Forwarder>,
    doctor: &Doctor,
    answer: &Answer,
) -> StepFuture {
    let event = whole(&parcel.shared, body);
    let examination = doctor.examine(event, forwarder, answer.status.unwrap_or_default());
    Box::pin(async move { Step::Examined(parcel, Box::new(examination.await)) })
}

/// Returns an event with its bytes.
fn whole(shared: &Shared, body: &InHand) -> Incoming {
    Incoming {
        body: body.bytes(),
        ..shared.event.clone()
    }
}

pub(super) fn told(event: &Incoming) -> ListenEvent {
    ListenEvent::Event {
        id: event.id.clone(),
        event_type: event.event_type.clone(),
        object: event.object.clone(),
        payload: Payload(event.body.clone()),
    }
}

/// What must stay in order: the object, or the event itself where there is none.
pub(super) fn lane(event: &Incoming) -> &str {
    event.object.as_deref().unwrap_or(&event.id)
}
