//! `fluxa events`: sending again, and what changed between two.

mod diff;
mod failed;
mod resend;

use super::{Context, check_id};
use crate::cli::EventsCommand;
use crate::connection;
use crate::error::Result;

pub(crate) async fn run(context: &Context, command: EventsCommand) -> Result<()> {
    let done = match command {
        EventsCommand::Resend(arguments) => resend::run(context, &arguments).await,
        EventsCommand::Diff { event, later } => diff::run(context, &event, later.as_deref()).await,
    };
    done.map_err(connection::with_reach_hint(&context.settings))
}
