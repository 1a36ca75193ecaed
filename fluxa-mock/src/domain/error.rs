//! Owns the one error of the domain: a stable code, a message for the client and, apart from it, a
//! detail for the log. Which HTTP status a kind becomes is the business of `http/error.rs`.

use std::fmt;

/// What SQLite says of a full disk, and of a database in memory at its limit.
const FULL: &str = "database or disk is full";

/// What sort of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request is at fault, or the object's state does not allow it.
    Invalid,
    /// No valid key.
    Authentication,
    /// The key may not do this.
    Permission,
    /// No such object or route.
    NotFound,
    /// The path does not take this method.
    MethodNotAllowed,
    /// Conflict over an idempotency key.
    Idempotency,
    /// Too many requests.
    RateLimit,
    /// A fault of the server.
    Internal,
}

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct DomainError {
    pub(crate) kind: Kind,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) param: Option<String>,
    /// Seconds to wait, for `Retry-After`.
    pub(crate) retry_after: Option<u64>,
}

impl DomainError {
    /// An error of `kind`.
    pub(crate) fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            param: None,
            retry_after: None,
        }
    }

    /// 400.
    pub(crate) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, code, message)
    }

    /// 400 `parameter_invalid`.
    pub(crate) fn parameter(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid("parameter_invalid", message).about(param)
    }

    /// 404 `resource_missing`.
    pub(crate) fn missing(id: &str) -> Self {
        Self::new(
            Kind::NotFound,
            "resource_missing",
            format!("No object has the id {id}."),
        )
    }

    /// 400 `invalid_cursor`.
    pub(crate) fn invalid_cursor(after: &str) -> Self {
        Self::invalid(
            "invalid_cursor",
            format!("{after} is not a cursor of this list."),
        )
        .about("after")
    }

    /// 400 `state_conflict`.
    pub(crate) fn state_conflict(message: impl Into<String>) -> Self {
        Self::invalid("state_conflict", message)
    }

    /// 404: the account, or its server, went away while the request was carried out.
    pub(crate) fn closed() -> Self {
        let message = "This account was closed meanwhile.";
        Self::new(Kind::NotFound, "account_missing", message)
    }

    /// 500 from the store. That it is full is the one fault that its user can do something about.
    pub(crate) fn store(detail: impl fmt::Display) -> Self {
        let error = Self::internal(&detail);
        match detail.to_string().contains(FULL) {
            true => Self {
                message: "The sandbox is full: in memory it holds a gigabyte, in a file what the disk does. Nothing \
                          of this request was carried out. Empty it (`POST /_mock/reset`), or start another."
                    .to_owned(),
                ..error
            },
            false => error,
        }
    }

    /// 500; `detail` goes to the log, not to the client.
    pub(crate) fn internal(detail: impl fmt::Display) -> Self {
        tracing::error!(%detail, "internal error");
        Self::new(
            Kind::Internal,
            "internal_error",
            "Something failed in the sandbox server.",
        )
    }

    /// Names the parameter at fault.
    pub(crate) fn about(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }
}

impl From<rusqlite::Error> for DomainError {
    fn from(error: rusqlite::Error) -> Self {
        Self::store(error)
    }
}

impl fmt::Display for DomainError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for DomainError {}
