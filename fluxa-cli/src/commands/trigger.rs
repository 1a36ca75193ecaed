//! `fluxa trigger`: events on demand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use fluxa_sdk::contract::prefix;
use fluxa_sdk::types::PaymentState;
use futures_util::StreamExt;
use serde_json::{Map, Value, json};

use super::Context;
use crate::cli::{RunArguments, TriggerArguments};
use crate::connection;
use crate::env;
use crate::error::{CliError, Kind, Result};
use crate::signals::interrupted;
use crate::trigger::fixture::{self, Fixture};
use crate::trigger::{self, Change, Made, Missed, PATIENCE, Trouble, Why, registry};
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
    let unfinished = RefCell::new(BTreeMap::new());
    let mut runs = futures_util::stream::iter(0..count)
        .map(|number| {
            let made = Rc::new(Made::default());
            unfinished.borrow_mut().insert(number, Rc::clone(&made));
            let (client, fixture) = (&client, &fixture);
            async move {
                let outcome = trigger::run(client, fixture, patience, &made).await;
                (number, made, outcome)
            }
        })
        .buffer_unordered(usize::from(arguments.concurrency));
    let all = async {
        while let Some((number, made, outcome)) = runs.next().await {
            match outcome {
                Ok(event) => {
                    // Before it is told: it was made, whether anyone reads of it or not.
                    done.made += 1;
                    if event.is_none() && done.later.is_none() {
                        done.later = moved(&made);
                    }
                    show(context, name, &fixture, event.as_deref(), &made)?;
                    unfinished.borrow_mut().remove(&number);
                }
                Err(trouble) => {
                    let error = connection::with_reach_hint(&context.settings)(match trouble {
                        Trouble::Failed(error) => error,
                        Trouble::Missed(missed) => told(context, &missed, arguments),
                    });
                    // Whoever may not do it once may not do it at all.
                    let ends_it = count == 1 || error.kind == Kind::Auth;
                    if ends_it {
                        return Err(error);
                    }
                    done.failed.get_or_insert(error.kind);
                    done.failures += 1;
                    failed(context, name, &error, &made)?;
                    unfinished.borrow_mut().remove(&number);
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
    let left: Vec<Rc<Made>> = unfinished.take().into_values().collect();
    ended.map_err(|error| with_made(context, error, &left))?;
    match done.failed {
        None => {
            if arguments.wait.is_none() {
                on_its_way(context, &fixture, arguments, done.later.as_deref());
            }
            Ok(())
        }
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
    /// Id of the first object whose event comes later.
    later: Option<String>,
}

/// Names what was made in runs that were not told of.
fn with_made(context: &Context, error: CliError, left: &[Rc<Made>]) -> CliError {
    let objects: Vec<_> = left.iter().flat_map(|made| made.objects()).collect();
    let made = made_so_far(&objects);
    if error.kind == Kind::Interrupted {
        // Nothing is said of an interrupt itself.
        let look = context.settings.suggested(&["logs", "tail", "--no-follow"]);
        let under_way =
            format!("a request that was under way may have been carried out: `{look}` shows it");
        let said = made.into_iter().chain([under_way]).collect::<Vec<_>>();
        context.ui.warn(&said.join("; "));
        return error;
    }
    let Some(made) = made.filter(|_| error.kind != Kind::BrokenPipe) else {
        return error;
    };
    let hint = match &error.hint {
        Some(hint) => format!("{hint}; {made}"),
        None => made,
    };
    error.hint(hint)
}

fn made_so_far(objects: &[(String, String)]) -> Option<String> {
    /// As many as are of use to people.
    const NAMED: usize = 12;
    let named = objects.iter().take(NAMED);
    let mut names: Vec<String> = named.map(|(name, id)| format!("{name} {id}")).collect();
    if objects.len() > NAMED {
        names.push(format!("and {} more", objects.len() - NAMED));
    }
    (!names.is_empty()).then(|| format!("made so far: {}", names.join(", ")))
}

/// Returns the object that moves: the payment, where one was made.
fn moved(made: &Made) -> Option<String> {
    let ids: Vec<String> = made.objects().into_iter().map(|(_, id)| id).collect();
    let payment = ids.iter().rfind(|id| id.starts_with(prefix::PAYMENT));
    payment.or(ids.last()).cloned()
}

/// Says why an event did not come, and what to do.
fn told(context: &Context, missed: &Missed, arguments: &RunArguments) -> CliError {
    let error = CliError::from(Trouble::Missed(missed.clone()));
    let (event, about) = (&missed.event, missed.about.as_str());
    let look = match about.starts_with(prefix::PAYMENT) {
        true => context.settings.suggested(&["payments", "history", about]),
        false => context.settings.suggested(&["logs", "tail", "--no-follow"]),
    };
    error.hint(
        match (missed.why, by_hand(context, event, about, arguments)) {
            (Why::Over, _) => format!("`{look}` shows how it came to that"),
            (Why::Late(_), Some(command)) => format!("move it on: `{command}`"),
            (Why::Late(waited), None) => {
                let longer = (waited * 6).max(Duration::from_secs(60)).as_secs();
                format!("--wait {longer} waits longer; `{look}` shows how far it is")
            }
        },
    )
}

/// Returns the command that brings an event about by hand, when its pace is that.
fn by_hand(context: &Context, event: &str, id: &str, arguments: &RunArguments) -> Option<String> {
    let state = event.strip_prefix("payment.")?.to_uppercase();
    let is_by_hand = arguments.timing.as_deref() == Some(trigger::BY_HAND);
    // A refund is made, not moved to.
    let leads_there =
        PaymentState::KNOWN.contains(&state.as_str()) && state != PaymentState::Refunded.as_str();
    (is_by_hand && leads_there && id.starts_with(prefix::PAYMENT)).then(|| {
        let words = ["sandbox", "advance-payment", id, "--to", &state];
        context.settings.suggested(&words)
    })
}

/// Says how an event comes that was not waited for.
fn on_its_way(context: &Context, fixture: &Fixture, arguments: &RunArguments, id: Option<&str>) {
    let (Some(event), Some(id)) = (&fixture.event, id) else {
        return;
    };
    let how = match by_hand(context, event, id, arguments) {
        Some(command) => format!("move it on: {command}"),
        None => {
            let words = ["sandbox", "advance-clock", "--seconds", "60"];
            let command = context.settings.suggested(&words);
            format!("--wait waits for it; {command} brings it sooner")
        }
    };
    context.ui.note(&Line::new().dim(how));
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

/// Names and ids, as JSON.
fn objects(made: &Made) -> Value {
    let objects = made.objects().into_iter();
    objects
        .map(|(name, id)| (name, json!(id)))
        .collect::<Map<_, _>>()
        .into()
}

fn show(
    context: &Context,
    name: &str,
    fixture: &Fixture,
    event: Option<&str>,
    made: &Made,
) -> Result<()> {
    if context.ui.is_json() {
        return context.ui.json(&json!({
            "type": "triggered",
            "event_type": fixture.event,
            "event": event,
            "objects": objects(made),
        }));
    }
    let mut line = Line::new().bold(name).text("  ");
    line = match (event, &fixture.event) {
        (Some(id), _) => line.push(Tone::Good, id),
        (None, Some(_)) => line.push(Tone::Warn, "on its way"),
        (None, None) => line.push(Tone::Good, "done"),
    };
    for (name, id) in made.objects() {
        line = line.dim(format!("  {name} ")).text(id);
    }
    context.ui.line(&line)
}

fn failed(context: &Context, name: &str, error: &CliError, made: &Made) -> Result<()> {
    if context.ui.is_json() {
        let mut line = error.to_json();
        line["type"] = json!("failed");
        line["objects"] = objects(made);
        return context.ui.json(&line);
    }
    let made = made_so_far(&made.objects()).map_or_else(String::new, |made| format!("; {made}"));
    context.ui.warn(&format!("{name}: {error}{made}"));
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
