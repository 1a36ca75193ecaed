//! Owns the vocabulary in which `routes/` describes operations: method, path, scope, parameters with
//! their types, what is expandable in the answer, and the handler.

use super::expand::Node;
use crate::domain::api_key::ApiKey;
use crate::domain::error::DomainError;
use crate::domain::timing::Timing;
use crate::store::{Filter, ListQuery, Page, Resource, Scope, Tx};
use crate::time::Time;
use fluxa_sdk::contract;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// HTTP methods of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Method {
    /// The name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// What a scope calls it.
    pub(super) fn access(self) -> &'static str {
        if self == Self::Get { "read" } else { "write" }
    }
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum ParamKind {
    /// Minor units within the contract's limits.
    Amount,
    /// An integer in a range, both ends included.
    Integer(i64, i64),
    /// Text of at most so many characters, none of it a card number or a key.
    Text(usize),
    /// Text that may be a card number or a security code: no object is made of it.
    CardData(usize),
    /// Text that a program wrote: what must not be kept of it is replaced, not refused.
    Remark(usize),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An id with this prefix.
    Id(&'static str),
    /// ISO 4217, either case.
    Currency,
    /// An absolute http or https URL.
    Url,
    Email,
    Metadata,
    /// `true` or `false`.
    Boolean,
    /// An RFC 3339 instant.
    Instant,
    /// A list of texts.
    TextList,
    /// A list of event types; also one comma-separated text.
    EventTypes,
    /// A nested object.
    Object(&'static [Param]),
    /// Bounds `gte gt lte lt`.
    TimeRange,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) kind: ParamKind,
    pub(super) required: bool,
}

/// A parameter that must be given.
pub(super) const fn required(name: &'static str, kind: ParamKind) -> Param {
    Param {
        name,
        kind,
        required: true,
    }
}

/// A parameter that may be given.
pub(super) const fn optional(name: &'static str, kind: ParamKind) -> Param {
    Param {
        name,
        kind,
        required: false,
    }
}

/// Does the work of an operation in a transaction.
pub(super) type Handler = fn(&Tx<'_>, &Input) -> Result<Answer, DomainError>;

/// Who answers.
#[derive(Clone, Copy)]
pub(super) enum Answering {
    /// A handler in one transaction.
    Handler(Handler),
    /// The event stream.
    Stream,
    /// The clock, which drains timers and deliveries step by step.
    AdvanceClock,
}

/// An operation of the contract.
pub(super) struct Operation {
    pub(super) method: Method,
    /// Below `/v1`.
    pub(super) path: &'static str,
    /// The resource whose scope it needs; `None` = no key.
    pub(super) scope: Option<&'static str>,
    /// Prefix of the id in the path.
    pub(super) id: Option<&'static str>,
    pub(super) params: &'static [Param],
    /// Takes `limit` and `after`.
    pub(super) list: bool,
    /// What `expand[]` starts from; `None` = takes no `expand[]`.
    pub(super) expand: Option<Node>,
    pub(super) answering: Answering,
    /// Shows the log of requests: what waits to be logged is written before.
    pub(super) reads_log: bool,
}

impl Operation {
    const fn new(method: Method, path: &'static str, scope: &'static str, by: Answering) -> Self {
        Self {
            method,
            path,
            scope: Some(scope),
            id: None,
            params: &[],
            list: false,
            expand: None,
            answering: by,
            reads_log: false,
        }
    }

    pub(super) const fn get(path: &'static str, scope: &'static str, handler: Handler) -> Self {
        Self::new(Method::Get, path, scope, Answering::Handler(handler))
    }

    pub(super) const fn post(path: &'static str, scope: &'static str, handler: Handler) -> Self {
        Self::new(Method::Post, path, scope, Answering::Handler(handler))
    }

    pub(super) const fn patch(path: &'static str, scope: &'static str, handler: Handler) -> Self {
        Self::new(Method::Patch, path, scope, Answering::Handler(handler))
    }

    pub(super) const fn delete(path: &'static str, scope: &'static str, handler: Handler) -> Self {
        Self::new(Method::Delete, path, scope, Answering::Handler(handler))
    }

    pub(super) const fn special(
        method: Method,
        path: &'static str,
        scope: &'static str,
        answering: Answering,
    ) -> Self {
        Self::new(method, path, scope, answering)
    }

    pub(super) const fn params(mut self, params: &'static [Param]) -> Self {
        self.params = params;
        self
    }

    pub(super) const fn id(mut self, prefix: &'static str) -> Self {
        self.id = Some(prefix);
        self
    }

    pub(super) const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    pub(super) const fn expand(mut self, node: Node) -> Self {
        self.expand = Some(node);
        self
    }

    pub(super) const fn reads_log(mut self) -> Self {
        self.reads_log = true;
        self
    }

    pub(super) const fn public(mut self) -> Self {
        self.scope = None;
        self
    }
}

/// What a handler is given.
pub(super) struct Input {
    /// Id in the path.
    pub(super) id: Option<String>,
    /// Parsed parameters.
    pub(super) params: Map<String, Value>,
    /// The key that asks; none on public operations.
    pub(super) key: Option<ApiKey>,
    /// The timing asked for, of use or not.
    pub(super) timing: Option<Timing>,
    /// The client prefers CSV.
    pub(super) wants_csv: bool,
}

impl Input {
    /// The id in the path.
    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The key that asks.
    ///
    /// # Errors
    /// `internal_error` on a public operation.
    pub(super) fn key(&self) -> Result<&ApiKey, DomainError> {
        let none = || DomainError::internal("a public operation asks for its key");
        self.key.as_ref().ok_or_else(none)
    }

    /// The parameters as the domain wants them.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, DomainError> {
        T::deserialize(&self.params).map_err(|error| {
            DomainError::internal(format!("parsed parameters do not fit: {error}"))
        })
    }

    /// A text parameter.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name).and_then(Value::as_str)
    }

    /// An integer parameter.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.params.get(name).and_then(Value::as_i64)
    }

    /// The page asked for, of the part of the table that `scope` names, filtered by the parameters named
    /// as columns.
    pub(super) fn page(&self, columns: &[&'static str], scope: Option<Scope>) -> ListQuery {
        let mut filters = Vec::new();
        const OPERATORS: [(&str, &str); 4] =
            [("gte", ">="), ("gt", ">"), ("lte", "<="), ("lt", "<")];
        for column in columns {
            match self.params.get(*column) {
                Some(Value::String(text)) => filters.push(Filter::equals(column, text.clone())),
                Some(Value::Number(number)) => {
                    filters.push(Filter::equals(column, number.to_string()));
                }
                Some(Value::Object(bounds)) => {
                    for (name, operator) in OPERATORS {
                        let bound = bounds
                            .get(name)
                            .and_then(Value::as_str)
                            .and_then(Time::parse);
                        if let Some(instant) = bound {
                            filters.push(Filter::compare(column, operator, instant));
                        }
                    }
                }
                _ => {}
            }
        }
        let default = i64::from(contract::LIST_LIMIT_DEFAULT);
        let limit = usize::try_from(self.integer("limit").unwrap_or(default)).unwrap_or(1);
        ListQuery {
            scope,
            filters,
            limit,
            after: self.text("after").map(str::to_owned),
        }
    }

    /// Lists a resource, filtered by the parameters named as its columns.
    pub(super) fn list<R: Resource>(
        &self,
        tx: &Tx<'_>,
        columns: &[&'static str],
        scope: Option<Scope>,
    ) -> Result<Answer, DomainError> {
        let page: Page<R> = tx.list(&self.page(columns, scope))?;
        let cursor = page.cursor()?;
        let mut text = String::from("{\"data\":[");
        for (place, body) in page.bodies.into_iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            text.push_str(&R::render_body(tx, body)?);
        }
        let has_more = cursor.is_some();
        let cursor = Value::from(cursor);
        text.push_str(&format!(
            "],\"has_more\":{has_more},\"next_cursor\":{cursor}}}"
        ));
        Ok(Answer::text(200, text))
    }

    /// Reads the resource named in the path.
    pub(super) fn retrieve<R: Resource>(&self, tx: &Tx<'_>) -> Result<Answer, DomainError> {
        let body = tx.get_body::<R>(self.id())?;
        Ok(Answer::text(200, R::render_body(tx, body)?))
    }
}

/// The body of a list.
pub(super) fn list_body(data: Vec<Value>, next_cursor: Option<String>) -> Value {
    json!({ "data": data, "has_more": next_cursor.is_some(), "next_cursor": next_cursor })
}

/// What an operation answers.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content: Content,
}

impl Content {
    /// JSON to be worked on.
    pub(super) fn parsed(self) -> Result<Self, DomainError> {
        match self {
            Self::Text(text) => serde_json::from_str(&text)
                .map(Self::Json)
                .map_err(DomainError::internal),
            other => Ok(other),
        }
    }
}

/// The body of an answer.
pub(super) enum Content {
    Json(Value),
    /// JSON, written out already.
    Text(String),
    Csv(String),
}

impl Answer {
    /// 200.
    pub(super) fn ok(value: Value) -> Self {
        Self {
            status: 200,
            content: Content::Json(value),
        }
    }

    /// 201.
    pub(super) fn created(value: Value) -> Self {
        Self {
            status: 201,
            content: Content::Json(value),
        }
    }

    /// JSON that is written out already.
    pub(super) fn text(status: u16, text: String) -> Self {
        Self {
            status,
            content: Content::Text(text),
        }
    }

    /// 200, as CSV.
    pub(super) fn csv(text: String) -> Self {
        Self {
            status: 200,
            content: Content::Csv(text),
        }
    }

    /// 200: an object was deleted.
    pub(super) fn deleted(id: &str, object: &str) -> Self {
        Self::ok(json!({ "id": id, "object": object, "deleted": true }))
    }
}
