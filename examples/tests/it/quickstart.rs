//! The quick start runs from beginning to end; and the history of such a payment as CSV.

use std::process::Command;

use fluxa_mock::MockServer;
use fluxa_sdk::Money;
use fluxa_sdk::types::{CreateCheckoutSession, TestCard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quick_start_pays_lists_refunds_and_is_refused() {
    let mock = MockServer::start().await.unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_quickstart"))
        .env("FLUXA_SECRET_KEY", mock.secret_key())
        .env("FLUXA_API_BASE", mock.base_url())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let words: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        words,
        ["created", "paid", "settled", "refund", "refused"],
        "{text}"
    );
    assert!(text.contains("refund_exceeds_remaining"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payments_history_comes_as_csv_awaited_and_blocking() {
    let mock = MockServer::start().await.unwrap();
    let builder = || fluxa_sdk::Client::builder(mock.secret_key()).base_url(mock.base_url());
    let fluxa = builder().build().unwrap();
    let shop = "https://shop.example";
    let session = CreateCheckoutSession::new(Money::gbp(1999), shop, shop);
    let session = fluxa.checkout().sessions().create(session).await.unwrap();
    let pay = fluxa
        .sandbox()
        .complete_checkout_session(&session.id, TestCard::visa());
    let payment = pay.sandbox_timing("instant").await.unwrap();

    let csv = fluxa.payments().history(&payment.id).csv().await.unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "payment,at,actor,previous_state,new_state,reason");
    let moves = fluxa.payments().history(&payment.id);
    let moves = moves.collect_up_to(100).await.unwrap();
    assert_eq!(lines.len(), 1 + moves.len());
    assert!(lines[1].starts_with(payment.id.as_str()), "{csv:?}");
    let blocking = builder().build_blocking().unwrap();
    let again = blocking.payments().history(&payment.id).csv().send();
    assert_eq!(*again.unwrap(), *csv);
    let raw = fluxa.raw("GET", &format!("/payments/{}/history", payment.id));
    assert_eq!(*raw.text("text/csv").await.unwrap(), *csv);
}
