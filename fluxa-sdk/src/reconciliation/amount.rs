//! Amounts and dates as banks write them.
//!
//! Owns reading them into whole minor units and civil dates, without floating point. What is not
//! surely an amount is a fault: a guess would be money. Faults never repeat the text, which a wrong
//! column makes somebody's name.

use jiff::civil::Date;

use super::format::DateOrder;
use crate::money::Currency;

/// The currencies whose sign is `$`. In a statement of any other it is somebody else's money.
const DOLLARS: [&str; 9] = [
    "USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "BRL", "TWD",
];

/// What an amount says of its own direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    Unsaid,
    /// `+`, `CR`.
    Credit,
    /// `-`, `(…)`, `DR`.
    Debit,
}

/// Reads an amount into its sign and its minor units, which are never negative.
///
/// Read are `4237.45`, `4,237.45`, `£4,237.45`, `4237.4`, `4237`; and around them `CR`, `DR`, one
/// sign in front or behind, or parentheses.
pub(super) fn amount(text: &str, currency: &Currency) -> Result<(Sign, i64), &'static str> {
    let mut rest = text.trim();
    let mut sign = Sign::Unsaid;
    let mut say = |said: Sign| match sign {
        Sign::Unsaid => {
            sign = said;
            Ok(())
        }
        _ => Err("the amount says its direction twice; give it once"),
    };
    // Signs, markers, parentheses and the currency come in any order around the digits.
    let mut named = false;
    loop {
        let before = rest;
        if let Some(inner) = rest.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            say(Sign::Debit)?;
            rest = inner.trim();
        }
        for (marker, said) in [
            ("CR", Sign::Credit),
            ("DR", Sign::Debit),
            ("+", Sign::Credit),
            ("-", Sign::Debit),
            ("\u{2212}", Sign::Debit),
        ] {
            if let Some(inner) = strip(rest, marker) {
                say(said)?;
                rest = inner.trim();
            }
        }
        let code = currency.as_str();
        for (marker, fits) in [
            ("£", code == "GBP"),
            ("€", code == "EUR"),
            ("$", DOLLARS.contains(&code)),
            (code, true),
        ] {
            if let Some(inner) = strip(rest, marker) {
                if named || !fits {
                    return Err(
                        "the amount is in another currency than its line; check the currency of \
                         the statement's format",
                    );
                }
                named = true;
                rest = inner.trim();
            }
        }
        if rest == before {
            break;
        }
    }
    Ok((sign, minor_units(rest, currency.minor_digits())?))
}

/// Takes `marker` off either end, in either case.
fn strip<'t>(text: &'t str, marker: &str) -> Option<&'t str> {
    let ends = [
        text.split_at_checked(marker.len()),
        text.len()
            .checked_sub(marker.len())
            .and_then(|at| text.split_at_checked(at))
            .map(|(rest, end)| (end, rest)),
    ];
    ends.into_iter()
        .flatten()
        .find(|(end, _)| end.eq_ignore_ascii_case(marker))
        .map(|(_, rest)| rest)
}

fn minor_units(text: &str, digits: u32) -> Result<i64, &'static str> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.is_empty() && text.ends_with('.') {
        return Err("the amount ends with a point");
    }
    if fraction.len() > digits as usize {
        return Err("the amount has more decimals than its currency");
    }
    let groups: Vec<&str> = whole.split(',').collect();
    let grouped = groups.len() == 1
        || ((1..=3).contains(&groups[0].len()) && groups[1..].iter().all(|group| group.len() == 3));
    if !grouped {
        return Err(
            "a comma stands where no thousands end; amounts are written 1,234.56 with a point \
             before the decimals",
        );
    }
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !groups.iter().all(|group| all_digits(group))
        || !(fraction.is_empty() || all_digits(fraction))
    {
        return Err("this is no amount; check which column holds it");
    }
    let padding = std::iter::repeat_n(b'0', digits as usize - fraction.len());
    groups
        .iter()
        .flat_map(|group| group.bytes())
        .chain(fraction.bytes())
        .chain(padding)
        .try_fold(0_i64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
        })
        .ok_or("the amount is larger than any there is")
}

/// Reads a date; a time behind it is left alone.
///
/// Years have four digits, or two for 2000 to 2099; months may be named in English. Parts are
/// separated by `/`, `-`, `.` or a space. A year in front is read as such in any order.
pub(super) fn date(text: &str, order: DateOrder) -> Result<Date, &'static str> {
    const FAULT: &str = "this is no date in the order the format names";
    let text = text.trim();
    let mut parts = text.split(['/', '-', '.', ' ', 'T']).map(str::trim);
    let (Some(a), Some(b), Some(c)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(FAULT);
    };
    let (year, month, day) = match order {
        _ if a.len() == 4 => (a, b, c),
        DateOrder::DayMonthYear => (c, b, a),
        DateOrder::MonthDayYear => (c, a, b),
        DateOrder::YearMonthDay => (a, b, c),
    };
    let number = |part: &str, lengths: &[usize]| -> Option<i16> {
        let digits = lengths.contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    let year = number(year, &[4]).or_else(|| Some(2000 + number(year, &[2])?));
    let month = number(month, &[1, 2]).or_else(|| month_named(month));
    let day = number(day, &[1, 2]);
    let (Some(year), Some(month), Some(day)) = (year, month, day) else {
        return Err(FAULT);
    };
    // Both are of two digits at most.
    let (month, day) = (i8::try_from(month), i8::try_from(day));
    match (month, day) {
        (Ok(month), Ok(day)) => Date::new(year, month, day).map_err(|_| FAULT),
        _ => Err(FAULT),
    }
}

fn month_named(text: &str) -> Option<i16> {
    let names = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let text = text.to_ascii_lowercase();
    let matches = |name: &&str| text.len() >= 3 && name.starts_with(&text);
    let position = names.iter().position(matches)?;
    i16::try_from(position + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_banks_write_them() {
        for (text, sign, minor) in [
            ("4,237.45", Sign::Unsaid, 423_745),
            ("4237.45", Sign::Unsaid, 423_745),
            ("£4,237.45", Sign::Unsaid, 423_745),
            ("GBP 4237.45", Sign::Unsaid, 423_745),
            ("4,237.45 CR", Sign::Credit, 423_745),
            ("4237.45cr", Sign::Credit, 423_745),
            ("CR £4,237.45", Sign::Credit, 423_745),
            ("+12.00", Sign::Credit, 1200),
            ("(12.00)", Sign::Debit, 1200),
            ("(£12.00)", Sign::Debit, 1200),
            ("£(12.00)", Sign::Debit, 1200),
            ("-12.00", Sign::Debit, 1200),
            ("-£12.00", Sign::Debit, 1200),
            ("£-12.00", Sign::Debit, 1200),
            ("\u{2212}12.00", Sign::Debit, 1200),
            ("12.00-", Sign::Debit, 1200),
            ("12.00 DR", Sign::Debit, 1200),
            ("\u{a0}12.00\u{a0}", Sign::Unsaid, 1200),
            ("12", Sign::Unsaid, 1200),
            ("12.5", Sign::Unsaid, 1250),
            ("0.01", Sign::Unsaid, 1),
            ("1,234,567.89", Sign::Unsaid, 123_456_789),
            ("92233720368547758.07", Sign::Unsaid, i64::MAX),
        ] {
            assert_eq!(amount(text, &Currency::GBP), Ok((sign, minor)), "{text:?}");
        }
        let dollar = Currency::parse("USD").unwrap();
        assert_eq!(amount("$12.00", &dollar), Ok((Sign::Unsaid, 1200)));
        assert!(amount("£12.00", &dollar).is_err());
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(amount("4,237", &yen), Ok((Sign::Unsaid, 4237)));
        let dinar = Currency::parse("KWD").unwrap();
        assert_eq!(amount("4.237", &dinar), Ok((Sign::Unsaid, 4237)));
    }

    #[test]
    fn what_is_not_surely_an_amount_is_a_fault() {
        for bad in [
            "",
            "-",
            "4,23",
            "4,23.45",
            "1,2345.00",
            ",123",
            "1234,567",
            "4.237,45",
            "1e5",
            "0x10",
            "NaN",
            "inf",
            "12.345",
            "12.",
            ".45",
            "1.2.3",
            "1 234.56",
            "12.00 14.00",
            "--12.00",
            "-12.00 CR",
            "(12.00) DR",
            "(-12.00)",
            "€12.00",
            "$12.00",
            "12.00 $",
            "($12.00)",
            "££12.00",
            "12.00 EUR",
            "92233720368547758.08",
            "99999999999999999999999999",
            "١٢.٠٠",
            "12.00\u{0}",
            "=1+1",
        ] {
            assert!(amount(bad, &Currency::GBP).is_err(), "{bad:?}");
        }
        let yen = Currency::parse("JPY").unwrap();
        assert!(amount("12.5", &yen).is_err());
    }

    #[test]
    fn dates_are_read_in_the_order_named() {
        let may = Date::new(2026, 5, 4).unwrap();
        for text in [
            "04/05/2026",
            "4/5/26",
            "04-05-2026",
            "04.05.2026",
            "04 May 2026",
            "4-MAY-26",
            "2026-05-04",
            "2026-05-04T10:00:00Z",
            "04/05/2026 10:00",
        ] {
            assert_eq!(date(text, DateOrder::DayMonthYear), Ok(may), "{text:?}");
        }
        assert_eq!(date("05/04/2026", DateOrder::MonthDayYear), Ok(may));
        assert_eq!(date("26-05-04", DateOrder::YearMonthDay), Ok(may));
        for bad in [
            "",
            "today",
            "31/02/2026",
            "05/21/2026",
            "04/05",
            "04/05/202",
            "04/Ma/2026",
            "-1/5/2026",
        ] {
            assert!(date(bad, DateOrder::DayMonthYear).is_err(), "{bad:?}");
        }
    }
}
