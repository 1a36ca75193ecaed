//! The lines of a table for parameters and properties: what a flag is called, and what it takes.

use serde_json::Value;

use super::super::contract::{Contract, id_prefix, reference, text};

/// Orders lines of fields as help shows them.
pub(super) fn required_first(fields: String) -> String {
    let (needed, other): (Vec<&str>, Vec<&str>) = fields
        .split_inclusive('\n')
        .partition(|line| line.contains(", required: true, "));
    [needed, other].concat().concat()
}

/// Returns the fields of a body, those of nested objects by dotted names.
pub(super) fn body_fields(
    contract: &Contract,
    prefix: &str,
    schema: &Value,
    required: bool,
) -> Result<String, String> {
    let mut out = String::new();
    let needed = |name: &str| {
        let all = schema.get("required").and_then(Value::as_array);
        required && all.is_some_and(|all| all.iter().any(|one| one == name))
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        let path = format!("{prefix}{name}");
        let target = followed(contract, property);
        if target.get("properties").is_some() {
            out += &body_fields(contract, &format!("{path}."), target, needed(name))?;
        } else {
            let about = text(property, "description");
            out.extend(fields(contract, &path, property, &about, needed(name))?);
        }
    }
    Ok(out)
}

/// Returns the lines of a parameter or property: one, or one for each bound of a range.
pub(super) fn fields(
    contract: &Contract,
    name: &str,
    schema: &Value,
    about: &str,
    required: bool,
) -> Result<Vec<String>, String> {
    let target = followed(contract, schema);
    let named = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(reference);
    if named.as_deref() == Some("TimeRange") {
        let about = about.split(',').next().unwrap_or(about);
        let about = about.trim_start_matches("Bounds on the time of ");
        let bounds = [
            ("gte", "At or after"),
            ("gt", "After"),
            ("lte", "At or before"),
            ("lt", "Before"),
        ];
        return Ok(bounds
            .map(|(bound, when)| {
                let about = format!("{when} this time of {about}.");
                line(&format!("{name}[{bound}]"), "Kind::Time", &about, required)
            })
            .into());
    }
    let about = match about {
        "" => text(target, "description"),
        about => about.to_owned(),
    };
    let about = about.split("\n\n").next().unwrap_or_default();
    let kind = match kind(contract, schema)? {
        kind if kind == "Kind::Integer" && name.ends_with("seconds") => "Kind::Seconds".to_owned(),
        kind => kind,
    };
    Ok(vec![line(name, &kind, about, required)])
}

fn line(name: &str, kind: &str, about: &str, required: bool) -> String {
    let flag = name.replace(['_', '['], "-").replace(']', "");
    format!(
        "                Field {{ name: {name:?}, flag: {flag:?}, kind: {kind}, required: {required}, about: {about:?} }},\n"
    )
}

/// The kind of a field, as the table spells it.
pub(super) fn kind(contract: &Contract, schema: &Value) -> Result<String, String> {
    let named = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(reference);
    let target = followed(contract, schema);
    if let Some(name) = &named {
        if contract.enums.iter().any(|item| item.name == *name) {
            return Ok(format!("Kind::OneOf(types::{name}::KNOWN)"));
        }
        if name == "Timestamp" {
            return Ok("Kind::Time".to_owned());
        }
        if let Some(prefix) = id_prefix(target) {
            return Ok(format!("Kind::Id({prefix:?})"));
        }
    }
    let format = text(target, "format");
    let type_of = target
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let money = [schema, target]
        .iter()
        .any(|one| text(one, "description").contains("minor units"));
    Ok(match (type_of, format.as_str()) {
        ("integer", _) if money || named.as_deref() == Some("Amount") => "Kind::Money".to_owned(),
        ("integer", _) => "Kind::Integer".to_owned(),
        ("boolean", _) => "Kind::Boolean".to_owned(),
        ("string", "password") => "Kind::Secret".to_owned(),
        ("string", "date-time") => "Kind::Time".to_owned(),
        ("string", "uri") => "Kind::Url".to_owned(),
        ("string", _) => "Kind::Text".to_owned(),
        ("array", _) => {
            let items = target.get("items").ok_or("an array has items")?;
            format!("Kind::List(&{})", kind(contract, items)?)
        }
        ("object", _)
            if target
                .get("additionalProperties")
                .is_some_and(Value::is_object) =>
        {
            "Kind::Map".to_owned()
        }
        _ => return Err(format!("no command can take {schema}")),
    })
}

fn followed<'c>(contract: &'c Contract, schema: &'c Value) -> &'c Value {
    let name = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(reference);
    name.and_then(|name| contract.schemas.get(&name))
        .unwrap_or(schema)
}
