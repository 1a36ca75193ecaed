//! `fluxa mock`: the requests it shows, what it records, and the accounts it opens.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::{Home, KEY, Mock, Run, call, signal};

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

/// They outnumber what somebody asked for.
#[test]
fn what_listen_reports_of_deliveries_is_shown_only_when_that_is_asked_for() {
    for (more, shown) in [(&[][..], false), (&["--verbose"], true)] {
        let home = Home::new();
        let mock = Mock::start(&home, more);
        let customer = call(
            &mock,
            "POST",
            "/customers",
            json!({ "email": "a@example.com" }),
        );
        assert!(customer["id"].is_string(), "{customer}");
        let session = call(&mock, "POST", "/listen_sessions", json!({}));
        let event = &call(&mock, "GET", "/events", Value::Null)["data"][0]["id"];
        let path = format!(
            "/listen_sessions/{}/deliveries",
            session["id"].as_str().unwrap()
        );
        let report =
            json!({ "event": event, "attempt": 1, "response_status": 200, "duration_ms": 1 });
        let reported = call(&mock, "POST", &path, report);
        assert!(reported["id"].is_string(), "{reported}");
        let stderr = stop(mock);
        let line =
            |line: &str| line.contains("POST") && line.contains(&path) && line.contains(" ms");
        assert_eq!(stderr.lines().any(line), shown, "{stderr}");
        assert!(stderr.contains("/v1/customers"), "{stderr}");
    }
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

/// A mock that other machines reach, and what it wrote for who may use it.
fn exposed(home: &Home, arguments: &[&str]) -> (Mock, String) {
    let file = home.path("mock-env");
    let mut all = vec!["--expose", "--env-file", file.to_str().unwrap()];
    all.extend(arguments);
    let mock = Mock::start_at(home, "0.0.0.0:0", &all);
    let written = std::fs::read_to_string(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let line = |name: &str| written.lines().find_map(|line| line.strip_prefix(name));
    assert_eq!(line("FLUXA_API_BASE="), Some(&*mock.base_url));
    (mock, line("FLUXA_SECRET_KEY=").unwrap().to_owned())
}

#[test]
fn an_exposed_mock_takes_its_own_key_and_shows_it_once() {
    let home = Home::new();
    let (mock, key) = exposed(&home, &["--allow-webhook-host", "hooks.internal"]);
    for target in ["/v1/payments", "/_mock/health", "/_mock/"] {
        assert_eq!(send(&mock, target, KEY), "401", "{target}");
        assert_eq!(send(&mock, target, &key), "200", "{target}");
    }
    // Every command works with what the file says.
    let mut list = home.fluxa(&["events", "list"]);
    list.env("FLUXA_API_BASE", &mock.base_url)
        .env("FLUXA_SECRET_KEY", &key);
    Run::of(list).expect(0);
    let stderr = stop(mock);
    assert_eq!(stderr.matches(&key).count(), 2, "{stderr}");
    let (first, second) = (key, exposed(&home, &[]).1);
    assert_ne!(first, second);
}

#[test]
fn an_exposed_mock_has_the_key_that_the_environment_gives() {
    let home = Home::new();
    let run = |key: &str| {
        let mut mock = home.fluxa(&["mock", "--addr", "0.0.0.0:0", "--expose"]);
        mock.env("FLUXA_MOCK_KEY", key);
        Run::of(mock).expect(2)
    };
    for bad in [
        KEY,
        "sk_test_short",
        "sk_live_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ] {
        let stderr = run(bad).stderr;
        assert!(
            stderr.contains("FLUXA_MOCK_KEY") && !stderr.contains(bad),
            "{stderr}"
        );
    }
    for together in [
        ["--expose", "--auto-accounts"],
        ["--allow-host", "mock.internal"],
    ] {
        let mut all = vec!["mock"];
        all.extend(together);
        home.run(&all).expect(2);
    }
}

#[test]
fn verbose_tells_of_each_request_without_its_key() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--quiet", "-v"]);
    assert_eq!(send(&mock, "/v1/payments?limit=2", KEY), "200");
    let stderr = stop(mock);
    let line = stderr
        .lines()
        .find(|line| line.contains("/v1/payments"))
        .unwrap();
    for part in [
        "INFO",
        "method=GET",
        "status=200",
        "request_id=req_",
        "duration_ms=",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
}
