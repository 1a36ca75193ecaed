//! Owns the HTTP face: routing, the life of a request, and the shape of answers. The rules behind
//! the operations are `domain`'s.

mod auth;
mod body;
mod control;
mod error;
mod expand;
mod exposed;
mod fault;
mod form;
mod guard;
mod idempotency;
mod observe;
mod operation;
mod params;
mod pipeline;
mod rate_limit;
mod reply;
mod routes;
mod stream;

pub(crate) use body::read as read_body;
pub(crate) use control::{ClockOrder, describe_account};
pub(crate) use exposed::SIGN_IN;
pub(crate) use fault::CutHere;
pub(crate) use idempotency::InFlight;
pub(crate) use params::{SESSION_ID_ESCAPED, check_id};
pub use rate_limit::RateLimit;
pub(crate) use rate_limit::RateLimiter;

use crate::accounts::Accounts;
use crate::domain::error::{DomainError, Kind};
use crate::pages;
use crate::sandbox::Sandbox;
use axum::extract::{RawPathParams, Request};
use axum::middleware;
use axum::response::Response;
use axum::routing::{MethodFilter, get, on};
use axum::{Extension, Router};
use operation::{Method, Operation};
use reply::{JSON, Reply, RequestId};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;

/// The address of the client, put into each request by the accept loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The address of this machine that the client has connected to, put there by the accept loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached(pub(crate) IpAddr);

/// What a handler is given of the account that its request belongs to; put there by the guard.
pub(crate) type Account = Extension<Arc<Sandbox>>;

/// The router of a server.
pub(crate) fn router(accounts: Arc<Accounts>) -> Router {
    let mut api: Router<Arc<Accounts>> = Router::new();
    for operation in routes::all() {
        let filter = match operation.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Patch => MethodFilter::PATCH,
            Method::Delete => MethodFilter::DELETE,
        };
        let handler = move |account: Account, path: RawPathParams, request: Request| {
            run(operation, account, path, request)
        };
        api = api.route(&format!("/v1{}", operation.path), on(filter, handler));
    }
    api.route("/", get(root))
        .merge(control::router())
        .merge(pages::router())
        .fallback(route_missing)
        .method_not_allowed_fallback(method_not_allowed)
        // Within the guard: what it refuses, no fault sees.
        .layer(middleware::from_fn(fault::around))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&accounts),
            guard::around,
        ))
        .with_state(accounts)
}

async fn run(
    operation: &'static Operation,
    Extension(sandbox): Account,
    path: RawPathParams,
    request: Request,
) -> Response {
    let id = path.iter().next().map(|(_, value)| value.to_owned());
    pipeline::handle(operation, sandbox, id, request).await
}

/// Who opens the server itself is shown where to look.
async fn root(Extension(sandbox): Account, request: Request) -> Response {
    if guard::wants_page(&request) {
        return pages::see_other(pages::HOME);
    }
    let id = request.extensions().get::<RequestId>();
    let id = id.map_or("", |id| id.0.as_str());
    let base = sandbox
        .store
        .shared()
        .base_url
        .get()
        .cloned()
        .unwrap_or_default();
    let server = base.trim_end_matches("/v1");
    let pointer = json!({
        "message": "This is a Fluxa sandbox. There is nothing at / itself.",
        "api": base,
        "inspector": format!("{server}{}", pages::HOME),
        "status": format!("{base}/status"),
    });
    Reply::new(200, JSON, pointer.to_string(), id).into_response()
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
