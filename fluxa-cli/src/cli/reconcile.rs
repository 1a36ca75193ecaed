//! What `fluxa reconcile` takes.

use std::path::PathBuf;

use clap::Args;

use super::values::when;
use crate::when::When;

/// `fluxa reconcile`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  fluxa reconcile may.csv --since 2026-05-01 --covered-until 2026-05-31
  fluxa reconcile may.csv --since 30d --credit 'Paid in' --debit 'Paid out' --description Details
  fluxa reconcile may.csv --since 30d --output json | jq .batches

A batch of a day before --since is told as such, and is nothing to look at.

Exit codes: 0 everything matches · 6 something to look at · 1 a statement that cannot be read
  2 usage, or no such column · 3 the key, or it may not · 4 refused by the API · 5 network or 5xx")]
pub(crate) struct ReconcileArguments {
    /// Bank statements, CSV.
    #[arg(required = true, value_name = "STATEMENT")]
    pub(crate) statements: Vec<PathBuf>,
    /// What settled from this day on (UTC): `30d` ago, a date, or a time with its zone.
    #[arg(long, value_name = "WHEN", value_parser = when, allow_hyphen_values = true)]
    pub(crate) since: When,
    /// The last day that the statements cover: what settled later and did not come is pending. Without
    /// it, all that did not come is missing.
    #[arg(long, value_name = "DATE")]
    pub(crate) covered_until: Option<jiff::civil::Date>,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

/// The shape of the statements. A column is its heading, or its number from 1.
#[derive(Debug, Args)]
#[command(next_help_heading = "Shape of the statements")]
pub(crate) struct FormatArguments {
    /// Column of the date [default: date].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) date: Option<String>,
    /// How dates are written.
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = DateOrderArgument::Dmy)]
    pub(crate) date_order: DateOrderArgument,
    /// Columns that may hold the reference; repeat it for more. Without it, they are looked for.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) description: Vec<String>,
    /// Column of signed amounts. Without any of these, they are looked for.
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["credit", "debit"])]
    pub(crate) amount: Option<String>,
    /// Column of what came in.
    #[arg(long, value_name = "COLUMN", requires = "debit")]
    pub(crate) credit: Option<String>,
    /// Column of what went out.
    #[arg(long, value_name = "COLUMN", requires = "credit")]
    pub(crate) debit: Option<String>,
    /// Column of the currency.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) currency_column: Option<String>,
    /// Lines above the header.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) skip_lines: u64,
    /// The statements have no header: columns are numbers.
    #[arg(long)]
    pub(crate) no_header: bool,
    /// What stands between the columns.
    #[arg(long, value_name = "CHARACTER", default_value = ",")]
    pub(crate) delimiter: char,
}

/// How the days of a statement are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DateOrderArgument {
    /// 21/05/2026
    Dmy,
    /// 2026-05-21
    Ymd,
    /// 05/21/2026
    Mdy,
}
