//! Owns the operations of subscriptions.

use super::missing;
use crate::http::operation::Method::{Get, Patch, Post};
use crate::http::operation::Operation;

pub(super) static OPERATIONS: &[Operation] = &[
    missing(Post, "/subscriptions", "subscriptions"),
    missing(Get, "/subscriptions", "subscriptions"),
    missing(Get, "/subscriptions/{id}", "subscriptions"),
    missing(Patch, "/subscriptions/{id}", "subscriptions"),
    missing(Post, "/subscriptions/{id}/cancel", "subscriptions"),
    missing(Post, "/subscriptions/{id}/pause", "subscriptions"),
    missing(Post, "/subscriptions/{id}/resume", "subscriptions"),
];
