//! Owns what the checkout's pages look like: the form, its banner of test cards, and its ends.

use super::form::{Field, Form};
use super::{SCRIPT_PATH, Visit, embed};
use crate::domain::card::TEST_CARDS;
use crate::domain::checkout_session::Attempt;
use crate::domain::payment::Payment;
use crate::pages::layout::{self, Framing};
use crate::store::Resource;
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

/// What the form's page has to say besides the form.
pub(super) struct Notice<'a> {
    /// The attempt that has just failed.
    pub(super) declined: Option<&'a Payment>,
    /// The attempt whose cardholder is being asked elsewhere.
    pub(super) waiting: Option<&'a Payment>,
}

/// How a page ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Neutral,
}

/// An amount as people write it.
pub(super) fn money(amount: i64, currency: &str) -> String {
    let (whole, part) = (amount / 100, amount % 100);
    let digits = whole.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match currency {
        "GBP" => format!("£{grouped}.{part:02}"),
        other => format!("{other} {grouped}.{part:02}"),
    }
}

/// The script, for those who have it on.
pub(super) fn script() -> Markup {
    html! { script src=(SCRIPT_PATH) defer {} }
}

/// The page with the form.
pub(super) fn pay(status: StatusCode, visit: &Visit, form: &Form, notice: &Notice<'_>) -> Response {
    let session = &visit.session;
    let amount = money(session.amount, &session.currency);
    let embedded = session.is_embedded();
    let body = html! {
        div.checkout.embedded[embedded] {
            (sandbox_banner())
            main.till {
                section.summary {
                    p.merchant { span.mark aria-hidden="true" { (initial(&visit.merchant)) } (visit.merchant) }
                    h1.due {
                        span { @if embedded { "Pay " (visit.merchant) } @else { "To pay" } }
                        strong { (amount) }
                    }
                    dl.facts {
                        @if let Some(email) = &visit.customer_email { div { dt { "Paying as" } dd { (email) } } }
                        div { dt { "Reference" } dd.id { (session.id()) } }
                    }
                    (leave(visit))
                }
                section.sheet aria-labelledby="card-title" {
                    h2 #card-title { "Pay by card" }
                    (summary_of_faults(form, embedded))
                    @if form.faults().is_empty() { (told(visit, notice, embedded)) }
                    (card_form(visit, form, &amount))
                    p.fine { (lock()) "Handled by Fluxa. The merchant never sees your card number." }
                }
            }
            (script())
        }
    };
    let wrong = !form.faults().is_empty() || notice.declined.is_some();
    let prefix = if wrong { "Error: " } else { "" };
    let title = format!("{prefix}Pay {amount} · {}", visit.merchant);
    layout::page_leading_away(status, &title, &visit.framing(), &body)
}

fn initial(name: &str) -> String {
    name.chars().take(1).collect()
}

fn leave(visit: &Visit) -> Markup {
    html! {
        p.leave {
            @if visit.session.is_embedded() {
                a href=(visit.path("/cancelled")) { "Cancel" }
            } @else {
                a href=(visit.cancel) { "Cancel and return to " (visit.merchant) }
            }
        }
    }
}

fn sandbox_banner() -> Markup {
    html! {
        aside.sandbox aria-label="Sandbox" {
            details {
                summary {
                    span.tag { "Sandbox" }
                    span { "No money moves. " strong { "Test cards" } }
                }
                ul.cards {
                    @for card in &TEST_CARDS {
                        @let spaced = grouped(card.number);
                        li {
                            span.number { (spaced) }
                            span.effect { (card.effect) }
                            button.use type="button" hidden data-fill=(spaced)
                                aria-label={ "Fill in the card ending " (&card.number[12..]) ": " (card.effect) } { "Use" }
                        }
                    }
                }
                p { "Any expiry in the future, any three digits as the security code, any postcode." }
            }
        }
    }
}

fn grouped(number: &str) -> String {
    format!(
        "{} {} {} {}",
        &number[..4],
        &number[4..8],
        &number[8..12],
        &number[12..]
    )
}

/// All that is wrong, each a link to its field. The script fills the same element in.
fn summary_of_faults(form: &Form, embedded: bool) -> Markup {
    let faults = form.faults();
    html! {
        div.alert.bad #faults role="alert" tabindex="-1" hidden[faults.is_empty()]
            autofocus[!faults.is_empty() && !embedded] {
            h3 { "Check what you typed" }
            ul { @for (field, message) in faults {
                li { a href={ "#" (field.name()) } { (message) } }
            } }
            @if !faults.is_empty() {
                p { "Nothing was charged. For your safety the card is not kept: type it again." }
            }
        }
    }
}

fn told(visit: &Visit, notice: &Notice<'_>, embedded: bool) -> Markup {
    html! {
        @if let Some(payment) = notice.declined {
            @let code = payment.failure_code.as_deref().unwrap_or("card_declined");
            @let (title, advice) = decline(code);
            div.alert.bad #declined role="alert" tabindex="-1" autofocus[!embedded] {
                h3 { (title) }
                p { (advice) }
                p.code { "Card ending " (payment.payment_method.card.last4) ". Your server sees " code { (code) } "." }
            }
        }
        @if let Some(payment) = notice.waiting {
            div.alert.wait role="status" {
                p {
                    "Your bank waits for you to confirm the card ending "
                    (payment.payment_method.card.last4) ". "
                    a href=(visit.path("/challenge")) { "Confirm it" }
                    ", or pay with another card."
                }
            }
        }
    }
}

/// What a cardholder is told of a failure.
fn decline(code: &str) -> (&'static str, &'static str) {
    match code {
        "insufficient_funds" => (
            "There is not enough money in the account",
            "Nothing was charged. Use another card, or try again later.",
        ),
        "expired_card" => (
            "Your card has expired",
            "Nothing was charged. Use another card.",
        ),
        "fraud_suspected" => (
            "Your bank refused this payment",
            "Nothing was charged. Do not try this card again: call your bank, or use another card.",
        ),
        "three_d_secure_failed" => (
            "Your bank could not confirm that it’s you",
            "Nothing was charged. Try again, or use another card.",
        ),
        _ => (
            "Your card was declined",
            "Nothing was charged. Use another card, or ask your bank why.",
        ),
    }
}

fn card_form(visit: &Visit, form: &Form, amount: &str) -> Markup {
    html! {
        form #card method="post" action=(visit.path("")) novalidate data-once="" {
            input type="hidden" name="form" value=(form.id());
            (input(form, &Input { field: Field::Number, label: "Card number", complete: "cc-number", numeric: true, longest: 23, hint: Some("1234 1234 1234 1234"), value: "" }))
            div.pair {
                (input(form, &Input { field: Field::Expiry, label: "Expiry date", complete: "cc-exp", numeric: true, longest: 9, hint: Some("MM / YY"), value: "" }))
                (input(form, &Input { field: Field::Cvc, label: "Security code", complete: "cc-csc", numeric: true, longest: 4, hint: Some("CVC"), value: "" }))
            }
            (input(form, &Input { field: Field::Name, label: "Name on card", complete: "cc-name", numeric: false, longest: 200, hint: None, value: &form.name }))
            (input(form, &Input { field: Field::Postcode, label: "Postcode", complete: "postal-code", numeric: false, longest: 20, hint: None, value: &form.postcode }))
            button.button.primary #pay type="submit" data-busy="Processing…" { "Pay " (amount) }
            p.busy #busy role="status" aria-live="polite" {}
        }
    }
}

/// One field of the form.
struct Input<'a> {
    field: Field,
    label: &'static str,
    complete: &'static str,
    numeric: bool,
    longest: u16,
    hint: Option<&'static str>,
    value: &'a str,
}

fn input(form: &Form, input: &Input<'_>) -> Markup {
    let name = input.field.name();
    let fault = form.fault(input.field);
    let fault_id = format!("{name}-fault");
    let optional = matches!(input.field, Field::Name | Field::Postcode);
    html! {
        div.field.wrong[fault.is_some()] {
            label for=(name) { (input.label) @if optional { " " span.optional { "(optional)" } } }
            div.box {
                input id=(name) name=(name) type="text" autocomplete=(input.complete)
                    inputmode=[input.numeric.then_some("numeric")] maxlength=(input.longest)
                    placeholder=[input.hint] value=(input.value) spellcheck="false"
                    autocapitalize=(if optional { "words" } else { "off" })
                    required[!optional]
                    aria-invalid=[fault.map(|_| "true")] aria-describedby=(fault_id);
                @if input.field == Field::Number {
                    span.brands aria-hidden="true" {
                        span.brand.visa { "VISA" }
                        span.brand.mastercard {}
                    }
                }
            }
            p.fault id=(fault_id) { @if let Some(message) = fault { (message) } }
        }
    }
}

fn lock() -> Markup {
    html! {
        svg.lock viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false" {
            path fill="currentColor" d="M4 7V5a4 4 0 0 1 8 0v2h.5A1.5 1.5 0 0 1 14 8.5v5a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 13.5v-5A1.5 1.5 0 0 1 3.5 7H4Zm2 0h4V5a2 2 0 1 0-4 0v2Z";
        }
    }
}

/// The page of a session that is no longer open.
pub(super) fn closed(visit: &Visit, closed: &Attempt) -> Response {
    let top = visit.session.is_embedded().then_some("_top");
    let amount = money(visit.session.amount, &visit.session.currency);
    if *closed == Attempt::Complete {
        let text = html! {
            p { "You paid " strong { (amount) } " to " (visit.merchant) "." }
            div.actions {
                a.button.primary href=(visit.success) target=[top] { "Continue to " (visit.merchant) }
            }
            @if visit.session.is_embedded() { (embed::message(visit, "fluxa.checkout.complete")) }
        };
        return end(visit, Tone::Good, "Payment complete", &text);
    }
    let text = html! {
        p { "Nothing was charged. Go back to " (visit.merchant) " to start again." }
        div.actions {
            a.button.primary href=(visit.cancel) target=[top] { "Back to " (visit.merchant) }
        }
    };
    end(visit, Tone::Neutral, "This checkout has expired", &text)
}

/// A page after which there is nothing more to do here.
pub(super) fn end(visit: &Visit, tone: Tone, title: &str, text: &Markup) -> Response {
    let body = html! {
        div.checkout.embedded[visit.session.is_embedded()] {
            main.till.end {
                section.sheet {
                    div.seal.good[tone == Tone::Good] aria-hidden="true" {}
                    h1 { (title) }
                    (text)
                }
            }
            (script())
        }
    };
    let title = format!("{title} · {}", visit.merchant);
    layout::page(StatusCode::OK, &title, &visit.framing(), &body)
}

fn plain(status: StatusCode, title: &str, text: &str) -> Response {
    let body = html! {
        div.checkout { main.till.end { section.sheet {
            div.seal aria-hidden="true" {}
            h1 { (title) }
            p { (text) }
        } } }
    };
    layout::page(status, title, &Framing::Nobody, &body)
}

/// No session has this id.
pub(super) fn not_found() -> Response {
    plain(
        StatusCode::NOT_FOUND,
        "There is no such checkout",
        "Check the link. A sandbox that was reset, or started again without a file, has forgotten its sessions.",
    )
}

/// The form that was sent cannot be used.
pub(super) fn unreadable(message: &str) -> Response {
    let text = format!("{message} Nothing was charged. Go back and try again.");
    plain(StatusCode::BAD_REQUEST, "That did not work", &text)
}

/// The server's own fault.
pub(super) fn broken() -> Response {
    plain(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something failed in the sandbox",
        "Go back and try again; the server's log says why.",
    )
}

#[cfg(test)]
mod tests {
    use super::money;

    #[test]
    fn amounts_are_written_in_pounds_and_grouped() {
        assert_eq!(money(30, "GBP"), "£0.30");
        assert_eq!(money(4999, "GBP"), "£49.99");
        assert_eq!(money(99_999_999, "GBP"), "£999,999.99");
        assert_eq!(money(100_000, "EUR"), "EUR 1,000.00");
    }
}
