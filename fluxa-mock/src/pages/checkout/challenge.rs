//! Owns the 3-D Secure challenge: the page of the cardholder's bank between the form and the end. What
//! is kept of the card meanwhile is on the payment, never its number.

use super::view::{self, money};
use super::{SessionId, Visit, parameter, read_fields, run};
use crate::domain::checkout_session;
use crate::domain::payment::Payment;
use crate::http::Account;
use crate::pages::layout;
use axum::extract::{RawQuery, Request};
use axum::response::Response;
use http::StatusCode;
use maud::html;

/// Shows the challenge that waits; without one, the session.
pub(super) async fn show(
    account: Account,
    SessionId(id): SessionId,
    RawQuery(query): RawQuery,
) -> Result<Response, Response> {
    let label = parameter(query.as_deref(), "account");
    run(&account, move |tx| {
        let visit = Visit::load(tx, &id, label)?;
        Ok(match visit.session.waiting(tx)? {
            Some(payment) => page(&visit, &payment),
            None => layout::see_other(&visit.path("")),
        })
    })
    .await
}

/// Takes what the cardholder says to their bank. Said twice, the first counts.
pub(super) async fn answer(
    account: Account,
    SessionId(id): SessionId,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Response> {
    let fields = read_fields(&account, request).await?;
    let label = parameter(query.as_deref(), "account");
    run(&account, move |tx| {
        let visit = Visit::load(tx, &id, label)?;
        let field = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        let passed = match field("result") {
            Some("complete") => true,
            Some("fail") => false,
            _ => return Ok(layout::see_other(&visit.path("/challenge"))),
        };
        let payment = field("payment").unwrap_or_default();
        let attempt = checkout_session::answer_challenge(tx, &id, payment, passed)?;
        Ok(visit.after(&attempt))
    })
    .await
}

fn page(visit: &Visit, payment: &Payment) -> Response {
    let session = &visit.session;
    let last4 = &payment.payment_method.card.last4;
    let body = html! {
        div.challenge {
            main.bank {
                header.bank-head {
                    span.bank-name { span.bank-mark aria-hidden="true" {} "Test Bank" }
                    span.bank-scheme { "3-D Secure" }
                }
                h1 { "Confirm it’s you" }
                p {
                    "Test Bank asks you to confirm this payment before it goes through."
                }
                dl.bank-facts {
                    div { dt { "Merchant" } dd { (visit.merchant) } }
                    div { dt { "Amount" } dd { (money(session.amount, &session.currency)) } }
                    div { dt { "Card" } dd { "•••• " (last4) } }
                }
                form method="post" action=(visit.path("/challenge")) data-once="" {
                    input type="hidden" name="payment" value=(payment.id);
                    button.button.primary type="submit" name="result" value="complete" {
                        "Complete authentication"
                    }
                    button.button.plain type="submit" name="result" value="fail" {
                        "Fail authentication"
                    }
                }
                p.bank-foot {
                    "This page stands in for the issuer’s. In the sandbox nobody sends you a code. "
                    a href=(visit.path("")) { "Use another card" }
                }
            }
            (view::script())
        }
    };
    layout::page_leading_away(
        StatusCode::OK,
        "Confirm it’s you · Test Bank",
        &visit.framing(),
        &body,
    )
}
