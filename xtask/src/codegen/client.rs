//! progenitor's part: the wire types and one method per operation, taken apart into files.

use std::collections::BTreeMap;

use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TagStyle, TypeImpl};
use quote::{ToTokens, quote};
use serde_json::Value;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ImplItem, Item, Stmt, parse_quote};

use super::contract::{Contract, reference, text};
use super::lower::SECRET;

/// What progenitor made.
pub(crate) struct Generated {
    pub(crate) types: syn::File,
    pub(crate) client: syn::File,
    /// Tag → file with its operations.
    pub(crate) operations: BTreeMap<String, syn::File>,
    /// operationId → signature of its method.
    pub(crate) methods: BTreeMap<String, syn::Signature>,
}

/// Runs progenitor on the lowered document.
pub(crate) fn generate(contract: &Contract, lowered: Value) -> Result<Generated, String> {
    let spec: openapiv3::OpenAPI =
        serde_json::from_value(lowered).map_err(|error| format!("lowered document: {error}"))?;
    let tokens = Generator::new(&settings(contract))
        .generate_tokens(&spec)
        .map_err(|error| format!("progenitor: {error}"))?;
    let file: syn::File = syn::parse2(tokens).map_err(|error| format!("progenitor: {error}"))?;
    take_apart(contract, file)
}

fn settings(contract: &Contract) -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_tag(TagStyle::Merged)
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::context::CallContext))
        .with_derive("PartialEq")
        // A sorted map, so that a body is the same bytes each time it is written.
        .with_map_type("::std::collections::BTreeMap");
    let as_text = || [TypeImpl::Display, TypeImpl::FromStr].into_iter();
    let nothing = std::iter::empty::<TypeImpl>;
    for id in &contract.ids {
        let path = format!("crate::generated::ids::{}", id.name);
        settings.with_replacement(&id.name, path, as_text());
    }
    for open_enum in &contract.enums {
        let module = if open_enum.name == "EventType" {
            "events"
        } else {
            "enums"
        };
        let path = format!("crate::generated::{module}::{}", open_enum.name);
        settings.with_replacement(&open_enum.name, path, as_text());
    }
    for (name, resource) in &contract.expandables {
        let path = format!(
            "crate::expand::Expandable<crate::generated::ids::{resource}Id, crate::generated::types::{resource}>"
        );
        settings.with_replacement(name, path, nothing());
    }
    settings.with_replacement(SECRET, "crate::secret::SecretText", nothing());
    settings.with_replacement("Timestamp", "crate::time::Timestamp", as_text());
    settings.with_replacement("Currency", "crate::money::Currency", as_text());
    settings.with_replacement("Event", "crate::generated::events::Event", nothing());
    settings
}

fn take_apart(contract: &Contract, file: syn::File) -> Result<Generated, String> {
    let tag_of: BTreeMap<&str, &str> = contract
        .operations
        .iter()
        .map(|o| (o.id.as_str(), o.tag.as_str()))
        .collect();
    let mut types = Vec::new();
    let mut client = Vec::new();
    let mut methods = BTreeMap::new();
    let mut by_tag: BTreeMap<String, Vec<ImplItem>> = BTreeMap::new();
    for item in file.items {
        match item {
            Item::Mod(module) if module.ident == "types" => {
                let (_, items) = module
                    .content
                    .ok_or("progenitor made an empty types module")?;
                types = items;
            }
            // A prelude of one name, and imports that each file makes for itself.
            Item::Mod(_) | Item::Use(_) => {}
            Item::Impl(block) if is_inherent(&block, "Client") => {
                let mut constructors = block.clone();
                constructors.items.clear();
                for item in block.items {
                    let ImplItem::Fn(mut function) = item else {
                        continue;
                    };
                    let name = function.sig.ident.to_string();
                    if let Some(tag) = tag_of.get(name.as_str()) {
                        Tidy.visit_impl_item_fn_mut(&mut function);
                        methods.insert(name, function.sig.clone());
                        by_tag
                            .entry((*tag).to_owned())
                            .or_default()
                            .push(ImplItem::Fn(function));
                    } else if name == "new_with_client" {
                        constructors.items.push(ImplItem::Fn(function));
                    }
                    // `new` would build an HTTP client with settings that are not ours.
                }
                if !constructors.items.is_empty() {
                    client.push(Item::Impl(constructors));
                }
            }
            Item::Struct(mut client_struct) => {
                client_struct.attrs.retain(|a| !a.path().is_ident("doc"));
                client_struct
                    .attrs
                    .push(parse_quote!(#[doc = " One method per operation."]));
                client.push(Item::Struct(client_struct));
            }
            other => client.push(other),
        }
    }
    if let Some(missing) = contract
        .operations
        .iter()
        .find(|o| !methods.contains_key(&o.id))
    {
        return Err(format!("progenitor made no method for {}", missing.id));
    }
    Ok(Generated {
        types: types_file(contract, types),
        client: file_of(
            quote! {
                //! The wire client: base URL, HTTP client and the call's context.
                use progenitor_client::{ClientHooks, ClientInfo};
            },
            client,
        ),
        operations: by_tag
            .into_iter()
            .map(|(tag, items)| {
                let block: Item = parse_quote!(impl Client { #(#items)* });
                let doc = format!(" Operations of `{tag}`.");
                let head = quote! {
                    #![doc = #doc]
                    #![allow(unused_imports)]
                    use progenitor_client::{
                        ByteStream, ClientHooks, ClientInfo, Error, OperationInfo, RequestBuilderExt,
                        ResponseValue, encode_path,
                    };
                    use crate::generated::client::Client;
                    use crate::generated::types;
                };
                (tag, file_of(head, vec![block]))
            })
            .collect(),
        methods,
    })
}

fn types_file(contract: &Contract, items: Vec<Item>) -> syn::File {
    let mut kept = Vec::new();
    for item in items {
        match item {
            Item::Struct(mut structure) => {
                structure.attrs.push(parse_quote!(#[non_exhaustive]));
                document_fields(contract, &mut structure);
                kept.push(Item::Struct(structure));
            }
            // `From<&T>` is Clone by another name; the error module serves validations that the
            // lowering left out.
            Item::Impl(_) | Item::Mod(_) => {}
            other => kept.push(other),
        }
    }
    file_of(
        quote! { //! The objects of the API, and the bodies of its requests.
        },
        kept,
    )
}

/// Puts back the descriptions that a field of a referenced type lost on the way.
fn document_fields(contract: &Contract, structure: &mut syn::ItemStruct) {
    let Some(schema) = contract.schemas.get(&structure.ident.to_string()) else {
        return;
    };
    for field in &mut structure.fields {
        let documented = field.attrs.iter().any(|a| a.path().is_ident("doc"));
        let Some(name) = field.ident.as_ref().map(|ident| wire_name(field, ident)) else {
            continue;
        };
        let Some(property) = schema.pointer(&format!("/properties/{name}")) else {
            continue;
        };
        if !documented {
            let described = format!(" {}", describe(contract, property));
            field.attrs.push(parse_quote!(#[doc = #described]));
        }
    }
}

fn wire_name(field: &syn::Field, ident: &syn::Ident) -> String {
    for attribute in &field.attrs {
        let mut renamed = None;
        if attribute.path().is_ident("serde") {
            // Other keys of the attribute end the parse early, which loses nothing.
            let _ = attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    renamed = Some(meta.value()?.parse::<syn::LitStr>()?.value());
                }
                Ok(())
            });
        }
        if let Some(name) = renamed {
            return name;
        }
    }
    ident
        .to_string()
        .trim_start_matches("r#")
        .trim_end_matches('_')
        .to_owned()
}

/// A property's description, or the first paragraph of the schema that it refers to.
pub(crate) fn describe(contract: &Contract, property: &Value) -> String {
    let own = text(property, "description");
    if !own.is_empty() {
        return own;
    }
    let target = property
        .get("$ref")
        .or_else(|| property.pointer("/anyOf/0/$ref"));
    target
        .and_then(Value::as_str)
        .and_then(reference)
        .and_then(|name| contract.schemas.get(&name))
        .map(|schema| text(schema, "description"))
        .and_then(|whole| whole.split("\n\n").next().map(str::to_owned))
        .unwrap_or_default()
}

fn is_inherent(block: &syn::ItemImpl, name: &str) -> bool {
    block.trait_.is_none() && block.self_ty.to_token_stream().to_string() == name
}

fn file_of(head: proc_macro2::TokenStream, items: Vec<Item>) -> syn::File {
    let mut file: syn::File = syn::parse2(head).expect("the head is written here");
    file.items.extend(items);
    file
}

/// Takes out the `api-version` header that progenitor adds: the SDK sends `Fluxa-Version`.
struct Tidy;

impl VisitMut for Tidy {
    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block.stmts.retain(|statement| {
            let code = match statement {
                Stmt::Local(local) => local.pat.to_token_stream().to_string(),
                Stmt::Expr(Expr::MethodCall(call), _) => {
                    call.receiver.to_token_stream().to_string()
                }
                _ => String::new(),
            };
            !matches!(code.as_str(), "mut header_map" | "header_map")
        });
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Expr::MethodCall(call) = expression {
            let argument = call.args.first().map(|a| a.to_token_stream().to_string());
            if call.method == "headers" && argument.as_deref() == Some("header_map") {
                *expression = (*call.receiver).clone();
            }
        }
    }
}
