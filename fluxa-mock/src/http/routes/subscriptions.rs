//! Owns the operations of subscriptions.

use crate::domain::subscription::{self, Subscription};
use crate::http::expand::Node;
use crate::http::operation::{Answer, Operation, ParamKind, optional, required};
use crate::store::Resource;
use fluxa_sdk::contract::prefix;

const QUANTITY: ParamKind = ParamKind::Integer(1, 1_000_000);

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::post("/subscriptions", "subscriptions", |tx, input| {
        let timing = input.timing.unwrap_or_default();
        let created = subscription::create(tx, input.parse()?, timing)?;
        Ok(Answer::created(created.render(tx)))
    })
    .params(&[
        required("customer", ParamKind::Id(prefix::CUSTOMER)),
        required("amount", ParamKind::Amount),
        required("currency", ParamKind::Currency),
        required(
            "interval",
            ParamKind::Choice(&["day", "week", "month", "year"]),
        ),
        optional("interval_count", ParamKind::Integer(1, 365)),
        optional("quantity", QUANTITY),
        optional("payment_method", ParamKind::Id(prefix::PAYMENT_METHOD)),
        optional("trial_end", ParamKind::Instant),
        optional("metadata", ParamKind::Metadata),
    ])
    .expand(Node::Subscription),
    Operation::get("/subscriptions", "subscriptions", |tx, input| {
        input.list::<Subscription>(tx, &["customer", "status", "created_at"], None)
    })
    .list()
    .params(&[
        optional("customer", ParamKind::Id(prefix::CUSTOMER)),
        optional(
            "status",
            ParamKind::Choice(&["trial", "active", "past_due", "cancelled", "paused"]),
        ),
        optional("created_at", ParamKind::TimeRange),
    ])
    .expand(Node::Subscription),
    Operation::get("/subscriptions/{id}", "subscriptions", |tx, input| {
        input.retrieve::<Subscription>(tx)
    })
    .id(prefix::SUBSCRIPTION)
    .expand(Node::Subscription),
    Operation::patch("/subscriptions/{id}", "subscriptions", |tx, input| {
        let changed = subscription::update(tx, input.id(), input.parse()?)?;
        Ok(Answer::ok(changed.render(tx)))
    })
    .id(prefix::SUBSCRIPTION)
    .params(&[
        optional("amount", ParamKind::Amount),
        optional("quantity", QUANTITY),
        optional("payment_method", ParamKind::Id(prefix::PAYMENT_METHOD)),
        optional(
            "proration_behaviour",
            ParamKind::Choice(&["prorate", "none"]),
        ),
        optional("cancel_at_period_end", ParamKind::Boolean),
        optional("metadata", ParamKind::Metadata),
    ])
    .expand(Node::Subscription),
    Operation::post(
        "/subscriptions/{id}/cancel",
        "subscriptions",
        |tx, input| {
            let at_period_end = input.params.get("at_period_end");
            let at_period_end = at_period_end.is_some_and(|asked| asked == true);
            let cancelled = subscription::cancel(tx, input.id(), at_period_end)?;
            Ok(Answer::ok(cancelled.render(tx)))
        },
    )
    .id(prefix::SUBSCRIPTION)
    .params(&[optional("at_period_end", ParamKind::Boolean)])
    .expand(Node::Subscription),
    Operation::post("/subscriptions/{id}/pause", "subscriptions", |tx, input| {
        Ok(Answer::ok(subscription::pause(tx, input.id())?.render(tx)))
    })
    .id(prefix::SUBSCRIPTION)
    .expand(Node::Subscription),
    Operation::post(
        "/subscriptions/{id}/resume",
        "subscriptions",
        |tx, input| Ok(Answer::ok(subscription::resume(tx, input.id())?.render(tx))),
    )
    .id(prefix::SUBSCRIPTION)
    .expand(Node::Subscription),
];
