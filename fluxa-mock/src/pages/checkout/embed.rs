//! Owns what only the embedded checkout has: its ends inside the frame, which tell the page around it,
//! and a demonstration of such a page.

use super::view::{self, money};
use super::{SessionId, Visit, parameter, run};
use crate::domain::checkout_session::CheckoutSession;
use crate::http::Account;
use crate::pages::layout::{self, Framing};
use crate::store::Resource;
use axum::extract::RawQuery;
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

/// What the page around the frame is told, for the script to post: to the merchant's origin alone.
pub(super) fn message(visit: &Visit, kind: &str) -> Markup {
    let session = &visit.session;
    html! {
        div hidden data-message=(kind) data-session=(session.id())
            data-payment=[session.payment.as_deref()]
            data-target=(visit.success.origin().ascii_serialization()) {}
    }
}

/// The frame's end for a cardholder who gave up.
pub(super) async fn cancelled(
    account: Account,
    SessionId(id): SessionId,
    RawQuery(query): RawQuery,
) -> Result<Response, Response> {
    let label = parameter(query.as_deref(), "account");
    run(&account, move |tx| {
        let visit = Visit::load(tx, &id, label)?;
        if !visit.session.is_embedded() || visit.session.closed().is_some() {
            return Ok(layout::see_other(&visit.path("")));
        }
        let text = html! {
            p { "Nothing was charged. You can go back to " (visit.merchant) ", or pay after all." }
            div.actions {
                a.button.primary href=(visit.cancel) target="_top" { "Back to " (visit.merchant) }
                a.button.plain href=(visit.path("")) { "Pay after all" }
            }
            (message(&visit, "fluxa.checkout.cancel"))
        };
        Ok(view::end(
            &visit,
            view::Tone::Neutral,
            "Payment cancelled",
            &text,
        ))
    })
    .await
}

/// A page of a merchant that has a checkout in a frame, to see and to copy.
pub(super) async fn host(
    account: Account,
    RawQuery(query): RawQuery,
) -> Result<Response, Response> {
    let label = parameter(query.as_deref(), "account");
    let Some(id) = parameter(query.as_deref(), "session") else {
        return Ok(host_page(StatusCode::OK, label.as_deref(), None));
    };
    run(&account, move |tx| {
        let found: Option<CheckoutSession> = tx.find(&id)?;
        let Some(session) = found else {
            return Ok(host_page(
                StatusCode::NOT_FOUND,
                label.as_deref(),
                Some(Err("There is no checkout session with this id.")),
            ));
        };
        if !session.is_embedded() {
            let refused = "This session is hosted: no page may frame it. Create one with \
                           ui_mode=embedded.";
            return Ok(host_page(
                StatusCode::OK,
                label.as_deref(),
                Some(Err(refused)),
            ));
        }
        let visit = Visit::of(tx, session, label.clone())?;
        Ok(host_page(
            StatusCode::OK,
            label.as_deref(),
            Some(Ok(&visit)),
        ))
    })
    .await
}

fn host_page(
    status: StatusCode,
    account: Option<&str>,
    shown: Option<Result<&Visit, &str>>,
) -> Response {
    let body = html! {
        div.host {
            header.host-head {
                strong { "Corner Shop" }
                span { "A demonstration of a merchant’s page with the checkout in a frame" }
            }
            main {
                h1 { "Your basket" }
                @match shown {
                    Some(Ok(visit)) => {
                        p { "One thing, " (money(visit.session.amount, &visit.session.currency)) "." }
                        iframe.host-frame title="Checkout" src=(visit.path("")) {}
                    }
                    other => {
                        @if let Some(Err(message)) = other { p.alert role="alert" { (message) } }
                        form.host-form method="get" action="/_mock/embed" {
                            @if let Some(account) = account {
                                input type="hidden" name="account" value=(account);
                            }
                            label for="session" { "Id of an open session with " code { "ui_mode=embedded" } }
                            input #session name="session" placeholder="chk_…" required autocomplete="off";
                            button.button.primary type="submit" { "Show it" }
                        }
                    }
                }
                section aria-labelledby="messages-title" {
                    h2 #messages-title { "What the frame said" }
                    pre #messages data-empty="Nothing yet." aria-live="polite" tabindex="0" {}
                }
            }
            (view::script())
        }
    };
    layout::page(status, "Corner Shop", &Framing::Nobody, &body)
}
