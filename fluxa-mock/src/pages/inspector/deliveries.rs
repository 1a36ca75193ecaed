//! Owns the pages of webhook deliveries: one attempt each, with what was sent and answered.

use super::parts::{self, block, facts, id, state, table, time};
use super::queries::{Find, PAGE, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{events, missing, shell};
use crate::domain::error::DomainError;
use fluxa_sdk::contract;
use maud::{Markup, html};
use serde_json::Value;

/// The list of deliveries.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let equals = ["status", "endpoint"]
        .into_iter()
        .filter_map(|name| view.param(name).map(|value| (name, value.to_owned())))
        .collect();
    let found = reader.page(&Find {
        equals,
        ..Find::page_of(view, "webhook_deliveries")
    })?;
    let words = ["pending", "retrying", "succeeded", "failed"];
    let body = html! {
        h1 { "Deliveries" }
        (parts::choice(view, "Status", "status", &words))
        @if let Some(endpoint) = view.param("endpoint") {
            p.nothing { "To " (id(view, endpoint)) " " a href=(view.here(&[("endpoint", "")])) { "show all" } }
        }
        @if found.rows.is_empty() { (parts::nothing("No delivery matches.")) } @else {
            (rows(view, &found.rows))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Deliveries", body))
}

/// Deliveries as a table.
pub(super) fn rows(view: &View, rows: &[Row]) -> Markup {
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (state(row.text("status"))) @if let Some(error) = row.value["error"].as_str() {
                    " " span.small { bdi { (error) } }
                } }
                td.number data-label="attempt" { (row.number("attempt")) }
                td.number data-label="answer" { (parts::value(view, &row.value["response_status"])) }
                td.number data-label="in" { @match row.value["duration_ms"].as_i64() {
                    Some(duration) => { (duration) " ms" } None => span.none { "–" },
                } }
                td { (id(view, row.text("event"))) }
                td { (id(view, row.text("endpoint"))) }
                td { (time(view, row.time("created_at"))) }
            } }
        })
        .collect();
    let heads = [
        "Delivery", "Status", "#Attempt", "#Answer", "#Took", "Event", "Endpoint", "Sent",
    ];
    table("Deliveries", &heads, &lines)
}

/// One delivery.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("webhook_deliveries", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let (event, endpoint) = (row.text("event"), row.text("endpoint"));
    let mut others = reader.by("webhook_deliveries", "event", event, 200)?;
    others.retain(|other| other.text("endpoint") == endpoint);
    let about = reader.find("events", event)?;
    let target = reader.find("webhook_endpoints", endpoint)?;
    let enabled = reader.by("webhook_endpoints", "status", "enabled", PAGE)?;
    let request = &row.value["request"];
    let signature = request["headers"]
        .as_object()
        .and_then(|headers| {
            let named = |name: &str| name.eq_ignore_ascii_case(contract::SIGNATURE);
            headers.iter().find(|(name, _)| named(name))
        })
        .and_then(|(_, value)| value.as_str())
        .unwrap_or_default();
    let kind = about.as_ref().map_or("", |event| event.text("type"));
    let url = request["url"]
        .as_str()
        .or(target.as_ref().map(|target| target.text("url")));
    let body = html! {
        (shell::heading("Delivery", wanted, &state(row.text("status"))))
        @if let Some(error) = row.value["error"].as_str() { p.breach { bdi { (error) } } }
        (block("Details", &facts(&[
            ("Event", html! { (id(view, event)) " " (kind) }),
            ("Endpoint", html! { (id(view, endpoint)) " " bdi { (url.unwrap_or_default()) } }),
            ("Attempt", html! { (row.number("attempt")) " of "
                (contract::WEBHOOK_RETRY_SCHEDULE.len() + 1) }),
            ("Answer", html! { (parts::value(view, &row.value["response_status"]))
                @if let Some(took) = row.value["duration_ms"].as_i64() { " in " (took) " ms" } }),
            ("Sent", time(view, row.time("created_at"))),
            ("Next attempt", time(view, row.time("next_attempt_at"))),
            ("Signature", html! { @if signature.is_empty() { span.none { "–" } } @else {
                code { (signature) } (parts::copy(signature))
            } }),
        ])))
        (events::resend(view, event, &enabled, Some(endpoint)))
        div.halves {
            (block("Request as sent", &sent(view, request, url)))
            (block("Response as received", &received(view, &row)))
        }
        (block("Attempts of this event to this endpoint", &html! {
            (rows(view, &others))
            (schedule(view, &row, &others))
        }))
        (parts::raw(view, &row))
    };
    Ok(Page::new(format!("{wanted} {}", row.text("status")), body))
}

fn sent(view: &View, request: &Value, url: Option<&str>) -> Markup {
    if request.is_null() {
        return parts::nothing("Nothing was sent: no connection was made, or it is still to be.");
    }
    html! {
        p.line { code { "POST " bdi { (url.unwrap_or_default()) } } }
        (headers(&request["headers"]))
        (parts::body(view, request["body"].as_str().unwrap_or_default()))
    }
}

fn received(view: &View, row: &Row) -> Markup {
    let response = &row.value["response"];
    if response.is_null() {
        return parts::nothing("No answer.");
    }
    html! {
        p.line { code { "HTTP " (row.number("response_status")) } }
        (headers(&response["headers"]))
        (parts::body(view, response["body"].as_str().unwrap_or_default()))
    }
}

fn headers(headers: &Value) -> Markup {
    html! {
        @if let Some(headers) = headers.as_object() {
            dl.headers { @for (name, value) in headers {
                dt { (name) } dd { bdi { (value.as_str().unwrap_or_default()) } }
            } }
        }
    }
}

/// The retries still to come, as the contract's schedule has them.
fn schedule(view: &View, row: &Row, attempts: &[Row]) -> Markup {
    let newest = attempts.iter().max_by_key(|other| other.number("attempt"));
    let retrying = newest.filter(|newest| newest.text("status") == "retrying");
    let Some(newest) = retrying.filter(|_| row.text("status") == "retrying") else {
        return html! {};
    };
    let done = usize::try_from(newest.number("attempt")).unwrap_or(1);
    let first = attempts
        .iter()
        .filter(|other| other.number("attempt") == 1)
        .filter_map(|other| other.time("created_at"))
        .max();
    let Some(first) = first else {
        return html! {};
    };
    let due = |place: usize| {
        let delay = contract::WEBHOOK_RETRY_SCHEDULE[place].as_millis();
        first.plus_millis(i64::try_from(delay).unwrap_or(i64::MAX))
    };
    html! {
        ol.words.schedule aria-label="Retries to come" {
            @for place in done - 1..contract::WEBHOOK_RETRY_SCHEDULE.len() {
                li { "attempt " (place + 2) " " (time(view, Some(due(place)))) }
            }
        }
    }
}
