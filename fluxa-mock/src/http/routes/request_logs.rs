//! Owns the operations of the log of requests.

use super::missing;
use crate::http::operation::Method::Get;
use crate::http::operation::Operation;

pub(super) static OPERATIONS: &[Operation] = &[
    missing(Get, "/request_logs", "request_logs"),
    missing(Get, "/request_logs/{id}", "request_logs"),
];
