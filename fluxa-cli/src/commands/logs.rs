//! `fluxa logs`: the account's requests, as they are made.
//!
//! The API has no stream of them: the newest are asked for again and again, and what was seen is
//! not shown twice. The requests made for that are not shown.

use std::collections::VecDeque;
use std::time::Duration;

use fluxa_sdk::{Client, contract};
use jiff::Timestamp;
use serde_json::Value;

use super::Context;
use crate::cli::{LogsCommand, TailArguments};
use crate::connection;
use crate::error::{CliError, Kind, Result};
use crate::listen::filter::matches;
use crate::signals::interrupted;
use crate::ui::{Line, Tone};
use crate::when::When;

/// How many pages back are looked at: a burst between two looks, or the past asked for.
const PAGES: usize = 20;

/// How many requests of the past are shown when nothing else is said.
const LAST: usize = 10;

/// How many of our own requests are remembered.
const OWN: usize = 64;

pub(crate) async fn run(context: &Context, command: LogsCommand) -> Result<()> {
    let LogsCommand::Tail(arguments) = command;
    let client = connection::client(&context.settings)?;
    let mut tail = Tail {
        client,
        arguments: &arguments,
        since: None,
        base_path: base_path(&context.settings.api_base),
        newest: None,
        own: VecDeque::new(),
    };
    let follow = async {
        // What a key was used for is known for so long, and for no longer of any use.
        let window = arguments.idempotency_key.as_ref();
        let window = window.map(|_| When::Ago(contract::IDEMPOTENCY_WINDOW));
        if let Some(since) = arguments.since.or(window) {
            let (moment, request) = since.moment_and_request(&tail.client).await?;
            tail.since = Some(moment);
            tail.own.extend(request);
        }
        let past = tail.past().await?;
        past.iter().try_for_each(|entry| show(context, entry))?;
        if arguments.no_follow {
            if past.is_empty() {
                context.ui.note(&Line::new().dim("none"));
            }
            return Ok(());
        }
        let waiting = "waiting for requests; Ctrl-C ends it";
        context.ui.note(&Line::new().dim(waiting));
        let mut failing = false;
        loop {
            let local = connection::is_local(&context.settings.api_base);
            let pause = if local { 250 } else { 2_000 };
            tokio::time::sleep(Duration::from_millis(pause)).await;
            match tail.news().await {
                Ok(entries) => {
                    failing = false;
                    entries.iter().try_for_each(|entry| show(context, entry))?;
                }
                // It comes back or it is stopped by hand: what was seen is remembered meanwhile.
                Err(error) if error.kind == Kind::Network || error.api_status() == Some(429) => {
                    if !std::mem::replace(&mut failing, true) {
                        context.ui.warn(&format!("{error}; trying again"));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    };
    tokio::select! {
        done = follow => done.map_err(connection::with_reach_hint(&context.settings)),
        _ = interrupted() => Err(CliError::interrupted()),
    }
}

fn base_path(base_url: &str) -> String {
    let base = url::Url::parse(base_url);
    let path = base.as_ref().map_or("", url::Url::path);
    path.trim_end_matches('/').to_owned()
}

struct Tail<'a> {
    client: Client,
    arguments: &'a TailArguments,
    since: Option<Timestamp>,
    /// The path of the base URL: `/v1`.
    base_path: String,
    /// The newest request seen, wanted or not.
    newest: Option<String>,
    /// Ids of the requests made here.
    own: VecDeque<String>,
}

impl Tail<'_> {
    /// Returns the wanted requests of the past, oldest first.
    async fn past(&mut self) -> Result<Vec<Value>> {
        let last = match (self.arguments.last, self.arguments.since) {
            (Some(last), _) => last,
            (None, Some(_)) => usize::MAX,
            (None, None) => LAST,
        };
        let mut found = self.back_to(None, last).await?;
        found.truncate(last);
        found.reverse();
        Ok(found)
    }

    /// Returns the wanted requests since the last look, oldest first.
    async fn news(&mut self) -> Result<Vec<Value>> {
        let newest = self.newest.clone();
        let mut found = self.back_to(newest.as_deref(), usize::MAX).await?;
        found.reverse();
        Ok(found)
    }

    /// Pages back until a known request, a time, or as many as are wanted. Newest first.
    async fn back_to(&mut self, known: Option<&str>, enough: usize) -> Result<Vec<Value>> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        let mut newest = None;
        // That there is none with a key is to be true.
        let pages = match self.arguments.idempotency_key {
            Some(_) => usize::MAX,
            None => PAGES,
        };
        'pages: for _ in 0..pages {
            let mut call = self
                .client
                .raw("GET", "/request_logs")
                .query("limit", contract::LIST_LIMIT_MAX);
            if let Some(after) = &after {
                call = call.query("after", after);
            }
            if let Some(key) = &self.arguments.key {
                call = call.query("key", key);
            }
            if let Some(since) = self.since {
                call = call.query("created_at[gte]", since.to_string());
            }
            let answer = call.await?;
            if let Some(id) = answer.request_id() {
                self.own.push_back(id.to_owned());
                if self.own.len() > OWN {
                    self.own.pop_front();
                }
            }
            let page = answer.into_inner();
            for entry in page["data"].as_array().into_iter().flatten() {
                let Some(id) = entry["id"].as_str() else {
                    continue;
                };
                if known == Some(id) {
                    break 'pages;
                }
                newest.get_or_insert_with(|| id.to_owned());
                if !self.own.iter().any(|own| own == id) && self.wants(entry) {
                    found.push(entry.clone());
                }
            }
            after = page["next_cursor"].as_str().map(str::to_owned);
            if after.is_none() || found.len() >= enough {
                break;
            }
        }
        if newest.is_some() {
            self.newest = newest;
        }
        Ok(found)
    }

    fn wants(&self, entry: &Value) -> bool {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let arguments = self.arguments;
        let status = entry["status"].as_u64().and_then(|s| u16::try_from(s).ok());
        let method = arguments.method.is_empty()
            || arguments
                .method
                .iter()
                .any(|method| method.eq_ignore_ascii_case(text("method")));
        let path = arguments.path.as_ref().is_none_or(|pattern| {
            let path = text("path");
            let bare = path.split('?').next().unwrap_or(path);
            // As `fluxa api` takes it, too: below the base URL.
            let below = bare.strip_prefix(self.base_path.as_str()).unwrap_or(bare);
            [path, bare, below]
                .iter()
                .any(|path| matches(pattern, path))
        });
        let key = &arguments.idempotency_key;
        let key = key
            .as_deref()
            .is_none_or(|key| key == text("idempotency_key"));
        let statuses = &arguments.status;
        let fits = |status| statuses.iter().any(|pattern| pattern.matches(status));
        method && path && key && (statuses.is_empty() || status.is_some_and(fits))
    }
}

fn show(context: &Context, entry: &Value) -> Result<()> {
    if context.ui.is_json() {
        return context.ui.json(entry);
    }
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let status = entry["status"].as_u64().unwrap_or_default();
    let tone = match status {
        200..=299 => Tone::Good,
        500.. => Tone::Bad,
        _ => Tone::Warn,
    };
    let mut line = Line::new()
        .column(Tone::Dim, text("created_at"), 26)
        .push(tone, status.to_string())
        .text(" ")
        .column(Tone::Bold, text("method"), 7)
        .text(text("path"))
        .dim(format!("  {} ms  ", entry["duration_ms"]))
        .dim(text("id"));
    if let Some(key) = entry["idempotency_key"].as_str() {
        line = line.dim(format!("  key {key}"));
    }
    if let Some(code) = entry["error_code"].as_str() {
        line = line.text("  ").push(tone, code);
    }
    context.ui.line(&line)
}
