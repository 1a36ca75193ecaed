//! Owns the form encoding of requests and queries: `metadata[order_id]=x`, `events[]=a`,
//! `created_at[gte]=…`; a name repeated is a list too. Values stay text; `params` gives them their types.

use crate::domain::error::DomainError;
use crate::observe::redact;
use serde_json::{Map, Value};

/// Deepest nesting of a name: far more than any operation has.
const DEEPEST: usize = 5;

/// Parses a form.
///
/// # Errors
/// `body_malformed` for text that is not UTF-8, names that do not nest, and a name that is both a value
/// and an object.
pub(super) fn parse(encoded: &[u8]) -> Result<Map<String, Value>, DomainError> {
    // The parser below would put U+FFFD in its place, and so accept what nobody sent. Decoded as a whole:
    // the separators are ASCII, so the pieces are UTF-8 when the whole is.
    if !is_text(encoded) {
        let message = "The form is not UTF-8 once its percent-encoding is undone.";
        return Err(DomainError::invalid("body_malformed", message));
    }
    let mut root = Map::new();
    for (name, value) in url::form_urlencoded::parse(encoded) {
        let path = split_name(&name)?;
        place(&mut root, &path, value.into_owned(), &name)?;
    }
    Ok(root)
}

/// Whether it is UTF-8 once its percent-encoding is undone.
pub(super) fn is_text(encoded: &[u8]) -> bool {
    std::str::from_utf8(&unescaped(encoded)).is_ok()
}

/// The bytes behind the percent-encoding; an escape that is none stays as it is.
fn unescaped(encoded: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, after)) = rest.split_first() {
        let mut byte = [0];
        let escape = (*first == b'%').then(|| after.get(..2)).flatten();
        rest = match escape.map(|digits| hex::decode_to_slice(digits, &mut byte)) {
            Some(Ok(())) => &after[2..],
            _ => {
                byte = [*first];
                after
            }
        };
        bytes.push(byte[0]);
    }
    bytes
}

fn malformed(name: &str) -> DomainError {
    let message = format!("The form has a malformed name: {}.", clip(name));
    DomainError::invalid("body_malformed", message)
}

/// A name as a message may repeat it: clean before it is cut, since half a card number is not known as one.
pub(super) fn clip(name: &str) -> String {
    let shown: String = name
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    redact::text(&shown).chars().take(60).collect()
}

fn split_name(name: &str) -> Result<Vec<&str>, DomainError> {
    let Some((first, mut rest)) = name.find('[').map(|at| name.split_at(at)) else {
        return Ok(vec![name]);
    };
    let mut path = vec![first];
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or_else(|| malformed(name))?;
        let (segment, after) = inner.split_once(']').ok_or_else(|| malformed(name))?;
        path.push(segment);
        rest = after;
    }
    if first.is_empty() || path.len() > DEEPEST {
        return Err(malformed(name));
    }
    Ok(path)
}

fn place(
    object: &mut Map<String, Value>,
    path: &[&str],
    text: String,
    name: &str,
) -> Result<(), DomainError> {
    let twice = || malformed(name);
    match path {
        // Repeated, it is a list: so does OpenAPI encode one. `params` refuses it where none belongs.
        [last] => {
            let text = Value::String(text);
            match object.get_mut(*last) {
                None => drop(object.insert((*last).to_owned(), text)),
                Some(Value::Array(items)) => items.push(text),
                Some(first @ Value::String(_)) => {
                    let first = first.take();
                    object.insert((*last).to_owned(), Value::Array(vec![first, text]));
                }
                Some(_) => return Err(twice()),
            }
            Ok(())
        }
        [list, ""] => {
            let slot = object
                .entry((*list).to_owned())
                .or_insert_with(|| Value::Array(Vec::new()));
            slot.as_array_mut()
                .ok_or_else(twice)?
                .push(Value::String(text));
            Ok(())
        }
        [first, rest @ ..] if !rest[0].is_empty() => {
            let slot = object
                .entry((*first).to_owned())
                .or_insert_with(|| Value::Object(Map::new()));
            place(slot.as_object_mut().ok_or_else(twice)?, rest, text, name)
        }
        _ => Err(malformed(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::{Value, json};

    #[test]
    fn names_nest_and_lists_collect() {
        let form = b"amount=1999&metadata%5Border_id%5D=a+b&events[]=x&events[]=y&card[number]=4";
        let expected = json!({
            "amount": "1999", "metadata": {"order_id": "a b"}, "events": ["x", "y"],
            "card": {"number": "4"}
        });
        assert_eq!(Value::Object(parse(form).unwrap()), expected);
    }

    #[test]
    fn text_that_is_not_utf_8_is_refused_and_a_replacement_character_is_not() {
        for form in [
            &b"a=%FF"[..],
            b"a=\xff",
            b"%C3=1",
            b"a=%E2%82",
            b"a=%ED%A0%80",
            b"a=%E2&b=%82%AC",
        ] {
            assert_eq!(parse(form).unwrap_err().code, "body_malformed");
        }
        for form in [
            "a=%EF%BF%BD",
            "a=\u{fffd}",
            "a=%e2%82%AC",
            "a=100%",
            "a=%zz",
            "a=%+1",
        ] {
            assert!(parse(form.as_bytes()).is_ok(), "{form} was refused");
        }
    }

    #[test]
    fn a_name_given_twice_is_a_list() {
        for form in ["a=1&a=2", "a[]=1&a[]=2", "a[]=1&a=2"] {
            let parsed = Value::Object(parse(form.as_bytes()).unwrap());
            assert_eq!(parsed, json!({ "a": ["1", "2"] }), "{form}");
        }
    }

    #[test]
    fn a_name_of_two_shapes_or_malformed_is_refused() {
        for form in [
            "a=1&a[]=2",
            "a[b]=1&a=2",
            "a[]=1&a[b]=2",
            "a[b=1",
            "[b]=1",
            "a[b]c=1",
            "a[][b]=1",
        ] {
            assert!(parse(form.as_bytes()).is_err(), "{form} was accepted");
        }
    }
}
