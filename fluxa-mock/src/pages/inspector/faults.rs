//! Owns the page of faults: what is armed, how often it has struck, and taking it away. Faults are added
//! through the control plane.

use super::parts::{self, block, state, table};
use super::queries::Reader;
use super::section::Page;
use super::view::View;
use crate::domain::error::DomainError;
use maud::{Markup, html};
use serde_json::Value;

/// What an example of a fault looks like.
const EXAMPLE: &str = "-H 'Content-Type: application/json' \\\n  -d '{\"path\": \"/v1/payments*\", \"times\": 3, \"status\": 503}'";

/// The list of faults.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let armed = reader.faults();
    let lines: Vec<Markup> = armed.iter().map(|fault| line(view, fault)).collect();
    let origin = reader.base_url().trim_end_matches("/v1");
    let path = view.href("/_mock/faults");
    let example = format!("curl '{origin}{path}' {EXAMPLE}");
    let body = html! {
        h1 { "Faults" }
        @if lines.is_empty() { (parts::nothing("No fault is armed: requests and deliveries fail only by themselves.")) } @else {
            (table("Faults", &["Fault", "#Struck", "Left", "What", ""], &lines))
            div.actions { (parts::action(view, "clear_faults", &[], &html! {
                button.danger { "Remove all" }
            })) }
        }
        (block("Add one", &html! {
            p { "Make the next three calls to the payments fail:" }
            div.snippet { pre.json tabindex="0" { (example) } (parts::copy(&example)) }
        }))
    };
    Ok(Page::new("Faults", body))
}

fn line(view: &View, fault: &Value) -> Markup {
    let own = fault["id"].as_str().unwrap_or_default();
    let left = fault["hits_left"].as_u64();
    let mut what = fault.clone();
    if let Some(what) = what.as_object_mut() {
        for told in ["id", "hits", "hits_left", "matched"] {
            what.remove(told);
        }
    }
    html! { tr id=(own) {
        td { span.id { (own) (parts::copy(own)) } }
        td.number data-label="struck" { (fault["hits"]) }
        td { @match left {
            Some(0) => (state("spent")),
            Some(left) => (left),
            None => "no limit",
        } }
        td { (parts::value(view, &what)) }
        td { (parts::action(view, "remove_fault", &[("id", own)], &html! {
            button aria-label={ "Remove " (own) } { "Remove" }
        })) }
    } }
}
