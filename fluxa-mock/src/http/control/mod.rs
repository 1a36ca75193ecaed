//! Owns the control plane, `/_mock/*`: what only the mock has and no API key is needed for. The guard
//! keeps it to loopback names and away from web pages.

mod accounts;
mod clock;
mod requests;

pub(super) use accounts::missing as account_missing;

use super::Account;
use super::reply::{JSON, Reply, RequestId};
use crate::accounts::Accounts;
use crate::domain::error::DomainError;
use crate::domain::{invariants, merchant};
use crate::sandbox::Sandbox;
use crate::store::{Origin, Tx};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde_json::{Value, json};
use std::sync::Arc;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new()
        .route("/_mock/health", get(health))
        .route("/_mock/reset", post(reset))
        .route("/_mock/invariants", get(check_invariants))
        .merge(accounts::router())
        .merge(clock::router())
        .merge(requests::router())
}

async fn health(Extension(sandbox): Account, request: Request) -> Response {
    let works = sandbox.works();
    answer(&sandbox, request_id(&request), move |_| match works {
        true => Ok(json!({ "status": "ready" })),
        false => Err(DomainError::internal("a background task has ended")),
    })
    .await
}

async fn reset(Extension(sandbox): Account, request: Request) -> Response {
    let response = answer(&sandbox, request_id(&request), |tx| {
        tx.reset()?;
        merchant::seed(tx)?;
        Ok(json!({ "status": "reset" }))
    })
    .await;
    sandbox.seen.clear();
    sandbox.epoch.send_modify(|epoch| *epoch += 1);
    response
}

async fn check_invariants(Extension(sandbox): Account, request: Request) -> Response {
    answer(&sandbox, request_id(&request), |tx| {
        let breaches = invariants::audit(tx)?;
        Ok(json!({ "ok": breaches.is_empty(), "breaches": breaches }))
    })
    .await
}

async fn answer(
    sandbox: &Sandbox,
    id: String,
    work: impl FnOnce(&Tx<'_>) -> Result<Value, DomainError> + Send + 'static,
) -> Response {
    let result = sandbox
        .store
        .run(Origin::default(), move |tx| {
            work(tx).map(|value| value.to_string())
        })
        .await;
    finish(result, &id)
}

fn finish(result: Result<String, DomainError>, request_id: &str) -> Response {
    match result {
        Ok(text) => Reply::new(200, JSON, text, request_id).into_response(),
        Err(error) => Reply::refusal(&error, request_id).into_response(),
    }
}

fn request_id(request: &Request) -> String {
    request
        .extensions()
        .get::<RequestId>()
        .map_or(String::new(), |id| id.0.clone())
}
