//! Owns the HTTP face: routing, the life of a request, and the shape of answers. The rules behind
//! the operations are `domain`'s.

mod auth;
mod body;
mod control;
mod error;
mod expand;
mod form;
mod guard;
mod idempotency;
mod operation;
mod params;
mod pipeline;
mod rate_limit;
mod reply;
mod routes;
mod stream;

pub(crate) use idempotency::InFlight;
pub use rate_limit::RateLimit;
pub(crate) use rate_limit::RateLimiter;

use crate::domain::error::{DomainError, Kind};
use crate::sandbox::Sandbox;
use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware;
use axum::response::Response;
use axum::routing::{MethodFilter, get, on};
use operation::{Method, Operation};
use std::net::IpAddr;
use std::sync::Arc;

/// The address of the client, put into each request by the accept loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The router of one sandbox.
pub(crate) fn router(sandbox: Arc<Sandbox>) -> Router {
    let mut api: Router<Arc<Sandbox>> = Router::new();
    for operation in routes::all() {
        let filter = match operation.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Patch => MethodFilter::PATCH,
            Method::Delete => MethodFilter::DELETE,
        };
        let handler = move |state: State<Arc<Sandbox>>, path: RawPathParams, request: Request| {
            run(operation, state, path, request)
        };
        api = api.route(&format!("/v1{}", operation.path), on(filter, handler));
    }
    api.merge(control::router())
        .route("/pay/{id}", get(checkout_page))
        .fallback(route_missing)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&sandbox),
            guard::around,
        ))
        .with_state(sandbox)
}

async fn run(
    operation: &'static Operation,
    State(sandbox): State<Arc<Sandbox>>,
    path: RawPathParams,
    request: Request,
) -> Response {
    let id = path.iter().next().map(|(_, value)| value.to_owned());
    pipeline::handle(operation, sandbox, id, request).await
}

/// Where a session's `url` leads. There is no page yet: say how to pay without one.
async fn checkout_page(request: Request) -> Response {
    let id = request.uri().path().rsplit('/').next().unwrap_or_default();
    let message = format!(
        "This sandbox has no checkout page yet. Pay with a test card by \
         POST /v1/sandbox/checkout/sessions/{id}/complete."
    );
    let missing = DomainError::new(Kind::NotImplemented, "not_implemented", message);
    reply::refusal(&request, &missing)
}

async fn route_missing(request: Request) -> Response {
    let message = format!("There is no path {}.", request.uri().path());
    reply::refusal(
        &request,
        &DomainError::new(Kind::NotFound, "route_missing", message),
    )
}

async fn method_not_allowed(request: Request) -> Response {
    let message = format!(
        "{} does not take {}.",
        request.uri().path(),
        request.method()
    );
    let refused = DomainError::new(Kind::MethodNotAllowed, "method_not_allowed", message);
    reply::refusal(&request, &refused)
}
