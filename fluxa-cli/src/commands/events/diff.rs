//! `fluxa events diff`: what became of an object between two events, or since one.

use fluxa_sdk::{Client, contract};
use serde_json::Value;

use super::{Context, check_id};
use crate::connection;
use crate::error::{CliError, Result};
use crate::generated::RESOURCES;
use crate::json_diff::{Change, Difference, differences};
use crate::ui::{Line, Tone};

pub(super) async fn run(context: &Context, event: &str, later: Option<&str>) -> Result<()> {
    for id in std::iter::once(event).chain(later) {
        check_id(id, contract::prefix::EVENT, "event id")?;
    }
    let client = connection::client(&context.settings)?;
    let before = object_of(&client, event).await?;
    let after = match later {
        Some(later) => object_of(&client, later).await?,
        None => present(&client, &before).await?,
    };
    let found = differences(&before, &after);
    if context.ui.is_json() {
        return found.iter().try_for_each(|found| context.ui.json(found));
    }
    if before["id"] != after["id"] {
        context.ui.warn(&format!(
            "these are two objects: {} and {}",
            text(&before["id"]),
            text(&after["id"])
        ));
    }
    if found.is_empty() {
        context.ui.note(&Line::new().dim("no difference"));
        return Ok(());
    }
    let width = found.iter().map(|found| found.path.chars().count()).max();
    found
        .iter()
        .try_for_each(|found| context.ui.line(&line(found, width.unwrap_or(0) + 2)))
}

fn line(found: &Difference, width: usize) -> Line {
    let (tone, sign) = match found.change {
        Change::Added => (Tone::Good, "+ "),
        Change::Removed => (Tone::Bad, "- "),
        Change::Changed => (Tone::Warn, "~ "),
    };
    let value = |value: &Option<Value>| value.as_ref().map(text).unwrap_or_default();
    let line = Line::new().push(tone, sign);
    let line = line.column(Tone::Bold, &found.path, width);
    match found.change {
        Change::Added => line.text(value(&found.after)),
        Change::Removed => line.text(value(&found.before)),
        Change::Changed => line
            .dim(value(&found.before))
            .text(" → ")
            .text(value(&found.after)),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns the object of an event, as it was then.
async fn object_of(client: &Client, event: &str) -> Result<Value> {
    let answer = client.raw("GET", &format!("/events/{event}")).await?;
    let mut event = answer.into_inner();
    match event.pointer_mut("/data/object") {
        Some(object) if object.is_object() => Ok(object.take()),
        _ => Err(CliError::network("the event has no object")),
    }
}

/// Returns an object as it is now.
async fn present(client: &Client, object: &Value) -> Result<Value> {
    let id = object["id"].as_str().unwrap_or_default();
    let get = RESOURCES
        .into_iter()
        .filter_map(|resource| resource.operation("get"))
        .find_map(|get| {
            let prefix = get.identified.as_ref()?.prefix;
            check_id(id, prefix, "id").ok().map(|()| get)
        });
    let Some(get) = get else {
        // The account itself has no id in its path.
        let is_account = id.starts_with(contract::prefix::MERCHANT);
        return match is_account {
            true => Ok(client.raw("GET", "/merchant").await?.into_inner()),
            false => Err(
                CliError::usage(format!("nothing can be asked about `{id}`"))
                    .hint("compare it with a later event: `fluxa events diff EVENT LATER`"),
            ),
        };
    };
    let answer = client.raw("GET", &get.path.replace("{id}", id)).await;
    let answer = answer.map_err(|error| CliError::from(error).context("its present state"))?;
    Ok(answer.into_inner())
}
