//! The receiver counts each event once, and keeps its two endpoints apart.

#[path = "../../actix-receiver/receiver.rs"]
mod receiver;

use std::net::SocketAddr;

use actix_web::web::Data;
use actix_web::{App, HttpServer};
use fluxa_sdk::testing::{SampleEvent, sample_event};
use fluxa_sdk::webhooks::{EventType, Verifier};
use serde_json::json;

use crate::receivers::client::{Request, get};

const SHOP: &str = "whsec_shop";
const PLATFORM: &str = "whsec_platform";

fn start() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let ledger = Data::new(receiver::Ledger::default());
    let server = HttpServer::new(move || {
        let (shop, platform) = (Verifier::new(SHOP), Verifier::new(PLATFORM));
        App::new()
            .app_data(ledger.clone())
            .configure(receiver::routes(shop.unwrap(), platform.unwrap()))
    });
    tokio::spawn(
        server
            .workers(2)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run(),
    );
    address
}

#[tokio::test]
async fn events_are_counted_once_and_endpoints_do_not_mix() {
    let address = start();
    let post = async |path: &str, sample: &SampleEvent, secret: &str| {
        let request = Request::delivery(path, &sample.signed(secret));
        request.send(address).await.status
    };
    let settled = sample_event(EventType::PaymentSettled).set("/data/object/amount", 1999);
    for _ in 0..3 {
        assert_eq!(post("/webhooks/shop", &settled, SHOP).await, 200);
    }
    let second = settled.clone().id("evt_00000000000000aa");
    assert_eq!(post("/webhooks/shop", &second, SHOP).await, 200);
    assert_eq!(
        post("/webhooks/shop", &sample_event("moon.landed"), SHOP).await,
        200
    );
    assert_eq!(post("/webhooks/shop", &second, PLATFORM).await, 400);
    let kyb = sample_event(EventType::MerchantKybApproved);
    assert_eq!(post("/webhooks/platform", &kyb, PLATFORM).await, 200);
    assert_eq!(post("/webhooks/platform", &kyb, SHOP).await, 400);
    let totals: serde_json::Value =
        serde_json::from_str(&get(address, "/totals").await.body).unwrap();
    assert_eq!(totals["settled_minor"], 3998);
    assert_eq!(totals["platform"], json!({ "merchant.kyb.approved": 1 }));
    let (reason, count) = totals["refused"]
        .as_object()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    assert_eq!(
        (reason.contains("no signature matches"), count),
        (true, &json!(1))
    );
}
