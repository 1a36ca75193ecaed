//! Owns how resources are written, read and listed: one JSON body per row, keyset pagination on the
//! row's sequence (never OFFSET), so that inserts cause neither skips nor repeats.

use super::schema::{self, Column};
use super::tx::Tx;
use crate::domain::error::DomainError;
use crate::time::Time;
use rusqlite::{OptionalExtension, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::marker::PhantomData;

/// Room for most bodies: what is written does not grow on the way.
const USUAL_BODY: usize = 2048;

/// An object of the API that is kept in a table of its own.
pub(crate) trait Resource: Serialize + DeserializeOwned {
    /// Its table.
    const TABLE: &'static str;
    /// The prefix of its ids.
    const PREFIX: &'static str;

    /// Its id.
    fn id(&self) -> &str;

    /// As the API shows it: without what the server keeps for itself.
    fn render(&self, tx: &Tx<'_>) -> Value {
        let _ = tx;
        public_view(self)
    }

    /// As the API shows it, from the stored body.
    fn render_body(tx: &Tx<'_>, body: String) -> Result<String, DomainError> {
        Ok(from_body::<Self>(&body)?.render(tx).to_string())
    }

    /// What a column of its table holds, for what is written most often; `None` = what the body says.
    fn column(&self, name: &'static str) -> Option<Option<Cow<'_, str>>> {
        let _ = name;
        None
    }
}

/// What a column holds according to the body.
pub(super) fn column_of(body: &Value, column: &Column) -> Option<String> {
    match body.pointer(&column.pointer())? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The object without its `internal` part.
pub(crate) fn public_view<R: Serialize>(resource: &R) -> Value {
    let mut value = serde_json::to_value(resource).expect("resources have string keys only");
    if let Some(object) = value.as_object_mut() {
        object.remove("internal");
    }
    value
}

/// One condition of a list: `column operator value`.
pub(crate) struct Filter {
    pub(crate) column: &'static str,
    pub(crate) operator: &'static str,
    pub(crate) value: String,
}

impl Filter {
    /// `column = value`.
    pub(crate) fn equals(column: &'static str, value: impl Into<String>) -> Self {
        Self {
            column,
            operator: "=",
            value: value.into(),
        }
    }

    /// `column operator instant`.
    pub(crate) fn compare(column: &'static str, operator: &'static str, instant: Time) -> Self {
        Self {
            column,
            operator,
            value: instant.to_string(),
        }
    }
}

/// The part of a table that a nested list shows: what belongs to one owner. Unlike a filter it binds
/// the cursor too.
pub(crate) struct Scope {
    column: &'static str,
    owner: String,
}

impl Scope {
    /// What has `owner` in `column`.
    pub(crate) fn new(column: &'static str, owner: impl Into<String>) -> Self {
        Self {
            column,
            owner: owner.into(),
        }
    }
}

/// A page asked for.
pub(crate) struct ListQuery {
    pub(crate) scope: Option<Scope>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) limit: usize,
    pub(crate) after: Option<String>,
}

/// A page of resources, newest first.
pub(crate) struct Page<R> {
    pub(crate) bodies: Vec<String>,
    pub(crate) has_more: bool,
    of: PhantomData<R>,
}

impl<R: Resource> Page<R> {
    /// The id to go on from, when there is more.
    pub(crate) fn cursor(&self) -> Result<Option<String>, DomainError> {
        match self.bodies.last().filter(|_| self.has_more) {
            Some(body) => Ok(Some(from_body::<R>(body)?.id().to_owned())),
            None => Ok(None),
        }
    }
}

impl Tx<'_> {
    /// Adds a resource.
    pub(crate) fn insert<R: Resource>(&self, resource: &R) -> Result<(), DomainError> {
        self.insert_body(resource, &to_body(resource))
    }

    /// Adds a resource whose body is at hand.
    pub(crate) fn insert_body<R: Resource>(
        &self,
        resource: &R,
        body: &str,
    ) -> Result<(), DomainError> {
        let values = Columns::of(resource);
        self.insert_row(R::TABLE, resource.id(), body, |column| values.get(column))
    }

    /// Adds a row to the table of a resource; `value_of` says what its columns hold.
    pub(crate) fn insert_row<'v>(
        &self,
        table: &str,
        id: &str,
        body: &str,
        value_of: impl Fn(&'static Column) -> Option<Cow<'v, str>>,
    ) -> Result<(), DomainError> {
        self.touches(table);
        let table = schema::table(table);
        let mut statement = self.connection().prepare_cached(&table.insert)?;
        statement.raw_bind_parameter(1, id)?;
        statement.raw_bind_parameter(2, body)?;
        for (place, column) in table.columns.iter().enumerate() {
            statement.raw_bind_parameter(place + 3, value_of(column))?;
        }
        statement.raw_execute()?;
        Ok(())
    }

    /// Replaces a resource.
    pub(crate) fn update<R: Resource>(&self, resource: &R) -> Result<(), DomainError> {
        self.replace(resource, &to_body(resource), None)?;
        Ok(())
    }

    /// Replaces a resource only if `column` still has `expected`; false when it has not.
    pub(crate) fn update_guarded<R: Resource>(
        &self,
        resource: &R,
        column: &'static str,
        expected: &str,
    ) -> Result<bool, DomainError> {
        self.update_body_guarded(resource, &to_body(resource), column, expected)
    }

    /// As [`Tx::update_guarded`], with the body at hand.
    pub(crate) fn update_body_guarded<R: Resource>(
        &self,
        resource: &R,
        body: &str,
        column: &'static str,
        expected: &str,
    ) -> Result<bool, DomainError> {
        Ok(self.replace(resource, body, Some((column, expected)))? == 1)
    }

    fn replace<R: Resource>(
        &self,
        resource: &R,
        body: &str,
        guard: Option<(&'static str, &str)>,
    ) -> Result<usize, DomainError> {
        self.touches(R::TABLE);
        let table = schema::table(R::TABLE);
        let sql = match guard {
            Some((column, _)) => Cow::from(format!("{} AND {column} = ?3", table.update)),
            None => Cow::from(&table.update),
        };
        let mut statement = self.connection().prepare_cached(&sql)?;
        statement.raw_bind_parameter(1, resource.id())?;
        statement.raw_bind_parameter(2, body)?;
        if let Some((_, expected)) = guard {
            statement.raw_bind_parameter(3, expected)?;
        }
        let values = Columns::of(resource);
        let changing = table.columns.iter().filter(|column| column.changes);
        for (place, column) in changing.enumerate() {
            statement.raw_bind_parameter(place + 4, values.get(column))?;
        }
        Ok(statement.raw_execute()?)
    }

    /// Marks a resource deleted; its id stays usable as a cursor.
    pub(crate) fn delete<R: Resource>(&self, id: &str) -> Result<(), DomainError> {
        self.touches(R::TABLE);
        let sql = format!("UPDATE {} SET deleted = 1 WHERE id = ?1", R::TABLE);
        self.connection().prepare_cached(&sql)?.execute([id])?;
        Ok(())
    }

    /// The resource with this id, unless deleted.
    pub(crate) fn find<R: Resource>(&self, id: &str) -> Result<Option<R>, DomainError> {
        let mut statement = self.connection().prepare_cached(&find_sql::<R>())?;
        let mut rows = statement.query([id])?;
        rows.next()?
            .map(|row| from_body(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?))
            .transpose()
    }

    /// The stored body of the resource with this id, unless deleted.
    ///
    /// # Errors
    /// `resource_missing` when there is none.
    pub(crate) fn get_body<R: Resource>(&self, id: &str) -> Result<String, DomainError> {
        self.connection()
            .prepare_cached(&find_sql::<R>())?
            .query_row([id], |row| row.get(0))
            .optional()?
            .ok_or_else(|| DomainError::missing(id))
    }

    /// Whether a row with this id exists, deleted or not.
    pub(crate) fn existed<R: Resource>(&self, id: &str) -> Result<bool, DomainError> {
        Ok(self.sequence_of::<R>(id)?.is_some())
    }

    /// The resource with this id.
    ///
    /// # Errors
    /// `resource_missing` when there is none.
    pub(crate) fn get<R: Resource>(&self, id: &str) -> Result<R, DomainError> {
        self.find(id)?.ok_or_else(|| DomainError::missing(id))
    }

    /// The first resource with `column` = `value`, oldest first.
    pub(crate) fn find_by<R: Resource>(
        &self,
        column: &'static str,
        value: &str,
    ) -> Result<Option<R>, DomainError> {
        let sql = format!(
            "SELECT body FROM {} WHERE {column} = ?1 AND deleted = 0 ORDER BY sequence LIMIT 1",
            R::TABLE
        );
        let body: Option<String> = self
            .connection()
            .prepare_cached(&sql)?
            .query_row([value], |row| row.get(0))
            .optional()?;
        body.map(|body| from_body(&body)).transpose()
    }

    /// Every resource with `column` = `value`, oldest first.
    pub(crate) fn all_by<R: Resource>(
        &self,
        column: &'static str,
        value: &str,
    ) -> Result<Vec<R>, DomainError> {
        let sql = format!(
            "SELECT body FROM {} WHERE {column} = ?1 AND deleted = 0 ORDER BY sequence",
            R::TABLE
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let bodies = statement
            .query_map([value], |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        bodies.iter().map(|body| from_body(body)).collect()
    }

    /// A page of resources, newest first.
    ///
    /// # Errors
    /// `invalid_cursor` when `after` is not the id of a row of this table, or is another owner's.
    pub(crate) fn list<R: Resource>(&self, query: &ListQuery) -> Result<Page<R>, DomainError> {
        let mut sql = format!("SELECT body FROM {} WHERE deleted = 0", R::TABLE);
        let mut values: Vec<rusqlite::types::Value> = Vec::new();
        if let Some(Scope { column, owner }) = &query.scope {
            values.push(owner.clone().into());
            sql.push_str(&format!(" AND {column} = ?{}", values.len()));
        }
        for filter in &query.filters {
            if let Some((operator, sequence)) = self.bound::<R>(filter)? {
                values.push(sequence.into());
                sql.push_str(&format!(" AND sequence {operator} ?{}", values.len()));
            }
            values.push(filter.value.clone().into());
            sql.push_str(&format!(
                " AND {} {} ?{}",
                filter.column,
                filter.operator,
                values.len()
            ));
        }
        if let Some(after) = &query.after {
            let sequence = self
                .cursor::<R>(after, query.scope.as_ref())?
                .ok_or_else(|| DomainError::invalid_cursor(after))?;
            values.push(sequence.into());
            sql.push_str(&format!(" AND sequence < ?{}", values.len()));
        }
        let take = i64::try_from(query.limit + 1).unwrap_or(i64::MAX);
        values.push(take.into());
        sql.push_str(&format!(" ORDER BY sequence DESC LIMIT ?{}", values.len()));
        let mut statement = self.connection().prepare_cached(&sql)?;
        let mut bodies = statement
            .query_map(params_from_iter(values), |row| row.get::<_, String>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        let has_more = bodies.len() > query.limit;
        bodies.truncate(query.limit);
        Ok(Page {
            bodies,
            has_more,
            of: PhantomData,
        })
    }

    /// Where in the table a bound on time lies: instants rise with the sequence, so that it is found by
    /// halving and no row beyond it is looked at. Nothing was settled before it was created.
    fn bound<R: Resource>(
        &self,
        filter: &Filter,
    ) -> Result<Option<(&'static str, i64)>, DomainError> {
        let upper = filter.operator.starts_with('<');
        let found_by = match (filter.column, filter.operator) {
            ("created_at", "<" | "<=" | ">" | ">=") => true,
            ("settled_at", "<" | "<=") => R::TABLE == "payments",
            _ => false,
        };
        if !found_by {
            return Ok(None);
        }
        // The first row whose instant is not on the lower side.
        let is_lower: fn(&str, &str) -> bool = match filter.operator {
            "<" | ">=" => |instant, bound| instant < bound,
            _ => |instant, bound| instant <= bound,
        };
        let sql = format!(
            "SELECT sequence, created_at FROM {} WHERE sequence >= ?1 ORDER BY sequence LIMIT 1",
            R::TABLE
        );
        let mut statement = self.connection().prepare_cached(&sql)?;
        let last = format!("SELECT coalesce(max(sequence), 0) FROM {}", R::TABLE);
        let last: i64 = self
            .connection()
            .prepare_cached(&last)?
            .query_row([], |row| row.get(0))?;
        let (mut low, mut high) = (1, last + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let row: Option<(i64, bool)> = statement
                .query_row([middle], |row| {
                    let instant = row.get_ref(1)?.as_str()?;
                    Ok((row.get(0)?, is_lower(instant, &filter.value)))
                })
                .optional()?;
            match row {
                Some((sequence, true)) => low = sequence + 1,
                _ => high = middle,
            }
        }
        Ok(Some(if upper { ("<", low) } else { (">=", low) }))
    }

    /// Ids of the rows whose columns do not say what their body says, with their table.
    pub(crate) fn disagreements(&self) -> Result<Vec<(&'static str, String)>, DomainError> {
        let mut found = Vec::new();
        for schema::Table { name, columns, .. } in schema::tables() {
            let differs: Vec<String> = columns
                .iter()
                .map(|column| {
                    let path = column.pointer().replace('/', ".");
                    format!("{} IS NOT body->>'${path}'", column.name)
                })
                .collect();
            let sql = format!("SELECT id FROM {name} WHERE {}", differs.join(" OR "));
            let mut statement = self.connection().prepare_cached(&sql)?;
            for id in statement.query_map([], |row| row.get(0))? {
                found.push((*name, id?));
            }
        }
        Ok(found)
    }

    /// The place of a cursor in its table, unless it is another owner's. What has no owner any more, like
    /// what is deleted, stays a cursor: it may have gone between two pages.
    fn cursor<R: Resource>(
        &self,
        id: &str,
        scope: Option<&Scope>,
    ) -> Result<Option<i64>, DomainError> {
        let Some(Scope { column, owner }) = scope else {
            return self.sequence_of::<R>(id);
        };
        let sql = format!(
            "SELECT sequence FROM {} WHERE id = ?1 AND coalesce({column}, ?2) = ?2",
            R::TABLE
        );
        Ok(self
            .connection()
            .prepare_cached(&sql)?
            .query_row([id, owner], |row| row.get(0))
            .optional()?)
    }

    /// The place of an id in its table, deleted or not.
    pub(crate) fn sequence_of<R: Resource>(&self, id: &str) -> Result<Option<i64>, DomainError> {
        let sql = format!("SELECT sequence FROM {} WHERE id = ?1", R::TABLE);
        Ok(self
            .connection()
            .prepare_cached(&sql)?
            .query_row([id], |row| row.get(0))
            .optional()?)
    }
}

fn find_sql<R: Resource>() -> String {
    let table = R::TABLE;
    format!("SELECT body FROM {table} WHERE id = ?1 AND deleted = 0")
}

/// The columns of a resource: said by itself, or read from its body, which is parsed once for all.
struct Columns<'a, R> {
    resource: &'a R,
    body: OnceCell<Value>,
}

impl<'a, R: Resource> Columns<'a, R> {
    fn of(resource: &'a R) -> Self {
        Self {
            resource,
            body: OnceCell::new(),
        }
    }

    fn get(&self, column: &Column) -> Option<Cow<'a, str>> {
        let Some(said) = self.resource.column(column.name) else {
            return self.read(column).map(Cow::Owned);
        };
        debug_assert_eq!(
            said.as_deref(),
            self.read(column).as_deref(),
            "the column {} of {} disagrees with the body",
            column.name,
            R::TABLE
        );
        said
    }

    fn read(&self, column: &Column) -> Option<String> {
        let body = self.body.get_or_init(|| {
            serde_json::to_value(self.resource).expect("resources have string keys only")
        });
        column_of(body, column)
    }
}

pub(crate) fn to_body<R: Serialize>(resource: &R) -> String {
    let mut body = Vec::with_capacity(USUAL_BODY);
    serde_json::to_writer(&mut body, resource).expect("resources have string keys only");
    String::from_utf8(body).expect("JSON is UTF-8")
}

fn from_body<R: DeserializeOwned>(body: &str) -> Result<R, DomainError> {
    serde_json::from_str(body).map_err(|error| {
        DomainError::internal(format!("a stored object does not read back: {error}"))
    })
}
