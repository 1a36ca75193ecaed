//! Owns the page that asks a person for the key of a server that other machines reach.

use super::layout::{self, Framing};
use axum::response::Response;
use http::StatusCode;
use maud::html;

/// The page; `failed`: the key was another.
pub(crate) fn sign_in(failed: bool) -> Response {
    let body = html! {
        main {
            h1 { "Fluxa sandbox" }
            p { "Other machines reach this server, so it asks for its key: the one that it showed when it started." }
            @if failed { p role="alert" { "That is not its key." } }
            form method="post" action=(crate::http::SIGN_IN) {
                p {
                    label for="key" { "Key" }
                    input id="key" name="key" type="password" autocomplete="off" required autofocus;
                }
                p { button { "Sign in" } }
            }
        }
    };
    layout::page(
        StatusCode::UNAUTHORIZED,
        "Sign in · Fluxa sandbox",
        &Framing::Nobody,
        &body,
    )
}
