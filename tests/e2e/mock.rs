//! `fluxa mock`: the requests it shows, what it records, and the accounts it opens.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::{Home, KEY, Mock, signal};

/// Sends a request as it is, and returns the status.
fn send(mock: &Mock, target: &str, key: &str) -> String {
    let mut stream = TcpStream::connect(mock.address()).unwrap();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n",
        mock.address()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer[9..12].to_owned()
}

/// What the mock has said on stderr when it was stopped.
fn stop(mock: Mock) -> String {
    signal(mock.process(), "TERM");
    let (status, stderr) = mock.end();
    assert_eq!(status, 0, "{stderr}");
    stderr
}

#[test]
fn requests_are_shown_on_stderr_cleaned_and_without_keys_and_cards() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    assert_eq!(send(&mock, "/v1/payments?limit=2", KEY), "200");
    assert_eq!(send(&mock, "/v1/\u{202e}\u{9b}31mevil", KEY), "404");
    assert_eq!(
        send(&mock, "/v1/payments?card=4242424242424242", KEY),
        "400"
    );
    let stderr = stop(mock);
    let shown = |text: &str| stderr.lines().find(|line| line.contains(text)).unwrap();
    let line = shown("/v1/payments?limit=2");
    assert!(
        line.contains("GET") && line.contains("200") && line.contains("req_"),
        "{line}"
    );
    assert!(
        shown("evil").contains("/v1/\\u{202e}\\u{9b}31mevil"),
        "{stderr}"
    );
    assert!(
        !stderr.chars().any(|c| c == '\u{202e}' || c == '\u{9b}'),
        "{stderr}"
    );
    assert!(!stderr.contains("4242424242424242"), "{stderr}");
    assert!(!stderr.contains("/_mock/health"), "{stderr}");
}

#[test]
fn quiet_and_json_show_no_requests() {
    for arguments in [["--quiet"].as_slice(), &["--output", "json"]] {
        let home = Home::new();
        let mock = Mock::start(&home, arguments);
        assert_eq!(send(&mock, "/v1/payments", KEY), "200");
        let stderr = stop(mock);
        assert!(!stderr.contains("req_"), "{stderr}");
    }
}

#[test]
fn a_terminal_that_nobody_reads_holds_up_no_answer() {
    let home = Home::new();
    // Its stderr is a pipe that this test does not read: it is full after a few hundred lines.
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    for _ in 0..2_500 {
        assert_eq!(send(&mock, "/v1/status", KEY), "200");
    }
    signal(mock.process(), "TERM");
    assert_eq!(mock.wait(), 0);
}

#[test]
fn unknown_keys_open_accounts_and_exchanges_are_recorded() {
    let home = Home::new();
    let file = home.path("run.ndjson");
    let record = ["--auto-accounts", "--max-accounts", "1", "--record"];
    let arguments: Vec<&str> = record.into_iter().chain([file.to_str().unwrap()]).collect();
    let mock = Mock::start(&home, &arguments);
    let own = format!("sk_test_{}", "a".repeat(32));
    let second = format!("sk_test_{}", "b".repeat(32));
    assert_eq!(send(&mock, "/v1/payments", &own), "200");
    assert_eq!(send(&mock, "/v1/payments", &second), "403");
    stop(mock);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["response"]["status"], 200);
    assert_eq!(lines[0]["request"]["path"], "/v1/payments");
    assert!(!text.contains(&own), "{text}");
    let run = home.run(&["mock", "--max-accounts", "5"]).expect(2);
    assert!(run.stderr.contains("--auto-accounts"), "{}", run.stderr);
}
