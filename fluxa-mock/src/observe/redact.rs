//! Owns what must not be kept of a request: card data, keys and secrets are replaced before anything
//! is remembered, recorded, logged or shown.

use bytes::Bytes;
use fluxa_sdk::contract;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// What stands for what is not kept.
const REDACTED: &str = "[redacted]";

/// Names of card numbers in forms and objects that are not called `card`.
const NUMBERS: &[&str] = &["number", "cardnumber", "pan"];

/// Names of security codes.
const CODES: &[&str] = &["cvc", "cvv", "securitycode", "cardcvc"];

/// What keys and signing secrets begin with.
const KEYS: [&str; 4] = [
    contract::SECRET_KEY_PREFIX,
    contract::RESTRICTED_KEY_PREFIX,
    contract::PUBLISHABLE_KEY_PREFIX,
    contract::WEBHOOK_SECRET_PREFIX,
];

/// How long a key or secret must be for its last four characters to tell little.
const LONG: usize = 16;

/// Replaces card data and secrets in parameters.
pub(crate) fn parameters(object: &mut Map<String, Value>) {
    for (name, value) in object.iter_mut() {
        let plain: String = name
            .chars()
            .filter(|character| character.is_ascii_alphanumeric())
            .map(|character| character.to_ascii_lowercase())
            .collect();
        if plain == "card" && !value.is_null() {
            *value = card(value);
        } else if CODES.contains(&plain.as_str())
            || (NUMBERS.contains(&plain.as_str()) && digits(value).len() > 8)
        {
            *value = REDACTED.into();
        } else if plain == "secret" && value.is_string() {
            *value = masked(value.as_str().unwrap_or_default()).into();
        } else {
            scrub_value(value);
        }
    }
}

/// Whether a JSON text has neither a name that card data goes by nor digits enough for a card number: most
/// have not, and need not be taken apart.
pub(crate) fn is_harmless(body: &[u8]) -> bool {
    let has = |prefix: &str| {
        body.windows(prefix.len())
            .any(|word| word == prefix.as_bytes())
    };
    if KEYS.into_iter().any(has) {
        return false;
    }
    let mut digits = 0;
    for (place, byte) in body.iter().enumerate() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b' ' | b'-' | b'+' => {}
            // An escape may hide anything.
            b'\\' => return false,
            b'c' | b'C' | b's' | b'S' => {
                let word = |word: &str| {
                    let end = body.len().min(place + word.len());
                    body[place..end].eq_ignore_ascii_case(word.as_bytes())
                };
                if ["card", "cvc", "cvv", "secret", "security"]
                    .into_iter()
                    .any(word)
                {
                    return false;
                }
                digits = 0;
            }
            _ => digits = 0,
        }
        if digits >= SHORTEST {
            return false;
        }
    }
    true
}

/// Replaces the secrets that an answer shows once, and the keys and card numbers that a message repeats from
/// a path or a parameter's name.
pub(crate) fn answer(body: &Bytes) -> Bytes {
    // By `str`, which searches many bytes at a time.
    let plain = std::str::from_utf8(body).ok();
    if let Some(plain) = plain.filter(|plain| !plain.contains("\"secret\"")) {
        return match text(plain) {
            Cow::Owned(clean) => clean.into(),
            Cow::Borrowed(_) => body.clone(),
        };
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            secrets(&mut value);
            value.to_string().into()
        }
        Err(_) => Bytes::new(),
    }
}

fn secrets(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(secrets),
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                match value {
                    Value::String(text) if name == "secret" => *text = masked(text),
                    other => secrets(other),
                }
            }
        }
        _ => {}
    }
}

/// The value of a header; of a bearer key the last four characters stay.
pub(crate) fn header<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    match name {
        "authorization" => match value.split_once(' ') {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => {
                Cow::Owned(format!("Bearer {}", secret(key.trim())))
            }
            _ => Cow::Borrowed(REDACTED),
        },
        "cookie" | "proxy-authorization" => Cow::Borrowed(REDACTED),
        _ => text(value),
    }
}

/// A query without card data: each value whose name or look says so is replaced.
pub(crate) fn query(query: &str) -> Cow<'_, str> {
    let is_plain = query
        .bytes()
        .all(|byte| !byte.is_ascii_uppercase() && byte != b'%');
    let suspicious = |text: &str| {
        let lower = text.to_ascii_lowercase();
        ["card", "number", "cvc", "cvv", "secret"]
            .iter()
            .any(|word| lower.contains(word))
            || matches!(self::text(text), Cow::Owned(_))
    };
    // Most have none of the words, not even escaped.
    if is_plain && !suspicious(query) {
        return Cow::Borrowed(query);
    }
    let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    if !pairs
        .iter()
        .any(|(name, value)| suspicious(name) || suspicious(value))
    {
        return Cow::Borrowed(query);
    }
    let mut clean = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &pairs {
        let value = match suspicious(name) || suspicious(value) {
            true => REDACTED,
            false => value,
        };
        clean.append_pair(&text(name), value);
    }
    Cow::Owned(clean.finish())
}

/// A path without card numbers, escaped or not.
pub(crate) fn path(path: &str) -> Cow<'_, str> {
    let segment_is_card = |segment: &str| {
        let decoded: String = url::form_urlencoded::parse(segment.as_bytes())
            .map(|(name, value)| format!("{name}{value}"))
            .collect();
        matches!(text(&decoded), Cow::Owned(_)) || matches!(text(segment), Cow::Owned(_))
    };
    let has_digits = path.bytes().filter(u8::is_ascii_digit).count() >= SHORTEST;
    let has_key = matches!(keys(path), Cow::Owned(_));
    if !(has_digits || has_key) || !path.split('/').any(segment_is_card) {
        return Cow::Borrowed(path);
    }
    let segments = path
        .split('/')
        .map(|segment| match segment_is_card(segment) {
            true => REDACTED,
            false => segment,
        });
    Cow::Owned(segments.collect::<Vec<_>>().join("/"))
}

fn secret(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    match characters.len() >= LONG {
        true => format!(
            "…{}",
            String::from_iter(&characters[characters.len() - 4..])
        ),
        false => REDACTED.to_owned(),
    }
}

/// A secret of the same form, so that what is recorded still holds to the contract: its prefix and its last
/// four characters, with `x` between.
fn masked(text: &str) -> String {
    let (prefix, rest) = match text.rsplit_once('_') {
        Some((prefix, rest)) => (&text[..=prefix.len()], rest),
        None => ("", text),
    };
    if rest.len() < LONG || !rest.is_ascii() {
        return REDACTED.to_owned();
    }
    let hidden = rest.len() - 4;
    format!("{prefix}{}{}", "x".repeat(hidden), &rest[hidden..])
}

fn card(value: &Value) -> Value {
    let number = value.get("number").unwrap_or(value);
    let digits = digits(number);
    match digits.len() >= SHORTEST {
        true => json!({ "last4": digits[digits.len() - 4..] }),
        false => REDACTED.into(),
    }
}

fn digits(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    text.chars().filter(char::is_ascii_digit).collect()
}

fn scrub_value(value: &mut Value) {
    match value {
        Value::String(whole) => {
            if let Cow::Owned(clean) = text(whole) {
                *whole = clean;
            }
        }
        Value::Number(number) => {
            if let Cow::Owned(clean) = text(&number.to_string()) {
                *value = Value::String(clean);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| match item {
            Value::Object(object) => parameters(object),
            other => scrub_value(other),
        }),
        Value::Object(object) => parameters(object),
        _ => {}
    }
}

const SHORTEST: usize = 13;
const LONGEST: usize = 19;

/// A text without card numbers and without keys, wherever they stand.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    match keys(text) {
        Cow::Borrowed(text) => numbers(text),
        Cow::Owned(text) => Cow::Owned(numbers(&text).into_owned()),
    }
}

/// A text with its API keys and signing secrets masked.
fn keys(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut copied = 0;
    while let Some(start) = next_key(text, copied) {
        let length = text[start..]
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        clean.push_str(&text[copied..start]);
        clean.push_str(&masked(&text[start..start + length]));
        copied = start + length;
    }
    match copied {
        0 => Cow::Borrowed(text),
        _ => {
            clean.push_str(&text[copied..]);
            Cow::Owned(clean)
        }
    }
}

/// Where the next key begins: its prefix, with enough behind it to be one.
fn next_key(text: &str, from: usize) -> Option<usize> {
    let long_enough = |start: usize| {
        let rest = text[start..].bytes();
        let length = rest
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        length >= 2 * LONG
    };
    // Every prefix ends with one: a single search for all of them.
    text[from..].match_indices('_').find_map(|(place, _)| {
        let head = &text[from..=from + place];
        let prefix = KEYS.iter().find(|prefix| head.ends_with(**prefix))?;
        Some(from + head.len() - prefix.len()).filter(|start| long_enough(*start))
    })
}

/// A text without what looks like a card number: 13 to 19 digits that begin as cards do and whose check
/// digit is right, blanks and hyphens between them allowed. What follows a letter or an underscore is
/// part of an id.
fn numbers(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut clean = String::new();
    let mut copied = 0;
    let mut place = 0;
    while place < bytes.len() {
        let starts = bytes[place].is_ascii_digit()
            && (place == 0
                || !(bytes[place - 1].is_ascii_alphanumeric() || bytes[place - 1] == b'_'));
        if !starts {
            place += 1;
            continue;
        }
        let (end, digits) = run_of_digits(bytes, place);
        if is_card_number(&digits) {
            clean.push_str(&text[copied..place]);
            clean.push_str(REDACTED);
            copied = end;
        }
        place = end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    clean.push_str(&text[copied..]);
    Cow::Owned(clean)
}

/// Where the run of digits from `start` ends, and its digits.
fn run_of_digits(bytes: &[u8], start: usize) -> (usize, Vec<u8>) {
    let mut digits = Vec::new();
    let mut end = start;
    let mut place = start;
    while place < bytes.len() {
        match bytes[place] {
            digit if digit.is_ascii_digit() => {
                digits.push(digit - b'0');
                end = place + 1;
            }
            // One separator between digits.
            b' ' | b'-' | b'+' if place == end => {}
            _ => break,
        }
        place += 1;
    }
    (end, digits)
}

fn is_card_number(digits: &[u8]) -> bool {
    if !(SHORTEST..=LONGEST).contains(&digits.len()) || !(2..=6).contains(&digits[0]) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(*digit);
            match place % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::{answer, header, is_harmless, parameters, path, query, text};
    use serde_json::{Value, json};

    fn cleaned(mut value: Value) -> Value {
        parameters(value.as_object_mut().unwrap());
        value
    }

    #[test]
    fn cards_are_replaced_wherever_they_stand() {
        let number = "4242424242424242";
        assert_eq!(
            cleaned(json!({ "card": { "number": number, "cvc": "123" }, "amount": 4999 })),
            json!({ "card": { "last4": "4242" }, "amount": 4999 })
        );
        for hidden in [
            json!({ "deep": [{ "Card": { "number": "4242 4242 4242 4242" } }] }),
            json!({ "card": "4242424242424242" }),
            json!({ "card": { "number": 4_242_424_242_424_242_u64 } }),
            json!({ "card": { "nested": { "number": number } } }),
            json!({ "card_number": number, "card_cvc": "123" }),
            json!({ "number": "4242-4242-4242-4242", "cvc": "123" }),
            json!({ "metadata": { "note": "paid with 4242 4242 4242 4242 today" } }),
            json!({ "amount": 4_242_424_242_424_242_u64 }),
        ] {
            assert!(!is_harmless(hidden.to_string().as_bytes()), "{hidden}");
            let kept = cleaned(hidden.clone()).to_string();
            let digits: String = kept.chars().filter(char::is_ascii_digit).collect();
            assert!(!digits.contains("42424242"), "{hidden} → {kept}");
            assert!(!digits.contains("123"), "{hidden} → {kept}");
        }
    }

    #[test]
    fn what_is_no_card_stays() {
        let usual = r#"{"amount":4999,"customer":"cus_5f8b2c1e2a4b4d8c","email":"a@example.com"}"#;
        assert!(is_harmless(usual.as_bytes()));
        assert!(!is_harmless(br#"{"\u0063ard":1}"#));
        let plain = json!({
            "amount": 4999, "number": "order 7", "at": 1_716_135_600_000_i64,
            "customer": "cus_4242424242424242", "metadata": { "phone": "+44 20 7946 0000" },
        });
        assert_eq!(cleaned(plain.clone()), plain);
        assert_eq!(text("pay_4242424242424242"), "pay_4242424242424242");
        assert_eq!(query("limit=2&state=SETTLED"), "limit=2&state=SETTLED");
        assert_eq!(query("expand%5B%5D=customer"), "expand%5B%5D=customer");
        assert_eq!(
            path("/v1/payments/pay_4242424242424242"),
            "/v1/payments/pay_4242424242424242"
        );
    }

    #[test]
    fn queries_and_paths_are_cleaned_escaped_or_not() {
        for hostile in [
            "card[number]=4242424242424242&limit=2",
            "%63ard%5Bnumber%5D=%34242424242424242&limit=2",
            "a=4242+4242+4242+4242&limit=2",
            "cvc=123&limit=2",
            "4242424242424242=x&limit=2",
        ] {
            let kept = query(hostile);
            assert!(!kept.contains("4242") && !kept.contains("123"), "{kept}");
            assert!(kept.ends_with("limit=2"), "{kept}");
        }
        for hostile in [
            "/v1/payments/4242424242424242",
            "/v1/4242%20424242424242%342/x",
        ] {
            let kept = path(hostile);
            assert!(!kept.contains("4242") && kept.starts_with("/v1/"), "{kept}");
        }
    }

    #[test]
    fn keys_and_secrets_keep_four_characters_at_most() {
        let key = format!("sk_test_{}wxyz", "a".repeat(28));
        assert_eq!(
            header("authorization", &format!("Bearer {key}")),
            "Bearer …wxyz"
        );
        assert_eq!(header("authorization", "Bearer short"), "Bearer [redacted]");
        assert_eq!(header("authorization", "Basic c2s6"), "[redacted]");
        assert_eq!(header("cookie", "a=b"), "[redacted]");
        assert_eq!(header("accept", "text/csv"), "text/csv");
        let shown = json!({ "data": [{ "id": "key_1", "secret": key }] }).to_string();
        let kept = answer(&shown.into());
        let kept = String::from_utf8_lossy(&kept);
        assert!(!kept.contains("aaaa") && kept.contains("xxwxyz"), "{kept}");
        assert_eq!(
            cleaned(json!({ "secret": "whsec_1" })),
            json!({ "secret": "[redacted]" })
        );
    }

    #[test]
    fn keys_are_masked_wherever_they_stand() {
        let key = format!("sk_live_{}", "aB3".repeat(11));
        let kept = [
            text(&format!("order {key}!")).into_owned(),
            path(&format!("/v1/payments/{key}")).into_owned(),
            query(&format!("api_key={key}")).into_owned(),
            header("x-api-key", &key).into_owned(),
            cleaned(json!({ "api_key": key, "metadata": { "a": [key] } })).to_string(),
            String::from_utf8(answer(&format!("{{\"message\":\"no {key}\"}}").into()).to_vec())
                .unwrap(),
        ];
        for kept in kept {
            assert!(!kept.contains(&key), "{kept}");
        }
        assert!(!is_harmless(format!("{{\"a\":\"{key}\"}}").as_bytes()));
        // Words that only begin like keys are no keys.
        assert_eq!(text("task_list of the desk_"), "task_list of the desk_");
    }

    #[test]
    fn an_answer_repeats_no_card_number() {
        let told = "{\"error\":{\"message\":\"4242424242424242 is no parameter.\"}}";
        let kept = answer(&told.to_owned().into());
        assert!(!String::from_utf8_lossy(&kept).contains("424242"));
    }
}
