//! What is known of one settlement batch, and the verdict on it.
//!
//! Owns the sums of a batch, a side for each currency, and the pure decision of what they mean.

use jiff::civil::Date;

use super::reference::SettlementReference;
use super::report::{BankLine, Batch, BatchStatus};
use crate::money::{Currency, Money};

/// The most lines of a statement that are kept for one batch; all are counted and summed.
const LINES_KEPT: usize = 16;

/// The sums of a batch in one currency.
#[derive(Debug)]
struct Side {
    currency: Currency,
    payments: u64,
    net: i64,
    /// What the settlement itself says its net is.
    declared: Option<i64>,
    /// What the settlement says was taken from its payments' net for lost disputes.
    deducted: i64,
    received: i64,
    line_count: u64,
    debits: u64,
    lines: Vec<BankLine>,
}

/// One batch. Nearly all have one side, so the others are looked for in a row.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sides: Vec<Side>,
}

impl Tally {
    /// Adds a payment's net; false, and no change, when the sum would not fit.
    pub(super) fn add_payment(&mut self, currency: &Currency, net: i64) -> bool {
        let side = self.side(currency);
        let Some(sum) = side.net.checked_add(net) else {
            return false;
        };
        side.net = sum;
        side.payments += 1;
        true
    }

    /// Sets what the settlement says its net is, and what was deducted to get there.
    pub(super) fn declare(&mut self, currency: &Currency, net: i64, deducted: i64) {
        let side = self.side(currency);
        side.declared = Some(net);
        side.deducted = deducted;
    }

    /// Returns what has been received in a currency.
    pub(super) fn received(&self, currency: &Currency) -> i64 {
        let side = self.sides.iter().find(|side| side.currency == *currency);
        side.map_or(0, |side| side.received)
    }

    /// Adds a line of a statement, whose sum was found to fit.
    pub(super) fn add_line(&mut self, line: BankLine) {
        let side = self.side(&line.amount.currency);
        side.received = side.received.saturating_add(line.amount.amount_minor);
        side.line_count += 1;
        side.debits += u64::from(line.amount.amount_minor < 0);
        if side.lines.len() < LINES_KEPT {
            side.lines.push(line);
        }
    }

    fn side(&mut self, currency: &Currency) -> &mut Side {
        let position = self
            .sides
            .iter()
            .position(|side| side.currency == *currency);
        let position = position.unwrap_or_else(|| {
            // Room for one: a `Vec` would start with four.
            self.sides.reserve_exact(1);
            self.sides.push(Side {
                currency: currency.clone(),
                payments: 0,
                net: 0,
                declared: None,
                deducted: 0,
                received: 0,
                line_count: 0,
                debits: 0,
                lines: Vec::new(),
            });
            self.sides.len() - 1
        });
        &mut self.sides[position]
    }

    /// Returns the verdicts on this batch, one for each currency that something is due or came in.
    pub(super) fn judge(&self, reference: SettlementReference, due: Option<Date>) -> Vec<Batch> {
        // Money that came in a currency nobody expected, to be set against what did not come.
        let mut foreign: Vec<&Side> = self.sides.iter().filter(|s| !s.is_expected()).collect();
        let mut batches = Vec::new();
        for side in self.sides.iter().filter(|side| side.is_expected()) {
            let batch = match side.status(reference, due) {
                BatchStatus::Missing | BatchStatus::Pending if !foreign.is_empty() => {
                    let came = foreign.remove(0);
                    Batch {
                        received: Some(Money::new(came.received, came.currency.clone())),
                        difference: None,
                        lines: came.lines.clone(),
                        line_count: came.line_count,
                        ..side.batch(reference, BatchStatus::OtherCurrency)
                    }
                }
                status => side.batch(reference, status),
            };
            batches.push(batch);
        }
        let unexpected = |side: &Side| side.batch(reference, BatchStatus::Unexpected);
        batches.extend(foreign.into_iter().map(unexpected));
        batches
    }
}

impl Side {
    fn is_expected(&self) -> bool {
        self.payments > 0 || self.declared.is_some()
    }

    /// What should have come: the sum of the payments less what the settlement deducted, or without
    /// any payment what the settlement says.
    fn expected(&self) -> i64 {
        match self.payments {
            0 => self.declared.unwrap_or(0),
            // A settlement that deducts the impossible does not add up with any payments.
            _ => self.net.saturating_sub(self.deducted),
        }
    }

    fn status(&self, reference: SettlementReference, due: Option<Date>) -> BatchStatus {
        let expected = self.expected();
        let is_credit = |line: &BankLine| line.amount.amount_minor == expected;
        if self.declared.is_some_and(|declared| declared != expected) {
            BatchStatus::Incomplete
        } else if self.received == expected && (self.line_count > 0 || expected == 0) {
            BatchStatus::Matched
        } else if self.line_count == 0 && due.is_some_and(|due| reference.date() > due) {
            BatchStatus::Pending
        } else if self.line_count == 0 {
            BatchStatus::Missing
        } else if self.debits > 0 {
            BatchStatus::Returned
        } else if self.line_count > 1 && self.lines.iter().any(is_credit) {
            BatchStatus::Duplicated
        } else {
            BatchStatus::Mismatched
        }
    }

    fn batch(&self, reference: SettlementReference, status: BatchStatus) -> Batch {
        let money = |minor: i64| Money::new(minor, self.currency.clone());
        let expected = self.is_expected().then(|| self.expected());
        let received = (self.line_count > 0).then_some(self.received);
        let difference = self.received.checked_sub(expected.unwrap_or(0));
        Batch {
            reference,
            status,
            expected: expected.map(money),
            received: received.map(money),
            difference: difference.map(money),
            settlement_net: self.declared.map(money),
            payments: self.payments,
            lines: self.lines.clone(),
            line_count: self.line_count,
        }
    }
}
