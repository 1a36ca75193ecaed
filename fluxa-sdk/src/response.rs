//! The answer of a call: its value, and what the headers say.

use std::fmt;
use std::ops::{Deref, DerefMut};

use http::{HeaderMap, StatusCode};
use progenitor_client::ResponseValue;

use crate::contract;
use crate::headers::{self, RateLimit};

/// The answer of a call. Derefs to its value.
pub struct Response<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
    attempts: u32,
}

impl<T> Response<T> {
    pub(crate) fn new(value: ResponseValue<T>, headers: HeaderMap, attempts: u32) -> Self {
        Self {
            status: value.status(),
            value: value.into_inner(),
            headers,
            attempts,
        }
    }

    /// Returns the value alone.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the `req_…` id, to quote to support.
    pub fn request_id(&self) -> Option<&str> {
        headers::request_id(&self.headers)
    }

    /// Returns the key's allowance of requests at this answer.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        headers::rate_limit(&self.headers)
    }

    /// Returns how often the request was tried, this answer included.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns whether an earlier request with the same idempotency key had this answer.
    pub fn idempotent_replayed(&self) -> bool {
        self.headers
            .get(contract::IDEMPOTENT_REPLAYED)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
    }

    /// Returns the answer with its value changed.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self {
            value,
            status,
            headers,
            attempts,
        } = self;
        Response {
            value: change(value),
            status,
            headers,
            attempts,
        }
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Response<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("request_id", &self.request_id())
            .field("attempts", &self.attempts)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
