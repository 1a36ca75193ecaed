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
    (path_at(body, error.line(), error.column()), reason)
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

enum Frame {
    Object { key: Option<String>, in_value: bool },
    Array { index: usize },
}

/// Returns the path of the value being read at a line and column of `body`, both from 1.
fn path_at(body: &[u8], line: usize, column: usize) -> String {
    let line_start = match line {
        0 | 1 => 0,
        _ => {
            let mut breaks = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            breaks.nth(line - 2).map_or(body.len(), |(at, _)| at + 1)
        }
    };
    let end = line_start.saturating_add(column).min(body.len());
    let mut frames = Vec::new();
    let mut at = 0;
    while at < end {
        match body[at] {
            b'"' => at = string(body, at, end, &mut frames),
            b'{' => frames.push(Frame::Object {
                key: None,
                in_value: false,
            }),
            b'[' => frames.push(Frame::Array { index: 0 }),
            b'}' | b']' => {
                frames.pop();
            }
            b':' => {
                if let Some(Frame::Object { in_value, .. }) = frames.last_mut() {
                    *in_value = true;
                }
            }
            b',' => match frames.last_mut() {
                Some(Frame::Object { key, in_value }) => (*key, *in_value) = (None, false),
                Some(Frame::Array { index }) => *index += 1,
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    write_path(&frames)
}

/// Skips the string that starts at `start`, noting it when it is a key; returns its last index.
fn string(body: &[u8], start: usize, end: usize, frames: &mut [Frame]) -> usize {
    let mut at = start + 1;
    while at < end && body[at] != b'"' {
        at += if body[at] == b'\\' { 2 } else { 1 };
    }
    if let Some(Frame::Object {
        key,
        in_value: false,
    }) = frames.last_mut()
    {
        let text = body.get(start + 1..at.min(end)).unwrap_or_default();
        *key = Some(String::from_utf8_lossy(text).into_owned());
    }
    at
}

fn write_path(frames: &[Frame]) -> String {
    let mut path = String::new();
    for frame in frames {
        match frame {
            Frame::Object { key: Some(key), .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Frame::Object { key: None, .. } => {}
            Frame::Array { index } => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

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
    fn words_of_unknown_origin_are_dropped() {
        assert!(!redact("failed to parse hunter2 as a date").contains("hunter2"));
        assert!(!redact("unknown variant `hunter2`, expected `a`").contains("hunter2"));
    }
}
