//! Owns the pages of webhook deliveries: one attempt each, with what was sent and answered.

use super::parts::{self, block, facts, id, state, table, time};
use super::queries::{Find, PAGE, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{events, missing, shell};
use crate::domain::error::DomainError;
use crate::time::Time;
use fluxa_sdk::contract;
use maud::{Markup, html};
use serde_json::Value;

/// The list of deliveries.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let mut find = Find::page_of(view, "webhook_deliveries").chosen(view, "endpoint", "endpoint");
    // One status of the API is two here: what is still to be tried again, and what has been.
    let comparison = match view.param("status") {
        Some("retrying") => Some("body->>'$.next_attempt_at' >"),
        Some(RETRIED) => Some("body->>'$.next_attempt_at' <="),
        _ => None,
    };
    match comparison {
        Some(comparison) => {
            find.equals.push(("status", "retrying".to_owned()));
            find.compared = Some((comparison, view.now.to_string()));
        }
        None => find = find.chosen(view, "status", "status"),
    }
    let found = reader.page(&find)?;
    let words = ["pending", "retrying", RETRIED, "succeeded", "failed"];
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

/// What the API calls `retrying` for ever: an attempt that failed and was followed by another.
const RETRIED: &str = "retried";

/// Attempts of a series, the first included.
const ATTEMPTS: usize = contract::WEBHOOK_RETRY_SCHEDULE.len() + 1;

/// The status of an attempt, as it is by now.
pub(super) fn status<'a>(view: &View, row: &'a Row) -> &'a str {
    let next = row.time("next_attempt_at");
    match row.text("status") {
        "retrying" if next.is_some_and(|next| next <= view.now) => RETRIED,
        status => status,
    }
}

/// When the next attempt is due, if it has not been made by now.
fn to_come(view: &View, row: &Row) -> Option<Time> {
    row.time("next_attempt_at").filter(|next| *next > view.now)
}

/// The status, and when the next attempt is due.
fn standing(view: &View, row: &Row) -> Markup {
    html! {
        (state(status(view, row)))
        @if let Some(next) = to_come(view, row) { " " span.small { "next " (parts::distance(view, next)) } }
    }
}

/// What an attempt is called: its number, unless it is of no series; `long` where no heading says it.
pub(super) fn name(row: &Row, long: bool) -> String {
    let kept = |name: &str| row.internal[name] == true;
    match row.internal["resend_number"].as_i64() {
        Some(number @ 1..) => format!("resend {number}"),
        // Written before they were counted.
        _ if kept("resend") => "resend".to_owned(),
        _ if kept("duplicate") => "duplicate".to_owned(),
        _ if long => format!("attempt {}", row.number("attempt")),
        _ => row.number("attempt").to_string(),
    }
}

/// Whether it is of a series of attempts.
fn is_numbered(row: &Row) -> bool {
    row.internal["resend"] != true && row.internal["duplicate"] != true
}

/// The attempts of the series that `row` is of.
fn series<'a>(row: &'a Row, attempts: &'a [Row]) -> impl Iterator<Item = &'a Row> {
    let began = &row.internal["first_attempt_at"];
    attempts.iter().filter(move |other| {
        is_numbered(row) && is_numbered(other) && other.internal["first_attempt_at"] == *began
    })
}

/// What happened, and what comes next.
fn story(view: &View, row: &Row, attempts: &[Row]) -> Markup {
    let attempt = row.number("attempt");
    let answered = html! { @match row.value["response_status"].as_i64() {
        Some(code) => { "The endpoint answered " (code) ". " }
        None => "No answer came. ",
    } };
    let next = time(view, row.time("next_attempt_at"));
    match status(view, row) {
        "succeeded" => html! { (answered) "The event has arrived." },
        "retrying" => html! {
            (answered) "Attempt " (attempt + 1) " of " (ATTEMPTS) " is due " (next) "."
        },
        RETRIED => html! {
            (answered)
            @match series(row, attempts).find(|other| other.number("attempt") == attempt + 1) {
                Some(follower) => {
                    "Attempt " (attempt + 1) " followed " (time(view, follower.time("created_at"))) ": "
                    (id(view, follower.text("id"))) " " (standing(view, follower))
                }
                None => { "Attempt " (attempt + 1) " was due " (next) "." }
            }
        },
        "failed" if !is_numbered(row) => html! {
            (answered) "A " (name(row, true)) " is tried once: no other attempt follows."
        },
        "failed" => {
            html! { (answered) "No other attempt follows: the event is given up for this endpoint." }
        }
        _ if row.time("next_attempt_at").is_some() => {
            html! { "A fault delays it; it is due " (next) "." }
        }
        _ => html! { "It is on its way, or waits for its turn." },
    }
}

/// Deliveries as a table.
pub(super) fn rows(view: &View, rows: &[Row]) -> Markup {
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (standing(view, row)) @if let Some(error) = row.value["error"].as_str() {
                    " " span.small { bdi { (error) } }
                } }
                td.number data-label=[is_numbered(row).then_some("attempt")] { (name(row, false)) }
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
        (shell::heading("Delivery", wanted, &state(status(view, &row))))
        @if let Some(error) = row.value["error"].as_str() { p.breach { bdi { (error) } } }
        p.story { (story(view, &row, &others)) }
        (block("Details", &facts(&[
            ("Event", html! { (id(view, event)) " " (kind) }),
            ("Endpoint", html! { (id(view, endpoint)) " " bdi { (url.unwrap_or_default()) } }),
            ("Attempt", html! { (name(&row, false)) @if is_numbered(&row) { " of " (ATTEMPTS) }
                @else { ", tried once" } }),
            ("Answer", html! { (parts::value(view, &row.value["response_status"]))
                @if let Some(took) = row.value["duration_ms"].as_i64() { " in " (took) " ms" } }),
            ("Sent", time(view, row.time("created_at"))),
            ("Next attempt", time(view, to_come(view, &row))),
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
    Ok(Page::new(format!("{wanted} {}", status(view, &row)), body))
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
    // Of another series, say, or waiting itself.
    let newest = series(row, attempts).max_by_key(|other| other.number("attempt"));
    let Some(newest) = newest.filter(|newest| status(view, newest) == "retrying") else {
        return html! {};
    };
    let done = usize::try_from(newest.number("attempt")).unwrap_or(1);
    let first = newest.internal["first_attempt_at"].as_str();
    let Some(first) = first.and_then(Time::parse) else {
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
