//! The extractor for actix-web.
//!
//! Owns the way from actix-web's request to the [`Receiver`] and from a [`Rejection`] to its
//! answer. Reads the payload itself, so that `PayloadConfig`, its 256 KiB and its media types do
//! not count, and nothing is decompressed.

use std::any::type_name;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};

use super::receiver::{Receiver, Rejection, Webhook, WebhookEvent};
use crate::contract;

/// Verifies the request: see [`Webhook`].
impl<E, R> FromRequest for Webhook<E, R>
where
    E: WebhookEvent + 'static,
    R: AsRef<Receiver> + 'static,
{
    type Error = Rejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Rejection>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let received = receive(&request, payload).await;
            received.inspect_err(Rejection::log)
        })
    }
}

async fn receive<E: WebhookEvent, R: AsRef<Receiver> + 'static>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<Webhook<E, R>, Rejection> {
    let receiver = receiver::<R>(request)?;
    let headers = request.headers();
    let admitted = receiver.admit(
        headers.get_all(contract::SIGNATURE).map(|v| v.as_bytes()),
        headers.get_all(CONTENT_ENCODING).map(|v| v.as_bytes()),
        headers.get(CONTENT_LENGTH).map(|v| v.as_bytes()),
    )?;
    let body = receiver.read(payload, unread).await?;
    receiver.verify(&admitted, &body)
}

fn receiver<R: AsRef<Receiver> + 'static>(request: &HttpRequest) -> Result<Receiver, Rejection> {
    let bare = request.app_data::<R>();
    let found = bare.or_else(|| request.app_data::<Data<R>>().map(|data| data.get_ref()));
    let type_name = type_name::<R>();
    let endpoint = found.ok_or(Rejection::NotConfigured { type_name })?;
    Ok(endpoint.as_ref().clone())
}

fn unread(error: PayloadError) -> Rejection {
    match error {
        PayloadError::Overflow => Rejection::BodyTooLarge {
            max_body_bytes: None,
        },
        // Some of them cannot be sent between threads, so the text alone is kept.
        error => Rejection::BodyIncomplete(error.to_string().into()),
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> actix_web::http::StatusCode {
        actix_web::http::StatusCode::from_u16(self.status().as_u16())
            .expect("a status of one `http` is one of the other")
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status_code());
        if matches!(self, Self::Encoded) {
            response.insert_header((ACCEPT_ENCODING, "identity"));
        }
        response
            .content_type("text/plain; charset=utf-8")
            .body(self.answer())
    }
}
