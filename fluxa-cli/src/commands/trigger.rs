//! `fluxa trigger`: events on demand.

use std::io::Write;

use futures_util::StreamExt;
use serde_json::{Map, json};

use super::Context;
use crate::cli::{RunArguments, TriggerArguments};
use crate::connection;
use crate::env;
use crate::error::{CliError, Kind, Result};
use crate::signals::interrupted;
use crate::trigger::fixture::{self, Fixture};
use crate::trigger::{self, Change, PATIENCE, Triggered, registry};
use crate::ui::{Line, Table, Tone};

pub(crate) async fn run(context: &Context, arguments: TriggerArguments) -> Result<()> {
    if arguments.list {
        return list(context);
    }
    let event = arguments.event.ok_or_else(|| {
        CliError::usage("which event?").hint("`fluxa trigger --list` shows what there is")
    })?;
    let fixture = registry::find(&event)?;
    perform(context, &event, fixture, &arguments.run).await
}

/// Runs a fixture as often as asked, changed as asked. `name` is what it is called in what is said.
pub(super) async fn perform(
    context: &Context,
    name: &str,
    mut fixture: Fixture,
    arguments: &RunArguments,
) -> Result<()> {
    let changes = changes(arguments)?;
    trigger::prepare(&mut fixture, &changes, arguments.timing.as_deref())?;
    if arguments.show {
        return show_fixture(context, &fixture);
    }
    refuse_live(context)?;
    if arguments.edit {
        fixture = edited(context, &fixture)?;
    }
    let client = connection::client(&context.settings)?;
    // With a pace of the caller's own the event may be meant to come later.
    let patience = arguments
        .wait
        .or(arguments.timing.is_none().then_some(PATIENCE));
    let count = arguments.count;
    if count > 1 {
        context.ui.progress(u64::from(count));
    }
    let mut done = Done::default();
    let mut runs = futures_util::stream::iter(0..count)
        .map(|_| trigger::run(&client, &fixture, patience))
        .buffer_unordered(usize::from(arguments.concurrency));
    let all = async {
        while let Some(outcome) = runs.next().await {
            match outcome {
                Ok(triggered) => {
                    show(context, name, &fixture, &triggered)?;
                    done.made += 1;
                }
                Err(error) => {
                    let error = connection::with_reach_hint(&context.settings)(error);
                    // Whoever may not do it once may not do it at all.
                    let ends_it = count == 1 || error.kind == Kind::Auth;
                    if ends_it {
                        return Err(error);
                    }
                    failed(context, name, &error)?;
                    done.failed.get_or_insert(error.kind);
                    done.failures += 1;
                }
            }
            context.ui.step();
        }
        Ok(())
    };
    let ended = tokio::select! {
        ended = all => ended,
        _ = interrupted() => Err(CliError::interrupted()),
    };
    context.ui.stop_bar();
    if count > 1 && (ended.is_err() || done.failures > 0) {
        let made = format!("{} of {count} made", done.made);
        context.ui.note(&Line::new().bold(made));
    }
    ended?;
    match done.failed {
        None => Ok(()),
        Some(kind) => Err(CliError {
            kind,
            ..CliError::failure(format!("{} of {count} failed", done.failures))
        }),
    }
}

/// What came of many runs.
#[derive(Default)]
struct Done {
    made: u32,
    failures: u32,
    /// The kind of the first failure, which decides the exit code.
    failed: Option<Kind>,
}

fn changes(arguments: &RunArguments) -> Result<Vec<Change>> {
    let overrides = arguments.overrides.iter().map(|text| Change::replace(text));
    let added = arguments.add.iter().map(|text| Change::add(text));
    let removed = arguments.remove.iter().map(|text| Change::remove(text));
    overrides.chain(added).chain(removed).collect()
}

/// Events are made in the sandbox alone. The API would refuse it, but in the middle of the steps.
fn refuse_live(context: &Context) -> Result<()> {
    match context.settings.is_live() {
        true => Err(CliError {
            kind: Kind::Auth,
            ..CliError::failure("events are made in the sandbox, and the key is a live one")
        }
        .hint("use a test key (`sk_test_…`), or `fluxa mock` with --mock")),
        false => Ok(()),
    }
}

fn show_fixture(context: &Context, fixture: &Fixture) -> Result<()> {
    if context.ui.is_json() {
        return context.ui.json(fixture);
    }
    let text = fixture.to_json()?;
    text.lines()
        .try_for_each(|line| context.ui.line(&Line::new().text(line)))
}

/// Lets the user change the fixture. What was typed is kept in a file when it is no fixture.
fn edited(context: &Context, fixture: &Fixture) -> Result<Fixture> {
    if !context.ui.can_ask() {
        return Err(CliError::usage("--edit needs a terminal")
            .hint("use --show, change the file, and run it with `fluxa fixtures run`"));
    }
    let editor = env::editor().unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let program = words
        .next()
        .ok_or_else(|| CliError::usage("EDITOR is empty"))?;
    let mut file = tempfile::Builder::new()
        .prefix("fluxa-")
        .suffix(".json")
        .tempfile()?;
    file.write_all(fixture.to_json()?.as_bytes())?;
    file.write_all(b"\n")?;
    let status = std::process::Command::new(program)
        .args(words)
        .arg(file.path())
        .status()
        .map_err(|error| {
            CliError::failure(format!("cannot start `{program}`: {error}"))
                .hint("set EDITOR to an editor that waits until you are done")
        })?;
    if !status.success() {
        return Err(CliError::failure(format!(
            "`{program}` ended with {status}: nothing was sent"
        )));
    }
    match fixture::read(file.path()) {
        Ok(edited) => Ok(edited),
        Err(error) => {
            let (_, path) = file.keep().map_err(|error| CliError::from(error.error))?;
            let run = format!("fluxa fixtures run {}", path.display());
            Err(error.hint(format!("mend it and run it: `{run}`")))
        }
    }
}

fn show(context: &Context, name: &str, fixture: &Fixture, triggered: &Triggered) -> Result<()> {
    if context.ui.is_json() {
        let objects: Map<String, _> = triggered
            .objects
            .iter()
            .map(|(name, id)| (name.clone(), json!(id)))
            .collect();
        return context.ui.json(&json!({
            "type": "triggered",
            "event_type": fixture.event,
            "event": triggered.event,
            "objects": objects,
        }));
    }
    let mut line = Line::new().bold(name).text("  ");
    line = match (&triggered.event, &fixture.event) {
        (Some(id), _) => line.push(Tone::Good, id),
        (None, Some(_)) => line.push(Tone::Warn, "on its way"),
        (None, None) => line.push(Tone::Good, "done"),
    };
    for (name, id) in &triggered.objects {
        line = line.dim(format!("  {name} ")).text(id);
    }
    context.ui.line(&line)
}

fn failed(context: &Context, name: &str, error: &CliError) -> Result<()> {
    if context.ui.is_json() {
        let mut line = error.to_json();
        line["type"] = json!("failed");
        return context.ui.json(&line);
    }
    context.ui.warn(&format!("{name}: {error}"));
    Ok(())
}

/// Prints every event, by what it is about.
pub(super) fn list(context: &Context) -> Result<()> {
    let entries = registry::list()?;
    if context.ui.is_json() {
        return entries.iter().try_for_each(|entry| {
            context
                .ui
                .json(&json!({ "event": entry.event, "summary": entry.summary }))
        });
    }
    let mut table = Table::new(["EVENT", "WHAT HAPPENS"]);
    for entry in entries {
        table.row([
            (Tone::Bold, entry.event.to_owned()),
            (Tone::Plain, entry.summary),
        ]);
    }
    context.ui.lines(&table.lines())
}
