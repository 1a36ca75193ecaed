//! Owns the checking of what is in a snapshot that comes from outside, row by row, before any of it reaches
//! the live database: types, ids, columns, numbers, and that what is named is there. Whether the books
//! balance is not asked: that is what `/_mock/invariants` is for.

use crate::domain::stored::{REFERENCES, STORED, Stored, is_payment_state};
use crate::domain::timers::TimerKind;
use crate::store::resource::column_of;
use crate::store::schema;
use crate::time::Time;
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, Row};
use serde_json::Value;

/// Largest number anywhere: of milliseconds, at the end of time. What is added up stays far from overflow.
const LARGEST: i64 = Time::HORIZON.millis();

/// Largest amount, in minor units: what one call may ask for, a thousand times over.
const LARGEST_AMOUNT: i64 = 100_000_000_000;

/// How often a sandbox may have been started: ids are counted from there.
const MOST_STARTS: i64 = 1 << 20;

/// What is wrong with the rows, if anything is.
pub(super) fn fault(copy: &Connection) -> Result<Option<String>, rusqlite::Error> {
    if let Some(fault) = mistyped(copy)? {
        return Ok(Some(fault));
    }
    for stored in &STORED {
        if let Some(fault) = objects(copy, stored)? {
            return Ok(Some(fault));
        }
    }
    for (table, field, targets) in REFERENCES {
        let known: Vec<String> = targets
            .iter()
            .map(|target| format!("SELECT id FROM {target}"))
            .collect();
        let sql = format!(
            "SELECT count(*) FROM {table} WHERE body->>'$.{field}' IS NOT NULL \
             AND body->>'$.{field}' NOT IN ({})",
            known.join(" UNION ALL ")
        );
        if count(copy, &sql)? > 0 {
            return Ok(Some(format!("{table} name a {field} that is not there")));
        }
    }
    let rules = [
        (
            "timers of no known kind, or beyond the end of time",
            format!("SELECT count(*) FROM timers WHERE kind NOT IN ({}) OR due > {LARGEST}", kinds()),
        ),
        (
            "moves of payments that are not there",
            "SELECT count(*) FROM payment_history WHERE payment NOT IN (SELECT id FROM payments)"
                .to_owned(),
        ),
        (
            "queued deliveries that are not there",
            "SELECT count(*) FROM delivery_queue WHERE delivery NOT IN \
             (SELECT id FROM webhook_deliveries)"
                .to_owned(),
        ),
        (
            "stored answers of no status",
            "SELECT count(*) FROM idempotency WHERE status <> 0 AND status NOT BETWEEN 200 AND 499"
                .to_owned(),
        ),
        (
            "a number of starts that cannot be",
            format!(
                "SELECT count(*) FROM meta WHERE name = 'starts' \
                 AND CAST(value AS INTEGER) NOT BETWEEN 1 AND {MOST_STARTS}"
            ),
        ),
        (
            "subscriptions without periods",
            "SELECT count(*) FROM subscriptions WHERE body->>'$.interval_count' NOT BETWEEN 1 AND 365"
                .to_owned(),
        ),
    ];
    for (what, sql) in rules {
        if count(copy, &sql)? > 0 {
            return Ok(Some(format!("it has {what}")));
        }
    }
    states(copy)
}

fn count(copy: &Connection, sql: &str) -> Result<i64, rusqlite::Error> {
    copy.query_row(sql, [], |row| row.get(0))
}

fn kinds() -> String {
    let names = TimerKind::ALL.map(|kind| format!("'{}'", kind.name()));
    names.join(", ")
}

/// Values that are not of their column's type: SQLite keeps whatever it is given.
fn mistyped(copy: &Connection) -> Result<Option<String>, rusqlite::Error> {
    let mut tables = copy.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names = tables.query_map([], |row| row.get::<_, String>(0))?;
    for table in names {
        let table = table?;
        let mut columns = copy.prepare(&format!("PRAGMA table_info({table})"))?;
        let declared = columns.query_map([], |row| {
            let (kind, required): (String, bool) = (row.get(2)?, row.get(3)?);
            Ok((kind, required))
        })?;
        let declared: Vec<(String, bool)> = declared.collect::<Result<_, _>>()?;
        let mut rows = copy.prepare(&format!("SELECT * FROM {table}"))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            if !is_typed(row, &declared)? {
                return Ok(Some(format!("{table} have a value of another type")));
            }
        }
    }
    Ok(None)
}

fn is_typed(row: &Row<'_>, declared: &[(String, bool)]) -> Result<bool, rusqlite::Error> {
    for (place, (kind, required)) in declared.iter().enumerate() {
        let value = row.get_ref(place)?;
        let fits = match (value, kind.as_str()) {
            (ValueRef::Null, _) => !required,
            (ValueRef::Integer(number), "INTEGER") => (0..=LARGEST).contains(&number),
            (ValueRef::Text(text), "TEXT") => std::str::from_utf8(text).is_ok(),
            // SQLite's own, of the highest number in a table.
            (ValueRef::Integer(number), "") => (0..=LARGEST).contains(&number),
            (ValueRef::Text(_), "") => true,
            _ => false,
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is wrong with the objects of a table.
fn objects(copy: &Connection, stored: &Stored) -> Result<Option<String>, rusqlite::Error> {
    let table = stored.table;
    // The log of requests has columns of its own.
    let known = schema::tables().iter().find(|known| known.name == table);
    let columns = known.map_or(&[][..], |known| known.columns);
    let names: String = columns
        .iter()
        .map(|column| format!(", {}", column.name))
        .collect();
    let mut statement = copy.prepare(&format!("SELECT id, body{names} FROM {table}"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, body): (String, String) = (row.get(0)?, row.get(1)?);
        let is_id = id.strip_prefix(stored.prefix).is_some_and(|rest| {
            rest.len() == 16 && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        });
        if !is_id {
            return Ok(Some(format!("{table} have an id that is none")));
        }
        match (stored.read)(&body) {
            Ok(own) if own == id => {}
            Ok(_) => return Ok(Some(format!("{id} is another object"))),
            Err(reason) => return Ok(Some(format!("{id} is not what it should be: {reason}"))),
        }
        let Ok(value) = serde_json::from_str::<Value>(&body) else {
            return Ok(Some(format!("{id} is not JSON")));
        };
        for (place, column) in columns.iter().enumerate() {
            let held: Option<String> = match row.get_ref(place + 2)?.data_type() {
                Type::Null => None,
                _ => Some(row.get(place + 2)?),
            };
            if held != column_of(&value, column) {
                return Ok(Some(format!("{id} has another {} beside it", column.name)));
            }
        }
        if !are_possible("", &value) {
            return Ok(Some(format!("{id} has a number that cannot be")));
        }
    }
    Ok(None)
}

/// Whether every number can be what its name says.
fn are_possible(name: &str, value: &Value) -> bool {
    let largest = match name {
        "amount" | "amount_refunded" | "fee" | "fees" | "gross" | "quantity" | "net" => {
            LARGEST_AMOUNT
        }
        _ => LARGEST,
    };
    match value {
        Value::Number(number) => number
            .as_i64()
            .is_some_and(|number| (-largest..=largest).contains(&number)),
        Value::Array(items) => items.iter().all(|item| are_possible(name, item)),
        Value::Object(object) => object.iter().all(|(name, value)| are_possible(name, value)),
        _ => true,
    }
}

/// Moves from or to a state that payments do not have.
fn states(copy: &Connection) -> Result<Option<String>, rusqlite::Error> {
    let sql = "SELECT new_state FROM payment_history \
               UNION SELECT previous_state FROM payment_history WHERE previous_state IS NOT NULL";
    let mut statement = copy.prepare(sql)?;
    let states = statement.query_map([], |row| row.get::<_, String>(0))?;
    for state in states {
        if !is_payment_state(&state?) {
            return Ok(Some(
                "payments moved to a state that there is not".to_owned(),
            ));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::STORED;
    use crate::store::schema;

    #[test]
    fn every_table_of_objects_has_its_type() {
        let mut typed: Vec<&str> = STORED.iter().map(|stored| stored.table).collect();
        let tables = schema::tables().iter().map(|table| table.name);
        let mut tables: Vec<&str> = tables.chain(["request_logs"]).collect();
        typed.sort_unstable();
        tables.sort_unstable();
        assert_eq!(typed, tables);
    }
}
