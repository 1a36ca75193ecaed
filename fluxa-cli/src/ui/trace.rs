//! Owns what `-v` shows: the SDK's own account of its calls, on stderr.

use std::io::{self, Write};

use tracing_subscriber::filter::LevelFilter;

use super::clean::clean;
use crate::error::redact;

/// Prints traces from here on: what the SDK does with `-v`, everything with `-vv`.
pub(crate) fn show_traces(verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    // An error would mean that someone else shows them already.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .without_time()
        .with_writer(|| CleanStderr)
        .try_init();
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
