//! Owns the pieces that pages are made of: states, money, times, ids that can be copied, JSON, tables
//! with their pager, forms of actions. Everything shown is escaped by maud; a URL of somebody else is
//! text, never a link.

use super::queries::{Row, Rows};
use super::view::View;
use crate::time::Time;
use maud::{Markup, html};
use serde_json::Value;

/// A state as a coloured word; its mark says the same without colour.
pub(super) fn state(word: &str) -> Markup {
    let tone = match word {
        "SETTLED" | "succeeded" | "complete" | "completed" | "active" | "enabled" | "won"
        | "approved" | "authenticated" => "good",
        "FAILED" | "failed" | "lost" | "past_due" | "revoked" | "disabled" | "rejected"
        | "action_required" => "bad",
        "REFUNDED" | "cancelled" | "paused" | "expired" | "deleted" | "spent" | "retried"
        | "replayed" => "over",
        _ => "wait",
    };
    html! { span class={ "state " (tone) } { (word) } }
}

/// Minor units as money.
pub(super) fn money(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "\u{2212}" } else { "" };
    let minor = minor.unsigned_abs();
    let whole = (minor / 100).to_string();
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let pence = minor % 100;
    match currency {
        "GBP" => format!("{sign}£{grouped}.{pence:02}"),
        other => format!("{sign}{grouped}.{pence:02} {other}"),
    }
}

/// The amount of a row.
pub(super) fn amount(row: &Row, field: &str) -> String {
    match row.value[field].as_i64() {
        Some(minor) => money(minor, row.text("currency")),
        None => "–".to_owned(),
    }
}

/// How far an instant is from now, in one unit.
pub(super) fn relative(now: Time, at: Time) -> String {
    let difference = at.millis() - now.millis();
    let seconds = difference.abs() / 1000;
    let span = match seconds {
        0 => return "now".to_owned(),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    };
    if difference > 0 {
        format!("in {span}")
    } else {
        format!("{span} ago")
    }
}

/// An instant on the virtual clock, absolute and relative.
pub(super) fn time(view: &View, at: Option<Time>) -> Markup {
    let Some(at) = at else {
        return html! { span.none { "–" } };
    };
    let whole = at.to_string();
    html! {
        time datetime=(whole) title=(whole) data-at=(at.millis()) {
            span.date { (whole[..10]) } " " span.clock { (whole[11..19]) }
            " " span.ago { (relative(view.now, at)) }
        }
    }
}

/// How far an instant is, alone: the whole of it is in the title.
pub(super) fn distance(view: &View, at: Time) -> Markup {
    let whole = at.to_string();
    html! {
        time datetime=(whole) title=(whole) data-at=(at.millis()) {
            span.ago { (relative(view.now, at)) }
        }
    }
}

/// The button that copies a text; there with JavaScript only.
pub(super) fn copy(text: &str) -> Markup {
    html! { button.copy type="button" data-copy=(text) aria-label={ "Copy " (text) } {} }
}

/// An id: a link to its page where there is one, and a button to copy it.
pub(super) fn id(view: &View, id: &str) -> Markup {
    if id.is_empty() {
        return html! { span.none { "–" } };
    }
    html! {
        span.id {
            @match view.href_of(id) {
                Some(href) => a href=(href) { (id) },
                None => span { (id) },
            }
            (copy(id))
        }
    }
}

/// A text that somebody else wrote.
pub(super) fn text(value: &str) -> Markup {
    html! { @if value.is_empty() { span.none { "–" } } @else { bdi { (value) } } }
}

/// Any value of an object, by its shape.
pub(super) fn value(view: &View, value: &Value) -> Markup {
    match value {
        Value::String(word) if view.href_of(word).is_some() => id(view, word),
        Value::String(word) if Time::parse(word).is_some() => time(view, Time::parse(word)),
        Value::String(word) => text(word),
        Value::Null => html! { span.none { "–" } },
        Value::Bool(true) => html! { "yes" },
        Value::Bool(false) => html! { "no" },
        Value::Number(number) => html! { (number) },
        Value::Array(items) if items.is_empty() => html! { span.none { "none" } },
        Value::Array(items) => html! {
            ul.words { @for item in items { li { (self::value(view, item)) } } }
        },
        Value::Object(object) if object.is_empty() => html! { span.none { "none" } },
        Value::Object(object) => html! {
            dl.inner { @for (name, item) in object {
                dt { bdi { (name) } } dd { (self::value(view, item)) }
            } }
        },
    }
}

/// Named facts.
pub(super) fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! { dl.facts { @for (name, fact) in rows { div { dt { (name) } dd { (fact) } } } } }
}

/// A section of a page; its heading is its name.
pub(super) fn block(title: &str, body: &Markup) -> Markup {
    html! { section.block { h2 { (title) } (body) } }
}

/// A table of objects; on a narrow screen each row becomes a few lines.
pub(super) fn table(label: &str, heads: &[&str], rows: &[Markup]) -> Markup {
    table_of("flow", label, heads, rows)
}

/// A table whose columns are added up: it stays one, and scrolls by itself where it is too wide.
pub(super) fn sums(label: &str, heads: &[&str], rows: &[Markup]) -> Markup {
    table_of("sums", label, heads, rows)
}

fn table_of(class: &str, label: &str, heads: &[&str], rows: &[Markup]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(label) {
            table class=(class) {
                thead { tr { @for head in heads {
                    @match head.strip_prefix('#') {
                        Some(head) => th.number scope="col" { (head) },
                        None => th scope="col" { (head) },
                    }
                } } }
                tbody { @for row in rows { (row) } }
            }
        }
    }
}

/// What a list says when there is nothing.
pub(super) fn nothing(sentence: &str) -> Markup {
    html! { p.nothing { (sentence) } }
}

/// Links to newer and older rows.
pub(super) fn pager(view: &View, rows: &Rows) -> Markup {
    let place = |place: Option<i64>| place.map(|place| place.to_string());
    html! {
        @if rows.unfinished {
            p.nothing { "The search stopped here; older objects have not been looked at." }
        }
        nav.pager aria-label="Pages" {
            @if let Some(newer) = place(rows.newer) {
                a href=(view.here(&[("after", ""), ("before", &newer)])) rel="prev" { "← Newer" }
            }
            @if let Some(older) = place(rows.older) {
                a href=(view.here(&[("before", ""), ("after", &older)])) rel="next" { "Older →" }
            }
        }
    }
}

/// A filter by links: one of some words, or all.
pub(super) fn choice(view: &View, label: &str, name: &str, words: &[&str]) -> Markup {
    let chosen = view.param(name).unwrap_or_default();
    let href = |word: &str| view.here(&[(name, word), ("after", ""), ("before", "")]);
    html! {
        ul.choice aria-label=(label) {
            li { a href=(href("")) aria-current=[chosen.is_empty().then_some("true")] { "All" } }
            @for word in words {
                li { a href=(href(word)) aria-current=[(chosen == *word).then_some("true")] { (word) } }
            }
        }
    }
}

/// The fields that a form of this page carries besides its own.
pub(super) fn kept(view: &View, except: &[&str]) -> Markup {
    html! {
        @for name in ["state", "status", "type", "customer", "object", "endpoint", "account"] {
            @if let Some(value) = view.param(name).filter(|_| !except.contains(&name)) {
                input type="hidden" name=(name) value=(value);
            }
        }
    }
}

/// A search field over a list.
pub(super) fn search(view: &View, hint: &str) -> Markup {
    html! {
        form.search role="search" method="get" {
            (kept(view, &[]))
            input type="search" name="q" value=[view.param("q")] placeholder=(hint)
                aria-label=(hint) maxlength="100";
            button { "Filter" }
        }
    }
}

/// A form that does one thing and comes back here.
pub(super) fn action(view: &View, name: &str, fields: &[(&str, &str)], inner: &Markup) -> Markup {
    html! {
        form.action method="post" action=(view.href(&format!("/_mock/ui/do/{name}"))) {
            input type="hidden" name="back" value=(view.here(&[]));
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            (inner)
        }
    }
}

/// The object as JSON, to be opened.
pub(super) fn raw(view: &View, row: &Row) -> Markup {
    html! {
        details.raw id="raw" {
            summary { "Raw JSON" }
            (json(view, &row.value))
        }
    }
}

/// A body as it was sent or received: JSON laid out, anything else as it is.
pub(super) fn body(view: &View, body: &str) -> Markup {
    match serde_json::from_str::<Value>(body) {
        Ok(parsed @ (Value::Object(_) | Value::Array(_))) => json(view, &parsed),
        _ if body.is_empty() => nothing("Empty."),
        _ => html! { pre.json tabindex="0" { (body) } },
    }
}

/// JSON laid out, ids as links.
pub(super) fn json(view: &View, value: &Value) -> Markup {
    html! { pre.json tabindex="0" { (json_value(view, value, 1)) } }
}

/// Nesting beyond which JSON stays on one line: no page of the stack for a hostile body.
const DEEPEST: usize = 32;

fn json_value(view: &View, value: &Value, depth: usize) -> Markup {
    let pad = "  ".repeat(depth);
    let end = "  ".repeat(depth - 1);
    match value {
        _ if depth > DEEPEST => html! { (value.to_string()) },
        Value::Object(object) if !object.is_empty() => {
            let mut fields: Vec<_> = object.iter().collect();
            // Who it is before what it has, as the API itself writes objects.
            fields.sort_by_key(|(name, _)| match name.as_str() {
                "id" => 0,
                "object" => 1,
                "type" => 2,
                "metadata" => 4,
                _ => 3,
            });
            let last = fields.len() - 1;
            html! {
                "{\n"
                @for (place, (name, item)) in fields.into_iter().enumerate() {
                    (pad) span.k { (quoted(name)) } ": " (json_value(view, item, depth + 1))
                    @if place < last { "," } "\n"
                }
                (end) "}"
            }
        }
        Value::Array(items) if !items.is_empty() => html! {
            "[\n"
            @for (place, item) in items.iter().enumerate() {
                (pad) (json_value(view, item, depth + 1))
                @if place + 1 < items.len() { "," } "\n"
            }
            (end) "]"
        },
        Value::String(word) => match view.href_of(word) {
            Some(href) => html! { "\"" a href=(href) { (word) } "\"" },
            None => html! { span.s { (quoted(word)) } },
        },
        other => html! { span.n { (other.to_string()) } },
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::{money, relative};
    use crate::time::Time;

    #[test]
    fn money_is_written_in_major_units() {
        assert_eq!(money(4999, "GBP"), "£49.99");
        assert_eq!(money(-5, "GBP"), "\u{2212}£0.05");
        assert_eq!(money(123_456_700, "GBP"), "£1,234,567.00");
        assert_eq!(money(100_000, "EUR"), "1,000.00 EUR");
    }

    #[test]
    fn instants_are_told_in_one_unit() {
        let now = Time::from_millis(1_000_000_000);
        let at = |seconds: i64| relative(now, now.plus_millis(seconds * 1000));
        assert_eq!(at(0), "now");
        assert_eq!(at(-59), "59 s ago");
        assert_eq!(at(60), "in 1 min");
        assert_eq!(at(-3_600), "1 h ago");
        assert_eq!(at(-172_800), "2 d ago");
    }
}
