//! The SDK's face: resource accessors with their parameters.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, GenericArgument, PathArguments, Type};

use super::contract::{Contract, Operation, Query, reference};
use super::examples;
use super::names::{camel, doc};

/// Tag → accessors of its operations.
pub(crate) fn accessors(
    contract: &Contract,
    methods: &BTreeMap<String, syn::Signature>,
) -> Result<BTreeMap<String, TokenStream>, String> {
    let mut by_tag: BTreeMap<String, Vec<&Operation>> = BTreeMap::new();
    for operation in &contract.operations {
        by_tag
            .entry(operation.tag.clone())
            .or_default()
            .push(operation);
    }
    let mut roots = BTreeMap::new();
    for (tag, operations) in by_tag {
        let mut parts = Vec::new();
        for operation in &operations {
            let signature = methods.get(&operation.id).ok_or("no method")?;
            parts.push((*operation, Method::read(contract, operation, signature)?));
        }
        roots.insert(tag.clone(), resource_file(contract, &tag, &parts));
    }
    Ok(roots)
}

/// One argument of progenitor's method, and how the parameters struct keeps it.
struct Argument {
    name: syn::Ident,
    /// Owned type in the parameters struct.
    owned: Type,
    /// Expression that hands it to progenitor's method.
    pass: TokenStream,
}

struct Method<'c> {
    arguments: Vec<Argument>,
    output: TokenStream,
    item: Option<String>,
    query: &'c [Query],
    /// In Markdown.
    example: String,
}

impl<'c> Method<'c> {
    fn read(
        contract: &Contract,
        operation: &'c Operation,
        signature: &syn::Signature,
    ) -> Result<Self, String> {
        let mut arguments = Vec::new();
        for input in &signature.inputs {
            let FnArg::Typed(typed) = input else { continue };
            let syn::Pat::Ident(pattern) = &*typed.pat else {
                return Err(format!("{}: an argument without a name", operation.id));
            };
            arguments.push(argument(pattern.ident.clone(), &typed.ty));
        }
        let output = match &operation.output {
            None if operation.streaming => quote!(progenitor_client::ByteStream),
            None => return Err(format!("{}: no output schema", operation.id)),
            Some(name) if name == "Event" => quote!(crate::generated::events::Event),
            Some(name) => {
                let name = format_ident!("{name}");
                quote!(crate::generated::types::#name)
            }
        };
        let item = operation.output.as_ref().and_then(|name| {
            let items = contract
                .schemas
                .get(name)?
                .pointer("/properties/data/items/$ref")?;
            reference(items.as_str()?)
        });
        Ok(Self {
            arguments,
            output,
            example: examples::example(contract, operation, item.as_deref())?,
            item,
            query: &operation.query,
        })
    }

    fn has_defaults(&self) -> bool {
        self.arguments
            .iter()
            .all(|argument| option_of(&argument.owned).is_some())
    }

    fn takes(&self, name: &str) -> bool {
        self.arguments.iter().any(|argument| argument.name == name)
    }
}

/// `&'a T`, `Option<&'a T>`, `Option<T>`: what is kept, and how it is passed.
fn argument(name: syn::Ident, ty: &Type) -> Argument {
    let owned_of = |reference: &syn::TypeReference| -> Type {
        if reference.elem.to_token_stream().to_string() == "str" {
            syn::parse_quote!(String)
        } else {
            let mut inner = (*reference.elem).clone();
            qualify(&mut inner);
            inner
        }
    };
    if let Type::Reference(reference) = ty {
        return Argument {
            pass: quote!(&params.#name),
            owned: owned_of(reference),
            name,
        };
    }
    if let Some(Type::Reference(reference)) = option_of(ty) {
        let owned = owned_of(reference);
        let pass = if owned.to_token_stream().to_string() == "String" {
            quote!(params.#name.as_deref())
        } else {
            quote!(params.#name.as_ref())
        };
        return Argument {
            pass,
            owned: syn::parse_quote!(Option<#owned>),
            name,
        };
    }
    Argument {
        pass: quote!(params.#name),
        owned: ty.clone(),
        name,
    }
}

pub(super) fn option_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    if last.ident != "Option" {
        return None;
    }
    let PathArguments::AngleBracketed(inner) = &last.arguments else {
        return None;
    };
    match inner.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

/// `types::X` → `crate::generated::types::X`.
fn qualify(ty: &mut Type) {
    if let Type::Path(path) = ty
        && path
            .path
            .segments
            .first()
            .is_some_and(|first| first.ident == "types")
    {
        *ty = syn::parse_quote!(crate::generated::#path);
    }
}

fn resource_file(
    contract: &Contract,
    tag: &str,
    parts: &[(&Operation, Method<'_>)],
) -> TokenStream {
    // `checkout.sessions.create` lies one level deeper than `payments.create`.
    let mut groups: BTreeMap<Vec<String>, Vec<&(&Operation, Method<'_>)>> = BTreeMap::new();
    for part in parts {
        let path = part.0.accessor[..part.0.accessor.len() - 1].to_vec();
        groups.entry(path).or_default().push(part);
    }
    let described = contract.tags.get(tag).cloned().unwrap_or_default();
    let mut out = TokenStream::new();
    let root = vec![tag.to_owned()];
    groups.entry(root).or_default();
    let paths: Vec<Vec<String>> = groups.keys().cloned().collect();
    for (path, operations) in &groups {
        let name = struct_name(path);
        let methods = operations.iter().map(|part| accessor(part.0, &part.1));
        let children = paths
            .iter()
            .filter(|p| p.len() == path.len() + 1 && p.starts_with(path))
            .map(|child| {
                let method = format_ident!("{}", child.last().expect("a child has a name"));
                let ty = struct_name(child);
                let text = format!(" The resource `{}`.", child.join("."));
                quote! {
                    #[doc = #text]
                    #[must_use]
                    pub fn #method(&self) -> #ty<M> {
                        #ty { client: self.client.clone(), mode: self.mode.clone() }
                    }
                }
            });
        let about = doc(&format!(
            "{described}\n\nFrom [`Client::{tag}`](crate::Client::{tag})."
        ));
        out.extend(quote! {
            #about
            #[derive(Clone, Debug)]
            pub struct #name<M = Async> { client: Client, mode: M }
            impl<M: Clone> #name<M> { #(#children)* #(#methods)* }
        });
        if path.len() == 1 {
            let method = format_ident!("{tag}");
            let text = doc(&described);
            out.extend(quote! {
                impl Client {
                    #text
                    #[must_use]
                    pub fn #method(&self) -> #name { #name { client: self.clone(), mode: Async } }
                }
                #[cfg(feature = "blocking")]
                impl crate::blocking::Client {
                    #text
                    #[must_use]
                    pub fn #method(&self) -> #name<crate::blocking::Blocking> {
                        let (client, mode) = self.parts();
                        #name { client, mode }
                    }
                }
            });
        }
    }
    for (operation, method) in parts {
        out.extend(parameters(operation, method));
    }
    let head = format!(" Accessors of `{tag}`.");
    quote! {
        #![doc = #head]
        use crate::client::Client;
        use crate::request::{Async, Call, Operation};
        #out
    }
}

fn struct_name(path: &[String]) -> syn::Ident {
    format_ident!(
        "{}Resource",
        path.iter().map(|part| camel(part)).collect::<String>()
    )
}

fn params_name(operation: &Operation) -> syn::Ident {
    format_ident!("{}Params", camel(&operation.id))
}

/// One verb of a resource.
fn accessor(operation: &Operation, method: &Method<'_>) -> TokenStream {
    let verb = format_ident!(
        "{}",
        operation.accessor.last().expect("an accessor has a verb")
    );
    let params = params_name(operation);
    let output = &method.output;
    let mut inputs = Vec::new();
    let mut checks = Vec::new();
    let mut fields = Vec::new();
    for argument in &method.arguments {
        let (name, owned) = (&argument.name, &argument.owned);
        if name == "id" {
            inputs.push(quote!(id: impl crate::id::IntoId<#owned>));
            checks.push(quote!(let id = id.into_id()?;));
            fields.push(quote!(id));
        } else if name == "body" {
            inputs.push(quote!(body: impl Into<#owned>));
            checks.push(quote!(let body = body.into(); body.check()?;));
            fields.push(quote!(body));
        } else {
            fields.push(quote!(#name: None));
        }
    }
    let made = if method.has_defaults() {
        quote!(#params::default())
    } else {
        quote!(#params { #(#fields),* })
    };
    let bound = if method.arguments.is_empty() {
        quote!(_)
    } else {
        quote!(params)
    };
    let passes = method.arguments.iter().map(|argument| &argument.pass);
    let id = format_ident!("{}", operation.id);
    let static_name = format_ident!("{}", operation.id.to_uppercase());
    let (id_text, http, path, streaming) = (
        &operation.id,
        &operation.method,
        &operation.path,
        operation.streaming,
    );
    let mut text = format!("{}.", operation.summary.trim_end_matches('.'));
    if !operation.description.is_empty() {
        text += &format!("\n\n{}", operation.description);
    }
    if operation.csv {
        // The method is handwritten: what answers two forms is one operation.
        text += "\n\nThe CSV is what [`csv`](crate::Call::csv) asks for.";
    }
    text += &format!(
        "\n\nOperation [`{}`]({}): `{} {}`.\n\n{}",
        operation.id,
        examples::reference_url(operation),
        operation.method,
        operation.path,
        method.example,
    );
    let text = doc(&text);
    // What other SDKs call it, for those who search by that.
    let alias = (verb == "retrieve").then(|| quote!(#[doc(alias = "get")]));
    quote! {
        #text
        #alias
        pub fn #verb(&self, #(#inputs),*) -> Call<#output, #params, M> {
            static #static_name: Operation =
                Operation { id: #id_text, method: #http, path: #path, streaming: #streaming };
            let prepare = || -> Result<#params, crate::Error> {
                #(#checks)*
                Ok(#made)
            };
            Call::new(&self.client, self.mode.clone(), &#static_name, prepare(), |context, #bound| {
                Box::pin(async move { Ok(context.api().#id(#(#passes),*).await?) })
            })
        }
    }
}

/// The struct that carries an operation's parameters, and the setters on the call.
fn parameters(operation: &Operation, method: &Method<'_>) -> TokenStream {
    let params = params_name(operation);
    let output = &method.output;
    let fields = method.arguments.iter().map(|argument| {
        let (name, owned) = (&argument.name, &argument.owned);
        quote!(pub(crate) #name: #owned)
    });
    let described = format!(" Parameters of `{}`.", operation.accessor.join("."));
    let default = method.has_defaults().then(|| quote!(#[derive(Default)]));
    let mut out = quote! {
        #[doc = #described]
        #[derive(Clone, Debug)]
        #default
        #[non_exhaustive]
        pub struct #params { #(#fields),* }
    };
    if method.takes("expand") {
        out.extend(quote! {
            impl crate::expand::SupportsExpand for #params {
                fn expand_mut(&mut self) -> &mut Option<Vec<String>> { &mut self.expand }
            }
        });
    }
    if method.item.is_some() && method.takes("after") {
        out.extend(quote! {
            impl crate::pagination::Paginated for #params {
                fn set_limit(&mut self, limit: u32) { self.limit = Some(i64::from(limit)); }
                fn set_after(&mut self, after: String) { self.after = Some(after); }
                fn after(&self) -> Option<&str> { self.after.as_deref() }
            }
        });
    }
    let setters = method
        .query
        .iter()
        .filter_map(|query| setter(query, method));
    let setters: Vec<_> = setters.collect();
    if !setters.is_empty() {
        out.extend(quote! {
            impl<M> Call<#output, #params, M> { #(#setters)* }
        });
    }
    out
}

fn setter(query: &Query, method: &Method<'_>) -> Option<TokenStream> {
    let paginated = method.item.is_some();
    if query.name == "expand[]" || (paginated && matches!(query.name.as_str(), "limit" | "after")) {
        return None;
    }
    let name = match query.name.as_str() {
        "type" => format_ident!("type_"),
        name => format_ident!("{name}"),
    };
    let text = doc(&query.description);
    if query.schema.as_deref() == Some("TimeRange") {
        let bounds = ["gte", "gt", "lte", "lt"].map(|bound| {
            let (field, bound) = (format_ident!("{name}_{bound}"), format_ident!("{bound}"));
            quote!(params.#field = range.#bound;)
        });
        return Some(quote! {
            #text
            #[must_use]
            pub fn #name(self, range: impl Into<crate::time::TimeRange>) -> Self {
                let range = range.into();
                self.map_params(|params| { #(#bounds)* })
            }
        });
    }
    let owned = &method
        .arguments
        .iter()
        .find(|argument| argument.name == name)?
        .owned;
    let inner = option_of(owned)?;
    let (argument, body) = if is_id(inner) {
        (
            quote!(impl crate::id::IntoId<#inner>),
            quote! {
                let value = value.into_id();
                self.try_map_params(|params| { params.#name = Some(value?); Ok(()) })
            },
        )
    } else {
        let (argument, value) = accepted(inner, &format_ident!("value"));
        (
            argument,
            quote! { let value: #inner = #value; self.map_params(|params| params.#name = Some(value)) },
        )
    };
    Some(quote! {
        #text
        #[must_use]
        pub fn #name(self, value: #argument) -> Self { #body }
    })
}

/// What a setter takes for a field of this type, and how it becomes the field's value.
pub(super) fn accepted(ty: &Type, name: &syn::Ident) -> (TokenStream, TokenStream) {
    let written = ty.to_token_stream().to_string();
    if matches!(written.as_str(), "i64" | "bool" | "f64") {
        return (quote!(#ty), quote!(#name));
    }
    if let Type::Path(path) = ty
        && let Some(last) = path.path.segments.last()
        && last.ident == "Vec"
        && let PathArguments::AngleBracketed(inner) = &last.arguments
        && let Some(GenericArgument::Type(item)) = inner.args.first()
    {
        return (
            quote!(impl IntoIterator<Item = impl Into<#item>>),
            quote!(#name.into_iter().map(Into::into).collect()),
        );
    }
    if is_id(ty) {
        // Text is taken as it is here and checked when the call is made, which can say so.
        return (
            quote!(impl crate::id::IntoId<#ty>),
            quote!(#name.into_unchecked()),
        );
    }
    (quote!(impl Into<#ty>), quote!(#name.into()))
}

pub(super) fn is_id(ty: &Type) -> bool {
    ty.to_token_stream()
        .to_string()
        .starts_with("crate :: generated :: ids ::")
}
