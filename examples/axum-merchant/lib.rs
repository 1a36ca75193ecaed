//! A merchant's server: sells one thing, learns by webhook that it was paid.
//!
//! It does what the developers' page advises: the order's own key makes the checkout session safe
//! to create twice; a webhook is verified over the raw body; an event id that was seen before is
//! acknowledged and ignored; and the payment is read again, because an event is a notification,
//! not the truth.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRef, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use fluxa_sdk::types::{CreateCheckoutSession, Event, PaymentState};
use fluxa_sdk::webhooks::inbox::{Inbox, MemoryStore, Processed};
use fluxa_sdk::webhooks::{Receiver, VerifiedEvent, Verifier, Webhook};
use fluxa_sdk::{Client, Error, IdempotencyKey, Money};
use serde_json::{Value, json};

/// The shop: a client of Fluxa, a verifier of its webhooks, and what is known of the orders.
pub struct Shop {
    fluxa: Client,
    receiver: Receiver,
    /// Which events were handled. With more than one replica: in PostgreSQL or Redis.
    inbox: Inbox<MemoryStore>,
    /// This address, as the cardholder's browser reaches it.
    public_url: String,
    books: Mutex<Books>,
}

/// What a real shop keeps in its database.
#[derive(Default)]
struct Books {
    /// Order → state of its payment, as last read from Fluxa.
    orders: HashMap<String, String>,
}

impl Shop {
    /// Makes a shop from its parts.
    #[must_use]
    pub fn new(fluxa: Client, verifier: Verifier, public_url: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            fluxa,
            receiver: Receiver::new(verifier),
            inbox: Inbox::new(MemoryStore::new()),
            public_url: public_url.into(),
            books: Mutex::default(),
        })
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shop's routes.
pub fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/orders/{order}/checkout", post(checkout))
        .route("/orders/{order}", get(order))
        .route("/webhooks/fluxa", post(webhook))
        .with_state(shop)
}

type Failure = (StatusCode, Json<Value>);

/// Opens a checkout for an order and answers where to send the cardholder.
async fn checkout(
    State(shop): State<Arc<Shop>>,
    Path(order): Path<String>,
) -> Result<Json<Value>, Failure> {
    // The same order gives the same key in every process: a double click, a retry or a crash
    // between here and the answer cannot open a second session.
    let key = IdempotencyKey::derive("checkout", &order);
    let session = CreateCheckoutSession::new(
        Money::gbp(1999),
        format!("{}/orders/{order}", shop.public_url),
        format!("{}/orders/{order}?cancelled=1", shop.public_url),
    )
    .metadata("order_id", &order);
    match shop
        .fluxa
        .checkout()
        .sessions()
        .create(session)
        .idempotency_key(key)
        .await
    {
        Ok(session) => {
            shop.books()
                .orders
                .entry(order)
                .or_insert_with(|| "awaiting payment".into());
            Ok(Json(
                json!({ "id": session.id.as_str(), "pay_at": session.url }),
            ))
        }
        // `outcome` says whether the session may exist nevertheless; with the same key it is safe
        // to ask again whatever it says.
        Err(error) => Err((
            StatusCode::BAD_GATEWAY,
            Json(
                json!({ "error": error.to_string(), "outcome": format!("{:?}", error.outcome()) }),
            ),
        )),
    }
}

/// What is known of an order.
async fn order(
    State(shop): State<Arc<Shop>>,
    Path(order): Path<String>,
) -> Result<Json<Value>, StatusCode> {
    let state = shop
        .books()
        .orders
        .get(&order)
        .cloned()
        .ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(json!({ "order": order, "payment": state })))
}

/// Where the extractor finds its receiver: a type of our own, for the state is in an `Arc`.
struct Endpoint(Receiver);

impl AsRef<Receiver> for Endpoint {
    fn as_ref(&self) -> &Receiver {
        &self.0
    }
}

impl FromRef<Arc<Shop>> for Endpoint {
    fn from_ref(shop: &Arc<Shop>) -> Self {
        Self(shop.receiver.clone())
    }
}

/// Receives Fluxa's webhooks. The extractor has verified the raw body; what is not Fluxa's was
/// answered by it and is not seen here. What was seen before, or failed, is answered by the inbox.
async fn webhook(
    State(shop): State<Arc<Shop>>,
    Webhook { event, .. }: Webhook<VerifiedEvent, Endpoint>,
) -> Processed<(), Error> {
    shop.inbox
        .process(&event, |_lease| learn(&shop, &event))
        .await
}

/// Reads the payment that the event is about. Events may come late and in any order; the payment
/// itself does not lie.
async fn learn(shop: &Shop, event: &VerifiedEvent) -> Result<(), Error> {
    let event = event.event()?;
    let Some(payment) = payment_of(&event) else {
        return Ok(());
    };
    let payment = shop.fluxa.payments().retrieve(payment).await?;
    if let Some(order) = payment.metadata.get("order_id") {
        let paid = match payment.state {
            PaymentState::Captured | PaymentState::Settling | PaymentState::Settled => "paid",
            PaymentState::Failed => "failed",
            PaymentState::Refunded => "refunded",
            _ => "awaiting payment",
        };
        shop.books().orders.insert(order.clone(), paid.into());
    }
    Ok(())
}

/// The payment that an event is about, if it is about one.
fn payment_of(event: &Event) -> Option<&fluxa_sdk::types::PaymentId> {
    match event {
        Event::PaymentCaptured(event)
        | Event::PaymentSettling(event)
        | Event::PaymentSettled(event)
        | Event::PaymentFailed(event)
        | Event::PaymentRefunded(event) => Some(&event.data.object.id),
        // Types that this shop does not care for, and those that Fluxa adds after it was built.
        _ => None,
    }
}

/// The README's Rust is compiled here, so that it stays true.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// A router without the receiver of its webhooks is no program:
///
/// ```compile_fail,E0277
/// # use axum::{Router, routing::post};
/// # use fluxa_sdk::webhooks::Webhook;
/// async fn hook(_: Webhook) {}
/// let router: Router<()> = Router::new().route("/", post(hook));
/// ```
///
/// ```
/// # use axum::{Router, routing::post};
/// # use fluxa_sdk::webhooks::{Receiver, Verifier, Webhook};
/// async fn hook(_: Webhook) {}
/// let receiver = Receiver::new(Verifier::new("whsec_test").unwrap());
/// let router: Router<()> = Router::new().route("/", post(hook)).with_state(receiver);
/// ```
///
/// Nor is a handler that takes the body twice:
///
/// ```compile_fail,E0277
/// # use axum::{Json, Router, routing::post};
/// # use fluxa_sdk::webhooks::{Event, Receiver, Webhook};
/// async fn hook(_: Webhook, _: Json<Event>) {}
/// let router: Router<Receiver> = Router::new().route("/", post(hook));
/// ```
#[cfg(doctest)]
pub struct Misuse;
