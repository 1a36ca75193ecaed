//! `fluxa status`, `doctor`, `logs`, `open`, `reconcile`, `completion`, `man`: what looks and changes
//! nothing.

use serde_json::json;

use crate::support::endpoint::Endpoint;
use crate::support::scripted::Scripted;
use crate::support::{Home, KEY, Mock, Run, Running, call, mock_control};

#[test]
fn status_shows_api_account_clock_and_endpoints() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = json!({ "url": "http://127.0.0.1:9/hook" });
    call(&mock, "POST", "/webhook_endpoints", endpoint);
    let human = mock.run(&home, &["status"]).expect(0).stdout;
    for part in [
        "operational",
        "KYB approved",
        "real time",
        "http://127.0.0.1:9/hook",
    ] {
        assert!(human.contains(part), "{part}: {human}");
    }
    let json = mock.run(&home, &["status", "--output", "json"]).expect(0);
    let status = json.json_lines().remove(0);
    assert_eq!(status["mode"], "test");
    assert_eq!(status["webhook_endpoints"][0]["status"], "enabled");
}

#[test]
fn status_leaves_out_what_the_key_may_not_see() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let body = json!({ "kind": "restricted", "name": "r", "scopes": ["payments:read"] });
    let key = call(&mock, "POST", "/api_keys", body);
    let mut command = mock.fluxa(&home, &["status"]);
    command.env("FLUXA_SECRET_KEY", key["secret"].as_str().unwrap());
    let run = Run::of(command).expect(0);
    assert!(
        run.stdout.contains("not for this key to see"),
        "{}",
        run.stdout
    );
}

#[test]
fn what_is_not_the_api_is_told_so_and_not_that_nothing_answers() {
    let home = Home::new();
    let page = Scripted::start(&["<html>\u{1b}[2Jplease sign in</html>"]);
    for (what, code) in [("status", 5), ("doctor", 1), ("whoami", 5)] {
        let mut command = home.fluxa(&[what]);
        command.env("FLUXA_API_BASE", &page.base_url);
        command.env("FLUXA_SECRET_KEY", KEY);
        let run = Run::of(command).expect(code);
        let said = run.stdout + &run.stderr;
        assert!(said.contains("is that the Fluxa API?"), "{said}");
        assert!(!said.contains("does not answer"), "{said}");
        assert!(!said.contains('\u{1b}'), "{said}");
    }
}

#[test]
fn the_doctor_names_what_fails_and_what_to_do() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let checks = |run: Run| {
        let report = run.json_lines().remove(0);
        let checks = report["checks"].as_array().unwrap().clone();
        let result = move |name: &str| {
            let found = checks.iter().find(|check| check["name"] == name);
            found.map(|check| check["result"].as_str().unwrap().to_owned())
        };
        (report["ok"].as_bool().unwrap(), result)
    };
    let run = mock.run(&home, &["doctor", "--output", "json"]).expect(0);
    let (healthy, result) = checks(run);
    assert!(healthy);
    for name in [
        "configuration",
        "key",
        "API",
        "clock",
        "platform",
        "account",
    ] {
        assert_eq!(result(name).as_deref(), Some("ok"), "{name}");
    }

    // A server that takes what nobody signed, and a port where there is none.
    let careless = tiny_server("200 OK");
    let strict = tiny_server("400 Bad Request");
    for (target, healthy, signature) in [(careless, false, "fail"), (strict, true, "ok")] {
        let arguments = ["doctor", "--output", "json", "-f", &target];
        let run = mock.run(&home, &arguments).expect(i32::from(!healthy));
        let (ok, result) = checks(run);
        assert_eq!(ok, healthy);
        assert_eq!(result("webhook signature").as_deref(), Some(signature));
    }
    let broken = tiny_server("500 Internal Server Error");
    let arguments = ["doctor", "--output", "json", "-f", &broken];
    let (ok, result) = checks(mock.run(&home, &arguments).expect(0));
    assert!(ok && result("webhook signature").as_deref() == Some("warn"));
    let nobody = mock.run(&home, &["doctor", "-f", "1"]).expect(1);
    assert!(
        nobody.stdout.contains("nothing listens at"),
        "{}",
        nobody.stdout
    );

    let run = home.run(&[
        "doctor",
        "--output",
        "json",
        "--api-base",
        "http://127.0.0.1:1/v1",
    ]);
    let (ok, result) = checks(run.expect(1));
    assert!(!ok && result("key and base URL").as_deref() == Some("fail"));
}

#[test]
fn the_doctor_sends_events_that_a_handler_can_read_and_none_that_is_good() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::strict("whsec_x");
    let url = endpoint.url();
    mock.run(&home, &["doctor", "-f", &url]).expect(0);
    let sent = endpoint.deliveries();
    assert_eq!(sent.len(), 2);
    for delivery in &sent {
        assert_eq!(delivery.header("content-type"), "application/json");
        assert_eq!(delivery.event_type, "customer.updated");
        assert_eq!(delivery.header("x-fluxa-event"), "customer.updated");
        assert!(delivery.event.starts_with("evt_") && delivery.object.starts_with("cus_"));
        assert!(delivery.verified.is_err());
    }
    assert_eq!(sent[0].header("x-fluxa-signature"), "");
    assert!(sent[1].header("x-fluxa-signature").starts_with("t="));
    // It refuses what has no signature, and takes what has any.
    let lax = Endpoint::start("whsec_x", &[400, 200]);
    let run = mock.run(&home, &["doctor", "-f", &lax.url()]).expect(1);
    assert!(
        run.stdout.contains("with a wrong signature"),
        "{}",
        run.stdout
    );
}

#[test]
fn the_doctor_knows_whether_the_secret_in_the_environment_is_the_one_that_listen_signs_with() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let secret = mock.run(&home, &["listen", "--print-secret"]).expect(0);
    let secret = secret.stdout.trim();
    let with_newline = format!("{secret}\n");
    for (set, result) in [
        (secret, "ok"),
        ("whsec_another", "warn"),
        (&secret["whsec_".len()..], "warn"),
        (with_newline.as_str(), "warn"),
        ("whsec_", "warn"),
    ] {
        let mut command = mock.fluxa(&home, &["doctor", "--output", "json"]);
        command.env("FLUXA_WEBHOOK_SECRET", set);
        let run = Run::of(command).expect(0);
        let report = run.json_lines().remove(0);
        let checks = report["checks"].as_array().unwrap();
        let found = checks
            .iter()
            .find(|check| check["name"] == "webhook secret");
        assert_eq!(found.unwrap()["result"], result, "{set}");
        assert!(!run.stdout.contains("whsec_another") && !run.stdout.contains(secret));
    }
}

/// Answers every request with a status, on a free port, for as long as the tests run.
fn tiny_server(status: &'static str) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            // A mere connection, to see whether anyone is there, sends nothing.
            if stream.read(&mut request).unwrap_or(0) > 0 {
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    format!("http://{address}/hook")
}

#[test]
fn requests_are_shown_as_they_are_made_and_those_of_the_tail_are_not() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    call(
        &mock,
        "POST",
        "/customers",
        json!({ "email": "a@example.com" }),
    );
    let arguments = ["logs", "tail", "--method", "post,get", "--output", "json"];
    let mut tail = Running::start(mock.fluxa(&home, &arguments));
    let first = tail.next_line();
    assert_eq!(
        (&first["method"], &first["path"]),
        (&json!("POST"), &json!("/v1/customers"))
    );
    call(&mock, "GET", "/payments", json!(null));
    let second = tail.next_line();
    assert_eq!(
        (&second["method"], &second["path"]),
        (&json!("GET"), &json!("/v1/payments"))
    );
    drop(tail);

    let past = |more: &[&str]| {
        let arguments = [&["logs", "tail", "--no-follow", "--output", "json"], more].concat();
        mock.run(&home, &arguments).expect(0).json_lines()
    };
    assert_eq!(past(&["--path", "/v1/cust*"]).len(), 1);
    assert_eq!(past(&["--path", "/cust*"]).len(), 1);
    assert_eq!(past(&["--status", "4xx"]).len(), 0);
    assert_eq!(past(&["--status", "2xx", "--method", "POST"]).len(), 1);
    let wrong = mock
        .run(&home, &["logs", "tail", "--status", "9xx"])
        .expect(2);
    assert!(wrong.stderr.contains("4xx"), "{}", wrong.stderr);
    // It would become part of an address, and be logged.
    let arguments = ["logs", "tail", "--no-follow", "--key", KEY];
    let wrong = mock.run(&home, &arguments).expect(2);
    assert!(wrong.stderr.contains("keys list"), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains("mock0000"), "{}", wrong.stderr);
    mock.run(&home, &["logs", "tail", "--method", "FETCH"])
        .expect(2);
}

#[test]
fn how_long_ago_is_by_the_clock_of_the_sandbox() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    call(&mock, "GET", "/refunds", json!(null));
    mock_control(&mock, "/clock", json!({ "advance_seconds": 72 * 3600 }));
    call(&mock, "GET", "/payments", json!(null));
    for since in ["1h", "-1h", "1h ago"] {
        let arguments = ["logs", "tail", "--no-follow", "--since", since];
        let run = mock.run(&home, &arguments).expect(0);
        let is_there = |path: &str| run.stdout.contains(path);
        assert!(
            is_there("/payments") && !is_there("/refunds"),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn a_page_is_named_without_a_browser() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let body = json!({
        "amount": 4999, "currency": "GBP",
        "success_url": "https://example.com/done", "cancel_url": "https://example.com/cancel",
    });
    let session = call(&mock, "POST", "/checkout/sessions", body);
    let print = |what: &[&str]| {
        let arguments = [&["open", "--print"], what].concat();
        mock.run(&home, &arguments)
            .expect(0)
            .stdout
            .trim()
            .to_owned()
    };
    assert_eq!(print(&[session["id"].as_str().unwrap()]), session["url"]);
    assert!(print(&[]).ends_with("/_mock/"));
    assert!(print(&["pay_0123456789abcdef"]).ends_with("/_mock/ui/go?q=pay_0123456789abcdef"));
    assert_eq!(
        print(&["payment_not_refundable"]),
        "https://docs.fluxapay.co.uk/payment_not_refundable"
    );
    for wrong in ["javascript:alert(1)", "dashbord", "pay_1", "../x", ""] {
        mock.run(&home, &["open", "--print", wrong]).expect(2);
    }
}

#[test]
fn a_statement_is_set_against_what_settled() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    mock.run(&home, &["trigger", "settlement.completed"])
        .expect(0);
    let list = call(&mock, "GET", "/settlements", json!(null));
    let settlement = &list["data"][0];
    let reference = settlement["reference"].as_str().unwrap();
    let net = settlement["net"].as_i64().unwrap();
    let pounds = format!("{}.{:02}", net / 100, net % 100);
    let date = &settlement["settled_at"].as_str().unwrap()[..10];
    let file = home.path("may.csv");
    let statement = |amount: &str| {
        let text = format!("Date,Details,Amount\n{date},BACS {reference},{amount}\n");
        std::fs::write(&file, text).unwrap();
    };
    let file = file.to_str().unwrap().to_owned();
    let arguments = [
        "reconcile",
        &file,
        "--since",
        "1d",
        "--date",
        "Date",
        "--date-order",
        "ymd",
        "--description",
        "Details",
        "--amount",
        "Amount",
    ];
    statement(&pounds);
    let run = mock.run(&home, &arguments).expect(0);
    assert!(run.stdout.contains("matched"), "{}", run.stdout);
    assert!(run.stdout.contains(&format!("£{pounds}")), "{}", run.stdout);
    statement("0.01");
    let run = mock.run(&home, &arguments).expect(6);
    assert!(run.stdout.contains("mismatched"), "{}", run.stdout);
    statement("not money");
    let run = mock.run(&home, &arguments).expect(1);
    assert!(
        run.stderr.contains("may.csv") && run.stderr.contains("line 2"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_a_statement_has_of_earlier_days_is_told_apart_and_a_wrong_column_is_a_usage_error() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let file = home.path("may.csv");
    let line = "21/05/2026,BACS STL-2026-05-21-FX-04812,49.00";
    std::fs::write(&file, format!("date,description,amount\n{line}\n")).unwrap();
    let file = file.to_str().unwrap();
    let run = |since: &str, more: &[&str]| {
        let arguments = [&["reconcile", file, "--since", since], more].concat();
        mock.run(&home, &arguments)
    };
    let before = run("2026-05-22", &[]).expect(0);
    assert!(
        before.stdout.contains("before --since"),
        "{}",
        before.stdout
    );
    assert!(
        before.stderr.contains("1 before --since, 0 to look at"),
        "{}",
        before.stderr
    );
    let json = run("2026-05-22", &["--output", "json"])
        .expect(0)
        .json_lines();
    assert_eq!(json[0]["batches"][0]["status"], "before_since");
    // From within the day on is from its beginning on.
    for since in ["2026-05-21", "2026-05-21T23:00:00Z"] {
        let unexpected = run(since, &[]).expect(6);
        assert!(
            unexpected.stdout.contains("unexpected"),
            "{}",
            unexpected.stdout
        );
        assert!(
            unexpected.stdout.contains("£49.00"),
            "{}",
            unexpected.stdout
        );
    }
    let wrong = run("2026-05-21", &["--amount", "Amuont"]).expect(2);
    for said in ["may.csv", "Amuont", "--amount"] {
        assert!(wrong.stderr.contains(said), "{}", wrong.stderr);
    }
    assert!(
        !wrong.stderr.contains("StatementFormat"),
        "{}",
        wrong.stderr
    );
}

/// What bash offers where a word is completed, by the script it was given.
fn offered(script: &std::path::Path, words: &[&str]) -> Vec<String> {
    let program = format!(
        "source '{}'; COMP_WORDS=({}); COMP_CWORD={}; _fluxa fluxa '{}' '{}'; printf '%s\\n' \
         \"${{COMPREPLY[@]}}\"",
        script.display(),
        words
            .iter()
            .map(|word| format!("'{word}'"))
            .collect::<Vec<_>>()
            .join(" "),
        words.len() - 1,
        words[words.len() - 1],
        words[words.len() - 2],
    );
    let mut command = std::process::Command::new("bash");
    command.args(["--norc", "-c", &program]);
    let run = Run::of(command).expect(0);
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn shells_offer_the_values_that_there_are() {
    let home = Home::new();
    let script = home.path("fluxa.bash");
    let bash = home.run(&["completion", "bash"]).expect(0).stdout;
    std::fs::write(&script, bash).unwrap();
    for (words, among) in [
        (&["fluxa", "trigger", "payment.se"][..], "payment.settled"),
        (
            &["fluxa", "listen", "--events", "refund.c"],
            "refund.created",
        ),
        (&["fluxa", "listen", "-e", "refund.c"], "refund.created"),
        (&["fluxa", "listen", "--until", "dispute.w"], "dispute.won"),
        (&["fluxa", "listen", "--expect", "dispute.w"], "dispute.won"),
        (&["fluxa", "payments", "list", "--state", "S"], "SETTLED"),
        (&["fluxa", "payments", "get", "--expand", "c"], "customer"),
        (
            &["fluxa", "subscriptions", "create", "--interval", ""],
            "month",
        ),
        (&["fluxa", "keys", "list", "--status", ""], "active"),
    ] {
        let offered = offered(&script, words);
        assert!(
            offered.iter().any(|word| word == among),
            "{words:?}: {offered:?}"
        );
    }
    for shell in ["zsh", "fish"] {
        let script = home.run(&["completion", shell]).expect(0).stdout;
        for value in ["payment.settled", "SETTLING"] {
            assert!(script.contains(value), "{shell}: {value}");
        }
    }
    // What is offered is not all that is taken.
    home.run(&["listen", "-e", "payment.*", "--help"]).expect(0);
}

#[test]
fn shells_and_man_are_told_of_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = home.run(&["completion", shell]).expect(0).stdout;
        assert!(
            script.contains("listen") && script.contains("forward-to"),
            "{shell}"
        );
    }
    let directory = home.path("man");
    home.run(&["man", directory.to_str().unwrap()]).expect(0);
    for page in ["fluxa.1", "fluxa-listen.1", "fluxa-keys-rotate.1"] {
        let text = std::fs::read_to_string(directory.join(page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
    assert!(!directory.join("fluxa-help.1").exists());
}
