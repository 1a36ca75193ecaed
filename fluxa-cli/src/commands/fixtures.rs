//! `fluxa fixtures`: files of steps of one's own.

use super::Context;
use super::trigger::{list, perform};
use crate::cli::FixturesCommand;
use crate::error::Result;
use crate::trigger::fixture;

pub(crate) async fn run(context: &Context, command: FixturesCommand) -> Result<()> {
    match command {
        FixturesCommand::List => list(context),
        FixturesCommand::Run { files, run } => {
            // All are read first: a typing error in the last must not come after the first was run.
            let fixtures = files
                .iter()
                .map(|file| fixture::read(file))
                .collect::<Result<Vec<_>>>()?;
            for (file, fixture) in files.iter().zip(fixtures) {
                let name = file.display().to_string();
                let done = perform(context, &name, fixture, &run).await;
                done.map_err(|error| match files.len() {
                    1 => error,
                    _ => error.context(&name),
                })?;
            }
            Ok(())
        }
    }
}
