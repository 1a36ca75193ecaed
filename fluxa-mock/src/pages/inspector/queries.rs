//! Owns what the inspector reads: pages of rows by keyset, counts with a ceiling, and what belongs to
//! an object. It never writes and knows no HTML. Rows come as the JSON the API shows, so that a table
//! filled by any part of the server can be looked at.

use super::section;
use super::view::View;
use crate::domain::error::DomainError;
use crate::domain::invariants;
use crate::ledger;
use crate::observe::{ReceivedRequest, Seen};
use crate::store::{Timer, Tx};
use crate::time::Time;
use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, params_from_iter};
use serde_json::Value;
use std::collections::BTreeSet;

/// Rows on a page.
pub(super) const PAGE: usize = 50;

/// Counting stops here: a number beyond tells nobody more, and must not cost more.
const MOST_COUNTED: i64 = 100_000;

/// Rows that one search for a text looks at; the next page goes on from there.
const SEARCHED_AT_ONCE: i64 = 20_000;

/// Ledger entries up to which balances and the audit are computed without being asked for.
const SMALL_LEDGER: i64 = 4_000;

/// A list asked for.
#[derive(Default)]
pub(super) struct Find {
    pub(super) table: &'static str,
    /// `column = value`; columns are the schema's.
    pub(super) equals: Vec<(&'static str, String)>,
    /// Another comparison, `left operator`, and what is on its right.
    pub(super) compared: Option<(&'static str, String)>,
    /// The beginning of an id, or a text anywhere in the object.
    pub(super) text: Option<String>,
    /// Only rows older than this place.
    pub(super) after: Option<i64>,
    /// Only rows newer than this place.
    pub(super) before: Option<i64>,
    pub(super) limit: usize,
}

impl Find {
    /// The page of a list that was asked for.
    pub(super) fn page_of(view: &View, table: &'static str) -> Self {
        Self {
            table,
            after: view.place("after"),
            before: view.place("before"),
            limit: PAGE,
            ..Self::default()
        }
    }

    /// Only rows whose `column` is what the parameter says, if it is given.
    pub(super) fn chosen(mut self, view: &View, param: &str, column: &'static str) -> Self {
        let wanted = view.param(param).map(|value| (column, value.to_owned()));
        self.equals.extend(wanted);
        self
    }
}

/// One stored object, as the API shows it.
pub(super) struct Row {
    pub(super) sequence: i64,
    pub(super) deleted: bool,
    pub(super) value: Value,
    /// What the server keeps for itself: never shown as it is, hashes and secrets are in it.
    pub(super) internal: Value,
}

impl Row {
    /// A field's text; empty when there is none.
    pub(super) fn text(&self, field: &str) -> &str {
        self.value[field].as_str().unwrap_or_default()
    }

    /// A field's number; 0 when there is none.
    pub(super) fn number(&self, field: &str) -> i64 {
        self.value[field].as_i64().unwrap_or_default()
    }

    /// A field's instant.
    pub(super) fn time(&self, field: &str) -> Option<Time> {
        self.value[field].as_str().and_then(Time::parse)
    }
}

/// A page of rows, newest first.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// Where the next page begins.
    pub(super) older: Option<i64>,
    /// Where the page before ends.
    pub(super) newer: Option<i64>,
    /// A search that stopped before the end of the table.
    pub(super) unfinished: bool,
}

/// One move of a payment.
pub(super) struct Move {
    pub(super) at: Time,
    pub(super) actor: String,
    pub(super) previous: Option<String>,
    pub(super) state: String,
    pub(super) reason: String,
}

/// Reads, and nothing else.
pub(super) struct Reader<'a>(&'a Tx<'a>, &'a Seen);

impl<'a> Reader<'a> {
    /// Reads within `tx`, and what is remembered of requests.
    pub(super) fn new(tx: &'a Tx<'a>, seen: &'a Seen) -> Self {
        Self(tx, seen)
    }

    /// The instant on the virtual clock.
    pub(super) fn now(&self) -> Time {
        self.0.now()
    }

    /// Virtual seconds in a real one.
    pub(super) fn pace(&self) -> f64 {
        self.0.clock().pace()
    }

    /// Whether the well-known keys open nothing.
    pub(super) fn is_exposed(&self) -> bool {
        self.0.is_exposed()
    }

    /// The API's base URL.
    pub(super) fn base_url(&self) -> &str {
        self.0.base_url()
    }

    /// The object with this id, deleted or not.
    pub(super) fn find(&self, table: &'static str, id: &str) -> Result<Option<Row>, DomainError> {
        let sql = format!("SELECT sequence, deleted, body FROM {table} WHERE id = ?1");
        let found: Option<(i64, bool, String)> = self
            .0
            .connection()
            .prepare_cached(&sql)?
            .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        found.map(read_row).transpose()
    }

    /// A page of objects.
    pub(super) fn page(&self, find: &Find) -> Result<Rows, DomainError> {
        let mut sql = format!(
            "SELECT sequence, deleted, body FROM {} WHERE deleted = 0",
            find.table
        );
        let mut values: Vec<Sql> = Vec::new();
        let mut add = |sql: &mut String, condition: &str, value: Sql| {
            values.push(value);
            sql.push_str(&format!(" AND {condition} ?{}", values.len()));
        };
        for (column, value) in &find.equals {
            add(&mut sql, &format!("{column} ="), value.clone().into());
        }
        if let Some((comparison, value)) = &find.compared {
            add(&mut sql, comparison, value.clone().into());
        }
        if let Some(after) = find.after {
            add(&mut sql, "sequence <", after.into());
        }
        if let Some(before) = find.before {
            add(&mut sql, "sequence >", before.into());
        }
        let mut floor = 0;
        if let Some(text) = find.text.as_deref() {
            if is_id_start(text) {
                add(&mut sql, "id >=", text.to_owned().into());
                // 'g' comes after every hex digit.
                add(&mut sql, "id <", format!("{text}g").into());
            } else {
                let start = find.after.unwrap_or(self.last(find.table)? + 1);
                floor = match find.before {
                    Some(before) => before,
                    None => (start - SEARCHED_AT_ONCE).max(0),
                };
                add(&mut sql, "sequence >=", floor.into());
                add(&mut sql, "instr(lower(body),", text.to_lowercase().into());
                sql.push(')');
            }
        }
        let backwards = find.before.is_some() && find.after.is_none();
        let take = i64::try_from(find.limit + 1).unwrap_or(i64::MAX);
        let order = if backwards { "ASC" } else { "DESC" };
        sql.push_str(&format!(" ORDER BY sequence {order} LIMIT {take}"));
        let mut rows = self.rows(&sql, values)?;
        let more = rows.len() > find.limit;
        rows.truncate(find.limit);
        if backwards {
            rows.reverse();
        }
        let first = rows.first().map(|row| row.sequence);
        let last = rows.last().map(|row| row.sequence);
        let unfinished = !more && floor > 1 && find.before.is_none();
        let older = if backwards || more {
            last
        } else {
            unfinished.then_some(floor)
        };
        let newer = (find.after.is_some() || (backwards && more))
            .then(|| first.or(find.after.map(|after| after.saturating_sub(1))))
            .flatten();
        Ok(Rows {
            rows,
            older,
            newer,
            unfinished,
        })
    }

    /// The newest `limit` objects with `column` = `value`.
    pub(super) fn by(
        &self,
        table: &'static str,
        column: &'static str,
        value: &str,
        limit: usize,
    ) -> Result<Vec<Row>, DomainError> {
        let find = Find {
            table,
            equals: vec![(column, value.to_owned())],
            limit,
            ..Find::default()
        };
        Ok(self.page(&find)?.rows)
    }

    fn rows(&self, sql: &str, values: Vec<Sql>) -> Result<Vec<Row>, DomainError> {
        let mut statement = self.0.connection().prepare_cached(sql)?;
        let found = statement
            .query_map(params_from_iter(values), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?
            .collect::<Result<Vec<(i64, bool, String)>, _>>()?;
        found.into_iter().map(read_row).collect()
    }

    fn number(&self, sql: &str, values: &[&str]) -> Result<i64, DomainError> {
        Ok(self
            .0
            .connection()
            .prepare_cached(sql)?
            .query_row(params_from_iter(values), |row| row.get(0))?)
    }

    /// The newest place of a table.
    fn last(&self, table: &'static str) -> Result<i64, DomainError> {
        let sql = format!("SELECT coalesce(max(sequence), 0) FROM {table}");
        self.number(&sql, &[])
    }

    /// How many objects have `column` = `value`, as a text: counted up to a ceiling.
    pub(super) fn count(
        &self,
        table: &'static str,
        column: &'static str,
        value: &str,
    ) -> Result<String, DomainError> {
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {column} = ?1 LIMIT {MOST_COUNTED})"
        );
        self.number(&sql, &[value]).map(spelled)
    }

    /// How many objects a table has, as a text: counted up to a ceiling.
    pub(super) fn count_all(&self, table: &'static str) -> Result<String, DomainError> {
        let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {MOST_COUNTED})");
        self.number(&sql, &[]).map(spelled)
    }

    /// The moves of a payment, oldest first.
    pub(super) fn history(&self, payment: &str) -> Result<Vec<Move>, DomainError> {
        let mut statement = self.0.connection().prepare_cached(
            "SELECT at, actor, previous_state, new_state, reason FROM payment_history \
             WHERE payment = ?1 ORDER BY sequence LIMIT 100",
        )?;
        let rows = statement.query_map([payment], |row| {
            Ok(Move {
                at: Time::from_millis(row.get(0)?),
                actor: row.get(1)?,
                previous: row.get(2)?,
                state: row.get(3)?,
                reason: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Ledger entries of a payment, oldest first.
    pub(super) fn entries_of(&self, payment: &str) -> Result<Vec<Row>, DomainError> {
        let sql = "SELECT sequence, deleted, body FROM ledger_entries WHERE payment = ?1 \
                   ORDER BY sequence LIMIT 200";
        self.rows(sql, vec![payment.to_owned().into()])
    }

    /// Ledger entries that a refund or a dispute of this payment made, oldest first.
    pub(super) fn entries_made_by(
        &self,
        payment: &str,
        cause: &str,
    ) -> Result<Vec<Row>, DomainError> {
        let mut entries = self.entries_of(payment)?;
        entries.retain(|entry| entry.internal["cause"] == cause);
        Ok(entries)
    }

    /// What is remembered of a request: more than the log has of it, and not for as long.
    pub(super) fn remembered(&self, request: &str) -> Option<ReceivedRequest> {
        self.1.get(request)
    }

    /// Ids of the requests, among those remembered, that were answered with an earlier answer.
    pub(super) fn replays(&self) -> BTreeSet<String> {
        self.1.replays()
    }

    /// Events that a request caused, oldest first, among the newest.
    pub(super) fn caused_by(&self, request: &str) -> Result<Vec<Row>, DomainError> {
        let floor = self.last("events")? - SEARCHED_AT_ONCE;
        // The text is looked for first: reading every event as JSON would take ten times as long.
        let sql = "SELECT sequence, deleted, body FROM events WHERE sequence > ?1 \
                   AND instr(body, ?2) AND body->>'$.request.id' = ?2 ORDER BY sequence LIMIT 50";
        self.rows(sql, vec![floor.into(), request.to_owned().into()])
    }

    /// Events about any of these objects, oldest first.
    pub(super) fn events_of(&self, subjects: &[&str]) -> Result<Vec<Row>, DomainError> {
        let mut found = Vec::new();
        for subject in subjects {
            found.extend(self.by("events", "subject", subject, PAGE)?);
        }
        found.sort_by_key(|row| row.sequence);
        Ok(found)
    }

    /// Payments of the same payer and amount as this one, whatever became of them, newest first.
    pub(super) fn same_charge(&self, payment: &Row) -> Result<Vec<Row>, DomainError> {
        let customer = payment.text("customer");
        let (amount, id) = (payment.number("amount"), payment.text("id"));
        let currency = payment.text("currency");
        let mut found = match customer {
            "" => return Ok(Vec::new()),
            customer => self.by("payments", "customer", customer, 200)?,
        };
        found.retain(|row| {
            (row.number("amount"), row.text("currency")) == (amount, currency)
                && row.text("id") != id
        });
        Ok(found)
    }

    /// Payments that a subscription made, newest first.
    pub(super) fn payments_of_subscription(
        &self,
        subscription: &Row,
    ) -> Result<Vec<Row>, DomainError> {
        let (id, customer) = (subscription.text("id"), subscription.text("customer"));
        let mut found = self.by("payments", "customer", customer, 200)?;
        found.retain(|row| row.text("subscription") == id);
        Ok(found)
    }

    /// What is due next, soonest first.
    pub(super) fn timers(&self, limit: i64) -> Result<Vec<Timer>, DomainError> {
        self.read_timers("ORDER BY due, sequence LIMIT ?1", limit.into())
    }

    /// What is due about an object.
    pub(super) fn timers_of(&self, reference: &str) -> Result<Vec<Timer>, DomainError> {
        let rest = "WHERE reference = ?1 ORDER BY due, sequence LIMIT 20";
        self.read_timers(rest, reference.to_owned().into())
    }

    fn read_timers(&self, rest: &str, value: Sql) -> Result<Vec<Timer>, DomainError> {
        let sql = format!("SELECT sequence, due, kind, reference, failures FROM timers {rest}");
        let mut statement = self.0.connection().prepare_cached(&sql)?;
        let rows = statement.query_map([value], |row| {
            Ok(Timer {
                sequence: row.get(0)?,
                due: Time::from_millis(row.get(1)?),
                kind: row.get(2)?,
                reference: row.get(3)?,
                failures: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many timers wait.
    pub(super) fn pending_timers(&self) -> Result<i64, DomainError> {
        self.0.pending_timers()
    }

    /// How many retries of deliveries wait.
    pub(super) fn pending_retries(&self) -> Result<String, DomainError> {
        let sql =
            "SELECT count(*) FROM (SELECT 1 FROM timers WHERE kind = 'delivery_retry' LIMIT 1000)";
        self.number(sql, &[]).map(spelled)
    }

    /// The faults in force, newest last.
    pub(super) fn faults(&self) -> Vec<Value> {
        self.0.faults().list()
    }

    /// Whether balances and the audit take no time worth asking about.
    pub(super) fn has_small_ledger(&self) -> Result<bool, DomainError> {
        Ok(self.last("ledger_entries")? <= SMALL_LEDGER)
    }

    /// Debits and credits of every account.
    pub(super) fn balances(&self) -> Result<Vec<Value>, DomainError> {
        let whole = ledger::balances(self.0)?;
        Ok(whole["balances"].as_array().cloned().unwrap_or_default())
    }

    /// What does not hold, a sentence each.
    pub(super) fn breaches(&self) -> Result<Vec<String>, DomainError> {
        invariants::audit(self.0)
    }
}

fn read_row((sequence, deleted, body): (i64, bool, String)) -> Result<Row, DomainError> {
    let mut value: Value = serde_json::from_str(&body).map_err(DomainError::internal)?;
    let object = value.as_object_mut();
    let internal = object.and_then(|object| object.remove("internal"));
    Ok(Row {
        sequence,
        deleted,
        value,
        internal: internal.unwrap_or_default(),
    })
}

fn spelled(count: i64) -> String {
    if count >= MOST_COUNTED {
        return "100 000+".to_owned();
    }
    let digits = count.to_string();
    match digits.len() {
        0..=3 => digits,
        length => format!("{}\u{2009}{}", &digits[..length - 3], &digits[length - 3..]),
    }
}

/// Whether a text is the beginning of an id: a prefix, an underscore, hex digits.
fn is_id_start(text: &str) -> bool {
    text.split_once('_').is_some_and(|(prefix, digits)| {
        !prefix.is_empty()
            && section::begins_ids(prefix)
            && digits.len() <= 16
            && digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}
