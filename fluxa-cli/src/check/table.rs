//! Owns reading TOML so that every fault has its file and line, and what was probably meant.
//!
//! Knows nothing of scenarios.

use std::ops::Range;
use std::time::Duration;

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::cli::{duration, seconds};
use crate::error::{CliError, Kind, Result};
use crate::suggest;

/// A file: what it is called, and its text.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

impl Source {
    /// Returns the line that a byte is on, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// Returns a usage error about a place.
    pub(super) fn fault(&self, at: usize, what: impl std::fmt::Display) -> CliError {
        CliError::usage(format!("{}:{}: {what}", self.name, self.line(at)))
    }

    /// Reads the text as TOML.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'_>>> {
        DeTable::parse(&self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.fault(at, error.message())
        })
    }
}

/// A table of the file. `what` is what a person calls it.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    source: &'a Source,
    what: &'a str,
    at: usize,
    table: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        source: &'a Source,
        what: &'a str,
        at: usize,
        table: &'a DeTable<'a>,
    ) -> Self {
        Self {
            source,
            what,
            at,
            table,
        }
    }

    /// Returns the same table under another name.
    pub(super) fn named<'b>(&self, what: &'b str) -> Table<'b>
    where
        'a: 'b,
    {
        Table { what, ..*self }
    }

    /// Returns a usage error about the table itself.
    pub(super) fn fault(&self, what: impl std::fmt::Display) -> CliError {
        self.source.fault(self.at, what)
    }

    pub(super) fn line(&self) -> usize {
        self.source.line(self.at)
    }

    /// Refuses every key that is not among these.
    pub(super) fn only(&self, known: &[&str]) -> Result<()> {
        for (key, _) in self.table {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let fault = format!("{} has no `{name}`", self.what);
            let error = self.source.fault(key.span().start, fault);
            return Err(match suggest::closest(name, known.iter().copied()) {
                Some(closest) => error.hint(format!("did you mean `{closest}`?")),
                None => error.hint(format!("there are: {}", known.join(", "))),
            });
        }
        Ok(())
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.table.keys().map(|key| -> &'a str { key.get_ref() })
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn get(&self, key: &str) -> Option<Value<'a>> {
        let (key, value) = self.table.get_key_value(key)?;
        Some(Value {
            source: self.source,
            name: key.get_ref(),
            span: value.span(),
            value: value.get_ref(),
        })
    }

    /// Returns every entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = Value<'a>> {
        let source = self.source;
        self.table.iter().map(move |(key, value)| Value {
            source,
            name: key.get_ref(),
            span: value.span(),
            value: value.get_ref(),
        })
    }

    /// Returns what must be there.
    pub(super) fn need(&self, key: &str) -> Result<Value<'a>> {
        self.get(key)
            .ok_or_else(|| self.fault(format!("{} needs `{key}`", self.what)))
    }

    pub(super) fn to_json(self) -> Json {
        json(&DeValue::Table(self.table.clone()))
    }
}

/// A value of the file, with its name.
#[derive(Clone)]
pub(super) struct Value<'a> {
    source: &'a Source,
    pub(super) name: &'a str,
    span: Range<usize>,
    value: &'a DeValue<'a>,
}

impl<'a> Value<'a> {
    pub(super) fn fault(&self, what: impl std::fmt::Display) -> CliError {
        self.source.fault(self.span.start, what)
    }

    /// Puts the place before an error of someone else's.
    pub(super) fn place(&self, error: CliError) -> CliError {
        let line = self.source.line(self.span.start);
        let mut error = error.context(format!("{}:{line}", self.source.name));
        // Changes are flags on the command line, and keys here.
        error.message = unflagged(&error.message);
        error.hint = error.hint.as_deref().map(unflagged);
        error.kind = Kind::Usage;
        error
    }

    fn no(&self, what: &str) -> CliError {
        let is = match self.value.type_str() {
            "string" => "a text",
            "integer" => "a number",
            "float" => "a number with a fraction",
            "boolean" => "true or false",
            "array" => "a list",
            "table" => "a table",
            other => other,
        };
        self.fault(format!("`{}` is {what}, not {is}", self.name))
    }

    pub(super) fn text(&self) -> Result<&'a str> {
        match self.value {
            DeValue::String(text) => Ok(text),
            _ => Err(self.no("a text")),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool> {
        self.value.as_bool().ok_or_else(|| self.no("true or false"))
    }

    pub(super) fn count(&self) -> Result<u64> {
        let whole = "a whole number from 0 on";
        match json(self.value) {
            Json::Number(number) => number
                .as_u64()
                .ok_or_else(|| self.fault(format!("`{}` is {whole}, not {number}", self.name))),
            _ => Err(self.no(whole)),
        }
    }

    pub(super) fn number(&self) -> Result<f64> {
        let number = json(self.value).as_f64();
        number.ok_or_else(|| self.no("a number"))
    }

    /// Reads a time as it is typed: `500ms`, `30s`, `72h`, `3d`.
    pub(super) fn duration(&self) -> Result<Duration> {
        let text = match self.value {
            DeValue::String(text) => text.as_ref(),
            _ => return Err(self.no("a time such as \"30s\"")),
        };
        let read = duration(text).or_else(|_| match text.parse::<f64>() {
            Ok(_) => Err(String::new()),
            Err(_) => seconds(text),
        });
        read.map_err(|_| {
            self.fault(format!("`{}`: `{text}` is no time", self.name))
                .hint("a time is 500ms, 30s, 5m, 72h or 3d")
        })
    }

    pub(super) fn list(&self) -> Result<impl Iterator<Item = Value<'a>>> {
        let items = self.value.as_array().ok_or_else(|| self.no("a list"))?;
        let (source, name) = (self.source, self.name);
        Ok(items.iter().map(move |item| Value {
            source,
            name,
            span: item.span(),
            value: item.get_ref(),
        }))
    }

    pub(super) fn texts(&self) -> Result<Vec<String>> {
        let items = self.list()?;
        items.map(|item| item.text().map(str::to_owned)).collect()
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// Reads a table; `what` is what a person calls it.
    pub(super) fn table(&self, what: &'a str) -> Result<Table<'a>> {
        let table = self.value.as_table().ok_or_else(|| self.no("a table"))?;
        Ok(Table::new(self.source, what, self.span.start, table))
    }

    /// Returns the value as JSON; a date is its text.
    pub(super) fn to_json(&self) -> Json {
        json(self.value)
    }
}

fn unflagged(text: &str) -> String {
    let text = text.replace("--override ", "override ");
    text.replace("--add ", "add ")
        .replace("--remove ", "remove ")
}

fn json(value: &DeValue<'_>) -> Json {
    match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Boolean(value) => Json::Bool(*value),
        DeValue::Datetime(time) => Json::String(time.to_string()),
        DeValue::Integer(number) => {
            let read = i64::from_str_radix(number.as_str(), number.radix());
            read.map_or_else(|_| Json::String(number.as_str().to_owned()), Json::from)
        }
        DeValue::Float(number) => {
            let read = number.as_str().parse::<f64>().map(Json::from);
            read.unwrap_or_else(|_| Json::String(number.as_str().to_owned()))
        }
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let fields = table.iter();
            let fields =
                fields.map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())));
            Json::Object(fields.collect::<Map<_, _>>())
        }
    }
}
