//! Owns the judgement of payments that look like one charge made twice: which of a customer's belong
//! together, and how that is told.

use super::parts::{self, amount, id, state, table, time};
use super::payments::caused_by;
use super::queries::{Reader, Row};
use super::view::View;
use crate::domain::error::DomainError;
use crate::time::Time;
use maud::{Markup, html};

/// Charges further apart than this are two purchases.
const WITHIN_MINUTES: i64 = 10;

/// How it is judged, for people.
const JUDGED_BY: &str = "Judged by: one customer, the same amount and currency, both captured, \
    neither failed nor refunded in full, and created within 10 minutes of each other. Charges of \
    subscriptions are left out: they are for different periods.";

/// Groups that a page tells of.
const MOST_TOLD: usize = 5;

/// Whether the money of a payment was taken and not given back: a refund of a part gives back only a part.
pub(super) fn stands(payment: &Row) -> bool {
    let captured = !payment.value["ledger_state"].is_null() && payment.text("state") != "FAILED";
    captured && payment.number("amount_refunded") < payment.number("amount")
}

/// Groups of payments, of one customer, that are probably one charge made several times; each oldest
/// first, the newest group first.
pub(super) fn probable<'a>(payments: impl IntoIterator<Item = &'a Row>) -> Vec<Vec<&'a Row>> {
    let mut single: Vec<(Time, &Row)> = payments
        .into_iter()
        .filter(|payment| stands(payment) && payment.text("subscription").is_empty())
        .filter_map(|payment| Some((payment.time("created_at")?, payment)))
        .collect();
    single.sort_by_key(|(at, payment)| (*at, payment.sequence));
    let mut groups: Vec<(Time, Vec<&Row>)> = Vec::new();
    for (at, payment) in single {
        let charge = |row: &Row| (row.number("amount"), row.text("currency").to_owned());
        let near = groups.iter_mut().find(|(last, group)| {
            let apart = at.millis() - last.millis();
            apart <= WITHIN_MINUTES * 60_000 && charge(group[0]) == charge(payment)
        });
        match near {
            Some((last, group)) => {
                *last = at;
                group.push(payment);
            }
            None => groups.push((at, vec![payment])),
        }
    }
    groups.retain(|(_, group)| group.len() > 1);
    groups.sort_by_key(|(last, _)| std::cmp::Reverse(*last));
    groups.into_iter().map(|(_, group)| group).collect()
}

/// A warning for each group, with the requests that made the charges: a retry with another key is another
/// charge.
pub(super) fn warn(
    reader: &Reader<'_>,
    view: &View,
    groups: &[Vec<&Row>],
) -> Result<Markup, DomainError> {
    let mut told = Vec::new();
    for group in groups.iter().take(MOST_TOLD) {
        let mut lines = Vec::new();
        for payment in group {
            let about = reader.events_of(&[payment.text("id")])?;
            let request = about.first().map(|event| &event.value["request"]);
            lines.push(html! { tr id={ "twice-" (payment.text("id")) } {
                td { (id(view, payment.text("id"))) }
                td { (state(payment.text("state"))) }
                td { (time(view, payment.time("created_at"))) }
                td { (caused_by(view, request)) }
            } });
        }
        let heads = ["Payment", "State", "Created", "Created by"];
        told.push(html! {
            p { strong { "Probably charged " (times(group.len())) ": " (amount(group[0], "amount")) }
                " stands on " (group.len()) " payments made within minutes." }
            (table("Payments that are probably one charge", &heads, &lines))
        });
    }
    Ok(html! { @if !told.is_empty() {
        section.notice.twice aria-label="Probable double charge" {
            @for group in told { (group) }
            @if groups.len() > MOST_TOLD { (parts::nothing("There are more of them.")) }
            p.small { (JUDGED_BY) }
        }
    } })
}

fn times(count: usize) -> String {
    match count {
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::probable;
    use crate::pages::inspector::queries::Row;
    use serde_json::{Value, json};

    fn payment(sequence: i64, minute: i64, change: Value) -> Row {
        let mut value = json!({
            "id": format!("pay_{sequence}"), "amount": 4999, "currency": "GBP", "state": "CAPTURED",
            "ledger_state": "CAPTURED", "created_at": format!("2026-05-19T10:{minute:02}:00.000Z"),
        });
        for (name, changed) in change.as_object().unwrap() {
            value[name] = changed.clone();
        }
        Row {
            sequence,
            deleted: false,
            value,
            internal: Value::Null,
        }
    }

    fn judged(payments: &[Row]) -> Vec<Vec<&str>> {
        probable(payments)
            .into_iter()
            .map(|group| group.into_iter().map(|row| row.text("id")).collect())
            .collect()
    }

    #[test]
    fn two_charges_within_minutes_are_one_made_twice() {
        let payments = [payment(2, 10, json!({})), payment(1, 0, json!({}))];
        assert_eq!(judged(&payments), [["pay_1", "pay_2"]]);
    }

    #[test]
    fn each_try_counts_from_the_one_before_it() {
        let tries = [0, 9, 18, 29].map(|minute| payment(minute, minute, json!({})));
        assert_eq!(judged(&tries), [["pay_0", "pay_9", "pay_18"]]);
    }

    #[test]
    fn what_differs_or_gave_its_money_back_is_no_second_charge() {
        for (minute, change) in [
            (11, json!({})),
            (1, json!({ "amount": 5000 })),
            (1, json!({ "currency": "EUR" })),
            (1, json!({ "state": "FAILED" })),
            (
                1,
                json!({ "state": "PAYMENT_RECEIVED", "ledger_state": null }),
            ),
            (1, json!({ "state": "REFUNDED", "amount_refunded": 4999 })),
            (1, json!({ "subscription": "sub_1" })),
        ] {
            let payments = [payment(1, 0, json!({})), payment(2, minute, change.clone())];
            assert!(judged(&payments).is_empty(), "{minute} {change}");
        }
        let part = json!({ "state": "REFUNDED", "amount_refunded": 4998 });
        let payments = [payment(1, 0, json!({})), payment(2, 1, part)];
        assert_eq!(
            judged(&payments).len(),
            1,
            "a part given back leaves a charge"
        );
    }

    #[test]
    fn groups_of_different_amounts_do_not_break_each_other_up() {
        let other = json!({ "amount": 100 });
        let payments = [
            payment(1, 0, json!({})),
            payment(2, 1, other.clone()),
            payment(3, 2, json!({})),
            payment(4, 3, other),
        ];
        assert_eq!(judged(&payments), [["pay_2", "pay_4"], ["pay_1", "pay_3"]]);
    }
}
