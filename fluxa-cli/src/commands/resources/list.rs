//! Owns walking a list: a page, or all of them, each printed as it comes and then forgotten.

use std::collections::HashSet;

use fluxa_sdk::{Client, contract};

use super::{parse, read, show};
use crate::cli::{PageOptions, ResourceCommand};
use crate::commands::Context;
use crate::error::{CliError, Result};
use crate::json_text::JsonText;
use crate::raw_call::RawCall;
use crate::ui::{Line, Table};

pub(super) async fn run(
    context: &Context,
    client: &Client,
    call: RawCall,
    command: &ResourceCommand,
) -> Result<()> {
    let operation = command.operation;
    let options: PageOptions = match operation.paged {
        true => read::options(&command.matches)?,
        false => PageOptions::default(),
    };
    let limit = options
        .limit
        .or(options.all.then_some(contract::LIST_LIMIT_MAX));
    let headings: Vec<&str> = operation
        .columns
        .iter()
        .map(|(_, heading)| *heading)
        .collect();
    let mut table = Table::new(headings);
    let mut seen = HashSet::new();
    let mut after = options.after;
    let mut printed = 0_u64;
    loop {
        let mut page = call.clone();
        page.query
            .extend(limit.map(|limit| ("limit".to_owned(), limit.to_string())));
        page.query
            .extend(after.clone().map(|after| ("after".to_owned(), after)));
        let go_on = |error: CliError| {
            // What was printed is not asked for again.
            match printed > 0 {
                true => error.hint(format!(
                    "go on with `{}`",
                    rest(context, &call, limit, options.all, &after)
                )),
                false => error,
            }
        };
        let answered = page.send(context, client).await.map_err(go_on)?;
        let answer = answered
            .told(context, read_list(&answered))
            .map_err(go_on)?;
        let items = answer
            .get("data")
            .and_then(JsonText::items)
            .unwrap_or_default();
        printed += items.len() as u64;
        let shown = if context.ui.is_json() {
            items.iter().try_for_each(|item| context.ui.json(item))
        } else if printed > 0 {
            for item in items {
                table.row(show::cells(item, operation.columns));
            }
            context.ui.lines(&table.take_lines())
        } else {
            Ok(())
        };
        answered.told(context, shown)?;
        if !operation.paged {
            none(context, printed);
            return Ok(());
        }
        let has_more = answer.get("has_more").and_then(JsonText::boolean);
        let next = answer.get("next_cursor").and_then(JsonText::text);
        let next = match (has_more, next) {
            (Some(true), Some(next)) => next,
            (Some(true), None) => {
                return Err(CliError::network(
                    "more items are announced, but there is no cursor to them",
                ));
            }
            _ => {
                none(context, printed);
                return Ok(());
            }
        };
        after = Some(next.clone());
        if !options.all {
            let more = rest(context, &call, limit, options.all, &after);
            // A script that takes a page for all of it is to hear of it, too.
            match context.ui.is_json() {
                true => context.ui.warn(&format!("there are more: `{more}`")),
                false => context.ui.note(&Line::new().dim(format!("more: {more}"))),
            }
            return Ok(());
        }
        if !seen.insert(next) {
            return Err(CliError::network(
                "the list came back to a cursor it has passed",
            ));
        }
    }
}

/// Says so when nothing was printed.
fn none(context: &Context, printed: u64) {
    if printed == 0 {
        context.ui.note(&Line::new().dim("none"));
    }
}

/// Reads a page.
fn read_list(answer: &str) -> Result<JsonText> {
    let answer = parse(answer)?;
    match answer.get("data").and_then(JsonText::items) {
        Some(_) => Ok(answer),
        None => Err(CliError::network("the answer is no list: it has no `data`")),
    }
}

/// Returns the command that prints what follows a cursor.
fn rest(
    context: &Context,
    call: &RawCall,
    limit: Option<u32>,
    all: bool,
    after: &Option<String>,
) -> String {
    let mut words: Vec<&str> = call.words.iter().map(String::as_str).collect();
    let limit = limit.map(|limit| limit.to_string());
    if let Some(limit) = &limit {
        words.extend(["--limit", limit]);
    }
    if all {
        words.push("--all");
    }
    if let Some(after) = after {
        words.extend(["--after", after]);
    }
    context.settings.suggested(&words)
}
