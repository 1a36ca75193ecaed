//! Owns the pages of subscriptions.

use super::parts::{self, amount, block, facts, id, state, table, time};
use super::queries::{Find, PAGE, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{clock, events, missing, payments, shell};
use crate::domain::error::DomainError;
use maud::{Markup, html};

const STATUSES: [&str; 5] = ["trial", "active", "past_due", "paused", "cancelled"];

/// The list of subscriptions.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found =
        reader.page(&Find::page_of(view, "subscriptions").chosen(view, "status", "status"))?;
    let body = html! {
        h1 { "Subscriptions" }
        (parts::choice(view, "Status", "status", &STATUSES))
        @if found.rows.is_empty() { (parts::nothing("No subscription matches.")) } @else {
            (rows(view, &found.rows))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Subscriptions", body))
}

/// Subscriptions as a table.
pub(super) fn rows(view: &View, rows: &[Row]) -> Markup {
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (state(row.text("status"))) @if row.value["cancel_at_period_end"] == true {
                    " " span.small { "ends with its period" }
                } }
                td.number { (price(row)) }
                td { (id(view, row.text("customer"))) }
                td { (time(view, row.time("current_period_end"))) }
                td { (time(view, row.time("created_at"))) }
            } }
        })
        .collect();
    let heads = [
        "Subscription",
        "Status",
        "#Price",
        "Customer",
        "Period ends",
        "Created",
    ];
    table("Subscriptions", &heads, &lines)
}

fn price(row: &Row) -> Markup {
    let count = row.number("interval_count");
    html! {
        (amount(row, "amount"))
        @if row.number("quantity") > 1 { " × " (row.number("quantity")) }
        " / " @if count > 1 { (count) " " } (row.text("interval"))
    }
}

/// The card that is charged: its own, else its customer's default.
fn card(reader: &Reader<'_>, view: &View, row: &Row) -> Result<Markup, DomainError> {
    let (own, by_default) = (row.text("payment_method"), "the customer's default");
    let (wanted, whose) = if own.is_empty() {
        let customer = reader.find("customers", row.text("customer"))?;
        let default = customer.map(|customer| customer.text("default_payment_method").to_owned());
        (default.unwrap_or_default(), by_default)
    } else {
        (own.to_owned(), "")
    };
    if wanted.is_empty() {
        return Ok(html! { span.none { "–" } " " span.small {
            "none is named and the customer has no default: the next charge is declined"
        } });
    }
    let method = reader.find("payment_methods", &wanted)?;
    Ok(html! {
        (id(view, &wanted))
        @if let Some(method) = method { " " (payments::card(&method.value["card"])) }
        @if !whose.is_empty() { " " span.small { (whose) } }
    })
}

/// One subscription.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("subscriptions", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let mut paid = reader.payments_of_subscription(&row)?;
    paid.truncate(PAGE);
    let about = reader.events_of(&[wanted])?;
    let timers = reader.timers_of(wanted)?;
    let body = html! {
        (shell::heading("Subscription", wanted, &state(row.text("status"))))
        p.sum { strong { (price(&row)) } }
        (block("Details", &facts(&[
            ("Customer", id(view, row.text("customer"))),
            ("Card", card(reader, view, &row)?),
            ("Period", html! { (time(view, row.time("current_period_start"))) " – "
                (time(view, row.time("current_period_end"))) }),
            ("Trial ends", time(view, row.time("trial_end"))),
            ("Ends with its period", parts::value(view, &row.value["cancel_at_period_end"])),
            ("Cancelled", time(view, row.time("cancelled_at"))),
            ("Retries to come", parts::value(view, &row.value["retry_schedule"])),
            ("Latest payment", id(view, row.text("latest_payment"))),
            ("Created", time(view, row.time("created_at"))),
            ("Metadata", parts::value(view, &row.value["metadata"])),
        ])))
        @if !timers.is_empty() { (block("Due next", &clock::rows(view, &timers))) }
        (block("Payments", &html! {
            @if paid.is_empty() { (parts::nothing("No payment yet.")) } @else {
                (payments::rows(view, "Payments", &paid))
            }
        }))
        (block("Events and their deliveries", &events::with_deliveries(reader, view, &about)?))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}
