//! Owns the headers of a delivery: signed through the SDK, at the time it is sent.

use fluxa_sdk::{SecretText, contract, webhooks};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

use super::Incoming;

/// Signs deliveries with the secret of the listen session.
pub(crate) struct Signer {
    secret: SecretText,
    event: HeaderName,
    delivery: HeaderName,
    signature: HeaderName,
}

impl Signer {
    pub(crate) fn new(secret: impl Into<SecretText>) -> Self {
        let name = |name: &str| {
            HeaderName::from_bytes(name.as_bytes()).expect("the contract's header names are valid")
        };
        Self {
            secret: secret.into(),
            event: name(contract::EVENT),
            delivery: name(contract::DELIVERY_ID),
            signature: name(contract::SIGNATURE),
        }
    }

    /// Returns the headers of one attempt. Every attempt is signed anew, because the time is part
    /// of the signature and endpoints refuse an old one.
    pub(crate) fn headers(&self, event: &Incoming, delivery_id: &str) -> HeaderMap {
        let now = jiff::Timestamp::now().as_second();
        let signature = webhooks::sign(self.secret.expose().as_bytes(), now, &event.body);
        self.headers_with(event, delivery_id, &signature)
    }

    /// Returns the headers of an attempt with a signature made elsewhere.
    pub(super) fn headers_with(
        &self,
        event: &Incoming,
        delivery_id: &str,
        signature: &str,
    ) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(5);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(contract::WEBHOOK_USER_AGENT),
        );
        for (name, value) in [
            (&self.event, event.event_type.as_str()),
            (&self.delivery, delivery_id),
            (&self.signature, signature),
        ] {
            // A type that cannot be a header's value is left out rather than stopping the stream.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        headers
    }
}

/// Returns a new delivery id: the prefix and 16 lower-case hexadecimal digits.
pub(crate) fn delivery_id() -> String {
    let random = getrandom::u64().unwrap_or_default();
    format!("{}{random:016x}", contract::prefix::DELIVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_carries_the_headers_of_the_contract() {
        let event = Incoming::for_test("evt_1", "payment.settled", "pay_1");
        let headers = Signer::new("whsec_test").headers(&event, "dlv_0");
        assert_eq!(headers["x-fluxa-event"], "payment.settled");
        assert_eq!(headers["x-fluxa-delivery-id"], "dlv_0");
        assert_eq!(headers["user-agent"], "Fluxa-Webhooks/1.0");
        assert_eq!(headers["content-type"], "application/json");
        let signature = headers["x-fluxa-signature"].to_str().unwrap();
        assert!(
            signature.starts_with("t=") && signature.contains(",v1="),
            "{signature}"
        );
    }

    #[test]
    fn delivery_ids_have_the_form_of_the_contract_and_differ() {
        let (one, two) = (delivery_id(), delivery_id());
        assert_eq!(one.len(), "dlv_".len() + 16);
        assert_ne!(one, two);
    }
}
