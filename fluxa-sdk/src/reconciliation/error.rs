//! What can go wrong while reconciling: never what the figures say, that is the report's.

use std::fmt;

use super::reference::SettlementReference;
use crate::error::Error;

/// Why a payment or a statement could not be taken.
///
/// What failed was not taken in part: correct it and give it again.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReconciliationError {
    /// A line of a statement could not be read. Nothing of that statement was taken.
    Statement(StatementError),
    /// The statement could not be read from where it is. Nothing of it was taken.
    Read(std::io::Error),
    /// A payment, settlement or line cannot be counted; the report counts it as refused.
    Refused(RefusedError),
    /// The stream of payments failed; the error has the cursor to go on from.
    Payments(Error),
}

/// A line of a statement that could not be read.
#[derive(Debug)]
pub struct StatementError {
    statement: u32,
    line: u64,
    reason: String,
    columns: bool,
}

impl StatementError {
    /// Returns which statement it was, counted from 1 in the order they were given.
    pub fn statement(&self) -> u32 {
        self.statement
    }

    /// Returns the number of the line in the file, from 1; 0 for the file as a whole.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns whether the format names columns that the statement does not have: the format is at
    /// fault, and not the statement.
    pub fn is_about_columns(&self) -> bool {
        self.columns
    }

    /// Returns what is wrong with it, without repeating its text.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Something that cannot be counted.
#[derive(Debug)]
pub struct RefusedError {
    what: String,
    reason: &'static str,
}

impl RefusedError {
    /// Returns what was refused: the id of a payment or settlement, or a reference.
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl ReconciliationError {
    pub(super) fn statement(statement: u32, line: u64, reason: String) -> Self {
        Self::Statement(StatementError {
            statement,
            line,
            reason,
            columns: false,
        })
    }

    /// Says that what failed is finding the columns.
    pub(super) fn about_columns(mut self) -> Self {
        if let Self::Statement(error) = &mut self {
            error.columns = true;
        }
        self
    }

    pub(super) fn refused(what: impl Into<String>, reason: &'static str) -> Self {
        Self::Refused(RefusedError {
            what: what.into(),
            reason,
        })
    }

    pub(super) fn overflow(reference: SettlementReference) -> Self {
        Self::refused(reference.to_string(), "its sum does not fit in 64 bits")
    }
}

impl fmt::Display for ReconciliationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(error) if error.line == 0 => f.write_str(&error.reason),
            Self::Statement(error) => {
                write!(f, "line {} of the statement: {}", error.line, error.reason)
            }
            Self::Read(_) => f.write_str("the statement could not be read"),
            Self::Refused(error) => write!(f, "{} was not counted: {}", error.what, error.reason),
            Self::Payments(_) => {
                f.write_str("the payments could not all be listed; go on from the error's cursor")
            }
        }
    }
}

impl std::error::Error for ReconciliationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            Self::Payments(error) => Some(error),
            Self::Statement(_) | Self::Refused(_) => None,
        }
    }
}

impl From<Error> for ReconciliationError {
    fn from(error: Error) -> Self {
        Self::Payments(error)
    }
}
