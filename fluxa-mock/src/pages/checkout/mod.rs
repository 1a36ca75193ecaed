//! Owns the hosted checkout: the page on which a cardholder pays a session, alone or in a frame of the
//! merchant's. What a payment does is `domain`'s; a card number lives here for one request only.

mod challenge;
mod embed;
mod form;
mod view;

use super::layout::{self, Framing};
use crate::accounts::Accounts;
use crate::domain::checkout_session::{Attempt, CheckoutSession};
use crate::domain::customer::Customer;
use crate::domain::error::{DomainError, Kind};
use crate::domain::{checkout_session, merchant};
use crate::http::{Account, SESSION_ID_ESCAPED};
use crate::sandbox::Sandbox;
use crate::store::{Origin, Resource, Tx};
use axum::Router;
use axum::extract::{FromRequestParts, Path, RawQuery, Request};
use axum::response::Response;
use axum::routing::get;
use form::Form;
use http::StatusCode;
use http::request::Parts;
use std::sync::Arc;
use url::Url;

/// Largest form taken: ten times what a browser sends.
const FORM_CAP: usize = 16 * 1024;

const SCRIPT: &str = include_str!("../checkout.js");
const SCRIPT_PATH: &str = "/_mock/assets/checkout.js";

/// The routes.
pub(super) fn router() -> Router<Arc<Accounts>> {
    Router::new()
        .route("/pay/{id}", get(show).post(pay))
        .route(
            "/pay/{id}/challenge",
            get(challenge::show).post(challenge::answer),
        )
        .route("/pay/{id}/cancelled", get(embed::cancelled))
        .route("/_mock/embed", get(embed::host))
        .route(
            SCRIPT_PATH,
            get(async || layout::asset("text/javascript; charset=utf-8", SCRIPT)),
        )
}

/// The id in the path, whatever it is; axum's own refusal of one that is not UTF-8 is no page.
struct SessionId(String);

impl<S: Send + Sync> FromRequestParts<S> for SessionId {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(id)| Self(id)).map_err(|_| view::not_found())
    }
}

/// A session being visited, and what its pages need to know of the visit.
struct Visit {
    session: CheckoutSession,
    merchant: String,
    customer_email: Option<String>,
    success: Url,
    cancel: Url,
    /// The part of the query that names the account, kept on the way from page to page.
    account: Option<String>,
}

impl Visit {
    /// Reads a session.
    ///
    /// # Errors
    /// `resource_missing`.
    fn load(tx: &Tx<'_>, id: &str, account: Option<String>) -> Result<Self, DomainError> {
        let session: CheckoutSession = tx.get(id)?;
        Self::of(tx, session, account)
    }

    fn of(
        tx: &Tx<'_>,
        session: CheckoutSession,
        account: Option<String>,
    ) -> Result<Self, DomainError> {
        let customer = match &session.customer {
            Some(id) => tx.find::<Customer>(id)?,
            None => None,
        };
        Ok(Self {
            customer_email: customer.map(|customer| customer.email),
            merchant: merchant::get(tx)?.name,
            success: web_address(&filled(&session.success_url, session.id()))?,
            cancel: web_address(&filled(&session.cancel_url, session.id()))?,
            session,
            account,
        })
    }

    /// The path of one of this session's pages; `page` is what follows its id.
    fn path(&self, page: &str) -> String {
        self.path_with(page, None)
    }

    fn path_with(&self, page: &str, more: Option<(&str, &str)>) -> String {
        let account = self.account.as_deref().map(|label| ("account", label));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in account.into_iter().chain(more) {
            query.append_pair(name, value);
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("/pay/{}{page}{mark}{query}", self.session.id())
    }

    fn framing(&self) -> Framing {
        if self.session.is_embedded() {
            Framing::origins_of([&self.success, &self.cancel])
        } else {
            Framing::Nobody
        }
    }

    /// Where the cardholder goes after an attempt.
    fn after(&self, attempt: &Attempt) -> Response {
        match attempt {
            Attempt::Complete if !self.session.is_embedded() => {
                layout::see_other(self.success.as_str())
            }
            Attempt::Complete | Attempt::Expired => layout::see_other(&self.path("")),
            Attempt::Challenged => layout::see_other(&self.path("/challenge")),
            Attempt::Declined(payment) => {
                layout::see_other(&self.path_with("", Some(("declined", payment))))
            }
        }
    }
}

/// An address that may become a link or a redirect: of the web, nothing that runs.
/// A merchant's URL with the session's id where it wants to be told.
fn filled(url: &str, session: &str) -> String {
    url.replace(SESSION_ID_ESCAPED, session)
}

fn web_address(text: &str) -> Result<Url, DomainError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| DomainError::internal("a session has an address that is not of the web"))
}

/// The value of a query's parameter.
fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .filter(|value| !value.is_empty())
}

/// Runs a page's work in one transaction. What the cardholder does is no request of the merchant's, so
/// its events name none.
async fn run<T: Send + 'static>(
    sandbox: &Sandbox,
    work: impl FnOnce(&Tx<'_>) -> Result<T, DomainError> + Send + 'static,
) -> Result<T, Response> {
    let result = sandbox.store.run(Origin::default(), work).await;
    result.map_err(|error: DomainError| refused(&error))
}

fn refused(error: &DomainError) -> Response {
    match error.kind {
        Kind::NotFound => view::not_found(),
        Kind::Invalid => view::unreadable(&error.message),
        _ => view::broken(),
    }
}

/// Shows the session: its form, or what became of it.
async fn show(
    account: Account,
    SessionId(id): SessionId,
    RawQuery(query): RawQuery,
) -> Result<Response, Response> {
    let label = parameter(query.as_deref(), "account");
    let declined = parameter(query.as_deref(), "declined");
    let form_id = account.store.shared().ids.next("frm");
    run(&account, move |tx| {
        let visit = Visit::load(tx, &id, label)?;
        if let Some(closed) = visit.session.closed() {
            return Ok(view::closed(&visit, &closed));
        }
        let declined = match declined {
            Some(payment) => visit.session.declined(tx, &payment)?,
            None => None,
        };
        let waiting = visit.session.waiting(tx)?;
        let notice = view::Notice {
            declined: declined.as_ref(),
            waiting: waiting.as_ref(),
        };
        Ok(view::pay(
            StatusCode::OK,
            &visit,
            &Form::empty(form_id),
            &notice,
        ))
    })
    .await
}

/// Pays. A refused or failed attempt leads back to the form, without the card.
async fn pay(
    account: Account,
    SessionId(id): SessionId,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Response> {
    let form = Form::new(read_fields(&account, request).await?);
    let label = parameter(query.as_deref(), "account");
    let next_form_id = account.store.shared().ids.next("frm");
    run(&account, move |tx| {
        let visit = Visit::load(tx, &id, label)?;
        // Before anything is said of the fields: a second tab may have paid.
        if let Some(closed) = visit.session.closed() {
            return Ok(visit.after(&closed));
        }
        let (card, form) = form.check(tx.now());
        let Some(card) = card else {
            let waiting = visit.session.waiting(tx)?;
            let notice = view::Notice {
                declined: None,
                waiting: waiting.as_ref(),
            };
            let form = form.again(next_form_id);
            return Ok(view::pay(
                StatusCode::UNPROCESSABLE_ENTITY,
                &visit,
                &form,
                &notice,
            ));
        };
        let attempt = checkout_session::pay(tx, &id, &card, form.id())?;
        Ok(visit.after(&attempt))
    })
    .await
}

/// The fields of a form that was sent; of two with one name the first.
async fn read_fields(
    sandbox: &Sandbox,
    request: Request,
) -> Result<Vec<(String, String)>, Response> {
    let limit = sandbox.config.body_timeout;
    let body = crate::http::read_body(request.into_body(), FORM_CAP, limit).await;
    let body = body.map_err(|error| refused(&error))?;
    Ok(url::form_urlencoded::parse(&body)
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect())
}
