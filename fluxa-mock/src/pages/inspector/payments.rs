//! Owns the pages of payments and refunds.

use super::parts::{self, amount, block, facts, id, state, table, time};
use super::queries::{Find, PAGE, Reader, Row};
use super::section::Page;
use super::view::View;
use super::{events, ledger, missing, shell, timeline, twice};
use crate::domain::error::DomainError;
use crate::domain::payment::PaymentState;
use crate::ledger::MERCHANT_BANK;
use maud::{Markup, html};

const STATES: [&str; 6] = [
    "PAYMENT_RECEIVED",
    "CAPTURED",
    "SETTLING",
    "SETTLED",
    "FAILED",
    "REFUNDED",
];

/// The list of payments.
pub(super) fn list(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let wanted = ["state", "customer"]
        .into_iter()
        .filter_map(|name| view.param(name).map(|value| (name, value.to_owned())))
        .collect();
    let found = reader.page(&Find {
        equals: wanted,
        text: view.param("q").map(str::to_owned),
        ..Find::page_of(view, "payments")
    })?;
    let body = html! {
        h1 { "Payments" }
        (parts::choice(view, "State", "state", &STATES))
        (parts::search(view, "Id, or any text: metadata, last four, reference"))
        @if let Some(customer) = view.param("customer") {
            p.nothing { "Of " (id(view, customer)) " " a href=(view.here(&[("customer", "")])) { "show all" } }
        }
        @if found.rows.is_empty() { (parts::nothing("No payment matches.")) } @else {
            (rows(view, "Payments", &found.rows))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Payments", body))
}

/// Payments as a table.
pub(super) fn rows<'a>(
    view: &View,
    label: &str,
    rows: impl IntoIterator<Item = &'a Row>,
) -> Markup {
    let lines: Vec<Markup> = rows
        .into_iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (state(row.text("state"))) @if let Some(code) = row.value["failure_code"].as_str() {
                    " " span.small { (code) }
                } }
                td.number { (amount(row, "amount")) @if row.number("amount_refunded") > 0 {
                    " " span.small { "−" (amount(row, "amount_refunded")) }
                } }
                td { (card(&row.value["payment_method"]["card"])) }
                td { (id(view, row.text("customer"))) }
                td { (time(view, row.time("created_at"))) }
            } }
        })
        .collect();
    let heads = ["Payment", "State", "#Amount", "Card", "Customer", "Created"];
    table(label, &heads, &lines)
}

/// A card as people name it.
pub(super) fn card(card: &serde_json::Value) -> Markup {
    let part = |name: &str| card[name].as_str().unwrap_or_default();
    html! {
        @if part("last4").is_empty() { span.none { "–" } } @else {
            span.card { (part("brand")) " ·· " (part("last4")) }
        }
    }
}

/// One payment.
pub(super) fn one(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("payments", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let moves = reader.history(wanted)?;
    let timers = reader.timers_of(wanted)?;
    let refunds = reader.by("refunds", "payment", wanted, PAGE)?;
    let disputes = reader.by("disputes", "payment", wanted, PAGE)?;
    let entries = reader.entries_of(wanted)?;
    let twins = reader.same_charge(&row)?;
    let mut subjects = vec![wanted];
    subjects.extend(refunds.iter().map(|refund| refund.text("id")));
    subjects.extend(disputes.iter().map(|dispute| dispute.text("id")));
    let about = reader.events_of(&subjects)?;
    let request = about.first().map(|event| &event.value["request"]);
    let current = row.text("state");
    let body = html! {
        (shell::heading("Payment", wanted, &state(current)))
        p.sum {
            strong { (amount(&row, "amount")) }
            span { "fee " (amount(&row, "fee")) } span { "net " (amount(&row, "net")) }
            @if row.number("amount_refunded") > 0 {
                span.over { "refunded " (amount(&row, "amount_refunded")) }
            }
        }
        @if let Some(code) = row.value["failure_code"].as_str() {
            p.breach { strong { (code) } " " (row.text("failure_message")) }
        }
        (block("Timeline", &timeline::draw(view, &moves, &timers)))
        (actions(view, &row))
        (same_charges(reader, view, &row, &twins)?)
        div.halves {
            (block("Details", &facts(&[
                ("Customer", id(view, row.text("customer"))),
                ("Checkout session", id(view, row.text("checkout_session"))),
                ("Subscription", id(view, row.text("subscription"))),
                ("Card", card(&row.value["payment_method"]["card"])),
                ("Ledger state", parts::value(view, &row.value["ledger_state"])),
                ("Settlement", match row.text("settlement_reference") {
                    "" => html! { span.none { "–" } },
                    reference => html! {
                        a href=(view.href_with("/_mock/ui/go", &[("q", reference)])) { (reference) }
                    },
                }),
                ("Method", parts::value(view, &row.value["settlement_method"])),
                ("Created", time(view, row.time("created_at"))),
                ("Created by", caused_by(view, request)),
            ])))
            (block("3-D Secure", &parts::value(view, &row.value["three_d_secure"])))
        }
        @if row.value["metadata"].as_object().is_some_and(|metadata| !metadata.is_empty()) {
            (block("Metadata", &parts::value(view, &row.value["metadata"])))
        }
        @if !refunds.is_empty() { (block("Refunds", &refund_rows(view, &refunds))) }
        @if !disputes.is_empty() {
            (block("Disputes", &super::disputes::rows(view, &disputes)))
        }
        (block("Ledger", &html! {
            @if entries.is_empty() {
                (parts::nothing("Nothing has been booked: the payment was never captured."))
            } @else { (ledger::balanced(view, &entries)) }
        }))
        (block("Events and their deliveries", &events::with_deliveries(reader, view, &about)?))
        (parts::raw(view, &row))
    };
    Ok(Page::new(format!("{wanted} {current}"), body))
}

/// The request that an event came from, with its idempotency key: a retry with another key is another
/// charge.
pub(super) fn caused_by(view: &View, request: Option<&serde_json::Value>) -> Markup {
    let part = |name: &str| request.and_then(|request| request[name].as_str());
    html! {
        @match part("id") {
            Some(request) => (id(view, request)),
            None => "the sandbox itself",
        }
        @match (part("id"), part("idempotency_key")) {
            (Some(_), Some(key)) => span.small { " Idempotency-Key " code { (key) } },
            (Some(_), None) => span.small { " without an Idempotency-Key" },
            _ => "",
        }
    }
}

/// "Was this customer charged twice?"
fn same_charges(
    reader: &Reader<'_>,
    view: &View,
    row: &Row,
    twins: &[Row],
) -> Result<Markup, DomainError> {
    if row.text("customer").is_empty() {
        return Ok(html! {});
    }
    let standing = twins.iter().filter(|twin| twice::stands(twin)).count();
    let mut probable = twice::probable(twins.iter().chain([row]));
    probable.retain(|group| group.iter().any(|one| one.text("id") == row.text("id")));
    let told: Vec<&str> = probable
        .iter()
        .flatten()
        .map(|one| one.text("id"))
        .collect();
    let others: Vec<&Row> = twins
        .iter()
        .filter(|twin| !told.contains(&twin.text("id")))
        .collect();
    let body = html! {
        @if twins.is_empty() {
            p.nothing { "This customer has no other payment of " (amount(row, "amount")) "." }
        } @else {
            (twice::warn(reader, view, &probable)?)
            @match (twice::stands(row), standing) {
                (true, 1..) if probable.is_empty() => p.nothing {
                    (standing) @if standing == 1 { " other stands" } @else { " others stand" }
                    ", none within minutes of this one."
                },
                (true, 1..) => {}
                (false, 1..) => p.nothing { "This payment does not stand; "
                    (standing) @if standing == 1 { " other does." } @else { " others do." } },
                _ => p.nothing { "No other payment of this amount stands." },
            }
            @if !others.is_empty() {
                (rows(view, "Other payments of the same amount", others.into_iter().take(10)))
            }
        }
    };
    Ok(block("Same customer, same amount", &body))
}

fn actions(view: &View, row: &Row) -> Markup {
    let place = timeline::LINE
        .iter()
        .position(|known| known.name() == row.text("state"));
    let next = place.and_then(|place| timeline::LINE.get(place + 1));
    let may_fail = place.is_some_and(|place| place < 3);
    let left = row.number("amount") - row.number("amount_refunded");
    let may_refund = !matches!(row.text("state"), "PAYMENT_RECEIVED" | "FAILED") && left > 0;
    let send = |to: PaymentState, label: &Markup| {
        let fields = [("id", row.text("id")), ("to", to.name())];
        parts::action(view, "advance_payment", &fields, label)
    };
    html! {
        div.actions {
            @if let Some(next) = next {
                (send(*next, &html! { button.primary { "Advance to " (next.name()) } }))
            }
            @if may_fail {
                (send(PaymentState::Failed, &html! { button.danger { "Fail" } }))
            }
            @if may_refund {
                @let label = html! { button.danger {
                    "Refund " (parts::money(left, row.text("currency")))
                } };
                (send(PaymentState::Refunded, &label))
            }
        }
    }
}

/// The list of refunds.
pub(super) fn refunds(reader: &Reader<'_>, view: &View) -> Result<Page, DomainError> {
    let found = reader.page(&Find::page_of(view, "refunds").chosen(view, "status", "status"))?;
    let body = html! {
        h1 { "Refunds" }
        (parts::choice(view, "Status", "status", &["pending", "succeeded", "failed"]))
        @if found.rows.is_empty() { (parts::nothing("No refund.")) } @else {
            (refund_rows(view, &found.rows))
        }
        (parts::pager(view, &found))
    };
    Ok(Page::new("Refunds", body))
}

fn refund_rows(view: &View, rows: &[Row]) -> Markup {
    let lines: Vec<Markup> = rows
        .iter()
        .map(|row| {
            html! { tr id=(row.text("id")) {
                td { (id(view, row.text("id"))) }
                td { (state(row.text("status"))) }
                td.number { (amount(row, "amount")) }
                td { (parts::text(row.text("reason"))) }
                td { (id(view, row.text("payment"))) }
                td { (time(view, row.time("created_at"))) }
            } }
        })
        .collect();
    let heads = [
        "Refund", "Status", "#Amount", "Reason", "Payment", "Created",
    ];
    table("Refunds", &heads, &lines)
}

/// One refund.
pub(super) fn refund(reader: &Reader<'_>, view: &View, wanted: &str) -> Result<Page, DomainError> {
    let row = reader
        .find("refunds", wanted)?
        .ok_or_else(|| missing(wanted))?;
    let about = reader.events_of(&[wanted])?;
    let entries = reader.entries_made_by(row.text("payment"), wanted)?;
    let due = reader.timers_of(wanted)?.first().map(|timer| timer.due);
    let body = html! {
        (shell::heading("Refund", wanted, &state(row.text("status"))))
        p.sum { strong { (amount(&row, "amount")) } }
        (block("Details", &facts(&[
            ("Payment", id(view, row.text("payment"))),
            ("Reason", parts::text(row.text("reason"))),
            ("Failure", parts::text(row.text("failure_message"))),
            ("Created", time(view, row.time("created_at"))),
            ("Due", match due {
                Some(due) => time(view, Some(due)),
                None => html! { span.none { "–" } },
            }),
            ("Created by", caused_by(view, about.first().map(|event| &event.value["request"]))),
            ("Metadata", parts::value(view, &row.value["metadata"])),
        ])))
        (block("Ledger", &html! {
            @if entries.is_empty() { (parts::nothing("It is booked when it succeeds.")) } @else {
                @if entries.iter().any(|entry| entry.text("account") == MERCHANT_BANK) {
                    p.nothing { "The payment was settled: this came out of the merchant's bank account, and "
                        "no settlement changed." }
                }
                (ledger::balanced(view, &entries))
            }
        }))
        (block("Events and their deliveries", &events::with_deliveries(reader, view, &about)?))
        (parts::raw(view, &row))
    };
    Ok(Page::new(wanted, body))
}
