//! The actix-web extractor, request by request. Over real sockets it is tested by the examples.

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::test::TestRequest;
use actix_web::{Error, FromRequest, HttpRequest, ResponseError};
use bytes::Bytes;
use fluxa_sdk::testing::sample_event;
use fluxa_sdk::webhooks::{
    EventType, Receiver, Rejection, SignatureError, VerifiedEvent, Verifier, Webhook,
};

const SECRET: &str = "whsec_0123456789abcdef0123456789abcdef";

fn request(secret: &str, data: Receiver) -> (HttpRequest, Bytes) {
    let delivery = sample_event(EventType::RefundFailed).signed(SECRET);
    let request = TestRequest::post()
        .app_data(data)
        .insert_header(("X-Fluxa-Signature", sign(secret, &delivery.body)));
    (request.to_http_request(), delivery.body)
}

fn sign(secret: &str, body: &Bytes) -> String {
    fluxa_sdk::testing::sign(secret, body)
}

fn receiver() -> Receiver {
    Receiver::new(Verifier::new(SECRET).unwrap())
}

async fn extract(request: &HttpRequest, payload: Payload) -> Result<VerifiedEvent, Rejection> {
    let mut payload = payload;
    let webhook = Webhook::<VerifiedEvent>::from_request(request, &mut payload).await?;
    Ok(webhook.into_event())
}

#[tokio::test]
async fn the_raw_body_is_handed_over() {
    let (request, body) = request(SECRET, receiver());
    let event = extract(&request, Payload::from(body.clone()))
        .await
        .unwrap();
    assert_eq!(
        (event.bytes(), event.event_type()),
        (&body, "refund.failed")
    );
}

#[tokio::test]
async fn the_answer_carries_its_reason_for_middleware() {
    let (request, body) = request("whsec_other", receiver());
    let rejection = extract(&request, Payload::from(body)).await.unwrap_err();
    let response = Error::from(rejection).error_response();
    assert_eq!(response.status().as_u16(), 400);
    let (request, body) = self::request("whsec_other", receiver());
    let error = Error::from(extract(&request, Payload::from(body)).await.unwrap_err());
    let kept = error.as_error::<Rejection>().unwrap();
    assert_eq!(kept.signature_error(), Some(SignatureError::NoMatch));
}

#[tokio::test]
async fn each_fault_of_the_payload_has_its_status() {
    for (fault, status) in [
        (PayloadError::Overflow, 413),
        (PayloadError::Incomplete(None), 400),
        (PayloadError::EncodingCorrupted, 400),
    ] {
        let (request, _) = request(SECRET, receiver());
        let failing: Payload = Payload::Stream {
            payload: Box::pin(Once(Some(fault))),
        };
        let rejection = extract(&request, failing).await.unwrap_err();
        assert_eq!(rejection.status_code().as_u16(), status, "{rejection:?}");
    }
}

/// A payload that fails.
struct Once(Option<PayloadError>);

impl futures_core::Stream for Once {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(Err))
    }
}

#[tokio::test]
async fn a_receiver_that_is_missing_is_named_to_the_merchant_alone() {
    let request = TestRequest::post().to_http_request();
    let rejection = extract(&request, Payload::None).await.unwrap_err();
    assert!(rejection.to_string().contains("Receiver"), "{rejection}");
    let response = rejection.error_response();
    assert_eq!(response.status().as_u16(), 500);
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .unwrap();
    assert_eq!(body, "the endpoint is not set up");
}
