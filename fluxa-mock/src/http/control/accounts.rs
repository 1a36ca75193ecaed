//! Owns the control of accounts: which there are, and closing one.

use super::{finish, request_id};
use crate::accounts::Accounts;
use crate::domain::error::{DomainError, Kind};
use crate::domain::sizes;
use crate::sandbox::Sandbox;
use crate::store::Origin;
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{delete, get};
use serde_json::{Value, json};
use std::sync::Arc;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new()
        .route("/_mock/accounts", get(list))
        .route("/_mock/accounts/{label}", delete(forget).get(retrieve))
}

async fn list(State(accounts): State<Arc<Accounts>>, request: Request) -> Response {
    let id = request_id(&request);
    let mut data = Vec::new();
    for sandbox in accounts.all() {
        match describe(&sandbox).await {
            Ok(account) => data.push(account),
            // Closed meanwhile.
            Err(_) if accounts.labelled(sandbox.label()).is_none() => {}
            Err(error) => return finish(Err(error), &id),
        }
    }
    finish(Ok(json!({ "data": data }).to_string()), &id)
}

async fn retrieve(
    State(accounts): State<Arc<Accounts>>,
    Path(label): Path<String>,
    request: Request,
) -> Response {
    let id = request_id(&request);
    let described = match accounts.labelled(&label) {
        Some(sandbox) => describe(&sandbox).await,
        None => Err(missing(&label)),
    };
    finish(described.map(|account| account.to_string()), &id)
}

async fn forget(
    State(accounts): State<Arc<Accounts>>,
    Path(label): Path<String>,
    request: Request,
) -> Response {
    let id = request_id(&request);
    // A task of its own: a client that goes away does not leave an account half closed.
    let forgetting = tokio::spawn(async move {
        match accounts.forget(&label).await? {
            true => Ok(json!({ "label": label, "status": "closed" }).to_string()),
            false => Err(missing(&label)),
        }
    });
    let result = forgetting
        .await
        .unwrap_or_else(|error| Err(DomainError::internal(error)));
    finish(result, &id)
}

/// 404 for a label that no account has.
pub(in crate::http) fn missing(label: &str) -> DomainError {
    let message = format!("No account is called {label}; GET /_mock/accounts lists them.");
    DomainError::new(Kind::NotFound, "account_missing", message)
}

/// One account as the control plane lists it.
pub(crate) async fn describe(sandbox: &Sandbox) -> Result<Value, DomainError> {
    // In memory the log's rows wait until they are looked at.
    sandbox.write_log().await;
    let (label, primary) = (sandbox.label().to_owned(), sandbox.identity().is_primary);
    sandbox
        .store
        .run(Origin::default(), move |tx| {
            let clock = tx.clock();
            Ok(json!({
                "label": label,
                "primary": primary,
                "key": sizes::own_key(tx)?,
                "clock": { "now": tx.now(), "pace": clock.pace() },
                "counts": sizes::counts(tx)?,
            }))
        })
        .await
}
