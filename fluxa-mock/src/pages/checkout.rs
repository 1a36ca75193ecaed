//! Owns the hosted checkout: the page on which a cardholder pays a session.

use super::layout::{self, Framing};
use crate::accounts::Accounts;
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::StatusCode;
use maud::html;
use std::sync::Arc;

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new().route("/pay/{id}", get(show))
}

/// Says how to pay without a page.
async fn show(Path(id): Path<String>) -> axum::response::Response {
    let body = html! {
        main {
            h1 { "Not yet" }
            p {
                "This sandbox has no checkout page yet. Pay with a test card by POST "
                code { "/v1/sandbox/checkout/sessions/" (id) "/complete" }
                "."
            }
        }
    };
    let framing = Framing::Origins(Vec::new());
    layout::page(
        StatusCode::NOT_IMPLEMENTED,
        "Fluxa checkout",
        &framing,
        &body,
    )
}
