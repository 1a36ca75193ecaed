//! `fluxa trigger`: events on demand.

use serde_json::{Map, json};

use super::Context;
use crate::cli::TriggerArguments;
use crate::connection;
use crate::error::{CliError, Result};
use crate::trigger::{self, Override, Triggered, registry};
use crate::ui::{Line, Table, Tone};

pub(crate) async fn run(context: &Context, arguments: TriggerArguments) -> Result<()> {
    if arguments.list {
        return list(context);
    }
    let event = arguments.event.ok_or_else(|| {
        CliError::usage("which event?").hint("`fluxa trigger --list` shows what can be triggered")
    })?;
    let mut fixture = registry::find(&event)?;
    let overrides: Vec<Override> = arguments
        .overrides
        .iter()
        .map(|text| Override::parse(text))
        .collect::<Result<_>>()?;
    trigger::prepare(&mut fixture, &overrides, arguments.timing.as_deref())?;
    let client = connection::client(&context.settings)?;
    let reach = connection::with_reach_hint(&context.settings);
    // With a pace of the caller's own the event may be meant to come later.
    let wait = arguments.timing.is_none();
    if arguments.count > 1 {
        context.ui.progress(u64::from(arguments.count));
    }
    for _ in 0..arguments.count {
        let triggered = trigger::run(&client, &event, &fixture, wait).await;
        match triggered {
            Ok(triggered) => show(context, &event, &triggered)?,
            Err(error) => {
                context.ui.stop_bar();
                return Err(reach(error));
            }
        }
        context.ui.step();
    }
    context.ui.stop_bar();
    Ok(())
}

fn show(context: &Context, event: &str, triggered: &Triggered) -> Result<()> {
    if context.ui.is_json() {
        let objects: Map<String, _> = triggered
            .objects
            .iter()
            .map(|(name, id)| (name.clone(), json!(id)))
            .collect();
        return context.ui.json(&json!({
            "type": "triggered",
            "event_type": event,
            "event": triggered.event,
            "objects": objects,
        }));
    }
    let mut line = Line::new().bold(event).text("  ");
    line = match &triggered.event {
        Some(id) => line.push(Tone::Good, id),
        None => line.push(Tone::Warn, "on its way"),
    };
    for (name, id) in &triggered.objects {
        line = line.dim(format!("  {name} ")).text(id);
    }
    context.ui.line(&line)
}

fn list(context: &Context) -> Result<()> {
    let entries = registry::list()?;
    if context.ui.is_json() {
        return entries.iter().try_for_each(|entry| {
            context.ui.json(&match &entry.availability {
                Ok(summary) => {
                    json!({ "event": entry.event, "available": true, "summary": summary })
                }
                Err(reason) => {
                    json!({ "event": entry.event, "available": false, "reason": reason })
                }
            })
        });
    }
    let mut table = Table::new(["EVENT", "", "WHAT HAPPENS"]);
    for entry in entries {
        let (mark, tone, text) = match entry.availability {
            Ok(summary) => ("✓", Tone::Good, summary),
            Err(reason) => ("–", Tone::Dim, reason),
        };
        let name_tone = if mark == "✓" { Tone::Bold } else { Tone::Dim };
        let text_tone = if mark == "✓" {
            Tone::Plain
        } else {
            Tone::Dim
        };
        table.row([
            (name_tone, entry.event.to_owned()),
            (tone, mark.to_owned()),
            (text_tone, text),
        ]);
    }
    context.ui.lines(&table.lines())
}
