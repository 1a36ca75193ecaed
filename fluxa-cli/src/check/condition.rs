//! Owns `where`: what must be at places of JSON, and saying what is there instead. Pure.

use std::fmt;

use serde_json::{Map, Value};

use super::table::{Table, Value as Entry};
use crate::error::Result;
use crate::json_path::JsonPath;
use crate::listen::filter::matches;
use crate::suggest;
use crate::trigger::fill_value;

/// The tests there are.
const TESTS: [&str; 8] = [
    "equals", "not", "exists", "matches", "one-of", "at-least", "at-most", "length",
];

/// The longest value that is shown whole.
const SHOWN: usize = 120;

/// What must be at one place.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    path: JsonPath,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Equals(Value),
    Not(Value),
    Exists(bool),
    Matches(String),
    OneOf(Vec<Value>),
    AtLeast(f64),
    AtMost(f64),
    Length(u64),
}

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) expected: String,
    pub(super) got: String,
}

/// All of a step's conditions.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions(Vec<Condition>);

impl Conditions {
    pub(super) fn read(table: Table<'_>) -> Result<Self> {
        let mut conditions = Vec::new();
        for entry in table.entries() {
            read_entry(entry.name, &entry, &mut conditions)?;
        }
        match conditions.is_empty() {
            true => Err(table.fault("`where` is empty: it says nothing")),
            false => Ok(Self(conditions)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns every text in which a variable may stand.
    pub(super) fn values(&self) -> impl Iterator<Item = Value> {
        self.0.iter().map(|condition| match &condition.test {
            Test::Equals(value) | Test::Not(value) => value.clone(),
            Test::Matches(pattern) => Value::String(pattern.clone()),
            Test::OneOf(values) => Value::Array(values.clone()),
            _ => Value::Null,
        })
    }

    /// Replaces the variables.
    pub(super) fn filled(&self, scope: &Map<String, Value>) -> Result<Self> {
        let filled = self.0.iter().map(|condition| {
            let mut condition = condition.clone();
            match &mut condition.test {
                Test::Equals(value) | Test::Not(value) => fill_value(value, scope)?,
                Test::OneOf(values) => {
                    for value in values {
                        fill_value(value, scope)?;
                    }
                }
                Test::Matches(pattern) => *pattern = crate::trigger::fill(pattern, scope)?,
                Test::Exists(_) | Test::AtLeast(_) | Test::AtMost(_) | Test::Length(_) => {}
            }
            Ok(condition)
        });
        filled.collect::<Result<_>>().map(Self)
    }

    /// Returns the first condition that does not hold, and what is there.
    pub(super) fn mismatch(&self, value: &Value) -> Option<Mismatch> {
        self.0.iter().find_map(|condition| {
            let found = condition.path.get(value);
            (!condition.test.holds(found)).then(|| Mismatch {
                expected: format!("{} {}", condition.path, condition.test),
                got: match found {
                    None => format!("nothing at {}", condition.path),
                    Some(value) => shown(value),
                },
            })
        })
    }
}

impl fmt::Display for Conditions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, condition) in self.0.iter().enumerate() {
            let and = if index == 0 { "" } else { " and " };
            write!(formatter, "{and}{} {}", condition.path, condition.test)?;
        }
        Ok(())
    }
}

/// Reads what must be at a place: a value, a table of one test, or a table of places below it, which
/// is how TOML reads a dotted key without quotes.
fn read_entry(path: &str, entry: &Entry<'_>, conditions: &mut Vec<Condition>) -> Result<()> {
    if !entry.is_table() {
        let test = Test::Equals(entry.to_json());
        conditions.push(condition(path, entry, test)?);
        return Ok(());
    }
    let table = entry.table("a condition")?;
    let tests = table.keys().filter(|key| TESTS.contains(key)).count();
    if tests > 0 || table.keys().next().is_none() {
        table.only(&TESTS)?;
        if tests != 1 {
            return Err(table.fault(format!("`{path}` has one test of: {}", TESTS.join(", "))));
        }
        for test in table.entries() {
            conditions.push(condition(path, &test, read_test(&test)?)?);
        }
        return Ok(());
    }
    for below in table.entries() {
        if !below.is_table()
            && let Some(meant) = suggest::closest(below.name, TESTS)
        {
            let fault = format!("`{path}`: there is no test `{}`", below.name);
            return Err(below.fault(fault).hint(format!(
                "did you mean `{meant}`? a place of that name is \"{path}.{}\", in quotes",
                below.name
            )));
        }
        read_entry(&format!("{path}.{}", below.name), &below, conditions)?;
    }
    Ok(())
}

fn condition(path: &str, entry: &Entry<'_>, test: Test) -> Result<Condition> {
    let path = path.parse().map_err(|wrong: String| entry.fault(wrong))?;
    Ok(Condition { path, test })
}

fn read_test(entry: &Entry<'_>) -> Result<Test> {
    Ok(match entry.name {
        "not" => Test::Not(entry.to_json()),
        "exists" => Test::Exists(entry.boolean()?),
        "matches" => Test::Matches(entry.text()?.to_owned()),
        "one-of" => Test::OneOf(entry.list()?.map(|item| item.to_json()).collect()),
        "at-least" => Test::AtLeast(entry.number()?),
        "at-most" => Test::AtMost(entry.number()?),
        "length" => Test::Length(entry.count()?),
        _ => Test::Equals(entry.to_json()),
    })
}

impl Test {
    fn holds(&self, found: Option<&Value>) -> bool {
        let number = || found.and_then(Value::as_f64);
        match self {
            Self::Equals(value) => found.is_some_and(|found| equal(found, value)),
            Self::Not(value) => found.is_none_or(|found| !equal(found, value)),
            Self::Exists(there) => found.is_some_and(|found| !found.is_null()) == *there,
            Self::Matches(pattern) => found
                .and_then(Value::as_str)
                .is_some_and(|text| matches(pattern, text)),
            Self::OneOf(values) => {
                found.is_some_and(|found| values.iter().any(|value| equal(found, value)))
            }
            Self::AtLeast(least) => number().is_some_and(|number| number >= *least),
            Self::AtMost(most) => number().is_some_and(|number| number <= *most),
            Self::Length(length) => {
                let found = match found {
                    Some(Value::Array(items)) => items.len(),
                    Some(Value::String(text)) => text.chars().count(),
                    _ => return false,
                };
                u64::try_from(found).is_ok_and(|found| found == *length)
            }
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Equals(value) => write!(formatter, "= {}", shown(value)),
            Self::Not(value) => write!(formatter, "is not {}", shown(value)),
            Self::Exists(true) => write!(formatter, "is there"),
            Self::Exists(false) => write!(formatter, "is not there"),
            Self::Matches(pattern) => write!(formatter, "matches {pattern}"),
            Self::OneOf(values) => {
                let values: Vec<String> = values.iter().map(shown).collect();
                write!(formatter, "is one of {}", values.join(", "))
            }
            Self::AtLeast(least) => write!(formatter, "is at least {least}"),
            Self::AtMost(most) => write!(formatter, "is at most {most}"),
            Self::Length(length) => write!(formatter, "has the length {length}"),
        }
    }
}

/// Whether two values are the same; 2500 and 2500.0 are.
fn equal(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => one == two,
    }
}

/// Returns a value as it is shown: JSON, the middle of the long ones left out.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("{head}…")
}
