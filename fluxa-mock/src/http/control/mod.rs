//! Owns the control plane, `/_mock/*`: what only the mock has. The guard keeps it to this machine and away
//! from web pages, or else to who has the server's own key.

mod accounts;
mod clock;
mod faults;
mod payment_methods;
mod requests;
mod seed;
mod sign_in;
mod snapshots;

pub(crate) use accounts::describe as describe_account;
pub(super) use accounts::missing as account_missing;
pub(crate) use clock::ClockOrder;

use super::Account;
use super::reply::{JSON, Reply, RequestId};
use crate::accounts::Accounts;
use crate::domain::error::DomainError;
use crate::domain::invariants;
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
        .merge(faults::router())
        .merge(seed::router())
        .merge(snapshots::router())
        .merge(payment_methods::router())
        .merge(requests::router())
        .merge(sign_in::router())
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
    let done = whole(async move { sandbox.reset().await.map(|()| json!({ "status": "reset" })) });
    finish(done.await, &request_id(&request))
}

/// Carries a change of the whole state through, even if who asked for it goes away meanwhile.
async fn whole(
    work: impl Future<Output = Result<Value, DomainError>> + Send + 'static,
) -> Result<String, DomainError> {
    let done = tokio::spawn(work).await;
    done.unwrap_or_else(|error| Err(DomainError::internal(error)))
        .map(|value| value.to_string())
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
