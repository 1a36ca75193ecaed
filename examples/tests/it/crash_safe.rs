//! A crash between the payment and its record makes no second payment.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fluxa_mock::MockServer;
use fluxa_sdk::types::{
    CompleteCheckoutSession, CreateCheckoutSession, CreateCustomer, CustomerId, TestCard,
};
use fluxa_sdk::{Client, Money};

fn pay(mock: &MockServer, directory: &Path, customer: &CustomerId, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crash-safe"))
        .arg(directory)
        .args(["ord_8421", customer.as_str(), "4999"])
        .args(more)
        .env("FLUXA_SECRET_KEY", mock.secret_key())
        .env("FLUXA_API_BASE", mock.base_url())
        .output()
        .unwrap()
}

async fn customer_with_a_card(fluxa: &Client) -> CustomerId {
    let body = CreateCustomer::new("ada@example.com");
    let customer = fluxa.customers().create(body).await.unwrap();
    let body = CreateCheckoutSession::new(Money::gbp(100), "https://a.test", "https://b.test")
        .customer(&customer.id);
    let session = fluxa.checkout().sessions().create(body).await.unwrap();
    let card = TestCard::new("4242424242424242", 12, 2030, "123");
    let pay = CompleteCheckoutSession::new(card);
    let sandbox = fluxa.sandbox();
    sandbox
        .complete_checkout_session(&session.id, pay)
        .await
        .unwrap();
    customer.id.clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_after_the_call_leaves_one_payment() {
    let mock = MockServer::start().await.unwrap();
    let fluxa = Client::builder(mock.secret_key())
        .base_url(mock.base_url())
        .build()
        .unwrap();
    let customer = customer_with_a_card(&fluxa).await;
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("crash-safe-{}", std::process::id()));
    let crashed = pay(&mock, &directory, &customer, &["--crash"]);
    assert!(!crashed.status.success());
    assert!(crashed.stdout.is_empty(), "it died before it could tell");

    let mut first_words = Vec::new();
    let mut payments = Vec::new();
    for _ in 0..2 {
        let output = pay(&mock, &directory, &customer, &[]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        let mut words = text.split_whitespace();
        first_words.push(words.next().unwrap().to_owned());
        payments.push(words.next().unwrap().to_owned());
    }
    assert_eq!(first_words, ["found", "done"]);
    assert_eq!(payments[0], payments[1]);

    let made = fluxa.payments().list().collect_up_to(10).await.unwrap();
    let made: Vec<_> = made
        .iter()
        .filter(|payment| {
            payment
                .metadata
                .get("order_id")
                .is_some_and(|id| id == "ord_8421")
        })
        .map(|payment| payment.id.as_str())
        .collect();
    assert_eq!(made, [payments[0].as_str()]);
    std::fs::remove_dir_all(directory).unwrap();
}
