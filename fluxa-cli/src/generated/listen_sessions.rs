// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `listen_sessions`.

use fluxa_sdk::types;

use crate::operations::{Field, Id, Kind, Operation, Resource};

pub(super) static RESOURCE: Resource = Resource {
    noun: "listen-sessions",
    aliases: &["listen-session"],
    about: "Forwarding of events to a terminal",
    operations: &[
        Operation {
            id: "listen_sessions_create",
            verb: "create",
            alias: "",
            summary: "Create a listen session",
            description: "The signing secret stays the same for one API key.\n\nRestricted keys need the scope `listen_sessions:write`.",
            method: "POST",
            path: "/listen_sessions",
            identified: None,
            query: &[],
            has_body: true,
            body: &[
                Field { name: "events", flag: "events", kind: Kind::List(&Kind::OneOf(types::EventType::KNOWN)), required: false, about: "Types wanted; empty or absent means all, and so does `*`. A form may send one comma-separated string." },
                Field { name: "metadata", flag: "metadata", kind: Kind::Map, required: false, about: "Your own key-value pairs: up to 50 keys, keys of up to 40 characters, values of up to 500, characters being Unicode scalar values." },
            ],
            example: "--events payment.settled",
            expand: &[],
            columns: &[],
            paged: false,
            idempotent: true,
            timing: false,
            csv: false,
            streaming: false,
            destructive: false,
            issues: false,
            answer: &super::schemas::LISTEN_SESSION,
        },
        Operation {
            id: "listen_sessions_record_delivery",
            verb: "record-delivery",
            alias: "record_delivery",
            summary: "Record a local delivery",
            description: "Reports what the local endpoint answered.\n\nRestricted keys need the scope `listen_sessions:write`.",
            method: "POST",
            path: "/listen_sessions/{id}/deliveries",
            identified: Some(Id { prefix: "lst_", what: "listen session", example: "lst_d4e5f6a7b8c9d0e1" }),
            query: &[],
            has_body: true,
            body: &[
                Field { name: "duration_ms", flag: "duration-ms", kind: Kind::Integer, required: true, about: "How long it took, in milliseconds." },
                Field { name: "event", flag: "event", kind: Kind::Id("evt_"), required: true, about: "The event forwarded." },
                Field { name: "attempt", flag: "attempt", kind: Kind::Integer, required: false, about: "Number of the attempt, from 1. Default: 1." },
                Field { name: "error", flag: "error", kind: Kind::Text, required: false, about: "Why there was no answer." },
                Field { name: "response_status", flag: "response-status", kind: Kind::Integer, required: false, about: "HTTP status answered; absent when there was no answer." },
            ],
            example: "--attempt 1 --duration-ms 12 --event evt_9e8d7c6b5a493827 --response-status 200",
            expand: &[],
            columns: &[],
            paged: false,
            idempotent: true,
            timing: false,
            csv: false,
            streaming: false,
            destructive: false,
            issues: false,
            answer: &super::schemas::WEBHOOK_DELIVERY,
        },
    ],
};
