//! Owns `--write-env FILE:NAME`: one variable put into a dotenv file, all else left as it stands.
//!
//! The secret goes to the file and nowhere else. Knows nothing of what it is.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::error::{CliError, Result};
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

impl fmt::Display for EnvTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file.display(), self.name)
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

    /// Refuses a file that a value cannot be put into: before there is a value that is shown once.
    pub(crate) fn check(&self, ui: &Ui) -> Result<()> {
        self.check_directory()?;
        let text = private_file::read(&self.file, ui)?.unwrap_or_default();
        self.with(&text, "").map(drop)
    }

    /// Puts the value into the file, in the place of the one that was there.
    ///
    /// The file is replaced whole: a crash, or a full disk, leaves it as it was. It is 0600
    /// afterwards, and never a link.
    pub(crate) fn write(&self, value: &str, ui: &Ui) -> Result<()> {
        self.check_directory()?;
        private_file::replace(&self.file, ui, |text| {
            self.with(&text.unwrap_or_default(), value)
        })
    }

    fn check_directory(&self) -> Result<()> {
        let directory = match self.file.parent() {
            Some(directory) if !directory.as_os_str().is_empty() => directory,
            _ => return Ok(()),
        };
        match directory.is_dir() {
            true => Ok(()),
            false => {
                let (directory, file) = (directory.display(), self.file.display());
                let fault = format!("cannot write {file}: there is no directory {directory}");
                Err(CliError::failure(fault).hint(format!("make it first: `mkdir -p {directory}`")))
            }
        }
    }

    fn with(&self, text: &str, value: &str) -> Result<String> {
        with_variable(text, &self.name, value).map_err(|line| {
            let fault = format!(
                "{}:{line}: a quote opens and does not close",
                self.file.display()
            );
            CliError::failure(fault).hint("close it: nobody can tell where its value ends")
        })
    }
}

/// A variable that is set in a text.
struct Assignment<'t> {
    name: &'t str,
    exported: bool,
    /// All of its lines, with the end of the last.
    lines: Range<usize>,
    /// The comment behind its value, with the space before.
    comment: &'t str,
}

/// Returns the text with the variable set: at its last place, else at the end. Earlier places of it
/// go: a reader that takes the first would read the old value.
///
/// # Errors
/// The line of a quote that does not close.
fn with_variable(text: &str, name: &str, value: &str) -> Result<String, usize> {
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let places: Vec<Assignment<'_>> = assignments(text)?
        .into_iter()
        .filter(|assignment| assignment.name == name)
        .collect();
    let mut written = String::with_capacity(text.len() + name.len() + value.len() + 2);
    let mut at = 0;
    for (index, place) in places.iter().enumerate() {
        written.push_str(&text[at..place.lines.start]);
        if index + 1 == places.len() {
            let export = if place.exported { "export " } else { "" };
            written += &format!("{export}{name}={value}{}{ending}", place.comment);
        }
        at = place.lines.end;
    }
    written.push_str(&text[at..]);
    if places.is_empty() {
        if !text.is_empty() && !text.ends_with('\n') {
            written.push_str(ending);
        }
        written += &format!("{name}={value}{ending}");
    }
    Ok(written)
}

/// Returns the variables that a text sets. What is in quotes may go over several lines, and lines in it
/// set nothing.
fn assignments(text: &str) -> Result<Vec<Assignment<'_>>, usize> {
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        at = line_end(start);
        let Some((name, exported, value_at)) = assignment(&text[start..at]) else {
            continue;
        };
        let value_at = start + value_at;
        let behind = match text[value_at..].chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => {
                let inside = value_at + 1;
                let closes = closing(&text[inside..], quote);
                let line = text[..start].matches('\n').count() + 1;
                inside + closes.ok_or(line)? + 1
            }
            _ => value_at + unquoted(&text[value_at..at]),
        };
        at = line_end(behind);
        let rest = text[behind..at].trim_end();
        let is_comment = rest.starts_with([' ', '\t']) && rest.trim_start().starts_with('#');
        found.push(Assignment {
            name,
            exported,
            lines: start..at,
            comment: if is_comment { rest } else { "" },
        });
    }
    Ok(found)
}

/// Returns the name that a line sets, whether it is exported, and where its value starts.
fn assignment(line: &str) -> Option<(&str, bool, usize)> {
    let (before, after) = line.split_once('=')?;
    let name = before.trim();
    let (name, exported) = match name.strip_prefix("export ") {
        Some(name) => (name.trim_start(), true),
        None => (name, false),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let value = after.trim_start_matches([' ', '\t']);
    // An empty value, and a comment behind it.
    let value = if value.starts_with('#') { after } else { value };
    Some((name, exported, line.len() - value.len()))
}

/// Returns where a quote closes; in double quotes a backslash keeps one from doing so.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let closes = c == quote && !escaped;
        escaped = quote == '"' && c == '\\' && !escaped;
        closes.then_some(at)
    })
}

/// Returns how long a value without quotes is: to the comment behind it, or the end of its line.
fn unquoted(line: &str) -> usize {
    let comment = [" #", "\t#"]
        .iter()
        .filter_map(|mark| line.find(*mark))
        .min();
    let value = &line[..comment.unwrap_or(line.len())];
    value.trim_end().len()
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
            ("A=old # note\n", "A=new # note\n"),
            ("A='old' # it's\nB=1", "A=new # it's\nB=1"),
            ("A= # note\n", "A=new # note\n"),
            ("A=o#ld\n", "A=new\n"),
            (
                "# A=1 isn't it\nB=don't\n",
                "# A=1 isn't it\nB=don't\nA=new\n",
            ),
        ] {
            let written = with_variable(before, "A", "new");
            assert_eq!(written.as_deref(), Ok(after), "{before:?}");
        }
    }

    #[test]
    fn what_stands_in_quotes_over_several_lines_is_one_value() {
        for (before, after) in [
            // What looks like the variable is a part of another.
            (
                "PEM=\"-----BEGIN\nA=old\n-----END\"\nB=1\n",
                "PEM=\"-----BEGIN\nA=old\n-----END\"\nB=1\nA=new\n",
            ),
            ("B='x\nA=old'\nA=1\n", "B='x\nA=old'\nA=new\n"),
            ("A=\"line1\nend\" # note\nB=1\n", "A=new # note\nB=1\n"),
            ("B=\"a\\\"\nA=2\"\n", "B=\"a\\\"\nA=2\"\nA=new\n"),
            ("B=`x\r\nA=1`\r\n", "B=`x\r\nA=1`\r\nA=new\r\n"),
        ] {
            let written = with_variable(before, "A", "new");
            assert_eq!(written.as_deref(), Ok(after), "{before:?}");
        }
        for (unclosed, line) in [("B=1\nC=\"x\nA=old\n", 2), ("A='old\n", 1)] {
            assert_eq!(
                with_variable(unclosed, "A", "new"),
                Err(line),
                "{unclosed:?}"
            );
        }
    }
}
