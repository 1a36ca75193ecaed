//! Owns the made-up subscriptions and disputes: what goes on after a purchase, or comes back to it.

use super::DAY_MS;
use super::story::{by_night, made};
use crate::domain::card::Outcome;
use crate::domain::dispute;
use crate::domain::error::DomainError;
use crate::domain::payment::Payment;
use crate::domain::subscription;
use crate::store::Tx;
use serde_json::json;
use std::collections::BTreeMap;

/// Where a subscription of the last hour stands.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Trial,
    Active,
    PastDue,
    Paused,
    Cancelled,
}

/// Where a dispute of the last hour stands.
#[derive(Clone, Copy)]
pub(super) enum Stage {
    Raised,
    Answered,
    Won,
    Lost,
}

/// Why banks come back.
const REASONS: &[&str] = &["fraudulent", "product_not_received", "duplicate", "general"];

/// What people subscribe to: pence a month.
const PRICES: &[i64] = &[499, 799, 999, 1_299, 1_999, 4_900];

/// Starts a monthly subscription, after a trial of two weeks or at once; returns its id.
///
/// # Errors
/// `payment_method_missing` for a customer who has no card yet.
pub(super) fn subscribe(
    tx: &Tx<'_>,
    random: &mut fastrand::Rng,
    customer: &str,
    trial: bool,
) -> Result<String, DomainError> {
    let now = tx.now();
    let seats = [1, 1, 1, 2, 5][random.usize(..5)];
    let mut wanted = json!({
        "customer": customer, "amount": PRICES[random.usize(..PRICES.len())], "currency": "GBP",
        "interval": "month", "quantity": seats,
    });
    if trial {
        wanted["trial_end"] = now.plus_millis(14 * DAY_MS).to_string().into();
    }
    let started = subscription::create(tx, made(wanted)?, by_night(now.millis()))?;
    Ok(started.id)
}

/// Starts a subscription and takes it to where it is to stand now.
pub(super) fn subscribe_as(
    tx: &Tx<'_>,
    random: &mut fastrand::Rng,
    customer: &str,
    shape: Shape,
) -> Result<(), DomainError> {
    let id = subscribe(tx, random, customer, matches!(shape, Shape::Trial))?;
    match shape {
        Shape::Trial | Shape::Active => {}
        Shape::PastDue => drop(subscription::renew(tx, &id, Outcome::CardDeclined)?),
        Shape::Paused => drop(subscription::pause(tx, &id)?),
        Shape::Cancelled => drop(subscription::cancel(tx, &id, false)?),
    }
    Ok(())
}

/// The cardholder's bank disputes a payment; returns the dispute's id.
pub(super) fn raise(
    tx: &Tx<'_>,
    random: &mut fastrand::Rng,
    payment: &str,
) -> Result<String, DomainError> {
    let reason = REASONS[random.usize(..REASONS.len())];
    let raised = json!({ "payment": payment, "reason": reason });
    Ok(dispute::create(tx, made(raised)?)?.id)
}

/// The merchant answers.
pub(super) fn answer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let evidence = BTreeMap::from([(
        "customer_communication".to_owned(),
        "The customer confirmed by email that the parcel had come.".to_owned(),
    )]);
    dispute::submit_evidence(tx, id, evidence).map(drop)
}

/// The bank decides.
pub(super) fn decide(tx: &Tx<'_>, id: &str, won: bool) -> Result<(), DomainError> {
    let outcome = match won {
        true => dispute::Outcome::Won,
        false => dispute::Outcome::Lost,
    };
    dispute::resolve(tx, id, outcome).map(drop)
}

/// Disputes a payment and takes the dispute to where it is to stand now.
pub(super) fn dispute_as(
    tx: &Tx<'_>,
    random: &mut fastrand::Rng,
    payment: &Payment,
    stage: Stage,
) -> Result<(), DomainError> {
    let id = raise(tx, random, &payment.id)?;
    match stage {
        Stage::Raised => Ok(()),
        Stage::Answered => answer(tx, &id),
        Stage::Won => answer(tx, &id).and_then(|()| decide(tx, &id, true)),
        Stage::Lost => decide(tx, &id, false),
    }
}
