//! Owns the control of faults: added, listed with their counts, removed.

use super::{finish, request_id};
use crate::accounts::Accounts;
use crate::domain::error::DomainError;
use crate::faults::Fault;
use crate::http::reply::{JSON, Reply};
use crate::http::{Account, body};
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Value, json};
use std::sync::Arc;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new()
        .route("/_mock/faults", get(list).post(add).delete(clear))
        .route("/_mock/faults/{id}", get(read).delete(remove))
}

async fn list(Extension(sandbox): Account, request: Request) -> Response {
    let faults = sandbox.store.shared().faults.list();
    finish(
        Ok(json!({ "data": faults }).to_string()),
        &request_id(&request),
    )
}

async fn add(Extension(sandbox): Account, request: Request) -> Response {
    let id = request_id(&request);
    let (parts, content) = request.into_parts();
    let config = &sandbox.config;
    let faults = &sandbox.store.shared().faults;
    let added = body::read(content, config.body_cap, config.body_timeout)
        .await
        .and_then(|bytes| body::parse(&parts.headers, &bytes))
        .and_then(|(raw, _)| Fault::from_json(raw))
        .and_then(|fault| faults.add(fault));
    match added {
        Ok(fault) => {
            let view = faults.find(&fault).unwrap_or(Value::Null);
            Reply::new(201, JSON, view.to_string(), &id).into_response()
        }
        Err(error) => Reply::refusal(&error, &id).into_response(),
    }
}

async fn clear(Extension(sandbox): Account, request: Request) -> Response {
    let gone = sandbox.store.shared().faults.clear();
    finish(
        Ok(json!({ "removed": gone }).to_string()),
        &request_id(&request),
    )
}

async fn read(
    Extension(sandbox): Account,
    Path(fault): Path<String>,
    request: Request,
) -> Response {
    let found = sandbox.store.shared().faults.find(&fault);
    let found = found.ok_or_else(|| DomainError::missing(&fault));
    finish(found.map(|view| view.to_string()), &request_id(&request))
}

async fn remove(
    Extension(sandbox): Account,
    Path(fault): Path<String>,
    request: Request,
) -> Response {
    let result = match sandbox.store.shared().faults.remove(&fault) {
        true => Ok(json!({ "removed": 1 }).to_string()),
        false => Err(DomainError::missing(&fault)),
    };
    finish(result, &request_id(&request))
}
