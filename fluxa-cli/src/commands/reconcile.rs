//! `fluxa reconcile`: bank statements against what settled, by the SDK's reconciliation.

use std::fs::File;

use fluxa_sdk::Money;
use fluxa_sdk::reconciliation::{
    BankLine, Batch, BatchStatus, Column, DateOrder, Reconciliation, ReconciliationError, Report,
    StatementFormat,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::Context;
use super::resources::signed;
use crate::cli::{DateOrderArgument, FormatArguments, ReconcileArguments};
use crate::connection;
use crate::error::{CliError, Result};
use crate::listen::report::plural;
use crate::ui::{Line, Table, Tone};

pub(crate) async fn run(context: &Context, arguments: ReconcileArguments) -> Result<()> {
    let format = format(&arguments.format)?;
    let mut reconciliation = Reconciliation::new();
    if let Some(date) = arguments.covered_until {
        reconciliation.covered_until(date);
    }
    // The files first: what is wrong with them is known without a network.
    for path in &arguments.statements {
        let file = File::open(path).map_err(|error| CliError::file("read", path, &error))?;
        let read = reconciliation.statement(file, &format);
        read.map_err(|error| unreadable(error).context(path.display()))?;
    }
    let client = connection::client(&context.settings)?;
    // Batches are of a day: half of one would be a sum of which half is missing.
    let first_day = arguments.since.moment(&client).await?;
    let first_day = first_day.to_zoned(TimeZone::UTC).date();
    let since = first_day.to_zoned(TimeZone::UTC);
    let since = since.map_err(|error| CliError::usage(format!("--since: {error}")))?;
    let since = fluxa_sdk::Timestamp::from(since.timestamp());
    let reach = connection::with_reach_hint(&context.settings);
    context.ui.spinner("reading what settled");
    let limit = fluxa_sdk::contract::LIST_LIMIT_MAX;
    // By the time of settlement and not by state: what was refunded since is in its batch.
    let settled = client.payments().list().settled_at(since..);
    reconciliation
        .payments(&mut settled.limit(limit).stream())
        .await
        .map_err(|error| reach(of(error)))?;
    let settlements = client.settlements().list().settled_at(since..);
    let mut settlements = settlements.limit(limit).stream();
    while let Some(settlement) = settlements.next().await {
        let settlement = settlement.map_err(|error| reach(error.into()))?;
        // The report counts it as refused: one that is odd must not hide the others.
        if let Err(refused) = reconciliation.settlement(&settlement) {
            context.ui.warn(&refused.to_string());
        }
    }
    context.ui.stop_bar();
    let findings = Findings {
        report: reconciliation.report(),
        first_day,
    };
    findings.show(context)?;
    match findings.to_look_at() {
        0 => Ok(()),
        _ => Err(CliError::unmet("there is something to look at")),
    }
}

/// Says what is wrong with a statement: with it, or with what was said of its columns.
fn unreadable(error: ReconciliationError) -> CliError {
    let cause = std::error::Error::source(&error);
    let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
    let message = format!("{error}{cause}");
    match &error {
        ReconciliationError::Statement(fault) if fault.is_about_columns() => {
            CliError::usage(message).hint(
                "name them: --date, --description, --amount, or --credit and --debit; --skip-lines \
                 for lines above the header",
            )
        }
        _ => CliError::failure(message)
            .hint("`fluxa reconcile --help` shows how to say what the file is like"),
    }
}

fn of(error: ReconciliationError) -> CliError {
    match error {
        ReconciliationError::Payments(error) => error.into(),
        other => CliError::failure(other.to_string()),
    }
}

/// A report, and from which day on it has what was expected.
struct Findings {
    report: Report,
    first_day: Date,
}

/// What is said of a batch whose payments were not asked for.
const BEFORE: &str = "before_since";

impl Findings {
    /// Whether the bank's money is for a batch of an earlier day, of which nothing is known here.
    fn is_before(&self, batch: &Batch) -> bool {
        batch.status == BatchStatus::Unexpected && batch.reference.date() < self.first_day
    }

    fn unclear(&self) -> impl Iterator<Item = &BankLine> {
        // The bank's date is never before the batch's.
        let lines = self.report.unclear.iter();
        lines.filter(|line| line.date >= self.first_day)
    }

    /// How many things somebody has to look at.
    fn to_look_at(&self) -> usize {
        let batches = self.report.attention();
        let batches = batches.filter(|batch| !self.is_before(batch)).count();
        batches + self.unclear().count() + usize::from(self.report.refused > 0)
    }

    fn show(&self, context: &Context) -> Result<()> {
        if context.ui.is_json() {
            return context.ui.json(&self.to_json()?);
        }
        let mut table = Table::new([
            "REFERENCE",
            "STATUS",
            "EXPECTED",
            "RECEIVED",
            "DIFFERENCE",
            "PAYMENTS",
        ]);
        let money = |money: Option<&Money>| money.map_or_else(String::new, signed);
        for batch in &self.report.batches {
            let (tone, status) = match batch.status {
                BatchStatus::Matched => (Tone::Good, batch.status.as_str()),
                BatchStatus::Pending => (Tone::Dim, batch.status.as_str()),
                _ if self.is_before(batch) => (Tone::Dim, "before --since"),
                _ => (Tone::Bad, batch.status.as_str()),
            };
            table.row([
                (Tone::Bold, batch.reference.to_string()),
                (tone, status.to_owned()),
                (Tone::Plain, money(batch.expected.as_ref())),
                (Tone::Plain, money(batch.received.as_ref())),
                (tone, money(batch.difference.as_ref())),
                (Tone::Plain, batch.payments.to_string()),
            ]);
        }
        if !self.report.batches.is_empty() {
            context.ui.lines(&table.lines())?;
        }
        for line in self.unclear() {
            let unclear = format!(
                "line {} of statement {}: {} on {}, reference unclear",
                line.line,
                line.statement,
                signed(&line.amount),
                line.date
            );
            context.ui.line(&Line::new().push(Tone::Warn, unclear))?;
        }
        context.ui.note(&Line::new().bold(self.in_numbers()));
        Ok(())
    }

    fn in_numbers(&self) -> String {
        let batches = &self.report.batches;
        let count = |status| self.report.with_status(status).count();
        let payments: u64 = batches.iter().map(|batch| batch.payments).sum();
        let before = batches.iter().filter(|batch| self.is_before(batch)).count();
        let before = match before {
            0 => String::new(),
            some => format!("{some} before --since, "),
        };
        format!(
            "{} of {}: {} matched, {} pending, {before}{} to look at",
            match batches.len() {
                1 => "1 batch".to_owned(),
                number => format!("{number} batches"),
            },
            plural(payments, "payment"),
            count(BatchStatus::Matched),
            count(BatchStatus::Pending),
            self.to_look_at()
        )
    }

    /// The SDK's report, with what was not asked for told apart.
    fn to_json(&self) -> Result<Value> {
        let failed = |error| CliError::failure(format!("cannot write JSON: {error}"));
        let mut report = serde_json::to_value(&self.report).map_err(failed)?;
        for (at, batch) in self.report.batches.iter().enumerate() {
            if self.is_before(batch) {
                report["batches"][at]["status"] = json!(BEFORE);
            }
        }
        Ok(report)
    }
}

fn format(arguments: &FormatArguments) -> Result<StatementFormat> {
    let mut format = StatementFormat::new()
        .date_order(match arguments.date_order {
            DateOrderArgument::Dmy => DateOrder::DayMonthYear,
            DateOrderArgument::Ymd => DateOrder::YearMonthDay,
            DateOrderArgument::Mdy => DateOrder::MonthDayYear,
        })
        .skip_lines(arguments.skip_lines);
    let delimiter = u8::try_from(arguments.delimiter)
        .map_err(|_| CliError::usage("--delimiter takes one plain character, such as `;`"))?;
    format = format.delimiter(delimiter);
    if arguments.no_header {
        format = format.without_header();
    }
    if let Some(date) = &arguments.date {
        format = format.date(column(date)?);
    }
    if !arguments.description.is_empty() {
        let columns: Vec<Column> = arguments
            .description
            .iter()
            .map(|name| column(name))
            .collect::<Result<_>>()?;
        format = format.description(columns);
    }
    if let Some(amount) = &arguments.amount {
        format = format.amount(column(amount)?);
    }
    if let (Some(credit), Some(debit)) = (&arguments.credit, &arguments.debit) {
        format = format.credit_and_debit(column(credit)?, column(debit)?);
    }
    if let Some(currency) = &arguments.currency_column {
        format = format.currency_column(column(currency)?);
    }
    Ok(format)
}

/// Reads a column: a number from 1, or its heading.
fn column(text: &str) -> Result<Column> {
    match text.parse::<usize>() {
        Ok(0) => Err(CliError::usage("columns are counted from 1")),
        Ok(number) => Ok(Column::At(number - 1)),
        Err(_) => Ok(Column::Named(text.to_owned())),
    }
}
