//! Owns how resources are written, read and listed: one JSON body per row, keyset pagination on the
//! row's sequence (never OFFSET), so that inserts cause neither skips nor repeats.

use super::tx::Tx;
use crate::domain::error::DomainError;
use crate::time::Time;
use rusqlite::{OptionalExtension, params, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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
    pub(crate) data: Vec<R>,
    pub(crate) has_more: bool,
}

impl Tx<'_> {
    /// Adds a resource.
    pub(crate) fn insert<R: Resource>(&self, resource: &R) -> Result<(), DomainError> {
        let sql = format!("INSERT INTO {} (id, body) VALUES (?1, ?2)", R::TABLE);
        self.connection()
            .prepare_cached(&sql)?
            .execute(params![resource.id(), to_body(resource)])?;
        Ok(())
    }

    /// Replaces a resource.
    pub(crate) fn update<R: Resource>(&self, resource: &R) -> Result<(), DomainError> {
        let sql = format!("UPDATE {} SET body = ?1 WHERE id = ?2", R::TABLE);
        self.connection()
            .prepare_cached(&sql)?
            .execute(params![to_body(resource), resource.id()])?;
        Ok(())
    }

    /// Replaces a resource only if `column` still has `expected`; false when it has not.
    pub(crate) fn update_guarded<R: Resource>(
        &self,
        resource: &R,
        column: &'static str,
        expected: &str,
    ) -> Result<bool, DomainError> {
        let sql = format!(
            "UPDATE {} SET body = ?1 WHERE id = ?2 AND {column} = ?3",
            R::TABLE
        );
        let rows = self.connection().prepare_cached(&sql)?.execute(params![
            to_body(resource),
            resource.id(),
            expected
        ])?;
        Ok(rows == 1)
    }

    /// Marks a resource deleted; its id stays usable as a cursor.
    pub(crate) fn delete<R: Resource>(&self, id: &str) -> Result<(), DomainError> {
        let sql = format!("UPDATE {} SET deleted = 1 WHERE id = ?1", R::TABLE);
        self.connection().prepare_cached(&sql)?.execute([id])?;
        Ok(())
    }

    /// The resource with this id, unless deleted.
    pub(crate) fn find<R: Resource>(&self, id: &str) -> Result<Option<R>, DomainError> {
        let sql = format!(
            "SELECT body FROM {} WHERE id = ?1 AND deleted = 0",
            R::TABLE
        );
        let body: Option<String> = self
            .connection()
            .prepare_cached(&sql)?
            .query_row([id], |row| row.get(0))
            .optional()?;
        body.map(|body| from_body(&body)).transpose()
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
        let data = bodies
            .iter()
            .map(|body| from_body(body))
            .collect::<Result<_, _>>()?;
        Ok(Page { data, has_more })
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

fn to_body<R: Serialize>(resource: &R) -> String {
    serde_json::to_string(resource).expect("resources have string keys only")
}

fn from_body<R: DeserializeOwned>(body: &str) -> Result<R, DomainError> {
    serde_json::from_str(body).map_err(|error| {
        DomainError::internal(format!("a stored object does not read back: {error}"))
    })
}
