//! Owns settlement batches: opened by the first payment that settles, closed by a timer or a call.
//! Each has a reference of its day, counted from 00001.

use super::error::DomainError;
use super::payment::Payment;
use super::timers::TimerKind;
use super::{Metadata, dispute};
use crate::events::{self, EventType};
use crate::store::{Resource, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::{Deserialize, Serialize};

/// How long a batch collects payments before it closes by itself: the sandbox's step.
const WINDOW_MS: i64 = 30_000;

/// Code of the payment partner.
const PARTNER: &str = "FX";

/// A settlement batch.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Settlement {
    pub(crate) id: String,
    object: String,
    livemode: bool,
    created_at: Time,
    metadata: Metadata,
    pub(crate) reference: String,
    pub(crate) method: String,
    partner: String,
    currency: String,
    gross: i64,
    fees: i64,
    /// Taken for lost disputes.
    #[serde(default, skip_serializing_if = "is_zero")]
    deductions: i64,
    net: i64,
    payment_count: i64,
    status: String,
    settled_at: Option<Time>,
}

impl Resource for Settlement {
    const TABLE: &'static str = "settlements";
    const PREFIX: &'static str = contract::prefix::SETTLEMENT;

    fn id(&self) -> &str {
        &self.id
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn is_zero(amount: &i64) -> bool {
    *amount == 0
}

/// Adds a payment that settles now to the open batch, opening one if there is none.
pub(crate) fn join(tx: &Tx<'_>, payment: &Payment) -> Result<Settlement, DomainError> {
    // One for each currency: a line on a bank statement has but one.
    let open_ones = tx.all_by::<Settlement>("status", "open")?;
    let same = |batch: &Settlement| batch.currency == payment.currency;
    let mut batch = match open_ones.into_iter().find(same) {
        Some(batch) => batch,
        None => open(tx, &payment.currency)?,
    };
    batch.gross += payment.amount;
    batch.fees += payment.fee.unwrap_or(0);
    batch.net += payment.net.unwrap_or(0);
    batch.payment_count += 1;
    tx.update(&batch)?;
    Ok(batch)
}

fn open(tx: &Tx<'_>, currency: &str) -> Result<Settlement, DomainError> {
    let date = tx.now().date();
    let number: i64 = tx
        .connection()
        .prepare_cached(
            "INSERT INTO settlement_counters (date, last) VALUES (?1, 1) \
             ON CONFLICT (date) DO UPDATE SET last = last + 1 RETURNING last",
        )?
        .query_row([&date], |row| row.get(0))?;
    let batch = Settlement {
        id: tx.new_id(Settlement::PREFIX),
        object: "settlement".to_owned(),
        livemode: false,
        created_at: tx.now(),
        metadata: Metadata::new(),
        reference: format!("STL-{date}-{PARTNER}-{number:05}"),
        method: "bacs_credit".to_owned(),
        partner: PARTNER.to_owned(),
        currency: currency.to_owned(),
        gross: 0,
        fees: 0,
        deductions: 0,
        net: 0,
        payment_count: 0,
        status: "open".to_owned(),
        settled_at: None,
    };
    tx.insert(&batch)?;
    tx.schedule(
        tx.now().plus_millis(WINDOW_MS),
        TimerKind::SettlementClose.name(),
        &batch.id,
    )?;
    Ok(batch)
}

/// Closes every open batch.
pub(crate) fn close_all(tx: &Tx<'_>) -> Result<Vec<Settlement>, DomainError> {
    tx.all_by::<Settlement>("status", "open")?
        .into_iter()
        .map(|batch| close(tx, batch))
        .collect()
}

/// The batch's window is over.
pub(crate) fn on_timer(tx: &Tx<'_>, id: &str) -> Result<(), DomainError> {
    let batch: Settlement = tx.get(id)?;
    if batch.status == "open" {
        close(tx, batch)?;
    }
    Ok(())
}

fn close(tx: &Tx<'_>, mut batch: Settlement) -> Result<Settlement, DomainError> {
    batch.deductions = dispute::deduct(tx, &batch.currency, batch.net)?;
    batch.net -= batch.deductions;
    batch.status = "completed".to_owned();
    batch.settled_at = Some(tx.now());
    if !tx.update_guarded(&batch, "status", "open")? {
        return Err(DomainError::state_conflict(
            "The settlement is already completed.",
        ));
    }
    tx.cancel_timers(&batch.id)?;
    events::emit(tx, EventType::SettlementCompleted, batch.render(tx), None)?;
    Ok(batch)
}
