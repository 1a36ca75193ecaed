// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `request_logs`.

use crate::operations::{Field, Id, Kind, Operation, Resource};

pub(super) static RESOURCE: Resource = Resource {
    noun: "request-logs",
    aliases: &["request-log"],
    about: "Requests made to the API",
    operations: &[
        Operation {
            id: "request_logs_list",
            verb: "list",
            alias: "",
            summary: "List request logs",
            description: "Restricted keys need the scope `request_logs:read`.",
            method: "GET",
            path: "/request_logs",
            identified: None,
            query: &[
                Field { name: "key", flag: "key", kind: Kind::Id("key_"), required: false, about: "Only those made with this key." },
                Field { name: "status", flag: "status", kind: Kind::Integer, required: false, about: "Only those answered with this HTTP status." },
                Field { name: "created_at[gte]", flag: "created-at-gte", kind: Kind::Time, required: false, about: "At or after this time of creation." },
                Field { name: "created_at[gt]", flag: "created-at-gt", kind: Kind::Time, required: false, about: "After this time of creation." },
                Field { name: "created_at[lte]", flag: "created-at-lte", kind: Kind::Time, required: false, about: "At or before this time of creation." },
                Field { name: "created_at[lt]", flag: "created-at-lt", kind: Kind::Time, required: false, about: "Before this time of creation." },
            ],
            has_body: false,
            body: &[],
            example: "",
            expand: &[],
            columns: &[("id", "ID"), ("status", "STATUS"), ("method", "METHOD"), ("path", "PATH"), ("duration_ms", "DURATION MS"), ("created_at", "CREATED")],
            paged: true,
            idempotent: false,
            timing: false,
            csv: false,
            streaming: false,
            destructive: false,
            issues: false,
            answer: &super::schemas::REQUEST_LOG_LIST,
        },
        Operation {
            id: "request_logs_retrieve",
            verb: "get",
            alias: "retrieve",
            summary: "Retrieve a request log",
            description: "Restricted keys need the scope `request_logs:read`.",
            method: "GET",
            path: "/request_logs/{id}",
            identified: Some(Id { prefix: "req_", what: "request log", example: "req_5f8b2c1e2a4b4d8c" }),
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
            answer: &super::schemas::REQUEST_LOG,
        },
    ],
};
