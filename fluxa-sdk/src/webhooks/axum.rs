//! The extractor for axum.
//!
//! Owns the way from axum's request to the [`Receiver`] and from a [`Rejection`] to axum's answer.

use std::error::Error as StdError;
use std::sync::Arc;

use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, HeaderValue};
use http_body_util::LengthLimitError;

use super::receiver::{Receiver, Rejection, Webhook, WebhookEvent};
use crate::contract;

/// Verifies the request: see [`Webhook`].
impl<S, E, R> FromRequest<S> for Webhook<E, R>
where
    S: Send + Sync,
    E: WebhookEvent,
    R: FromRef<S> + AsRef<Receiver>,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let receiver = R::from_ref(state).as_ref().clone();
        let received = receive(&receiver, request).await;
        received.inspect_err(Rejection::log)
    }
}

async fn receive<E: WebhookEvent, R>(
    receiver: &Receiver,
    request: Request,
) -> Result<Webhook<E, R>, Rejection> {
    // The body itself: a limit that axum would put around it is not the receiver's.
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    let values = |name: &str| headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let admitted = receiver.admit(
        values(contract::SIGNATURE),
        values(CONTENT_ENCODING.as_str()),
        headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes),
    )?;
    // Trailers are left out: they are not signed.
    let body = receiver.read(body.into_data_stream(), unread).await?;
    receiver.verify(&admitted, &body)
}

/// Tells a layer's limit from a connection that failed.
fn unread(error: axum_core::Error) -> Rejection {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(current) = cause {
        if current.is::<LengthLimitError>() {
            let max_body_bytes = None;
            return Rejection::BodyTooLarge { max_body_bytes };
        }
        cause = current.source();
    }
    Rejection::BodyIncomplete(error.into())
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let answer = (self.status(), self.answer());
        let encoding: Option<(HeaderName, HeaderValue)> = matches!(self, Self::Encoded)
            .then(|| (ACCEPT_ENCODING, HeaderValue::from_static("identity")));
        let mut response = answer.into_response();
        response.headers_mut().extend(encoding);
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
