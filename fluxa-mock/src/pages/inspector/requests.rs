//! Owns the pages of the request log.

use super::parts::{self, block, facts, id, table, time};
use super::queries::{Find, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{missing, shell};
use crate::domain::error::DomainError;
use fluxa_sdk::contract;
use maud::{Markup, html};

const METHODS: [&str; 4] = ["GET", "POST", "PATCH", "DELETE"];

/// The list of requests.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found = reader.page(&Find {
        text: view.param("q").map(str::to_owned),
        ..Find::page_of(view, "request_logs").chosen(view, "state", "body->>'$.method'")
    })?;
    let body = html! {
        h1 { "Requests" }
        (parts::choice(view, "Method", "state", &METHODS))
        (parts::search(view, "Id, path, error code or Idempotency-Key"))
        @if found.rows.is_empty() { (parts::nothing("No request is on record.")) } @else {
            (rows(view, &found.rows))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Requests", body))
}

/// Requests as a table.
pub(super) fn rows(view: &View, rows: &[Row]) -> Markup {
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (time(view, row.time("created_at"))) }
                td { code { (row.text("method")) " " bdi { (row.text("path")) } } }
                td { (status(row)) }
                td.number { (row.number("duration_ms")) " ms" }
                td { @match row.text("idempotency_key") {
                    "" => span.none { "–" },
                    key => code { (key) },
                } }
                td { (id(view, row.text("id"))) }
            } }
        })
        .collect();
    let heads = [
        "At",
        "Request",
        "Answer",
        "#Took",
        contract::IDEMPOTENCY_KEY,
        "Id",
    ];
    table("Requests", &heads, &lines)
}

fn status(row: &Row) -> Markup {
    let status = row.number("status");
    let tone = if status < 400 { "good" } else { "bad" };
    html! {
        span class={ "state " (tone) } { (status) }
        @if !row.text("error_code").is_empty() { " " span.small { (row.text("error_code")) } }
    }
}

/// One request.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let Some(row) = reader.find("request_logs", wanted)? else {
        return unrecorded(reader, view, wanted);
    };
    let body = html! {
        (shell::heading("Request", wanted, &status(&row)))
        (block("Details", &facts(&[
            ("Request", html! { code { (row.text("method")) " " bdi { (row.text("path")) } } }),
            ("Key", id(view, row.text("key"))),
            ("From", parts::text(row.text("ip"))),
            (contract::IDEMPOTENCY_KEY, parts::text(row.text("idempotency_key"))),
            ("Took", html! { (row.number("duration_ms")) " ms" }),
            ("At", time(view, row.time("created_at"))),
        ])))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}

/// A request that events name but that the log does not have (any more).
fn unrecorded(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    if wanted
        .split_once('_')
        .is_none_or(|(_, digits)| digits.len() != 16)
    {
        return Err(missing(wanted));
    }
    let recorded = reader.count_all("request_logs")?;
    let body = html! {
        (shell::heading("Request", wanted, &html! {}))
        p.nothing { "This request is not on record; the log has " (recorded) " others." }
        p { a href=(view.href("/_mock/ui/requests")) { "Requests" } }
    };
    Ok(Page::new(wanted, body))
}
