//! Owns the operations of listen sessions.

use crate::domain::delivery;
use crate::domain::listen_session::{self, ListenSession};
use crate::http::operation::{Answer, Operation, ParamKind, optional, required};
use crate::store::Resource;
use fluxa_sdk::contract::prefix;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::post("/listen_sessions", "listen_sessions", |tx, input| {
        let key = input.key.as_ref().map_or("", |key| key.id.as_str());
        let session = listen_session::create(tx, key, input.parse()?)?;
        Ok(Answer::created(session.render(tx)))
    })
    .params(&[
        optional("events", ParamKind::EventTypes),
        optional("metadata", ParamKind::Metadata),
    ]),
    Operation::post(
        "/listen_sessions/{id}/deliveries",
        "listen_sessions",
        |tx, input| {
            tx.get::<ListenSession>(input.id())?;
            let delivery = delivery::record_listened(tx, input.id(), input.parse()?)?;
            Ok(Answer::created(delivery.render(tx)))
        },
    )
    .id(prefix::LISTEN_SESSION)
    .params(&[
        required("event", ParamKind::Id(prefix::EVENT)),
        optional("attempt", ParamKind::Integer(1, 1_000_000)),
        optional("response_status", ParamKind::Integer(100, 599)),
        required("duration_ms", ParamKind::Integer(0, 86_400_000)),
        optional("error", ParamKind::Remark(500)),
    ]),
];
