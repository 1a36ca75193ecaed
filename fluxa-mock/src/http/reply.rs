//! Owns the answer on its way out: status, body, and the headers that every response carries.

use super::error;
use super::rate_limit::Allowance;
use crate::domain::error::DomainError;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use fluxa_sdk::contract;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};

/// Media type of JSON answers.
pub(super) const JSON: &str = "application/json";
/// Media type of CSV answers.
pub(super) const CSV: &str = "text/csv; charset=utf-8";

/// The id of the request being served, put into its extensions by the guard.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

/// What the guard is told of an answer beside its headers.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// The id of the key that asked.
    pub(super) key: Option<String>,
    /// Whether its row in the log was written with its effect.
    pub(super) is_logged: bool,
    pub(super) body: Bytes,
}

/// An answer ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) media: String,
    pub(super) body: String,
    /// The id of the request that made this answer.
    pub(super) request_id: String,
    pub(super) replayed: bool,
    pub(super) retry_after: Option<u64>,
    pub(super) allowance: Option<Allowance>,
    /// The id of the key that asked.
    pub(super) key: Option<String>,
    /// Whether its row in the log was written with its effect.
    pub(super) is_logged: bool,
}

impl Reply {
    /// An answer.
    pub(super) fn new(status: u16, media: &str, body: String, request_id: &str) -> Self {
        Self {
            status,
            media: media.to_owned(),
            body,
            request_id: request_id.to_owned(),
            replayed: false,
            retry_after: None,
            allowance: None,
            key: None,
            is_logged: false,
        }
    }

    /// A refusal.
    pub(super) fn refusal(refused: &DomainError, request_id: &str) -> Self {
        let body = error::envelope(refused, request_id).to_string();
        let mut reply = Self::new(error::status(refused), JSON, body, request_id);
        reply.retry_after = refused.retry_after;
        reply
    }

    /// With the key that asked and the state of its allowance.
    pub(super) fn asked_by(mut self, key: Option<String>, allowance: Option<Allowance>) -> Self {
        self.key = key;
        self.with_allowance(allowance)
    }

    /// With the state of the key's allowance.
    pub(super) fn with_allowance(mut self, allowance: Option<Allowance>) -> Self {
        self.allowance = allowance;
        self
    }

    /// The response.
    pub(super) fn into_response(self) -> Response {
        let body = Bytes::from(self.body);
        let mut response = Response::new(Body::from(body.clone()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        set(&mut response, CONTENT_TYPE.as_str(), &self.media);
        set(&mut response, contract::REQUEST_ID, &self.request_id);
        if self.replayed {
            set(&mut response, contract::IDEMPOTENT_REPLAYED, "true");
        }
        if let Some(seconds) = self.retry_after {
            set(&mut response, contract::RETRY_AFTER, &seconds.to_string());
        }
        response.extensions_mut().insert(Told {
            key: self.key,
            is_logged: self.is_logged,
            body,
        });
        if let Some(allowance) = self.allowance {
            response.extensions_mut().insert(allowance);
        }
        response
    }
}

/// Sets a header; a value that no header can hold is left out.
pub(super) fn set(response: &mut Response, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}

/// A refusal outside any operation.
pub(super) fn refusal(request: &Request, refused: &DomainError) -> Response {
    let id = request
        .extensions()
        .get::<RequestId>()
        .map_or("", |id| id.0.as_str());
    Reply::refusal(refused, id).into_response()
}
