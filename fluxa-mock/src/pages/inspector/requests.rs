//! Owns the pages of the request log.

use super::parts::{self, block, facts, id, state, table, time};
use super::queries::{Find, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{events, missing, shell};
use crate::domain::error::DomainError;
use crate::observe::ReceivedRequest;
use fluxa_sdk::contract;
use maud::{Markup, html};
use serde_json::Value;

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
            (rows(reader, view, &found.rows))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Requests", body))
}

/// Requests as a table.
pub(super) fn rows(reader: &Reader<'_>, view: &View, rows: &[Row]) -> Markup {
    let replays = reader.replays();
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (time(view, row.time("created_at"))) }
                td.path { code { (row.text("method")) " " a href=[view.href_of(row.text("id"))] {
                    bdi { (row.text("path")) }
                } } }
                td { (status(row)) @if replays.contains(row.text("id")) { " " (state("replayed")) } }
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
    let remembered = reader.remembered(wanted);
    let caused = reader.caused_by(wanted)?;
    let same_key = match row.text("idempotency_key") {
        "" => Vec::new(),
        key => reader.by("request_logs", "body->>'$.idempotency_key'", key, 20)?,
    };
    let body = html! {
        (shell::heading("Request", wanted, &status(&row)))
        (block("Details", &facts(&[
            ("Request", html! { code { (row.text("method")) " " bdi { (row.text("path")) } } }),
            ("Key", id(view, row.text("key"))),
            ("From", parts::text(row.text("ip"))),
            (contract::IDEMPOTENCY_KEY, parts::text(row.text("idempotency_key"))),
            ("Took", html! { (row.number("duration_ms")) " ms" }),
            ("Replayed", replayed(remembered.as_ref())),
            ("At", time(view, row.time("created_at"))),
        ])))
        (bodies(view, remembered.as_ref()))
        (block("Events that it caused", &html! {
            @if caused.is_empty() { (parts::nothing("None, among the newest events.")) } @else {
                (events::rows(view, &caused))
            }
        }))
        @if same_key.len() > 1 {
            (block("Requests with this Idempotency-Key", &rows(reader, view, &same_key)))
        }
        (parts::raw(view, &row))
    };
    // What a request did is over; and its events are looked for among many.
    Ok(Page::new(wanted, body).still(true))
}

fn replayed(remembered: Option<&ReceivedRequest>) -> Markup {
    html! { @match remembered.map(|request| request.idempotent_replayed) {
        Some(true) => "yes: the answer of the first request with this key, and nothing was carried out",
        Some(false) => "no",
        None => span.none { "–" },
    } }
}

/// What was sent and answered, as far as it is remembered. Secrets and card data were replaced before.
fn bodies(view: &View, remembered: Option<&ReceivedRequest>) -> Markup {
    let body = |body: &Value| match body {
        Value::Null => parts::nothing("None, or none that is kept."),
        Value::String(text) => parts::body(view, text),
        body => parts::json(view, body),
    };
    match remembered {
        None => block(
            "Bodies",
            &parts::nothing("Its bodies are no longer remembered."),
        ),
        Some(request) => html! { div.halves {
            (block("Parameters sent", &body(&request.body)))
            (block("Answer", &body(&request.response_body)))
        } },
    }
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
    let remembered = reader.remembered(wanted);
    let body = html! {
        (shell::heading("Request", wanted, &html! {}))
        @match &remembered {
            // A cardholder's, say: the log is of the API alone.
            Some(request) => {
                p { code { (request.method) " " bdi { (request.path) } } " "
                    @if let Some(status) = request.status { span.small { "answered " (status) } } }
                (bodies(view, remembered.as_ref()))
            }
            None => p.nothing { "This request is not on record; the log has " (recorded) " others." },
        }
        p { a href=(view.href("/_mock/ui/requests")) { "Requests" } }
    };
    Ok(Page::new(wanted, body))
}
