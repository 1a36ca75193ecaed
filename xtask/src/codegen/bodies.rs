//! Request bodies: constructors, setters and checks; and the page trait of every list.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_json::Value;

use super::client::describe;
use super::contract::{Contract, reference, text};
use super::names::doc;
use super::resources::{accepted, option_of};

/// Constructors, setters and checks of every request body, and the page trait of every list.
pub(crate) fn bodies(contract: &Contract, types: &syn::File) -> Result<TokenStream, String> {
    let mut out = quote! {
        //! Constructors and setters of request bodies; pages of lists.
        use crate::generated::types::*;
    };
    let mut names: Vec<&String> = contract
        .operations
        .iter()
        .filter_map(|o| o.body.as_ref())
        .collect();
    let nested: Vec<&String> = contract
        .schemas
        .keys()
        .filter(|name| *name == "TestCard")
        .collect();
    names.extend(nested);
    names.sort();
    names.dedup();
    for name in names {
        let schema = contract
            .schemas
            .get(name)
            .ok_or_else(|| format!("no schema {name}"))?;
        let structure = structure(types, name).ok_or_else(|| format!("no type {name}"))?;
        out.extend(body(contract, name, schema, structure));
    }
    for (name, schema) in &contract.schemas {
        let Some(item) = schema
            .pointer("/properties/data/items/$ref")
            .and_then(Value::as_str)
        else {
            continue;
        };
        let item = reference(item).ok_or("a list of something that is no schema")?;
        let list = format_ident!("{name}");
        let item = match item.as_str() {
            "Event" => quote!(crate::generated::events::Event),
            other => format_ident!("{other}").to_token_stream(),
        };
        out.extend(quote! {
            impl crate::id::sealed::Sealed for #list {}
            impl crate::pagination::Page for #list {
                type Item = #item;
                fn has_more(&self) -> bool { self.has_more }
                fn next_cursor(&self) -> Option<&str> { self.next_cursor.as_deref() }
                fn into_items(self) -> Vec<#item> { self.data }
            }
        });
    }
    Ok(out)
}

fn structure<'f>(types: &'f syn::File, name: &str) -> Option<&'f syn::ItemStruct> {
    types.items.iter().find_map(|item| match item {
        syn::Item::Struct(structure) if structure.ident == name => Some(structure),
        _ => None,
    })
}

fn body(
    contract: &Contract,
    name: &str,
    schema: &Value,
    structure: &syn::ItemStruct,
) -> TokenStream {
    let ident = format_ident!("{name}");
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let money = required.contains(&"amount") && required.contains(&"currency");
    let mut inputs = Vec::new();
    let mut settings: BTreeMap<String, TokenStream> = BTreeMap::new();
    for property in &required {
        let field = field(structure, property);
        match *property {
            "amount" if money => {
                inputs.push(quote!(money: crate::money::Money));
                settings.insert("amount".into(), quote!(amount: money.amount_minor));
            }
            "currency" if money => {
                settings.insert("currency".into(), quote!(currency: money.currency));
            }
            _ => {
                let key = field.ident.as_ref().expect("a named field");
                let (ty, value) = accepted(&field.ty, key);
                inputs.push(quote!(#key: #ty));
                settings.insert((*property).into(), quote!(#key: #value));
            }
        }
    }
    let all = structure.fields.iter().map(|field| {
        let key = field.ident.as_ref().expect("a named field");
        let wire = key.to_string();
        settings
            .get(wire.trim_end_matches('_'))
            .cloned()
            .unwrap_or_else(|| quote!(#key: Default::default()))
    });
    let text = doc(&format!(
        "{}\n\nTakes what is required; the rest is set by the methods below.",
        text(schema, "description")
    ));
    let mut setters = Vec::new();
    let mut checks = Vec::new();
    for field in &structure.fields {
        let key = field.ident.as_ref().expect("a named field");
        let wire = key.to_string().trim_end_matches('_').to_owned();
        let property = schema
            .pointer(&format!("/properties/{wire}"))
            .cloned()
            .unwrap_or_default();
        let target = property
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(reference);
        let optional = option_of(&field.ty).is_some();
        let owner = match optional {
            true => quote!(value),
            false => quote!(self.#key),
        };
        let check = |by_reference: TokenStream, value: TokenStream| match target.as_deref() {
            Some("Metadata") => Some(quote!(crate::validate::metadata(#by_reference)?;)),
            Some("Amount") => Some(quote!(crate::validate::amount(#value)?;)),
            Some("Currency") => Some(quote!(crate::validate::currency(#by_reference)?;)),
            Some("TestCard") => Some(quote!(#owner.check()?;)),
            Some(id) if contract.ids.iter().any(|known| known.name == id) => {
                Some(quote!(#owner.check()?;))
            }
            Some(_) => None,
            None => limits(&wire, &property, &by_reference, &value),
        };
        if optional {
            let inner = check(quote!(value), quote!(*value));
            checks.extend(inner.map(|inner| quote!(if let Some(value) = &self.#key { #inner })));
        } else {
            checks.extend(check(quote!(&self.#key), quote!(self.#key)));
        }
        if required.contains(&wire.as_str()) {
            continue;
        }
        let described = doc(&describe(contract, &property));
        if wire == "metadata" {
            setters.push(quote! {
                /// Adds a pair to the metadata.
                #[must_use]
                pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                    self.metadata.insert(key.into(), value.into());
                    self
                }
            });
            continue;
        }
        let inner = option_of(&field.ty).unwrap_or(&field.ty);
        let argument = format_ident!("value");
        let (ty, value) = accepted(inner, &argument);
        let value = if optional {
            quote!(Some(#value))
        } else {
            value
        };
        setters.push(quote! {
            #described
            #[must_use]
            pub fn #key(mut self, value: #ty) -> Self { self.#key = #value; self }
        });
    }
    quote! {
        impl #ident {
            #text
            #[must_use]
            pub fn new(#(#inputs),*) -> Self { Self { #(#all),* } }
            #(#setters)*
            /// Checks what can be checked before anything is sent.
            #[allow(dead_code, clippy::allow_attributes, reason = "not every body is sent by itself")]
            pub(crate) fn check(&self) -> Result<(), crate::Error> { #(#checks)* Ok(()) }
        }
    }
}

/// The check of a property's own limits: bounds of an integer, length of a text, form of a URL or
/// of an email address.
fn limits(
    wire: &str,
    property: &Value,
    by_reference: &TokenStream,
    value: &TokenStream,
) -> Option<TokenStream> {
    let limit = |name: &str| property.get(name).and_then(Value::as_i64);
    match text(property, "type").as_str() {
        "integer" => {
            let (low, high) = (limit("minimum"), limit("maximum"));
            if low.is_none() && high.is_none() {
                return None;
            }
            let (low, high) = (low.unwrap_or(i64::MIN), high.unwrap_or(i64::MAX));
            Some(quote!(crate::validate::number(#wire, #value, #low..=#high)?;))
        }
        // Only a webhook endpoint has a `url` of its own: Fluxa calls it, browsers do not.
        "string" if text(property, "format") == "uri" && wire == "url" => {
            Some(quote!(crate::validate::webhook_url(#by_reference)?;))
        }
        "string" if text(property, "format") == "uri" => {
            Some(quote!(crate::validate::url(#wire, #by_reference)?;))
        }
        "string" if text(property, "format") == "email" => {
            Some(quote!(crate::validate::email(#wire, #by_reference)?;))
        }
        "string" => {
            let most = usize::try_from(limit("maxLength")?).ok()?;
            Some(quote!(crate::validate::text(#wire, #by_reference, #most)?;))
        }
        _ => None,
    }
}

fn field<'s>(structure: &'s syn::ItemStruct, property: &str) -> &'s syn::Field {
    structure
        .fields
        .iter()
        .find(|field| {
            field
                .ident
                .as_ref()
                .is_some_and(|ident| ident.to_string().trim_end_matches('_') == property)
        })
        .expect("every property is a field")
}
