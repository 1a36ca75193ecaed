//! The result of reconciling: a verdict on every batch, and what was left out.
//!
//! Owns the report's shape, which is serialised and so is kept stable: fields and statuses may be
//! added. Holds no text of a statement but references.

use std::fmt;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::reference::SettlementReference;
use crate::money::Money;

/// The most batches that [`Report`]'s `Display` names; the rest are counted.
const SHOWN: usize = 20;

/// A line of a bank statement: where it is, when and how much. Debits are negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BankLine {
    /// Which statement it is in, from 1; 0 for lines given one by one.
    pub statement: u32,
    /// The number of the line in the file, from 1.
    pub line: u64,
    /// The bank's date, which may follow the settlement's by days.
    #[serde(serialize_with = "as_text")]
    pub date: Date,
    /// The amount, negative for a debit.
    pub amount: Money,
}

/// What is the matter with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchStatus {
    /// What came is what was expected, to the penny.
    Matched,
    /// Nothing came yet, and the batch settled after the last day the statements cover.
    Pending,
    /// Nothing came.
    Missing,
    /// Another amount came.
    Mismatched,
    /// The expected amount came, and came again.
    Duplicated,
    /// Money was taken back under the batch's reference, and the sum is not the one expected.
    Returned,
    /// Nothing came in the batch's currency, but something in another.
    OtherCurrency,
    /// Money came under a reference that no payment has.
    Unexpected,
    /// The payments, less the settlement's `deductions`, do not add up to its own net: some are
    /// missing here. Says nothing of the bank.
    Incomplete,
}

impl BatchStatus {
    /// Returns the name that is serialised too, such as `other_currency`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Pending => "pending",
            Self::Missing => "missing",
            Self::Mismatched => "mismatched",
            Self::Duplicated => "duplicated",
            Self::Returned => "returned",
            Self::OtherCurrency => "other_currency",
            Self::Unexpected => "unexpected",
            Self::Incomplete => "incomplete",
        }
    }
}

impl fmt::Display for BatchStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The verdict on one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Batch {
    /// The batch.
    pub reference: SettlementReference,
    /// The verdict.
    pub status: BatchStatus,
    /// The sum of the payments' `net`, less the settlement's `deductions` if it was given; the
    /// settlement's own when no payment was given; none when unexpected.
    pub expected: Option<Money>,
    /// The sum of the bank's lines, debits deducted; none when there is no line.
    pub received: Option<Money>,
    /// Received less expected; none across currencies.
    pub difference: Option<Money>,
    /// The settlement's own `net`, when it was given.
    pub settlement_net: Option<Money>,
    /// How many payments were counted.
    pub payments: u64,
    /// The first 16 of the bank's lines.
    pub lines: Vec<BankLine>,
    /// How many lines there are.
    pub line_count: u64,
}

/// What came of a reconciliation.
///
/// `Display` writes a summary and the batches that are not matched; `Serialize` writes all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Every batch, by reference.
    pub batches: Vec<Batch>,
    /// Lines whose reference was cut or garbled, or that name several batches.
    pub unclear: Vec<BankLine>,
    /// How many statements were read.
    pub statements: u32,
    /// How many of their lines have no settlement's reference.
    pub other_lines: u64,
    /// How many payments were left out because they have not settled.
    pub unsettled_payments: u64,
    /// How many payments came again, and were counted once.
    pub repeated_payments: u64,
    /// How many payments and settlements could not be counted, each having been an error.
    pub refused: u64,
}

impl Report {
    /// Returns whether there is nothing to look at: all batches are matched or pending, all
    /// references were clear, nothing was refused.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.unclear.is_empty() && self.refused == 0 && self.attention().next().is_none()
    }

    /// Returns the batches with this status.
    pub fn with_status(&self, status: BatchStatus) -> impl Iterator<Item = &Batch> {
        self.batches
            .iter()
            .filter(move |batch| batch.status == status)
    }

    /// Returns the batches that somebody has to look at: neither matched nor pending.
    pub fn attention(&self) -> impl Iterator<Item = &Batch> {
        let fine = [BatchStatus::Matched, BatchStatus::Pending];
        self.batches
            .iter()
            .filter(move |batch| !fine.contains(&batch.status))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let matched = self.with_status(BatchStatus::Matched).count();
        let pending = self.with_status(BatchStatus::Pending).count();
        let payments: u64 = self.batches.iter().map(|batch| batch.payments).sum();
        write!(
            f,
            "{} batches of {payments} payments: {matched} matched, {pending} pending, {} to look at",
            self.batches.len(),
            self.attention().count()
        )?;
        for batch in self.attention().take(SHOWN) {
            write!(f, "\n{batch}")?;
        }
        let more = self.attention().count().saturating_sub(SHOWN);
        if more > 0 {
            write!(f, "\nand {more} more")?;
        }
        for line in self.unclear.iter().take(SHOWN) {
            write!(
                f,
                "\nunclear reference: line {} of statement {}, {} on {}",
                line.line, line.statement, line.amount, line.date
            )?;
        }
        let more = self.unclear.len().saturating_sub(SHOWN);
        if more > 0 {
            write!(f, "\nand {more} more")?;
        }
        if self.refused > 0 {
            write!(f, "\n{} payments or settlements were refused", self.refused)?;
        }
        Ok(())
    }
}

impl fmt::Display for Batch {
    /// Writes one line: `STL-2026-05-21-FX-04812 mismatched: …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.reference, self.status)?;
        match &self.expected {
            Some(expected) => write!(f, "expected {expected}")?,
            None => f.write_str("nothing expected")?,
        }
        match &self.received {
            Some(received) => write!(f, ", received {received} in {} lines", self.line_count)?,
            None => f.write_str(", nothing received")?,
        }
        if let (Some(difference), Some(_)) = (&self.difference, &self.received) {
            write!(f, ", difference {difference}")?;
        }
        match &self.settlement_net {
            Some(net) if self.status == BatchStatus::Incomplete => {
                write!(f, "; the settlement's net is {net}")
            }
            _ => Ok(()),
        }
    }
}

fn as_text<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(date)
}
