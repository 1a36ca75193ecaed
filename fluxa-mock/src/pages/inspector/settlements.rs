//! Owns the pages of settlement batches.

use super::parts::{self, amount, block, facts, id, state, table, time};
use super::queries::{Find, Reader};
use super::section::Page;
use super::view::View;
use super::{events, missing, payments, shell};
use crate::domain::error::DomainError;
use maud::{Markup, html};

/// The list of settlements.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found =
        reader.page(&Find::page_of(view, "settlements").chosen(view, "status", "status"))?;
    let lines: Vec<Markup> = found
        .rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { a href=[view.href_of(row.text("id"))] { (row.text("reference")) } }
                td { (state(row.text("status"))) }
                td.number { (row.number("payment_count")) }
                td.number { (amount(row, "gross")) }
                td.number { (amount(row, "fees")) }
                td.number { (amount(row, "deductions")) }
                td.number { (amount(row, "net")) }
                td { (id(view, row.text("id"))) }
                td { (time(view, row.time("settled_at").or(row.time("created_at")))) }
            } }
        })
        .collect();
    let heads = [
        "Reference",
        "Status",
        "#Payments",
        "#Gross",
        "#Fees",
        "#Disputes",
        "#Net",
        "Settlement",
        "Settled",
    ];
    let body = html! {
        h1 { "Settlements" }
        (parts::choice(view, "Status", "status", &["open", "completed"]))
        @if lines.is_empty() { (parts::nothing("No settlement.")) } @else {
            (table("Settlements", &heads, &lines))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Settlements", body))
}

/// One settlement with its payments.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("settlements", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let found = reader.page(&Find {
        equals: vec![("settlement", wanted.to_owned())],
        ..Find::page_of(view, "payments")
    })?;
    let about = reader.events_of(&[wanted])?;
    let body: Markup = html! {
        (shell::heading("Settlement", wanted, &state(row.text("status"))))
        p.sum { strong { (amount(&row, "net")) }
            span { "gross " (amount(&row, "gross")) } span { "fees " (amount(&row, "fees")) }
            @if row.number("deductions") != 0 {
                span { "made good for lost disputes " (amount(&row, "deductions")) }
            }
            span { (row.number("payment_count")) " payments" } }
        (block("Details", &facts(&[
            ("Reference", html! { code { (row.text("reference")) } (parts::copy(row.text("reference"))) }),
            ("Method", parts::text(row.text("method"))),
            ("Partner", parts::text(row.text("partner"))),
            ("Opened", time(view, row.time("created_at"))),
            ("Settled", time(view, row.time("settled_at"))),
        ])))
        (block("Payments", &html! {
            @if found.rows.is_empty() { (parts::nothing("No payment.")) } @else {
                (payments::rows(view, "Payments", &found.rows))
            }
            (parts::pager(view, &found))
        }))
        (block("Events and their deliveries", &events::with_deliveries(reader, view, &about)?))
        (parts::raw(view, &row))
    };
    Ok(Page::new(row.text("reference"), body))
}
