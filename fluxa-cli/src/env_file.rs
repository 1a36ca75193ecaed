//! Owns `--write-env FILE:NAME`: one variable put into a dotenv file, all else left as it stands.
//!
//! The secret goes to the file and nowhere else. Knows nothing of what it is.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::Result;
use crate::private_file;
use crate::ui::Ui;

/// A variable in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EnvTarget {
    file: PathBuf,
    name: String,
}

impl FromStr for EnvTarget {
    type Err = String;

    /// Reads `FILE:NAME`. The name stands after the last colon: `C:\shop\.env:NAME` is a file too.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "not FILE:NAME, such as .env:FLUXA_WEBHOOK_SECRET".to_owned();
        let (file, name) = text.rsplit_once(':').ok_or_else(wrong)?;
        let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let is_name = starts && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        match is_name && !file.is_empty() {
            true => Ok(Self {
                file: file.into(),
                name: name.to_owned(),
            }),
            false => Err(wrong()),
        }
    }
}

impl EnvTarget {
    /// Returns the file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the name of the variable.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Puts the value into the file, in the place of the one that was there.
    ///
    /// The file is replaced whole: a crash, or a full disk, leaves it as it was. It is 0600
    /// afterwards, and never a link.
    pub(crate) fn write(&self, value: &str, ui: &Ui) -> Result<()> {
        private_file::replace(&self.file, ui, |text| {
            Ok(with_variable(&text.unwrap_or_default(), &self.name, value))
        })
    }
}

/// Returns the text with the variable set: at its last place, else at the end. Earlier places of it
/// go: a reader that takes the first would read the old value.
fn with_variable(text: &str, name: &str, value: &str) -> String {
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let is_it = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").map_or(line, str::trim_start);
        line.strip_prefix(name)
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.iter().rposition(|line| is_it(line));
    let mut written = String::with_capacity(text.len() + name.len() + value.len() + 2);
    let set = format!("{name}={value}");
    for (at, line) in lines.iter().enumerate() {
        if last == Some(at) {
            let exported = line.trim_start().starts_with("export ");
            written.push_str(if exported { "export " } else { "" });
            written.push_str(&set);
        } else if is_it(line) {
            continue;
        } else {
            written.push_str(line);
        }
        written.push_str(ending);
    }
    if last.is_none() {
        written.push_str(&set);
        written.push_str(ending);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_file_and_a_name() {
        let target: EnvTarget = r"C:\shop\.env:FLUXA_WEBHOOK_SECRET".parse().unwrap();
        assert_eq!(target.file(), Path::new(r"C:\shop\.env"));
        assert_eq!(target.name(), "FLUXA_WEBHOOK_SECRET");
        for wrong in [
            "", ".env", ".env:", ":NAME", ".env:1A", ".env:A B", ".env:A=B",
        ] {
            assert!(wrong.parse::<EnvTarget>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_variable_changes_and_is_there_once() {
        for (before, after) in [
            ("", "A=new\n"),
            ("B=1", "B=1\nA=new\n"),
            ("# note\nA=old\n\nB=1\n", "# note\nA=new\n\nB=1\n"),
            ("export A = 'old'\n", "export A=new\n"),
            ("A=1\nB=2\nA=3\n", "B=2\nA=new\n"),
            ("AB=1\nBA=2\n", "AB=1\nBA=2\nA=new\n"),
            ("B=1\r\nA=old\r\n", "B=1\r\nA=new\r\n"),
        ] {
            assert_eq!(with_variable(before, "A", "new"), after, "{before:?}");
        }
    }
}
