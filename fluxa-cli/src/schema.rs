//! Owns the form of the table in `generated/schemas.rs`: what the contract says of an answer or an
//! event; finding what can be at a place of one, and whether a value can be there.
//!
//! Says "can": a field that is there today may be left out tomorrow. Knows nothing of scenarios.

use serde_json::Value;

use crate::json_path::JsonPath;
use crate::suggest;

/// What JSON can be.
#[derive(Debug)]
pub(crate) enum Schema {
    /// The contract says nothing of it.
    Any,
    Text,
    /// A text; these are the values that there are.
    OneOf(&'static [&'static str]),
    Integer,
    Number,
    Boolean,
    List(&'static Schema),
    /// Texts by names of one's own.
    Map,
    /// These fields and no others.
    Object(&'static [(&'static str, &'static Schema)]),
    /// An id, or the object itself where it was expanded.
    Expandable(&'static Schema),
}

/// Why there can be nothing at a place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Nowhere {
    pub(crate) fault: String,
    pub(crate) hint: Option<String>,
}

impl Schema {
    /// Returns what can be at a place; `expanded`: where expandable fields may be objects.
    ///
    /// # Errors
    /// There can be nothing.
    pub(crate) fn at(
        &'static self,
        path: &JsonPath,
        expanded: bool,
    ) -> Result<&'static Self, Nowhere> {
        let mut place = self;
        let mut above = String::new();
        for part in path.parts() {
            if let Self::Expandable(object) = place {
                if !expanded {
                    return Err(Nowhere {
                        fault: format!("`{above}` is an id: there is nothing below it"),
                        hint: Some(format!(
                            "in a `call`, query = {{ \"expand[]\" = \"{above}\" }} has the object there"
                        )),
                    });
                }
                place = object;
            }
            place = match place {
                Self::Any => return Ok(&Self::Any),
                Self::Map => &Self::Text,
                Self::List(items) if part.parse::<usize>().is_ok() => items,
                Self::Object(fields) => match fields.iter().find(|(name, _)| *name == part) {
                    Some((_, field)) => field,
                    None => return Err(self.unknown(path, &above, part, fields)),
                },
                _ => {
                    let fault =
                        format!("`{above}` is {}: there is no `{part}` in it", place.what());
                    let hint = matches!(place, Self::List(_))
                        .then(|| format!("its items are `{above}.0`, `{above}.1`, …"));
                    return Err(Nowhere { fault, hint });
                }
            };
            if !above.is_empty() {
                above.push('.');
            }
            above.push_str(part);
        }
        Ok(place)
    }

    /// A field that there is not, and what was probably meant: one beside it, or one of that name
    /// elsewhere.
    fn unknown(
        &'static self,
        path: &JsonPath,
        above: &str,
        part: &str,
        fields: &[(&'static str, &Self)],
    ) -> Nowhere {
        let below = |name: &str| match above {
            "" => name.to_owned(),
            above => format!("{above}.{name}"),
        };
        let typed = path.to_string();
        let names = fields.iter().map(|(name, _)| *name);
        let shorter = typed.match_indices('.').map(|(at, _)| &typed[at + 1..]);
        let meant = shorter
            .filter_map(|ending| ending.parse().ok())
            .find(|ending| self.at(ending, false).is_ok())
            .map(|ending| ending.to_string())
            .or_else(|| self.ending_in(&typed))
            .or_else(|| suggest::closest(part, names.clone()).map(below));
        Nowhere {
            fault: format!("the contract has no `{typed}` there"),
            hint: Some(match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => {
                    let names: Vec<String> = names.map(below).collect();
                    format!("there are: {}", names.join(", "))
                }
            }),
        }
    }

    /// Returns the shortest longer path that ends as this one: `amount` is `data.object.amount`.
    fn ending_in(&'static self, typed: &str) -> Option<String> {
        /// As deep as a field of an event's object is.
        const DEEP: usize = 4;
        let ending = format!(".{typed}");
        let mut paths = Vec::new();
        self.gather("", DEEP, &mut paths);
        paths.retain(|path| path.ends_with(&ending));
        paths.into_iter().min_by_key(String::len)
    }

    fn gather(&'static self, above: &str, deep: usize, paths: &mut Vec<String>) {
        let (Self::Object(fields), Some(deep)) = (self, deep.checked_sub(1)) else {
            return;
        };
        for (name, field) in *fields {
            let path = match above {
                "" => (*name).to_owned(),
                above => format!("{above}.{name}"),
            };
            field.gather(&path, deep, paths);
            paths.push(path);
        }
    }

    /// Says what is wrong with a value where this is. What a variable stands for is not known yet.
    pub(crate) fn misfit(&self, value: &Value) -> Option<String> {
        if value.is_null() || value.as_str().is_some_and(|text| text.contains("${")) {
            return None;
        }
        let fits = match (self, value) {
            (Self::Any, _)
            | (Self::Text, Value::String(_))
            | (Self::Number, Value::Number(_))
            | (Self::Boolean, Value::Bool(_))
            | (Self::Expandable(_), Value::String(_)) => true,
            (Self::Integer, Value::Number(number)) => {
                number.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            (Self::OneOf(known), Value::String(text)) => {
                return (!known.contains(&text.as_str())).then(|| {
                    match suggest::closest(text, known.iter().copied()) {
                        Some(meant) => format!("it is never \"{text}\": did you mean \"{meant}\"?"),
                        None => format!("it is never \"{text}\", but one of {}", known.join(", ")),
                    }
                });
            }
            (Self::List(of), Value::Array(items)) => {
                return items.iter().find_map(|item| of.misfit(item));
            }
            (Self::Map, Value::Object(fields)) => {
                return fields.values().find_map(|value| Self::Text.misfit(value));
            }
            (Self::Object(known), Value::Object(fields)) => {
                return fields.iter().find_map(|(name, value)| {
                    match known.iter().find(|(known, _)| known == name) {
                        Some((_, field)) => field.misfit(value),
                        None => Some(format!("there is no `{name}` in it")),
                    }
                });
            }
            (Self::Expandable(object), value) => return object.misfit(value),
            _ => false,
        };
        (!fits).then(|| format!("it is {}, never {value}", self.what()))
    }

    /// Returns what it is, as a person would say it.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Text | Self::OneOf(_) => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::List(_) => "a list",
            Self::Map => "an object of texts",
            Self::Object(_) => "an object",
            Self::Expandable(_) => "an id",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::generated::RESOURCES;
    use crate::generated::schemas::{ERROR, EVENTS};
    use crate::operations::Operation;

    fn event(name: &str) -> &'static Schema {
        let found = EVENTS.iter().find(|(known, _)| *known == name);
        found.unwrap().1
    }

    fn at(name: &str, path: &str) -> Result<&'static Schema, Nowhere> {
        event(name).at(&path.parse().unwrap(), false)
    }

    #[test]
    fn every_event_type_has_a_schema_that_its_sample_fits() {
        let names: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
        let mut known = suggest::event_types().to_vec();
        known.sort_unstable();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, known);
        for name in names {
            let sample = fluxa_sdk::testing::sample_event_json(name);
            assert_eq!(event(name).misfit(&sample), None, "{name}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_sandbox_answers_and_tells_is_as_the_tables_say() {
        let server = fluxa_mock::MockServer::start().await.unwrap();
        let plan = fluxa_mock::SeedPlan::new().customers(20).days(30);
        server.seed(plan).await.unwrap();
        for told in server.events().await.unwrap() {
            let name = told["type"].as_str().unwrap();
            assert_eq!(event(name).misfit(&told), None, "{told}");
        }
        let client = fluxa_sdk::Client::builder(server.secret_key());
        let client = client.base_url(server.base_url()).build().unwrap();
        let operations = RESOURCES
            .into_iter()
            .flat_map(|resource| resource.operations);
        let lists = |operation: &&Operation| {
            operation.method == "GET" && operation.identified.is_none() && !operation.streaming
        };
        for operation in operations.filter(lists) {
            let answer = client
                .raw("GET", operation.path)
                .await
                .unwrap()
                .into_inner();
            assert_eq!(operation.answer.misfit(&answer), None, "{}", operation.path);
        }
    }

    #[test]
    fn what_can_be_at_a_place_is_what_the_contract_says() {
        for (path, what) in [
            ("id", "a text"),
            ("data.object.amount", "a whole number"),
            ("data.object.metadata.order_id", "a text"),
            ("data.object.payment_method.card.last4", "a text"),
            ("data.object.livemode", "true or false"),
            ("data.object.customer", "an id"),
            ("data.previous_state", "a text"),
        ] {
            assert_eq!(at("payment.settled", path).unwrap().what(), what, "{path}");
        }
        let code = ERROR.at(&"error.code".parse().unwrap(), false);
        assert!(matches!(code, Ok(Schema::OneOf(_))));
    }

    #[test]
    fn a_place_that_there_is_not_is_told_with_what_was_meant() {
        for (path, hint) in [
            ("data.object.amout", "did you mean `data.object.amount`?"),
            ("amount", "did you mean `data.object.amount`?"),
            ("data.objct.amount", "did you mean `data.object`?"),
            ("data.object.customer.email", "in a `call`, query"),
            ("zzz", "there are: "),
        ] {
            let nowhere = at("payment.settled", path).unwrap_err();
            assert!(
                nowhere
                    .hint
                    .as_ref()
                    .is_some_and(|said| said.contains(hint)),
                "{nowhere:?}"
            );
        }
        let nowhere = at("payment.settled", "data.object.state.x").unwrap_err();
        assert!(
            nowhere.fault.contains("`data.object.state` is a text"),
            "{nowhere:?}"
        );
        assert!(at("payment.settled", "data.object.metadata.a.b").is_err());
        let expanded =
            event("payment.settled").at(&"data.object.customer.email".parse().unwrap(), true);
        assert_eq!(expanded.unwrap().what(), "a text");
    }

    #[test]
    fn a_value_that_can_never_be_there_is_told() {
        let misfit = |path: &str, value: Value| at("payment.settled", path).unwrap().misfit(&value);
        for (path, value) in [
            ("data.object.amount", json!(4999)),
            ("data.object.amount", json!(4999.0)),
            ("data.object.amount", json!("${paid.amount}")),
            ("data.object.state", json!("SETTLED")),
            ("data.object.metadata", json!({ "a": "b" })),
            ("data.object", json!({ "amount": 1, "state": "FAILED" })),
        ] {
            assert_eq!(misfit(path, value.clone()), None, "{path} {value}");
        }
        for (path, value, said) in [
            (
                "data.object.amount",
                json!("4999"),
                "a whole number, never \"4999\"",
            ),
            ("data.object.amount", json!(49.99), "a whole number"),
            (
                "data.object.state",
                json!("SETLED"),
                "did you mean \"SETTLED\"?",
            ),
            ("data.state", json!("SETLED"), "did you mean \"SETTLED\"?"),
            ("data.object.metadata", json!({ "a": 1 }), "a text, never 1"),
            ("data.object", json!({ "amout": 1 }), "no `amout`"),
        ] {
            let told = misfit(path, value).unwrap();
            assert!(told.contains(said), "{path}: {told}");
        }
    }
}
