//! Owns the operations of disputes.

use super::missing;
use crate::http::operation::Method::{Get, Post};
use crate::http::operation::Operation;

pub(super) static OPERATIONS: &[Operation] = &[
    missing(Get, "/disputes", "disputes"),
    missing(Get, "/disputes/{id}", "disputes"),
    missing(Post, "/disputes/{id}/evidence", "disputes"),
    missing(Post, "/disputes/{id}/accept", "disputes"),
];
