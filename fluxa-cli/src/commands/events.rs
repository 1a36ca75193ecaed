//! `fluxa events`: what happened, and sending it again.

use fluxa_sdk::types::ResendEvent;
use fluxa_sdk::{Client, contract};
use serde_json::Value;

use super::{Context, check_id};
use crate::cli::EventsCommand;
use crate::connection;
use crate::error::{CliError, Result};
use crate::suggest;
use crate::ui::{Line, Table, Tone};

pub(crate) async fn run(context: &Context, command: EventsCommand) -> Result<()> {
    if let EventsCommand::List {
        event_type: Some(event_type),
        ..
    } = &command
    {
        check_event_type(event_type)?;
    }
    let client = connection::client(&context.settings)?;
    let done = match command {
        EventsCommand::List {
            event_type,
            limit,
            after,
        } => list(context, &client, event_type, limit, after).await,
        EventsCommand::Get { id } => get(context, &client, &id).await,
        EventsCommand::Resend { id, endpoint } => resend(context, &client, &id, &endpoint).await,
    };
    done.map_err(connection::with_reach_hint(&context.settings))
}

/// Events are read as the JSON they are: what prints them must not drop what it does not know.
async fn list(
    context: &Context,
    client: &Client,
    event_type: Option<String>,
    limit: u32,
    after: Option<String>,
) -> Result<()> {
    let mut call = client.raw("GET", "/events").query("limit", limit);
    if let Some(event_type) = &event_type {
        call = call.query("type", event_type);
    }
    if let Some(after) = after {
        call = call.query("after", after);
    }
    let page = call.await?.into_inner();
    let events = page["data"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if context.ui.is_json() {
        return events.iter().try_for_each(|event| context.ui.json(event));
    }
    if events.is_empty() {
        context.ui.note(&Line::new().dim("no events"));
        return Ok(());
    }
    let mut table = Table::new(["ID", "TYPE", "OBJECT", "STATE", "CREATED"]);
    for event in events {
        let text = |pointer| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        table.row([
            (Tone::Plain, text("/id")),
            (Tone::Bold, text("/type")),
            (Tone::Plain, text("/data/object/id")),
            (Tone::Accent, text("/data/state")),
            (Tone::Dim, text("/created_at")),
        ]);
    }
    context.ui.lines(&table.lines())?;
    if let (Some(true), Some(next)) = (page["has_more"].as_bool(), page["next_cursor"].as_str()) {
        let limit = limit.to_string();
        let mut words = vec!["events", "list"];
        if let Some(event_type) = &event_type {
            words.extend(["--type", event_type]);
        }
        words.extend(["--limit", &limit, "--after", next]);
        let again = context.settings.suggested(&words);
        context.ui.note(&Line::new().dim(format!("more: {again}")));
    }
    Ok(())
}

async fn get(context: &Context, client: &Client, id: &str) -> Result<()> {
    check_id(id, contract::prefix::EVENT, "event id")?;
    let event = client
        .raw("GET", &format!("/events/{id}"))
        .await?
        .into_inner();
    if context.ui.is_json() {
        return context.ui.json(&event);
    }
    let pretty = serde_json::to_string_pretty(&event)
        .map_err(|error| CliError::failure(format!("cannot write JSON: {error}")))?;
    pretty
        .lines()
        .try_for_each(|line| context.ui.line(&Line::new().text(line)))
}

async fn resend(context: &Context, client: &Client, id: &str, endpoint: &str) -> Result<()> {
    context.confirm_live_write(
        &format!("send {id} to {endpoint} again"),
        &["events", "resend", id, "--endpoint", endpoint],
    )?;
    let delivery = client
        .events()
        .resend(id, ResendEvent::new(endpoint))
        .await?
        .into_inner();
    if context.ui.is_json() {
        return context.ui.json(&delivery);
    }
    let answered = match delivery.response_status {
        Some(status) => status.to_string(),
        None => delivery.status.to_string(),
    };
    context.ui.line(
        &Line::new()
            .bold(&delivery.id)
            .text(format!("  {} → {}  ", delivery.event, delivery.endpoint))
            .push(Tone::Accent, answered),
    )
}

/// Refuses a type that does not exist, of which the list would be empty for ever.
fn check_event_type(event_type: &str) -> Result<()> {
    match suggest::event_types().contains(&event_type) {
        true => Ok(()),
        false => {
            let fault = format!("there is no event type `{event_type}`");
            Err(suggest::unknown_event_type(event_type, fault))
        }
    }
}
