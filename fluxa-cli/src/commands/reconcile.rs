//! `fluxa reconcile`: bank statements against what settled, by the SDK's reconciliation.

use std::fs::File;

use fluxa_sdk::reconciliation::{
    BatchStatus, Column, DateOrder, Reconciliation, ReconciliationError, Report, StatementFormat,
};

use super::Context;
use crate::cli::{DateOrderArgument, FormatArguments, ReconcileArguments};
use crate::connection;
use crate::error::{CliError, Result};
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
        reconciliation.statement(file, &format).map_err(|error| {
            let cause = std::error::Error::source(&error);
            let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
            CliError::failure(format!("{}: {error}{cause}", path.display()))
                .hint("`fluxa reconcile --help` shows how to name the columns")
        })?;
    }
    let client = connection::client(&context.settings)?;
    let since = fluxa_sdk::Timestamp::from(arguments.since.moment(&client).await?);
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
    let report = reconciliation.report();
    show(context, &report)?;
    match report.is_clean() {
        true => Ok(()),
        false => Err(CliError::unmet("there is something to look at")),
    }
}

fn of(error: ReconciliationError) -> CliError {
    match error {
        ReconciliationError::Payments(error) => error.into(),
        other => CliError::failure(other.to_string()),
    }
}

fn show(context: &Context, report: &Report) -> Result<()> {
    if context.ui.is_json() {
        return context.ui.json(report);
    }
    let mut table = Table::new([
        "REFERENCE",
        "STATUS",
        "EXPECTED",
        "RECEIVED",
        "DIFFERENCE",
        "PAYMENTS",
    ]);
    let money =
        |money: Option<&fluxa_sdk::Money>| money.map_or_else(String::new, ToString::to_string);
    for batch in &report.batches {
        let tone = match batch.status {
            BatchStatus::Matched => Tone::Good,
            BatchStatus::Pending => Tone::Dim,
            _ => Tone::Bad,
        };
        table.row([
            (Tone::Bold, batch.reference.to_string()),
            (tone, batch.status.to_string()),
            (Tone::Plain, money(batch.expected.as_ref())),
            (Tone::Plain, money(batch.received.as_ref())),
            (tone, money(batch.difference.as_ref())),
            (Tone::Plain, batch.payments.to_string()),
        ]);
    }
    if !report.batches.is_empty() {
        context.ui.lines(&table.lines())?;
    }
    for line in &report.unclear {
        let unclear = format!(
            "line {} of statement {}: {} on {}, reference unclear",
            line.line, line.statement, line.amount, line.date
        );
        context.ui.line(&Line::new().push(Tone::Warn, unclear))?;
    }
    let summary = report.to_string();
    let summary = summary.lines().next().unwrap_or_default();
    context.ui.note(&Line::new().bold(summary));
    Ok(())
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
