//! The example of every operation, made of the contract's own examples; they compile as doctests.

use std::collections::BTreeSet;

use serde_json::Value;

use super::contract::{Contract, Operation, reference};
use super::names::{camel, snake};

/// Where the contract's documentation has a page for each operation: `<base>/<operationId>`.
const REFERENCE_BASE_URL: &str = "https://docs.fluxapay.co.uk/api";

/// Returns the address of an operation's page.
pub(crate) fn reference_url(operation: &Operation) -> String {
    format!("{REFERENCE_BASE_URL}/{}", operation.id)
}

/// Returns an operation's example as a block of Markdown.
///
/// `item` is the schema that the operation lists, if it does.
pub(crate) fn example(
    contract: &Contract,
    operation: &Operation,
    item: Option<&str>,
) -> Result<String, String> {
    let mut uses = BTreeSet::new();
    let call = call(contract, operation, &mut uses)?;
    let statements = match (&operation.output, item) {
        (Some(_), Some(item)) if operation.query.iter().any(|query| query.name == "after") => {
            list(contract, &call, item)
        }
        (Some(_), Some(item)) => {
            let many = plural(item);
            format!("let {many} = {call}.await?;\nprintln!(\"{{}}\", {many}.data.len());")
        }
        (Some(output), None) => single(contract, &call, output),
        (None, _) => format!(
            "let bytes: fluxa_sdk::ByteStream = {call}.await?.into_inner();\nprint(bytes).await;"
        ),
    };
    let code = lay_out(&uses, &statements)
        .map_err(|error| format!("the example of {}: {error}\n{statements}", operation.id))?;
    // What to do with bytes as they come is the reader's to choose.
    let hidden = match operation.output {
        None => "# async fn print(_: fluxa_sdk::ByteStream) {}\n",
        Some(_) => "",
    };
    Ok(format!(
        "```no_run\n\
         {hidden}# async fn example(fluxa: fluxa_sdk::Client) -> Result<(), fluxa_sdk::Error> {{\n\
         {code}# Ok(())\n# }}\n```"
    ))
}

/// `fluxa.refunds().create(CreateRefund::new("pay_…"))`
fn call(
    contract: &Contract,
    operation: &Operation,
    uses: &mut BTreeSet<String>,
) -> Result<String, String> {
    let (verb, path) = operation
        .accessor
        .split_last()
        .ok_or_else(|| format!("{} has no accessor", operation.id))?;
    let mut arguments = Vec::new();
    if let Some(schema) = &operation.id_schema {
        arguments.push(first_example(contract, schema)?.to_string());
    }
    if let Some(schema) = &operation.body {
        let example = first_example(contract, schema)?;
        arguments.push(construct(contract, schema, &example, uses)?);
    }
    let path: String = path.iter().map(|part| format!(".{part}()")).collect();
    Ok(format!("fluxa{path}.{verb}({})", arguments.join(", ")))
}

/// Walks the list.
fn list(contract: &Contract, call: &str, item: &str) -> String {
    let (one, many) = (snake(item), plural(item));
    let show = show(contract, item, &format!("{one}?"));
    format!(
        "let mut {many} = {call}.limit(100).stream();\n\
         while let Some({one}) = {many}.next().await {{ {show} }}"
    )
}

fn plural(item: &str) -> String {
    let one = snake(item);
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with('e') => format!("{stem}ies"),
        _ => format!("{one}s"),
    }
}

fn single(contract: &Contract, call: &str, output: &str) -> String {
    let name = snake(output);
    let show = show(contract, output, &name);
    format!("let {name} = {call}.await?;\n{show}")
}

/// Prints what a reader would look at first.
fn show(contract: &Contract, schema: &str, value: &str) -> String {
    let has = |property: &str| {
        contract
            .schemas
            .get(schema)
            .is_some_and(|schema| schema.pointer(&format!("/properties/{property}")).is_some())
    };
    if schema == "Event" {
        return format!("println!(\"{{}}\", {value}.id());");
    }
    let bare = value.trim_end_matches('?');
    match ["state", "status"].into_iter().find(|name| has(name)) {
        Some(name) if has("id") && bare == value => {
            format!("println!(\"{{}} {{:?}}\", {value}.id, {value}.{name});")
        }
        _ if has("id") => format!("println!(\"{{}}\", {value}.id);"),
        _ => format!("println!(\"{{{bare}:?}}\");"),
    }
}

/// `CreateRefund::new("pay_…").amount(1000)`, as `bodies` makes it.
fn construct(
    contract: &Contract,
    name: &str,
    example: &Value,
    uses: &mut BTreeSet<String>,
) -> Result<String, String> {
    let schema = contract
        .schemas
        .get(name)
        .ok_or_else(|| format!("no schema {name}"))?;
    let fields = example
        .as_object()
        .ok_or_else(|| format!("the example of {name} is no object"))?;
    uses.insert(format!("fluxa_sdk::types::{name}"));
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let money = required.contains(&"amount") && required.contains(&"currency");
    let value_of = |property: &str, uses: &mut BTreeSet<String>| {
        let value = fields
            .get(property)
            .ok_or_else(|| format!("the example of {name} lacks {property}"))?;
        let described = schema.pointer(&format!("/properties/{property}"));
        typed(contract, described.unwrap_or(&Value::Null), value, uses)
    };
    let mut arguments = Vec::new();
    for property in &required {
        match *property {
            "amount" if money => {
                uses.insert("fluxa_sdk::Money".to_owned());
                let currency = fields.get("currency").and_then(Value::as_str);
                let make = match currency.unwrap_or_default().to_ascii_lowercase().as_str() {
                    known @ ("gbp" | "eur" | "usd") => known.to_owned(),
                    other => return Err(format!("the example of {name} is in {other}")),
                };
                arguments.push(format!("Money::{make}({})", value_of("amount", uses)?));
            }
            "currency" if money => {}
            other => arguments.push(value_of(other, uses)?),
        }
    }
    let mut out = format!("{name}::new({})", arguments.join(", "));
    for (property, value) in fields {
        if required.contains(&property.as_str()) {
            continue;
        }
        if property == "metadata" {
            for (key, value) in value.as_object().into_iter().flatten() {
                out += &format!(".metadata({key:?}, {value})");
            }
            continue;
        }
        out += &format!(".{property}({})", value_of(property, uses)?);
    }
    Ok(out)
}

/// A value by its schema: variants for enums, constructors for objects.
fn typed(
    contract: &Contract,
    schema: &Value,
    value: &Value,
    uses: &mut BTreeSet<String>,
) -> Result<String, String> {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(reference);
    if let (Some(target), Some(wire)) = (&target, value.as_str())
        && contract.enums.iter().any(|known| known.name == *target)
    {
        uses.insert(format!("fluxa_sdk::types::{target}"));
        return Ok(format!("{target}::{}", camel(wire)));
    }
    if let (Some(target), true) = (&target, value.is_object()) {
        return construct(contract, target, value, uses);
    }
    if let Some(values) = value.as_array() {
        let items = schema.get("items").unwrap_or(&Value::Null);
        let values: Result<Vec<_>, _> = values
            .iter()
            .map(|value| typed(contract, items, value, uses))
            .collect();
        return Ok(format!("[{}]", values?.join(", ")));
    }
    // JSON's numbers, booleans and strings are written as Rust's.
    Ok(value.to_string())
}

fn first_example(contract: &Contract, schema: &str) -> Result<Value, String> {
    contract
        .schemas
        .get(schema)
        .and_then(|schema| schema.pointer("/examples/0"))
        .cloned()
        .ok_or_else(|| format!("{schema} has no example"))
}

/// Lays the statements out as rustfmt would, with their imports in front.
fn lay_out(uses: &BTreeSet<String>, statements: &str) -> Result<String, syn::Error> {
    let mut grouped = String::new();
    let types: Vec<&str> = uses
        .iter()
        .filter_map(|path| path.strip_prefix("fluxa_sdk::types::"))
        .collect();
    for path in uses.iter().filter(|path| !path.contains("::types::")) {
        grouped += &format!("use {path};\n");
    }
    match types.as_slice() {
        [] => {}
        [one] => grouped += &format!("use fluxa_sdk::types::{one};\n"),
        many => grouped += &format!("use fluxa_sdk::types::{{{}}};\n", many.join(", ")),
    }
    let file: syn::File = syn::parse_str(&format!("fn example() {{ {statements} }}"))?;
    let printed = prettyplease::unparse(&file);
    let body = printed
        .trim_start_matches("fn example() {\n")
        .trim_end()
        .trim_end_matches('}');
    if !grouped.is_empty() {
        grouped.push('\n');
    }
    for line in body.lines() {
        // The printer sets `?` apart, which rustfmt does not.
        grouped += &line
            .strip_prefix("    ")
            .unwrap_or(line)
            .replace(" ?.", "?.");
        grouped.push('\n');
    }
    Ok(grouped)
}
