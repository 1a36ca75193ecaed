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
        let rest = |after: &Option<String>| rest(context, &call, limit, options.all, after);
        let answer = page.send(context, client).await.map_err(|error| {
            match printed > 0 && error.hint.is_none() {
                true => error.hint(format!("go on with `{}`", rest(&after))),
                false => error,
            }
        })?;
        let answer = parse(&answer)?;
        let Some(items) = answer.get("data").and_then(JsonText::items) else {
            return Err(CliError::network("the answer is no list: it has no `data`"));
        };
        printed += items.len() as u64;
        if context.ui.is_json() {
            items.iter().try_for_each(|item| context.ui.json(item))?;
        } else if printed > 0 {
            for item in items {
                table.row(show::cells(item, operation.columns));
            }
            context.ui.lines(&table.take_lines())?;
        }
        let next = match answer.get("has_more").and_then(JsonText::boolean) {
            Some(true) => answer.get("next_cursor").and_then(JsonText::text),
            _ => None,
        };
        let Some(next) = next else {
            if printed == 0 {
                context.ui.note(&Line::new().dim("none"));
            }
            return Ok(());
        };
        after = Some(next.clone());
        if !options.all {
            let more = format!("more: {}", rest(&after));
            context.ui.note(&Line::new().dim(more));
            return Ok(());
        }
        if !seen.insert(next) {
            return Err(CliError::network(
                "the list came back to a cursor it has passed",
            ));
        }
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
