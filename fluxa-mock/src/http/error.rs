//! Owns the error envelope: which status, type and body a domain error becomes.

use crate::domain::error::{DomainError, Kind};
use crate::observe::redact;
use fluxa_sdk::contract;
use serde_json::{Value, json};

/// The HTTP status of an error.
pub(super) fn status(error: &DomainError) -> u16 {
    match error.kind {
        Kind::Invalid => 400,
        Kind::Authentication => 401,
        Kind::Permission => 403,
        Kind::NotFound => 404,
        Kind::MethodNotAllowed => 405,
        Kind::Idempotency => 409,
        Kind::RateLimit => 429,
        Kind::Internal => 500,
    }
}

/// The envelope.
pub(super) fn envelope(error: &DomainError, request_id: &str) -> Value {
    let error_type = match error.kind {
        Kind::Invalid | Kind::MethodNotAllowed => "invalid_request",
        Kind::Authentication => "authentication",
        Kind::Permission => "permission",
        Kind::NotFound => "not_found",
        Kind::Idempotency => "idempotency",
        Kind::RateLimit => "rate_limit",
        Kind::Internal => "api_error",
    };
    let param = error.param.as_deref();
    body(error_type, error.code, &error.message, param, request_id)
}

/// The envelope of an error that need not be the domain's. Whatever it repeats of the request, it repeats
/// no card number and no key: an answer is shown, logged and, under an idempotency key, stored.
pub(super) fn body(
    error_type: &str,
    code: &str,
    message: &str,
    param: Option<&str>,
    request_id: &str,
) -> Value {
    let mut body = json!({
        "type": error_type,
        "code": code,
        "message": redact::text(message),
        "doc_url": format!("{}/{code}", contract::DOC_BASE_URL),
        "request_id": request_id,
    });
    if let (Some(param), Some(object)) = (param, body.as_object_mut()) {
        object.insert("param".to_owned(), redact::text(param).into());
    }
    json!({ "error": body })
}
