//! Owns idempotency: the stored answers, in the same transaction as their effect, and the waiting of
//! a second request while the first with its key still runs.

use super::operation::Operation;
use super::reply::Reply;
use crate::domain::card;
use crate::domain::error::{DomainError, Kind};
use crate::observe::{redact, sensitive};
use crate::sandbox::NoteAdvance;
use crate::store::Tx;
use fluxa_sdk::contract;
use hmac::{Hmac, Mac};
use http::HeaderMap;
use rusqlite::{OptionalExtension, params};
use serde_json::{Map, Value};
use sha2::Sha256;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Where the requests with one key stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    /// The next one goes first.
    Open,
    /// One goes first, the others wait.
    Busy,
    /// There is a stored answer: a crowd reads it at the same time, and shares a commit.
    Settled,
}

/// With the number of requests that run or wait: without any, a key is forgotten.
type Gates = Mutex<HashMap<String, (Arc<watch::Sender<Gate>>, usize)>>;

/// Keys whose requests are running in this process.
#[derive(Default)]
pub(crate) struct InFlight {
    gates: Arc<Gates>,
}

/// Held by a request that runs with a key.
pub(crate) struct Turn {
    key: String,
    gates: Arc<Gates>,
    gate: Arc<watch::Sender<Gate>>,
    /// What the gate is when this request has run; `None` = it did not go first.
    leaves: Option<Gate>,
}

impl InFlight {
    /// Waits until no other request with this key is without an answer.
    ///
    /// # Errors
    /// `idempotency_key_in_use` after `patience`.
    pub(crate) async fn enter(&self, key: &str, patience: Duration) -> Result<Turn, DomainError> {
        let gate = {
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            let (gate, users) = gates
                .entry(key.to_owned())
                .or_insert_with(|| (Arc::new(watch::channel(Gate::Open).0), 0));
            *users += 1;
            Arc::clone(gate)
        };
        let mut state = gate.subscribe();
        // Before the wait: who gives up leaves as one who has run.
        let mut turn = Turn {
            key: key.to_owned(),
            gates: Arc::clone(&self.gates),
            gate,
            leaves: None,
        };
        let wait = async {
            // It never fails: `turn` keeps the sender.
            while state.wait_for(|gate| *gate != Gate::Busy).await.is_ok() {
                if turn.try_enter() {
                    return;
                }
            }
        };
        tokio::time::timeout(patience, wait).await.map_err(|_| {
            let mut error = DomainError::new(
                Kind::Idempotency,
                contract::CODE_IDEMPOTENCY_KEY_IN_USE,
                "The first request with this Idempotency-Key is still running.",
            );
            error.retry_after = Some(1);
            error
        })?;
        Ok(turn)
    }
}

impl Turn {
    fn try_enter(&mut self) -> bool {
        let mut seen = Gate::Busy;
        self.gate.send_if_modified(|gate| {
            seen = *gate;
            if seen == Gate::Open {
                *gate = Gate::Busy;
            }
            false
        });
        if seen == Gate::Open {
            self.leaves = Some(Gate::Open);
        }
        seen != Gate::Busy
    }

    /// This is the answer: if it is stored, those who wait need not wait for one another.
    pub(super) fn answered(&mut self, reply: &Reply) {
        if let Some(leaves) = &mut self.leaves
            && is_stored(reply)
        {
            *leaves = Gate::Settled;
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(leaves) = self.leaves {
            self.gate.send_replace(leaves);
        }
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, users)) = gates.get_mut(&self.key) {
            *users -= 1;
            if *users == 0 {
                gates.remove(&self.key);
            }
        }
    }
}

/// The key of a request, if it has one: two that differ name no request.
pub(super) fn read_key(headers: &HeaderMap) -> Option<Result<String, DomainError>> {
    let mut keys = headers.get_all(contract::IDEMPOTENCY_KEY).iter();
    let first = keys.next()?;
    if keys.any(|other| other != first) {
        let message = "The request has two Idempotency-Keys that differ.";
        let refused = DomainError::invalid("invalid_idempotency_key", message);
        return Some(Err(refused.about(contract::IDEMPOTENCY_KEY)));
    }
    Some(check_key(first.as_bytes()))
}

/// Checks the form of a key.
///
/// # Errors
/// `invalid_idempotency_key`.
fn check_key(key: &[u8]) -> Result<String, DomainError> {
    let valid = (1..=contract::IDEMPOTENCY_KEY_MAX_BYTES).contains(&key.len())
        && key.iter().all(u8::is_ascii_graphic);
    let refuse = |message: &str| {
        let refused = DomainError::invalid("invalid_idempotency_key", message);
        Err(refused.about(contract::IDEMPOTENCY_KEY))
    };
    if !valid {
        return refuse("An Idempotency-Key is 1 to 255 visible ASCII characters.");
    }
    let key = String::from_utf8_lossy(key);
    match sensitive::is_no_name(&key) || redact::is_hidden_by_escapes(&key) {
        // It is stored, logged and told to webhook endpoints.
        true => refuse(
            "This Idempotency-Key looks like a card number or an API key. Use a random one, such as a \
             UUID, or one made of your order's id and the step.",
        ),
        false => Ok(key.into_owned()),
    }
}

/// The parameters that identify a request.
#[derive(Clone, Copy)]
pub(super) enum Identity<'a> {
    /// They passed, and have their types.
    Checked(&'a Map<String, Value>),
    /// They were refused, and are as sent: typed in JSON, all text in a form.
    Refused(&'a Map<String, Value>),
}

/// What identifies a request: method, path and parsed parameters, whatever their order or encoding. Keyed
/// with the sandbox's salt: parameters that can be guessed are not to be found by trying.
///
/// `None` for a request that holds the number of a card other than the test cards, which everybody knows:
/// the salt stands beside the fingerprints, and a card number has few enough digits to try them all. Such a
/// request is refused each time it comes, and changes nothing.
pub(super) fn fingerprint(
    tx: &Tx<'_>,
    operation: &Operation,
    path: &str,
    identity: Identity<'_>,
) -> Option<String> {
    let (parameters, known, is_refused) = match identity {
        Identity::Checked(known) => (known, canonical(known, Value::clone), false),
        Identity::Refused(raw) => (raw, canonical(raw, as_text), true),
    };
    let number = parameters.get("card").map(|card| &card["number"]);
    let paid_with = number.and_then(Value::as_str).unwrap_or_default();
    let digits = paid_with.chars().filter(char::is_ascii_digit).count();
    let is_foreign = |number: &str| !card::is_test_card(number);
    if (digits >= FEWEST_TELLING_DIGITS && is_foreign(paid_with))
        || (is_refused && sensitive::card_numbers(&known).any(|number| is_foreign(&number)))
    {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&tx.fingerprint_salt())
        .expect("HMAC takes keys of any length");
    let mut add = |part: &str| {
        mac.update(&part.len().to_be_bytes());
        mac.update(part.as_bytes());
    };
    add(operation.method.name());
    add(path);
    add(&known);
    if is_refused {
        // Apart from what passed: as text, `{"a": 1}` that was refused looks like `a=1` that was not.
        add("refused");
    }
    Some(hex::encode(mac.finalize().into_bytes()))
}

/// From so many digits on, what stands where a card number belongs is taken for one, mistyped or not.
const FEWEST_TELLING_DIGITS: usize = 12;

/// A value as a form has it.
fn as_text(value: &Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        other => other.clone(),
    }
}

fn canonical(object: &Map<String, Value>, scalar: fn(&Value) -> Value) -> String {
    fn sorted(value: &Value, scalar: fn(&Value) -> Value) -> Value {
        match value {
            Value::Object(object) => {
                let ordered: BTreeMap<_, _> = object.iter().collect();
                let pairs = ordered.into_iter().map(|(name, value)| {
                    Value::Array(vec![name.clone().into(), sorted(value, scalar)])
                });
                Value::Array(pairs.collect())
            }
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| sorted(item, scalar)).collect())
            }
            other => scalar(other),
        }
    }
    sorted(&Value::Object(object.clone()), scalar).to_string()
}

/// The stored answer to `key`, if it is not too old.
///
/// # Errors
/// `idempotency_key_reused` when it belongs to another request.
pub(super) fn lookup(
    tx: &Tx<'_>,
    key: &str,
    fingerprint: &str,
) -> Result<Option<Reply>, DomainError> {
    let row: Option<(String, Option<Reply>)> = tx
        .connection()
        .prepare_cached(
            "SELECT fingerprint, status, media, body, request_id FROM idempotency \
             WHERE key = ?1 AND created_at > ?2",
        )?
        .query_row(params![key, oldest_kept(tx)], |row| {
            if row.get::<_, u16>(1)? == BEGUN {
                return Ok((row.get(0)?, None));
            }
            let media: String = row.get(2)?;
            let request_id: String = row.get(4)?;
            let mut reply = Reply::new(row.get(1)?, &media, row.get(3)?, &request_id);
            reply.replayed = true;
            Ok((row.get(0)?, Some(reply)))
        })
        .optional()?;
    match row {
        None => Ok(None),
        Some((stored, reply)) if stored == fingerprint => Ok(reply),
        Some(_) => Err(DomainError::new(
            Kind::Idempotency,
            contract::CODE_IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used with another request.",
        )),
    }
}

/// Stores an answer under `key`, unless it is one that a repetition may change.
pub(super) fn store(
    tx: &Tx<'_>,
    key: &str,
    fingerprint: &str,
    reply: &Reply,
) -> Result<(), DomainError> {
    if !is_stored(reply) {
        return Ok(());
    }
    tx.connection()
        .prepare_cached("DELETE FROM idempotency WHERE created_at <= ?1")?
        .execute([oldest_kept(tx)])?;
    let rows = tx
        .connection()
        .prepare_cached(
            "INSERT INTO idempotency \
             (key, fingerprint, status, media, body, request_id, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key) DO UPDATE SET \
             status = excluded.status, media = excluded.media, body = excluded.body, \
             request_id = excluded.request_id, created_at = excluded.created_at \
             WHERE status = ?8 AND fingerprint = excluded.fingerprint",
        )?
        .execute(params![
            key,
            fingerprint,
            reply.status,
            reply.media,
            reply.body,
            reply.request_id,
            tx.now().millis(),
            BEGUN
        ])?;
    match rows {
        1 => Ok(()),
        _ => Err(DomainError::internal("a key has two answers")),
    }
}

/// Whether a repetition gets the same answer.
fn is_stored(reply: &Reply) -> bool {
    !matches!(reply.status, 401 | 403 | 409 | 429) && reply.status < 500
}

/// The status of a row whose request has begun and has no answer yet.
const BEGUN: u16 = 0;

/// An advance of the clock takes many transactions. With a key it notes how far it has to go still, so
/// that its repetition after a crash goes that far and no further.
pub(super) struct NotedAdvance(pub(super) Option<(String, String)>);

impl NoteAdvance for NotedAdvance {
    fn begin(&self, tx: &Tx<'_>, by_ms: i64) -> Result<i64, DomainError> {
        let Some((key, fingerprint)) = &self.0 else {
            return Ok(by_ms);
        };
        // As old as its end: the clock must not pass its age on the way there.
        let end = tx.now().plus_millis(by_ms);
        let oldest = oldest_kept(tx);
        tx.connection()
            .prepare_cached(
                "INSERT INTO idempotency \
                 (key, fingerprint, status, media, body, request_id, created_at) \
                 VALUES (?1, ?2, ?3, '', ?4, '', ?5) ON CONFLICT (key) DO UPDATE SET \
                 fingerprint = excluded.fingerprint, status = excluded.status, \
                 body = excluded.body, created_at = excluded.created_at WHERE created_at <= ?6",
            )?
            .execute(params![
                key,
                fingerprint,
                BEGUN,
                by_ms,
                end.millis(),
                oldest
            ])?;
        Ok(tx
            .connection()
            .prepare_cached("SELECT CAST(body AS INTEGER) FROM idempotency WHERE key = ?1")?
            .query_row([key], |row| row.get(0))?)
    }

    fn still_to_go(&self, tx: &Tx<'_>, left_ms: i64) -> Result<(), DomainError> {
        if let Some((key, _)) = &self.0 {
            tx.connection()
                .prepare_cached("UPDATE idempotency SET body = ?2 WHERE key = ?1 AND status = ?3")?
                .execute(params![key, left_ms, BEGUN])?;
        }
        Ok(())
    }
}

fn oldest_kept(tx: &Tx<'_>) -> i64 {
    let window_ms = i64::try_from(contract::IDEMPOTENCY_WINDOW.as_millis()).unwrap_or(i64::MAX);
    tx.now().millis().saturating_sub(window_ms)
}
