//! Owns the pages of disputes.

use super::parts::{self, amount, block, facts, id, state, table, time};
use super::queries::{Find, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{events, ledger, missing, shell};
use crate::domain::error::DomainError;
use maud::{Markup, html};

const STATUSES: [&str; 4] = ["evidence_required", "evidence_submitted", "won", "lost"];

/// The list of disputes.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found = reader.page(&Find::page_of(view, "disputes").chosen(view, "status", "status"))?;
    let body = html! {
        h1 { "Disputes" }
        (parts::choice(view, "Status", "status", &STATUSES))
        @if found.rows.is_empty() { (parts::nothing("No dispute matches.")) } @else {
            (rows(view, &found.rows))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Disputes", body))
}

/// Disputes as a table.
pub(super) fn rows(view: &View, rows: &[Row]) -> Markup {
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (state(row.text("status"))) }
                td.number { (amount(row, "amount")) }
                td { (row.text("reason").replace('_', " ")) }
                td { (id(view, row.text("payment"))) }
                td { (time(view, row.time("evidence_due_by"))) }
            } }
        })
        .collect();
    let heads = [
        "Dispute",
        "Status",
        "#Amount",
        "Reason",
        "Payment",
        "Evidence due",
    ];
    table("Disputes", &heads, &lines)
}

/// One dispute.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("disputes", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let about = reader.events_of(&[wanted])?;
    let entries = reader.entries_made_by(row.text("payment"), wanted)?;
    let body = html! {
        (shell::heading("Dispute", wanted, &state(row.text("status"))))
        p.sum { strong { (amount(&row, "amount")) } }
        (block("Details", &facts(&[
            ("Payment", id(view, row.text("payment"))),
            ("Reason", parts::text(row.text("reason"))),
            ("Evidence due", time(view, row.time("evidence_due_by"))),
            ("Created", time(view, row.time("created_at"))),
            ("Metadata", parts::value(view, &row.value["metadata"])),
        ])))
        (block("Evidence", &parts::value(view, &row.value["evidence"])))
        (block("Ledger", &html! {
            p.nothing { (money_story(&row)) }
            (ledger::balanced(view, &entries))
        }))
        (block("Events and their deliveries", &events::with_deliveries(reader, view, &about)?))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}

/// Where the money of a dispute is.
fn money_story(row: &Row) -> String {
    let sum = amount(row, "amount");
    let kept = |name: &str| row.internal[name].as_i64().unwrap_or_default();
    let good = kept("covered") + kept("deducted") - kept("returned");
    let good = parts::money(good, row.text("currency"));
    let own = match kept("covered") {
        0 => "",
        _ => "what was left of the payment and ",
    };
    match (row.text("status"), row.internal["recovery"].as_str()) {
        ("won", _) => format!("{sum} was held while it was open, and came back."),
        ("lost", Some("done")) => {
            format!("{sum} went to the cardholder; {own}settlements made it good.")
        }
        ("lost", Some("void")) => {
            "The payment itself failed: nothing is owed, and what was taken came back.".to_owned()
        }
        ("lost", _) => format!(
            "{sum} went to the cardholder; {good} of it was made good, the rest comes off the next \
             settlements."
        ),
        _ => format!("{sum} is held until it is decided."),
    }
}
