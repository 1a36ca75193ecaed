//! Owns the page of the clock: where it stands, how it is moved, what is due next.

use super::parts::{self, block, id, table, time};
use super::queries::{PAGE, Reader};
use super::section::Page;
use super::shell::{pace_name, pace_text};
use super::view::View;
use crate::domain::error::DomainError;
use crate::store::Timer;
use maud::{Markup, html};

/// Steps that a button advances by.
const STEPS: [(&str, &str); 5] = [
    ("30", "30 s"),
    ("3600", "1 h"),
    ("86400", "1 day"),
    ("604800", "7 days"),
    ("2592000", "30 days"),
];

/// The page.
pub(super) fn page(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let due = reader.timers(PAGE as i64)?;
    let pending = reader.pending_timers()?;
    let body = html! {
        h1 { "Clock" }
        p.sum { strong { (time(view, Some(view.now))) }
            span class={ "pace " (pace_name(view.pace)) } { (pace_text(view.pace)) } }
        (controls(view))
        (block("Due next", &html! {
            @if due.is_empty() { (parts::nothing("Nothing is due.")) } @else {
                (rows(view, &due))
                @if pending > due.len() as i64 { p.nothing { (pending) " timers wait in all." } }
            }
        }))
        (block("Reset", &html! {
            p.nothing { "Empties the sandbox: every object, event, delivery, timer and fault. The clock goes back to the present; the well-known keys stay." }
            details.confirm id="confirm-reset" {
                summary { "Reset the sandbox…" }
                (parts::action(view, "reset", &[("confirm", "yes")], &html! {
                    button.danger { "Yes, delete everything" }
                }))
            }
        }))
    };
    Ok(Page::new("Clock", body))
}

/// The buttons that move the clock.
pub(super) fn controls(view: &View) -> Markup {
    let set = |fields: &[(&str, &str)], label: &Markup| parts::action(view, "clock", fields, label);
    let mode = |pace: &str, label: &str, now: bool| {
        set(
            &[("pace", pace)],
            &html! { button aria-pressed=(if now { "true" } else { "false" }) { (label) } },
        )
    };
    html! {
        div.actions role="group" aria-label="Pace" {
            (mode("0", "Freeze", view.pace <= 0.0))
            (mode("1", "Real time", view.pace == 1.0))
            (mode("60", "×60", view.pace == 60.0))
        }
        div.actions role="group" aria-label="Advance" {
            @for (seconds, label) in STEPS {
                (set(&[("seconds", seconds)], &html! { button { "+" (label) } }))
            }
            @if let Some(due) = view.next_due {
                (set(&[("until", "next")], &html! { button.primary {
                    "Until the next timer, " (parts::relative(view.now, due))
                } }))
            }
        }
    }
}

/// Timers as a table.
pub(super) fn rows(view: &View, timers: &[Timer]) -> Markup {
    let lines: Vec<Markup> = timers
        .iter()
        .map(|timer| {
            html! { tr id={ "t-" (timer.sequence) } {
                td { (time(view, Some(timer.due))) }
                td { (timer.kind.replace('_', " ")) }
                td { (id(view, &timer.reference)) }
            } }
        })
        .collect();
    table("Due next", &["Due", "What", "About"], &lines)
}
