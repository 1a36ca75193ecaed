//! Owns what all pages share: the frame of the document, the style sheet, and the headers that keep a
//! page from being framed or from loading anything foreign.

use crate::accounts::Accounts;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY,
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

/// Sends the browser on with a GET.
pub(crate) fn see_other(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if let Ok(address) = HeaderValue::try_from(address) {
        headers.insert(LOCATION, address);
    }
    response
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

impl Framing {
    /// This server and the origins of these addresses. An origin that would end its directive early is
    /// left out: a host may hold a `;` or a `,`.
    pub(super) fn origins_of<'a>(addresses: impl IntoIterator<Item = &'a url::Url>) -> Self {
        let plain = |origin: &String| {
            origin
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._:/[]".contains(&byte))
        };
        let mut origins: Vec<String> = addresses
            .into_iter()
            .map(|address| address.origin().ascii_serialization())
            .filter(plain)
            .collect();
        origins.dedup();
        Self::Origins(origins)
    }
}

/// A page whose forms come back to this server.
pub(super) fn page(status: StatusCode, title: &str, framing: &Framing, body: &Markup) -> Response {
    document(status, title, framing, "'self'", body)
}

/// A page whose forms may end on another site. Chromium holds every redirect after a form to the policy,
/// and a merchant's page may redirect further (to https, to www): so any web address, but no other scheme.
pub(super) fn page_leading_away(
    status: StatusCode,
    title: &str,
    framing: &Framing,
    body: &Markup,
) -> Response {
    document(status, title, framing, "'self' http: https:", body)
}

/// A page: its document and the headers that keep it to itself. Scripts come from this server's own
/// files only, never from the document.
fn document(
    status: StatusCode,
    title: &str,
    framing: &Framing,
    forms: &str,
    body: &Markup,
) -> Response {
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
         img-src 'self' data:; frame-src 'self'; form-action {forms}; base-uri 'none'; \
         frame-ancestors {ancestors}"
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

#[cfg(test)]
mod tests {
    use super::Framing;

    #[test]
    fn an_origin_that_would_break_out_of_the_policy_is_left_out() {
        let addresses = [
            "https://shop.example/a",
            "https://shop.example/b",
            "http://localhost:3000/",
            "http://a;sandbox/",
            "http://a,default-src/",
        ]
        .map(|text| url::Url::parse(text).unwrap());
        let Framing::Origins(origins) = Framing::origins_of(&addresses) else {
            panic!("origins frame it");
        };
        assert_eq!(origins, ["https://shop.example", "http://localhost:3000"]);
    }
}
