// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `settlements`.

use fluxa_sdk::types;

use crate::operations::{Field, Id, Kind, Operation, Resource};

pub(super) static RESOURCE: Resource = Resource {
    noun: "settlements",
    aliases: &["settlement"],
    about: "Settlement batches",
    operations: &[
        Operation {
            id: "settlements_list",
            verb: "list",
            alias: "",
            summary: "List settlements",
            description: "Restricted keys need the scope `settlements:read`.",
            method: "GET",
            path: "/settlements",
            identified: None,
            query: &[
                Field { name: "status", flag: "status", kind: Kind::OneOf(types::SettlementStatus::KNOWN), required: false, about: "Only those with this status." },
                Field { name: "settlement_reference", flag: "settlement-reference", kind: Kind::Text, required: false, about: "Only the one with this reference." },
                Field { name: "created_at[gte]", flag: "created-at-gte", kind: Kind::Time, required: false, about: "At or after this time of creation." },
                Field { name: "created_at[gt]", flag: "created-at-gt", kind: Kind::Time, required: false, about: "After this time of creation." },
                Field { name: "created_at[lte]", flag: "created-at-lte", kind: Kind::Time, required: false, about: "At or before this time of creation." },
                Field { name: "created_at[lt]", flag: "created-at-lt", kind: Kind::Time, required: false, about: "Before this time of creation." },
                Field { name: "settled_at[gte]", flag: "settled-at-gte", kind: Kind::Time, required: false, about: "At or after this time of settlement." },
                Field { name: "settled_at[gt]", flag: "settled-at-gt", kind: Kind::Time, required: false, about: "After this time of settlement." },
                Field { name: "settled_at[lte]", flag: "settled-at-lte", kind: Kind::Time, required: false, about: "At or before this time of settlement." },
                Field { name: "settled_at[lt]", flag: "settled-at-lt", kind: Kind::Time, required: false, about: "Before this time of settlement." },
            ],
            has_body: false,
            body: &[],
            example: "",
            expand: &[],
            columns: &[("id", "ID"), ("status", "STATUS"), ("reference", "REFERENCE"), ("method", "METHOD"), ("net", "NET"), ("created_at", "CREATED")],
            paged: true,
            idempotent: false,
            timing: false,
            csv: false,
            streaming: false,
            destructive: false,
            issues: false,
            answer: &super::schemas::SETTLEMENT_LIST,
        },
        Operation {
            id: "settlements_retrieve",
            verb: "get",
            alias: "retrieve",
            summary: "Retrieve a settlement",
            description: "Restricted keys need the scope `settlements:read`.",
            method: "GET",
            path: "/settlements/{id}",
            identified: Some(Id { prefix: "stl_", what: "settlement", example: "stl_6d5c4b3a29180f7e" }),
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
            answer: &super::schemas::SETTLEMENT,
        },
    ],
};
