//! Owns the comparison of settlement batches with their payments and with what disputes have cost.

use super::payments::PaymentRow;
use super::{each_body, part};
use crate::domain::error::DomainError;
use crate::store::Tx;
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct BatchRow {
    id: String,
    reference: String,
    currency: String,
    gross: i64,
    fees: i64,
    #[serde(default)]
    deductions: i64,
    net: i64,
    payment_count: i64,
    status: String,
}

/// What a batch's payments make.
#[derive(Default)]
struct Sums {
    gross: i64,
    fees: i64,
    net: i64,
    count: i64,
}

/// Every batch, with its payments summed as they come.
pub(super) struct Batches {
    rows: Vec<(BatchRow, Sums)>,
    places: HashMap<String, usize>,
}

impl Batches {
    /// Reads the batches.
    pub(super) fn read(tx: &Tx<'_>) -> Result<Self, DomainError> {
        let mut rows = Vec::new();
        let mut places = HashMap::new();
        each_body(tx, "settlements", |body| {
            let batch: BatchRow = part(body)?;
            places.insert(batch.id.clone(), rows.len());
            rows.push((batch, Sums::default()));
            Ok(())
        })?;
        Ok(Self { rows, places })
    }

    /// Adds a payment to the batch that it names.
    pub(super) fn add(&mut self, payment: &PaymentRow, breaches: &mut Vec<String>) {
        let id = &payment.id;
        let Some(name) = &payment.internal.settlement else {
            if payment.settlement_reference.is_some() {
                breaches.push(format!("payment {id} shows a settlement but is in none"));
            }
            return;
        };
        let Some(place) = self.places.get(name) else {
            breaches.push(format!(
                "payment {id} is in settlement {name}, which does not exist"
            ));
            return;
        };
        let (batch, sums) = &mut self.rows[*place];
        if payment.settlement_reference.as_ref() != Some(&batch.reference) {
            let reference = &batch.reference;
            breaches.push(format!(
                "payment {id} is in {reference} but does not show it"
            ));
        }
        if payment.currency != batch.currency {
            let reference = &batch.reference;
            breaches.push(format!(
                "payment {id} is in {reference}, of another currency"
            ));
        }
        sums.gross += payment.amount;
        sums.fees += payment.fee.unwrap_or(0);
        sums.net += payment.net.unwrap_or(0);
        sums.count += 1;
    }

    /// Compares every batch with its payments, and all of them with what disputes were made good
    /// with; returns how many are completed.
    pub(super) fn check(self, made_good: i64, breaches: &mut Vec<String>) -> i64 {
        let mut completed = 0;
        let mut deductions = 0;
        for (batch, sums) in &self.rows {
            let reference = &batch.reference;
            for (field, shown, made) in [
                ("gross", batch.gross, sums.gross),
                ("fees", batch.fees, sums.fees),
                ("net", batch.net, sums.net - batch.deductions),
                ("payment_count", batch.payment_count, sums.count),
            ] {
                if shown != made {
                    breaches.push(format!(
                        "settlement {reference}: {field} is {shown} but its payments make {made}"
                    ));
                }
            }
            deductions += batch.deductions;
            completed += i64::from(batch.status == "completed");
        }
        if deductions != made_good {
            breaches.push(format!(
                "settlements deducted {deductions} for lost disputes, which were made good with \
                 {made_good}"
            ));
        }
        completed
    }
}
