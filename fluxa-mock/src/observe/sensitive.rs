//! Owns what a card number, an API key and a signing secret look like inside a text, however they are
//! spelled. Pure; what is done about one is the business of `redact` and of those who refuse it.

use fluxa_sdk::contract;
use std::borrow::Cow;
use std::ops::Range;

/// What stands for what is not kept.
pub(crate) const REDACTED: &str = "[redacted]";

/// What keys and signing secrets begin with.
pub(super) const KEYS: [&str; 4] = [
    contract::SECRET_KEY_PREFIX,
    contract::RESTRICTED_KEY_PREFIX,
    contract::PUBLISHABLE_KEY_PREFIX,
    contract::WEBHOOK_SECRET_PREFIX,
];

/// How long a key or secret must be for its last four characters to tell little.
pub(super) const LONG: usize = 16;

/// Digits of the shortest and the longest card number.
pub(super) const SHORTEST: usize = 13;
const LONGEST: usize = 19;

/// Characters that may stand between two digits of one number: more of them is a table, not a number.
const SEPARATORS: usize = 4;

/// Hexadecimal words from this length are hashes and ids of other programs, in which long runs of digits
/// are chance.
const HASH: usize = 24;

/// A text without card numbers and without keys, wherever they stand.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    match keys(text) {
        Cow::Borrowed(text) => numbers(text),
        Cow::Owned(text) => Cow::Owned(numbers(&text).into_owned()),
    }
}

/// Whether a text that is to be kept holds a key, or a number as today's cards have it. Of the 13 digits
/// that some cards once had, order numbers and bar codes have too many: those are only hidden.
pub(crate) fn must_not_be_kept(text: &str) -> bool {
    matches!(keys(text), Cow::Owned(_))
        || found(text)
            .iter()
            .any(|number| number.digits.len() > SHORTEST)
}

/// Whether a name for a request, chosen by the client, is or holds a card number or a key. Of a name that
/// is one number, nothing but the check digit is asked.
pub(crate) fn is_no_name(name: &str) -> bool {
    let digits: Vec<u8> = name.chars().filter_map(digit).collect();
    let is_one_number = name
        .chars()
        .all(|character| digit(character).is_some() || is_separator(character));
    let looks_like_one = (SHORTEST - 1..=LONGEST).contains(&digits.len())
        && matches!(digits[0], 2..=6)
        && has_check_digit(&digits);
    (is_one_number && looks_like_one) || matches!(text(name), Cow::Owned(_))
}

/// The card numbers of a text, as digits.
pub(crate) fn card_numbers(text: &str) -> impl Iterator<Item = String> {
    found(text)
        .into_iter()
        .map(|number| number.digits.iter().map(ToString::to_string).collect())
}

/// A secret of the same form, so that what is recorded still holds to the contract: its prefix and its last
/// four characters, with `x` between.
pub(super) fn masked(text: &str) -> String {
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

/// A text with its API keys and signing secrets masked.
pub(super) fn keys(text: &str) -> Cow<'_, str> {
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
    KEYS.iter()
        .flat_map(|prefix| text[from..].match_indices(prefix))
        .map(|(place, _)| from + place)
        .filter(|start| long_enough(*start))
        .min()
}

/// A text without what looks like a card number.
fn numbers(text: &str) -> Cow<'_, str> {
    let found = found(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut clean = String::new();
    let mut copied = 0;
    for number in found {
        clean.push_str(&text[copied..number.place.start]);
        clean.push_str(REDACTED);
        copied = number.place.end;
    }
    clean.push_str(&text[copied..]);
    Cow::Owned(clean)
}

/// What looks like a card number, and where.
struct Number {
    place: Range<usize>,
    digits: Vec<u8>,
}

/// Digits that follow one another.
struct Group {
    place: Range<usize>,
    /// Of all digits of the text.
    digits: Range<usize>,
    /// Whether only separators stand between it and the group before.
    goes_on: bool,
}

/// What looks like a card number in a text: groups of digits, with blanks, hyphens or the like between them,
/// that together begin, are as long and end as a scheme's numbers do.
fn found(text: &str) -> Vec<Number> {
    // Most texts: nothing to look at, whatever stands between.
    let candidates = text
        .bytes()
        .filter(|byte| byte.is_ascii_digit() || !byte.is_ascii());
    if candidates.count() < SHORTEST {
        return Vec::new();
    }
    let (groups, digits) = groups(text);
    let mut found = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        let last = number_from(text, &groups[first..], &digits).map(|more| first + more);
        if let Some(last) = last {
            found.push(Number {
                place: groups[first].place.start..groups[last].place.end,
                digits: digits[groups[first].digits.start..groups[last].digits.end].to_vec(),
            });
        }
        first = last.unwrap_or(first) + 1;
    }
    found
}

/// Which of these groups is the last of the number that begins with the first.
fn number_from(text: &str, groups: &[Group], digits: &[u8]) -> Option<usize> {
    let first = groups.first()?;
    let mut last = None;
    for (place, group) in groups.iter().enumerate() {
        let together = &digits[first.digits.start..group.digits.end];
        if (place > 0 && !group.goes_on) || together.len() > LONGEST {
            break;
        }
        if is_card_number(together)
            && !is_phone(text, first.place.start, together.len())
            && !groups[..=place]
                .iter()
                .any(|group| is_of_a_word(text, &group.place))
        {
            last = Some(place);
        }
    }
    last
}

/// `+44 …`: no phone number has more digits than this.
fn is_phone(text: &str, start: usize, digits: usize) -> bool {
    digits <= SHORTEST && text[..start].ends_with('+')
}

fn groups(text: &str) -> (Vec<Group>, Vec<u8>) {
    let mut groups: Vec<Group> = Vec::new();
    let mut digits = Vec::new();
    let mut separators = SEPARATORS + 1;
    for (place, character) in text.char_indices() {
        let Some(digit) = digit(character) else {
            separators = match is_separator(character) {
                true => separators.saturating_add(1),
                false => SEPARATORS + 1,
            };
            continue;
        };
        digits.push(digit);
        let end = place + character.len_utf8();
        match groups.last_mut() {
            Some(group) if separators == 0 => {
                group.place.end = end;
                group.digits.end = digits.len();
            }
            _ => groups.push(Group {
                place: place..end,
                digits: digits.len() - 1..digits.len(),
                goes_on: separators <= SEPARATORS,
            }),
        }
        separators = 0;
    }
    (groups, digits)
}

/// Whether digits are part of an id of the API, of a hash, or of a UUID: chance makes numbers of them.
fn is_of_a_word(text: &str, digits: &Range<usize>) -> bool {
    let hexadecimal = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let word = stretch(text, digits, |byte| byte.is_ascii_alphanumeric());
    let named = &text[word.clone()];
    if hexadecimal(named) {
        let is_id = named.len() == 16
            && contract::ID_PREFIXES.iter().any(|(prefix, _)| {
                let before = text[..word.start].strip_suffix(prefix);
                before.is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()))
            });
        if is_id || named.len() >= HASH {
            return true;
        }
    }
    let whole = &text[stretch(text, digits, |byte| {
        byte.is_ascii_hexdigit() || byte == b'-'
    })];
    let parts = whole.split('-').map(str::len);
    parts.eq([8, 4, 4, 4, 12])
}

/// The characters around a place that all fit.
fn stretch(text: &str, around: &Range<usize>, fits: impl Fn(u8) -> bool) -> Range<usize> {
    let bytes = text.as_bytes();
    let before = bytes[..around.start].iter().rev();
    let after = bytes[around.end..].iter();
    let start = around.start - before.take_while(|byte| fits(**byte)).count();
    let end = around.end + after.take_while(|byte| fits(**byte)).count();
    start..end
}

/// What people write between the digits of a number, and what hides there unseen.
fn is_separator(character: char) -> bool {
    character.is_whitespace()
        || matches!(
            character,
            '-' | '.' | '_' | '/' | '+' | '*' | '|' | '~' | ',' | '#' | '\'' | '·' | '\u{ad}'
        )
        // Dashes, spaces of no width, the minus sign.
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2010}'..='\u{2015}' | '\u{2060}' | '\u{2212}' | '\u{feff}')
}

/// Where other scripts have their zero; the other nine digits follow it.
const ZEROS: [u32; 19] = [
    0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50,
    0xED0, 0xF20, 0x1040, 0x17E0, 0x1810, 0xFF10,
];

/// The digit that a character is, full-width and those of other scripts included.
pub(super) fn digit(character: char) -> Option<u8> {
    let code = u32::from(character);
    // Nearly always.
    if character.is_ascii() {
        return u8::try_from(code.checked_sub(0x30)?)
            .ok()
            .filter(|digit| *digit < 10);
    }
    let value = match code {
        // Mathematical digits: five styles, one after the other.
        0x1D7CE..=0x1D7FF => (code - 0x1D7CE) % 10,
        _ => {
            let zero = ZEROS
                .iter()
                .find(|zero| (**zero..**zero + 10).contains(&code))?;
            code - zero
        }
    };
    u8::try_from(value).ok()
}

/// Whether a scheme has numbers that begin like this and are this long, and the check digit is right.
fn is_card_number(digits: &[u8]) -> bool {
    if digits.len() < SHORTEST {
        return false;
    }
    let first = digits[..4]
        .iter()
        .fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    let lengths: &[usize] = match first {
        4000..=4999 => &[13, 16, 18, 19],
        2221..=2720 | 5100..=5599 => &[16],
        3400..=3499 | 3700..=3799 => &[15],
        3000..=3099 | 3600..=3699 | 3800..=3999 => &[14, 15, 16, 17, 18, 19],
        2200..=2204 | 3500..=3599 | 5000..=5099 | 5600..=6999 => &[16, 17, 18, 19],
        _ => &[],
    };
    lengths.contains(&digits.len()) && has_check_digit(digits)
}

fn has_check_digit(digits: &[u8]) -> bool {
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
    use super::{REDACTED, card_numbers, is_no_name, must_not_be_kept, text};

    #[test]
    fn a_card_number_is_found_however_it_is_spelled() {
        for spelled in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242  4242  4242  4242",
            "4242-4242-4242-4242",
            "4242 - 4242 - 4242 - 4242",
            "4242.4242.4242.4242",
            "4242_4242_4242_4242",
            "4242/4242/4242/4242",
            "4242+4242+4242+4242",
            "4242,4242,4242,4242",
            "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
            "4242\u{a0}4242\u{2009}4242\u{202f}4242",
            "4242\u{2013}4242\u{2013}4242\u{2013}4242",
            "4242\u{200b}4242\u{200b}4242\u{200b}4242",
            "４２４２４２４２４２４２４２４２",
            "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
            "card4242424242424242",
            "order_4242424242424242",
            "4242424242424242x",
            "7 4242424242424242 12",
            "2026-11-21 4242424242424242",
            "378282246310005",
            "30569309025904",
            "6011111111111117",
            "3566002020360505",
            "2223003122003222",
            "6759649826438453",
        ] {
            let clean = text(spelled);
            assert!(clean.contains(REDACTED), "{spelled} → {clean}");
            assert!(!clean.contains("42"), "{spelled} → {clean}");
            assert!(must_not_be_kept(spelled), "{spelled}");
            assert!(is_no_name(spelled), "{spelled}");
        }
        let found: Vec<String> = card_numbers("a 4242.4242.4242.4242, b 378282246310005").collect();
        assert_eq!(found, ["4242424242424242", "378282246310005"]);
    }

    #[test]
    fn what_is_no_card_number_stays() {
        for plain in [
            "pay_4242424242424242",
            "/v1/payments/pay_4242424242424242/history",
            "cus_a012345678901234",
            "2026-11-21T18:02:40.123Z",
            "2026-11-21 18.02.40.123 2026",
            "20261121180240",
            "1716135600000",
            "+44 20 7946 0000",
            "+62 812 3456 7893",
            "550e8400-e29b-41d4-a716-446655440000",
            "40000000-0000-4002-8716-446655440000",
            "4242424242424242abcdef00",
            "STL-2026-05-19-FX-00001",
            "4242424242424241",
            "4444444444444444444444444444444444",
            "10.0.0.1, 192.168.100.200, 203.0.113.195",
            "49.99",
        ] {
            assert_eq!(text(plain), plain);
            assert!(!must_not_be_kept(plain), "{plain}");
        }
    }

    #[test]
    fn a_name_of_a_request_is_judged_more_strictly() {
        // Luhn holds for 12 digits, and for 13 that no scheme gives out.
        for number in ["676770000000", "4222222222222", "2000000000008"] {
            let checked = number.to_owned();
            assert_eq!(
                is_no_name(&checked),
                super::has_check_digit(&number.bytes().map(|byte| byte - b'0').collect::<Vec<_>>()),
                "{number}"
            );
        }
        let key = format!("sk_test_{}", "aB3".repeat(11));
        assert!(is_no_name(&key));
        assert!(is_no_name(&format!("order-{key}")));
        assert!(must_not_be_kept(&key));
        for usual in [
            "order-8421",
            "550e8400-e29b-41d4-a716-446655440000",
            "a",
            "1716135600000",
        ] {
            assert!(!is_no_name(usual), "{usual}");
        }
    }

    #[test]
    fn thirteen_digits_are_hidden_and_may_be_kept() {
        assert_eq!(text("4222222222222"), REDACTED);
        assert!(!must_not_be_kept("4222222222222"));
    }
}
