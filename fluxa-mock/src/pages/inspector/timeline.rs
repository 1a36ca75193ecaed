//! Owns the drawing of a payment's way: the line RECEIVED → CAPTURED → SETTLING → SETTLED with what is
//! still ahead, and the branch to FAILED or REFUNDED from where it left the line.

use super::parts;
use super::queries::Move;
use super::view::View;
use crate::domain::payment::PaymentState;
use crate::domain::timers::TimerKind;
use crate::store::Timer;
use crate::time::Time;
use maud::{Markup, html};

/// The states of the line, in order.
pub(super) const LINE: [PaymentState; 4] = [
    PaymentState::PaymentReceived,
    PaymentState::Captured,
    PaymentState::Settling,
    PaymentState::Settled,
];

/// The timeline of a payment: its moves, oldest first, and the timers about it.
pub(super) fn draw(view: &View, moves: &[Move], timers: &[Timer]) -> Markup {
    let on_line = |state: &str| LINE.iter().position(|known| known.name() == state);
    let reached = |state: PaymentState| moves.iter().find(|step| step.state == state.name());
    let branches: Vec<&Move> = moves
        .iter()
        .filter(|step| on_line(&step.state).is_none())
        .collect();
    let last = moves.last().map(|step| step.state.as_str());
    html! {
        ol.timeline aria-label="States of this payment" {
            @for (place, state) in LINE.into_iter().enumerate() {
                @let step = reached(state);
                @let class = match (step, branches.is_empty()) {
                    (Some(_), _) if last == Some(state.name()) => "reached here",
                    (Some(_), _) => "reached",
                    (None, true) => "ahead",
                    (None, false) => "never",
                };
                @let fork = branches.iter().find(|step| {
                    step.previous.as_deref() == Some(state.name())
                });
                @let turn = fork.map_or(String::new(), |step| format!(" fork {}", tone(step)));
                li class={ "step place-" (place + 1) " " (class) (turn) } {
                    strong { (state.name()) }
                    @match step {
                        Some(step) => (told(view, step, moves)),
                        None if !branches.is_empty() => p.none { "not reached" },
                        None => (ahead(view, state, timers)),
                    }
                }
            }
            @for step in branches {
                @let from = step.previous.as_deref().and_then(on_line).unwrap_or(0) + 1;
                li class={ "step branch from-" (from) " reached here " (tone(step)) } {
                    strong { (step.state) }
                    (told(view, step, moves))
                }
            }
        }
    }
}

/// How a branch is coloured.
fn tone(step: &Move) -> &'static str {
    match step.state == PaymentState::Failed.name() {
        true => "bad",
        false => "over",
    }
}

fn told(view: &View, step: &Move, moves: &[Move]) -> Markup {
    let before = moves
        .iter()
        .take_while(|other| !std::ptr::eq(*other, step))
        .last();
    html! {
        p { (parts::time(view, Some(step.at))) }
        p.why {
            span.actor { (step.actor) } " · " (step.reason.replace('_', " "))
            @if let Some(before) = before {
                " · " span.after { (after(before.at, step.at)) }
            }
        }
    }
}

/// How long after the move before.
fn after(before: Time, at: Time) -> String {
    match at.millis() - before.millis() {
        0 => "at once".to_owned(),
        short @ 1..1000 => format!("after {short} ms"),
        _ => {
            let span = parts::relative(at, before);
            format!("after {}", span.trim_end_matches(" ago"))
        }
    }
}

fn ahead(view: &View, state: PaymentState, timers: &[Timer]) -> Markup {
    let kind = match state {
        PaymentState::Settling => TimerKind::PaymentSettling.name(),
        PaymentState::Settled => TimerKind::PaymentSettled.name(),
        _ => "",
    };
    let due = timers.iter().find(|timer| timer.kind == kind);
    html! {
        @match due {
            Some(timer) => p { "due " (parts::time(view, Some(timer.due))) },
            None => p.none { "ahead" },
        }
    }
}
