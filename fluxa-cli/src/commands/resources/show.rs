//! Owns what an object looks like to people: a row of a table, or a block of names and values.
//!
//! Pure: what it returns is not printed here.

use fluxa_sdk::Money;
use serde_json::Value;

use crate::generated::MONEY;
use crate::json_text::JsonText;
use crate::ui::{Line, Tone};

/// Returns the cells of an item, one for each column.
pub(super) fn cells(
    item: &JsonText,
    columns: &[(&'static str, &'static str)],
) -> Vec<(Tone, String)> {
    columns
        .iter()
        .map(|(name, _)| match at(item, name) {
            Some(value) if !value.is_null() => (tone(name), short(name, value, item)),
            _ => (Tone::Dim, "–".to_owned()),
        })
        .collect()
}

/// Returns what stands at a dotted name.
fn at<'j>(item: &'j JsonText, name: &str) -> Option<&'j JsonText> {
    name.split('.')
        .try_fold(item, |value, name| value.get(name))
}

/// The field of a body that says how much is moved.
const AMOUNT: &str = "amount";

/// How wide the column of names becomes: a few long ones must not push every value away.
const NAMES: usize = 32;

/// Returns an object as aligned lines: dotted names, and values that are there.
pub(super) fn block(object: &JsonText) -> Vec<Line> {
    let mut rows = Vec::new();
    gather("", object, object, &mut rows);
    let names = rows.iter().map(|(name, _, _)| name.chars().count() + 2);
    let width = names.max().unwrap_or_default().min(NAMES);
    rows.iter()
        .map(|(name, tone, value)| {
            // Its gap belongs to the name: one that is longer than the column keeps it.
            Line::new()
                .column(Tone::Dim, format!("{name}  "), width)
                .push(*tone, value)
        })
        .collect()
}

fn gather(name: &str, value: &JsonText, parent: &JsonText, rows: &mut Vec<(String, Tone, String)>) {
    let inside = |inner: &str| match name {
        "" => inner.to_owned(),
        outer => format!("{outer}.{inner}"),
    };
    match value {
        _ if value.is_null() => {}
        JsonText::Object(fields) => {
            // The id first, wherever it was sent; what kind of object it is says the id.
            let kind = |name: &str, field: &JsonText| name == "object" && field.text().is_some();
            let (ids, others): (Vec<_>, Vec<_>) =
                fields.iter().partition(|(inner, _)| inner == "id");
            for (inner, field) in ids.into_iter().chain(others) {
                if !kind(inner, field) {
                    gather(&inside(inner), field, value, rows);
                }
            }
        }
        JsonText::Array(items)
            if items
                .iter()
                .any(|item| !matches!(item, JsonText::Scalar(_))) =>
        {
            for (at, item) in items.iter().enumerate() {
                gather(&inside(&at.to_string()), item, value, rows);
            }
        }
        _ => {
            let last = name.rsplit('.').next().unwrap_or(name);
            rows.push((name.to_owned(), tone(last), short(last, value, parent)));
        }
    }
}

/// Says what money and which objects a body is about, for a question: ` (£49.99, payment pay_1)`; empty
/// when there is neither.
pub(in crate::commands) fn stakes(body: Option<&Value>) -> String {
    let body = body.map(Value::to_string);
    let Some(JsonText::Object(fields)) = body.and_then(|body| JsonText::parse(&body).ok()) else {
        return String::new();
    };
    let is_id = |text: &String| {
        let parts = text.split_once('_');
        parts.is_some_and(|(prefix, rest)| {
            (2..=3).contains(&prefix.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    };
    let ids = fields
        .iter()
        .filter_map(|(name, value)| Some(format!("{name} {}", value.text().filter(is_id)?)));
    let ids: Vec<String> = ids.collect();
    let body = JsonText::Object(fields);
    let amount = body.get(AMOUNT).filter(|amount| !amount.is_null());
    let amount = amount.map(|amount| {
        money(AMOUNT, amount, &body)
            .unwrap_or_else(|| format!("{} in minor units", short("", amount, &body)))
    });
    let stakes: Vec<String> = amount.into_iter().chain(ids).collect();
    match stakes.is_empty() {
        true => String::new(),
        false => format!(" ({})", stakes.join(", ")),
    }
}

/// Returns a value on one line. `parent` is the object it is a field of.
fn short(name: &str, value: &JsonText, parent: &JsonText) -> String {
    match value {
        JsonText::Scalar(raw) => match (money(name, value, parent), value.text()) {
            (Some(money), _) => money,
            (None, Some(text)) => time(&text).unwrap_or(text),
            (None, None) => raw.get().to_owned(),
        },
        JsonText::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| short(name, item, parent)).collect();
            items.join(", ")
        }
        // What was expanded is named by its id.
        JsonText::Object(_) => match value.get("id").and_then(JsonText::text) {
            Some(id) => id,
            None => serde_json::to_string(value).unwrap_or_default(),
        },
    }
}

/// Returns `£49.99` for a field that holds money beside its currency.
fn money(name: &str, value: &JsonText, parent: &JsonText) -> Option<String> {
    if !MONEY.contains(&name) {
        return None;
    }
    let currency = parent.get("currency")?.text()?.parse().ok()?;
    let text = Money::new(value.integer()?, currency).to_string();
    let signs = [(" GBP", '£'), (" EUR", '€'), (" USD", '$')];
    let signed = signs.iter().find_map(|(code, sign)| {
        let amount = text.strip_suffix(code)?;
        Some(match amount.strip_prefix('-') {
            Some(amount) => format!("-{sign}{amount}"),
            None => format!("{sign}{amount}"),
        })
    });
    Some(signed.unwrap_or(text))
}

/// `2026-05-19T10:23:14.572Z` → `2026-05-19 10:23:14Z`; `None` for what is no time.
fn time(text: &str) -> Option<String> {
    let time = text.parse::<jiff::Timestamp>().ok()?;
    Some(time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
}

fn tone(name: &str) -> Tone {
    match name {
        "id" => Tone::Bold,
        "data.state" | "state" | "new_state" | "status" => Tone::Accent,
        "failure_code" | "failure_message" => Tone::Bad,
        name if name.ends_with("_at") || name == "at" => Tone::Dim,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAYMENT: &str = r#"{"id":"pay_1","object":"payment","created_at":"2026-05-19T10:23:14.572Z",
        "state":"SETTLED","amount":4999,"currency":"GBP","fee":null,"net":-5,"new_field":"kept",
        "metadata":{"order":"1"},"tags":["a","b"],"customer":{"amount":7,"object":"customer","id":"cus_1"},
        "retries":[{"at":"2026-05-20T00:00:00.000Z"}]}"#;

    #[test]
    fn a_block_has_every_field_that_has_a_value_in_the_order_sent() {
        let lines = block(&JsonText::parse(PAYMENT).unwrap());
        let text: Vec<String> = lines.iter().map(|line| line.render(false)).collect();
        assert_eq!(
            text,
            [
                "id               pay_1",
                "created_at       2026-05-19 10:23:14Z",
                "state            SETTLED",
                "amount           £49.99",
                "currency         GBP",
                "net              -£0.05",
                "new_field        kept",
                "metadata.order   1",
                "tags             a, b",
                "customer.id      cus_1",
                // Without a currency beside it nobody knows of what.
                "customer.amount  7",
                "retries.0.at     2026-05-20 00:00:00Z",
            ]
        );
    }

    #[test]
    fn cells_are_short_and_those_without_a_value_are_dashes() {
        let item = JsonText::parse(PAYMENT).unwrap();
        let columns = [
            ("id", ""),
            ("amount", ""),
            ("fee", ""),
            ("customer", ""),
            ("gone", ""),
        ];
        let cells: Vec<String> = cells(&item, &columns)
            .into_iter()
            .map(|(_, text)| text)
            .collect();
        assert_eq!(cells, ["pay_1", "£49.99", "–", "cus_1", "–"]);
    }

    #[test]
    fn a_question_names_the_money_and_the_objects_and_nothing_else() {
        let asked = |body: &str| stakes(serde_json::from_str(body).ok().as_ref());
        let refund =
            r#"{"payment":"pay_1a","amount":500,"reason":"a_b c","metadata":{"x":"cus_1"}}"#;
        assert_eq!(asked(refund), " (500 in minor units, payment pay_1a)");
        let session = r#"{"amount":500,"currency":"gbp","success_url":"https://x.example/_a"}"#;
        assert_eq!(asked(session), " (£5.00)");
        assert_eq!(asked(r#"{"reason":"duplicate"}"#), "");
        assert_eq!(asked("[]"), "");
        assert_eq!(stakes(None), "");
    }

    #[test]
    fn money_of_other_currencies_keeps_its_code() {
        let yen = JsonText::parse(r#"{"amount":4999,"currency":"JPY"}"#).unwrap();
        assert_eq!(cells(&yen, &[("amount", "")])[0].1, "4999 JPY");
        let strange = JsonText::parse(r#"{"amount":4999,"currency":"pounds"}"#).unwrap();
        assert_eq!(cells(&strange, &[("amount", "")])[0].1, "4999");
    }
}
