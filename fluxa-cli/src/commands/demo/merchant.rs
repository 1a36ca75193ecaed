//! Owns the demo's merchant: a small HTTP server that does with webhooks what a real one must.
//!
//! Verifies over the raw bytes, with the SDK; answers at once; recognises an event it has had.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use bytes::Bytes;
use fluxa_sdk::webhooks::Verifier;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::error::{CliError, Result};

/// Where the merchant receives webhooks.
const PATH: &str = "/webhooks/fluxa";

/// What the merchant made of one delivery.
#[derive(Debug)]
pub(super) enum Receipt {
    /// Signed by Fluxa, and new.
    Verified {
        body: Bytes,
        event: String,
        event_type: String,
    },
    /// Signed by Fluxa, and had before.
    Duplicate,
    /// Not acted upon.
    Refused { reason: String },
}

struct Merchant {
    verifier: Verifier,
    /// Ids of the events handled; a real merchant keeps them in its database.
    handled: Mutex<HashSet<String>>,
    receipts: mpsc::UnboundedSender<Receipt>,
}

/// Starts the merchant on a free port.
///
/// Returns its webhook URL, and what it makes of every delivery.
pub(super) async fn start(
    verifier: Verifier,
) -> Result<(String, mpsc::UnboundedReceiver<Receipt>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (receipts, received) = mpsc::unbounded_channel();
    let merchant = Arc::new(Merchant {
        verifier,
        handled: Mutex::default(),
        receipts,
    });
    let router = Router::new()
        .route(PATH, post(webhook))
        .with_state(merchant);
    tokio::spawn(async move {
        axum::serve(listener, router)
            .await
            .map_err(|error| CliError::failure(format!("the merchant stopped: {error}")))
    });
    Ok((format!("http://{address}{PATH}"), received))
}

async fn webhook(
    State(merchant): State<Arc<Merchant>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let (status, receipt) = match merchant.verifier.verify_headers(&body, &headers) {
        Err(error) => (
            StatusCode::BAD_REQUEST,
            Receipt::Refused {
                reason: error.to_string(),
            },
        ),
        Ok(event) => {
            let id = event.id().to_owned();
            let mut handled = merchant
                .handled
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let receipt = match handled.insert(id.clone()) {
                false => Receipt::Duplicate,
                true => Receipt::Verified {
                    body: event.bytes().clone(),
                    event: id,
                    event_type: event.event_type().to_owned(),
                },
            };
            (StatusCode::OK, receipt)
        }
    };
    // Nobody watches any more when the demo is over; the answer is right all the same.
    let _ = merchant.receipts.send(receipt);
    status
}
