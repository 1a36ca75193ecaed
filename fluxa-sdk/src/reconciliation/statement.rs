//! Lines of a bank's CSV, read one at a time.
//!
//! Owns which lines are Fluxa's and what they say. Keeps of a line its number, date and amount:
//! the text around a reference names people, and is dropped.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::amount::{self, Sign};
use super::error::ReconciliationError;
use super::format::{AmountColumns, Columns, StatementFormat};
use super::lines::{Lines, READ_AHEAD_BYTES, TooLong};
use super::reference::{Found, SettlementReference};
use super::report::BankLine;
use crate::money::{Currency, Money};

/// What one line of a statement is.
#[derive(Clone, Debug)]
pub(super) enum Row {
    /// Money under a settlement's reference.
    Settlement(SettlementReference, BankLine),
    /// Money under something that was meant as a reference and cannot be read, or under several.
    Unclear(BankLine),
    /// Anything else: other people's money, balances, totals.
    Other,
}

/// Reads a statement, row by row.
pub(super) struct Statement<R> {
    reader: csv::Reader<Lines<R>>,
    record: ByteRecord,
    format: StatementFormat,
    columns: Option<Columns>,
    /// How many fields the header has, or without one the first line.
    fields: Option<usize>,
    /// Which statement this is, from 1.
    number: u32,
}

impl<R: Read> Statement<R> {
    pub(super) fn new(inner: R, format: &StatementFormat, number: u32) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(format.delimiter)
            .buffer_capacity(READ_AHEAD_BYTES)
            .from_reader(Lines::new(inner, format.skip_lines));
        Self {
            reader,
            record: ByteRecord::new(),
            format: format.clone(),
            columns: None,
            fields: None,
            number,
        }
    }

    /// Returns the next row, or `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Row>, ReconciliationError> {
        let columns = match self.columns.take() {
            Some(columns) => columns,
            None => self.find_columns()?,
        };
        let row = match self.read()? {
            Some(line) => Some(
                self.row(&columns, line)
                    .map_err(|reason| self.fault(line, reason))?,
            ),
            None => None,
        };
        self.columns = Some(columns);
        Ok(row)
    }

    fn find_columns(&mut self) -> Result<Columns, ReconciliationError> {
        if !self.format.has_header {
            let columns = self.format.columns(None);
            return columns.map_err(|reason| self.fault(0, reason).about_columns());
        }
        let Some(line) = self.read()? else {
            return Err(self.fault(0, "the statement is empty"));
        };
        if self.record.iter().any(|field| field.contains(&0)) {
            let reason = "the header has zero bytes, so this is UTF-16 or no text; save it as CSV \
                          in UTF-8";
            return Err(self.fault(line, reason));
        }
        self.fields = Some(self.record.len());
        let header: Vec<String> = self.record.iter().map(decode).collect();
        let columns = self.format.columns(Some(&header));
        columns.map_err(|reason| self.fault(line, reason).about_columns())
    }

    /// Reads the next record and returns the number of its first line, from 1.
    fn read(&mut self) -> Result<Option<u64>, ReconciliationError> {
        self.reader.get_mut().allow_a_record();
        let next_line = self.line_reached();
        let more = match self.reader.read_byte_record(&mut self.record) {
            Ok(more) => more,
            Err(error) => return Err(self.read_fault(next_line, error)),
        };
        if !more {
            return Ok(None);
        }
        // Each line end is one byte by now, and the last line has one too.
        let bytes = self.record.as_slice();
        let inside = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let end = self.line_reached();
        // A quote that is never closed takes the rest of the file, its last line end included.
        if bytes.last() == Some(&b'\n') && self.reader.get_ref().ended_in_quotes() {
            let reason = "a quoted field that starts here is never closed, and took the lines \
                          after it; look for a stray quote";
            return Err(self.fault(end.saturating_sub(inside), reason));
        }
        let line = end.saturating_sub(1 + inside);
        // A pair of stray quotes makes one line of many, and would hide the credits in between.
        if inside > 0 && !self.format.line_breaks {
            let reason = "a quoted field that starts here goes on in the next line; look for a \
                          stray quote, or let the format have quoted line breaks";
            return Err(self.fault(line, reason));
        }
        Ok(Some(line))
    }

    fn line_reached(&self) -> u64 {
        let read = self.reader.position().line();
        read.saturating_add(self.format.skip_lines)
    }

    fn read_fault(&self, line: u64, error: csv::Error) -> ReconciliationError {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => {
                let too_long = error.get_ref().is_some_and(|fault| fault.is::<TooLong>());
                match too_long {
                    true => self.fault(
                        line,
                        "this line is longer than any of a bank statement; check the delimiter, \
                         the quotes and that this is a CSV file",
                    ),
                    false => ReconciliationError::Read(error),
                }
            }
            _ => self.fault(line, "this line is not CSV"),
        }
    }

    fn fault(&self, line: u64, reason: impl Into<String>) -> ReconciliationError {
        ReconciliationError::statement(self.number, line, reason.into())
    }

    fn row(&mut self, columns: &Columns, line: u64) -> Result<Row, String> {
        let count = self.record.len();
        let expected = *self.fields.get_or_insert(count);
        self.check_fields(count, expected, columns)?;
        let mut found = Found::Nothing;
        for position in &columns.description {
            let here = SettlementReference::find(&self.field(*position));
            found = match (found, here) {
                (_, Found::Nothing) => found,
                (Found::Nothing, here) => here,
                (Found::One(a), Found::One(b)) if a == b => found,
                _ => Found::Unclear,
            };
        }
        if found == Found::Nothing {
            return Ok(Row::Other);
        }
        let date = amount::date(&self.field(columns.date), self.format.date_order)?;
        let line = BankLine {
            statement: self.number,
            line,
            date,
            amount: self.money(columns)?,
        };
        Ok(match found {
            Found::One(reference) => Row::Settlement(reference, line),
            _ => Row::Unclear(line),
        })
    }

    /// Refuses a line with a reference whose fields may have shifted: an amount like `4,237.45`
    /// without quotes is two of them, and would be read as 4.
    fn check_fields(&self, count: usize, expected: usize, columns: &Columns) -> Result<(), String> {
        if count == expected {
            return Ok(());
        }
        let has_enough = count < expected && self.format.has_header && count >= columns.needed();
        let described = |position: usize| columns.description.contains(&position);
        // Anywhere, for what shifted may have taken the reference along.
        let stray = (0..count)
            .filter(|position| !(has_enough && described(*position)))
            .any(|position| SettlementReference::find(&self.field(position)) != Found::Nothing);
        if !stray {
            return Ok(());
        }
        let first = match self.format.has_header {
            true => "header",
            false => "first line",
        };
        Err(format!(
            "this line has {count} fields and the {first} {expected}; look for a comma that is \
             not in quotes, or for what is cut off"
        ))
    }

    /// Returns the amount of the record, debits negative.
    fn money(&self, columns: &Columns) -> Result<Money, String> {
        let currency = match columns.currency.map(|position| self.field(position)) {
            Some(code) if !code.trim().is_empty() => Currency::parse(code.trim())
                .map_err(|_| "the currency is not three letters of ISO 4217".to_owned())?,
            _ => self.format.currency.clone(),
        };
        let read = |position: usize| amount::amount(&self.field(position), &currency);
        let minor = match columns.amount {
            AmountColumns::Signed(position) => match read(position)? {
                (Sign::Debit, minor) => -minor,
                (_, minor) => minor,
            },
            AmountColumns::Directed(position, direction) => {
                let (sign, minor) = read(position)?;
                let direction = self.field(direction).trim().to_ascii_uppercase();
                let said = match direction.as_str() {
                    "C" | "CR" | "CREDIT" => Sign::Credit,
                    "D" | "DR" | "DEBIT" => Sign::Debit,
                    _ => return Err("the direction is neither CR nor DR".to_owned()),
                };
                match (said, sign) {
                    (Sign::Credit, Sign::Unsaid | Sign::Credit) => minor,
                    (Sign::Debit, Sign::Unsaid | Sign::Debit) => -minor,
                    _ => return Err("the amount's sign and its direction disagree".to_owned()),
                }
            }
            AmountColumns::Split { credit, debit } => {
                let side = |position: usize, wrong: Sign| -> Result<i64, String> {
                    if self.field(position).trim().is_empty() {
                        return Ok(0);
                    }
                    match read(position)? {
                        (sign, minor) if sign != wrong || minor == 0 => Ok(minor),
                        _ => Err("an amount's sign and its column disagree".to_owned()),
                    }
                };
                let (credit, debit) = (side(credit, Sign::Debit)?, side(debit, Sign::Credit)?);
                match (credit, debit) {
                    (0, 0) => return Err("there is no amount on either side".to_owned()),
                    (credit, 0) => credit,
                    (0, debit) => -debit,
                    _ => return Err("there is an amount on both sides".to_owned()),
                }
            }
        };
        Ok(Money::new(minor, currency))
    }

    /// Returns a field as text, empty when the line is too short to have it.
    fn field(&self, position: usize) -> String {
        self.record.get(position).map(decode).unwrap_or_default()
    }
}

/// Reads UTF-8, or else Latin-1, in which older exports write the pound sign. References, amounts
/// and dates are ASCII in both, so nothing that counts can be misread.
fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
