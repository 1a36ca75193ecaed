//! Owns the pages of webhook endpoints. Their secrets are never shown.

use super::parts::{self, block, facts, id, state, table, time};
use super::queries::{Find, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{deliveries, missing, shell};
use crate::domain::error::DomainError;
use maud::{Markup, html};

/// The list of endpoints.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found = reader.page(&Find::page_of(view, "webhook_endpoints"))?;
    let mut lines: Vec<Markup> = Vec::new();
    for row in &found.rows {
        let last = reader.by("webhook_deliveries", "endpoint", row.text("id"), 1)?;
        lines.push(html! { tr id=(row.text("id")) {
            td { (id(view, row.text("id"))) }
            td { (state(row.text("status"))) }
            td { bdi { (row.text("url")) } }
            td { (wanted_events(row)) }
            td { @match last.first() {
                Some(last) => { (state(last.text("status"))) " " (time(view, last.time("created_at"))) },
                None => span.none { "none yet" },
            } }
        } });
    }
    let body = html! {
        h1 { "Webhook endpoints" }
        @if lines.is_empty() {
            (parts::nothing("No endpoint yet. Create one with POST /v1/webhook_endpoints, or run `fluxa listen`."))
        } @else {
            (table("Endpoints", &["Endpoint", "Status", "URL", "Events", "Last delivery"], &lines))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Endpoints", body))
}

fn wanted_events(row: &Row) -> Markup {
    let events = row.value["events"].as_array();
    html! {
        @match events.map(Vec::len) {
            None | Some(0) => "every event",
            Some(1..=3) => (events.into_iter().flatten().filter_map(|event| event.as_str()).collect::<Vec<_>>().join(", ")),
            Some(count) => { (count) " types" }
        }
    }
}

/// One endpoint.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("webhook_endpoints", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let sent = reader.by("webhook_deliveries", "endpoint", wanted, 20)?;
    let status = if row.deleted {
        "deleted"
    } else {
        row.text("status")
    };
    let (next, label) = match status {
        "enabled" => ("disabled", "Disable"),
        _ => ("enabled", "Enable"),
    };
    let change = [("id", wanted), ("status", next)];
    let body = html! {
        (shell::heading("Endpoint", wanted, &state(status)))
        (block("Details", &facts(&[
            ("URL", html! { bdi { (row.text("url")) } (parts::copy(row.text("url"))) }),
            ("Events", match row.value["events"].as_array().map(Vec::len) {
                None | Some(0) => html! { "every event" },
                Some(_) => parts::value(view, &row.value["events"]),
            }),
            ("Description", parts::text(row.text("description"))),
            ("Signing secret", html! { "shown once, when it was made; POST …/rotate_secret makes a new one" }),
            ("Old secret signs until", time(view, row.time("previous_secret_expires_at"))),
            ("Created", time(view, row.time("created_at"))),
            ("Metadata", parts::value(view, &row.value["metadata"])),
        ])))
        @if !row.deleted {
            div.actions {
                (parts::action(view, "endpoint_status", &change, &html! { button { (label) } }))
            }
        }
        (block("Newest deliveries", &html! {
            @if sent.is_empty() { (parts::nothing("Nothing has been sent here.")) } @else {
                (deliveries::rows(view, &sent))
                p { a href=(view.href_with("/_mock/ui/deliveries", &[("endpoint", wanted)])) {
                    "All deliveries to this endpoint"
                } }
            }
        }))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}
