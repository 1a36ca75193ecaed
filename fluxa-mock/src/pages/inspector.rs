//! Owns the inspector: what happened in a sandbox, and its controls, for a developer.

use super::layout::{self, Framing};
use crate::accounts::Accounts;
use axum::Router;
use axum::routing::get;
use http::StatusCode;
use maud::html;
use std::sync::Arc;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new().route("/_mock/", get(async || overview()))
}

fn overview() -> axum::response::Response {
    let body = html! { main { h1 { "Fluxa sandbox" } } };
    layout::page(StatusCode::OK, "Fluxa sandbox", &Framing::Nobody, &body)
}
