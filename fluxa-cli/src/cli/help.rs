//! Owns what stands below the options in help: examples, and which exit codes a command has; and what
//! is said of a help that there is not.
//!
//! `-h` shows the examples alone, `--help` the exit codes too. Knows nothing of what the commands do.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use unicode_width::UnicodeWidthStr;

use crate::suggest;

/// As wide as help becomes, however wide the terminal is.
const WIDEST: usize = 100;

/// What clap does not break by itself.
const NARROWEST: usize = 24;

/// Where the exit codes of a command begin, in a text that gives its own.
const EXIT_CODES: &str = "Exit codes:";

/// Below the whole command line's help.
pub(super) const TOP_LEVEL: &str = "\
Examples:
  fluxa demo
  fluxa mock
  fluxa listen --mock --forward-to 4242
  fluxa trigger payment.settled --mock
  fluxa payments list --state SETTLED --all --output json

Environment:
  FLUXA_SECRET_KEY      the API key; --api-key beats it, and it beats a stored key
  FLUXA_WEBHOOK_SECRET  the secret that webhooks are signed with
  NO_COLOR, CLICOLOR=0  no colours; CLICOLOR_FORCE=1 has them in pipes too
  COLUMNS               width of tables on a terminal
  Those named by an option above are beaten by it.

Exit codes:
  0 ok · 1 failure · 2 usage · 3 authentication or permission · 4 API error (4xx)
  5 network or 5xx · 6 expectation unmet or time-out · 7 endpoint answered non-2xx
  130 interrupted";

/// Examples of nouns that are made by hand; those of the contract have theirs from it.
const GROUPS: [(&str, &str); 6] = [
    (
        "config",
        "  fluxa config list\n  fluxa config set output json\n  fluxa config use shop-live",
    ),
    (
        "events",
        "  fluxa events list --type payment.settled\n  fluxa events get evt_9e8d7c6b5a493827\n  \
         fluxa events resend --failed --since 24h",
    ),
    (
        "fixtures",
        "  fluxa fixtures list\n  fluxa fixtures run order.json --override amount=2500",
    ),
    (
        "keys",
        "  fluxa keys list\n  fluxa keys create --name ci --write-env .env:FLUXA_SECRET_KEY\n  \
         fluxa keys rotate key_b7c8d9e0f1a2b3c4 --grace 1h",
    ),
    (
        "logs",
        "  fluxa logs tail\n  fluxa logs tail --status 4xx,5xx --since 10m --no-follow",
    ),
    (
        "webhooks",
        "  fluxa webhooks sign event.json --header\n  fluxa webhooks verify event.json --signature \
         't=1716135600,v1=5257a8…'",
    ),
];

/// Commands that never ask the API, by the words that they begin with.
const LOCAL: [&str; 6] = [
    "completion",
    "config",
    "fixtures list",
    "logout",
    "man",
    "webhooks",
];

const LOCAL_CODES: &str = "Exit codes: 0 done · 1 failure · 2 usage";
const API_CODES: &str = "\
Exit codes: 0 done · 1 failure · 2 usage · 3 the key, or it may not · 4 refused by the API
  5 network or 5xx";
const DEMO_CODES: &str = "Exit codes: 0 all went as it should · 6 something did not in time";
const MOCK_CODES: &str = "Exit codes: 0 ended by SIGTERM · 1 failure · 2 usage · 130 interrupted";
const LISTEN_CODES: &str = "\
Exit codes: 0 ended as asked · 1 failure · 2 usage · 3 the key, or it may not · 4 refused by the API
  5 network or 5xx · 6 not all that was waited for came in time · 7 not all was delivered
  130 interrupted · of a command after `--`: its own";
const REPLAY_CODES: &str = "\
Exit codes: 0 all accepted · 1 failure · 2 usage · 5 network · 7 a target answered non-2xx";

const RESEND_CODES: &str = "\
Exit codes: 0 all accepted · 1 failure · 2 usage · 3 the key, or it may not · 4 refused by the API
  5 network or 5xx · 6 no answer in time · 7 an endpoint answered non-2xx";

/// Returns the command with exit codes below the help of all its commands.
pub(super) fn with_exit_codes(command: Command) -> Command {
    below(command, "")
}

fn below(command: Command, path: &str) -> Command {
    if !command.has_subcommands() {
        return with_codes(command, codes(path));
    }
    let command = match GROUPS.iter().find(|(group, _)| *group == path) {
        Some((_, examples)) => with_examples(command, examples),
        None => command,
    };
    command.mut_subcommands(|child| {
        let path = format!("{path} {}", child.get_name());
        below(child, path.trim_start())
    })
}

/// Adds the examples of a command that has others below it, after what it says itself.
pub(super) fn with_examples(command: Command, examples: &str) -> Command {
    let own = command.get_after_help().map(ToString::to_string);
    let own = own.map_or_else(String::new, |own| format!("{own}\n\n"));
    command.after_help(format!("{own}Examples:\n{examples}"))
}

/// Returns the command with its help as wide as the terminal, and examples that can be copied from it
/// whole: what clap breaks is no command any more.
pub(super) fn fitted(command: Command, width: usize) -> Command {
    let width = width.clamp(NARROWEST, WIDEST);
    let mut command = command.term_width(width);
    // Verbs of the contract are made when they are asked for.
    command.build();
    folded(command, width)
}

fn folded(command: Command, width: usize) -> Command {
    let short = command
        .get_after_help()
        .map(|text| fold(&text.to_string(), width));
    let long = command
        .get_after_long_help()
        .map(|text| fold(&text.to_string(), width));
    let command = match short {
        Some(short) => command.after_help(short),
        None => command,
    };
    let command = match long {
        Some(long) => command.after_long_help(long),
        None => command,
    };
    command.mut_subcommands(|child| folded(child, width))
}

/// Breaks the commands in a text where a shell reads on in the next line.
fn fold(text: &str, width: usize) -> String {
    // Those that are broken already are put together first.
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match lines
            .last_mut()
            .and_then(|last| Some((last.strip_suffix('\\')?.len(), last)))
        {
            Some((whole, last)) => {
                last.truncate(whole);
                last.push_str(line.trim_start());
            }
            None => lines.push(line.to_owned()),
        }
    }
    for line in &mut lines {
        if line.width() > width && is_command(line) {
            *line = fold_command(line.trim_start(), width);
        }
    }
    lines.join("\n")
}

fn is_command(line: &str) -> bool {
    let is = |start| {
        line.strip_prefix("  ")
            .is_some_and(|line| line.starts_with(start))
    };
    ["fluxa ", "curl ", "export ", "KEY="].into_iter().any(is)
}

fn fold_command(command: &str, width: usize) -> String {
    let (mut folded, mut used) = (String::from(" "), 1);
    let mut words = shell_words(command).into_iter().peekable();
    while let Some(word) = words.next() {
        // A flag stays with its value, where both fit.
        let fits = |next: &str| 6 + word.width() + 1 + next.width() + 2 <= width;
        let is_value = |next: &&str| word.starts_with('-') && !next.starts_with('-') && fits(next);
        let value = words.next_if(is_value);
        let together = value.map_or(0, |value| 1 + value.width()) + word.width();
        // A blank before them, and perhaps ` \\` after them.
        if used + 1 + together + 2 > width && used > 1 {
            folded.push_str(" \\\n     ");
            used = 5;
        }
        for word in [Some(word), value].into_iter().flatten() {
            folded.push(' ');
            folded.push_str(word);
        }
        used += 1 + together;
    }
    folded
}

/// Splits at blanks, but not at those in quotes.
fn shell_words(command: &str) -> Vec<&str> {
    let mut quote = None;
    let is_between = |character: char| {
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '\'' | '"') => quote = Some(character),
            _ => {}
        }
        quote.is_none() && character == ' '
    };
    let words = command.split(is_between);
    words.filter(|word| !word.is_empty()).collect()
}

/// Says what was probably meant by `fluxa help NAME` where there is no such command: clap does so of
/// commands alone.
pub(super) fn with_suggestion(
    mut error: clap::Error,
    command: &mut Command,
    words: &[OsString],
) -> clap::Error {
    let (kind, suggested) = (error.kind(), error.get(ContextKind::SuggestedSubcommand));
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    if kind != ErrorKind::InvalidSubcommand || suggested.is_some() {
        return error;
    }
    command.build();
    let named = words.iter().skip_while(|word| *word != "help").skip(1);
    let mut group = &*command;
    for word in named {
        match group.find_subcommand(word) {
            Some(found) => group = found,
            None => break,
        }
    }
    let names = group.get_subcommands().map(Command::get_name);
    if let Some(closest) = suggest::closest(typed, names).map(str::to_owned) {
        error.insert(
            ContextKind::SuggestedSubcommand,
            ContextValue::Strings(vec![closest]),
        );
    }
    error
}

/// Adds the exit codes of a command that asks the API, and of nothing else.
pub(super) fn with_api_codes(command: Command) -> Command {
    with_codes(command, API_CODES)
}

fn codes(path: &str) -> &'static str {
    match path {
        "demo" => DEMO_CODES,
        "events resend" => RESEND_CODES,
        "mock" => MOCK_CODES,
        "listen" => LISTEN_CODES,
        "replay" => REPLAY_CODES,
        _ if LOCAL.iter().any(|local| path.starts_with(local)) => LOCAL_CODES,
        _ => API_CODES,
    }
}

/// What a command says of its exit codes itself wins.
fn with_codes(command: Command, codes: &str) -> Command {
    let text = command.get_after_help().map(ToString::to_string);
    let text = text.unwrap_or_default();
    match text.split_once(EXIT_CODES) {
        Some((examples, _)) => command
            .after_help(examples.trim_end().to_owned())
            .after_long_help(text),
        None => command.after_long_help(format!("{text}\n\n{codes}").trim_start().to_owned()),
    }
}
