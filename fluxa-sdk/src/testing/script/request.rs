//! A request as the script was asked.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use crate::contract;

/// One request that a client made of a [`Script`](super::Script).
#[derive(Clone)]
pub struct ScriptedRequest {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

impl ScriptedRequest {
    pub(super) fn new(request: &reqwest::Request, base_url: &str) -> Self {
        let base = reqwest::Url::parse(base_url).ok();
        let prefix = base.as_ref().map_or("", |base| base.path());
        let path = request.url().path();
        let below = path.strip_prefix(prefix.trim_end_matches('/'));
        let body = request.body().and_then(reqwest::Body::as_bytes);
        Self {
            method: request.method().as_str().to_owned(),
            path: below.unwrap_or(path).to_owned(),
            query: request.url().query_pairs().into_owned().collect(),
            headers: request.headers().clone(),
            body: Bytes::copy_from_slice(body.unwrap_or_default()),
        }
    }

    /// Returns the method in upper case.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns the path below the base URL, percent-encoded as it would be sent.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the first value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        let pair = self.query.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// Returns all query parameters in order, decoded.
    pub fn query_pairs(&self) -> &[(String, String)] {
        &self.query
    }

    /// Returns a header as text; any case of the name will do.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns all headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the idempotency key.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.header(contract::IDEMPOTENCY_KEY)
    }

    /// Returns the body as JSON; null when there is none, or it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns the bytes of the body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}

impl fmt::Debug for ScriptedRequest {
    /// Leaves out query values, headers and body: they may be a real customer's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("idempotency_key", &self.idempotency_key())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
