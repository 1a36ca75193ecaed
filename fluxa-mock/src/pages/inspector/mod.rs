//! Owns the inspector: what happened in a sandbox, and its controls, for a developer. A GET changes
//! nothing; what changes something is a POST to `/_mock/ui/do/*`, and the guard lets none in from a
//! foreign page.

mod accounts;
mod actions;
mod checkouts;
mod clock;
mod customers;
mod deliveries;
mod disputes;
mod endpoints;
mod events;
mod faults;
mod keys;
mod ledger;
mod live;
mod overview;
mod parts;
mod payments;
mod queries;
mod requests;
mod section;
mod settlements;
mod shell;
mod subscriptions;
mod timeline;
mod twice;
mod view;

use super::layout;
use crate::accounts::Accounts;
use crate::domain::error::{DomainError, Kind};
use crate::http::Account;
use crate::sandbox::Sandbox;
use crate::store::Origin;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::{StatusCode, Uri};
use queries::Reader;
use section::Page;
use std::sync::Arc;
pub(crate) use view::HOME;
use view::{Asked, View};

const SCRIPT: &str = include_str!("inspector.js");
const STYLE: &str = include_str!("inspector.css");

/// Path of the script.
const SCRIPT_PATH: &str = "/_mock/assets/inspector.js";

/// Path of the style sheet.
const STYLE_PATH: &str = "/_mock/assets/inspector.css";

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new()
        .route(
            "/_mock",
            get(async |uri: Uri| see_other(&Asked::new(&uri).href(HOME))),
        )
        .route(HOME, get(home))
        .route(
            "/_mock/ui",
            get(async |uri: Uri| see_other(&Asked::new(&uri).href(HOME))),
        )
        .route("/_mock/ui/go", get(go))
        .route(accounts::PATH, get(accounts::list))
        .route("/_mock/ui/{section}", get(list))
        .route("/_mock/ui/{section}/{id}", get(one))
        .route("/_mock/ui/do/{action}", post(actions::carry_out))
        .route("/_mock/live", get(live::open))
        .route(
            SCRIPT_PATH,
            get(async || layout::asset("text/javascript; charset=utf-8", SCRIPT)),
        )
        .route(
            STYLE_PATH,
            get(async || layout::asset("text/css; charset=utf-8", STYLE)),
        )
}

async fn home(Extension(sandbox): Account, uri: Uri) -> Response {
    show(sandbox, Asked::new(&uri), overview::page).await
}

async fn list(Extension(sandbox): Account, Path(name): Path<String>, uri: Uri) -> Response {
    show(sandbox, Asked::new(&uri), move |reader, view| {
        let section = section::named(&name).ok_or_else(|| no_page(&name))?;
        let draw = section.list.ok_or_else(|| no_page(&name))?;
        draw(reader, view)
    })
    .await
}

async fn one(
    Extension(sandbox): Account,
    Path((name, id)): Path<(String, String)>,
    uri: Uri,
) -> Response {
    show(sandbox, Asked::new(&uri), move |reader, view| {
        let section = section::named(&name).ok_or_else(|| no_page(&name))?;
        let draw = section.one.ok_or_else(|| no_page(&id))?;
        draw(reader, view, &id)
    })
    .await
}

/// Where a search from the top of the page leads: to the object itself when it is named.
async fn go(Extension(sandbox): Account, uri: Uri) -> Response {
    let asked = Asked::new(&uri);
    let wanted = asked.param("q").unwrap_or_default().trim().to_owned();
    if let Some(href) = asked.href_of(&wanted) {
        return see_other(&href);
    }
    let (reference, own) = (wanted.clone(), Arc::clone(&sandbox));
    let batch: Result<Option<String>, DomainError> = sandbox
        .store
        .run(Origin::default(), move |tx| {
            let reader = Reader::new(tx, &own.seen);
            let found = reader.by("settlements", "settlement_reference", &reference, 1)?;
            Ok(found.first().map(|row| row.text("id").to_owned()))
        })
        .await;
    match batch {
        Ok(Some(id)) => see_other(&asked.href_of(&id).unwrap_or_default()),
        _ if wanted.contains('@') => {
            see_other(&asked.href_with("/_mock/ui/customers", &[("q", &wanted)]))
        }
        _ => see_other(&asked.href_with("/_mock/ui/payments", &[("q", &wanted)])),
    }
}

/// Draws a page in one transaction, so that all on it is of one instant.
async fn show(
    sandbox: Arc<Sandbox>,
    asked: Asked,
    draw: impl FnOnce(&Reader<'_>, &View) -> Result<Page, DomainError> + Send + 'static,
) -> Response {
    let (again, own) = (asked.clone(), Arc::clone(&sandbox));
    // In memory the log's rows wait until they are read.
    sandbox.write_log().await;
    let drawn: Result<(StatusCode, String, maud::Markup), DomainError> = sandbox
        .store
        .run(Origin::default(), move |tx| {
            let reader = Reader::new(tx, &own.seen);
            let view = View::new(&reader, asked, own.identity())?;
            let page = draw(&reader, &view).or_else(|error| match error.kind {
                Kind::NotFound => Ok(shell::refusal(&view, &error)),
                _ => Err(error),
            })?;
            let whole = shell::around(&view, &page);
            Ok((page.status, page.title, whole))
        })
        .await;
    match drawn {
        Ok((status, title, whole)) => {
            let title = format!("{title} · Fluxa sandbox");
            layout::page(status, &title, &layout::Framing::Nobody, &whole)
        }
        Err(error) => shell::bare(&again, None, &error),
    }
}

fn no_page(name: &str) -> DomainError {
    let message = format!("The inspector has no page {name}.");
    DomainError::new(Kind::NotFound, "route_missing", message)
}

/// The object is not there.
fn missing(id: &str) -> DomainError {
    DomainError::missing(id)
}

/// Leads a browser to another page with a GET.
fn see_other(to: &str) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(to) = http::HeaderValue::try_from(to) {
        response.headers_mut().insert(http::header::LOCATION, to);
    }
    response
}
