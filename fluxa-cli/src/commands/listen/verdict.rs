//! Owns what a session comes to: its exit code, why, and what to do next.

use crate::cli::ListenArguments;
use crate::error::{CliError, Result};
use crate::listen::expect::missing;
use crate::listen::report::plural;
use crate::listen::{Ended, Summary};

/// What was asked for, as far as it decides.
#[derive(Debug, Default)]
struct Asked<'a> {
    max_events: bool,
    until: Option<&'a str>,
    within: bool,
    resume: bool,
    command: bool,
}

/// Returns what the session comes to. `cut_off` when the command would have gone on.
pub(super) fn verdict(
    ended: Ended,
    summary: &Summary,
    arguments: &ListenArguments,
    cut_off: bool,
) -> Result<()> {
    let asked = Asked {
        max_events: arguments.max_events.is_some(),
        until: arguments.until.as_deref(),
        within: arguments.within.is_some(),
        resume: arguments.resume,
        command: !arguments.command.is_empty(),
    };
    judge(ended, summary, &asked, cut_off)
}

fn judge(ended: Ended, summary: &Summary, asked: &Asked<'_>, cut_off: bool) -> Result<()> {
    let missing = missing(&summary.expectations);
    match ended {
        Ended::Stopped => Err(CliError::interrupted()),
        Ended::Command(status) if status != 0 => Err(CliError::command(status)),
        _ if !missing.is_empty() => {
            let error = CliError::unmet(format!(
                "{} of {} not met: {}",
                missing.len(),
                plural(summary.expectations.len() as u64, "expectation"),
                missing.join(", ")
            ));
            Err(match asked.command && !asked.within {
                true => error.hint("--within 90s waits longer for what comes after the command"),
                false => error,
            })
        }
        Ended::TimeUp if cut_off => {
            let message = "the time is over, and the command had not ended: it was ended";
            Err(CliError::unmet(message)
                .hint("--within gives it longer; --until and --max-events end it without a fault"))
        }
        Ended::TimeUp if asked.max_events || asked.until.is_some() => {
            let waited_for = match asked.until {
                Some(until) => format!(", and no `{until}` came"),
                None => String::new(),
            };
            let events = plural(summary.events, "event");
            let message = format!("the time is over after {events}{waited_for}");
            Err(CliError::unmet(message))
        }
        _ if summary.failed + summary.unfinished > 0 => Err(undelivered(summary, asked.resume)),
        _ => Ok(()),
    }
}

/// Says what was not delivered, and what to do about it.
fn undelivered(summary: &Summary, resumes: bool) -> CliError {
    let failed = plural(summary.failed, "event");
    let unfinished = plural(summary.unfinished, "event");
    let message = match (summary.failed, summary.unfinished) {
        (_, 0) => format!("{failed} not delivered"),
        (0, _) => format!("{unfinished} not delivered by the end"),
        (_, more) => format!("{failed} not delivered, and {more} more unfinished at the end"),
    };
    let error = CliError::endpoint(message);
    match (summary.unfinished, resumes) {
        (0, _) => error,
        (_, true) => error.hint("what is unfinished comes again with the next --resume"),
        (_, false) => error.hint("does the target hang? --timeout gives an attempt up sooner"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::expect::Expected;

    fn code(ended: Ended, summary: &Summary, asked: &Asked<'_>, cut_off: bool) -> u8 {
        judge(ended, summary, asked, cut_off).map_or_else(|error| error.exit_code(), |()| 0)
    }

    #[test]
    fn a_session_that_ended_by_itself_is_good_only_when_all_was_delivered() {
        let well = Summary {
            events: 2,
            delivered: 2,
            ..Summary::default()
        };
        let failed = Summary {
            events: 2,
            delivered: 1,
            failed: 1,
            ..Summary::default()
        };
        let unfinished = Summary {
            events: 2,
            delivered: 1,
            unfinished: 1,
            ..Summary::default()
        };
        let nothing = Asked::default();
        for ended in [
            Ended::Complete,
            Ended::Reached,
            Ended::Command(0),
            Ended::TimeUp,
        ] {
            assert_eq!(code(ended, &well, &nothing, false), 0, "{ended:?}");
            assert_eq!(code(ended, &failed, &nothing, false), 7, "{ended:?}");
            assert_eq!(code(ended, &unfinished, &nothing, false), 7, "{ended:?}");
        }
        for summary in [&well, &failed, &unfinished] {
            assert_eq!(code(Ended::Stopped, summary, &nothing, false), 130);
            assert_eq!(code(Ended::Command(3), summary, &nothing, false), 3);
        }
    }

    #[test]
    fn what_did_not_come_in_time_is_6_whatever_was_delivered() {
        let unmet = Summary {
            failed: 1,
            expectations: vec![Expected {
                expectation: "payment.settled=1".into(),
                wanted: 1,
                came: 0,
                handled: 0,
                met: false,
            }],
            ..Summary::default()
        };
        let asked = Asked::default();
        assert_eq!(code(Ended::TimeUp, &unmet, &asked, false), 6);
        assert_eq!(code(Ended::Command(0), &unmet, &asked, false), 6);
        assert_eq!(code(Ended::Command(1), &unmet, &asked, false), 1);
        let none = Summary::default();
        assert_eq!(code(Ended::TimeUp, &none, &asked, true), 6);
        for asked in [
            Asked {
                until: Some("payment.settled"),
                ..Asked::default()
            },
            Asked {
                max_events: true,
                ..Asked::default()
            },
        ] {
            assert_eq!(code(Ended::TimeUp, &none, &asked, false), 6, "{asked:?}");
            assert_eq!(code(Ended::Command(0), &none, &asked, false), 0);
            assert_eq!(code(Ended::Reached, &none, &asked, true), 0);
        }
    }

    #[test]
    fn what_is_unfinished_is_said_with_what_becomes_of_it() {
        let summary = Summary {
            failed: 2,
            unfinished: 1,
            ..Summary::default()
        };
        let told = |resume| {
            let asked = Asked {
                resume,
                ..Asked::default()
            };
            let error = judge(Ended::TimeUp, &summary, &asked, false).unwrap_err();
            (error.message, error.hint.unwrap_or_default())
        };
        let (message, hint) = told(false);
        assert_eq!(
            message,
            "2 events not delivered, and 1 more unfinished at the end"
        );
        assert!(hint.contains("--timeout"), "{hint}");
        assert!(told(true).1.contains("--resume"));
    }
}
