// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `merchant`.

use crate::operations::{Operation, Resource};

pub(super) static RESOURCE: Resource = Resource {
    noun: "merchant",
    aliases: &[],
    about: "The account",
    operations: &[
        Operation {
            id: "merchant_retrieve",
            verb: "get",
            alias: "retrieve",
            summary: "Retrieve the merchant",
            description: "Restricted keys need the scope `merchant:read`.",
            method: "GET",
            path: "/merchant",
            identified: None,
            query: &[],
            has_body: false,
            body: &[],
            example: "",
            expand: &[],
            columns: &[],
            paged: false,
            idempotent: false,
            timing: false,
            csv: false,
            streaming: false,
            destructive: false,
            issues: false,
            answer: &super::schemas::MERCHANT,
        },
    ],
};
