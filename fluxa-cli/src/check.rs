//! `check`: scenarios that a file declares, run against a sandbox, for CI.
//!
//! plan (the file, read) → stage (one scenario, with its sandbox and server) → steps → outcome;
//! `report` and `junit` alone know how an outcome looks.

mod condition;
mod expect;
pub(crate) mod junit;
mod known;
mod log;
pub(crate) mod outcome;
mod plan;
pub(crate) mod report;
mod sandbox;
mod server;
mod stage;
mod step;
mod steps;
mod table;

use std::path::{Path, PathBuf};

use futures_util::stream::{self, StreamExt};
use tokio::sync::watch;

use crate::config::Settings;
use crate::error::Result;
use outcome::Outcome;
use plan::Powers;
pub(crate) use plan::{Plan, Scenario};

/// How scenarios are run.
pub(crate) struct Manner<'a> {
    /// The sandbox of the settings is used; otherwise each scenario has its own.
    pub(crate) settings: Option<&'a Settings>,
    pub(crate) seed: Option<u64>,
    /// So many at once.
    pub(crate) jobs: usize,
    pub(crate) fail_fast: bool,
}

/// Reads files of scenarios.
///
/// # Errors
/// For each file that cannot be read, or is not as docs/check.md says, what is wrong with it.
pub(crate) fn read(
    files: &[PathBuf],
    settings_sandbox: bool,
) -> Result<Vec<Plan>, Vec<(PathBuf, crate::error::CliError)>> {
    let powers = match settings_sandbox {
        true => Powers::Api,
        false => Powers::All,
    };
    let (mut plans, mut wrong) = (Vec::new(), Vec::new());
    for file in files {
        match plan::read(Path::new(file), powers) {
            Ok(plan) => plans.push(plan),
            Err(error) => wrong.push((file.clone(), error)),
        }
    }
    match wrong.is_empty() {
        true => Ok(plans),
        false => Err(wrong),
    }
}

/// Runs scenarios side by side, and tells what came of each in their order. All of them are told of,
/// whatever happens: once `stop` is true, or one has failed and that is to end it, the others are
/// ended and cleaned up behind, or not begun.
pub(crate) async fn run<'p>(
    scenarios: &[(&'p Plan, &'p Scenario)],
    manner: &Manner<'_>,
    stop: &watch::Sender<bool>,
    mut tell: impl FnMut(&'p Plan, &'p Scenario, Outcome) -> Result<()>,
) -> Result<()> {
    let manners = stage::Manners {
        settings: manner.settings,
        seed: manner.seed,
        http: stage::http_client()?,
        stop: stop.subscribe(),
    };
    let manners = &manners;
    let running = stream::iter(scenarios.iter().copied()).map(|(plan, scenario)| async move {
        // Not in the match: its lock would be held for as long as the scenario runs.
        let is_over = *manners.stop.borrow();
        let outcome = match is_over {
            true => Outcome::skipped(),
            false => stage::run(plan, scenario, manners).await,
        };
        if manner.fail_fast && outcome.failure().is_some() {
            stop.send_replace(true);
        }
        (plan, scenario, outcome)
    });
    let mut running = std::pin::pin!(running.buffered(manner.jobs.max(1)));
    let mut told = Ok(());
    while let Some((plan, scenario, outcome)) = running.next().await {
        if told.is_ok() {
            told = tell(plan, scenario, outcome);
            if told.is_err() {
                // Nobody reads any more: end what runs, and clean up behind it.
                stop.send_replace(true);
            }
        }
    }
    told
}
