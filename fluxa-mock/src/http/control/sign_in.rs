//! Owns the signing in of a browser, which sends no key: the key once in a form, then a cookie.

use crate::accounts::Accounts;
use crate::http::{Account, body, exposed, form, reply};
use crate::pages;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use http::header::SET_COOKIE;
use std::sync::Arc;

/// A key and its name, escaped.
const FORM_CAP: usize = 1024;

/// The route.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new().route(exposed::SIGN_IN, post(sign_in))
}

async fn sign_in(
    State(accounts): State<Arc<Accounts>>,
    Extension(sandbox): Account,
    request: Request,
) -> Response {
    let limit = sandbox.config.body_timeout;
    let sent = body::read(request.into_body(), FORM_CAP, limit).await;
    let fields = sent
        .and_then(|bytes| form::parse(&bytes))
        .unwrap_or_default();
    let key = fields
        .get("key")
        .and_then(|key| key.as_str())
        .unwrap_or_default();
    let Some(own) = &sandbox.config.exposed else {
        return pages::see_other(pages::HOME);
    };
    if !own.is(key.trim()) {
        return pages::sign_in(true);
    }
    let mut response = pages::see_other(pages::HOME);
    let cookie = exposed::cookie(&sandbox, accounts.session());
    reply::set(&mut response, SET_COOKIE.as_str(), &cookie);
    response
}
