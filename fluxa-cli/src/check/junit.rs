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
use crate::private_file;
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
        private_file::check_replaceable(&self.path)?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use quick_xml::Reader;

    use super::super::outcome::Failure;
    use super::*;

    /// What Jenkins' schema (junit-10.xsd) lets each element have: attributes, and elements below it.
    const SCHEMA: [(&str, &[&str], &[&str]); 7] = [
        (
            "testsuites",
            &["name", "time", "tests", "failures", "errors"],
            &["testsuite"],
        ),
        (
            "testsuite",
            &[
                "name",
                "tests",
                "failures",
                "errors",
                "group",
                "time",
                "skipped",
                "timestamp",
                "hostname",
                "id",
                "package",
                "file",
                "log",
                "url",
            ],
            &[
                "testsuite",
                "properties",
                "testcase",
                "system-out",
                "system-err",
            ],
        ),
        (
            "testcase",
            &["name", "time", "classname", "group"],
            &["skipped", "error", "failure", "system-out", "system-err"],
        ),
        ("failure", &["type", "message"], &[]),
        ("error", &["type", "message"], &[]),
        ("skipped", &["type", "message"], &[]),
        ("system-out", &[], &[]),
    ];

    /// Name, attributes and text.
    type Element = (String, BTreeMap<String, String>, String);

    /// Reads the report as the schema has it; returns each element with its attributes and its text.
    #[track_caller]
    fn read(text: &[u8]) -> Vec<Element> {
        let text = std::str::from_utf8(text).unwrap();
        let is_allowed =
            |c: char| c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}') || matches!(c, '\t' | '\n');
        assert!(text.chars().all(is_allowed), "{text:?}");
        let mut reader = Reader::from_str(text);
        let mut found: Vec<Element> = Vec::new();
        let mut open: Vec<(String, usize)> = Vec::new();
        loop {
            let event = reader.read_event().unwrap();
            match &event {
                Event::Start(element) | Event::Empty(element) => {
                    let name = element.name().as_ref().to_owned();
                    let (_, attributes, _) =
                        SCHEMA.iter().find(|(known, ..)| *known == name).unwrap();
                    if let Some((parent, _)) = open.last() {
                        let (.., below) =
                            SCHEMA.iter().find(|(known, ..)| known == parent).unwrap();
                        assert!(below.contains(&name.as_str()), "{name} in {parent}");
                    }
                    let own: BTreeMap<String, String> = element
                        .attributes()
                        .map(|attribute| {
                            let attribute = attribute.unwrap();
                            let key = attribute.key.as_ref().to_owned();
                            assert!(attributes.contains(&key.as_str()), "{key} of {name}");
                            (
                                key,
                                quick_xml::escape::unescape(&attribute.value)
                                    .unwrap()
                                    .into_owned(),
                            )
                        })
                        .collect();
                    found.push((name.clone(), own, String::new()));
                    if matches!(event, Event::Start(_)) {
                        open.push((name, found.len() - 1));
                    }
                }
                Event::Text(text) => {
                    if let Some((_, at)) = open.last() {
                        found[*at].2.push_str(text);
                    }
                }
                Event::GeneralRef(name) => {
                    let text = format!("&{};", &**name);
                    let text = quick_xml::escape::unescape(&text).unwrap();
                    let (_, at) = open.last().unwrap();
                    found[*at].2.push_str(&text);
                }
                Event::End(_) => {
                    open.pop();
                }
                Event::Eof => return found,
                _ => {}
            }
        }
    }

    fn outcome(verdict: Verdict, output: &[&str]) -> Outcome {
        Outcome {
            verdict,
            duration: Duration::from_millis(1_500),
            events: vec![("payment.settled".to_owned(), 2)],
            server_output: output.iter().map(|line| (*line).to_owned()).collect(),
        }
    }

    fn failed(kind: Kind, got: &str) -> Verdict {
        Verdict::Failed(Box::new(Failure::new(kind, "what < was & expected", got)))
    }

    fn case(name: &str, outcome: Outcome) -> Case {
        Case {
            name: name.to_owned(),
            outcome: Ok(outcome),
        }
    }

    #[test]
    fn every_outcome_is_of_the_schema_and_is_counted() {
        let suites = [
            Suite {
                file: "a.toml".to_owned(),
                cases: vec![
                    case("holds", outcome(Verdict::Held, &[])),
                    case("fails", outcome(failed(Kind::Unmet, "nothing"), &["said"])),
                    case(
                        "does not start",
                        outcome(failed(Kind::Failure, "no such file"), &[]),
                    ),
                    case("not run", Outcome::skipped()),
                ],
            },
            Suite {
                file: "b.toml".to_owned(),
                cases: vec![Case {
                    name: "the file".to_owned(),
                    outcome: Err(CliError::usage("b.toml:1: wrong").hint("right")),
                }],
            },
        ];
        let found = read(&to_xml(&suites, &jiff::Timestamp::UNIX_EPOCH).unwrap());
        let names: Vec<&str> = found.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "testsuites",
                "testsuite",
                "testcase",
                "testcase",
                "failure",
                "system-out",
                "testcase",
                "error",
                "testcase",
                "skipped",
                "testsuite",
                "testcase",
                "error",
            ]
        );
        let counts = |at: usize| {
            ["tests", "failures", "errors", "skipped"]
                .map(|name| found[at].1.get(name).map(String::as_str))
        };
        assert_eq!(counts(0), [Some("5"), Some("1"), Some("2"), None]);
        assert_eq!(counts(1), [Some("4"), Some("1"), Some("1"), Some("1")]);
        assert_eq!(found[1].1["timestamp"], "1970-01-01T00:00:00");
        assert_eq!(found[1].1["time"], "4.500");
        assert_eq!(found[4].1["type"], "expectation_unmet");
        assert!(
            found[4].2.contains("expected  what < was & expected"),
            "{}",
            found[4].2
        );
        assert_eq!(found[5].2, "said");
        assert_eq!(found[12].2, "b.toml:1: wrong\nright");
    }

    #[test]
    fn what_xml_cannot_hold_is_written_out_and_keys_are_not() {
        let hostile = "\u{1b}[31m ]]> <b attr=\"1\"> & \u{0} \u{ffff} sk_test_abc123 \u{202e}";
        let mut nasty = outcome(failed(Kind::Endpoint, hostile), &[hostile, "two\u{8}"]);
        nasty.events.clear();
        let suites = [Suite {
            file: hostile.to_owned(),
            cases: vec![case(hostile, nasty)],
        }];
        let text = to_xml(&suites, &jiff::Timestamp::UNIX_EPOCH).unwrap();
        let found = read(&text);
        let shown = "\\u{1b}[31m ]]> <b attr=\"1\"> & \\u{0} \u{fffd} sk_test_… \\u{202e}";
        assert_eq!(found[1].1["name"], shown);
        assert_eq!(found[2].1["name"], shown);
        assert_eq!(found[4].0, "system-out");
        assert_eq!(found[4].2, format!("{shown}\ntwo\\u{{8}}"));
        assert!(!String::from_utf8(text).unwrap().contains("abc123"));
    }

    #[test]
    fn the_report_is_there_before_anything_ran_and_replaced_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.xml");
        let mut suites = [Suite {
            file: "a.toml".to_owned(),
            cases: vec![case("a", Outcome::skipped())],
        }];
        let report = Report::begin(&path, &suites).unwrap();
        let first = read(&std::fs::read(&path).unwrap());
        assert_eq!(first.last().unwrap().0, "skipped");
        suites[0].cases[0].outcome = Ok(outcome(Verdict::Held, &[]));
        report.write(&suites).unwrap();
        let last = read(&std::fs::read(&path).unwrap());
        assert_eq!(last.last().unwrap().0, "testcase");
        let nowhere = directory.path().join("no/such/report.xml");
        let error = Report::begin(&nowhere, &suites).err().unwrap();
        assert!(error.message.contains("cannot write"), "{error}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
