//! Owns what `-v` shows: each request and what came of it, and with `-vv` what our own parts and the
//! HTTP libraries say of it, on stderr.

use std::io::{self, Write};

use fluxa_sdk::observe::CallEvent;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::clean::clean;
use crate::error::redact;

/// Whose traces are shown from `-vv` on. Others, such as those of the bus that the keyring is reached
/// by, are no part of any call.
const LIBRARIES: [&str; 4] = ["fluxa_sdk", "hyper", "hyper_util", "reqwest"];

/// Prints traces from here on: those of the sandbox server with `-v`, those of calls and of what makes
/// them with `-vv`.
pub(crate) fn show_traces(verbosity: u8) {
    if verbosity == 0 {
        return;
    }
    let lines = fmt::layer()
        .with_ansi(false)
        .without_time()
        .with_writer(|| CleanStderr);
    // An error would mean that someone else shows them already.
    let _ = tracing_subscriber::registry()
        .with(shown(verbosity))
        .with(lines)
        .try_init();
}

fn shown(verbosity: u8) -> Targets {
    let (server, libraries) = match verbosity {
        0 => (LevelFilter::OFF, LevelFilter::OFF),
        1 => (LevelFilter::INFO, LevelFilter::OFF),
        2 => (LevelFilter::DEBUG, LevelFilter::DEBUG),
        _ => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    Targets::new()
        .with_target("fluxa_mock", server)
        .with_targets(LIBRARIES.map(|library| (library, libraries)))
}

/// Tells of a request as it is sent, and of what came of it: what `-v` is for.
pub(crate) fn tell_call(event: &CallEvent<'_>) {
    let line = match event {
        CallEvent::AttemptStarted(started) => {
            let call = &started.call;
            let key = call.idempotency_key.map(|key| format!(", key {key}"));
            format!(
                "> {} {} to {}{}{}",
                call.method,
                started.path,
                call.host,
                counted(started.attempt),
                key.unwrap_or_default()
            )
        }
        CallEvent::AttemptEnded(ended) => {
            let what = match (ended.status, ended.fault) {
                (Some(status), None | Some("status")) => status.to_string(),
                (Some(status), Some(fault)) => format!("{status} {fault}"),
                (None, fault) => format!("failed ({})", fault.unwrap_or("no answer")),
            };
            let id = ended.request_id.map(|id| format!(", {id}"));
            let again = ended
                .retry_wait
                .map(|wait| format!("; again in {wait:.1?}"));
            format!(
                "< {what} {} {} in {:.1?}{}{}{}",
                ended.call.method,
                ended.path,
                ended.duration,
                counted(ended.attempt),
                id.unwrap_or_default(),
                again.unwrap_or_default()
            )
        }
        _ => return,
    };
    // A stderr that is gone is no reason to stop.
    let _ = CleanStderr.write_all(line.as_bytes());
}

/// Says which attempt it is, when it is not the first.
fn counted(attempt: u32) -> String {
    match attempt {
        1 => String::new(),
        more => format!(", attempt {more}"),
    }
}

/// stderr, for text that may come from outside: cleaned, and without keys.
struct CleanStderr;

impl Write for CleanStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches('\n');
        writeln!(io::stderr().lock(), "{}", clean(&redact(text)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{LevelFilter, shown};

    #[test]
    fn what_is_no_part_of_a_call_is_never_shown() {
        let is_shown = |verbosity: u8, target: &str, level: LevelFilter| {
            shown(verbosity).would_enable(target, &level.into_level().unwrap())
        };
        for target in ["zbus", "zbus::connection", "polling", "mio::poll"] {
            assert!(!is_shown(3, target, LevelFilter::ERROR), "{target}");
        }
        assert!(is_shown(1, "fluxa_mock::http", LevelFilter::INFO));
        assert!(!is_shown(1, "hyper_util::client", LevelFilter::ERROR));
        assert!(is_shown(2, "fluxa_sdk::observe", LevelFilter::DEBUG));
        assert!(is_shown(3, "hyper_util::client", LevelFilter::TRACE));
    }
}
