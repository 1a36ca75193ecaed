//! The reference that ties payments, their batch and the line of a bank statement together.
//!
//! Owns its form and finding it in the text that banks put around it. A reference is sixteen bytes
//! and copied, so that a million payments cost no text.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use crate::contract;
use crate::error::Error;

/// The fewest digits of the daily counter.
const COUNTER_MIN_DIGITS: usize = 5;
/// The most: what fits, should a day ever have more than 99 999 batches.
const COUNTER_MAX_DIGITS: usize = 9;
/// The most characters of a partner's code.
const PARTNER_MAX_CHARS: usize = 4;

/// The reference of a settlement batch: `STL-2026-05-21-FX-04812`.
///
/// Its parts are the date of settlement, the code of the payment partner and a daily counter.
/// Contract §2, "settlement_reference".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SettlementReference {
    date: Date,
    partner: [u8; PARTNER_MAX_CHARS],
    counter: u32,
}

/// What a text says about settlements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing: the line is not Fluxa's.
    Nothing,
    /// One reference, once or more often.
    One(SettlementReference),
    /// More than one, or one that was cut or garbled.
    Unclear,
}

impl SettlementReference {
    /// Returns the reference after checking its form; either case is read.
    ///
    /// # Errors
    /// [`Error::Config`] when `text` is no settlement reference. Nothing has been sent.
    pub fn parse(text: &str) -> Result<Self, Error> {
        read(text.as_bytes()).ok_or_else(|| {
            Error::config(format!(
                "not a settlement reference; one looks like `{}YYYY-MM-DD-FX-NNNNN`",
                contract::SETTLEMENT_REFERENCE_PREFIX
            ))
        })
    }

    /// Returns the date of settlement, which the bank's date may follow by days.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Looks for a reference in the text of a bank's line.
    ///
    /// A reference ends where letters, digits and hyphens end, so that one with a digit too many is
    /// not taken for a shorter one. Dashes of every kind count as hyphens. One with a single blank
    /// for each hyphen is read too, for the blanks leave no doubt; anything else that was meant as
    /// one, such as with underscores, is unclear.
    pub(super) fn find(text: &str) -> Found {
        let text = &*plain(text);
        let mut found = blanked(text);
        let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
        for token in text.split(|c| !word(c)) {
            let token = token.trim_matches('-');
            if !starts_like_one(token) {
                continue;
            }
            found = match (read(token.as_bytes()), found) {
                (Some(one), Found::Nothing) => Found::One(one),
                (Some(one), Found::One(other)) if one == other => found,
                _ => return Found::Unclear,
            };
        }
        found
    }
}

/// Returns the text with hyphens for all dashes and spaces for all blanks.
fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| match c {
        // Those of Windows-1252, read as Latin-1, among them.
        '\u{96}'
        | '\u{97}'
        | '\u{ad}'
        | '\u{2010}'..='\u{2015}'
        | '\u{2212}'
        | '\u{fe58}'
        | '\u{fe63}'
        | '\u{ff0d}' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    Cow::Owned(text.chars().map(plain).collect())
}

/// Looks for references whose hyphens became something else.
fn blanked(text: &str) -> Found {
    let name = contract::SETTLEMENT_REFERENCE_PREFIX.trim_end_matches('-');
    let bytes = text.as_bytes();
    let mut found = Found::Nothing;
    for at in 0..bytes.len().saturating_sub(name.len()) {
        let end = at + name.len();
        if !bytes[at..end].eq_ignore_ascii_case(name.as_bytes())
            || at
                .checked_sub(1)
                .is_some_and(|before| bytes[before].is_ascii_alphanumeric())
            || !is_followed_by_a_month(&bytes[end..])
            || starts_like_one(&text[at..])
        {
            continue;
        }
        found = match (read_blanked(&text[end..]), found) {
            (Some(one), Found::Nothing) => Found::One(one),
            (Some(one), Found::One(other)) if one == other => found,
            _ => return Found::Unclear,
        };
    }
    found
}

/// Reads what stands behind the name when each hyphen is one blank.
fn read_blanked(rest: &str) -> Option<SettlementReference> {
    let parts: Vec<&str> = rest.strip_prefix(' ')?.splitn(6, ' ').take(5).collect();
    let [parts @ .., counter] = parts.as_slice() else {
        return None;
    };
    let counter = counter.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let counter = counter.take(1).collect::<String>();
    let whole = parts.join("-") + "-" + &counter;
    match parts.len() {
        4 => read((contract::SETTLEMENT_REFERENCE_PREFIX.to_owned() + &whole).as_bytes()),
        _ => None,
    }
}

/// Whether a year and a month follow, after a few separators of any kind or none.
fn is_followed_by_a_month(rest: &[u8]) -> bool {
    let mut rest = rest;
    for digits in [4, 2] {
        let separators = rest.iter().take(3);
        let separators = separators.take_while(|byte| !byte.is_ascii_alphanumeric());
        rest = &rest[separators.count()..];
        match rest.split_at_checked(digits) {
            Some((number, after)) if number.iter().all(u8::is_ascii_digit) => rest = after,
            _ => return false,
        }
    }
    true
}

/// Whether a word was meant to be a reference: the prefix, then a digit.
fn starts_like_one(token: &str) -> bool {
    let prefix = contract::SETTLEMENT_REFERENCE_PREFIX.as_bytes();
    let bytes = token.as_bytes();
    bytes.len() > prefix.len()
        && bytes[..prefix.len()].eq_ignore_ascii_case(prefix)
        && bytes[prefix.len()].is_ascii_digit()
}

fn read(text: &[u8]) -> Option<SettlementReference> {
    let (prefix, rest) = text.split_at_checked(contract::SETTLEMENT_REFERENCE_PREFIX.len())?;
    if !prefix.eq_ignore_ascii_case(contract::SETTLEMENT_REFERENCE_PREFIX.as_bytes()) {
        return None;
    }
    let mut parts = rest.split(|byte| *byte == b'-');
    let year = i16::try_from(number(parts.next()?, 4..=4)?).ok()?;
    let month = i8::try_from(number(parts.next()?, 2..=2)?).ok()?;
    let day = i8::try_from(number(parts.next()?, 2..=2)?).ok()?;
    let code = parts.next()?;
    let digits = parts.next()?;
    let counter = number(digits, COUNTER_MIN_DIGITS..=COUNTER_MAX_DIGITS)?;
    let padded = digits.len() > COUNTER_MIN_DIGITS && digits[0] == b'0';
    if parts.next().is_some()
        || padded
        || !(2..=PARTNER_MAX_CHARS).contains(&code.len())
        || !code.iter().all(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    let mut partner = [0; PARTNER_MAX_CHARS];
    partner[..code.len()].copy_from_slice(&code.to_ascii_uppercase());
    Some(SettlementReference {
        date: Date::new(year, month, day).ok()?,
        partner,
        counter,
    })
}

/// Reads digits, as many as are allowed and nothing else.
fn number(text: &[u8], lengths: std::ops::RangeInclusive<usize>) -> Option<u32> {
    if !lengths.contains(&text.len()) || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

impl fmt::Display for SettlementReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}-", contract::SETTLEMENT_REFERENCE_PREFIX, self.date)?;
        for byte in self.partner.iter().take_while(|byte| **byte != 0) {
            fmt::Write::write_char(f, char::from(*byte))?;
        }
        write!(f, "-{:0width$}", self.counter, width = COUNTER_MIN_DIGITS)
    }
}

impl fmt::Debug for SettlementReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for SettlementReference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for SettlementReference {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl Serialize for SettlementReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_sixteen_bytes_and_reads_as_it_was_written() {
        assert!(size_of::<SettlementReference>() <= 16);
        for text in [
            "STL-2026-05-21-FX-04812",
            "STL-2026-02-28-AB1C-123456",
            "STL-2026-12-31-ZZ-00001",
        ] {
            assert_eq!(SettlementReference::parse(text).unwrap().to_string(), text);
            let lower = text.to_ascii_lowercase();
            assert_eq!(
                SettlementReference::parse(&lower).unwrap().to_string(),
                text
            );
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for bad in [
            "",
            "STL-",
            "STL-2026-05-21-FX-",
            "STL-2026-05-21-FX-0481",
            "STL-2026-05-21-FX-004812",
            "STL-2026-05-21-FX-9999999999",
            "STL-2026-02-30-FX-04812",
            "STL-2026-13-01-FX-04812",
            "STL-2026-5-21-FX-04812",
            "STL-2026-05-21-F-04812",
            "STL-2026-05-21-FXXXX-04812",
            "STL-2026-05-21-F\u{301}-04812",
            "STL-2026-05-21-FX-04812-1",
            "STL-2026-05-21-FX-٠٤٨١٢",
            "stl_2026052100481200",
        ] {
            assert!(SettlementReference::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_reference_is_found_in_what_banks_write_around_it() {
        let one = Found::One(SettlementReference::parse("STL-2026-05-21-FX-04812").unwrap());
        for (text, expected) in [
            (
                "21/05/2026 STL-2026-05-21-FX-04812 BACS CR 4,237.45 CR",
                one,
            ),
            ("FLUXA STL-2026-05-21-FX-04812", one),
            ("ref:STL-2026-05-21-FX-04812,BACS", one),
            ("stl-2026-05-21-fx-04812", one),
            (
                "STL-2026-05-21-FX-04812\u{0}\u{7}STL-2026-05-21-FX-04812",
                one,
            ),
            ("=HYPERLINK(\"STL-2026-05-21-FX-04812\")", one),
            ("-STL-2026-05-21-FX-04812-", one),
            ("", Found::Nothing),
            ("Rent for the STL-mall", Found::Nothing),
            ("XSTL-2026-05-21-FX-04812", Found::Nothing),
            // Other dashes, also those of Windows-1252 read as Latin-1, and blanks.
            ("STL–2026–05–21–FX–04812", one),
            ("STL-2026\u{2011}05-21—FX\u{96}04812 BACS", one),
            ("STL 2026 05 21 FX 04812", one),
            ("ref stl\u{a0}2026 05 21 fx 04812, BACS CR", one),
            ("STL 2026 05 21 FX 04812/STL-2026-05-21-FX-04812", one),
            (
                "STL 2026 05 21 FX 04812 STL-2026-05-21-FX-04813",
                Found::Unclear,
            ),
            ("STL 2026 05 21 FX 04812-1", Found::Unclear),
            ("STL 2026 05 21 FX 0481", Found::Unclear),
            ("STL 2026 05 21 FX", Found::Unclear),
            ("STL  2026 05 21 FX 04812", Found::Unclear),
            ("STL 2026-05-21-FX-04812", Found::Unclear),
            ("STL_2026_05_21_FX_04812", Found::Unclear),
            ("STL20260521FX04812", Found::Unclear),
            ("STL - 2026 - 05", Found::Unclear),
            ("STL 2026 tournament", Found::Nothing),
            ("HUSTL 2026 05 21 FX 04812", Found::Nothing),
            ("STL é 2026 STL", Found::Nothing),
            // A number behind a reference that was cut is not its counter.
            ("STL-2026-05-21-FX- 12345678", Found::Unclear),
            // The 18 characters that BACS carries.
            ("STL-2026-05-21-FX-", Found::Unclear),
            ("STL-2026-05-21-FX-048123X", Found::Unclear),
            (
                "STL-2026-05-21-FX-04812 STL-2026-05-21-FX-04813",
                Found::Unclear,
            ),
        ] {
            assert_eq!(SettlementReference::find(text), expected, "{text:?}");
        }
    }
}
