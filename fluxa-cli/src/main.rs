//! The `fluxa` binary: parse → dispatch → exit code.

mod alteration;
mod body;
mod check;
mod cli;
mod commands;
mod config;
mod connection;
mod credentials;
mod env;
mod env_file;
mod error;
#[rustfmt::skip]
mod generated;
mod input;
mod issued;
mod json_diff;
mod json_path;
mod json_text;
mod listen;
mod operations;
mod private_file;
mod process;
mod raw_call;
mod schema;
mod scopes;
mod signals;
mod suggest;
mod trigger;
mod ui;
mod when;

use std::process::ExitCode;

use cli::{Cli, Command};
use commands::Context;
use config::Settings;
use error::{CliError, Result};
use ui::{Output, Ui};

fn main() -> ExitCode {
    // Before anything else: --version and --help need no runtime, no files, no environment.
    let cli = match Cli::parse_arguments() {
        Ok(cli) => cli,
        Err(error) => {
            let output = output_as_typed();
            return match ui::clap_message(&error, output) {
                Ok(()) => ExitCode::from(if error.use_stderr() { 2 } else { 0 }),
                unwritten => finish(&Ui::new(output), unwritten),
            };
        }
    };
    let settings = env::check()
        .and_then(|()| Settings::resolve(&cli.global, &commands::mock::well_known_key()));
    match settings {
        Ok(settings) => {
            let ui = Ui::new(settings.output);
            ui::show_traces(cli.global.verbose);
            let context = Context { settings, ui };
            let outcome = dispatch(&context, cli.command);
            context.ui.stop_bar();
            finish(&context.ui, outcome)
        }
        Err(error) => {
            let output = config::early_output(&cli.global)
                .ok()
                .flatten()
                .unwrap_or_default();
            finish(&Ui::new(output), Err(error))
        }
    }
}

fn finish(ui: &Ui, outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(context: &Context, command: Command) -> Result<()> {
    match command {
        Command::Api(arguments) => {
            on_one_thread()?.block_on(commands::api::run(context, arguments))
        }
        Command::Check(arguments) => {
            on_many_threads()?.block_on(commands::check::run(context, arguments))
        }
        Command::Config(command) => commands::config::run(context, command),
        Command::Completion { shell } => commands::completion::run(context, shell),
        Command::Man { directory } => commands::completion::man(context, &directory),
        Command::Fixtures(command) => {
            on_one_thread()?.block_on(commands::fixtures::run(context, command))
        }
        Command::Doctor(arguments) => {
            on_one_thread()?.block_on(commands::doctor::run(context, arguments))
        }
        Command::Logs(command) => on_one_thread()?.block_on(commands::logs::run(context, command)),
        Command::Open(arguments) => {
            on_one_thread()?.block_on(commands::open::run(context, arguments))
        }
        Command::Reconcile(arguments) => {
            on_one_thread()?.block_on(commands::reconcile::run(context, arguments))
        }
        Command::Status => on_one_thread()?.block_on(commands::status::run(context)),
        Command::Demo => on_many_threads()?.block_on(commands::demo::run(context)),
        Command::Mock(arguments) => {
            on_many_threads()?.block_on(commands::mock::run(context, arguments))
        }
        Command::Listen(arguments) if context.settings.mock => {
            on_many_threads()?.block_on(commands::listen::run(context, *arguments))
        }
        Command::Listen(arguments) => {
            on_one_thread()?.block_on(commands::listen::run(context, *arguments))
        }
        Command::Replay(arguments) if context.settings.mock => {
            on_many_threads()?.block_on(commands::replay::run(context, arguments))
        }
        Command::Replay(arguments) => {
            on_one_thread()?.block_on(commands::replay::run(context, arguments))
        }
        Command::Webhooks(command) => commands::webhooks::run(context, command),
        Command::Trigger(arguments) => {
            on_one_thread()?.block_on(commands::trigger::run(context, arguments))
        }
        Command::Login(arguments) => {
            on_one_thread()?.block_on(commands::login::run(context, arguments))
        }
        Command::Logout(arguments) => commands::logout::run(context, &arguments),
        Command::Whoami => on_one_thread()?.block_on(commands::whoami::run(context)),
        Command::Keys(command) => on_one_thread()?.block_on(commands::keys::run(context, command)),
        Command::Events(command) => {
            on_one_thread()?.block_on(commands::events::run(context, command))
        }
        Command::Resource(command) => {
            on_one_thread()?.block_on(commands::resources::run(context, command))
        }
    }
}

/// One thread is enough for a client, and hands an event on without waking another.
fn on_one_thread() -> Result<tokio::runtime::Runtime> {
    started(
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // A server that sends without a pause keeps neither Ctrl-C nor a time limit waiting.
            .event_interval(1)
            .build(),
    )
}

/// A server that shares the process with its clients gets threads of its own.
fn on_many_threads() -> Result<tokio::runtime::Runtime> {
    started(
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build(),
    )
}

fn started(runtime: std::io::Result<tokio::runtime::Runtime>) -> Result<tokio::runtime::Runtime> {
    runtime.map_err(|error| CliError::failure(format!("cannot start the runtime: {error}")))
}

/// Returns the output asked for on a command line that could not be parsed.
fn output_as_typed() -> Output {
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        let json = match argument.to_str() {
            Some("--output") => arguments.next().is_some_and(|value| value == "json"),
            Some(argument) => argument == "--output=json",
            None => false,
        };
        if json {
            return Output::Json;
        }
    }
    match env::text(env::OUTPUT).as_deref() {
        Some("json") => Output::Json,
        _ => Output::Human,
    }
}
