//! Owns the one merchant of a sandbox.

use super::error::DomainError;
use super::{Metadata, api_key};
use crate::events::{self, EventType, Transition};
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};

/// How far the onboarding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KybStatus {
    Pending,
    ActionRequired,
    Approved,
}

impl KybStatus {
    /// The name on the wire.
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::ActionRequired => "action_required",
            Self::Approved => "approved",
        }
    }

    /// The event of getting there; there is none for being checked again.
    fn event(self) -> Option<EventType> {
        match self {
            Self::Pending => None,
            Self::ActionRequired => Some(EventType::MerchantKybActionRequired),
            Self::Approved => Some(EventType::MerchantKybApproved),
        }
    }
}

/// The merchant.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Merchant {
    id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    pub(crate) name: String,
    kyb_status: KybStatus,
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

/// Sets how far the onboarding is; nothing happens when it is there already.
pub(crate) fn set_kyb_status(tx: &Tx<'_>, status: KybStatus) -> Result<Merchant, DomainError> {
    let mut merchant = get(tx)?;
    let previous = merchant.kyb_status;
    if previous == status {
        return Ok(merchant);
    }
    merchant.kyb_status = status;
    tx.update(&merchant)?;
    if let Some(event) = status.event() {
        let transition = Transition {
            previous_state: Some(previous.name()),
            state: status.name(),
        };
        events::emit(tx, event, merchant.render(tx), Some(transition))?;
    }
    Ok(merchant)
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
        kyb_status: KybStatus::Approved,
    };
    tx.insert(&merchant)?;
    api_key::seed(tx)
}
