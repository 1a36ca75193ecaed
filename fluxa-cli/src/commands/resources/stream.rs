//! `fluxa events stream`: events as the API sends them, until it ends.
//!
//! One connection and no more: `fluxa listen` is what comes back by itself.

use std::pin::pin;

use eventsource_stream::Eventsource;
use fluxa_sdk::Client;
use futures_util::StreamExt;

use super::{parse, show};
use crate::commands::Context;
use crate::connection;
use crate::error::{CliError, Result};
use crate::raw_call::RawCall;
use crate::ui::Table;

const COLUMNS: [(&str, &str); 3] = [("id", "ID"), ("type", "TYPE"), ("created_at", "CREATED")];

pub(super) async fn run(context: &Context, client: &Client, call: &RawCall) -> Result<()> {
    let mut stream = client.events().stream();
    for (name, value) in &call.query {
        stream = match name.as_str() {
            "after" => stream.after(value.as_str()),
            _ => stream.types(value.as_str()),
        };
    }
    if let Some(version) = &call.options.api_version {
        stream = stream.api_version(version);
    }
    let reach = connection::with_reach_hint(&context.settings);
    let bytes = stream.await.map_err(|error| reach(error.into()))?;
    let mut events = bytes.into_inner().into_inner().eventsource();
    let mut table = Table::new(COLUMNS.map(|(_, heading)| heading));
    let mut last: Option<String> = None;
    let mut time_up = pin!(async {
        match call.options.timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    });
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = &mut time_up => return Err(CliError::unmet("the time of --timeout is over")),
            _ = crate::signals::interrupted() => return Err(CliError::interrupted()),
        };
        let Some(Ok(event)) = event else {
            let error = CliError::network("the stream of events ended");
            return Err(match last {
                Some(id) => {
                    let command = ["events", "stream", "--after", id.as_str()];
                    let again = context.settings.suggested(&command);
                    error.hint(format!("go on with `{again}`, or use `fluxa listen`"))
                }
                None => error,
            });
        };
        if event.data.is_empty() {
            continue;
        }
        let object = parse(&event.data)?;
        if context.ui.is_json() {
            context.ui.json(&object)?;
        } else {
            table.row(show::cells(&object, &COLUMNS));
            context.ui.lines(&table.take_lines())?;
        }
        last = Some(event.id);
    }
}
