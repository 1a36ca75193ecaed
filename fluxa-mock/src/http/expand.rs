//! Owns `expand[]`: which fields of which object may be inlined, with which scopes,
//! and the inlining itself.

use crate::domain::api_key::ApiKey;
use crate::domain::checkout_session::CheckoutSession;
use crate::domain::customer::Customer;
use crate::domain::dispute::Dispute;
use crate::domain::error::{DomainError, Kind};
use crate::domain::payment::Payment;
use crate::domain::payment_method::PaymentMethod;
use crate::domain::refund::Refund;
use crate::domain::settlement::Settlement;
use crate::domain::subscription::Subscription;
use crate::store::{Resource, Tx};
use fluxa_sdk::contract;
use serde_json::Value;

/// A kind of object in the graph of expandable fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Payment,
    Refund,
    Customer,
    PaymentMethod,
    CheckoutSession,
    Settlement,
    Subscription,
    Dispute,
}

impl Node {
    /// The resource whose scope lets a key read it.
    fn resource(self) -> &'static str {
        match self {
            Self::Payment => "payments",
            Self::Refund => "refunds",
            Self::Customer => "customers",
            Self::PaymentMethod => "payment_methods",
            Self::CheckoutSession => "checkout",
            Self::Settlement => "settlements",
            Self::Subscription => "subscriptions",
            Self::Dispute => "disputes",
        }
    }

    /// What `field` of this kind of object leads to.
    fn field(self, field: &str) -> Option<Node> {
        use Node::{
            CheckoutSession, Customer, Dispute, Payment, PaymentMethod, Refund, Settlement,
            Subscription,
        };
        Some(match (self, field) {
            (Payment | PaymentMethod | CheckoutSession | Subscription, "customer") => Customer,
            (Payment, "checkout_session") => CheckoutSession,
            (Payment, "settlement") => Settlement,
            (Payment | CheckoutSession, "subscription") => Subscription,
            (Payment, "dispute") => Dispute,
            (Refund | CheckoutSession | Dispute, "payment") | (Subscription, "latest_payment") => {
                Payment
            }
            (Customer, "default_payment_method") | (Subscription, "payment_method") => {
                PaymentMethod
            }
            _ => return None,
        })
    }

    fn load(self, tx: &Tx<'_>, id: &str) -> Result<Option<Value>, DomainError> {
        fn render<R: Resource>(tx: &Tx<'_>, id: &str) -> Result<Option<Value>, DomainError> {
            Ok(tx.find::<R>(id)?.map(|resource| resource.render(tx)))
        }
        match self {
            Self::Payment => render::<Payment>(tx, id),
            Self::Customer => render::<Customer>(tx, id),
            Self::PaymentMethod => render::<PaymentMethod>(tx, id),
            Self::CheckoutSession => render::<CheckoutSession>(tx, id),
            Self::Settlement => render::<Settlement>(tx, id),
            Self::Refund => render::<Refund>(tx, id),
            Self::Subscription => render::<Subscription>(tx, id),
            Self::Dispute => render::<Dispute>(tx, id),
        }
    }
}

/// Checks the paths asked for.
///
/// # Errors
/// `expand_too_deep`, `invalid_expand`.
pub(super) fn check(start: Node, paths: &[String]) -> Result<(), DomainError> {
    for path in paths {
        let segments: Vec<&str> = path.split('.').collect();
        let refuse = |code, message| Err(DomainError::invalid(code, message).about("expand"));
        if segments.len() > contract::EXPAND_MAX_DEPTH {
            let message = format!(
                "{path} is deeper than {} levels.",
                contract::EXPAND_MAX_DEPTH
            );
            return refuse("expand_too_deep", message);
        }
        let mut node = start;
        for segment in segments {
            match node.field(segment) {
                Some(next) => node = next,
                None => {
                    let message = format!("There is no path {path} to expand.");
                    return refuse("invalid_expand", message);
                }
            }
        }
    }
    Ok(())
}

/// Checks that `key` may read all that paths, already checked, lead through.
///
/// # Errors
/// `insufficient_scope`.
pub(super) fn check_scopes(start: Node, paths: &[String], key: &ApiKey) -> Result<(), DomainError> {
    for path in paths {
        let mut node = start;
        for field in path.split('.') {
            let Some(next) = node.field(field) else {
                break;
            };
            let resource = next.resource();
            if !key.allows(resource, "read") {
                let message = format!(
                    "To expand {path}, this restricted key needs the scope {resource}:read."
                );
                return Err(
                    DomainError::new(Kind::Permission, "insufficient_scope", message)
                        .about("expand"),
                );
            }
            node = next;
        }
    }
    Ok(())
}

/// Inlines what `paths` name, in the object or in each item of a list.
pub(super) fn apply(
    tx: &Tx<'_>,
    start: Node,
    paths: &[String],
    body: &mut Value,
) -> Result<(), DomainError> {
    let is_list = body.get("has_more").is_some();
    let items: Vec<&mut Value> = if is_list {
        body["data"]
            .as_array_mut()
            .map(|items| items.iter_mut().collect())
            .unwrap_or_default()
    } else {
        vec![body]
    };
    for item in items {
        for path in paths {
            let segments: Vec<&str> = path.split('.').collect();
            inline(tx, start, &segments, item)?;
        }
    }
    Ok(())
}

fn inline(tx: &Tx<'_>, node: Node, path: &[&str], object: &mut Value) -> Result<(), DomainError> {
    let Some((field, rest)) = path.split_first() else {
        return Ok(());
    };
    let Some(target) = node.field(field) else {
        return Ok(());
    };
    // A payment does not show its settlement unless it is expanded: its id is kept inside.
    if node == Node::Payment && *field == "settlement" && object.get("settlement").is_none() {
        let id = object
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let batch = tx
            .find::<Payment>(&id)?
            .and_then(|payment| payment.internal.settlement);
        object["settlement"] = batch.map_or(Value::Null, Value::String);
    }
    let Some(slot) = object.get_mut(*field) else {
        return Ok(());
    };
    if let Value::String(id) = slot {
        // A deleted object stays an id.
        if let Some(loaded) = target.load(tx, id)? {
            *slot = loaded;
        }
    }
    if slot.is_object() {
        inline(tx, target, rest, slot)
    } else {
        Ok(())
    }
}
