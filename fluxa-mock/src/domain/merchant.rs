//! Owns the one merchant of a sandbox.

use super::error::DomainError;
use super::{Metadata, api_key};
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};

/// The merchant.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Merchant {
    id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    pub(crate) name: String,
    kyb_status: String,
}

impl Resource for Merchant {
    const TABLE: &'static str = "merchants";
    const PREFIX: &'static str = contract::prefix::MERCHANT;

    fn id(&self) -> &str {
        &self.id
    }
}

/// The merchant.
pub(crate) fn get(tx: &Tx<'_>) -> Result<Merchant, DomainError> {
    tx.find_by("deleted", "0")?
        .ok_or_else(|| DomainError::internal("the sandbox has no merchant"))
}

/// Fills an empty sandbox: the merchant and the well-known keys.
pub(crate) fn seed(tx: &Tx<'_>) -> Result<(), DomainError> {
    if tx.find_by::<Merchant>("deleted", "0")?.is_some() {
        return Ok(());
    }
    let merchant = Merchant {
        id: tx.new_id(Merchant::PREFIX),
        object: "merchant".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: Metadata::new(),
        name: "Fluxa Sandbox Merchant".to_owned(),
        kyb_status: "approved".to_owned(),
    };
    tx.insert(&merchant)?;
    api_key::seed(tx)
}
