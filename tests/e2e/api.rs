//! `fluxa api`: any call, as it is.

use serde_json::json;

use crate::support::scripted::Scripted;
use crate::support::{Home, KEY, Mock, Run};

#[test]
fn calls_of_every_kind_are_made_and_their_bodies_printed() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    std::fs::write(home.path("body.json"), r#"{"email":"a@shop.example"}"#).unwrap();
    let create = [
        "api",
        "post",
        "/customers",
        "--data",
        "@body.json",
        "--output",
        "json",
    ];
    let customer = mock.run(&home, &create).expect(0).json_lines().remove(0);
    assert_eq!(customer["email"], "a@shop.example");
    let path = format!("/customers/{}", customer["id"].as_str().unwrap());
    let change = ["api", "PATCH", &path, "--data", r#"{"name":"Zoë"}"#];
    assert!(
        mock.run(&home, &change)
            .expect(0)
            .stdout
            .contains("\"name\": \"Zoë\"")
    );

    for list in [
        &[
            "api",
            "GET",
            "/customers",
            "--query",
            "limit=1",
            "--query",
            "email=a@shop.example",
        ][..],
        &["api", "GET", "/customers?limit=1&email=a%40shop.example"],
    ] {
        let page = mock
            .run(&home, &[list, &["--output", "json"]].concat())
            .expect(0);
        assert_eq!(
            page.json_lines()[0]["data"],
            json!([mock_customer(&mock, &home, &path)])
        );
    }
    mock.run(&home, &["api", "DELETE", &path]).expect(0);
    let gone = mock
        .run(&home, &["api", "PATCH", &path, "--data", "{}"])
        .expect(4);
    assert!(gone.stderr.contains("request id: req_") && gone.stdout.is_empty());
}

fn mock_customer(mock: &Mock, home: &Home, path: &str) -> serde_json::Value {
    let get = ["api", "GET", path, "--output", "json"];
    mock.run(home, &get).expect(0).json_lines().remove(0)
}

#[test]
fn status_and_headers_are_shown_when_asked_for_and_with_an_error_too() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let good = mock
        .run(&home, &["api", "GET", "/payments", "-i"])
        .expect(0)
        .stdout;
    assert!(
        good.starts_with("200 OK\n") && good.contains("x-fluxa-request-id: req_"),
        "{good}"
    );
    let missing = "/payments/pay_1111111111111111";
    let bad = mock.run(&home, &["api", "GET", missing, "-i"]).expect(4);
    assert!(bad.stdout.starts_with("404 Not Found\n"), "{}", bad.stdout);
    assert!(bad.stdout.contains("resource_missing") && bad.stderr.contains("docs: "));
}

#[test]
fn what_is_no_json_is_printed_as_it_is() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--seed-data", "3"]);
    let list = ["payments", "list", "--limit", "1", "--output", "json"];
    let payment = mock.run(&home, &list).expect(0).json_lines().remove(0);
    let path = format!("/payments/{}/history", payment["id"].as_str().unwrap());
    let csv = mock
        .run(&home, &["api", "GET", &path, "-H", "Accept: text/csv"])
        .expect(0);
    assert!(csv.stdout.starts_with("payment,at,"), "{}", csv.stdout);
}

#[test]
fn the_key_goes_nowhere_but_to_the_base_url() {
    let home = Home::new();
    let other = Scripted::start(&["{}"]);
    let base = Scripted::start(&["{}"]);
    let host = other.base_url.trim_start_matches("http:").to_owned();
    let port = other
        .base_url
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches("/v1")
        .to_owned();
    let run = |path: &str, more: &[&str]| {
        let mut command = home.fluxa(&[&["api", "GET", path], more].concat());
        command
            .env("FLUXA_API_BASE", &base.base_url)
            .env("FLUXA_SECRET_KEY", KEY);
        Run::of(command)
    };
    for path in [
        other.base_url.as_str(),
        &host,
        &format!("@127.0.0.1:{port}/x"),
        &format!("/@127.0.0.1:{port}/x"),
        "/payments/../../x",
        "/payments/%2e%2e/x",
        "/v1/payments",
        "payments",
    ] {
        run(path, &[]).expect(2);
    }
    let stolen = format!("Host: 127.0.0.1:{port}");
    for header in [
        stolen.as_str(),
        "Authorization: Bearer x",
        "Idempotency-Key: x",
    ] {
        run("/payments", &["--header", header]).expect(2);
    }
    assert_eq!(
        (other.requests(), base.requests()),
        (Vec::new(), Vec::new())
    );
    run("/payments", &["--header", "X-Mine: 1"]).expect(0);
    assert!(
        base.requests()[0].contains("x-mine: 1"),
        "{:?}",
        base.requests()
    );
}

#[test]
fn for_scripts_status_and_headers_are_in_the_one_object() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let asked = |path: &str, code: i32| {
        let arguments = ["api", "GET", path, "--include", "--output", "json"];
        mock.run(&home, &arguments)
            .expect(code)
            .json_lines()
            .remove(0)
    };
    let found = asked("/merchant", 0);
    assert_eq!(
        (&found["status"], &found["body"]["object"]),
        (&200.into(), &"merchant".into())
    );
    assert!(found["headers"]["x-fluxa-request-id"].is_string());
    let refused = asked("/payments/pay_0000000000000000", 4);
    assert_eq!(refused["status"], 404);
    assert_eq!(refused["body"]["error"]["code"], "resource_missing");
}

#[test]
fn a_stream_that_is_limited_ends() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let ended = mock.run(&home, &["events", "stream", "--timeout", "0.2"]);
    assert!(ended.expect(6).stderr.contains("--timeout"));
}

#[test]
fn what_should_be_json_and_is_none_is_an_error_and_no_data() {
    let home = Home::new();
    for body in ["<html>hello</html>", "\0\0\0", "{\"id\":\"pay_1\""] {
        let server = Scripted::start(&[body]);
        let run = |arguments: &[&str]| {
            let mut command = home.fluxa(&[&["api", "GET", "/payments"], arguments].concat());
            command
                .env("FLUXA_API_BASE", &server.base_url)
                .env("FLUXA_SECRET_KEY", KEY);
            Run::of(command)
        };
        for output in ["human", "json"] {
            let refused = run(&["--output", output]).expect(5);
            assert_eq!(refused.stdout, "");
            let said = &refused.stderr;
            assert!(
                said.contains("no JSON") && said.contains("--include"),
                "{said}"
            );
        }
        // To look at it.
        let whole = run(&["--include", "--output", "json"]).expect(0);
        assert_eq!(whole.json_lines()[0]["body"], body);
        run(&["--include"]).expect(0);
        // What was asked for is printed, and is no JSON for scripts either.
        let plain = ["--header", "Accept: text/csv"];
        run(&plain).expect(0);
        let refused = run(&[&plain[..], &["--output", "json"]].concat()).expect(2);
        assert!(
            refused.stderr.contains("text/csv is no JSON"),
            "{}",
            refused.stderr
        );
    }
}
