// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `status`.

use crate::operations::{Operation, Resource};

pub(super) static RESOURCE: Resource = Resource {
    noun: "status",
    aliases: &[],
    about: "Health of the platform",
    operations: &[
        Operation {
            id: "status_retrieve",
            verb: "get",
            alias: "retrieve",
            summary: "Retrieve the platform's status",
            description: "No key needed.",
            method: "GET",
            path: "/status",
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
            answer: &super::schemas::STATUS,
        },
    ],
};
