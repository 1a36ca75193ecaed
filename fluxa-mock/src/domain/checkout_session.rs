//! Owns checkout sessions: opened, paid with a card (several attempts if need be, each its own
//! payment, one of which may wait for a 3-D Secure challenge), or expired.

use super::card::{CHALLENGE_ABANDONED, CHALLENGE_FAILED, Card, Failure, Outcome, TestCard};
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
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) success_url: String,
    pub(crate) cancel_url: String,
    ui_mode: String,
    url: String,
    pub(crate) customer: Option<String>,
    pub(crate) payment: Option<String>,
    subscription: Option<String>,
    status: String,
    expires_at: Time,
    internal: Internal,
}

/// What the server keeps for itself about a session.
#[derive(Debug, Serialize, Deserialize)]
struct Internal {
    timing: Timing,
    /// The payment whose cardholder is being asked.
    #[serde(default)]
    challenge: Option<String>,
    /// The page's form that was sent last, and the payment it made.
    #[serde(default)]
    last_form: Option<(String, String)>,
}

/// What became of a form sent from the checkout page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The session is paid, by this form or before it.
    Complete,
    /// The cardholder is to be asked.
    Challenged,
    /// This payment failed; the session stays open.
    Declined(String),
    /// The session has expired.
    Expired,
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
        internal: Internal {
            timing,
            challenge: None,
            last_form: None,
        },
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
    format!("{origin}/pay/{id}")
}

/// Pays an open session with a card. A declined attempt is a FAILED payment; the session stays open. A
/// challenge is answered at once as the card says: this call is the whole visit.
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
    session.abandon_challenge(tx)?;
    let mut new = session.attempt(card, outcome);
    new.timing = timing.unwrap_or(new.timing);
    let payment = payment_flow::authorise(tx, new)?;
    session.conclude(tx, &payment)?;
    Ok(payment)
}

/// Pays with a card typed into the page's form, which is known by `form`. The same form sent again with
/// the same card (a double click, a reload) makes no second payment.
///
/// # Errors
/// `parameter_invalid` for a card that is not a test card.
pub(crate) fn pay(
    tx: &Tx<'_>,
    id: &str,
    card: &TestCard,
    form: &str,
) -> Result<Attempt, DomainError> {
    let mut session: CheckoutSession = tx.get(id)?;
    if let Some(closed) = session.closed() {
        return Ok(closed);
    }
    let (card, outcome) = card.read(tx.now())?;
    if let Some(earlier) = session.sent_before(tx, form, &card)? {
        return Ok(earlier);
    }
    session.abandon_challenge(tx)?;
    let new = session.attempt(card, outcome);
    let payment = if outcome.challenges() {
        payment_flow::challenge(tx, new)?
    } else {
        payment_flow::authorise(tx, new)?
    };
    session.internal.last_form = Some((form.to_owned(), payment.id.clone()));
    if outcome.challenges() {
        session.internal.challenge = Some(payment.id);
        tx.update(&session)?;
        return Ok(Attempt::Challenged);
    }
    session.conclude(tx, &payment)
}

/// Takes the cardholder's answer to the challenge of `payment`; one that no longer waits is left as it
/// is.
pub(crate) fn answer_challenge(
    tx: &Tx<'_>,
    id: &str,
    payment: &str,
    passed: bool,
) -> Result<Attempt, DomainError> {
    let mut session: CheckoutSession = tx.get(id)?;
    if let Some(closed) = session.closed() {
        return Ok(closed);
    }
    if session.internal.challenge.as_deref() != Some(payment) {
        return Ok(Attempt::Declined(payment.to_owned()));
    }
    let answer = if passed {
        Ok(())
    } else {
        Err(CHALLENGE_FAILED)
    };
    let payment = payment_flow::answer_challenge(tx, tx.get(payment)?, answer)?;
    session.conclude(tx, &payment)
}

/// A payment that waited for its challenge was moved on by the sandbox's own call.
pub(crate) fn challenge_overtaken(tx: &Tx<'_>, payment: &Payment) -> Result<(), DomainError> {
    let Some(id) = &payment.checkout_session else {
        return Ok(());
    };
    let mut session: CheckoutSession = tx.get(id)?;
    if session.internal.challenge.as_deref() == Some(payment.id.as_str()) {
        session.conclude(tx, payment)?;
    }
    Ok(())
}

/// Closes an open session at the merchant's call.
///
/// # Errors
/// `session_not_open`.
pub(crate) fn expire(tx: &Tx<'_>, id: &str) -> Result<CheckoutSession, DomainError> {
    let mut session: CheckoutSession = tx.get(id)?;
    session.require_open()?;
    session.abandon_challenge(tx)?;
    session.close(tx, "expired", EventType::CheckoutSessionExpired)?;
    Ok(session)
}

/// The session's time is up.
pub(crate) fn on_timer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let mut session: CheckoutSession = tx.get(id)?;
    if session.status == "open" {
        session.abandon_challenge(tx)?;
        session.close(tx, "expired", EventType::CheckoutSessionExpired)?;
    }
    Ok(())
}

impl CheckoutSession {
    /// Whether the merchant shows the page in a frame.
    pub(crate) fn is_embedded(&self) -> bool {
        self.ui_mode == "embedded"
    }

    /// What a visitor of a session that is not open is told.
    pub(crate) fn closed(&self) -> Option<Attempt> {
        match self.status.as_str() {
            "open" => None,
            "complete" => Some(Attempt::Complete),
            _ => Some(Attempt::Expired),
        }
    }

    /// The payment whose cardholder is being asked.
    pub(crate) fn waiting(&self, tx: &Tx<'_>) -> Result<Option<Payment>, DomainError> {
        self.internal
            .challenge
            .as_deref()
            .map(|id| tx.get(id))
            .transpose()
    }

    /// The attempt of this session that failed as `id`, if there is one.
    pub(crate) fn declined(&self, tx: &Tx<'_>, id: &str) -> Result<Option<Payment>, DomainError> {
        let payment: Option<Payment> = tx.find(id)?;
        Ok(payment.filter(|payment| {
            payment.state == PaymentState::Failed
                && payment.checkout_session.as_deref() == Some(self.id.as_str())
        }))
    }

    fn attempt(&self, card: Card, outcome: Outcome) -> NewPayment {
        NewPayment {
            amount: self.amount,
            currency: self.currency.clone(),
            card,
            outcome,
            timing: self.internal.timing,
            customer: self.customer.clone(),
            checkout_session: Some(self.id.clone()),
            subscription: None,
            metadata: self.metadata.clone(),
        }
    }

    /// What the same form with the same card came to when it was sent before.
    fn sent_before(
        &self,
        tx: &Tx<'_>,
        form: &str,
        card: &Card,
    ) -> Result<Option<Attempt>, DomainError> {
        let Some((_, payment)) = self
            .internal
            .last_form
            .as_ref()
            .filter(|(last, _)| last == form)
        else {
            return Ok(None);
        };
        let payment: Payment = tx.get(payment)?;
        if payment.payment_method.card != *card {
            return Ok(None);
        }
        Ok(match payment.state {
            PaymentState::PaymentReceived => Some(Attempt::Challenged),
            PaymentState::Failed => Some(Attempt::Declined(payment.id)),
            _ => None,
        })
    }

    /// Fails the payment whose cardholder left without an answer, if one waits.
    fn abandon_challenge(&mut self, tx: &Tx<'_>) -> Result<(), DomainError> {
        let Some(payment) = self.waiting(tx)? else {
            return Ok(());
        };
        let answer: Result<(), Failure> = Err(CHALLENGE_ABANDONED);
        let failed = payment_flow::answer_challenge(tx, payment, answer)?;
        self.conclude(tx, &failed)?;
        Ok(())
    }

    /// Closes the session with a payment that its card's issuer has answered; one that failed leaves it
    /// open for another card.
    fn conclude(&mut self, tx: &Tx<'_>, payment: &Payment) -> Result<Attempt, DomainError> {
        self.internal.challenge = None;
        let outcome = payment.internal.outcome;
        // With `instant` a payment may have failed since, in its settlement: that was paid here.
        if payment.state == PaymentState::Failed && payment.ledger_state.is_none() {
            tx.update(self)?;
            return Ok(Attempt::Declined(payment.id.clone()));
        }
        if let Some(customer_id) = &self.customer {
            // A customer deleted since: the payment stands, there is nobody to keep the card for.
            if let Some(customer) = tx.find::<Customer>(customer_id)? {
                let card = payment.payment_method.card.clone();
                let method = payment_method::vault(tx, &customer, card, outcome)?;
                customer::adopt_default(tx, customer, &method.id)?;
            }
        }
        self.payment = Some(payment.id.clone());
        self.close(tx, "complete", EventType::CheckoutSessionCompleted)?;
        Ok(Attempt::Complete)
    }

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
