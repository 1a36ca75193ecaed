//! Owns stored payment methods: what is kept of a card, and what charging it will do.

use super::Metadata;
use super::card::{Card, Outcome};
use super::customer::{self, Customer};
use super::error::DomainError;
use super::payment_flow::named;
use crate::events::{self, EventType};
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};

/// A stored payment method.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PaymentMethod {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    pub(crate) customer: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    pub(crate) card: Card,
    pub(crate) internal: Internal,
}

/// What the server keeps for itself about a method.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Internal {
    pub(crate) outcome: Outcome,
}

impl Resource for PaymentMethod {
    const TABLE: &'static str = "payment_methods";
    const PREFIX: &'static str = contract::prefix::PAYMENT_METHOD;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Stores the card that a customer paid with.
pub(crate) fn vault(
    tx: &Tx<'_>,
    customer: &Customer,
    card: Card,
    outcome: Outcome,
) -> Result<PaymentMethod, DomainError> {
    let method = PaymentMethod {
        id: tx.new_id(PaymentMethod::PREFIX),
        object: "payment_method".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: Metadata::new(),
        customer: Some(customer.id.clone()),
        kind: "card".to_owned(),
        card,
        internal: Internal { outcome },
    };
    tx.insert(&method)?;
    events::emit(
        tx,
        EventType::PaymentMethodAttached,
        method.render(tx),
        None,
    )?;
    Ok(method)
}

/// Attaches a detached method to a customer; attaching it again changes nothing.
///
/// # Errors
/// `state_conflict` when it belongs to another customer.
pub(crate) fn attach(
    tx: &Tx<'_>,
    id: &str,
    customer_id: &str,
) -> Result<PaymentMethod, DomainError> {
    let mut method: PaymentMethod = tx.get(id)?;
    let owner: Customer = named(tx.find(customer_id), "customer", customer_id)?;
    match method.customer.as_deref() {
        Some(current) if current == customer_id => return Ok(method),
        Some(_) => {
            return Err(DomainError::state_conflict(
                "Detach it from its customer first.",
            ));
        }
        None => {}
    }
    method.customer = Some(customer_id.to_owned());
    tx.update(&method)?;
    events::emit(
        tx,
        EventType::PaymentMethodAttached,
        method.render(tx),
        None,
    )?;
    customer::adopt_default(tx, owner, id)?;
    Ok(method)
}

/// Sets what charging a method does from now on.
pub(crate) fn set_outcome(
    tx: &Tx<'_>,
    id: &str,
    outcome: Outcome,
) -> Result<PaymentMethod, DomainError> {
    let mut method: PaymentMethod = tx.get(id)?;
    method.internal.outcome = outcome;
    tx.update(&method)?;
    Ok(method)
}

/// Detaches a method from its customer; detaching it again changes nothing.
pub(crate) fn detach(tx: &Tx<'_>, id: &str) -> Result<PaymentMethod, DomainError> {
    let mut method: PaymentMethod = tx.get(id)?;
    let Some(owner) = method.customer.take() else {
        return Ok(method);
    };
    tx.update(&method)?;
    events::emit(
        tx,
        EventType::PaymentMethodDetached,
        method.render(tx),
        None,
    )?;
    customer::drop_default(tx, &owner, id)?;
    Ok(method)
}
