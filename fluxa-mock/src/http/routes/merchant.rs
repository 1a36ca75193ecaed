//! Owns the operations of the merchant and of the platform's status.

use crate::domain::merchant;
use crate::http::operation::{Answer, Operation};
use crate::store::Resource;
use serde_json::json;

pub(super) static OPERATIONS: &[Operation] = &[
    Operation::get("/merchant", "merchant", |tx, _| {
        Ok(Answer::ok(merchant::get(tx)?.render(tx)))
    }),
    Operation::get("/status", "", |tx, _| {
        let services = ["public_api", "dashboard", "hosted_checkout", "webhooks"]
            .map(|name| json!({ "name": name, "status": "operational" }));
        Ok(Answer::ok(json!({
            "object": "status", "overall": "operational", "services": services,
            "updated_at": tx.now(),
        })))
    })
    .public(),
];
