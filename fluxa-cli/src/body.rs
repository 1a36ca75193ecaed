//! Owns reading a body that was named on the command line: JSON as it is, a file, or stdin.

use std::collections::HashSet;
use std::path::Path;

use fluxa_sdk::contract;
use serde_json::Value;

use crate::error::{CliError, Result};
use crate::input;
use crate::json_text::JsonText;
use crate::ui::Ui;

/// Reads what `--data` names. Nothing of it is in an error: it may be a secret.
pub(crate) fn read(data: &str, ui: &Ui) -> Result<Value> {
    let (text, from) = match data.strip_prefix('@') {
        _ if data == "-" => (ui.read_stdin()?, "stdin".to_owned()),
        Some("-") => (ui.read_stdin()?, "stdin".to_owned()),
        Some(path) => {
            // More than that the API does not take.
            let largest = contract::REQUEST_BODY_MAX_BYTES as u64;
            (input::read_text(Path::new(path), largest)?, path.to_owned())
        }
        None => (data.to_owned(), "--data".to_owned()),
    };
    if let Some(name) = JsonText::parse(&text).ok().and_then(twice) {
        return Err(CliError::usage(format!("{from} has `{name}` twice"))
            .hint("one of them would be sent, and the other would not"));
    }
    serde_json::from_str(&text).map_err(|error| {
        let hint = match data.starts_with(['{', '[', '@', '-']) {
            true => "JSON is like {\"name\": \"Zoë\"}",
            false => "is it a file? write --data @FILE",
        };
        CliError::usage(format!("{from} is no JSON: {}", place(&error))).hint(hint)
    })
}

/// Returns the name of a member that an object has more than once: which of them counts is anybody's
/// guess.
fn twice(json: JsonText) -> Option<String> {
    match json {
        JsonText::Object(fields) => {
            let mut seen = HashSet::new();
            let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
            let found = names.into_iter().find(|name| !seen.insert(name.clone()));
            found.or_else(|| values.into_iter().find_map(twice))
        }
        JsonText::Array(items) => items.into_iter().find_map(twice),
        JsonText::Scalar(_) => None,
    }
}

/// Says where JSON is wrong, without what stands there.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too soon",
        _ => "it is wrong",
    };
    format!("{what} at line {}, column {}", error.line(), error.column())
}
