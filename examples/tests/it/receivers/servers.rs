//! The same four endpoints under axum and under actix-web, over real sockets.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpServer, ResponseError as _, web};
use axum::extract::{FromRef, State};
use axum::response::IntoResponse;
use axum::{Router, routing};
use fluxa_sdk::webhooks::{Event, Receiver, Rejection, VerifiedEvent, Webhook};

/// Ids of the events that reached a handler.
pub(crate) type Handled = Arc<Mutex<Vec<String>>>;

/// A server under attack.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) handled: Handled,
}

/// The second endpoint, whose secret is another.
#[derive(Clone)]
pub(crate) struct Other(Receiver);

impl AsRef<Receiver> for Other {
    fn as_ref(&self) -> &Receiver {
        &self.0
    }
}

#[derive(Clone)]
struct AppState {
    main: Receiver,
    other: Receiver,
    handled: Handled,
}

impl FromRef<AppState> for Receiver {
    fn from_ref(state: &AppState) -> Self {
        state.main.clone()
    }
}

impl FromRef<AppState> for Other {
    fn from_ref(state: &AppState) -> Self {
        Self(state.other.clone())
    }
}

impl FromRef<AppState> for Handled {
    fn from_ref(state: &AppState) -> Self {
        state.handled.clone()
    }
}

fn note(handled: &Handled, id: &str) {
    handled.lock().unwrap().push(id.to_owned());
}

/// What a merchant's log would say.
fn logged(rejection: &Rejection) -> String {
    format!("{:?} {rejection}", rejection.signature_error())
}

/// Starts both servers.
pub(crate) async fn start(main: &Receiver, other: &Receiver) -> [Server; 2] {
    [
        start_axum(main.clone(), other.clone()).await,
        start_actix(main.clone(), other.clone()),
    ]
}

async fn start_axum(main: Receiver, other: Receiver) -> Server {
    async fn typed(State(handled): State<Handled>, webhook: Webhook<Event>) -> String {
        note(&handled, webhook.id());
        webhook.event_type().to_string()
    }
    async fn raw(State(handled): State<Handled>, Webhook { event, .. }: Webhook) {
        note(&handled, event.id());
    }
    async fn other_raw(State(handled): State<Handled>, webhook: Webhook<VerifiedEvent, Other>) {
        note(&handled, webhook.into_event().id());
    }
    async fn seen(webhook: Result<Webhook, Rejection>) -> axum::response::Response {
        match webhook {
            Ok(_) => "accepted".into_response(),
            Err(rejection) => (rejection.status(), logged(&rejection)).into_response(),
        }
    }
    let handled = Handled::default();
    let state = AppState {
        main,
        other,
        handled: handled.clone(),
    };
    let router = Router::new()
        .route("/typed", routing::post(typed))
        .route("/raw", routing::post(raw))
        .route("/other", routing::post(other_raw))
        .route("/seen", routing::post(seen))
        .with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server {
        name: "axum",
        address,
        handled,
    }
}

fn start_actix(main: Receiver, other: Receiver) -> Server {
    async fn typed(handled: web::Data<Handled>, webhook: Webhook<Event>) -> String {
        note(&handled, webhook.id());
        webhook.event_type().to_string()
    }
    async fn raw(handled: web::Data<Handled>, Webhook { event, .. }: Webhook) -> &'static str {
        note(&handled, event.id());
        ""
    }
    async fn other_raw(
        handled: web::Data<Handled>,
        webhook: Webhook<VerifiedEvent, Other>,
    ) -> &'static str {
        note(&handled, webhook.into_event().id());
        ""
    }
    async fn seen(webhook: Result<Webhook, Rejection>) -> actix_web::HttpResponse {
        match webhook {
            Ok(_) => actix_web::HttpResponse::Ok().body("accepted"),
            Err(rejection) => {
                actix_web::HttpResponse::build(rejection.status_code()).body(logged(&rejection))
            }
        }
    }
    async fn after_json(_: web::Json<serde_json::Value>, _: Webhook) -> &'static str {
        "two extractors took one body"
    }
    async fn lost(_: Webhook<VerifiedEvent, Forgotten>) -> &'static str {
        ""
    }
    let handled = Handled::default();
    let data = web::Data::new(handled.clone());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(main.clone())
            .app_data(web::Data::new(Other(other.clone())))
            // Neither of these may count for a webhook.
            .app_data(web::PayloadConfig::new(16).mimetype("text/html".parse().unwrap()))
            .route("/typed", web::post().to(typed))
            .route("/raw", web::post().to(raw))
            .route("/other", web::post().to(other_raw))
            .route("/seen", web::post().to(seen))
            .route("/after_json", web::post().to(after_json))
            .route("/lost", web::post().to(lost))
            .service(
                web::resource("/resource")
                    .app_data(other.clone())
                    .route(web::post().to(raw)),
            )
    });
    tokio::spawn(
        server
            .workers(2)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run(),
    );
    Server {
        name: "actix-web",
        address,
        handled,
    }
}

/// An endpoint that nobody set up.
pub(crate) struct Forgotten(Receiver);

impl AsRef<Receiver> for Forgotten {
    fn as_ref(&self) -> &Receiver {
        &self.0
    }
}
