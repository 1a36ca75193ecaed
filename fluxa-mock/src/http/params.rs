//! Owns the checking of parameters against an operation's types. JSON must have the types; a form,
//! whose values are all text, is read into them. What comes out is the same for both.

use super::form;
use super::operation::{Operation, Param, ParamKind, optional};
use crate::domain::Metadata;
use crate::domain::error::DomainError;
use crate::events::EventType;
use crate::observe::{redact, sensitive};
use crate::time::Time;
use fluxa_sdk::contract;
use serde_json::{Map, Value};

/// Where the values come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Json,
    Form,
}

const PAGING: [Param; 2] = [
    optional(
        "limit",
        ParamKind::Integer(1, contract::LIST_LIMIT_MAX as i64),
    ),
    optional("after", ParamKind::Text(255)),
];

/// Checks `raw` against the operation's parameters.
pub(super) fn check(
    operation: &Operation,
    raw: Map<String, Value>,
    source: Source,
) -> Result<Map<String, Value>, DomainError> {
    let mut params = operation.params.to_vec();
    if operation.list {
        params.extend(PAGING);
    }
    check_object(&params, raw, source, "")
}

fn check_object(
    params: &[Param],
    mut raw: Map<String, Value>,
    source: Source,
    parent: &str,
) -> Result<Map<String, Value>, DomainError> {
    let named = |name: &str| match parent {
        "" => name.to_owned(),
        _ => format!("{parent}[{name}]"),
    };
    if let Some(unknown) = raw
        .keys()
        .find(|name| params.iter().all(|param| param.name != *name))
    {
        let name = named(&form::clip(unknown));
        let message = format!("This operation has no parameter {name}.");
        return Err(DomainError::invalid("parameter_unknown", message).about(name));
    }
    let mut checked = Map::new();
    for param in params {
        let name = named(param.name);
        match raw.remove(param.name) {
            Some(value) => {
                let value = check_value(param.kind, value, source, &name)?;
                checked.insert(param.name.to_owned(), value);
            }
            None if param.required => {
                let message = format!("{name} is required.");
                return Err(DomainError::invalid("parameter_missing", message).about(name));
            }
            None => {}
        }
    }
    Ok(checked)
}

fn check_value(
    kind: ParamKind,
    value: Value,
    source: Source,
    name: &str,
) -> Result<Value, DomainError> {
    let bad = |message: String| DomainError::parameter(name, message);
    let is_list = matches!(kind, ParamKind::TextList | ParamKind::EventTypes);
    if source == Source::Form && value.is_array() && !is_list {
        return Err(bad("The parameter is given twice.".to_owned()));
    }
    match kind {
        ParamKind::Amount => amount(&value, source, name),
        ParamKind::Integer(least, most) => match integer(&value, source) {
            Some(number) if (least..=most).contains(&number) => Ok(number.into()),
            Some(_) => Err(bad(format!("{name} is from {least} to {most}."))),
            None => Err(bad(format!("{name} is an integer."))),
        },
        ParamKind::Text(longest) => text(value, name).and_then(|text| {
            refuse_sensitive(&text, name)?;
            short(text, longest, name)
        }),
        ParamKind::CardData(longest) => {
            text(value, name).and_then(|text| short(text, longest, name))
        }
        ParamKind::Remark(longest) => text(value, name)
            .and_then(|text| short(redact::text(&text).into_owned(), longest, name)),
        ParamKind::Choice(words) => text(value, name).and_then(|text| {
            if words.contains(&text.as_str()) {
                return Ok(text.into());
            }
            Err(bad(format!("{name} is one of: {}.", words.join(", "))))
        }),
        ParamKind::Id(prefix) => text(value, name).and_then(|text| {
            check_id(&text, prefix).map_err(|error| error.about(name))?;
            Ok(text.into())
        }),
        ParamKind::Currency => text(value, name).and_then(|text| currency(&text, name)),
        ParamKind::Url => text(value, name).and_then(|text| {
            // Braces are no characters of a URI: objects show it escaped.
            let text = text.replace(SESSION_ID, SESSION_ID_ESCAPED);
            refuse_sensitive(&text, name)?;
            let valid = url::Url::parse(&text)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if valid && text.len() <= 2048 && is_uri(&text) {
                return Ok(text.into());
            }
            let message = format!(
                "{name} is an absolute http or https URL of ASCII characters, others percent-encoded."
            );
            Err(bad(message))
        }),
        ParamKind::Email => text(value, name).and_then(|text| {
            refuse_sensitive(&text, name)?;
            let valid = text.len() <= 254
                && text.split_once('@').is_some_and(|(user, host)| {
                    !user.is_empty() && host.contains('.') && !host.contains('@')
                })
                && !text.chars().any(|c| c.is_whitespace() || c.is_control());
            if valid {
                Ok(text.into())
            } else {
                Err(bad(format!("{name} is an email address.")))
            }
        }),
        ParamKind::Metadata => metadata(value, name),
        ParamKind::Boolean => match (value, source) {
            (Value::Bool(truth), _) => Ok(truth.into()),
            (Value::String(text), Source::Form) if text == "true" => Ok(true.into()),
            (Value::String(text), Source::Form) if text == "false" => Ok(false.into()),
            _ => Err(bad(format!("{name} is true or false."))),
        },
        ParamKind::Instant => text(value, name).and_then(|text| match Time::parse_bound(&text) {
            Some(instant) => Ok(instant.to_string().into()),
            None => Err(bad(format!("{name} is an RFC 3339 instant."))),
        }),
        ParamKind::TextList => text_list(value, source, name).map(Value::from),
        ParamKind::EventTypes => event_types(value, source, name),
        ParamKind::Object(params) => match value {
            Value::Object(object) => check_object(params, object, source, name).map(Value::Object),
            _ => Err(bad(format!("{name} is an object."))),
        },
        ParamKind::TimeRange => time_range(value, name),
    }
}

/// What stands in a URL for the id of the checkout session; and as a URI has it.
pub(crate) const SESSION_ID: &str = "{CHECKOUT_SESSION_ID}";
pub(crate) const SESSION_ID_ESCAPED: &str = "%7BCHECKOUT_SESSION_ID%7D";

/// Refuses what objects must not be made of: they are stored, shown, sent to endpoints and exported.
fn refuse_sensitive(text: &str, name: &str) -> Result<(), DomainError> {
    match sensitive::must_not_be_kept(text) || redact::is_hidden_by_escapes(text) {
        true => Err(DomainError::parameter(name, SENSITIVE)),
        false => Ok(()),
    }
}

const SENSITIVE: &str = "This looks like a card number, a security code, an API key or a secret. \
     None of them may be kept in an object; a card number goes only where the cardholder pays.";

fn short(text: String, longest: usize, name: &str) -> Result<Value, DomainError> {
    if text.chars().count() > longest {
        let message = format!("{name} has at most {longest} characters.");
        return Err(DomainError::parameter(name, message));
    }
    Ok(text.into())
}

fn text(value: Value, name: &str) -> Result<String, DomainError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(DomainError::parameter(name, format!("{name} is a text."))),
    }
}

/// An integer; `4999.0` is one, as JSON Schema has it.
fn integer(value: &Value, source: Source) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) if source == Source::Form => text.parse().ok().or_else(|| {
            let plain = text
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
            whole(text.parse().ok().filter(|_| plain)?)
        }),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    // Up to 2^53 every integer is exact in a double.
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

fn amount(value: &Value, source: Source, name: &str) -> Result<Value, DomainError> {
    let minor = integer(value, source).ok_or_else(|| {
        DomainError::parameter(
            name,
            format!("{name} is an integer of minor units, such as pence."),
        )
    })?;
    if minor < contract::AMOUNT_MINOR_MIN {
        let least = contract::AMOUNT_MINOR_MIN;
        let message = format!("Amount must be at least {least} pence for GBP transactions.");
        return Err(DomainError::invalid("amount_too_small", message).about(name));
    }
    if minor > contract::AMOUNT_MINOR_MAX {
        let message = format!(
            "Amount must be at most {} pence.",
            contract::AMOUNT_MINOR_MAX
        );
        return Err(DomainError::invalid("amount_too_large", message).about(name));
    }
    Ok(minor.into())
}

fn currency(text: &str, name: &str) -> Result<Value, DomainError> {
    let code = text.to_ascii_uppercase();
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(DomainError::parameter(
            name,
            format!("{name} is a three-letter ISO 4217 code."),
        ));
    }
    if code != crate::ledger::CURRENCY {
        let message = format!("{code} is not available yet; GBP is.");
        return Err(DomainError::invalid("currency_unsupported", message).about(name));
    }
    Ok(code.into())
}

/// Whether a URL is written as RFC 3986 has it. The parser of browsers takes more (spaces, line breaks,
/// quotes), and the contract promises that objects show a URI.
fn is_uri(text: &str) -> bool {
    let (_, after) = text.split_once("://").unwrap_or(("", text));
    let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?#%".contains(byte);
    let escaped = |part: &str| {
        let mut digits = [0];
        let two = part.as_bytes().get(..2);
        two.is_some_and(|two| hex::decode_to_slice(two, &mut digits).is_ok())
    };
    rest.bytes().all(|byte| plain(&byte))
        && authority
            .bytes()
            .all(|byte| plain(&byte) || b"[]".contains(&byte))
        && rest.matches('#').count() <= 1
        && text.split('%').skip(1).all(escaped)
}

fn metadata(value: Value, name: &str) -> Result<Value, DomainError> {
    let bad = |message: String| DomainError::invalid("metadata_invalid", message).about(name);
    let parsed: Metadata = serde_json::from_value(value)
        .map_err(|_| bad("Metadata is an object of texts.".to_owned()))?;
    let (keys, key_chars, value_chars) = (
        contract::METADATA_MAX_KEYS,
        contract::METADATA_MAX_KEY_CHARS,
        contract::METADATA_MAX_VALUE_CHARS,
    );
    if parsed.len() > keys {
        return Err(bad(format!("Metadata has at most {keys} keys.")));
    }
    if parsed
        .keys()
        .any(|key| key.is_empty() || key.chars().count() > key_chars)
    {
        return Err(bad(format!(
            "A metadata key has 1 to {key_chars} characters."
        )));
    }
    if parsed
        .values()
        .any(|text| text.chars().count() > value_chars)
    {
        return Err(bad(format!(
            "A metadata value has at most {value_chars} characters."
        )));
    }
    if parsed.iter().any(|(key, text)| {
        refuse_sensitive(key, name).is_err()
            || refuse_sensitive(text, name).is_err()
            || redact::is_security_code(key, text)
    }) {
        return Err(bad(SENSITIVE.to_owned()));
    }
    Ok(parsed
        .into_iter()
        .map(|(key, text)| (key, Value::String(text)))
        .collect())
}

/// A list of texts; a form may also number it (`events[0]=a`), as PHP does, and has no sign for a list of
/// one.
pub(super) fn text_list(
    value: Value,
    source: Source,
    name: &str,
) -> Result<Vec<String>, DomainError> {
    let bad = || DomainError::parameter(name, format!("{name} is a list of texts."));
    let is_number = |key: &String| key.parse::<u32>().is_ok();
    let items: Vec<Value> = match (source, value) {
        (_, Value::Array(items)) => items,
        (Source::Form, Value::Object(numbered)) if numbered.keys().all(is_number) => {
            numbered.into_values().collect()
        }
        (Source::Form, one @ Value::String(_)) => vec![one],
        _ => return Err(bad()),
    };
    items
        .into_iter()
        .map(|item| {
            item.as_str()
                .filter(|text| text.len() <= 255)
                .map(str::to_owned)
                .ok_or_else(bad)
        })
        .collect()
}

fn event_types(value: Value, source: Source, name: &str) -> Result<Value, DomainError> {
    let names = match value {
        Value::String(list) => split_types(&list),
        other => text_list(other, source, name)?,
    };
    let names = wanted_types(names);
    check_types(&names, name)?;
    Ok(names.into())
}

/// Splits a comma-separated list of event types.
pub(super) fn split_types(list: &str) -> Vec<String> {
    list.split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The types asked for, of which `*` is all: as if none had been named.
pub(super) fn wanted_types(names: Vec<String>) -> Vec<String> {
    match names.iter().any(|name| name == "*") {
        true => Vec::new(),
        false => names,
    }
}

/// Refuses names that are no event types.
pub(super) fn check_types(names: &[String], param: &str) -> Result<(), DomainError> {
    match names
        .iter()
        .find(|name| !EventType::KNOWN.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(unknown) => Err(DomainError::parameter(
            param,
            format!(
                "{} is not a type of event. Name types whole, or none for all.",
                form::clip(unknown)
            ),
        )),
    }
}

fn time_range(value: Value, name: &str) -> Result<Value, DomainError> {
    let bad = || {
        let message = format!("Bound {name} as {name}[gte], with an RFC 3339 instant.");
        DomainError::parameter(name, message)
    };
    let Value::Object(bounds) = value else {
        return Err(bad());
    };
    let mut checked = Map::new();
    for (bound, instant) in bounds {
        if !matches!(bound.as_str(), "gte" | "gt" | "lte" | "lt") {
            return Err(bad());
        }
        let instant = instant.as_str().and_then(Time::parse_bound);
        let instant = instant.ok_or_else(bad)?;
        checked.insert(bound, instant.to_string().into());
    }
    Ok(Value::Object(checked))
}

/// Refuses an id of another resource, or of no valid form.
pub(crate) fn check_id(id: &str, prefix: &str) -> Result<(), DomainError> {
    let valid = id.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == 16
            && rest
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    if valid {
        return Ok(());
    }
    let named = contract::ID_PREFIXES
        .iter()
        .find(|(known, _)| *known == prefix);
    let resource = named.map_or("resource", |(_, name)| name);
    let other = contract::ID_PREFIXES
        .iter()
        .find(|(known, _)| *known != prefix && id.starts_with(known))
        .map(|(_, name)| format!(" It has the prefix of another resource: {name}."))
        .unwrap_or_default();
    Err(DomainError::invalid(
        "invalid_id",
        format!(
            "Not the id expected here ({resource}): that is {prefix} and 16 hexadecimal digits.{other}"
        ),
    ))
}
