//! The shop sells, is told by webhook, and is not fooled.

use std::time::{Duration, Instant};

use axum_merchant::{Shop, router};
use fluxa_mock::MockServer;
use fluxa_sdk::types::{CompleteCheckoutSession, CreateWebhookEndpoint, TestCard};
use fluxa_sdk::webhooks::Verifier;
use fluxa_sdk::{Client, contract, testing};
use serde_json::Value;

struct Fixture {
    mock: MockServer,
    fluxa: Client,
    shop: String,
    secret: String,
    http: reqwest::Client,
}

impl Fixture {
    async fn start() -> Self {
        let mock = MockServer::start().await.unwrap();
        let fluxa = Client::builder(mock.secret_key())
            .base_url(mock.base_url())
            .build()
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shop = format!("http://{}", listener.local_addr().unwrap());
        let endpoint = CreateWebhookEndpoint::new(format!("{shop}/webhooks/fluxa"));
        let endpoint = fluxa.webhook_endpoints().create(endpoint).await.unwrap();
        let secret = endpoint.secret.as_ref().unwrap().expose().to_owned();
        let state = Shop::new(
            fluxa.clone(),
            Verifier::new(secret.as_str()).unwrap(),
            shop.as_str(),
        );
        tokio::spawn(async move { axum::serve(listener, router(state)).await });
        // A plain client for the shop; reqwest wants a TLS provider even so. The second test finds
        // one installed, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self {
            mock,
            fluxa,
            shop,
            secret,
            http,
        }
    }

    async fn checkout(&self, order: &str) -> String {
        let url = format!("{}/orders/{order}/checkout", self.shop);
        let answer = self.http.post(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn pay(&self, session: &str, card: &str) {
        let card = CompleteCheckoutSession::new(TestCard::new(card, 12, 2030, "123"));
        self.fluxa
            .sandbox()
            .complete_checkout_session(session, card)
            .sandbox_timing("instant")
            .await
            .unwrap();
    }

    async fn order(&self, order: &str) -> String {
        let url = format!("{}/orders/{order}", self.shop);
        let answer: Value = self
            .http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        answer["payment"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the shop knows; webhooks come when they come.
    async fn order_becomes(&self, order: &str, wanted: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.order(order).await != wanted {
            assert!(
                Instant::now() < deadline,
                "{order} is {}",
                self.order(order).await
            );
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn an_order_is_paid_by_webhook() {
    let fixture = Fixture::start().await;
    let session = fixture.checkout("ord_1").await;
    assert_eq!(
        fixture.checkout("ord_1").await,
        session,
        "the same order, the same session"
    );
    assert_eq!(fixture.order("ord_1").await, "awaiting payment");
    fixture.pay(&session, "4242424242424242").await;
    fixture.order_becomes("ord_1", "paid").await;
    fixture.mock.shutdown().await;
}

#[tokio::test]
async fn a_declined_card_fails_the_order() {
    let fixture = Fixture::start().await;
    let session = fixture.checkout("ord_2").await;
    fixture.pay(&session, "4000000000000002").await;
    fixture.order_becomes("ord_2", "failed").await;
}

#[tokio::test]
async fn a_webhook_that_is_not_fluxas_is_refused() {
    let fixture = Fixture::start().await;
    let body = r#"{"id":"evt_0000000000000001","type":"payment.settled"}"#;
    let url = format!("{}/webhooks/fluxa", fixture.shop);
    for signature in [
        None,
        Some("t=1,v1=00".to_owned()),
        Some(testing::sign("whsec_other", body.as_bytes())),
    ] {
        let mut request = fixture.http.post(&url).body(body);
        if let Some(signature) = signature {
            request = request.header(contract::SIGNATURE, signature);
        }
        assert_eq!(request.send().await.unwrap().status(), 400);
    }
    // Signed, but not an event that makes sense: told apart from a forgery by what it says.
    let signed = testing::sign(fixture.secret.as_str(), body.as_bytes());
    let request = fixture
        .http
        .post(&url)
        .header(contract::SIGNATURE, signed)
        .body(body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 500);
    assert!(!answer.text().await.unwrap().contains("signature"));
    // A type that comes after this shop was built is acknowledged.
    let delivery = testing::sample_event("moon.landed").signed(&fixture.secret);
    let request = fixture.http.post(&url).headers(delivery.headers());
    let answer = request.body(delivery.body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}
