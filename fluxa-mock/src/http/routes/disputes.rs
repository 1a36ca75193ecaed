//! Owns the operations of disputes. Raising and deciding one is the sandbox's business.

use crate::domain::dispute::{self, Dispute};
use crate::http::expand::Node;
use crate::http::operation::{Answer, Operation, Param, ParamKind, optional};
use crate::store::Resource;
use fluxa_sdk::contract::prefix;

const STATUSES: &[&str] = &["evidence_required", "evidence_submitted", "won", "lost"];

const fn evidence(name: &'static str) -> Param {
    optional(name, ParamKind::Text(20_000))
}

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get("/disputes", "disputes", |tx, input| {
        input.list::<Dispute>(tx, &["payment", "status", "created_at"], None)
    })
    .list()
    .params(&[
        optional("payment", ParamKind::Id(prefix::PAYMENT)),
        optional("status", ParamKind::Choice(STATUSES)),
        optional("created_at", ParamKind::TimeRange),
    ])
    .expand(Node::Dispute),
    Operation::get("/disputes/{id}", "disputes", |tx, input| {
        input.retrieve::<Dispute>(tx)
    })
    .id(prefix::DISPUTE)
    .expand(Node::Dispute),
    Operation::post("/disputes/{id}/evidence", "disputes", |tx, input| {
        let dispute = dispute::submit_evidence(tx, input.id(), input.parse()?)?;
        Ok(Answer::ok(dispute.render(tx)))
    })
    .id(prefix::DISPUTE)
    .params(&[
        evidence("product_description"),
        evidence("customer_communication"),
        evidence("shipping_documentation"),
        evidence("receipt"),
        evidence("refund_policy"),
        evidence("cancellation_policy"),
        evidence("additional_information"),
    ])
    .expand(Node::Dispute),
    Operation::post("/disputes/{id}/accept", "disputes", |tx, input| {
        Ok(Answer::ok(dispute::accept(tx, input.id())?.render(tx)))
    })
    .id(prefix::DISPUTE)
    .expand(Node::Dispute),
];
