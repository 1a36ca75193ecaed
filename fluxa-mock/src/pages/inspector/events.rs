//! Owns the pages of events.

use super::parts::{self, block, facts, id, state, table, time};
use super::queries::{Find, PAGE, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{deliveries, missing, payments, shell};
use crate::domain::error::DomainError;
use crate::events::EventType;
use maud::{Markup, html};

/// The list of events.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let mut equals = Vec::new();
    if let Some(wanted) = view.param("type") {
        equals.push(("type", wanted.to_owned()));
    }
    if let Some(object) = view.param("object") {
        equals.push(("subject", object.to_owned()));
    }
    let found = reader.page(&Find {
        equals,
        ..Find::page_of(view, "events")
    })?;
    let chosen = view.param("type").unwrap_or_default();
    let body = html! {
        h1 { "Events" }
        form.search method="get" {
            (parts::kept(view, &["type", "object"]))
            select name="type" aria-label="Type" {
                option value="" { "Every type" }
                @for name in EventType::KNOWN.iter().copied() {
                    option value=(name) selected[name == chosen] { (name) }
                }
            }
            input type="search" name="object" value=[view.param("object")]
                placeholder="Id of an object" aria-label="Id of an object" maxlength="40";
            button { "Filter" }
        }
        @if found.rows.is_empty() { (parts::nothing("No event matches.")) } @else {
            (rows(view, &found.rows))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Events", body))
}

/// Events as a table.
pub(super) fn rows(view: &View, rows: &[Row]) -> Markup {
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { a href=[view.href_of(row.text("id"))] { (row.text("type")) } }
                td { (moved(row)) }
                td { (id(view, subject(row))) }
                td { (id(view, row.text("id"))) }
                td { (time(view, row.time("created_at"))) }
            } }
        })
        .collect();
    table(
        "Events",
        &["Type", "Move", "Object", "Event", "Created"],
        &lines,
    )
}

fn subject(row: &Row) -> &str {
    row.value["data"]["object"]["id"]
        .as_str()
        .unwrap_or_default()
}

/// The move that an event tells of.
fn moved(row: &Row) -> Markup {
    let part = |name: &str| row.value["data"][name].as_str();
    html! {
        @if let Some(next) = part("state") {
            span.move {
                @if let Some(previous) = part("previous_state") { (state(previous)) " → " }
                (state(next))
            }
        } @else { span.none { "–" } }
    }
}

/// Events, each with what became of its deliveries.
pub(super) fn with_deliveries(
    reader: &Reader<'_>,
    view: &View,
    rows: &[Row],
) -> Result<Markup, DomainError> {
    if rows.is_empty() {
        return Ok(parts::nothing("No event."));
    }
    let mut lines = Vec::new();
    for row in rows {
        let sent = reader.by("webhook_deliveries", "event", row.text("id"), 20)?;
        lines.push(html! { tr id={ "e-" (row.text("id")) } {
            td { a href=[view.href_of(row.text("id"))] { (row.text("type")) } }
            td { (moved(row)) }
            td { (time(view, row.time("created_at"))) }
            td { @if sent.is_empty() { span.none { "sent to nobody" } } @else {
                ul.words { @for delivery in sent.iter().rev() { li {
                    a href=[view.href_of(delivery.text("id"))] {
                        (deliveries::name(delivery, true))
                    } " " (state(deliveries::status(view, delivery)))
                    @if let Some(code) = delivery.value["response_status"].as_i64() { " " (code) }
                } } }
            } }
        } });
    }
    Ok(table(
        "Events",
        &["Type", "Move", "Created", "Deliveries"],
        &lines,
    ))
}

/// One event.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("events", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let sent = reader.by("webhook_deliveries", "event", wanted, PAGE)?;
    let endpoints = reader.by("webhook_endpoints", "status", "enabled", PAGE)?;
    let body = html! {
        (shell::heading("Event", wanted, &html! { strong { (row.text("type")) } }))
        (block("Details", &facts(&[
            ("Object", id(view, subject(&row))),
            ("Move", moved(&row)),
            ("Created", time(view, row.time("created_at"))),
            ("Caused by", payments::caused_by(view, Some(&row.value["request"]))),
            ("API version", parts::text(row.text("api_version"))),
        ])))
        (block("Deliveries", &html! {
            @if sent.is_empty() { (parts::nothing("This event was sent to nobody.")) } @else {
                (deliveries::rows(view, &sent))
            }
            (resend(view, wanted, &endpoints, None))
        }))
        (block("Payload", &parts::json(view, &row.value)))
    };
    Ok(Page::new(format!("{} {wanted}", row.text("type")), body))
}

/// The form that sends an event again, to an endpoint that is enabled.
pub(super) fn resend(view: &View, event: &str, endpoints: &[Row], chosen: Option<&str>) -> Markup {
    if endpoints.is_empty() {
        return html! { p.nothing { "No endpoint is enabled: there is nowhere to send it." } };
    }
    let inner = html! {
        label { span { "Send to " } select name="endpoint" {
            @for endpoint in endpoints {
                @let own = endpoint.text("id");
                option value=(own) selected[chosen == Some(own)] {
                    (endpoint.text("url")) " · " (own)
                }
            }
        } }
        button.primary { "Resend" }
    };
    html! { div.actions { (parts::action(view, "resend", &[("event", event)], &inner)) } }
}
