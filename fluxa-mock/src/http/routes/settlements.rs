//! Owns the operations of settlements.

use crate::domain::settlement::Settlement;
use crate::http::operation::{Operation, ParamKind, optional};
use fluxa_sdk::contract::prefix;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get("/settlements", "settlements", |tx, input| {
        let columns = &["status", "settlement_reference", "created_at", "settled_at"];
        input.list::<Settlement>(tx, columns, None)
    })
    .list()
    .params(&[
        optional("status", ParamKind::Choice(&["open", "completed"])),
        optional("settlement_reference", ParamKind::Text(64)),
        optional("created_at", ParamKind::TimeRange),
        optional("settled_at", ParamKind::TimeRange),
    ]),
    Operation::get("/settlements/{id}", "settlements", |tx, input| {
        input.retrieve::<Settlement>(tx)
    })
    .id(prefix::SETTLEMENT),
];
