//! What has a name in the contract: ids, open enums, events; and the modules of the output.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::contract::Contract;

/// The ids, as calls of the SDK's macro. Written as text: the printer does not lay out macros.
pub(crate) fn ids(contract: &Contract) -> String {
    let mut out = String::from("//! Prefixed ids.\n\nuse crate::id::id_type;\n");
    for id in &contract.ids {
        let (name, prefix, what) = (&id.name, &id.prefix, &id.what);
        let docs = doc_lines(&id.description, 4);
        out += &format!("\nid_type! {{\n{docs}    {name}, \"{prefix}\", \"{what}\"\n}}\n");
    }
    out
}

/// The open enums, as calls of the SDK's macro.
pub(crate) fn enums(contract: &Contract) -> String {
    let mut out = String::from(
        "//! Enums that may grow: a value that is not known is kept, never an error.\n\nuse crate::open_enum::open_enum;\n",
    );
    // The event types come with the events.
    for item in contract
        .enums
        .iter()
        .filter(|item| item.name != "EventType")
    {
        let docs = doc_lines(&item.description, 4);
        out += &format!("\nopen_enum! {{\n{docs}    {} {{\n", item.name);
        for (wire, described) in &item.values {
            out += &doc_lines(described, 8);
            out += &format!("        {} => \"{wire}\",\n", camel(wire));
        }
        out += "    }\n}\n";
    }
    out
}

/// The typed events, and which resource has which id.
pub(crate) fn events(contract: &Contract) -> String {
    let mut out = String::from(
        "//! The typed events, one variant for each of the contract's webhooks.\n\nuse crate::expand::impl_identified;\nuse crate::generated::ids::*;\nuse crate::generated::types::*;\nuse crate::webhooks::event::event_enum;\n\nevent_enum! {\n",
    );
    for event in &contract.events {
        out += &doc_lines(&event.description, 4);
        out += &format!(
            "    {}: \"{}\" => {},\n",
            camel(&event.wire),
            event.wire,
            event.object
        );
    }
    out += "}\n\n";
    for resource in contract.expandables.values() {
        out += &format!("impl_identified!({resource}, {resource}Id);\n");
    }
    out
}

fn doc_lines(text: &str, indent: usize) -> String {
    text.lines()
        .map(|line| format!("{:indent$}/// {line}", "").trim_end().to_owned() + "\n")
        .collect()
}

pub(crate) fn module_list(modules: &[String], exported: bool) -> TokenStream {
    let modules: Vec<_> = modules.iter().map(|name| format_ident!("{name}")).collect();
    if exported {
        quote! {
            //! Accessors: `client.<resource>().<verb>(…)`.
            #(mod #modules;)*
            #(pub use #modules::*;)*
        }
    } else {
        quote! {
            //! One method per operation, by tag.
            #(mod #modules;)*
        }
    }
}

pub(crate) fn root() -> TokenStream {
    quote! {
        //! What `cargo xtask codegen` makes of the contract.
        #![allow(clippy::all, unreachable_pub, rust_2018_idioms)]
        #![allow(clippy::unwrap_used, clippy::allow_attributes)]
        mod bodies;
        pub(crate) mod client;
        pub(crate) mod enums;
        pub(crate) mod events;
        pub(crate) mod ids;
        mod operations;
        pub(crate) mod resources;
        pub(crate) mod types;
    }
}

/// Doc attributes, one a line, with a blank in front as rustfmt writes it.
pub(crate) fn doc(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| {
        let line = if line.is_empty() {
            String::new()
        } else {
            format!(" {line}")
        };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

/// `PAYMENT_RECEIVED`, `payment.received` → `PaymentReceived`.
pub(crate) fn camel(wire: &str) -> String {
    wire.split(['_', '.', '-'])
        .map(|word| {
            let mut characters = word.chars();
            characters.next().map_or_else(String::new, |first| {
                first.to_uppercase().collect::<String>() + &characters.as_str().to_lowercase()
            })
        })
        .collect()
}

/// `PaymentMethod` → `payment_method`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    for (index, character) in name.chars().enumerate() {
        if character.is_uppercase() && index > 0 {
            out.push('_');
        }
        out.extend(character.to_lowercase());
    }
    out
}
