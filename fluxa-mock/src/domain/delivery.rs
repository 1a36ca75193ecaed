//! Owns the life of a delivery: one row per attempt, queued in the transaction of its event, retried
//! on the contract's schedule counted from the first attempt, then given up. Sending is not done
//! here: `crate::delivery` takes what is queued and reports the outcome.

mod queue;

pub(crate) use queue::{Allowance, Taken, Wanted, drop_broken, queue_end, take};

use super::Metadata;
use super::error::DomainError;
use super::timers::TimerKind;
use super::webhook_endpoint::WebhookEndpoint;
use crate::events::Event;
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One attempt to deliver an event.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct WebhookDelivery {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    pub(crate) event: String,
    pub(crate) endpoint: String,
    attempt: i64,
    status: String,
    response_status: Option<i64>,
    error: Option<String>,
    duration_ms: Option<i64>,
    next_attempt_at: Option<Time>,
    request: Option<SentRequest>,
    response: Option<ReceivedResponse>,
    internal: Internal,
}

/// What the server keeps for itself about an attempt.
#[derive(Debug, Serialize, Deserialize)]
struct Internal {
    first_attempt_at: Time,
    /// Asked for by a merchant: tried once.
    resend: bool,
    /// Which resend of this event to this endpoint it is, from 1.
    #[serde(default)]
    resend_number: i64,
    /// The second of two, as a fault wants it: tried once.
    #[serde(default)]
    duplicate: bool,
    /// Its retry's place among the timers of one instant.
    retry_place: i64,
}

impl Internal {
    fn is_tried_once(&self) -> bool {
        self.resend || self.duplicate
    }
}

/// A request as sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SentRequest {
    pub(crate) url: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A response as received.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReceivedResponse {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) request: Option<SentRequest>,
    pub(crate) response: Option<ReceivedResponse>,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
    pub(crate) duration_ms: i64,
}

/// What is needed to make an attempt.
pub(crate) struct Task {
    pub(crate) delivery: String,
    pub(crate) endpoint: String,
    pub(crate) event_type: String,
    pub(crate) url: String,
    pub(crate) secrets: Vec<String>,
    pub(crate) body: String,
    /// When it was taken from the queue.
    pub(crate) taken_at: Time,
}

impl Resource for WebhookDelivery {
    const TABLE: &'static str = "webhook_deliveries";
    const PREFIX: &'static str = contract::prefix::DELIVERY;

    fn id(&self) -> &str {
        &self.id
    }
}

fn new_attempt(tx: &Tx<'_>, event: &str, endpoint: &str) -> WebhookDelivery {
    WebhookDelivery {
        id: tx.new_id(WebhookDelivery::PREFIX),
        object: "webhook_delivery".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: Metadata::new(),
        event: event.to_owned(),
        endpoint: endpoint.to_owned(),
        attempt: 1,
        status: "pending".to_owned(),
        response_status: None,
        error: None,
        duration_ms: None,
        next_attempt_at: None,
        request: None,
        response: None,
        internal: Internal {
            first_attempt_at: tx.now(),
            resend: false,
            resend_number: 0,
            duplicate: false,
            retry_place: 0,
        },
    }
}

fn enqueue(tx: &Tx<'_>, mut delivery: WebhookDelivery) -> Result<WebhookDelivery, DomainError> {
    // Drawn now, not when the attempt ends: receivers answer in any order, and a seed's retries keep one.
    delivery.internal.retry_place = tx.reserve_timer();
    tx.insert(&delivery)?;
    queue::add(tx, &delivery.id, &delivery.endpoint)?;
    Ok(delivery)
}

/// Queues the first attempt of an event to an endpoint.
pub(crate) fn start(tx: &Tx<'_>, event: &str, endpoint: &str) -> Result<(), DomainError> {
    enqueue(tx, new_attempt(tx, event, endpoint)).map(|_| ())
}

/// Plans a first attempt for later, as a fault wants it; `once` = without retries.
pub(crate) fn start_later(
    tx: &Tx<'_>,
    event: &str,
    endpoint: &str,
    delay_ms: i64,
    once: bool,
) -> Result<(), DomainError> {
    let mut delivery = new_attempt(tx, event, endpoint);
    delivery.internal.duplicate = once;
    if delay_ms == 0 {
        return enqueue(tx, delivery).map(|_| ());
    }
    delivery.internal.retry_place = tx.reserve_timer();
    let due = tx.now().plus_millis(delay_ms);
    delivery.next_attempt_at = Some(due);
    tx.insert(&delivery)?;
    tx.schedule(due, TimerKind::DeliveryDelayed.name(), &delivery.id)
}

/// The delay of a first attempt is over: it is queued.
pub(crate) fn on_delay_over(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let Some(mut delivery) = tx.find::<WebhookDelivery>(id)? else {
        return Ok(());
    };
    delivery.next_attempt_at = None;
    delivery.internal.first_attempt_at = tx.now();
    tx.update(&delivery)?;
    queue::add(tx, &delivery.id, &delivery.endpoint)
}

/// Queues one attempt that a merchant asked for.
///
/// # Errors
/// `state_conflict` when the endpoint is disabled.
pub(crate) fn resend(
    tx: &Tx<'_>,
    event: &str,
    endpoint: &str,
) -> Result<WebhookDelivery, DomainError> {
    let target: WebhookEndpoint =
        super::payment_flow::named(tx.find(endpoint), "endpoint", endpoint)?;
    if !target.is_enabled() {
        return Err(DomainError::state_conflict("The endpoint is disabled."));
    }
    tx.get::<Event>(event)?;
    let mut delivery = new_attempt(tx, event, endpoint);
    let resent: i64 = tx
        .connection()
        .prepare_cached(
            "SELECT count(*) FROM webhook_deliveries WHERE event = ?1 AND endpoint = ?2 \
             AND body->>'$.internal.resend'",
        )?
        .query_row([event, endpoint], |row| row.get(0))?;
    delivery.internal.resend = true;
    delivery.internal.resend_number = resent + 1;
    enqueue(tx, delivery)
}

/// Records what a listener's local endpoint answered.
pub(crate) fn record_listened(
    tx: &Tx<'_>,
    session: &str,
    report: ListenReport,
) -> Result<WebhookDelivery, DomainError> {
    super::payment_flow::named(tx.find::<Event>(&report.event), "event", &report.event)?;
    let mut delivery = new_attempt(tx, &report.event, session);
    let succeeded = report
        .response_status
        .is_some_and(|status| (200..300).contains(&status));
    delivery.attempt = report.attempt.unwrap_or(1);
    delivery.status = if succeeded { "succeeded" } else { "failed" }.to_owned();
    delivery.response_status = report.response_status;
    delivery.duration_ms = Some(report.duration_ms);
    delivery.error = report.error;
    tx.insert(&delivery)?;
    Ok(delivery)
}

/// What a listener reports.
#[derive(Debug, Deserialize)]
pub(crate) struct ListenReport {
    event: String,
    attempt: Option<i64>,
    response_status: Option<i64>,
    duration_ms: i64,
    error: Option<String>,
}

/// What a queued attempt sends; `None`, and the attempt dropped, when its endpoint is gone.
fn prepare(tx: &Tx<'_>, id: &str) -> Result<Option<Task>, DomainError> {
    let Some(delivery) = tx.find::<WebhookDelivery>(id)? else {
        queue::remove(tx, id)?;
        tx.mark_queued();
        return Ok(None);
    };
    let endpoint: Option<WebhookEndpoint> = tx.find(&delivery.endpoint)?;
    let Some(endpoint) = endpoint.filter(WebhookEndpoint::is_enabled) else {
        // Only between two versions of a file: else `end_all` has emptied the queue already.
        give_up(tx, delivery, "The endpoint was disabled or deleted.")?;
        return Ok(None);
    };
    let row: Option<(String, String)> = tx
        .connection()
        .prepare_cached("SELECT type, body FROM events WHERE id = ?1")?
        .query_row([&delivery.event], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((event_type, body)) = row else {
        return Err(DomainError::internal("a delivery without its event"));
    };
    Ok(Some(Task {
        delivery: delivery.id,
        endpoint: delivery.endpoint,
        event_type,
        url: endpoint.url.clone(),
        secrets: endpoint.secrets(tx.now()),
        body,
        taken_at: tx.now(),
    }))
}

/// Records how an attempt ended, and plans the next one unless its endpoint has been disabled or
/// deleted while it was under way.
pub(crate) fn finish(
    tx: &Tx<'_>,
    id: &str,
    taken_at: Time,
    outcome: Outcome,
) -> Result<(), DomainError> {
    let is_wanted = queue::remove(tx, id)?;
    let Some(mut delivery) = tx.find::<WebhookDelivery>(id)? else {
        return Ok(());
    };
    let ended_by = delivery.error.take();
    if delivery.attempt == 1 {
        // Not when it was queued: the schedule counts from the attempt, whatever it waited for.
        delivery.internal.first_attempt_at = taken_at;
    }
    let succeeded = outcome.error.is_none()
        && outcome
            .status
            .is_some_and(|status| (200..300).contains(&status));
    delivery.response_status = outcome.status.map(i64::from);
    delivery.error = outcome.error;
    delivery.duration_ms = Some(outcome.duration_ms);
    delivery.request = outcome.request;
    delivery.response = outcome.response;
    let retry = usize::try_from(delivery.attempt - 1)
        .ok()
        .and_then(|done| contract::WEBHOOK_RETRY_SCHEDULE.get(done))
        .filter(|_| is_wanted && !succeeded && !delivery.internal.is_tried_once());
    delivery.status = match (succeeded, retry) {
        (true, _) => "succeeded",
        (false, Some(_)) => "retrying",
        (false, None) => "failed",
    }
    .to_owned();
    if let Some(delay) = retry {
        let delay_ms = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let due = delivery
            .internal
            .first_attempt_at
            .plus_millis(delay_ms)
            .max(tx.now());
        delivery.next_attempt_at = Some(due);
        let place = delivery.internal.retry_place;
        tx.schedule_at(place, due, TimerKind::DeliveryRetry.name(), id)?;
    } else if !succeeded && let Some(reason) = ended_by {
        delivery.end(&reason);
    }
    tx.update(&delivery)
}

/// A retry is due: the next attempt, a row of its own.
pub(crate) fn on_timer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let Some(last) = tx.find::<WebhookDelivery>(id)? else {
        return Ok(());
    };
    let mut next = new_attempt(tx, &last.event, &last.endpoint);
    next.attempt = last.attempt + 1;
    next.internal.first_attempt_at = last.internal.first_attempt_at;
    enqueue(tx, next).map(|_| ())
}

/// Ends what is queued for an endpoint and every retry planned for it: it was disabled or deleted.
/// The attempts made stay as they are, the last of each series says why no other follows.
pub(crate) fn end_all(tx: &Tx<'_>, endpoint: &str, reason: &str) -> Result<(), DomainError> {
    for id in queue::of_endpoint(tx, endpoint)? {
        if let Some(delivery) = tx.find::<WebhookDelivery>(&id)? {
            give_up(tx, delivery, reason)?;
        }
    }
    let planned: Vec<String> = tx
        .connection()
        .prepare_cached(
            "SELECT t.reference FROM timers t JOIN webhook_deliveries d ON d.id = t.reference \
             WHERE t.kind = ?1 AND d.endpoint = ?2 ORDER BY t.due, t.sequence",
        )?
        .query_map([TimerKind::DeliveryRetry.name(), endpoint], |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    for id in planned {
        tx.cancel_timers(&id)?;
        if let Some(mut delivery) = tx.find::<WebhookDelivery>(&id)? {
            delivery.end(reason);
            tx.update(&delivery)?;
        }
    }
    Ok(())
}

fn give_up(tx: &Tx<'_>, mut delivery: WebhookDelivery, reason: &str) -> Result<(), DomainError> {
    queue::remove(tx, &delivery.id)?;
    tx.mark_queued();
    delivery.end(reason);
    tx.update(&delivery)
}

impl WebhookDelivery {
    /// No other attempt follows.
    fn end(&mut self, reason: &str) {
        self.status = "failed".to_owned();
        self.next_attempt_at = None;
        self.error = Some(match self.error.take() {
            Some(error) => format!("{error} {reason}"),
            None => reason.to_owned(),
        });
    }
}
