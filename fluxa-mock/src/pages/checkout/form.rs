//! Owns the reading of the card form: its fields, what is wrong with each, and what may be shown again.

use crate::domain::card::TestCard;
use crate::domain::error::DomainError;
use crate::time::Time;
use std::fmt;

/// The longest name and postcode, as at `/sandbox/checkout/sessions/{id}/complete`.
const NAME_LONGEST: usize = 200;
const POSTCODE_LONGEST: usize = 20;
/// Longest of any other field.
const FIELD_LONGEST: usize = 64;

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Number,
    Expiry,
    Cvc,
    Name,
    Postcode,
}

impl Field {
    /// The name it is sent by, which is its id on the page too.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Expiry => "expiry",
            Self::Cvc => "cvc",
            Self::Name => "name",
            Self::Postcode => "postcode",
        }
    }
}

/// The form: as it was sent, or to be filled in.
pub(super) struct Form {
    id: String,
    number: String,
    expiry: String,
    cvc: String,
    pub(super) name: String,
    pub(super) postcode: String,
    faults: Vec<(Field, String)>,
}

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Form(…)")
    }
}

impl Form {
    /// A form to be filled in; `id` tells it from every other one shown.
    pub(super) fn empty(id: String) -> Self {
        Self {
            id,
            number: String::new(),
            expiry: String::new(),
            cvc: String::new(),
            name: String::new(),
            postcode: String::new(),
            faults: Vec::new(),
        }
    }

    /// The form as it was sent.
    pub(super) fn new(fields: Vec<(String, String)>) -> Self {
        let take = |name: &str| {
            let found = fields.iter().find(|(key, _)| key == name);
            found.map_or_else(String::new, |(_, value)| value.trim().to_owned())
        };
        Self {
            id: take("form").chars().take(FIELD_LONGEST).collect(),
            number: take(Field::Number.name()),
            expiry: take(Field::Expiry.name()),
            cvc: take(Field::Cvc.name()),
            name: take(Field::Name.name()),
            postcode: take(Field::Postcode.name()),
            faults: Vec::new(),
        }
    }

    /// Which form it is.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The form to fill in again: of what was sent only what is not of the card.
    pub(super) fn again(self, id: String) -> Self {
        Self {
            name: self.name,
            postcode: self.postcode,
            faults: self.faults,
            ..Self::empty(id)
        }
    }

    /// What is wrong, in the order of the fields.
    pub(super) fn faults(&self) -> &[(Field, String)] {
        &self.faults
    }

    /// What is wrong with a field.
    pub(super) fn fault(&self, field: Field) -> Option<&str> {
        let found = self.faults.iter().find(|(at, _)| *at == field);
        found.map(|(_, message)| message.as_str())
    }

    /// The card, if every field is right; else the form with what is wrong with it.
    pub(super) fn check(mut self, now: Time) -> (Option<TestCard>, Self) {
        let (month, year) = parse_expiry(&self.expiry).unwrap_or((0, 0));
        let card = TestCard::new(self.number.clone(), month, year, self.cvc.clone());
        let faults = card.faults(now);
        for field in [Field::Number, Field::Expiry, Field::Cvc] {
            if let Some(message) = self.card_fault(field, &faults) {
                self.faults.push((field, message));
            }
        }
        for (field, text, longest) in [
            (Field::Name, &self.name, NAME_LONGEST),
            (Field::Postcode, &self.postcode, POSTCODE_LONGEST),
        ] {
            if text.chars().count() > longest {
                let message = format!("Use at most {longest} characters");
                self.faults.push((field, message));
            }
        }
        (self.faults.is_empty().then_some(card), self)
    }

    fn card_fault(&self, field: Field, faults: &[DomainError]) -> Option<String> {
        let about = |name: &str| {
            faults
                .iter()
                .any(|fault| fault.param.as_deref() == Some(name))
        };
        let message = match field {
            Field::Number if self.number.is_empty() => "Enter your card number",
            Field::Number if about("card[number]") => {
                "This is not one of the test cards listed above. Never type a real card number here"
            }
            Field::Expiry if self.expiry.is_empty() => "Enter the expiry date",
            Field::Expiry if about("card[exp_month]") => {
                "Enter the expiry as month and year, such as 12/34"
            }
            Field::Expiry if about("card[exp_year]") => "The expiry date is in the past",
            Field::Cvc if self.cvc.is_empty() => "Enter the security code",
            Field::Cvc if about("card[cvc]") => "The security code is the three digits on the back",
            _ => return None,
        };
        Some(message.to_owned())
    }
}

/// Month and year from `MM/YY`, `MM / YYYY`, `MM-YY` or `MMYY`, as people and browsers write it.
fn parse_expiry(text: &str) -> Option<(i64, i64)> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (month, year) = match compact.split_once(['/', '-', '.']) {
        Some(parts) => parts,
        None => compact.split_at_checked(2)?,
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(month) || !digits(year) || month.len() > 2 || !matches!(year.len(), 2 | 4) {
        return None;
    }
    Some((month.parse().ok()?, year.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::{Field, Form, parse_expiry};
    use crate::time::Time;

    #[test]
    fn an_expiry_is_read_however_people_write_it() {
        for text in [
            "12/34", "12 / 34", "12/2034", "12-34", "1234", "12.34", "122034",
        ] {
            let (month, year) = parse_expiry(text).unwrap();
            assert_eq!((month, year % 100), (12, 34), "{text}");
        }
        assert_eq!(parse_expiry("1/34"), Some((1, 34)));
        for text in [
            "", "1", "12", "12/3", "12/034", "a/34", "é34", "12/34/56", "-1/34", "2034-12",
        ] {
            assert_eq!(parse_expiry(text), None, "{text}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once_and_the_card_is_not_shown_again() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let sent = Form::new(vec![
            field("number", "4111 1111 1111 1111"),
            field("expiry", "01/20"),
            field("cvc", "12"),
            field("name", "Ada"),
            field("postcode", &"x".repeat(21)),
        ]);
        let now = Time::parse("2026-05-19T00:00:00Z").unwrap();
        let (card, form) = sent.check(now);
        assert!(card.is_none());
        let form = form.again("frm_1".to_owned());
        let wrong: Vec<Field> = form.faults().iter().map(|(field, _)| *field).collect();
        let expected = [Field::Number, Field::Expiry, Field::Cvc, Field::Postcode];
        assert_eq!(wrong, expected);
        assert_eq!(form.name, "Ada");
        assert_eq!((form.number, form.expiry, form.cvc), Default::default());
    }
}
