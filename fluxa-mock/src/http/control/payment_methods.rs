//! Owns the control of stored payment methods: what charging one does from now on. The test cards are
//! fixed; this is how the card of a subscription comes to fail at a renewal.

use super::{answer, request_id};
use crate::accounts::Accounts;
use crate::domain::card::Outcome;
use crate::domain::error::DomainError;
use crate::domain::payment_method::{self, PaymentMethod};
use crate::http::reply::Reply;
use crate::http::{Account, body, params};
use crate::store::Resource;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new().route("/_mock/payment_methods/{id}", post(set_outcome))
}

/// `{"outcome": "card_declined"}`.
async fn set_outcome(
    Extension(sandbox): Account,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let request_id = request_id(&request);
    let (parts, content) = request.into_parts();
    let config = &sandbox.config;
    let read = match body::read(content, config.body_cap, config.body_timeout).await {
        Ok(bytes) => body::parse(&parts.headers, &bytes).and_then(|(raw, _)| outcome(raw)),
        Err(error) => Err(error),
    };
    let checked = params::check_id(&id, PaymentMethod::PREFIX)
        .map_err(|error| error.about("id"))
        .and(read);
    let outcome = match checked {
        Ok(outcome) => outcome,
        Err(error) => return Reply::refusal(&error, &request_id).into_response(),
    };
    answer(&sandbox, request_id, move |tx| {
        let method = payment_method::set_outcome(tx, &id, outcome)?;
        Ok(json!({ "id": method.id, "object": "payment_method", "outcome": outcome }))
    })
    .await
}

fn outcome(raw: Map<String, Value>) -> Result<Outcome, DomainError> {
    if let Some(unknown) = raw.keys().find(|name| *name != "outcome") {
        let message = "Use outcome.";
        return Err(DomainError::invalid("parameter_unknown", message).about(unknown));
    }
    let name = raw.get("outcome").ok_or_else(|| {
        DomainError::invalid("parameter_missing", "outcome is required.").about("outcome")
    })?;
    name.as_str().and_then(Outcome::named).ok_or_else(|| {
        let message = format!("outcome is one of: {}.", Outcome::NAMES.join(", "));
        DomainError::parameter("outcome", message)
    })
}
