//! Owns what must not be kept of a request: card data, keys and secrets are replaced before anything
//! is remembered, recorded, logged or shown.

use super::sensitive::{self, KEYS, LONG, REDACTED, SHORTEST, digit, masked};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Names of card numbers in forms and objects that are not called `card`, without what stands between
/// their words.
const NUMBERS: &[&str] = &["number", "cardnumber", "cardno", "ccnumber", "ccnum", "pan"];

/// Names of security codes, and what longer ones end with.
const CODES: &[&str] = &[
    "cvc",
    "cvc2",
    "cvv",
    "cvv2",
    "cvn",
    "cvn2",
    "cv2",
    "csc",
    "securitycode",
    "cardcode",
];

/// Digits of a number that is nobody's business under such a name, whatever they begin and end with.
const TELLING: usize = 9;

/// Replaces card data and secrets in parameters, in their names too.
pub(crate) fn parameters(object: &mut Map<String, Value>) {
    for (name, mut value) in std::mem::take(object) {
        let plain = plain_name(&name);
        if plain == "card" && !value.is_null() {
            value = card(&value);
        } else if is_code(&plain)
            || (NUMBERS.contains(&plain.as_str()) && digits(&value).len() >= TELLING)
        {
            value = REDACTED.into();
        } else if plain == "secret" && value.is_string() {
            value = masked(value.as_str().unwrap_or_default()).into();
        } else {
            scrub_value(&mut value);
        }
        object.insert(text(&name).into_owned(), value);
    }
}

/// Whether something by this name is a card's security code.
pub(crate) fn is_security_code(name: &str, value: &str) -> bool {
    (3..=4).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_digit())
        && is_code(&plain_name(name))
}

fn is_code(plain: &str) -> bool {
    CODES.iter().any(|code| plain.ends_with(code))
}

/// A name without case and without what stands between its words.
fn plain_name(name: &str) -> String {
    name.chars()
        .filter(|character| character.is_ascii_alphanumeric())
        .map(|character| character.to_ascii_lowercase())
        .collect()
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
            b' ' | b'-' | b'+' | b'.' | b'_' | b'/' | b'*' | b'|' | b'~' | b',' | b'#' | b'\'' => {}
            // An escape may hide anything, and so may the digits and blanks of other scripts.
            b'%' | b'\\' | 0x80.. => return false,
            b'c' | b'C' | b's' | b'S' => {
                let word = |word: &str| {
                    let end = body.len().min(place + word.len());
                    body[place..end].eq_ignore_ascii_case(word.as_bytes())
                };
                if ["card", "csc", "cv", "secret", "security"]
                    .into_iter()
                    .any(word)
                {
                    return false;
                }
                digits = 0;
            }
            _ => digits = 0,
        }
        if digits >= TELLING {
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
        return match sensitive::text(plain) {
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
        other => scrub_value(other),
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
        "cookie" | "set-cookie" | "proxy-authorization" => Cow::Borrowed(REDACTED),
        _ => text(value),
    }
}

/// A text without card numbers and keys, whether or not its %-escapes are read.
pub(crate) fn text(whole: &str) -> Cow<'_, str> {
    match sensitive::text(whole) {
        Cow::Borrowed(_) if is_hidden_by_escapes(whole) => Cow::Owned(REDACTED.to_owned()),
        clean => clean,
    }
}

/// Whether a text is clean only as long as its %-escapes are not read.
pub(crate) fn is_hidden_by_escapes(escaped: &str) -> bool {
    escaped.contains('%') && matches!(sensitive::text(&unescaped(escaped)), Cow::Owned(_))
}

/// A text with its %-escapes read.
fn unescaped(escaped: &str) -> String {
    // As one name without a value: what separates pairs in a query has no meaning here.
    let alone = escaped.replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(alone.as_bytes())
        .map(|(name, _)| name.into_owned())
        .collect()
}

/// A query without card data: each value whose name or look says so is replaced.
pub(crate) fn query(query: &str) -> Cow<'_, str> {
    let is_plain = query
        .bytes()
        .all(|byte| !byte.is_ascii_uppercase() && byte != b'%');
    let suspicious = |text: &str| {
        let lower = text.to_ascii_lowercase();
        [
            "card", "number", "cvc", "cvv", "cvn", "cv2", "csc", "pan=", "secret", "security",
        ]
        .iter()
        .any(|word| lower.contains(word))
            || lower == "pan"
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
    let is_clean = |text: &str| matches!(self::text(text), Cow::Borrowed(_));
    if is_clean(path) {
        return Cow::Borrowed(path);
    }
    let segments = path.split('/').map(|segment| match is_clean(segment) {
        true => segment,
        false => REDACTED,
    });
    let clean = segments.collect::<Vec<_>>().join("/");
    // Spread over several segments: nothing of it is worth keeping.
    match is_clean(&clean) {
        true => Cow::Owned(clean),
        false => Cow::Owned(format!("/{REDACTED}")),
    }
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
    let digits = text.chars().filter_map(digit);
    digits.map(|digit| digit.to_string()).collect()
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
            json!({ "4242424242424242": "x" }),
            json!({ "metadata": { "4242_4242_4242_4242": "x" } }),
            json!({ "pan": "4242.4242.4242.4242", "cvn": "123" }),
            json!({ "card-no": "4242/4242/4242/4242", "cv2": "123" }),
            json!({ "note": "４２４２４２４２４２４２４２４２", "cvv2": 123 }),
            json!({ "list": [["4242  4242  4242  4242"]], "card_cvc2": "123" }),
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
