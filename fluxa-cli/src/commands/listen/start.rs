//! Owns where `fluxa listen` starts: now, at --since, or where the last run with --resume stopped.

use fluxa_sdk::Client;
use jiff::Timestamp;

use super::super::Context;
use crate::cli::ListenArguments;
use crate::connection;
use crate::error::{CliError, Kind, Result};
use crate::listen::bookmark::{Bookmark, Identity};
use crate::listen::cursor::Position;
use crate::listen::source::{Since, Start};
use crate::listen::targets::Targets;
use crate::ui::Line;

/// Returns where to start, and where to keep the position for the next run.
pub(super) async fn start(
    context: &Context,
    client: &Client,
    arguments: &ListenArguments,
    targets: &Targets,
) -> Result<(Start, Option<Bookmark>)> {
    let since = arguments.since.as_ref();
    if !arguments.resume {
        return Ok((started_by(context, client, since).await?, None));
    }
    let settings = &context.settings;
    let account = Account::of(context, client).await?;
    let identity = Identity {
        profile: settings.profile.clone(),
        api_base: settings.api_base.trim_end_matches('/').to_owned(),
        account: account.name.clone(),
        targets: targets.identity(),
    };
    let (bookmark, kept) = Bookmark::open(settings.directory()?, identity, &context.ui)?;
    let position = match kept {
        Some(position) => Some(position),
        None => of_another_name(context, client, &account, &bookmark, since).await,
    };
    let start = match position {
        None => started_by(context, client, since).await?,
        Some(position) => {
            let place = match &position.after {
                Some(after) => format!("after {after}"),
                None => "from the first event".to_owned(),
            };
            let line = Line::new().dim(format!("       resuming {place}"));
            context.ui.note(&line);
            Start::At(position)
        }
    };
    Ok((start, Some(bookmark)))
}

/// Returns the start that was asked for. An event that is not there would look like a server that was
/// started anew.
async fn started_by(context: &Context, client: &Client, since: Option<&Since>) -> Result<Start> {
    let Some(since) = since else {
        return Ok(Start::Now);
    };
    if let Since::Event(event) = since
        && let Err(error) = client.events().retrieve(event.as_str()).await
    {
        let error = CliError::from(error);
        return Err(match error.api_status() {
            Some(400 | 404) => {
                let list = context.settings.suggested(&["events", "list"]);
                CliError {
                    message: format!("--since: this account has no event {event}"),
                    ..error
                }
                .hint(format!(
                    "`{list}` shows those it has; `--since 10m` goes by time"
                ))
            }
            _ => error,
        });
    }
    Ok(Start::Since(since.clone()))
}

/// Whose events they are.
struct Account {
    /// What tells it from others, and is the same for all its keys.
    name: String,
    /// When it came to be: known of a sandbox on this machine, which may be started anew.
    opened: Option<Timestamp>,
}

impl Account {
    async fn of(context: &Context, client: &Client) -> Result<Self> {
        match client.merchant().retrieve().await {
            // A sandbox in memory may come back under the same id, and be another one.
            Ok(merchant) if connection::is_local(&context.settings.api_base) => Ok(Self {
                name: format!("{}@{}", merchant.id, *merchant.created_at),
                opened: Some(*merchant.created_at),
            }),
            Ok(merchant) => Ok(Self {
                name: merchant.id.to_string(),
                opened: None,
            }),
            Err(error) => match CliError::from(error) {
                // A key that may not read the account is taken for one of its own.
                refused if refused.kind == Kind::Auth => Ok(Self {
                    name: "unknown".to_owned(),
                    opened: None,
                }),
                error => Err(error),
            },
        }
    }
}

/// Returns the position that is kept for the same targets under the name of another account, when it
/// is good for this one. Says so when it is not: events may be missed.
async fn of_another_name(
    context: &Context,
    client: &Client,
    account: &Account,
    bookmark: &Bookmark,
    since: Option<&Since>,
) -> Option<Position> {
    let other = bookmark.neighbour(&context.ui)?;
    let same_server = other.identity.api_base == bookmark.identity().api_base;
    if same_server && account.opened.is_some_and(|opened| opened > other.kept) {
        context.ui.warn(
            "the sandbox was started anew since the last run with --resume: starting with its \
             first event",
        );
        return Some(Position::default());
    }
    if let Some(event) = &other.position.after
        && client.events().retrieve(event.as_str()).await.is_ok()
    {
        return Some(other.position);
    }
    let whose = match same_server {
        true => "another account",
        false => &other.identity.api_base,
    };
    let from = match since {
        Some(_) => "at --since",
        None => "now, and what happened before is not forwarded (--since says otherwise)",
    };
    context.ui.warn(&format!(
        "--resume: no place is kept for this account with these targets, only one for {whose}; \
         starting {from}"
    ));
    None
}
