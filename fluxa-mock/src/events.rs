//! Owns the emission of events, whose names are the SDK's: the event row, and a queued delivery for
//! every endpoint that wants it, in the transaction of the change itself.

use crate::domain::Metadata;
use crate::domain::delivery_fault;
use crate::domain::error::DomainError;
use crate::store::{Resource, Tx, to_body};
use crate::time::Time;
use fluxa_sdk::contract;
pub(crate) use fluxa_sdk::types::EventType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A move of a state machine, as its event tells it.
pub(crate) struct Transition {
    pub(crate) previous_state: Option<&'static str>,
    pub(crate) state: &'static str,
}

/// An event, with the object it is about as JSON, parsed or written out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Event<Object = Value> {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    api_version: String,
    pub(crate) data: EventData<Object>,
    request: Option<EventRequest>,
}

/// What an event is about.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EventData<Object> {
    pub(crate) object: Object,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous_state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transitioned_at: Option<Time>,
}

/// The request that caused an event.
#[derive(Debug, Serialize, Deserialize)]
struct EventRequest {
    id: Option<String>,
    idempotency_key: Option<String>,
}

impl Resource for Event {
    const TABLE: &'static str = "events";
    const PREFIX: &'static str = contract::prefix::EVENT;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Where the object stands in an event: before it there is nothing of a merchant's text. It is put in as it is
/// written out, not read again.
const OBJECT: &str = "\"data\":{\"object\":";
const NO_OBJECT: &str = "\"data\":{\"object\":null";

/// Emits an event about `object`, rendered whole as it is now.
pub(crate) fn emit(
    tx: &Tx<'_>,
    event_type: EventType,
    object: Value,
    transition: Option<Transition>,
) -> Result<(), DomainError> {
    let subject = object["id"].as_str().unwrap_or_default().to_owned();
    emit_text(tx, event_type, &subject, &object.to_string(), transition)
}

/// Emits an event about the object `subject`, whose rendering is written out already: what is told most
/// often is not parsed again.
pub(crate) fn emit_text(
    tx: &Tx<'_>,
    event_type: EventType,
    subject: &str,
    object: &str,
    transition: Option<Transition>,
) -> Result<(), DomainError> {
    let origin = tx.origin();
    let request = origin.request_id.as_ref().map(|id| EventRequest {
        id: Some(id.clone()),
        idempotency_key: origin.idempotency_key.clone(),
    });
    let transitioned_at = transition.as_ref().map(|_| tx.now());
    let (previous_state, state) = match transition {
        Some(moved) => (
            moved.previous_state.map(str::to_owned),
            Some(moved.state.to_owned()),
        ),
        None => (None, None),
    };
    let event = Event {
        id: tx.new_id(<Event>::PREFIX),
        object: "event".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: Metadata::new(),
        event_type: event_type.as_str().to_owned(),
        api_version: contract::API_VERSION.to_owned(),
        data: EventData {
            object: (),
            previous_state,
            state,
            transitioned_at,
        },
        request,
    };
    let written = to_body(&event);
    let (head, tail) = written
        .split_once(NO_OBJECT)
        .ok_or_else(|| DomainError::internal("an event without a place for its object"))?;
    let body = [head, OBJECT, object, tail].concat();
    let created_at = event.created_at.to_string();
    tx.insert_row(<Event>::TABLE, &event.id, &body, |column| {
        match column.name {
            "type" => Some(event.event_type.as_str().into()),
            "created_at" => Some(created_at.as_str().into()),
            "subject" => Some(subject.into()),
            _ => None,
        }
    })?;
    tx.mark_changed();
    for endpoint in tx.enabled_endpoints()?.iter() {
        if endpoint.wants(event_type.as_str()) {
            delivery_fault::start(tx, &event.id, event_type.as_str(), &endpoint.id)?;
        }
    }
    Ok(())
}

/// An event as the stream needs it.
pub(crate) struct StreamedEvent {
    pub(crate) sequence: i64,
    pub(crate) id: String,
    pub(crate) event_type: String,
    pub(crate) body: String,
}

/// Up to `limit` events after `sequence`, oldest first.
pub(crate) fn after(
    tx: &Tx<'_>,
    sequence: i64,
    limit: i64,
) -> Result<Vec<StreamedEvent>, DomainError> {
    let mut statement = tx.connection().prepare_cached(
        "SELECT sequence, id, type, body FROM events WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
    )?;
    let rows = statement.query_map([sequence, limit], |row| {
        Ok(StreamedEvent {
            sequence: row.get(0)?,
            id: row.get(1)?,
            event_type: row.get(2)?,
            body: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Where the stream stands: after the event `id`, or after the newest event.
///
/// # Errors
/// `invalid_cursor` for an unknown id.
pub(crate) fn position(tx: &Tx<'_>, after: Option<&str>) -> Result<i64, DomainError> {
    match after {
        Some(id) => tx
            .sequence_of::<Event>(id)?
            .ok_or_else(|| DomainError::invalid_cursor(id)),
        None => Ok(tx
            .connection()
            .prepare_cached("SELECT coalesce(max(sequence), 0) FROM events")?
            .query_row([], |row| row.get(0))?),
    }
}
