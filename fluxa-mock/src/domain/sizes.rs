//! Owns how much an account holds, and under which key, for whoever looks at all accounts.

use super::api_key::ApiKey;
use super::error::DomainError;
use crate::store::Tx;
use serde_json::{Map, Value, json};

/// The tables worth counting.
const COUNTED: &[&str] = &[
    "payments",
    "refunds",
    "customers",
    "checkout_sessions",
    "subscriptions",
    "disputes",
    "events",
    "webhook_endpoints",
    "webhook_deliveries",
    "api_keys",
    "request_logs",
];

/// How many objects of each kind there are.
pub(crate) fn counts(tx: &Tx<'_>) -> Result<Value, DomainError> {
    let mut counts = Map::new();
    for table in COUNTED {
        let sql = format!("SELECT count(*) FROM {table} WHERE deleted = 0");
        let count: i64 = tx
            .connection()
            .prepare_cached(&sql)?
            .query_row([], |row| row.get(0))?;
        counts.insert((*table).to_owned(), count.into());
    }
    Ok(Value::Object(counts))
}

/// The name and the last characters of the key that the account was opened with; null once there is none.
pub(crate) fn own_key(tx: &Tx<'_>) -> Result<Value, DomainError> {
    let key = tx.find_by::<ApiKey>("hash", &tx.identity().key.hash)?;
    Ok(key.map_or(
        Value::Null,
        |key| json!({ "id": key.id, "name": key.name, "last4": key.last4 }),
    ))
}
