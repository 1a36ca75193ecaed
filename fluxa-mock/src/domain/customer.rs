//! Owns customers and which of their payment methods is the default.

use super::Metadata;
use super::error::DomainError;
use super::payment_flow::named;
use super::payment_method::{self, PaymentMethod};
use super::subscription;
use crate::events::{self, EventType};
use crate::store::{Resource, Tx, to_body};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};

/// A customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    pub(crate) email: String,
    name: Option<String>,
    phone: Option<String>,
    pub(crate) default_payment_method: Option<String>,
}

/// Parameters of a new customer.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateCustomer {
    email: String,
    name: Option<String>,
    phone: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

/// Parameters of a change; what is absent stays.
#[derive(Debug, Deserialize)]
pub(crate) struct UpdateCustomer {
    email: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    default_payment_method: Option<String>,
    metadata: Option<Metadata>,
}

impl Resource for Customer {
    const TABLE: &'static str = "customers";
    const PREFIX: &'static str = contract::prefix::CUSTOMER;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Creates a customer.
pub(crate) fn create(tx: &Tx<'_>, new: CreateCustomer) -> Result<Customer, DomainError> {
    let customer = Customer {
        id: tx.new_id(Customer::PREFIX),
        object: "customer".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: new.metadata,
        email: new.email,
        name: new.name,
        phone: new.phone,
        default_payment_method: None,
    };
    tx.insert(&customer)?;
    events::emit(tx, EventType::CustomerCreated, customer.render(tx), None)?;
    Ok(customer)
}

/// Changes a customer.
///
/// # Errors
/// `parameter_invalid` for a default method that is not this customer's.
pub(crate) fn update(
    tx: &Tx<'_>,
    id: &str,
    change: UpdateCustomer,
) -> Result<Customer, DomainError> {
    let mut customer: Customer = tx.get(id)?;
    if let Some(method_id) = change.default_payment_method {
        let method: PaymentMethod =
            named(tx.find(&method_id), "default_payment_method", &method_id)?;
        if method.customer.as_deref() != Some(id) {
            return Err(DomainError::parameter(
                "default_payment_method",
                "This payment method is not attached to the customer.",
            ));
        }
        customer.default_payment_method = Some(method_id);
    }
    if let Some(email) = change.email {
        customer.email = email;
    }
    customer.name = change.name.or(customer.name);
    customer.phone = change.phone.or(customer.phone);
    customer.metadata = change.metadata.unwrap_or(customer.metadata);
    save(tx, &customer)?;
    Ok(customer)
}

/// Deletes a customer, cancels their subscriptions and detaches their methods; deleting again changes nothing.
///
/// # Errors
/// `resource_missing` when there never was one.
pub(crate) fn delete(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    if !tx.existed::<Customer>(id)? {
        return Err(DomainError::missing(id));
    }
    if tx.find::<Customer>(id)?.is_some() {
        subscription::cancel_all_of(tx, id)?;
        for method in tx.all_by::<PaymentMethod>("customer", id)? {
            payment_method::detach(tx, &method.id)?;
        }
        tx.delete::<Customer>(id)?;
    }
    Ok(())
}

/// Makes a method the default of a customer who has none.
pub(crate) fn adopt_default(
    tx: &Tx<'_>,
    mut customer: Customer,
    method_id: &str,
) -> Result<(), DomainError> {
    if customer.default_payment_method.is_some() {
        return Ok(());
    }
    customer.default_payment_method = Some(method_id.to_owned());
    save(tx, &customer)
}

/// Forgets a method that was detached.
pub(crate) fn drop_default(tx: &Tx<'_>, id: &str, method_id: &str) -> Result<(), DomainError> {
    let Some(mut customer) = tx.find::<Customer>(id)? else {
        return Ok(());
    };
    if customer.default_payment_method.as_deref() != Some(method_id) {
        return Ok(());
    }
    customer.default_payment_method = None;
    save(tx, &customer)
}

/// Writes a customer and tells of it, if anything has changed.
fn save(tx: &Tx<'_>, customer: &Customer) -> Result<(), DomainError> {
    if tx.get_body::<Customer>(&customer.id)? == to_body(customer) {
        return Ok(());
    }
    tx.update(customer)?;
    events::emit(tx, EventType::CustomerUpdated, customer.render(tx), None)
}
