//! Owns what stands below the options in help: examples, and which exit codes a command has.
//!
//! `-h` shows the examples alone, `--help` the exit codes too. Knows nothing of what the commands do.

use clap::Command;

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
    command.mut_subcommands(|child| {
        let path = format!("{path} {}", child.get_name());
        below(child, path.trim_start())
    })
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
