//! Owns the control of what was asked: the last requests of an account, for assertions in tests.

use super::{finish, request_id};
use crate::accounts::Accounts;
use crate::domain::error::DomainError;
use crate::http::{Account, form};
use crate::observe::{Since, Wanted};
use crate::time::Time;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use fluxa_sdk::contract;
use serde_json::json;
use std::sync::Arc;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new().route("/_mock/requests", get(list).delete(forget))
}

async fn list(Extension(sandbox): Account, request: Request) -> Response {
    let id = request_id(&request);
    let query = request.uri().query().unwrap_or_default();
    let result = wanted(query).and_then(|wanted| {
        let data = sandbox.seen.find(&wanted);
        let body = json!({ "count": data.len(), "data": data });
        Ok(body.to_string())
    });
    finish(result, &id)
}

async fn forget(Extension(sandbox): Account, request: Request) -> Response {
    sandbox.seen.clear();
    let body = json!({ "status": "cleared" });
    finish(Ok(body.to_string()), &request_id(&request))
}

/// `method=POST`, `path=/v1/payments*`, `since=<instant or request id>`.
fn wanted(query: &str) -> Result<Wanted, DomainError> {
    let mut wanted = Wanted::default();
    for (name, value) in form::parse(query.as_bytes())? {
        let Some(text) = value.as_str().map(str::to_owned) else {
            return Err(DomainError::parameter(name, "The parameter is a text."));
        };
        match name.as_str() {
            "method" => wanted.method = Some(text),
            "path" => wanted.path = Some(text),
            "since" if text.starts_with(contract::prefix::REQUEST) => {
                wanted.since = Some(Since::Request(text));
            }
            "since" => {
                let message = "since is an instant, RFC 3339, or the id of a request.";
                let instant = Time::parse(&text);
                let instant = instant.ok_or_else(|| DomainError::parameter("since", message))?;
                wanted.since = Some(Since::Instant(instant));
            }
            "account" => {}
            _ => {
                let message = "Use method, path, since and account.";
                return Err(DomainError::invalid("parameter_unknown", message).about(name));
            }
        }
    }
    Ok(wanted)
}
