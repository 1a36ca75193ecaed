//! Owns the operations of webhook endpoints and their deliveries.

use crate::domain::delivery::WebhookDelivery;
use crate::domain::webhook_endpoint::{self, DEFAULT_GRACE_SECONDS, WebhookEndpoint};
use crate::http::operation::{Answer, Operation, Param, ParamKind, optional, required};
use crate::store::{Resource, Scope};
use fluxa_sdk::contract::prefix;

/// Grace of a rotation: an hour to thirty days.
pub(super) const GRACE: Param = optional("grace_seconds", ParamKind::Integer(3_600, 2_592_000));

const EVENTS: Param = optional("events", ParamKind::EventTypes);
const DESCRIPTION: Param = optional("description", ParamKind::Text(500));
const METADATA: Param = optional("metadata", ParamKind::Metadata);
const STATUS: Param = optional("status", ParamKind::Choice(&["enabled", "disabled"]));

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::post("/webhook_endpoints", "webhook_endpoints", |tx, input| {
        let endpoint = webhook_endpoint::create(tx, input.parse()?)?;
        Ok(Answer::created(endpoint.render_with_secret(tx)))
    })
    .params(&[
        required("url", ParamKind::Text(2048)),
        EVENTS,
        DESCRIPTION,
        METADATA,
    ]),
    Operation::get("/webhook_endpoints", "webhook_endpoints", |tx, input| {
        input.list::<WebhookEndpoint>(tx, &["status", "created_at"], None)
    })
    .list()
    .params(&[STATUS, optional("created_at", ParamKind::TimeRange)]),
    Operation::get(
        "/webhook_endpoints/{id}",
        "webhook_endpoints",
        |tx, input| input.retrieve::<WebhookEndpoint>(tx),
    )
    .id(prefix::WEBHOOK_ENDPOINT),
    Operation::patch(
        "/webhook_endpoints/{id}",
        "webhook_endpoints",
        |tx, input| {
            Ok(Answer::ok(
                webhook_endpoint::update(tx, input.id(), input.parse()?)?.render(tx),
            ))
        },
    )
    .id(prefix::WEBHOOK_ENDPOINT)
    .params(&[
        optional("url", ParamKind::Text(2048)),
        EVENTS,
        DESCRIPTION,
        STATUS,
        METADATA,
    ]),
    Operation::delete(
        "/webhook_endpoints/{id}",
        "webhook_endpoints",
        |tx, input| {
            webhook_endpoint::delete(tx, input.id())?;
            Ok(Answer::deleted(input.id(), "webhook_endpoint"))
        },
    )
    .id(prefix::WEBHOOK_ENDPOINT),
    Operation::post(
        "/webhook_endpoints/{id}/rotate_secret",
        "webhook_endpoints",
        |tx, input| {
            let grace = input
                .integer("grace_seconds")
                .unwrap_or(DEFAULT_GRACE_SECONDS);
            let endpoint = webhook_endpoint::rotate_secret(tx, input.id(), grace)?;
            Ok(Answer::ok(endpoint.render_with_secret(tx)))
        },
    )
    .id(prefix::WEBHOOK_ENDPOINT)
    .params(&[GRACE]),
    Operation::get(
        "/webhook_endpoints/{id}/deliveries",
        "webhook_endpoints",
        |tx, input| {
            tx.get::<WebhookEndpoint>(input.id())?;
            let scope = Scope::new("endpoint", input.id());
            input.list::<WebhookDelivery>(tx, &["event", "status", "created_at"], Some(scope))
        },
    )
    .id(prefix::WEBHOOK_ENDPOINT)
    .list()
    .params(&[
        optional("event", ParamKind::Id(prefix::EVENT)),
        optional(
            "status",
            ParamKind::Choice(&["pending", "succeeded", "retrying", "failed"]),
        ),
        optional("created_at", ParamKind::TimeRange),
    ]),
];
