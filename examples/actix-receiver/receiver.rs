//! Receives the webhooks of two endpoints, each with its own secret, under actix-web.
//!
//! Owns the routes and what is counted. The extractor has read, limited and verified the body
//! before a handler runs; what is not Fluxa's never gets here.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use fluxa_sdk::webhooks::{Event, Receiver, Rejection, Verifier, Webhook};

/// What was received. A real service keeps it in its database, with the id unique.
#[derive(Default)]
pub(crate) struct Ledger {
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    handled: HashSet<String>,
    settled_minor: i64,
    by_type: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
}

impl Ledger {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the routes. Each resource has its own receiver, so that the secret of one endpoint opens
/// no other.
pub(crate) fn routes(shop: Verifier, platform: Verifier) -> impl FnOnce(&mut ServiceConfig) {
    let platform = Receiver::new(platform).max_body_bytes(64 * 1024);
    move |app| {
        app.service(
            web::resource("/webhooks/shop")
                .app_data(Receiver::new(shop))
                .route(web::post().to(shop_event)),
        )
        .service(
            web::resource("/webhooks/platform")
                .app_data(platform)
                .route(web::post().to(platform_event)),
        )
        .route("/totals", web::get().to(totals));
    }
}

/// The typed event; what is not accepted is answered by the rejection itself.
async fn shop_event(ledger: Data<Ledger>, webhook: Webhook<Event>) -> HttpResponse {
    let mut books = ledger.books();
    // Fluxa sends an event again until it is acknowledged, and may do so after that.
    if books.handled.insert(webhook.id().to_owned())
        && let Event::PaymentSettled(event) = &webhook.event
    {
        books.settled_minor += event.data.object.amount;
    }
    HttpResponse::Ok().finish()
}

/// The verified event before anything is made of it, and the rejection to look at.
async fn platform_event(
    ledger: Data<Ledger>,
    webhook: Result<Webhook, Rejection>,
) -> Result<impl Responder, Rejection> {
    let webhook = webhook.inspect_err(|rejection| {
        // A sudden rise of `NoMatch` is a forger, or a secret rotated on one side only.
        let reason = match rejection.signature_error() {
            Some(error) => error.to_string(),
            None => rejection.to_string(),
        };
        *ledger.books().refused.entry(reason).or_default() += 1;
    })?;
    let mut books = ledger.books();
    if books.handled.insert(webhook.id().to_owned()) {
        *books
            .by_type
            .entry(webhook.event_type().to_owned())
            .or_default() += 1;
    }
    Ok(HttpResponse::Ok())
}

async fn totals(ledger: Data<Ledger>) -> impl Responder {
    let books = ledger.books();
    let json = serde_json::json!({
        "settled_minor": books.settled_minor,
        "platform": books.by_type,
        "refused": books.refused,
    });
    HttpResponse::Ok()
        .content_type("application/json")
        .body(json.to_string())
}
