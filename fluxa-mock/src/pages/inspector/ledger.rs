//! Owns the pages of the ledger: balances, entries, and the checks of what must always hold.

use super::parts::{self, block, facts, id, money, sums, time};
use super::queries::{Find, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{missing, shell};
use crate::domain::error::DomainError;
use maud::{Markup, html};
use serde_json::Value;

/// Balances and the newest entries.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let entries = Find::page_of(view, "ledger_entries").chosen(view, "state", "account");
    let found = reader.page(&entries)?;
    let body = html! {
        h1 { "Ledger" }
        (block("Balances", &balances(reader, view)?))
        (block("Entries", &html! {
            (parts::choice(view, "Account", "state", crate::ledger::ACCOUNTS))
            @if found.rows.is_empty() { (parts::nothing("No entry.")) } @else {
                (rows(view, &found.rows))
            }
            (parts::pager(view, &found))
        }))
    };
    Ok(Page::new("Ledger", body).still(!reader.has_small_ledger()? && view.param("sum").is_some()))
}

/// Balances, at once while the ledger is small; else when asked for.
pub(super) fn balances(reader: &Reader<'_>, view: &View) -> Result<Markup, DomainError> {
    if !reader.has_small_ledger()? && view.param("sum").is_none() {
        return Ok(html! { p.nothing {
            "The ledger is long: summing it takes a moment. "
            a href=(view.href_with("/_mock/ui/ledger", &[("sum", "yes")])) { "Sum it now" }
        } });
    }
    let accounts = reader.balances()?;
    let of = |account: &Value, name: &str| account[name].as_i64().unwrap_or_default();
    let currency = |account: &Value| account["currency"].as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<Markup> = accounts
        .iter()
        .map(|account| {
            let name = account["account"].as_str().unwrap_or_default();
            html! { tr {
                th scope="row" { a href=(view.href_with("/_mock/ui/ledger", &[("state", name)])) {
                    (name.replace('_', " "))
                } }
                td.number { (money(of(account, "debits"), &currency(account))) }
                td.number { (money(of(account, "credits"), &currency(account))) }
                td.number { (money(of(account, "balance"), &currency(account))) }
            } }
        })
        .collect();
    let sum = |name: &str| {
        accounts
            .iter()
            .map(|account| of(account, name))
            .sum::<i64>()
    };
    let unit = accounts.first().map_or(String::new(), currency);
    lines.push(html! { tr.total {
        th scope="row" { "Sum" }
        td.number { (money(sum("debits"), &unit)) }
        td.number { (money(sum("credits"), &unit)) }
        td.number { (zero(sum("balance"), &unit)) }
    } });
    Ok(sums(
        "Balances",
        &["Account", "#Debits", "#Credits", "#Balance"],
        &lines,
    ))
}

/// A sum that must be nothing.
fn zero(sum: i64, currency: &str) -> Markup {
    html! { @if sum == 0 { span.state.good { (money(0, currency)) } } @else {
        span.state.bad { (money(sum, currency)) }
    } }
}

fn rows(view: &View, rows: &[Row]) -> Markup {
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (time(view, row.time("created_at"))) }
                td { (row.text("account").replace('_', " ")) }
                td.number { (side(row, "debit")) }
                td.number { (side(row, "credit")) }
                td { (id(view, row.text("payment"))) }
                td { (cause(view, row)) }
                td { (id(view, row.text("id"))) }
            } }
        })
        .collect();
    let heads = [
        "At", "Account", "#Debit", "#Credit", "Payment", "Made by", "Entry",
    ];
    sums("Entries", &heads, &lines)
}

/// What moved the money: a refund, a dispute, or the payment itself.
fn cause(view: &View, row: &Row) -> Markup {
    html! { @match row.internal["cause"].as_str() {
        Some(cause) => (id(view, cause)),
        None => span.none { "the payment" },
    } }
}

fn side(row: &Row, direction: &str) -> Markup {
    html! { @if row.text("direction") == direction { (parts::amount(row, "amount")) } }
}

/// The entries of a payment in two columns, with their sums.
pub(super) fn balanced(view: &View, entries: &[Row]) -> Markup {
    if entries.is_empty() {
        return parts::nothing("Nothing has been booked.");
    }
    let sum = |direction: &str| {
        let own = entries
            .iter()
            .filter(|row| row.text("direction") == direction);
        own.map(|row| row.number("amount")).sum::<i64>()
    };
    let (debits, credits) = (sum("debit"), sum("credit"));
    let unit = entries[0].text("currency");
    let mut lines: Vec<Markup> = Vec::new();
    let mut movement = "";
    for row in entries {
        let first = row.text("transaction") != movement;
        movement = row.text("transaction");
        lines.push(html! { tr.begins[first] id=(row.text("id")) {
            td { @if first { (time(view, row.time("created_at"))) } }
            td { (row.text("account").replace('_', " ")) }
            td.number { (side(row, "debit")) }
            td.number { (side(row, "credit")) }
            td { @if first { (cause(view, row)) } }
            td { (id(view, row.text("id"))) }
        } });
    }
    lines.push(html! { tr.total {
        th scope="row" colspan="2" { "Debits less credits: " (zero(debits - credits, unit)) }
        td.number { (money(debits, unit)) }
        td.number { (money(credits, unit)) }
        td {}
        td {}
    } });
    sums(
        "Ledger entries",
        &["At", "Account", "#Debit", "#Credit", "Made by", "Entry"],
        &lines,
    )
}

/// One entry.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("ledger_entries", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let body = html! {
        (shell::heading("Ledger entry", wanted, &html! { (row.text("direction")) }))
        p.sum { strong { (parts::amount(&row, "amount")) } }
        (block("Details", &facts(&[
            ("Account", parts::text(row.text("account"))),
            ("Payment", id(view, row.text("payment"))),
            ("Made by", cause(view, &row)),
            ("Movement", id(view, row.text("transaction"))),
            ("Booked", time(view, row.time("created_at"))),
        ])))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}

/// The checks, made now.
pub(super) fn checks(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let breaches = reader.breaches()?;
    let body = html! {
        h1 { "Checks" }
        (verdict(view, &breaches))
        p.nothing {
            "Every movement of the ledger balances; the ledger has each payment's money where its state says; "
            "the state is the last of its history; every move has its event."
        }
    };
    Ok(Page::new("Checks", body).still(!reader.has_small_ledger()?))
}

/// What the checks found.
pub(super) fn verdict(view: &View, breaches: &[String]) -> Markup {
    html! {
        @if breaches.is_empty() { p { span.state.good { "Every check holds" } } } @else {
            div.breach role="alert" {
                p { strong { (breaches.len()) @if breaches.len() == 1 { " check fails" } @else { " checks fail" } } }
                ul { @for breach in breaches.iter().take(50) { li { (linked(view, breach)) } } }
            }
        }
    }
}

/// A sentence whose ids are links.
fn linked(view: &View, sentence: &str) -> Markup {
    html! {
        @for word in sentence.split(' ') {
            @let bare = word.trim_end_matches([':', ',', '.']);
            @match view.href_of(bare) {
                Some(href) => { a.id href=(href) { (bare) } (word[bare.len()..]) },
                None => (word),
            }
            " "
        }
    }
}
