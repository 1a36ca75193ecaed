//! Owns the operations of events. The stream itself is `http/stream.rs`.

use crate::domain::delivery;
use crate::events::Event;
use crate::http::operation::{Answer, Answering, Method, Operation, ParamKind, optional, required};
use crate::store::Resource;
use fluxa_sdk::contract::prefix;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get("/events", "events", |tx, input| {
        input.list::<Event>(tx, &["type", "created_at"], None)
    })
    .list()
    .params(&[
        optional("type", ParamKind::Text(100)),
        optional("created_at", ParamKind::TimeRange),
    ]),
    Operation::special(Method::Get, "/events/stream", "events", Answering::Stream).params(&[
        optional("after", ParamKind::Text(255)),
        optional("types", ParamKind::Text(2000)),
    ]),
    Operation::get("/events/{id}", "events", |tx, input| {
        input.retrieve::<Event>(tx)
    })
    .id(prefix::EVENT),
    Operation::post("/events/{id}/resend", "events", |tx, input| {
        let endpoint = input.text("endpoint").unwrap_or_default();
        Ok(Answer::created(
            delivery::resend(tx, input.id(), endpoint)?.render(tx),
        ))
    })
    .id(prefix::EVENT)
    .params(&[required(
        "endpoint",
        ParamKind::Id(prefix::WEBHOOK_ENDPOINT),
    )]),
];
