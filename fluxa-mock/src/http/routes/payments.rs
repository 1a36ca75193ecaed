//! Owns the operations of payments.

use crate::domain::Metadata;
use crate::domain::history;
use crate::domain::payment::{self, Payment};
use crate::domain::payment_flow;
use crate::http::expand::Node;
use crate::http::operation::{Answer, Operation, ParamKind, list_body, optional, required};
use crate::store::Resource;
use fluxa_sdk::contract::prefix;
use serde::Deserialize;
use serde_json::json;

/// The six states, as parameters name them.
pub(super) const STATES: &[&str] = &[
    "PAYMENT_RECEIVED",
    "CAPTURED",
    "SETTLING",
    "SETTLED",
    "FAILED",
    "REFUNDED",
];

#[derive(Deserialize)]
struct UpdatePayment {
    metadata: Option<Metadata>,
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::post("/payments", "payments", |tx, input| {
        let timing = input.timing.unwrap_or_default();
        let payment = payment_flow::create(tx, input.parse()?, timing)?;
        // As it was just written, which is quicker to read than to write out again.
        let body = tx.get_body::<Payment>(&payment.id)?;
        Ok(Answer::text(201, Payment::render_body(tx, body)?))
    })
    .params(&[
        required("amount", ParamKind::Amount),
        required("currency", ParamKind::Currency),
        optional("customer", ParamKind::Id(prefix::CUSTOMER)),
        optional("payment_method", ParamKind::Id(prefix::PAYMENT_METHOD)),
        optional("metadata", ParamKind::Metadata),
    ])
    .expand(Node::Payment),
    Operation::get("/payments", "payments", |tx, input| {
        let columns = &[
            "state",
            "customer",
            "settlement_reference",
            "created_at",
            "settled_at",
        ];
        input.list::<Payment>(tx, columns, None)
    })
    .list()
    .params(&[
        optional("state", ParamKind::Choice(STATES)),
        optional("customer", ParamKind::Id(prefix::CUSTOMER)),
        optional("settlement_reference", ParamKind::Text(64)),
        optional("created_at", ParamKind::TimeRange),
        optional("settled_at", ParamKind::TimeRange),
    ])
    .expand(Node::Payment),
    Operation::get("/payments/{id}", "payments", |tx, input| {
        input.retrieve::<Payment>(tx)
    })
    .id(prefix::PAYMENT)
    .expand(Node::Payment),
    Operation::patch("/payments/{id}", "payments", |tx, input| {
        let change: UpdatePayment = input.parse()?;
        let payment = match change.metadata {
            Some(metadata) => payment::set_metadata(tx, input.id(), metadata)?,
            None => tx.get(input.id())?,
        };
        Ok(Answer::ok(payment.render(tx)))
    })
    .id(prefix::PAYMENT)
    .params(&[optional("metadata", ParamKind::Metadata)])
    .expand(Node::Payment),
    Operation::get("/payments/{id}/history", "payments", |tx, input| {
        tx.get::<Payment>(input.id())?;
        if input.wants_csv {
            return Ok(Answer::csv(history::csv(tx, input.id())?));
        }
        let (entries, more) = history::list(tx, input.id(), &input.page(&[], None))?;
        let cursor = entries
            .last()
            .filter(|_| more)
            .map(|entry| entry.sequence.to_string());
        let data = entries.iter().map(|entry| json!(entry)).collect();
        Ok(Answer::ok(list_body(data, cursor)))
    })
    .id(prefix::PAYMENT)
    .list(),
];
