//! Owns the pages of checkout sessions.

use super::parts::{self, amount, block, facts, id, state, table, time};
use super::queries::{Find, Reader};
use super::section::Page;
use super::view::View;
use super::{events, missing, payments, shell};
use crate::domain::error::DomainError;
use maud::{Markup, html};

/// The list of sessions.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found =
        reader.page(&Find::page_of(view, "checkout_sessions").chosen(view, "status", "status"))?;
    let lines: Vec<Markup> = found
        .rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (state(row.text("status"))) }
                td.number { (amount(row, "amount")) }
                td { (id(view, row.text("payment"))) }
                td { (id(view, row.text("customer"))) }
                td { (time(view, row.time("created_at"))) }
            } }
        })
        .collect();
    let heads = [
        "Session", "Status", "#Amount", "Payment", "Customer", "Created",
    ];
    let body = html! {
        h1 { "Checkout sessions" }
        (parts::choice(view, "Status", "status", &["open", "complete", "expired"]))
        @if lines.is_empty() { (parts::nothing("No session matches.")) } @else {
            (table("Sessions", &heads, &lines))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Checkouts", body))
}

/// One session.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("checkout_sessions", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let paid = match row.text("payment") {
        "" => None,
        payment => reader.find("payments", payment)?,
    };
    let about = reader.events_of(&[wanted])?;
    let body: Markup = html! {
        (shell::heading("Checkout session", wanted, &state(row.text("status"))))
        p.sum { strong { (amount(&row, "amount")) } }
        @if row.text("status") == "open" {
            // Not the stored URL: this page's own server shows the session.
            p { a href=(view.href(&format!("/pay/{wanted}"))) { "Open the checkout page" } }
        }
        (block("Details", &facts(&[
            ("Mode", parts::text(row.text("ui_mode"))),
            ("Customer", id(view, row.text("customer"))),
            ("Payment", id(view, row.text("payment"))),
            ("Subscription", id(view, row.text("subscription"))),
            ("Success URL", parts::text(row.text("success_url"))),
            ("Cancel URL", parts::text(row.text("cancel_url"))),
            ("Created", time(view, row.time("created_at"))),
            ("Expires", time(view, row.time("expires_at"))),
            ("Metadata", parts::value(view, &row.value["metadata"])),
        ])))
        @if let Some(paid) = paid {
            (block("Payment", &payments::rows(view, "Payment", std::slice::from_ref(&paid))))
        }
        (block("Events and their deliveries", &events::with_deliveries(reader, view, &about)?))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}
