//! Owns the overview: where the sandbox stands, and what went wrong in it.

use super::parts::{self, block, table};
use super::queries::Reader;
use super::section::Page;
use super::view::View;
use super::{clock, deliveries, disputes, events, ledger, subscriptions};
use crate::domain::api_key::well_known;
use crate::domain::error::DomainError;
use maud::{Markup, html};

/// (what, table, column, values, section)
const COUNTED: [(&str, &str, &str, &[&str], &str); 4] = [
    (
        "Payments",
        "payments",
        "state",
        &[
            "PAYMENT_RECEIVED",
            "CAPTURED",
            "SETTLING",
            "SETTLED",
            "FAILED",
            "REFUNDED",
        ],
        "payments",
    ),
    (
        "Checkouts",
        "checkout_sessions",
        "status",
        &["open", "complete", "expired"],
        "sessions",
    ),
    (
        "Subscriptions",
        "subscriptions",
        "status",
        &["trial", "active", "past_due", "paused", "cancelled"],
        "subscriptions",
    ),
    (
        "Disputes",
        "disputes",
        "status",
        &["evidence_required", "evidence_submitted", "won", "lost"],
        "disputes",
    ),
];

/// The page.
pub(super) fn page(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let newest = reader.page(&super::queries::Find {
        table: "events",
        limit: 10,
        ..Default::default()
    })?;
    let body = html! {
        h1.hidden { "Overview" }
        (trouble(reader, view)?)
        @if newest.rows.is_empty() { (first_steps(reader, view)) }
        (counts(reader, view)?)
        div.halves {
            (block("Money", &ledger::balances(reader, view)?))
            (block("Clock", &html! {
                (clock::controls(view))
                @let due = reader.timers(5)?;
                @if due.is_empty() { (parts::nothing("Nothing is due.")) } @else {
                    (clock::rows(view, &due))
                }
            }))
        }
        @if !newest.rows.is_empty() {
            (block("Newest events", &html! {
                (events::rows(view, &newest.rows))
                p { a href=(view.href("/_mock/ui/events")) { "All events" } }
            }))
        }
    };
    Ok(Page::new("Overview", body))
}

fn counts(reader: &Reader<'_>, view: &View) -> Result<Markup, DomainError> {
    let mut groups = Vec::new();
    for (what, table, column, values, section) in COUNTED {
        let mut tiles = Vec::new();
        for value in values {
            let href = view.href_with(&format!("/_mock/ui/{section}"), &[(column, value)]);
            let count = reader.count(table, column, value)?;
            tiles.push(html! { li { a href=(href) {
                span.count.none[count == "0"] { (count) } " " (parts::state(value))
            } } });
        }
        groups.push(html! { div.counted {
            h2 { a href=(view.href(&format!("/_mock/ui/{section}"))) { (what) } }
            ul.tiles { @for tile in tiles { (tile) } }
        } });
    }
    Ok(html! { div.counts { @for group in groups { (group) } } })
}

/// What failed or waits for somebody.
fn trouble(reader: &Reader<'_>, view: &View) -> Result<Markup, DomainError> {
    let small = reader.has_small_ledger()?;
    let breaches = if small {
        reader.breaches()?
    } else {
        Vec::new()
    };
    let failed = reader.by("webhook_deliveries", "status", "failed", 5)?;
    let retries = reader.pending_retries()?;
    let disabled = reader.by("webhook_endpoints", "status", "disabled", 5)?;
    let disputed = reader.by("disputes", "status", "evidence_required", 5)?;
    let past_due = reader.by("subscriptions", "status", "past_due", 5)?;
    let quiet = retries == "0" && disabled.is_empty();
    let armed = reader.faults().len();
    let fine =
        armed == 0 && failed.is_empty() && disputed.is_empty() && past_due.is_empty() && quiet;
    let body = html! {
        @if small { (ledger::verdict(view, &breaches)) } @else {
            p.nothing { "The sandbox is large: its checks run when asked for. "
                a href=(view.href("/_mock/ui/checks")) { "Run them now" } }
        }
        @if fine && breaches.is_empty() { p { span.state.good { "Nothing has failed" } } }
        @if armed > 0 {
            p { span.state.wait { (armed) @if armed == 1 { " fault is" } @else { " faults are" } " armed" } ": "
                a href=(view.href("/_mock/ui/faults")) { "calls or deliveries fail on purpose" } }
        }
        @if retries != "0" {
            p { span.state.wait { (retries) @if retries == "1" { " retry waits" } @else { " retries wait" } } ": "
                a href=(view.href_with("/_mock/ui/deliveries", &[("status", "retrying")])) {
                    "deliveries that have not arrived yet"
                } }
        }
        @if !failed.is_empty() { h3 { "Deliveries given up" } (deliveries::rows(view, &failed)) }
        @if !disabled.is_empty() {
            @let lines: Vec<Markup> = disabled.iter().map(|row| html! { tr {
                td { (parts::id(view, row.text("id"))) }
                td { (parts::state("disabled")) }
                td { bdi { (row.text("url")) } }
            } }).collect();
            h3 { "Endpoints that get nothing" }
            (table("Disabled endpoints", &["Endpoint", "Status", "URL"], &lines))
        }
        @if !disputed.is_empty() { h3 { "Disputes that wait for evidence" } (disputes::rows(view, &disputed)) }
        @if !past_due.is_empty() { h3 { "Subscriptions past due" } (subscriptions::rows(view, &past_due)) }
        @if fine { span.hidden { "No delivery, dispute or subscription needs you." } }
    };
    Ok(block("Attention", &body))
}

/// An empty sandbox says how to begin.
fn first_steps(reader: &Reader<'_>, view: &View) -> Markup {
    let key = match view.param("account") {
        None if reader.is_exposed() => "<the key that the server showed>".to_owned(),
        None => well_known("secret"),
        Some(_) => "<this account's key>".to_owned(),
    };
    let base = reader.base_url();
    let settings = format!("export FLUXA_API_BASE={base}\nexport FLUXA_SECRET_KEY={key}");
    let call = format!(
        "curl {base}/checkout/sessions \\\n  -H \"Authorization: Bearer {key}\" \\\n  \
         -d amount=4999 -d currency=gbp \\\n  -d success_url=https://example.com/done \\\n  \
         -d cancel_url=https://example.com/cancel"
    );
    block(
        "Begin here",
        &html! {
            p { "Nothing has happened yet. Point your code at this sandbox:" }
            div.snippet { pre.json tabindex="0" { (settings) } (parts::copy(&settings)) }
            p { "or open a checkout session by hand, then pay at the " code { "url" } " it answers:" }
            div.snippet { pre.json tabindex="0" { (call) } (parts::copy(&call)) }
            p { "Or look around first:" }
            div.actions { (parts::action(view, "fill", &[], &html! {
                button { "Fill with a made-up merchant" }
            })) }
            p.nothing { "This page follows along by itself. The other keys are at "
                a href=(view.href("/_mock/ui/keys")) { "Keys" } "." }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::COUNTED;
    use crate::pages::inspector::section;

    #[test]
    fn every_count_leads_to_a_list() {
        for (_, _, _, _, name) in COUNTED {
            assert!(section::named(name).is_some(), "{name}");
        }
    }
}
