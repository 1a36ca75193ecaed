//! The quick start runs from beginning to end.

use std::process::Command;

use fluxa_mock::MockServer;

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
