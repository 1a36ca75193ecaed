//! Bank statements against payments: what was settled, what came, and what differs.
//!
//! Funds go from the payment partner to your bank directly; there is no report of Fluxa's between.
//! Each settled payment has a `settlement_reference`, and the bank's line of the batch carries the
//! same: the sum of the payments' `net` should be the line's amount.
//!
//! ```
//! use fluxa_sdk::reconciliation::{Reconciliation, StatementFormat};
//! use fluxa_sdk::Money;
//!
//! let mut reconciliation = Reconciliation::new();
//! // From your own table, filled by `payment.settled` webhooks; see `payments` for the API's list.
//! reconciliation.entry("pay_5f8b2c1e2a4b4d8c", "STL-2026-05-21-FX-04812", Money::gbp(4900))?;
//! reconciliation.entry("pay_00000000000000a1", "STL-2026-05-21-FX-04812", Money::gbp(418_845))?;
//!
//! let csv = "Date,Description,Amount\n\
//!            21/05/2026,STL-2026-05-21-FX-04812 BACS CR,\"4,237.45 CR\"\n";
//! reconciliation.statement(csv.as_bytes(), &StatementFormat::new())?;
//!
//! let report = reconciliation.report();
//! assert!(report.is_clean(), "{report}");
//! # Ok::<(), fluxa_sdk::reconciliation::ReconciliationError>(())
//! ```
//!
//! # Which payments
//!
//! List by the time of settlement, **not** by the state `SETTLED`: a payment that was refunded
//! after it settled is `REFUNDED` now, yet its money is in the batch.
//!
//! ```no_run
//! # use fluxa_sdk::{Client, Timestamp, reconciliation::Reconciliation};
//! # async fn example(since: Timestamp) -> Result<(), fluxa_sdk::reconciliation::ReconciliationError> {
//! let fluxa = Client::from_env()?;
//! let mut reconciliation = Reconciliation::new();
//! let mut settled = fluxa.payments().list().settled_at(since..).limit(100).stream();
//! reconciliation.payments(&mut settled).await?;
//! let mut settlements = fluxa.settlements().list().settled_at(since..).limit(100).stream();
//! while let Some(settlement) = settlements.next().await {
//!     reconciliation.settlement(&settlement?)?; // optional: finds payments that are missing here
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - `net` is fixed at capture; a later refund does not change it. What a refund takes from the
//!   bank account shows as [`BatchStatus::Returned`] when it comes as a debit under the batch's
//!   reference, and as [`BatchStatus::Mismatched`] when it was deducted from the credit.
//! - A dispute that was lost is deducted from a later batch, which its payments cannot tell: give the
//!   settlements too, whose `deductions` say how much, or that batch is [`BatchStatus::Mismatched`].
//! - Payments that failed, or were refunded before they settled, are in no batch and are left out.
//! - Begin a few days before the statement, so that the first lines find their payments. A credit
//!   that comes days after `settled_at` is no fault; [`Reconciliation::covered_until`] keeps
//!   the last batches from being reported as missing.
//!
//! # Memory
//!
//! Payments come from any source, in any order, and are summed as they come: what is kept is one
//! entry a batch, and eight bytes a payment to count it once however often it comes. A
//! million payments in ten thousand batches make a process of about 40 MB.
//!
//! # Statements
//!
//! CSV of the shape that [`StatementFormat`] says. For MT940, CAMT.053 or a bank's API, read it with
//! a library of your choice and give each entry to [`Reconciliation::line`].

mod amount;
mod batch;
mod error;
mod format;
mod lines;
mod reference;
mod report;
mod statement;

use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;

use futures_core::Stream;
/// A day of the calendar, of the crate `jiff`: `"2026-05-21".parse()`.
pub use jiff::civil::Date;

pub use self::error::{ReconciliationError, RefusedError, StatementError};
pub use self::format::{Column, DateOrder, StatementFormat};
pub use self::reference::SettlementReference;
pub use self::report::{BankLine, Batch, BatchStatus, Report};

use self::batch::Tally;
use self::reference::Found;
use self::statement::{Row, Statement};
use crate::contract;
use crate::error::Error;
use crate::id::IntoId;
use crate::money::{Currency, Money};
use crate::types::{Payment, PaymentId, PaymentState, Settlement, SettlementStatus};

/// The hexadecimal digits of an id, which fit in eight bytes.
const ID_DIGITS: usize = 16;

/// What came of giving a payment or a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counted {
    /// It was counted.
    Yes,
    /// It was counted before, under the same id.
    Before,
    /// It has not settled, and is left out.
    NotSettled,
}

/// Payments and bank statements, brought together by settlement reference.
///
/// Give both in any order, then ask for the [`Report`]; more may be given after that.
#[derive(Debug, Default)]
pub struct Reconciliation {
    tallies: HashMap<SettlementReference, Tally>,
    seen: Seen,
    unclear: Vec<BankLine>,
    covered_until: Option<Date>,
    statements: u32,
    single_lines: u64,
    other_lines: u64,
    unsettled: u64,
    repeated: u64,
    refused: u64,
}

impl Reconciliation {
    /// Returns a reconciliation of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that the statements end with this day: batches settled later, for which nothing came
    /// yet, are [`BatchStatus::Pending`] and not missing. Default: none are.
    ///
    /// BACS credits arrive after the date of settlement; give a day or two before the last of the
    /// statement.
    pub fn covered_until(&mut self, date: Date) -> &mut Self {
        self.covered_until = Some(date);
        self
    }

    /// Counts a payment by its `settlement_reference` and `net`, once however often it comes.
    ///
    /// # Errors
    /// [`ReconciliationError::Refused`] when it settled but has no `net`, or a reference of another
    /// form, or the sum does not fit. It is not counted.
    pub fn payment(&mut self, payment: &Payment) -> Result<Counted, ReconciliationError> {
        let reference = match &payment.settlement_reference {
            Some(reference) if payment.state != PaymentState::Failed => reference,
            _ => {
                self.unsettled += 1;
                return Ok(Counted::NotSettled);
            }
        };
        let id = payment.id.as_str();
        let Some(net) = payment.net else {
            return Err(self.refuse(id, "it has settled, but has no net"));
        };
        self.count(Some(id), id, reference, &payment.currency, net)
    }

    /// Counts every payment of a stream, such as `fluxa.payments().list().stream()`.
    ///
    /// After [`ReconciliationError::Refused`] call again with the same stream to go on. After
    /// [`ReconciliationError::Payments`] list again, from the error's cursor or from the beginning:
    /// what was counted is not counted twice.
    ///
    /// # Errors
    /// The stream's first error, or the first payment that [`Reconciliation::payment`] refuses.
    pub async fn payments<S>(&mut self, stream: &mut S) -> Result<(), ReconciliationError>
    where
        S: Stream<Item = Result<Payment, Error>> + Unpin,
    {
        while let Some(payment) = poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
        {
            self.payment(&payment?)?;
        }
        Ok(())
    }

    /// Counts a payment that is kept elsewhere, once however often it comes.
    ///
    /// # Errors
    /// [`ReconciliationError::Refused`] when the id or the reference has another form, or the sum
    /// does not fit.
    pub fn entry(
        &mut self,
        payment: impl IntoId<PaymentId>,
        reference: &str,
        net: Money,
    ) -> Result<Counted, ReconciliationError> {
        let Ok(payment) = payment.into_id() else {
            return Err(self.refuse(reference, "the id beside it is not a payment's"));
        };
        let id = payment.as_str();
        self.count(Some(id), id, reference, &net.currency, net.amount_minor)
    }

    /// Adds an amount to what is expected of a batch, such as a sum that a database made.
    ///
    /// Nothing keeps it from being added twice: for single payments prefer
    /// [`Reconciliation::entry`].
    ///
    /// # Errors
    /// [`ReconciliationError::Refused`] when the reference has another form, or the sum does not
    /// fit.
    pub fn add(&mut self, reference: &str, net: Money) -> Result<(), ReconciliationError> {
        self.count(None, reference, reference, &net.currency, net.amount_minor)
            .map(drop)
    }

    /// Takes a settlement's own net, to tell payments that are missing here from money that is
    /// missing at the bank.
    ///
    /// Without payments its net is what is expected; with them their sum less its `deductions`. One
    /// that is still open is left out.
    ///
    /// # Errors
    /// [`ReconciliationError::Refused`] when its reference has another form.
    pub fn settlement(&mut self, settlement: &Settlement) -> Result<Counted, ReconciliationError> {
        if settlement.status == SettlementStatus::Open {
            return Ok(Counted::NotSettled);
        }
        let reference = self.reference(settlement.id.as_str(), &settlement.reference)?;
        let tally = self.tallies.entry(reference).or_default();
        let deducted = settlement.deductions.unwrap_or(0);
        tally.declare(&settlement.currency, settlement.net, deducted);
        Ok(Counted::Yes)
    }

    /// Reads a statement in CSV, whole or not at all.
    ///
    /// Lines without a settlement's reference are counted and otherwise left alone. One with a
    /// reference must have as many fields as the header; the last ones may be left out when they are
    /// not needed. No record may go over several lines, unless the format accepts it. The same
    /// statement read twice makes every credit come twice, and is reported so.
    ///
    /// Pass `&mut reader` to keep the reader. Reading blocks; in async code give it a file's bytes
    /// or use a blocking task.
    ///
    /// # Errors
    /// [`ReconciliationError::Statement`] with the number of the line that could not be read;
    /// [`ReconciliationError::Read`]; [`ReconciliationError::Refused`] when a sum does not fit.
    /// Nothing of the statement was taken.
    pub fn statement<R: Read>(
        &mut self,
        reader: R,
        format: &StatementFormat,
    ) -> Result<(), ReconciliationError> {
        let number = self.statements.saturating_add(1);
        let mut statement = Statement::new(reader, format, number);
        let (mut lines, mut unclear, mut others) = (Vec::new(), Vec::new(), 0);
        let mut sums: HashMap<(SettlementReference, Currency), i64> = HashMap::new();
        while let Some(row) = statement.next()? {
            match row {
                Row::Settlement(reference, line) => {
                    self.check_sum(&mut sums, reference, &line.amount)?;
                    lines.push((reference, line));
                }
                Row::Unclear(line) => unclear.push(line),
                Row::Other => others += 1,
            }
        }
        for (reference, line) in lines {
            self.tallies.entry(reference).or_default().add_line(line);
        }
        self.unclear.append(&mut unclear);
        self.other_lines += others;
        self.statements = number;
        Ok(())
    }

    /// Takes one entry of a statement that was read elsewhere: the bank's date, the text that has
    /// the reference, and the amount, negative for a debit.
    ///
    /// # Errors
    /// [`ReconciliationError::Refused`] when a sum does not fit.
    pub fn line(
        &mut self,
        date: Date,
        text: &str,
        amount: Money,
    ) -> Result<(), ReconciliationError> {
        let found = SettlementReference::find(text);
        if let Found::One(reference) = found {
            self.check_sum(&mut HashMap::new(), reference, &amount)?;
        }
        self.single_lines += 1;
        let line = BankLine {
            statement: 0,
            line: self.single_lines,
            date,
            amount,
        };
        match found {
            Found::One(reference) => self.tallies.entry(reference).or_default().add_line(line),
            Found::Unclear => self.unclear.push(line),
            Found::Nothing => self.other_lines += 1,
        }
        Ok(())
    }

    /// Returns the verdict on everything given so far.
    #[must_use]
    pub fn report(&self) -> Report {
        let mut batches: Vec<Batch> = self
            .tallies
            .iter()
            .flat_map(|(reference, tally)| tally.judge(*reference, self.covered_until))
            .collect();
        batches.sort_by_key(|batch| batch.reference);
        Report {
            batches,
            unclear: self.unclear.clone(),
            statements: self.statements,
            other_lines: self.other_lines,
            unsettled_payments: self.unsettled,
            repeated_payments: self.repeated,
            refused: self.refused,
        }
    }

    fn count(
        &mut self,
        id: Option<&str>,
        what: &str,
        reference: &str,
        currency: &Currency,
        net: i64,
    ) -> Result<Counted, ReconciliationError> {
        let reference = self.reference(what, reference)?;
        if id.is_some_and(|id| self.seen.contains(id)) {
            self.repeated += 1;
            return Ok(Counted::Before);
        }
        let tally = self.tallies.entry(reference).or_default();
        if !tally.add_payment(currency, net) {
            self.refused += 1;
            return Err(ReconciliationError::overflow(reference));
        }
        id.into_iter().for_each(|id| self.seen.insert(id));
        Ok(Counted::Yes)
    }

    fn reference(
        &mut self,
        what: &str,
        text: &str,
    ) -> Result<SettlementReference, ReconciliationError> {
        SettlementReference::parse(text).map_err(|_| {
            self.refuse(
                what,
                "its settlement reference is not of the form STL-YYYY-MM-DD-FX-NNNNN",
            )
        })
    }

    fn refuse(&mut self, what: &str, reason: &'static str) -> ReconciliationError {
        self.refused += 1;
        ReconciliationError::refused(what, reason)
    }

    /// Checks that what comes in under a reference can still be summed.
    fn check_sum(
        &self,
        sums: &mut HashMap<(SettlementReference, Currency), i64>,
        reference: SettlementReference,
        amount: &Money,
    ) -> Result<(), ReconciliationError> {
        let before = || {
            let tally = self.tallies.get(&reference);
            tally.map_or(0, |tally| tally.received(&amount.currency))
        };
        let sum = sums
            .entry((reference, amount.currency.clone()))
            .or_insert_with(before);
        *sum = sum
            .checked_add(amount.amount_minor)
            .ok_or_else(|| ReconciliationError::overflow(reference))?;
        Ok(())
    }
}

/// The ids that were counted: eight bytes for one of the contract's form, the text for any other.
#[derive(Debug, Default)]
struct Seen {
    short: HashSet<u64>,
    other: HashSet<Box<str>>,
}

impl Seen {
    fn contains(&self, id: &str) -> bool {
        match short(id) {
            Some(number) => self.short.contains(&number),
            None => self.other.contains(id),
        }
    }

    fn insert(&mut self, id: &str) {
        match short(id) {
            Some(number) => self.short.insert(number),
            None => self.other.insert(id.into()),
        };
    }
}

/// Returns an id's sixteen lower-case hexadecimal digits as a number.
fn short(id: &str) -> Option<u64> {
    let digits = id.strip_prefix(contract::prefix::PAYMENT)?;
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digits.len() == ID_DIGITS && digits.bytes().all(hex))
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}
