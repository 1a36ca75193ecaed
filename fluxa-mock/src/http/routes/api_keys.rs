//! Owns the operations of API keys.

use super::webhook_endpoints::GRACE;
use crate::domain::api_key::{self, ApiKey};
use crate::domain::request_log::RequestLog;
use crate::http::operation::{Answer, Operation, Param, ParamKind, optional, required};
use crate::store::{Resource, Scope};
use fluxa_sdk::contract::prefix;

const KINDS: ParamKind = ParamKind::Choice(&["publishable", "secret", "restricted"]);
const SCOPES: Param = optional("scopes", ParamKind::TextList);
const IP_ALLOWLIST: Param = optional("ip_allowlist", ParamKind::TextList);
const METADATA: Param = optional("metadata", ParamKind::Metadata);

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::post("/api_keys", "api_keys", |tx, input| {
        Ok(Answer::created(
            api_key::create(tx, input.key()?, input.parse()?)?.render(tx),
        ))
    })
    .params(&[
        required("kind", KINDS),
        required("name", ParamKind::Text(100)),
        SCOPES,
        IP_ALLOWLIST,
        METADATA,
    ]),
    Operation::get("/api_keys", "api_keys", |tx, input| {
        input.list::<ApiKey>(tx, &["kind", "status", "created_at"], None)
    })
    .list()
    .params(&[
        optional("kind", KINDS),
        optional(
            "status",
            ParamKind::Choice(&["active", "rotating", "revoked"]),
        ),
        optional("created_at", ParamKind::TimeRange),
    ]),
    Operation::get("/api_keys/{id}", "api_keys", |tx, input| {
        input.retrieve::<ApiKey>(tx)
    })
    .id(prefix::API_KEY),
    Operation::patch("/api_keys/{id}", "api_keys", |tx, input| {
        Ok(Answer::ok(
            api_key::update(tx, input.key()?, input.id(), input.parse()?)?.render(tx),
        ))
    })
    .id(prefix::API_KEY)
    .params(&[
        optional("name", ParamKind::Text(100)),
        SCOPES,
        IP_ALLOWLIST,
        METADATA,
    ]),
    Operation::post("/api_keys/{id}/rotate", "api_keys", |tx, input| {
        let issued = api_key::rotate(tx, input.key()?, input.id(), input.integer("grace_seconds"))?;
        Ok(Answer::created(issued.render(tx)))
    })
    .id(prefix::API_KEY)
    .params(&[GRACE]),
    Operation::post("/api_keys/{id}/revoke", "api_keys", |tx, input| {
        Ok(Answer::ok(
            api_key::revoke(tx, input.key()?, input.id())?.render(tx),
        ))
    })
    .id(prefix::API_KEY),
    Operation::get("/api_keys/{id}/requests", "api_keys", |tx, input| {
        let key: ApiKey = tx.get(input.id())?;
        let scope = Scope::new("key", key.id);
        input.list::<RequestLog>(tx, &["created_at"], Some(scope))
    })
    .id(prefix::API_KEY)
    .list()
    .params(&[optional("created_at", ParamKind::TimeRange)])
    .reads_log(),
];
