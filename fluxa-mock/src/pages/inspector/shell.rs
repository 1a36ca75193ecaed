//! Owns what is around every page of the inspector: the bar with clock and search, the navigation, and
//! what an action has to say. The parts with a `data-part` are exchanged while the page is live.

use super::parts;
use super::section::{self, Page};
use super::view::{Asked, HOME, PAGES, View};
use super::{SCRIPT_PATH, STYLE_PATH, accounts};
use crate::domain::error::{DomainError, Kind};
use crate::pages::layout::{self, Framing};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};

/// What an action may say on the page it came back to.
pub(super) const SAID: &[(&str, &str)] = &[
    ("advanced", "The payment was moved."),
    ("resent", "The event is being sent again."),
    ("enabled", "The endpoint is enabled."),
    ("disabled", "The endpoint is disabled."),
    ("clock", "The clock was set."),
    ("idle", "Nothing is due: the clock stays where it is."),
    ("faults", "Removed."),
    (
        "filled",
        "A made-up merchant moved in: 90 days of payments.",
    ),
    ("reset", "The sandbox is empty."),
];

/// The frame around a page.
pub(super) fn around(view: &View, page: &Page) -> Markup {
    let said = view.param("said").and_then(|code| {
        let known = SAID.iter().find(|(known, _)| *known == code);
        known.map(|(_, sentence)| *sentence)
    });
    html! {
        (assets())
        div.ins data-live=(view.href("/_mock/live")) data-still[page.still] {
            a.skip href="#main" { "Skip to content" }
            header.bar {
                a.brand href=(view.href(HOME)) { "Fluxa" span {
                    @if view.is_primary { "sandbox" } @else { code { (view.label) } }
                } }
                form.find role="search" action="/_mock/ui/go" method="get" {
                    @if let Some(account) = view.param("account") {
                        input type="hidden" name="account" value=(account);
                    }
                    input type="search" name="q" placeholder="Id, reference, email, metadata…"
                        aria-label="Find by id, settlement reference, email or metadata"
                        maxlength="100" data-find;
                    button { "Find" }
                }
                (clock(view))
                span.live hidden data-status role="status" { "live" }
            }
            (navigation(view))
            p.said role="status" data-said { @if let Some(said) = said { (said) } }
            main #main tabindex="-1" data-part="main" { (page.body) }
        }
    }
}

fn assets() -> Markup {
    html! {
        link rel="stylesheet" href=(STYLE_PATH);
        script src=(SCRIPT_PATH) defer {}
    }
}

fn clock(view: &View) -> Markup {
    let now = view.now.to_string();
    html! {
        a.chip href=(view.href("/_mock/ui/clock")) data-part="clock" data-now=(view.now.millis())
            data-pace=(view.pace) {
            span.hidden { "Virtual clock: " }
            time datetime=(now) { span.date { (now[..10]) } " " span.clock data-ticks { (now[11..19]) } }
            " " span class={ "pace " (pace_name(view.pace)) } { (pace_text(view.pace)) }
        }
    }
}

/// The mode of a clock at this pace.
pub(super) fn pace_name(pace: f64) -> &'static str {
    match pace {
        pace if pace <= 0.0 => "frozen",
        1.0 => "real",
        _ => "accelerated",
    }
}

/// A pace in words.
pub(super) fn pace_text(pace: f64) -> String {
    match pace_name(pace) {
        "frozen" => "frozen".to_owned(),
        "real" => "real time".to_owned(),
        _ => format!("×{pace}"),
    }
}

fn navigation(view: &View) -> Markup {
    let mut groups: Vec<&str> = Vec::new();
    for section in section::ALL {
        if !groups.contains(&section.group) {
            groups.push(section.group);
        }
    }
    let current = |path: &str| view.is_below(path).then_some("page");
    html! {
        nav.sections aria-label="Sections" {
            ul { li { a href=(view.href(HOME)) aria-current=[view.is_at(HOME).then_some("page")] {
                "Overview"
            } } }
            @for group in groups {
                p { (group) }
                ul aria-label=(group) {
                    @for section in section::ALL.iter().filter(|section| section.group == group) {
                        @let path = format!("{PAGES}{}", section.name);
                        li { a href=(view.href(&path)) aria-current=[current(&path)] {
                            (section.title)
                        } }
                    }
                }
            }
            p { "Account" }
            ul aria-label="Account" { li { a.account href=(view.href(accounts::PATH)) {
                @if view.is_primary { "primary" } @else { code { (view.label) } }
                " " span.small { "switch" }
            } } }
        }
    }
}

/// A page that is not there.
pub(super) fn refusal(view: &View, error: &DomainError) -> Page {
    let body = html! {
        h1 { "Not here" }
        p { (error.message) }
        p { a href=(view.href(HOME)) { "Overview" } }
    };
    let mut page = Page::new("Not here", body);
    page.status = StatusCode::NOT_FOUND;
    page
}

/// An error without anything of the sandbox around it.
pub(super) fn bare(asked: &Asked, back: Option<&str>, error: &DomainError) -> Response {
    let status = match error.kind {
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Kind::Permission => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    let body = html! {
        (assets())
        div.ins.alone {
            main #main {
                h1 { "That did not work" }
                p.breach role="alert" { (error.message) " " code { (error.code) } }
                p { @if let Some(back) = back { a href=(back) { "Back" } " · " } a href=(asked.href(HOME)) { "Overview" } }
            }
        }
    };
    layout::page(
        status,
        "That did not work · Fluxa sandbox",
        &Framing::Nobody,
        &body,
    )
}

/// A title with the id it is about.
pub(super) fn heading(kind: &str, id: &str, state: &Markup) -> Markup {
    html! {
        header.title {
            h1 { span.kind { (kind) } " " code { (id) } (parts::copy(id)) }
            (state)
        }
    }
}
