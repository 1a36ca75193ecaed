//! Owns the operations of checkout sessions.

use crate::domain::checkout_session::{self, CheckoutSession};
use crate::http::expand::Node;
use crate::http::operation::{Answer, Operation, ParamKind, optional, required};
use crate::store::Resource;
use fluxa_sdk::contract::prefix;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::post("/checkout/sessions", "checkout", |tx, input| {
        let timing = input.timing.unwrap_or_default();
        let session = checkout_session::create(tx, input.parse()?, timing)?;
        Ok(Answer::created(session.render(tx)))
    })
    .params(&[
        required("amount", ParamKind::Amount),
        required("currency", ParamKind::Currency),
        required("success_url", ParamKind::Url),
        required("cancel_url", ParamKind::Url),
        optional("ui_mode", ParamKind::Choice(&["hosted", "embedded"])),
        optional("customer", ParamKind::Id(prefix::CUSTOMER)),
        optional("metadata", ParamKind::Metadata),
    ])
    .expand(Node::CheckoutSession),
    Operation::get("/checkout/sessions", "checkout", |tx, input| {
        input.list::<CheckoutSession>(tx, &["status", "customer", "created_at"], None)
    })
    .list()
    .params(&[
        optional(
            "status",
            ParamKind::Choice(&["open", "complete", "expired"]),
        ),
        optional("customer", ParamKind::Id(prefix::CUSTOMER)),
        optional("created_at", ParamKind::TimeRange),
    ])
    .expand(Node::CheckoutSession),
    Operation::get("/checkout/sessions/{id}", "checkout", |tx, input| {
        input.retrieve::<CheckoutSession>(tx)
    })
    .id(prefix::CHECKOUT_SESSION)
    .expand(Node::CheckoutSession),
    Operation::post("/checkout/sessions/{id}/expire", "checkout", |tx, input| {
        Ok(Answer::ok(
            checkout_session::expire(tx, input.id())?.render(tx),
        ))
    })
    .id(prefix::CHECKOUT_SESSION)
    .expand(Node::CheckoutSession),
];
