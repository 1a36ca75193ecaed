//! Owns which type the rows of each table are, and what they name: for whoever takes rows from outside.

use super::api_key::ApiKey;
use super::checkout_session::CheckoutSession;
use super::customer::Customer;
use super::delivery::WebhookDelivery;
use super::dispute::Dispute;
use super::listen_session::ListenSession;
use super::merchant::Merchant;
use super::payment::{Payment, PaymentState};
use super::payment_method::PaymentMethod;
use super::refund::Refund;
use super::request_log::RequestLog;
use super::settlement::Settlement;
use super::subscription::Subscription;
use super::webhook_endpoint::WebhookEndpoint;
use crate::events::Event;
use crate::ledger::LedgerEntry;
use crate::store::Resource;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// Reads a body as its type and returns its id; or what is wrong with it.
type Read = fn(&str) -> Result<String, String>;

/// A table of objects.
pub(crate) struct Stored {
    pub(crate) table: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) read: Read,
}

const fn of<R: Resource>() -> Stored {
    Stored {
        table: R::TABLE,
        prefix: R::PREFIX,
        read: |body| {
            let object: R = serde_json::from_str(body).map_err(|error| {
                // Without the text around the place, which may hold anything.
                format!("{:?} at column {}", error.classify(), error.column())
            })?;
            Ok(object.id().to_owned())
        },
    }
}

/// Every table of objects.
pub(crate) const STORED: [Stored; 16] = [
    of::<ApiKey>(),
    of::<CheckoutSession>(),
    of::<Customer>(),
    of::<Dispute>(),
    of::<Event>(),
    of::<LedgerEntry>(),
    of::<ListenSession>(),
    of::<Merchant>(),
    of::<Payment>(),
    of::<PaymentMethod>(),
    of::<Refund>(),
    of::<RequestLog>(),
    of::<Settlement>(),
    of::<Subscription>(),
    of::<WebhookDelivery>(),
    of::<WebhookEndpoint>(),
];

/// (table, field of its bodies, tables in one of which that object is)
pub(crate) const REFERENCES: &[(&str, &str, &[&str])] = &[
    ("api_keys", "rotated_from", &["api_keys"]),
    ("checkout_sessions", "customer", &["customers"]),
    ("checkout_sessions", "payment", &["payments"]),
    ("checkout_sessions", "subscription", &["subscriptions"]),
    ("customers", "default_payment_method", &["payment_methods"]),
    ("disputes", "payment", &["payments"]),
    ("ledger_entries", "payment", &["payments"]),
    ("payment_methods", "customer", &["customers"]),
    ("payments", "checkout_session", &["checkout_sessions"]),
    ("payments", "customer", &["customers"]),
    ("payments", "dispute", &["disputes"]),
    ("payments", "subscription", &["subscriptions"]),
    ("refunds", "payment", &["payments"]),
    ("subscriptions", "customer", &["customers"]),
    ("subscriptions", "latest_payment", &["payments"]),
    ("subscriptions", "payment_method", &["payment_methods"]),
    (
        "webhook_deliveries",
        "endpoint",
        &["webhook_endpoints", "listen_sessions"],
    ),
    ("webhook_deliveries", "event", &["events"]),
];

/// Whether a payment may be in a state of this name.
pub(crate) fn is_payment_state(name: &str) -> bool {
    let name: StrDeserializer<'_, Error> = name.into_deserializer();
    PaymentState::deserialize(name).is_ok()
}
