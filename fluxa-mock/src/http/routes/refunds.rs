//! Owns the operations of refunds.

use crate::domain::refund::{self, Refund};
use crate::http::expand::Node;
use crate::http::operation::{Answer, Operation, ParamKind, optional, required};
use crate::store::Resource;
use fluxa_sdk::contract::{self, prefix};

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::post("/refunds", "refunds", |tx, input| {
        let refund = refund::create(tx, input.parse()?, input.timing)?;
        Ok(Answer::created(refund.render(tx)))
    })
    .params(&[
        required("payment", ParamKind::Id(prefix::PAYMENT)),
        optional("amount", ParamKind::Integer(1, contract::AMOUNT_MINOR_MAX)),
        optional("reason", ParamKind::Text(500)),
        optional("metadata", ParamKind::Metadata),
    ])
    .expand(Node::Refund),
    Operation::get("/refunds", "refunds", |tx, input| {
        input.list::<Refund>(tx, &["payment", "status", "created_at"], None)
    })
    .list()
    .params(&[
        optional("payment", ParamKind::Id(prefix::PAYMENT)),
        optional(
            "status",
            ParamKind::Choice(&["pending", "succeeded", "failed"]),
        ),
        optional("created_at", ParamKind::TimeRange),
    ])
    .expand(Node::Refund),
    Operation::get("/refunds/{id}", "refunds", |tx, input| {
        input.retrieve::<Refund>(tx)
    })
    .id(prefix::REFUND)
    .expand(Node::Refund),
];
