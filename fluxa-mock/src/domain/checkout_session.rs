//! Owns checkout sessions: opened, paid with a card (several attempts if need be), or expired.

use super::card::TestCard;
use super::customer::{self, Customer};
use super::error::DomainError;
use super::payment::{NewPayment, Payment, PaymentState};
use super::payment_flow::{self, named};
use super::timers::TimerKind;
use super::timing::Timing;
use super::{Metadata, payment_method};
use crate::events::{self, EventType};
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};

/// How long a session stays open.
const LIFETIME_MS: i64 = 24 * 3_600_000;

/// A checkout session.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CheckoutSession {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    amount: i64,
    currency: String,
    success_url: String,
    cancel_url: String,
    ui_mode: String,
    url: String,
    customer: Option<String>,
    payment: Option<String>,
    subscription: Option<String>,
    status: String,
    expires_at: Time,
    internal: Internal,
}

/// What the server keeps for itself about a session.
#[derive(Debug, Serialize, Deserialize)]
struct Internal {
    timing: Timing,
}

/// Parameters of a new session.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateCheckoutSession {
    amount: i64,
    currency: String,
    success_url: String,
    cancel_url: String,
    ui_mode: Option<String>,
    customer: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

impl Resource for CheckoutSession {
    const TABLE: &'static str = "checkout_sessions";
    const PREFIX: &'static str = contract::prefix::CHECKOUT_SESSION;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Opens a session.
pub(crate) fn create(
    tx: &Tx<'_>,
    new: CreateCheckoutSession,
    timing: Timing,
) -> Result<CheckoutSession, DomainError> {
    if let Some(id) = &new.customer {
        named(tx.find::<Customer>(id), "customer", id)?;
    }
    let id = tx.new_id(CheckoutSession::PREFIX);
    let expires_at = tx.now().plus_millis(LIFETIME_MS);
    let session = CheckoutSession {
        object: "checkout.session".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: new.metadata,
        amount: new.amount,
        currency: new.currency,
        success_url: new.success_url,
        cancel_url: new.cancel_url,
        ui_mode: new.ui_mode.unwrap_or_else(|| "hosted".to_owned()),
        url: page_url(tx, &id),
        customer: new.customer,
        payment: None,
        subscription: None,
        status: "open".to_owned(),
        expires_at,
        internal: Internal { timing },
        id,
    };
    tx.insert(&session)?;
    tx.schedule(expires_at, TimerKind::SessionExpiry.name(), &session.id)?;
    events::emit(
        tx,
        EventType::CheckoutSessionCreated,
        session.render(tx),
        None,
    )?;
    Ok(session)
}

/// Where this server shows the session to a cardholder: beside the API, since the live host would
/// not know a session of the sandbox.
fn page_url(tx: &Tx<'_>, id: &str) -> String {
    let origin = tx.base_url().strip_suffix("/v1").unwrap_or(tx.base_url());
    format!("{origin}{}", tx.identity().page(&format!("/pay/{id}")))
}

/// Pays an open session with a card. A declined attempt is a FAILED payment; the session stays open.
///
/// # Errors
/// `session_not_open`; `parameter_invalid` for a card that is not a test card.
pub(crate) fn complete(
    tx: &Tx<'_>,
    id: &str,
    card: &TestCard,
    timing: Option<Timing>,
) -> Result<Payment, DomainError> {
    let mut session: CheckoutSession = tx.get(id)?;
    session.require_open()?;
    let (card, outcome) = card.read(tx.now())?;
    let payment = payment_flow::authorise(
        tx,
        NewPayment {
            amount: session.amount,
            currency: session.currency.clone(),
            card: card.clone(),
            outcome,
            timing: timing.unwrap_or(session.internal.timing),
            customer: session.customer.clone(),
            checkout_session: Some(session.id.clone()),
            metadata: session.metadata.clone(),
        },
    )?;
    if payment.state == PaymentState::Failed && outcome.authorisation_failure().is_some() {
        return Ok(payment);
    }
    if let Some(customer_id) = &session.customer {
        // A customer deleted since: the payment stands, there is nobody to keep the card for.
        if let Some(customer) = tx.find::<Customer>(customer_id)? {
            let method = payment_method::vault(tx, &customer, card, outcome)?;
            customer::adopt_default(tx, customer, &method.id)?;
        }
    }
    session.payment = Some(payment.id.clone());
    session.close(tx, "complete", EventType::CheckoutSessionCompleted)?;
    Ok(payment)
}

/// Closes an open session at the merchant's call.
///
/// # Errors
/// `session_not_open`.
pub(crate) fn expire(tx: &Tx<'_>, id: &str) -> Result<CheckoutSession, DomainError> {
    let mut session: CheckoutSession = tx.get(id)?;
    session.require_open()?;
    session.close(tx, "expired", EventType::CheckoutSessionExpired)?;
    Ok(session)
}

/// The session's time is up.
pub(crate) fn on_timer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let mut session: CheckoutSession = tx.get(id)?;
    if session.status == "open" {
        session.close(tx, "expired", EventType::CheckoutSessionExpired)?;
    }
    Ok(())
}

impl CheckoutSession {
    fn require_open(&self) -> Result<(), DomainError> {
        if self.status == "open" {
            return Ok(());
        }
        let message = format!("This checkout session is {}.", self.status);
        Err(DomainError::invalid("session_not_open", message))
    }

    fn close(&mut self, tx: &Tx<'_>, status: &str, event: EventType) -> Result<(), DomainError> {
        self.status = status.to_owned();
        if !tx.update_guarded(self, "status", "open")? {
            return Err(DomainError::invalid(
                "session_not_open",
                "The session is not open.",
            ));
        }
        tx.cancel_timers(&self.id)?;
        events::emit(tx, event, self.render(tx), None)
    }
}
