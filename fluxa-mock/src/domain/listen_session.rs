//! Owns listen sessions: a CLI that forwards the event stream to a local endpoint and signs what it
//! forwards. The secret is the same for every session of one API key.

use super::Metadata;
use super::api_key::ApiKey;
use super::error::DomainError;
use crate::ids::hash_secret;
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

/// A listen session.
#[derive(Serialize, Deserialize)]
pub(crate) struct ListenSession {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    secret: String,
    stream_url: String,
    events: Vec<String>,
}

/// Parameters of a new session.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateListenSession {
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    metadata: Metadata,
}

impl Resource for ListenSession {
    const TABLE: &'static str = "listen_sessions";
    const PREFIX: &'static str = contract::prefix::LISTEN_SESSION;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Opens a session for the API key `key`.
pub(crate) fn create(
    tx: &Tx<'_>,
    key: &str,
    new: CreateListenSession,
) -> Result<ListenSession, DomainError> {
    let known: Option<String> = tx
        .connection()
        .prepare_cached("SELECT secret FROM listen_secrets WHERE api_key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    let secret = match known {
        Some(secret) => secret,
        None => {
            let secret = secret_of(&tx.get::<ApiKey>(key)?);
            tx.connection()
                .prepare_cached("INSERT INTO listen_secrets (api_key, secret) VALUES (?1, ?2)")?
                .execute([key, &secret])?;
            secret
        }
    };
    let mut stream_url = format!("{}/events/stream", tx.base_url());
    if !new.events.is_empty() {
        stream_url.push_str("?types=");
        stream_url.push_str(&new.events.join(","));
    }
    let session = ListenSession {
        id: tx.new_id(ListenSession::PREFIX),
        object: "listen_session".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: new.metadata,
        secret,
        stream_url,
        events: new.events,
    };
    tx.insert(&session)?;
    Ok(session)
}

/// The signing secret of a key's sessions. It follows from the key, so that a server configured with
/// it once need not be configured again each time a sandbox in memory starts anew.
fn secret_of(key: &ApiKey) -> String {
    let digest = hash_secret(&format!("listen {}", key.hash()));
    format!("{}{}", contract::WEBHOOK_SECRET_PREFIX, &digest[..32])
}
