//! Owns the file of `--record`: one JSON object a line, each written whole as it happens, and reading
//! it again.
//!
//! A line goes to the system in one write, so a killed process loses no line before it. What a kill
//! or a full disk cut off is the last line: reading leaves it out, and appending takes it away.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};

use super::Incoming;
use super::chaos::Trouble;
use super::forwarder::Answer;
use crate::error::{CliError, Result};
use crate::private_file;

/// The form of the file. A reader refuses a newer one.
const VERSION: u32 = 1;

/// The longest line that is read: the longest event with all that JSON may make of its bytes.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Record {
    /// A session begins. The first line of every recording, and of every session in it.
    Recording {
        version: u32,
        at: Timestamp,
        session: String,
        api_base: String,
    },
    /// An event arrived.
    Event {
        at: Timestamp,
        id: String,
        event_type: String,
        object: Option<String>,
        #[serde(flatten)]
        body: Body,
    },
    /// It was sent, and this came of it.
    Attempt {
        at: Timestamp,
        event: String,
        target: String,
        delivery: String,
        attempt: u32,
        headers: BTreeMap<String, String>,
        status: Option<u16>,
        error: Option<String>,
        duration_ms: f64,
        chaos: Option<Trouble>,
    },
    /// Of a later version.
    #[serde(other)]
    Unknown,
}

/// The bytes of a body: as text, or in hexadecimal where they are no text.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Body {
    Text { body: String },
    Bytes { body_hex: String },
}

impl Body {
    fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text { body: text.into() },
            Err(_) => Self::Bytes {
                body_hex: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            },
        }
    }

    /// Returns the bytes; `None` when they are no hexadecimal digits.
    pub(crate) fn bytes(self) -> Option<Bytes> {
        match self {
            Self::Text { body } => Some(body.into()),
            Self::Bytes { body_hex } => {
                let (pairs, rest) = body_hex.as_bytes().as_chunks::<2>();
                let digits = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
                let bytes: Option<Vec<u8>> = pairs.iter().map(|pair| digits(pair)).collect();
                bytes.filter(|_| rest.is_empty()).map(Bytes::from)
            }
        }
    }
}

/// Writes a recording.
pub(crate) struct Recorder {
    file: File,
    path: PathBuf,
}

/// One attempt, as it is recorded.
pub(crate) struct Sent<'a> {
    pub(crate) at: Timestamp,
    pub(crate) event: &'a Incoming,
    pub(crate) target: &'a str,
    pub(crate) delivery: &'a str,
    pub(crate) attempt: u32,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) answer: &'a Answer,
    pub(crate) chaos: Option<&'a Trouble>,
}

impl Recorder {
    /// Opens a recording, to add a session to what is there.
    ///
    /// # Errors
    /// When the file is there and is no recording: nothing is added to a file of another kind.
    pub(crate) fn open(path: &Path, session: &str, api_base: &str) -> Result<Self> {
        let failed = |error: io::Error| CliError::file("record to", path, &error);
        let mut file = private_file::append_to(path)?;
        if file.metadata().map_err(failed)?.len() > 0 {
            let mut first = String::new();
            // No first line of ours is as long as this.
            let start = BufReader::new(&file).take(64 * 1024).read_line(&mut first);
            match (start, serde_json::from_str(&first)) {
                (Ok(_), Ok(Record::Recording { version, .. })) if version <= VERSION => {}
                _ => {
                    return Err(CliError::failure(format!(
                        "{} is no recording of this version: it is left as it is",
                        path.display()
                    ))
                    .hint("name a new file; a recording is appended to"));
                }
            }
            cut_torn_line(&mut file).map_err(failed)?;
        }
        let mut recorder = Self {
            file,
            path: path.to_owned(),
        };
        recorder.write(&Record::Recording {
            version: VERSION,
            at: Timestamp::now(),
            session: session.to_owned(),
            api_base: api_base.to_owned(),
        })?;
        Ok(recorder)
    }

    pub(crate) fn event(&mut self, event: &Incoming) -> Result<()> {
        self.write(&Record::Event {
            at: Timestamp::now(),
            id: event.id.clone(),
            event_type: event.event_type.clone(),
            object: event.object.clone(),
            body: Body::of(&event.body),
        })
    }

    pub(crate) fn attempt(&mut self, sent: &Sent<'_>) -> Result<()> {
        let headers = sent.headers.iter().filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        });
        self.write(&Record::Attempt {
            at: sent.at,
            event: sent.event.id.clone(),
            target: sent.target.to_owned(),
            delivery: sent.delivery.to_owned(),
            attempt: sent.attempt,
            headers: headers.collect(),
            status: sent.answer.status,
            error: sent.answer.error.clone(),
            duration_ms: super::milliseconds(sent.answer.duration),
            chaos: sent.chaos.cloned(),
        })
    }

    fn write(&mut self, record: &Record) -> Result<()> {
        let mut line = serde_json::to_vec(record)
            .map_err(|error| CliError::failure(format!("cannot record: {error}")))?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(|error| CliError::file("record to", &self.path, &error))
    }
}

/// Takes away what stands after the last line's end.
fn cut_torn_line(file: &mut File) -> io::Result<()> {
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = [0; 8 * 1024];
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64);
        let length = usize::try_from(end - start).unwrap_or(block.len());
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block[..length])?;
        if let Some(at) = block[..length].iter().rposition(|byte| *byte == b'\n') {
            return file.set_len(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(())
}

/// An event of a recording, with the headers it was first sent with.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) at: Timestamp,
    pub(crate) event: Incoming,
    /// `None` when it was never sent.
    pub(crate) headers: Option<BTreeMap<String, String>>,
}

/// Reads a recording: its events in the order in which they came, and whether its last line was cut
/// off.
pub(crate) fn read(path: &Path) -> Result<(Vec<Recorded>, bool)> {
    let failed = |error: io::Error| CliError::file("read", path, &error);
    let mut lines = BufReader::new(File::open(path).map_err(failed)?);
    let mut events: Vec<Recorded> = Vec::new();
    let mut by_id = std::collections::HashMap::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut part = (&mut lines).take(LONGEST_LINE);
        if part.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        if !line.ends_with(b"\n") && part.limit() > 0 {
            return Ok((events, true));
        }
        let wrong = |why: &str| {
            CliError::failure(format!("{}, line {number}: {why}", path.display()))
                .hint("is it a recording? `fluxa listen --record FILE` makes one")
        };
        if !line.ends_with(b"\n") {
            return Err(wrong("it has no end within 16 MiB"));
        }
        let record: Record =
            serde_json::from_slice(&line).map_err(|error| wrong(&error.to_string()))?;
        match record {
            Record::Recording { version, .. } if version > VERSION => {
                return Err(wrong("it is of a newer version of fluxa"));
            }
            Record::Event { .. } | Record::Attempt { .. } | Record::Unknown if number == 1 => {
                return Err(wrong("a recording begins with a line of type `recording`"));
            }
            Record::Event {
                at,
                id,
                event_type,
                object,
                body,
            } => {
                let body = body
                    .bytes()
                    .ok_or_else(|| wrong("body_hex is no hexadecimal"))?;
                by_id.insert(id.clone(), events.len());
                let event = Incoming {
                    id,
                    event_type,
                    object,
                    body,
                    trouble: None,
                    ticket: super::cursor::Ticket::default(),
                };
                events.push(Recorded {
                    at,
                    event,
                    headers: None,
                });
            }
            Record::Attempt { event, headers, .. } => {
                if let Some(recorded) = by_id.get(&event).map(|at| &mut events[*at]) {
                    recorded.headers.get_or_insert(headers);
                }
            }
            Record::Recording { .. } | Record::Unknown => {}
        }
    }
    Ok((events, false))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn record(path: &Path, ids: &[&str]) -> Result<()> {
        let mut recorder = Recorder::open(path, "lst_1", "http://127.0.0.1:4010/v1")?;
        for id in ids {
            recorder.event(&Incoming::for_test(id, "payment.settled", "pay_1"))?;
        }
        Ok(())
    }

    fn ids(path: &Path) -> (Vec<String>, bool) {
        let (events, torn) = read(path).unwrap();
        (events.into_iter().map(|one| one.event.id).collect(), torn)
    }

    #[test]
    fn what_was_recorded_is_read_again_byte_for_byte() {
        let directory = directory();
        let path = directory.path().join("r.ndjson");
        let text = Incoming {
            body: Bytes::from_static(
                "{\n \"id\": \"evt_1\", \"£\": \"\u{2028}\u{1}\"}\r\n".as_bytes(),
            ),
            ..Incoming::for_test("evt_1", "payment.settled", "pay_1")
        };
        let bytes = Incoming {
            body: Bytes::from_static(b"\xff\x00{}"),
            ..Incoming::for_test("evt_2", "payment.settled", "pay_1")
        };
        let mut recorder = Recorder::open(&path, "lst_1", "http://x/v1").unwrap();
        recorder.event(&text).unwrap();
        recorder.event(&bytes).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("x-fluxa-signature", "t=1,v1=a".parse().unwrap());
        let answer = Answer {
            status: Some(200),
            error: None,
            duration: Duration::from_micros(1_500),
        };
        for attempt in 1..3 {
            recorder
                .attempt(&Sent {
                    at: Timestamp::now(),
                    event: &text,
                    target: "http://localhost/",
                    delivery: "dlv_1",
                    attempt,
                    headers: &headers,
                    answer: &answer,
                    chaos: None,
                })
                .unwrap();
            headers.insert("x-fluxa-signature", "t=2,v1=b".parse().unwrap());
        }
        let (read, torn) = read(&path).unwrap();
        assert!(!torn);
        assert_eq!(read[0].event.body, text.body);
        assert_eq!(read[1].event.body, bytes.body);
        // The headers are those of the first time.
        assert_eq!(
            read[0].headers.as_ref().unwrap()["x-fluxa-signature"],
            "t=1,v1=a"
        );
        assert!(read[1].headers.is_none());
    }

    #[test]
    fn a_second_session_is_appended_and_a_torn_line_is_taken_away_first() {
        let directory = directory();
        let path = directory.path().join("r.ndjson");
        record(&path, &["evt_1"]).unwrap();
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        // Longer than a block, and cut off.
        file.write_all(format!("{{\"type\":\"event\",\"id\":\"{}", "x".repeat(20_000)).as_bytes())
            .unwrap();
        assert_eq!(ids(&path), (vec!["evt_1".to_owned()], true));
        record(&path, &["evt_2"]).unwrap();
        assert_eq!(
            ids(&path),
            (vec!["evt_1".to_owned(), "evt_2".to_owned()], false)
        );
    }

    #[test]
    fn a_file_of_another_kind_is_left_as_it_is() {
        let directory = directory();
        for (name, text) in [
            ("source.js", "const a = 1;\n"),
            ("other.json", "{\"type\":\"event\"}\n"),
            (
                "newer.ndjson",
                "{\"type\":\"recording\",\"version\":2,\"at\":\"2026-01-01T00:00:00Z\",\"session\":\"\",\"api_base\":\"\"}\n",
            ),
            ("bytes", "\u{0}\n"),
        ] {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            assert!(record(&path, &["evt_1"]).is_err(), "{name}");
            assert!(read(&path).is_err(), "{name}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_line_without_an_end_is_not_read_for_ever() {
        let error = read(Path::new("/dev/zero")).unwrap_err();
        assert!(error.message.contains("no end"), "{}", error.message);
    }

    #[test]
    fn a_line_of_a_later_kind_is_passed_over_and_nonsense_is_named_by_its_line() {
        let directory = directory();
        let path = directory.path().join("r.ndjson");
        record(&path, &["evt_1"]).unwrap();
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        file.write_all(b"{\"type\":\"weather\",\"rain\":true}\n")
            .unwrap();
        assert_eq!(ids(&path).0, ["evt_1"]);
        file.write_all(b"{\"type\":\"event\"}\n").unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.message.contains("line 4"), "{}", error.message);
    }
}
