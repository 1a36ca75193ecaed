//! Trade in the sandbox, its bank statement, and what the reconciliation makes of both.

use std::path::PathBuf;
use std::process::Output;

use fluxa_mock::MockServer;
use fluxa_sdk::types::{AdvanceClock, CreateCheckoutSession, CreateRefund, Settlement, TestCard};
use fluxa_sdk::{Client, Money};
use serde_json::Value;

/// A sandbox with two closed batches: three payments, one of them refunded since; and one payment.
async fn trade(fluxa: &Client) -> Vec<Settlement> {
    let pay = async |minor: i64, card: TestCard| {
        let (done, cart) = ("https://shop.example/done", "https://shop.example/cart");
        let session = CreateCheckoutSession::new(Money::gbp(minor), done, cart);
        let session = fluxa.checkout().sessions().create(session).await.unwrap();
        let pay = fluxa.sandbox().complete_checkout_session(&session.id, card);
        pay.sandbox_timing("instant").await.unwrap()
    };
    let refunded = pay(4999, TestCard::visa()).await;
    pay(1999, TestCard::visa()).await;
    pay(30, TestCard::visa()).await;
    // Captured, then refunded before it settled: in no batch.
    let session =
        CreateCheckoutSession::new(Money::gbp(777), "https://a.example", "https://a.example");
    let session = fluxa.checkout().sessions().create(session).await.unwrap();
    let pending = fluxa
        .sandbox()
        .complete_checkout_session(&session.id, TestCard::visa())
        .sandbox_timing("settling=1h,settled=1h")
        .await
        .unwrap();
    for payment in [&refunded.id, &pending.id] {
        let refund = fluxa.refunds().create(CreateRefund::new(payment));
        refund.sandbox_timing("instant").await.unwrap();
    }
    fluxa.sandbox().close_settlements().await.unwrap();
    fluxa
        .sandbox()
        .advance_clock(AdvanceClock::new(60))
        .await
        .unwrap();
    pay(250_000, TestCard::visa()).await;
    fluxa.sandbox().close_settlements().await.unwrap();
    fluxa.settlements().list().collect_up_to(100).await.unwrap()
}

/// The bank's CSV: a line for each settlement, as `amount` says it.
fn statement(settlements: &[Settlement], amount: impl Fn(&Settlement) -> String) -> String {
    let mut csv = String::from("\u{feff}Date,Type,Description,Amount,Balance\r\n");
    csv += "20/05/2026,DD,\"Rent, May\",\"-1,000.00\",10.00\r\n";
    for settlement in settlements {
        let (reference, amount) = (&settlement.reference, amount(settlement));
        csv += &format!("22/05/2026,BAC,{reference} BACS CR,\"{amount}\",\r\n");
    }
    csv + "Closing balance,,,,\"12,345.67\"\r\n"
}

fn pounds(minor: i64) -> String {
    format!("£{}.{:02} CR", minor / 100, minor % 100)
}

async fn run(mock: &MockServer, name: &str, csv: &str) -> Output {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, csv).unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_reconciliation"));
    command.arg(path).arg("2020-01-01T00:00:00Z").env_clear();
    command.env("FLUXA_SECRET_KEY", mock.secret_key());
    command.env("FLUXA_API_BASE", mock.base_url());
    command.output().await.unwrap()
}

#[tokio::test]
async fn a_statement_is_reconciled_with_what_settled() {
    let mock = MockServer::start().await.unwrap();
    let fluxa = Client::builder(mock.secret_key()).base_url(mock.base_url());
    let settlements = trade(&fluxa.build().unwrap()).await;
    assert_eq!(settlements.len(), 2);

    let csv = statement(&settlements, |settlement| pounds(settlement.net));
    let output = run(&mock, "clean.csv", &csv).await;
    let summary = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{summary}");
    assert_eq!(
        summary.trim(),
        "2 batches of 4 payments: 2 matched, 0 pending, 0 to look at"
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    // The nets of 49.99, of 19.99 and of 0.30: the refunded one is in its batch, whole.
    let received: Vec<_> = report["batches"].as_array().unwrap().iter().collect();
    assert_eq!(received[0]["received"]["amount_minor"], 4900 + 1942 + 1);

    let short = statement(&settlements[..1], |settlement| pounds(settlement.net - 1));
    let output = run(&mock, "short.csv", &short).await;
    let summary = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{summary}");
    assert!(summary.contains("missing: expected"), "{summary}");
    assert!(summary.contains("difference -0.01 GBP"), "{summary}");

    let unreadable = statement(&settlements, |_| "4,23".to_owned());
    let output = run(&mock, "unreadable.csv", &unreadable).await;
    let fault = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(fault.starts_with("line 3 of the statement"), "{fault}");
}
