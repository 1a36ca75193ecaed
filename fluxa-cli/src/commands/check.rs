//! `fluxa check`: scenarios for CI.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;
use tokio::sync::watch;

use super::Context;
use crate::check::junit::{self, Case, Suite};
use crate::check::outcome::{Outcome, Verdict, gravest};
use crate::check::report::{Report, Tally};
use crate::check::{self, Manner, Plan, Scenario};
use crate::cli::{CheckArguments, WhichSandbox};
use crate::error::{CliError, Kind, Result};
use crate::listen::filter::matches;
use crate::listen::millis;
use crate::listen::report::plural;
use crate::signals::interrupted;
use crate::ui::Line;

pub(crate) async fn run(context: &Context, arguments: CheckArguments) -> Result<()> {
    let in_settings = arguments.sandbox == WhichSandbox::Settings;
    if in_settings {
        refuse(context, &arguments)?;
    }
    let plans = match check::read(&arguments.files, in_settings) {
        Ok(plans) => plans,
        Err(wrong) => return Err(unreadable(context, &arguments, wrong)),
    };
    let scenarios = chosen(&plans, &arguments.filter)?;
    let mut report = Report::new(&context.ui, &scenarios);
    if arguments.list {
        let mut all = scenarios.iter();
        return all.try_for_each(|(plan, scenario)| report.list(plan, scenario));
    }
    // Nothing has run yet: that is what a run which is killed leaves.
    let mut suites = suites(&scenarios);
    let file = match &arguments.junit {
        Some(path) => Some(junit::Report::begin(path, &suites)?),
        None => None,
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let manner = Manner {
        settings: in_settings.then_some(&context.settings),
        seed: arguments.seed,
        jobs: match (arguments.jobs, in_settings) {
            (Some(jobs), _) => usize::from(jobs),
            (None, true) => 1,
            (None, false) => processors,
        },
        fail_fast: arguments.fail_fast,
    };
    let (started, mut tally) = (Instant::now(), Tally::default());
    let (mut kinds, mut cases) = (Vec::new(), Vec::new());
    let stop = watch::Sender::new(false);
    if scenarios.len() > 1 {
        context.ui.progress(scenarios.len() as u64);
    }
    let mut was_interrupted = false;
    let all = check::run(&scenarios, &manner, &stop, |plan, scenario, outcome| {
        tally.count(&outcome);
        kinds.extend(outcome.failure().map(|failure| failure.kind));
        context.ui.step();
        let shown = report.show(plan, scenario, &outcome);
        cases.push(outcome);
        shown
    });
    let told = {
        let mut all = std::pin::pin!(all);
        tokio::select! {
            told = &mut all => told,
            _ = interrupted() => {
                was_interrupted = true;
                // Each is ended and cleaned up behind, and told of.
                stop.send_replace(true);
                all.await
            }
        }
    };
    context.ui.stop_bar();
    let duration = started.elapsed();
    if let Some(file) = file {
        fill_in(&mut suites, cases, was_interrupted);
        file.write(&suites)?;
    }
    let gravest = gravest(kinds);
    match told {
        // Nobody reads on: what has failed until then decides all the same.
        Err(error) if error.kind != Kind::BrokenPipe || gravest.is_none() => return Err(error),
        Err(_) => return Err(failed(gravest, tally.told(duration))),
        Ok(()) => {}
    }
    if context.ui.is_json() {
        context.ui.json(&json!({
            "type": "summary",
            "scenarios": tally.all(),
            "passed": tally.passed,
            "failed": tally.failed,
            "skipped": tally.skipped,
            "duration_ms": millis(duration),
        }))?;
    }
    let told = tally.told(duration);
    if was_interrupted {
        context.ui.note(&Line::new().bold(told));
        return Err(CliError::interrupted());
    }
    match gravest {
        Some(_) => Err(failed(gravest, told)),
        None if context.ui.is_json() => Ok(()),
        None => context.ui.line(&Line::new().bold(told)),
    }
}

fn failed(gravest: Option<Kind>, told: String) -> CliError {
    CliError {
        kind: gravest.unwrap_or(Kind::Unmet),
        ..CliError::failure(told)
    }
}

/// Refuses what cannot be in a sandbox that is not ours.
fn refuse(context: &Context, arguments: &CheckArguments) -> Result<()> {
    if context.settings.is_live() {
        let error = CliError::failure("scenarios run in a sandbox, and the key is a live one");
        return Err(CliError {
            kind: Kind::Auth,
            ..error
        }
        .hint("use a test key (`sk_test_…`), or leave --sandbox settings out"));
    }
    if arguments.jobs.is_some_and(|jobs| jobs > 1) {
        return Err(CliError::usage(
            "--jobs: scenarios in the sandbox of the settings share it, so they run one by one",
        )
        .hint("leave --jobs or --sandbox settings out"));
    }
    if arguments.seed.is_some() {
        return Err(CliError::usage("--seed is for sandboxes of one's own")
            .hint("leave --seed or --sandbox settings out"));
    }
    Ok(())
}

/// Returns the scenarios that were asked for.
fn chosen<'p>(plans: &'p [Plan], filters: &[String]) -> Result<Vec<(&'p Plan, &'p Scenario)>> {
    let is_chosen = |name: &str| {
        filters.is_empty()
            || filters.iter().any(|filter| match filter.contains('*') {
                true => matches(filter, name),
                false => name.contains(filter.as_str()),
            })
    };
    let all = plans
        .iter()
        .flat_map(|plan| plan.scenarios.iter().map(move |scenario| (plan, scenario)));
    let chosen: Vec<_> = all
        .filter(|(_, scenario)| is_chosen(&scenario.name))
        .collect();
    match chosen.is_empty() {
        true => {
            let all: usize = plans.iter().map(|plan| plan.scenarios.len()).sum();
            Err(CliError::usage(format!(
                "--filter: of {} none is called `{}`",
                plural(all as u64, "scenario"),
                filters.join("`, `")
            ))
            .hint("`--list` shows their names"))
        }
        false => Ok(chosen),
    }
}

/// Tells what is wrong with files, each on its own; also in the report that was asked for.
fn unreadable(
    context: &Context,
    arguments: &CheckArguments,
    wrong: Vec<(PathBuf, CliError)>,
) -> CliError {
    let suites: Vec<Suite> = wrong
        .iter()
        .map(|(file, error)| Suite {
            file: file.display().to_string(),
            cases: vec![Case {
                name: "the file".to_owned(),
                outcome: Err(CliError {
                    kind: error.kind,
                    ..CliError::failure(error.message.clone())
                }),
            }],
        })
        .collect();
    if let Some(path) = &arguments.junit
        && !arguments.list
        && let Err(error) = junit::Report::begin(path, &suites)
    {
        context.ui.warn(&error.message);
    }
    let mut errors: Vec<CliError> = wrong.into_iter().map(|(_, error)| error).collect();
    let last = errors.pop();
    for error in errors {
        context.ui.error(&error);
    }
    last.unwrap_or_else(|| CliError::usage("no file"))
}

/// What a report says of a scenario that did not run to its end, and not because one failed before:
/// nobody knows whether it holds, so that the report may not pass for a good one.
fn unfinished() -> CliError {
    CliError {
        kind: Kind::Interrupted,
        ..CliError::failure("the run was ended before this scenario was")
    }
}

/// Returns the suites of scenarios that have not run.
fn suites(scenarios: &[(&Plan, &Scenario)]) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    for (plan, scenario) in scenarios {
        let case = Case {
            name: scenario.name.clone(),
            outcome: Err(unfinished()),
        };
        match suites.last_mut() {
            Some(suite) if suite.file == plan.file => suite.cases.push(case),
            _ => suites.push(Suite {
                file: plan.file.clone(),
                cases: vec![case],
            }),
        }
    }
    suites
}

/// Fills in what came of them, in their order. What is not known of is left as unfinished, as is what
/// an interrupt cut off.
fn fill_in(suites: &mut [Suite], outcomes: Vec<Outcome>, was_interrupted: bool) {
    let cases = suites.iter_mut().flat_map(|suite| &mut suite.cases);
    for (case, outcome) in cases.zip(outcomes) {
        let is_cut_off = was_interrupted && matches!(outcome.verdict, Verdict::Skipped);
        if !is_cut_off {
            case.outcome = Ok(outcome);
        }
    }
}
