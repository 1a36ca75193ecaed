//! Owns the JUnit form of a run: what CI servers read. Knows nothing of terminals.
//!
//! `testsuites` / `testsuite` for each file / `testcase` for each scenario, with `failure`, `error`,
//! `skipped` and `system-out`, as Jenkins' schema has them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::outcome::{Outcome, Verdict};
use super::report::{details, headline};
use crate::error::{CliError, Kind, Result, redact};
use crate::ui::clean;

/// One scenario, or a file that could not be read.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) outcome: Result<Outcome, CliError>,
}

/// A file of scenarios.
pub(crate) struct Suite {
    pub(crate) file: String,
    pub(crate) cases: Vec<Case>,
}

/// The report, on its way to its file.
pub(crate) struct Report {
    path: PathBuf,
    started: jiff::Timestamp,
}

impl Report {
    /// Makes the file, in which nothing has run yet: a run that is killed leaves that, and a file
    /// that cannot be written is told of before anything runs.
    ///
    /// # Errors
    /// Failure when it cannot be written.
    pub(crate) fn begin(path: &Path, suites: &[Suite]) -> Result<Self> {
        let report = Self {
            path: path.to_owned(),
            started: jiff::Timestamp::now(),
        };
        report.write(suites)?;
        Ok(report)
    }

    /// Writes what came of it, whole or not at all.
    pub(crate) fn write(&self, suites: &[Suite]) -> Result<()> {
        let failed = |error: io::Error| CliError::file("write", &self.path, &error);
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        // Other than a key's, this file is for others, too.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o644));
        }
        let mut file = builder.tempfile_in(directory).map_err(failed)?;
        let text = to_xml(suites, &self.started).map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        file.persist(&self.path)
            .map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Counts of a suite, or of all.
#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
    time: Duration,
}

impl Counts {
    fn of<'a>(cases: impl Iterator<Item = &'a Case>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            counts.tests += 1;
            match &case.outcome {
                Err(_) => counts.errors += 1,
                Ok(outcome) => {
                    counts.time += outcome.duration;
                    match &outcome.verdict {
                        Verdict::Held => {}
                        Verdict::Skipped => counts.skipped += 1,
                        Verdict::Failed(failure) if is_judged(failure.kind) => counts.failures += 1,
                        Verdict::Failed(_) => counts.errors += 1,
                    }
                }
            }
        }
        counts
    }
}

/// Whether something was judged; else something kept it from being judged.
fn is_judged(kind: Kind) -> bool {
    matches!(kind, Kind::Unmet | Kind::Endpoint)
}

/// Returns the report.
pub(super) fn to_xml(suites: &[Suite], started: &jiff::Timestamp) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = Counts::of(suites.iter().flat_map(|suite| &suite.cases));
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", "fluxa check"),
            ("tests", &all.tests.to_string()),
            ("failures", &all.failures.to_string()),
            ("errors", &all.errors.to_string()),
            ("time", &seconds(all.time)),
        ])
        .write_inner_content(|writer| {
            suites
                .iter()
                .try_for_each(|suite| write_suite(writer, suite, started))
        })?;
    let mut text = writer.into_inner();
    text.push(b'\n');
    Ok(text)
}

fn write_suite(
    writer: &mut Writer<Vec<u8>>,
    suite: &Suite,
    started: &jiff::Timestamp,
) -> io::Result<()> {
    let counts = Counts::of(suite.cases.iter());
    // The schema's form of a time: no fraction, no zone.
    let timestamp = started.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", harmless(&suite.file).as_str()),
            ("tests", &counts.tests.to_string()),
            ("failures", &counts.failures.to_string()),
            ("errors", &counts.errors.to_string()),
            ("skipped", &counts.skipped.to_string()),
            ("time", &seconds(counts.time)),
            ("timestamp", &timestamp),
        ])
        .write_inner_content(|writer| {
            let mut cases = suite.cases.iter();
            cases.try_for_each(|case| write_case(writer, suite, case))
        })?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, suite: &Suite, case: &Case) -> io::Result<()> {
    let (name, file) = (harmless(&case.name), harmless(&suite.file));
    let time = case.outcome.as_ref().map(|outcome| outcome.duration);
    let time = seconds(time.unwrap_or_default());
    let element = writer.create_element("testcase").with_attributes([
        ("name", name.as_str()),
        ("classname", &file),
        ("time", &time),
    ]);
    let outcome = match &case.outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            element.write_inner_content(|writer| {
                let text = [&Some(error.message.clone()), &error.hint];
                let text: Vec<&str> = text.into_iter().flatten().map(String::as_str).collect();
                write_fault(
                    writer,
                    "error",
                    error.kind,
                    &error.message,
                    &text.join("\n"),
                )
            })?;
            return Ok(());
        }
    };
    if matches!(outcome.verdict, Verdict::Held) && outcome.server_output.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|writer| {
        match &outcome.verdict {
            Verdict::Held => {}
            Verdict::Skipped => {
                writer.create_element("skipped").write_empty()?;
            }
            Verdict::Failed(failure) => {
                let what = match is_judged(failure.kind) {
                    true => "failure",
                    false => "error",
                };
                let lines = details(outcome).into_iter().map(|(_, line)| line);
                let message = format!("{}: {}", headline(failure), failure.got);
                let text = lines.collect::<Vec<_>>().join("\n");
                write_fault(writer, what, failure.kind, &message, &text)?;
            }
        }
        if !outcome.server_output.is_empty() {
            let lines: Vec<String> = outcome
                .server_output
                .iter()
                .map(|line| harmless(line))
                .collect();
            writer
                .create_element("system-out")
                .write_text_content(BytesText::new(&lines.join("\n")))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_fault(
    writer: &mut Writer<Vec<u8>>,
    element: &str,
    kind: Kind,
    message: &str,
    text: &str,
) -> io::Result<()> {
    let lines: Vec<String> = text.lines().map(harmless).collect();
    writer
        .create_element(element)
        .with_attributes([
            ("message", harmless(message).as_str()),
            ("type", kind.name()),
        ])
        .write_text_content(BytesText::new(&lines.join("\n")))?;
    Ok(())
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// Returns a line without keys, and without what XML cannot hold or a terminal would obey.
fn harmless(line: &str) -> String {
    clean(&redact(line))
        .chars()
        .map(|c| match c {
            '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            c => c,
        })
        .collect()
}
