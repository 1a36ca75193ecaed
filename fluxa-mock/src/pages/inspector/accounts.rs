//! Owns the page of a server's accounts, from which a person switches to another one: the only page that
//! is not of one account.

use super::parts::{self, table, time};
use super::section::Page;
use super::view::{Asked, HOME, View};
use super::{shell, show};
use crate::accounts::Accounts;
use crate::domain::error::DomainError;
use crate::http::{Account, describe_account};
use crate::sandbox::Sandbox;
use crate::time::Time;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::Uri;
use maud::{Markup, html};
use serde_json::Value;
use std::sync::Arc;

/// The path of the page.
pub(super) const PATH: &str = "/_mock/ui/accounts";

/// Accounts on a page: each is asked by itself.
const PAGE: usize = 50;

/// The accounts of the server, the primary one first, the others by their labels.
pub(super) async fn list(
    State(accounts): State<Arc<Accounts>>,
    Extension(sandbox): Account,
    uri: Uri,
) -> Response {
    let asked = Asked::new(&uri);
    let mut found = matching(accounts.all(), &asked);
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let last = found.last().filter(|_| more);
    let next = last.map(|last| last.label().to_owned());
    let mut lines = Vec::new();
    for sandbox in found {
        match describe_account(&sandbox).await {
            Ok(line) => lines.push(line),
            // Closed meanwhile.
            Err(_) if accounts.labelled(sandbox.label()).is_none() => {}
            Err(error) => return shell::bare(&asked, None, &error),
        }
    }
    let opens = sandbox.config.auto_accounts;
    show(sandbox, asked, move |_, view| {
        draw(view, &lines, next.as_deref(), opens)
    })
    .await
}

/// The accounts from the place asked for on that have the text asked for in their label or key.
fn matching(all: Vec<Arc<Sandbox>>, asked: &Asked) -> Vec<Arc<Sandbox>> {
    let text = asked.param("q").unwrap_or_default().trim();
    let after = asked.param("after");
    all.into_iter()
        .filter(|sandbox| {
            let identity = sandbox.identity();
            let (label, last4) = (identity.label(), identity.key.last4.as_str());
            let is_of_key = !last4.is_empty() && text.ends_with(last4);
            after.is_none_or(|after| !identity.is_primary && label > after)
                && (label.contains(text) || is_of_key)
        })
        .collect()
}

fn draw(
    view: &View,
    lines: &[Value],
    next: Option<&str>,
    opens: bool,
) -> Result<Page, DomainError> {
    let rows: Vec<Markup> = lines.iter().map(|line| row(view, line)).collect();
    let heads = [
        "Account",
        "Key",
        "Clock",
        "#Payments",
        "#Events",
        "#Requests",
        "",
    ];
    let body = html! {
        h1 { "Accounts" }
        p.nothing {
            @if opens {
                "Every unknown key " code { "sk_test_…" } " opens an account of its own, with its own state "
                "and clock. What is shown elsewhere is of the account chosen here."
            } @else {
                "This server has its primary account only. With " code { "fluxa mock --auto-accounts" }
                " every unknown key opens one of its own."
            }
        }
        (parts::search(view, "Label, or the end of a key"))
        @if rows.is_empty() { (parts::nothing("No account matches.")) } @else {
            (table("Accounts", &heads, &rows))
        }
        @if let Some(next) = next {
            nav.pager aria-label="Pages" {
                a href=(view.here(&[("after", next)])) rel="next" { "More →" }
            }
        }
    };
    // Asks every account on it: not with each change of one of them.
    Ok(Page::new("Accounts", body).still(true))
}

fn row(view: &View, line: &Value) -> Markup {
    let label = line["label"].as_str().unwrap_or_default();
    let is_primary = line["primary"] == true;
    let is_here = label == view.label;
    let to = match is_primary {
        true => HOME.to_owned(),
        false => format!("{HOME}?account={label}"),
    };
    let key = &line["key"];
    let pace = line["clock"]["pace"].as_f64().unwrap_or_default();
    let count = |table: &str| line["counts"][table].as_i64().unwrap_or_default();
    html! { tr id={ "a-" (label) } {
        td { a href=(to) aria-current=[is_here.then_some("true")] {
            @if is_primary { "primary" } @else { code { (label) } }
        } }
        td { @match key["last4"].as_str() {
            Some(last4) => { code { "…" (last4) } " " span.small { bdi { (key["name"].as_str().unwrap_or_default()) } } },
            None => span.none { "revoked" },
        } }
        td { (time(view, line["clock"]["now"].as_str().and_then(Time::parse))) " "
            span.small { (shell::pace_text(pace)) } }
        td.number data-label="payments" { (count("payments")) }
        td.number data-label="events" { (count("events")) }
        td.number data-label="requests" { (count("request_logs")) }
        td { @if is_here { span.state.good { "shown" } } @else { a href=(to) { "Switch to it" } } }
    } }
}
