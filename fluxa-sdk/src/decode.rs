//! Explaining why JSON could not be read: where, and what, without quoting it.
//!
//! Owns turning a position into a path. It scans the text instead of wrapping the deserialiser
//! (`serde_path_to_error`), which would compile every response type a second time for the sake of
//! an error; and it never repeats a value, since errors end up in logs and bodies must not.

/// Returns the path and the reason of `error`, which arose from reading `body`.
pub(crate) fn explain(body: &[u8], error: &serde_json::Error) -> (String, String) {
    let reason = match error.classify() {
        serde_json::error::Category::Data => redact(&error.to_string()),
        serde_json::error::Category::Eof => "the JSON ends too early".to_owned(),
        _ if body.is_empty() => "it is empty".to_owned(),
        _ => "it is not JSON".to_owned(),
    };
    let path = path_at(body, error.line(), error.column());
    (path, reason)
}

/// Returns serde's words without the value they quote.
fn redact(text: &str) -> String {
    let text = text
        .rsplit_once(" at line ")
        .map_or(text, |(words, _)| words);
    if text.starts_with("missing field") || text.starts_with("duplicate field") {
        return text.to_owned();
    }
    let known = ["invalid type: ", "invalid value: ", "invalid length "];
    if known.iter().any(|start| text.starts_with(start))
        && let Some((found, expected)) = text.rsplit_once(", expected ")
    {
        let found = found
            .split(['"', '`', '\''])
            .next()
            .unwrap_or_default()
            .trim_end();
        return format!("{found}, expected {expected}");
    }
    "the value does not have the expected form".to_owned()
}

/// The deepest level a path names; what is below it is counted, not kept.
const MAX_LEVELS: usize = 32;
/// The most bytes of one key a path repeats; the error shortens the whole.
const MAX_KEY_BYTES: usize = 2048;

enum Frame<'a> {
    Object {
        key: Option<&'a [u8]>,
        in_value: bool,
    },
    Array {
        index: usize,
    },
}

/// Where the scan is: the outer levels, and how many more there are within them.
#[derive(Default)]
struct Position<'a> {
    frames: Vec<Frame<'a>>,
    deeper: usize,
}

impl<'a> Position<'a> {
    fn enter(&mut self, frame: Frame<'a>) {
        match self.frames.len() < MAX_LEVELS {
            true => self.frames.push(frame),
            false => self.deeper += 1,
        }
    }

    fn leave(&mut self) {
        match self.deeper.checked_sub(1) {
            Some(deeper) => self.deeper = deeper,
            None => drop(self.frames.pop()),
        }
    }

    /// Returns the innermost level, unless it is too deep to be kept.
    fn innermost(&mut self) -> Option<&mut Frame<'a>> {
        match self.deeper {
            0 => self.frames.last_mut(),
            _ => None,
        }
    }
}

/// Returns the path of the value being read at a line and column of `body`, both from 1.
///
/// One pass over the body and a bounded memory: the body may be hostile.
fn path_at(body: &[u8], line: usize, column: usize) -> String {
    let line_start = match line {
        0 | 1 => 0,
        _ => {
            let mut breaks = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            breaks.nth(line - 2).map_or(body.len(), |(at, _)| at + 1)
        }
    };
    let end = line_start.saturating_add(column).min(body.len());
    let mut position = Position::default();
    let mut at = 0;
    while at < end {
        match body[at] {
            b'"' => at = string(body, at, end, &mut position),
            b'{' => position.enter(Frame::Object {
                key: None,
                in_value: false,
            }),
            b'[' => position.enter(Frame::Array { index: 0 }),
            b'}' | b']' => position.leave(),
            b':' => {
                if let Some(Frame::Object { in_value, .. }) = position.innermost() {
                    *in_value = true;
                }
            }
            b',' => match position.innermost() {
                Some(Frame::Object { key, in_value }) => (*key, *in_value) = (None, false),
                Some(Frame::Array { index }) => *index += 1,
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    write_path(&position)
}

/// Skips the string that starts at `start`, noting it when it is a key; returns its last index.
fn string<'a>(body: &'a [u8], start: usize, end: usize, position: &mut Position<'a>) -> usize {
    let mut at = start + 1;
    while at < end && body[at] != b'"' {
        at += if body[at] == b'\\' { 2 } else { 1 };
    }
    if let Some(Frame::Object {
        key,
        in_value: false,
    }) = position.innermost()
    {
        *key = body.get(start + 1..at.min(end));
    }
    at
}

fn write_path(position: &Position<'_>) -> String {
    let mut path = String::new();
    for frame in &position.frames {
        match frame {
            Frame::Object { key: Some(key), .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                let key = &key[..key.len().min(MAX_KEY_BYTES)];
                path.push_str(&String::from_utf8_lossy(key));
            }
            Frame::Object { key: None, .. } => {}
            Frame::Array { index } => path.push_str(&format!("[{index}]")),
        }
    }
    if position.deeper > 0 {
        path.push('…');
    }
    path
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde::Deserialize;

    use super::*;
    use crate::error::{DecodeError, Trace};

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Page {
        data: Vec<Item>,
        has_more: bool,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Item {
        id: String,
        amount: i64,
    }

    fn explained(body: &str) -> (String, String) {
        explain(
            body.as_bytes(),
            &serde_json::from_str::<Page>(body).unwrap_err(),
        )
    }

    /// The path as an error keeps it.
    fn kept(body: &str) -> String {
        let (path, reason) = explained(body);
        let error = DecodeError::new(Trace::default(), path, reason, Bytes::new());
        error.path().to_owned()
    }

    #[test]
    fn the_path_names_the_value_and_the_reason_quotes_nothing() {
        let body = "{\n \"data\": [{\"id\":\"a\",\"amount\":1},\n {\"id\":\"b\\\"{[\",\
                    \"amount\":\"hunter2\"}], \"has_more\": false}";
        let (path, reason) = explained(body);
        assert_eq!(path, "data[1].amount");
        assert_eq!(reason, "invalid type: string, expected i64");
    }

    #[test]
    fn a_missing_field_is_named_with_its_object() {
        let (path, reason) = explained(r#"{"data":[{"id":"a"}],"has_more":false}"#);
        assert_eq!(
            (path.as_str(), reason.as_str()),
            ("data[0]", "missing field `amount`")
        );
    }

    #[test]
    fn what_is_no_json_is_said_to_be_none() {
        assert_eq!(
            explained("<html>hush</html>"),
            (String::new(), "it is not JSON".to_owned())
        );
        assert_eq!(explained("{\"data\":[").1, "the JSON ends too early");
    }

    #[test]
    fn a_path_neither_grows_with_the_depth_nor_steers_a_terminal() {
        let deep = format!("{{\"data\":[],\"other\":{}", "{\"a\":".repeat(100_000));
        let (path, reason) = explained(&deep);
        assert_eq!(reason, "the JSON ends too early");
        assert!(
            path.starts_with("other.a.a.") && path.ends_with('…'),
            "{path}"
        );
        assert!(path.chars().count() <= MAX_LEVELS * 2 + 10, "{path}");

        let wide = format!("{{\"{}\":tru", "wide".repeat(100_000));
        let path = kept(&wide);
        assert!(
            path.starts_with("widewide") && path.ends_with('…'),
            "{path}"
        );
        assert_eq!(path.chars().count(), 257);

        let hostile = "{\"\u{9b}[2J\u{202e}\u{200b}evil\u{feff}\":tru";
        assert_eq!(kept(hostile), "[2Jevil");
    }

    #[test]
    fn levels_too_deep_to_be_named_are_left_again() {
        let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let body = format!("{{\"x\":{nested},\"has_more\":1}}");
        assert_eq!(explained(&body).0, "has_more");
    }

    #[test]
    fn words_of_unknown_origin_are_dropped() {
        assert!(!redact("failed to parse hunter2 as a date").contains("hunter2"));
        assert!(!redact("unknown variant `hunter2`, expected `a`").contains("hunter2"));
    }
}
