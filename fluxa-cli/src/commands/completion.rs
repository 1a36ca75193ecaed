//! `fluxa completion` and `fluxa man`: what shells and `man` are told of the command line.

use std::path::Path;

use clap::Command;
use clap_complete::Shell;

use super::Context;
use crate::cli;
use crate::error::{CliError, Result};
use crate::ui::Line;

/// The name that is typed.
const NAME: &str = "fluxa";

pub(crate) fn run(context: &Context, shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), NAME, &mut script);
    context.ui.raw(&script)
}

/// Without the `help` subcommands, of which each command would give a page of its own.
fn without_help(command: Command) -> Command {
    command
        .disable_help_subcommand(true)
        .mut_subcommands(without_help)
}

pub(crate) fn man(context: &Context, directory: &Path) -> Result<()> {
    let failed = |error| CliError::file("write the manual pages to", directory, &error);
    std::fs::create_dir_all(directory).map_err(failed)?;
    let command = without_help(cli::command());
    clap_mangen::generate_to(command, directory).map_err(failed)?;
    let done = format!("manual pages in {}", directory.display());
    context.ui.note(&Line::new().text(done));
    Ok(())
}
