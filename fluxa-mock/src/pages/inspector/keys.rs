//! Owns the pages of API keys. What is shown of a secret is its last four characters; the well-known
//! keys are constants of the documentation and shown whole.

use super::parts::{self, block, facts, id, state, table, time};
use super::queries::{Find, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{missing, requests, shell};
use crate::domain::api_key::well_known;
use crate::domain::error::DomainError;
use fluxa_sdk::contract;
use maud::{Markup, html};

/// The list of keys.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found = reader.page(&Find::page_of(view, "api_keys"))?;
    let lines: Vec<Markup> = found
        .rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (parts::text(row.text("name"))) }
                td { (row.text("kind")) }
                td { (shown(row)) }
                td { (state(row.text("status"))) }
                td { (scopes(row)) }
                td { (time(view, row.time("last_used_at"))) }
            } }
        })
        .collect();
    let heads = [
        "Key",
        "Name",
        "Kind",
        "Secret",
        "Status",
        "Scopes",
        "Last used",
    ];
    let body = html! {
        h1 { "API keys" }
        @if view.param("account").is_none() && !reader.is_exposed() {
            (block("Well-known keys", &html! {
                p.nothing { "The same in every sandbox, and worth nothing anywhere else." }
                (facts(&[
                    ("secret", known("secret")),
                    ("publishable", known("publishable")),
                    ("restricted", known("restricted")),
                ]))
            }))
        }
        (block("Keys", &html! {
            @if lines.is_empty() { (parts::nothing("No key.")) } @else {
                (table("Keys", &heads, &lines))
            }
        }))
        (parts::pager(view, &found))
    };
    Ok(Page::new("Keys", body))
}

fn known(kind: &str) -> Markup {
    let key = well_known(kind);
    html! { code { (key) } (parts::copy(&key)) }
}

fn shown(row: &Row) -> Markup {
    let prefix = match row.text("kind") {
        "publishable" => contract::PUBLISHABLE_KEY_PREFIX,
        "restricted" => contract::RESTRICTED_KEY_PREFIX,
        _ => contract::SECRET_KEY_PREFIX,
    };
    html! { code { (prefix) (contract::TEST_KEY_INFIX) "…" (row.text("last4")) } }
}

fn scopes(row: &Row) -> Markup {
    let scopes = row.value["scopes"].as_array().map_or(0, Vec::len);
    html! { @match (row.text("kind"), scopes) {
        ("publishable", _) => "none",
        ("secret", _) => "everything",
        (_, count) => (count),
    } }
}

/// One key.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("api_keys", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let used = reader.by("request_logs", "key", wanted, 20)?;
    let body = html! {
        (shell::heading("Key", wanted, &state(row.text("status"))))
        (block("Details", &facts(&[
            ("Name", parts::text(row.text("name"))),
            ("Kind", parts::text(row.text("kind"))),
            ("Secret", shown(&row)),
            ("Scopes", match row.text("kind") {
                "restricted" => parts::value(view, &row.value["scopes"]),
                _ => scopes(&row),
            }),
            ("Allowed addresses", match row.value["ip_allowlist"].as_array().map(Vec::len) {
                None | Some(0) => html! { "any" },
                Some(_) => parts::value(view, &row.value["ip_allowlist"]),
            }),
            ("Expires", time(view, row.time("expires_at"))),
            ("Rotated from", id(view, row.text("rotated_from"))),
            ("Last used", time(view, row.time("last_used_at"))),
            ("Created", time(view, row.time("created_at"))),
        ])))
        (block("Newest requests", &html! {
            @if used.is_empty() { (parts::nothing("No request is on record.")) } @else {
                (requests::rows(reader, view, &used))
            }
        }))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}
