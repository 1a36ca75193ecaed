//! Owns what all pages share: the frame of the document, the style sheet, and the headers that keep a
//! page from being framed or from loading anything foreign.

use crate::accounts::Accounts;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use maud::{DOCTYPE, Markup, html};
use std::sync::Arc;

const STYLE: &str = include_str!("style.css");

/// Path of the style sheet.
pub(super) const STYLE_PATH: &str = "/_mock/assets/style.css";

/// The routes of the assets.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new().route(
        STYLE_PATH,
        get(async || asset("text/css; charset=utf-8", STYLE)),
    )
}

/// An embedded asset.
pub(super) fn asset(media: &'static str, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Who may show a page in a frame.
#[derive(Clone, Debug)]
pub(super) enum Framing {
    /// Nobody.
    Nobody,
    /// This server and these origins.
    Origins(Vec<String>),
}

/// A page: its document and the headers that keep it to itself. Scripts come from this server's own
/// files only, never from the document.
pub(super) fn page(status: StatusCode, title: &str, framing: &Framing, body: &Markup) -> Response {
    let document = html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href=(STYLE_PATH);
                link rel="icon" href="data:,";
            }
            body { (body) }
        }
    };
    let ancestors = match framing {
        Framing::Nobody => "'none'".to_owned(),
        Framing::Origins(origins) => format!("'self' {}", origins.join(" ")),
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         img-src 'self' data:; frame-src 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    );
    let mut response = Response::new(Body::from(document.into_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: with it a browser sends `Origin: null` from the page's own forms.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
