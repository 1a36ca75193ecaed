//! Owns the operations of the log of requests.

use crate::domain::request_log::RequestLog;
use crate::http::operation::{Operation, ParamKind, optional};
use fluxa_sdk::contract::prefix;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get("/request_logs", "request_logs", |tx, input| {
        input.list::<RequestLog>(tx, &["key", "status", "created_at"], None)
    })
    .list()
    .params(&[
        optional("key", ParamKind::Id(prefix::API_KEY)),
        optional("status", ParamKind::Integer(i64::MIN, i64::MAX)),
        optional("created_at", ParamKind::TimeRange),
    ])
    .reads_log(),
    Operation::get("/request_logs/{id}", "request_logs", |tx, input| {
        input.retrieve::<RequestLog>(tx)
    })
    .id(prefix::REQUEST)
    .reads_log(),
];
