//! Owns the life of a delivery: one row per attempt, queued in the transaction of its event, retried
//! on the contract's schedule counted from the first attempt, then given up. Sending is not done
//! here: `crate::delivery` takes what is queued and reports the outcome.

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
#[derive(Debug)]
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
    pub(crate) event_type: String,
    pub(crate) url: String,
    pub(crate) secrets: Vec<String>,
    pub(crate) body: String,
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
        },
    }
}

fn enqueue(tx: &Tx<'_>, delivery: &WebhookDelivery) -> Result<(), DomainError> {
    tx.insert(delivery)?;
    queue(tx, delivery)
}

fn queue(tx: &Tx<'_>, delivery: &WebhookDelivery) -> Result<(), DomainError> {
    tx.connection()
        .prepare_cached("INSERT INTO delivery_queue (delivery, endpoint) VALUES (?1, ?2)")?
        .execute([&delivery.id, &delivery.endpoint])?;
    tx.mark_changed();
    Ok(())
}

/// Queues the first attempt of an event to an endpoint.
pub(crate) fn start(tx: &Tx<'_>, event: &str, endpoint: &str) -> Result<(), DomainError> {
    enqueue(tx, &new_attempt(tx, event, endpoint))
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
    delivery.internal.resend = once;
    if delay_ms == 0 {
        return enqueue(tx, &delivery);
    }
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
    queue(tx, &delivery)
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
    delivery.internal.resend = true;
    enqueue(tx, &delivery)?;
    Ok(delivery)
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

/// A queued attempt: (place in the queue, delivery, endpoint).
pub(crate) type Queued = (i64, String, String);

/// The head of the queue after `sequence`.
pub(crate) fn queued(tx: &Tx<'_>, sequence: i64, limit: i64) -> Result<Vec<Queued>, DomainError> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT sequence, delivery, endpoint FROM delivery_queue WHERE sequence > ?1 \
         ORDER BY sequence LIMIT ?2",
    )?;
    let rows = statement.query_map([sequence, limit], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many attempts wait at places up to `sequence`.
pub(crate) fn waiting(tx: &Tx<'_>, sequence: i64) -> Result<i64, DomainError> {
    Ok(tx
        .connection()
        .prepare_cached("SELECT count(*) FROM delivery_queue WHERE sequence <= ?1")?
        .query_row([sequence], |row| row.get(0))?)
}

/// The last place of the queue.
pub(crate) fn queue_end(tx: &Tx<'_>) -> Result<i64, DomainError> {
    Ok(tx
        .connection()
        .prepare_cached("SELECT coalesce(max(sequence), 0) FROM delivery_queue")?
        .query_row([], |row| row.get(0))?)
}

/// What a queued attempt sends; `None`, and the attempt dropped, when its endpoint is gone.
pub(crate) fn prepare(tx: &Tx<'_>, id: &str) -> Result<Option<Task>, DomainError> {
    let Some(delivery) = tx.find::<WebhookDelivery>(id)? else {
        unqueue(tx, id)?;
        return Ok(None);
    };
    let endpoint: Option<WebhookEndpoint> = tx.find(&delivery.endpoint)?;
    let Some(endpoint) = endpoint.filter(WebhookEndpoint::is_enabled) else {
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
        event_type,
        url: endpoint.url.clone(),
        secrets: endpoint.secrets(tx.now()),
        body,
    }))
}

/// Records how an attempt ended, and plans the next one.
pub(crate) fn finish(tx: &Tx<'_>, id: &str, outcome: Outcome) -> Result<(), DomainError> {
    unqueue(tx, id)?;
    let Some(mut delivery) = tx.find::<WebhookDelivery>(id)? else {
        return Ok(());
    };
    let succeeded = outcome
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
        .filter(|_| !succeeded && !delivery.internal.resend);
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
        tx.schedule(due, TimerKind::DeliveryRetry.name(), id)?;
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
    enqueue(tx, &next)
}

fn give_up(tx: &Tx<'_>, mut delivery: WebhookDelivery, error: &str) -> Result<(), DomainError> {
    unqueue(tx, &delivery.id)?;
    delivery.status = "failed".to_owned();
    delivery.error = Some(error.to_owned());
    tx.update(&delivery)
}

fn unqueue(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    tx.connection()
        .prepare_cached("DELETE FROM delivery_queue WHERE delivery = ?1")?
        .execute([id])?;
    tx.mark_changed();
    Ok(())
}
