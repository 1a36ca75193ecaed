//! Owns the commands that are made of the contract: `fluxa <noun> <verb>` for every operation.
//!
//! Built lazily: at the start there are only nouns; the verbs and their flags are made for the noun
//! that was named. Commands made by hand win: their nouns get the verbs that they lack.
//!
//! Knows nothing of sending.

mod kind;

use std::fmt;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory};
use unicode_width::UnicodeWidthStr;

use super::call::{CallOptions, DataOption, IdempotencyOption, PageOptions};
use super::secret::SecretOptions;
use super::{Cli, help as help_text};
use crate::generated::RESOURCES;
use crate::operations::{self, Field, Kind, Operation, Resource};

/// How wide an example may be: it has to stay whole in help.
const EXAMPLE_WIDTH: usize = 88;

/// An operation that was named, with what was typed after it.
pub(crate) struct ResourceCommand {
    pub(crate) resource: &'static Resource,
    pub(crate) operation: &'static Operation,
    pub(crate) matches: ArgMatches,
}

/// What was typed may be a card number.
impl fmt::Debug for ResourceCommand {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (noun, verb) = (self.resource.noun, self.operation.verb);
        write!(formatter, "ResourceCommand({noun} {verb})")
    }
}

/// Ids of arguments that are not fields.
pub(crate) mod argument {
    pub(crate) const ID: &str = "(id)";
    pub(crate) const EXPAND: &str = "(expand)";
    pub(crate) const TIMING: &str = "(timing)";
    pub(crate) const CSV: &str = "(csv)";
}

/// Returns the command line with every noun of the contract.
pub(super) fn with_resources(command: Command) -> Command {
    RESOURCES.into_iter().fold(command, |command, resource| {
        let by_hand = command.find_subcommand(resource.noun);
        match by_hand.map(Command::has_subcommands) {
            None => command.subcommand(
                Command::new(resource.noun)
                    .about(resource.about)
                    .aliases(resource.aliases)
                    .subcommand_required(true)
                    .arg_required_else_help(true)
                    .defer(with_verbs),
            ),
            Some(true) => command.mut_subcommand(resource.noun, |noun| {
                noun.aliases(resource.aliases).defer(with_verbs)
            }),
            // One command that does it all.
            Some(false) => command,
        }
    })
}

/// Returns what was named, when no command made by hand is meant.
pub(super) fn chosen(matches: &ArgMatches) -> Option<ResourceCommand> {
    let (noun, matches) = matches.subcommand()?;
    let resource = operations::resource(noun)?;
    let (verb, matches) = matches.subcommand()?;
    let operation = resource.operation(verb)?;
    let by_hand = Cli::command();
    let by_hand = by_hand.find_subcommand(noun);
    if by_hand.is_some_and(|noun| noun.find_subcommand(verb).is_some()) {
        return None;
    }
    Some(ResourceCommand {
        resource,
        operation,
        matches: matches.clone(),
    })
}

/// Leaves of the nouns that a mistyped one is like the one that is most like it, by its own name:
/// clap counts each alias as a command of its own.
pub(super) fn with_one_suggestion(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::Strings(found)) = error.get(ContextKind::SuggestedSubcommand) else {
        return error;
    };
    // They come with the best at the end.
    let Some(best) = found.last() else {
        return error;
    };
    let is = |resource: &&&Resource| resource.aliases.contains(&best.as_str());
    let noun = RESOURCES.iter().find(is).map(|resource| resource.noun);
    let best = noun.map_or_else(|| best.clone(), str::to_owned);
    error.insert(
        ContextKind::SuggestedSubcommand,
        ContextValue::Strings(vec![best]),
    );
    error
}

fn with_verbs(command: Command) -> Command {
    let Some(resource) = operations::resource(command.get_name()) else {
        return command;
    };
    let operations = resource.operations.iter();
    operations.fold(command, |command, operation| {
        match command.find_subcommand(operation.verb) {
            Some(_) => command,
            None => command.subcommand(verb(resource, operation)),
        }
    })
}

fn verb(resource: &Resource, operation: &'static Operation) -> Command {
    let about = format!("{}.\n\n{}", operation.summary, operation.description);
    let mut command = Command::new(operation.verb)
        .after_help(format!("Example:\n  {}", example(resource, operation)));
    if !operation.alias.is_empty() {
        command = command.alias(operation.alias);
    }
    if let Some(id) = &operation.identified {
        let help = format!("Id of the {} ({}…)", id.what, id.prefix);
        let id = Arg::new(argument::ID)
            .value_name("ID")
            .required(true)
            .value_parser(move |text: &str| kind::id(id.prefix, text))
            .help(help);
        command = command.arg(id);
    }
    command = command.next_help_heading("Filters");
    command = command.args(operation.query.iter().map(flag));
    if operation.paged {
        command = PageOptions::augment_args(command);
    }
    if operation.csv {
        let csv = Arg::new(argument::CSV)
            .long("csv")
            .action(ArgAction::SetTrue)
            .conflicts_with_all(["all", "limit", "after"])
            .help("Print all of it as CSV, oldest first");
        command = command.arg(csv);
    }
    if operation.has_body {
        command = command.next_help_heading("Fields");
        command = command.args(operation.body.iter().map(flag));
        command = DataOption::augment_args(command).mut_arg("data", |data| {
            data.help("The body as JSON, or @FILE that holds it, or - for stdin; flags add to it")
        });
    }
    command = command.next_help_heading("Request options");
    if !operation.expand.is_empty() {
        let known = operation.expand.join(", ");
        let expand = Arg::new(argument::EXPAND)
            .long("expand")
            .value_name("FIELDS")
            .value_delimiter(',')
            .action(ArgAction::Append)
            .help(format!(
                "Inline these, as dotted paths of up to three levels: {known}"
            ));
        command = command.arg(expand);
    }
    if operation.timing {
        let timing = Arg::new(argument::TIMING)
            .long("timing")
            .value_name("TIMING")
            .help("Pace in the sandbox: instant, manual, 5s, or settling=5s,settled=1m,refund=1s");
        command = command.arg(timing);
    }
    if operation.issues {
        command = SecretOptions::augment_args(command);
    }
    if operation.idempotent {
        command = IdempotencyOption::augment_args(command);
    }
    // Last, since groups of options bring a text of their own.
    let mut command = CallOptions::augment_args(command)
        .about(operation.summary)
        .long_about(about);
    if operation.streaming {
        command = command.mut_arg("timeout", |timeout| {
            timeout
                .help("End after so many seconds, with exit code 6; else it goes on until Ctrl-C")
        });
    }
    help_text::with_api_codes(command)
}

/// A field as a flag.
fn flag(field: &'static Field) -> Arg {
    let kind = field.kind;
    let many = matches!(kind, Kind::List(_) | Kind::Map);
    let mut flag = Arg::new(field.name)
        .long(field.flag)
        .value_name(kind.placeholder())
        .value_parser(move |text: &str| kind.parse(text))
        .allow_hyphen_values(matches!(kind, Kind::Time))
        .allow_negative_numbers(true)
        .action(if many {
            ArgAction::Append
        } else {
            ArgAction::Set
        })
        .help(help(field));
    if field.flag != field.name {
        flag = flag.alias(field.name);
    }
    if let (Kind::Seconds, Some(plain)) = (kind, field.flag.strip_suffix("-seconds")) {
        flag = flag.visible_alias(plain);
    }
    if matches!(kind, Kind::List(_)) {
        flag = flag.value_delimiter(',');
    }
    if matches!(kind, Kind::Boolean) {
        flag = flag
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true");
    }
    if field.required {
        flag = flag.required_unless_present("data");
    }
    flag
}

fn help(field: &Field) -> StyledStr {
    let about = field.about.trim_end_matches('.');
    let explained = field.kind.explanation();
    let required = if field.required { "required" } else { "" };
    let notes = [required, explained.as_str()];
    let notes: Vec<&str> = notes.into_iter().filter(|note| !note.is_empty()).collect();
    StyledStr::from(match notes.join("; ").as_str() {
        "" => about.to_owned(),
        notes => format!("{about} [{notes}]"),
    })
}

/// A command to copy.
fn example(resource: &Resource, operation: &Operation) -> String {
    let mut words = vec!["fluxa", resource.noun, operation.verb];
    words.extend(operation.identified.as_ref().map(|id| id.example));
    if !operation.example.is_empty() {
        words.push(operation.example);
    }
    let choice = operation.query.iter().find_map(|field| match field.kind {
        Kind::OneOf([.., last]) => Some(format!("--{} {last}", field.flag)),
        _ => None,
    });
    if let Some(choice) = &choice {
        words.push(choice);
    }
    if operation.paged {
        words.push("--all");
    }
    in_lines(&words.join(" "))
}

/// Breaks a command as a shell may be given it, before flags: what clap broke could not be copied.
fn in_lines(command: &str) -> String {
    let mut flags = command.split(" --");
    let mut lines = flags.next().unwrap_or_default().to_owned();
    let mut width = lines.width();
    for flag in flags {
        if width + flag.width() > EXAMPLE_WIDTH {
            lines.push_str(" \\\n     ");
            width = 5;
        }
        lines.push_str(" --");
        lines.push_str(flag);
        width += 3 + flag.width();
    }
    lines
}

#[cfg(test)]
mod tests;
