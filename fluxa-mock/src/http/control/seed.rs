//! Owns the order to fill the sandbox with a made-up past.

use super::{finish, request_id, whole};
use crate::accounts::Accounts;
use crate::domain::seed::SeedPlan;
use crate::http::{Account, body};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use std::sync::Arc;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new().route("/_mock/seed", post(fill))
}

/// `{"customers": 100, "days": 90, "seed": 1}`, each of them optional.
async fn fill(Extension(sandbox): Account, request: Request) -> Response {
    let id = request_id(&request);
    let (parts, content) = request.into_parts();
    let config = &sandbox.config;
    let plan = body::read(content, config.body_cap, config.body_timeout)
        .await
        .and_then(|bytes| body::parse(&parts.headers, &bytes))
        .and_then(|(raw, _)| SeedPlan::from_json(&raw));
    let filled = match plan {
        Ok(plan) => whole(async move { sandbox.seed(plan).await }).await,
        Err(error) => Err(error),
    };
    finish(filled, &id)
}
