//! Owns the ways in which a body is altered before its signature is verified: by servers that parse
//! it first, by editors that save it.
//!
//! Pure. Knows nothing of who asks: the signature doctor of `listen`, and `webhooks verify`.

use std::fmt::Write as _;

use serde::Serialize;

/// One way. Part of the NDJSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Alteration {
    NewlineAdded,
    NewlineRemoved,
    /// A parser had read the body before, and nothing was left of it.
    Empty,
    /// JavaScript's text of an object: a parser had read the body before.
    ParsedObject,
    /// As `JSON.stringify` writes it.
    Compact,
    /// As Python's `json.dumps` writes it.
    Spaced,
    /// As PHP's `json_encode` writes it.
    Escaped,
    /// With two blanks for each level.
    Indented,
    /// Compact, with the keys in order of the alphabet.
    Sorted,
}

impl Alteration {
    /// Returns what became of the body, after "the body …".
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::NewlineAdded => "had a line feed added at its end",
            Self::NewlineRemoved => "had white space at its end taken away",
            Self::Empty => "had been read by a parser before, and was empty",
            Self::ParsedObject => "had been parsed before: `[object Object]` was verified",
            Self::Compact => "was parsed and written again, without white space",
            Self::Spaced => "was parsed and written again, as Python's json.dumps does",
            Self::Escaped => "was parsed and written again, as PHP's json_encode does",
            Self::Indented => "was parsed and written again, indented",
            Self::Sorted => "was parsed and written again, with its keys sorted",
        }
    }

    /// Returns whether the body went through a parser of JSON.
    pub(crate) fn is_parsed(self) -> bool {
        !matches!(self, Self::NewlineAdded | Self::NewlineRemoved)
    }
}

/// Returns what the body may have become, most likely first; only what differs from it, each once.
pub(crate) fn alterations(body: &[u8]) -> Vec<(Alteration, Vec<u8>)> {
    let mut found: Vec<(Alteration, Vec<u8>)> = Vec::new();
    let mut add = |alteration, altered: Vec<u8>| {
        if altered != body && found.iter().all(|(_, known)| *known != altered) {
            found.push((alteration, altered));
        }
    };
    add(Alteration::ParsedObject, b"[object Object]".to_vec());
    add(Alteration::Empty, Vec::new());
    add(Alteration::NewlineAdded, [body, b"\n"].concat());
    add(Alteration::NewlineRemoved, body.trim_ascii_end().to_vec());
    let json = std::str::from_utf8(body)
        .ok()
        .and_then(|text| Some((text, serde_json::from_str::<serde_json::Value>(text).ok()?)));
    if let Some((text, value)) = json {
        for (alteration, style) in [
            (Alteration::Compact, COMPACT),
            (Alteration::Spaced, PYTHON),
            (Alteration::Escaped, PHP),
            (Alteration::Indented, INDENTED),
        ] {
            add(alteration, rewrite(text, style).into_bytes());
        }
        add(Alteration::Sorted, sorted(&value).into_bytes());
    }
    found
}

/// How JSON is written.
#[derive(Clone, Copy)]
struct Style {
    after_comma: &'static str,
    after_colon: &'static str,
    indented: bool,
    ascii_only: bool,
    escaped_slash: bool,
}

const COMPACT: Style = Style {
    after_comma: "",
    after_colon: "",
    indented: false,
    ascii_only: false,
    escaped_slash: false,
};
const PYTHON: Style = Style {
    after_comma: " ",
    after_colon: " ",
    ascii_only: true,
    ..COMPACT
};
const PHP: Style = Style {
    ascii_only: true,
    escaped_slash: true,
    ..COMPACT
};
const INDENTED: Style = Style {
    after_colon: " ",
    indented: true,
    ..COMPACT
};

/// Writes valid JSON again in another style, its keys in the order they have: a parser and writer
/// in one, without one's opinion of numbers.
fn rewrite(json: &str, style: Style) -> String {
    let mut written = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut characters = json.chars().peekable();
    let line = |written: &mut String, depth: usize| {
        if style.indented {
            written.push('\n');
            written.push_str(&"  ".repeat(depth));
        }
    };
    while let Some(c) = characters.next() {
        if in_string {
            match c {
                '/' if style.escaped_slash && !escaped => written.push_str("\\/"),
                c if style.ascii_only && !c.is_ascii() => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        // Writing to a String cannot fail.
                        let _ = write!(written, "\\u{unit:04x}");
                    }
                }
                c => written.push(c),
            }
            in_string = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                written.push(c);
            }
            '{' | '[' => {
                written.push(c);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(close) = characters.next_if(|c| matches!(c, '}' | ']')) {
                    written.push(close);
                } else {
                    depth += 1;
                    line(&mut written, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut written, depth);
                written.push(c);
            }
            ',' => {
                written.push(',');
                written.push_str(style.after_comma);
                line(&mut written, depth);
            }
            ':' => {
                written.push(':');
                written.push_str(style.after_colon);
            }
            c if c.is_ascii_whitespace() => {}
            c => written.push(c),
        }
    }
    written
}

/// Writes JSON compact and with sorted keys, whatever order `serde_json` is built to keep.
fn sorted(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(fields) => {
            let fields: std::collections::BTreeMap<_, _> = fields.iter().collect();
            let fields: Vec<String> = fields
                .into_iter()
                .map(|(name, value)| format!("{}:{}", serde_json::json!(name), sorted(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(sorted).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"b":[1,{}, []],"a":{"url":"https://é/\"\\","n":4999.0}}"#;

    fn altered(body: &str, wanted: Alteration) -> Option<String> {
        alterations(body.as_bytes())
            .into_iter()
            .find(|(alteration, _)| *alteration == wanted)
            .map(|(_, altered)| String::from_utf8(altered).unwrap())
    }

    #[test]
    fn json_is_written_again_as_others_write_it() {
        // As node 20 and python 3.11 write it; PHP's by its manual. The number stays as it is: node
        // drops its `.0`.
        for (style, expected) in [
            (
                Alteration::Compact,
                r#"{"b":[1,{},[]],"a":{"url":"https://é/\"\\","n":4999.0}}"#,
            ),
            (
                Alteration::Spaced,
                r#"{"b": [1, {}, []], "a": {"url": "https://\u00e9/\"\\", "n": 4999.0}}"#,
            ),
            (
                Alteration::Escaped,
                r#"{"b":[1,{},[]],"a":{"url":"https:\/\/\u00e9\/\"\\","n":4999.0}}"#,
            ),
            (
                Alteration::Indented,
                "{\n  \"b\": [\n    1,\n    {},\n    []\n  ],\n  \"a\": {\n    \"url\": \
                 \"https://é/\\\"\\\\\",\n    \"n\": 4999.0\n  }\n}",
            ),
            (
                Alteration::Sorted,
                r#"{"a":{"n":4999.0,"url":"https://é/\"\\"},"b":[1,{},[]]}"#,
            ),
        ] {
            assert_eq!(altered(BODY, style).as_deref(), Some(expected), "{style:?}");
        }
    }

    #[test]
    fn only_what_differs_is_returned_and_each_once() {
        let compact = r#"{"a":1}"#;
        assert_eq!(altered(compact, Alteration::Compact), None);
        assert_eq!(altered(compact, Alteration::Sorted), None);
        assert_eq!(altered(compact, Alteration::NewlineRemoved), None);
        assert_eq!(
            altered("{}\r\n", Alteration::NewlineRemoved).as_deref(),
            Some("{}")
        );
        assert_eq!(altered("no json", Alteration::Spaced), None);
        assert_eq!(altered("", Alteration::Empty), None);
        assert!(alterations(b"\xff\xfe").len() <= 4);
    }
}
