//! Owns reading a body that was named on the command line: JSON as it is, a file, or stdin.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use fluxa_sdk::contract;
use serde_json::Value;

use crate::error::{CliError, Result};
use crate::json_text::JsonText;
use crate::ui::Ui;

/// Reads what `--data` names. Nothing of it is in an error: it may be a secret.
pub(crate) fn read(data: &str, ui: &Ui) -> Result<Value> {
    let (text, from) = match data.strip_prefix('@') {
        _ if data == "-" => (ui.read_stdin()?, "stdin".to_owned()),
        Some("-") => (ui.read_stdin()?, "stdin".to_owned()),
        Some(path) => (read_file(Path::new(path))?, path.to_owned()),
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

fn read_file(path: &Path) -> Result<String> {
    let failed = |error: std::io::Error| CliError::file("read", path, &error);
    const LARGEST: usize = contract::REQUEST_BODY_MAX_BYTES;
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    // What never ends, such as a device, is not read to its end.
    file.take(LARGEST as u64 + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    match text.len() > LARGEST {
        true => Err(CliError::usage(format!(
            "{} is over 1 MiB, more than the API takes",
            path.display()
        ))),
        false => Ok(text),
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
