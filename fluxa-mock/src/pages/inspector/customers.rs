//! Owns the pages of customers and of their cards.

use super::parts::{self, block, facts, id, state, table, time};
use super::queries::{Find, PAGE, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{events, missing, payments, shell, subscriptions, twice};
use crate::domain::error::DomainError;
use maud::{Markup, html};

/// The list of customers.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found = reader.page(&Find {
        text: view.param("q").map(str::to_owned),
        ..Find::page_of(view, "customers")
    })?;
    let lines: Vec<Markup> = found
        .rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (parts::text(row.text("name"))) }
                td { (parts::text(row.text("email"))) }
                td { (time(view, row.time("created_at"))) }
            } }
        })
        .collect();
    let body = html! {
        h1 { "Customers" }
        (parts::search(view, "Id, name, email or metadata"))
        @if lines.is_empty() { (parts::nothing("No customer matches.")) } @else {
            (table("Customers", &["Customer", "Name", "Email", "Created"], &lines))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Customers", body))
}

/// One customer.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("customers", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let mut paid = reader.by("payments", "customer", wanted, 200)?;
    let warning = twice::warn(reader, view, &twice::probable(&paid))?;
    paid.truncate(20);
    let methods = reader.by("payment_methods", "customer", wanted, PAGE)?;
    let recurring = reader.by("subscriptions", "customer", wanted, PAGE)?;
    let about = reader.by("events", "subject", wanted, 20)?;
    let body = html! {
        (shell::heading("Customer", wanted, &html! {
            @if row.deleted { (state("deleted")) } @else { bdi { (row.text("name")) } }
        }))
        (warning)
        (block("Details", &facts(&[
            ("Name", parts::text(row.text("name"))),
            ("Email", parts::text(row.text("email"))),
            ("Phone", parts::text(row.text("phone"))),
            ("Default card", id(view, row.text("default_payment_method"))),
            ("Created", time(view, row.time("created_at"))),
            ("Metadata", parts::value(view, &row.value["metadata"])),
        ])))
        (block("Payments", &html! {
            @if paid.is_empty() { (parts::nothing("No payment.")) } @else {
                (payments::rows(view, "Payments", &paid))
                p { a href=(view.href_with("/_mock/ui/payments", &[("customer", wanted)])) {
                    "All payments of this customer"
                } }
            }
        }))
        (block("Cards", &html! {
            @if methods.is_empty() { (parts::nothing("No card is kept.")) } @else {
                (method_rows(view, &methods))
            }
        }))
        (block("Subscriptions", &html! {
            @if recurring.is_empty() { (parts::nothing("No subscription.")) } @else {
                (subscriptions::rows(view, &recurring))
            }
        }))
        (block("Newest events", &html! {
            @if about.is_empty() { (parts::nothing("No event.")) } @else {
                (events::rows(view, &about))
            }
        }))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}

/// The list of cards kept.
pub(super) fn methods(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found = reader.page(&Find::page_of(view, "payment_methods"))?;
    let body = html! {
        h1 { "Cards" }
        @if found.rows.is_empty() {
            (parts::nothing("No card is kept. A checkout session with a customer keeps the card it is paid with."))
        } @else { (method_rows(view, &found.rows)) }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Cards", body))
}

fn method_rows(view: &View, rows: &[Row]) -> Markup {
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            let card = &row.value["card"];
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (payments::card(card)) }
                td { (card["exp_month"]) "/" (card["exp_year"]) }
                td { @match row.text("customer") {
                    "" => span.none { "detached" },
                    customer => (id(view, customer)),
                } }
                td { (time(view, row.time("created_at"))) }
            } }
        })
        .collect();
    table(
        "Cards",
        &["Method", "Card", "Expires", "Customer", "Created"],
        &lines,
    )
}

/// One card.
pub(super) fn method(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("payment_methods", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let about = reader.by("events", "subject", wanted, 20)?;
    let body = html! {
        (shell::heading("Card", wanted, &payments::card(&row.value["card"])))
        (block("Details", &facts(&[
            ("Customer", id(view, row.text("customer"))),
            ("Card", parts::value(view, &row.value["card"])),
            ("Created", time(view, row.time("created_at"))),
        ])))
        (block("Events", &html! {
            @if about.is_empty() { (parts::nothing("No event.")) } @else {
                (events::rows(view, &about))
            }
        }))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}
