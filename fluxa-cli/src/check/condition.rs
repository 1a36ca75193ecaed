//! Owns `where`: what must be at places of JSON, refusing what never can be, and saying what is there
//! instead. Pure.

use std::fmt;

use serde_json::{Map, Value};

use super::known::Known;
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

/// What a place is asked.
#[derive(Clone, Debug)]
pub(super) enum Test {
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
    /// Reads them. `known` is what can be where they look: what never holds is refused, and what
    /// cannot fail.
    pub(super) fn read(table: Table<'_>, known: &Known) -> Result<Self> {
        let mut conditions = Vec::new();
        for entry in table.entries() {
            read_entry(entry.name, &entry, known, &mut conditions)?;
        }
        match conditions.is_empty() {
            true => Err(table.fault("`where` is empty: it says nothing")),
            false => Ok(Self(conditions)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
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
            let missing = condition.path.missing_item(value);
            // Of an item that is not there nothing can be said but that.
            let is_about_it = missing.as_ref().is_some_and(|item| *item != condition.path);
            (is_about_it || !condition.test.holds(found)).then(|| Mismatch {
                expected: format!("{} {}", condition.path, condition.test),
                got: match (found, missing) {
                    (Some(value), _) => shown(value),
                    (None, Some(item)) => format!("there is no {item}"),
                    (None, None) => format!("nothing at {}", condition.path),
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
fn read_entry(
    path: &str,
    entry: &Entry<'_>,
    known: &Known,
    conditions: &mut Vec<Condition>,
) -> Result<()> {
    if !entry.is_table() {
        let test = Test::Equals(entry.to_json());
        conditions.push(condition(path, entry, test, known)?);
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
            conditions.push(condition(path, &test, read_test(&test)?, known)?);
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
        read_entry(&format!("{path}.{}", below.name), &below, known, conditions)?;
    }
    Ok(())
}

fn condition(path: &str, entry: &Entry<'_>, test: Test, known: &Known) -> Result<Condition> {
    let path = path.parse().map_err(|wrong: String| entry.fault(wrong))?;
    known.check(&path, &test).map_err(|wrong| {
        let error = entry.fault(wrong.fault);
        match wrong.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })?;
    Ok(Condition { path, test })
}

fn read_test(entry: &Entry<'_>) -> Result<Test> {
    Ok(match entry.name {
        "not" => Test::Not(entry.to_json()),
        "exists" => Test::Exists(entry.boolean()?),
        "matches" => Test::Matches(entry.text()?.to_owned()),
        "one-of" => match entry.list()?.map(|item| item.to_json()).collect::<Vec<_>>() {
            none if none.is_empty() => return Err(entry.fault("`one-of` is empty: nothing is one")),
            values => Test::OneOf(values),
        },
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
            // Of nothing it does not hold: a place that is mistyped would always be another value.
            Self::Not(value) => found.is_some_and(|found| !equal(found, value)),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::table::Source;

    fn read(text: &str) -> Result<Conditions> {
        let source = Source {
            name: "a.toml".to_owned(),
            text: text.to_owned(),
        };
        let document = source.parse()?;
        let table = Table::new(&source, "`where`", 0, document.get_ref());
        Conditions::read(table, &Known::nothing())
    }

    #[test]
    fn each_test_holds_and_does_not_hold() {
        let body = json!({
            "amount": 2500, "rate": 1.0, "state": "SETTLED", "gone": null, "items": [1, 2],
            "data": { "object": { "id": "pay_1" } },
        });
        for (holds, fails) in [
            ("amount = 2500", "amount = \"2500\""),
            ("rate = 1", "rate = 2"),
            ("items = [1, 2]", "items = [2, 1]"),
            ("data.object.id = 'pay_1'", "data.object.id = 'pay_2'"),
            ("'data.object.id' = 'pay_1'", "'data.object.no' = 'pay_1'"),
            (
                "data = { equals = { object = { id = 'pay_1' } } }",
                "data = { equals = {} }",
            ),
            ("state = { not = 'FAILED' }", "state = { not = 'SETTLED' }"),
            ("gone = { not = 1 }", "nothing = { not = 1 }"),
            ("rate = { not = 2 }", "amount = { not = 2500.0 }"),
            ("state.exists = true", "gone.exists = true"),
            ("gone.exists = false", "state.exists = false"),
            ("state = { matches = 'SET*' }", "amount = { matches = '*' }"),
            (
                "state = { one-of = ['A', 'SETTLED'] }",
                "state = { one-of = ['A'] }",
            ),
            ("amount.at-least = 2500", "amount.at-least = 2501"),
            ("amount.at-most = 2500.5", "state.at-most = 1"),
            ("'items.1' = { not = 1 }", "'items.2' = { not = 1 }"),
            ("'items.2'.exists = false", "'items.2.id'.exists = false"),
            ("items.length = 2", "items.length = 3"),
            ("state.length = 7", "amount.length = 4"),
        ] {
            assert_eq!(read(holds).unwrap().mismatch(&body), None, "{holds}");
            assert!(read(fails).unwrap().mismatch(&body).is_some(), "{fails}");
        }
    }

    #[test]
    fn a_mismatch_says_what_was_to_be_and_what_is() {
        let body = json!({ "state": "FAILED" });
        let told = |text| {
            let mismatch = read(text).unwrap().mismatch(&body).unwrap();
            (mismatch.expected, mismatch.got)
        };
        assert_eq!(
            told("state = 'SETTLED'"),
            ("state = \"SETTLED\"".to_owned(), "\"FAILED\"".to_owned())
        );
        assert_eq!(
            told("amount.at-least = 1"),
            (
                "amount is at least 1".to_owned(),
                "nothing at amount".to_owned()
            )
        );
    }

    #[test]
    fn a_test_that_does_not_exist_is_refused_and_a_place_of_that_name_can_be_quoted() {
        for (text, meant) in [
            ("state = { matchs = 'a' }", "matches"),
            ("state = { matches = 'a', nott = 'b' }", "not"),
            ("state = { exist = true }", "exists"),
        ] {
            let error = read(text).unwrap_err();
            let hint = error.hint.unwrap();
            assert!(hint.contains(&format!("did you mean `{meant}`")), "{hint}");
            assert!(error.message.starts_with("a.toml:1: "), "{}", error.message);
        }
        assert!(read("state = { matches = 'a', not = 'b' }").is_err());
        assert!(read("state = {}").is_err());
        assert!(read("state = { one-of = [] }").is_err());
        assert!(read("").is_err());
        let quoted = read("'metadata.exist' = true").unwrap();
        assert_eq!(
            quoted.mismatch(&json!({ "metadata": { "exist": true } })),
            None
        );
    }

    #[test]
    fn a_variable_keeps_its_type() {
        let Value::Object(scope) = json!({ "paid": { "amount": 2500, "id": "pay_1" } }) else {
            unreachable!()
        };
        let conditions = read("amount = '${paid.amount}'\nid.matches = '${paid.id}*'").unwrap();
        let filled = conditions.filled(&scope).unwrap();
        assert_eq!(
            filled.mismatch(&json!({ "amount": 2500, "id": "pay_12" })),
            None
        );
        assert!(read("a = '${nobody.id}'").unwrap().filled(&scope).is_err());
    }
}
