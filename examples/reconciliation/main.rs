//! Sets a bank statement against the payments that settled: what came, what is missing, what
//! differs.
//!
//! `reconciliation statement.csv 2026-05-18T00:00:00Z 2026-05-22` reads the statement, lists what
//! settled since then, and reports batches that settled until that day as missing when nothing
//! came. The report goes to stdout as JSON, a summary to stderr. Exit code 0: nothing to look at;
//! 1: something to look at; 2: it could not be done.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program shows what it did"
)]

use std::error::Error;
use std::fs::File;
use std::process::ExitCode;

use fluxa_sdk::reconciliation::{Reconciliation, Report, StatementFormat};
use fluxa_sdk::{Client, Timestamp};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(report) => {
            eprintln!("{report}");
            ExitCode::from(u8::from(!report.is_clean()))
        }
        Err(error) => {
            eprintln!("{error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because {cause}");
                source = cause.source();
            }
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<Report, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: reconciliation <statement.csv> <since> [<covered until>]";
    let (Some(path), Some(since)) = (arguments.next(), arguments.next()) else {
        return Err(usage.into());
    };
    let since: Timestamp = since.parse()?;

    let mut reconciliation = Reconciliation::new();
    if let Some(date) = arguments.next() {
        reconciliation.covered_until(date.parse()?);
    }
    // Say here which columns your bank uses.
    let format = StatementFormat::new();
    reconciliation.statement(File::open(path)?, &format)?;

    let fluxa = Client::from_env()?;
    // By the time of settlement and not by state: what was refunded since is in its batch all the
    // same.
    let settled = fluxa.payments().list().settled_at(since..).limit(100);
    reconciliation.payments(&mut settled.stream()).await?;
    // The settlements' own sums tell payments that are missing in the list from missing money.
    let settlements = fluxa.settlements().list().settled_at(since..).limit(100);
    let mut settlements = settlements.stream();
    while let Some(settlement) = settlements.next().await {
        reconciliation.settlement(&settlement?)?;
    }

    let report = reconciliation.report();
    println!("{}", serde_json::to_string(&report)?);
    Ok(report)
}
