// Generated from openapi.json by `cargo xtask codegen`. Do not edit: change the contract or
// the generator, then run it again.

//! Operations of `ledger`.

use fluxa_sdk::types;

use crate::operations::{Field, Kind, Operation, Resource};

pub(super) static RESOURCE: Resource = Resource {
    noun: "ledger",
    aliases: &[],
    about: "The double-entry ledger",
    operations: &[
        Operation {
            id: "ledger_balances",
            verb: "balances",
            alias: "",
            summary: "Retrieve the ledger's balances",
            description: "Restricted keys need the scope `ledger:read`.",
            method: "GET",
            path: "/ledger/balances",
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
            answer: &super::schemas::LEDGER_BALANCES,
        },
        Operation {
            id: "ledger_entries",
            verb: "entries",
            alias: "",
            summary: "List ledger entries",
            description: "Restricted keys need the scope `ledger:read`.",
            method: "GET",
            path: "/ledger/entries",
            identified: None,
            query: &[
                Field { name: "payment", flag: "payment", kind: Kind::Id("pay_"), required: false, about: "Only those of this payment." },
                Field { name: "account", flag: "account", kind: Kind::OneOf(types::LedgerAccount::KNOWN), required: false, about: "Only those of this account." },
                Field { name: "created_at[gte]", flag: "created-at-gte", kind: Kind::Time, required: false, about: "At or after this time of creation." },
                Field { name: "created_at[gt]", flag: "created-at-gt", kind: Kind::Time, required: false, about: "After this time of creation." },
                Field { name: "created_at[lte]", flag: "created-at-lte", kind: Kind::Time, required: false, about: "At or before this time of creation." },
                Field { name: "created_at[lt]", flag: "created-at-lt", kind: Kind::Time, required: false, about: "Before this time of creation." },
            ],
            has_body: false,
            body: &[],
            example: "",
            expand: &[],
            columns: &[("id", "ID"), ("account", "ACCOUNT"), ("direction", "DIRECTION"), ("amount", "AMOUNT"), ("payment", "PAYMENT"), ("created_at", "CREATED")],
            paged: true,
            idempotent: false,
            timing: false,
            csv: false,
            streaming: false,
            destructive: false,
            issues: false,
            answer: &super::schemas::LEDGER_ENTRY_LIST,
        },
    ],
};
