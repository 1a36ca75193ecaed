//! `fluxa <noun> <verb>` when things go wrong: answers that the mock would not give, answers that are
//! lost, and what is not to be shown or done.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::resources::{CARD, many};
use crate::support::scripted::Scripted;
use crate::support::{Home, KEY, Mock, Run, mock_control};

const LIVE: &str = "sk_live_0123456789abcdefghij0123456789ab";

#[test]
fn a_reader_that_goes_away_while_pages_come_is_no_error() {
    let home = Home::new();
    let page = |n: usize| {
        let items: Vec<String> = (0..100)
            .map(|at| format!(r#"{{"id":"cus_{n}a{at}"}}"#))
            .collect();
        format!(
            r#"{{"data":[{}],"has_more":true,"next_cursor":"cus_{n}"}}"#,
            items.join(",")
        )
    };
    let pages: Vec<String> = (0..500).map(page).collect();
    let server = Scripted::start(&pages.iter().map(String::as_str).collect::<Vec<_>>());
    let mut command = home.fluxa(&["customers", "list", "--all", "--output", "json"]);
    command
        .env("FLUXA_API_BASE", &server.base_url)
        .env("FLUXA_SECRET_KEY", KEY)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), r#"{"id":"cus_0a0"}"#);
    drop(lines);
    Run::finish(child).expect(0);
    // It stopped: the pages were not all asked for.
    assert!(server.requests().len() < 500);
}

/// Runs a command against a scripted server.
fn run_at(server: &Scripted, home: &Home, arguments: &[&str]) -> Run {
    let mut command = home.fluxa(arguments);
    command
        .env("FLUXA_API_BASE", &server.base_url)
        .env("FLUXA_SECRET_KEY", KEY);
    Run::of(command)
}

#[test]
fn fields_that_nobody_knows_come_through_in_their_order_on_one_line() {
    let home = Home::new();
    let sent = "{\n  \"zeta\": 1.10,\n  \"id\": \"pay_1\",\n  \"big\": 12345678901234567890123,\n  \"a\": {\"b\": null}\n}";
    let server = Scripted::start(&[sent]);
    let run = run_at(
        &server,
        &home,
        &["payments", "get", "pay_1", "--output", "json"],
    );
    let line =
        "{\"zeta\":1.10,\"id\":\"pay_1\",\"big\":12345678901234567890123,\"a\":{\"b\":null}}\n";
    assert_eq!(run.expect(0).stdout, line);
}

#[test]
fn answers_that_make_no_sense_are_errors_and_never_endless() {
    let home = Home::new();
    let same = r#"{"data":[{"id":"cus_1"}],"has_more":true,"next_cursor":"cus_1"}"#;
    let cut = r#"{"data":[{"id":"cus_1"}],"has_more":true,"next_cursor":null}"#;
    for (body, arguments, says) in [
        (cut, &["customers", "list"][..], "no cursor to them"),
        (
            same,
            &["customers", "list", "--all"][..],
            "a cursor it has passed",
        ),
        (
            "<html>hello</html>",
            &["customers", "get", "cus_1"],
            "no JSON",
        ),
        (r#"{"id":"x"}"#, &["customers", "list"], "no list"),
        ("", &["customers", "get", "cus_1"], "no JSON"),
    ] {
        let server = Scripted::start(&[body]);
        let run = run_at(&server, &home, arguments).expect(5);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}

#[test]
fn what_an_answer_holds_does_not_reach_the_terminal_raw() {
    let home = Home::new();
    let hostile = r#"{"data":[{"id":"cus_1","name":"\u001b]0;x\u0007\u202e","em\u001bail":"\r"}],"has_more":false,"next_cursor":null}"#;
    let object = r#"{"id":"cus_1","na\u001bme":"\u009b2J\r\n"}"#;
    let list = Scripted::start(&[hostile]);
    let single = Scripted::start(&[object]);
    for (server, arguments) in [
        (&list, &["customers", "list"][..]),
        (&list, &["customers", "list", "--output", "json"]),
        (&single, &["customers", "get", "cus_1"]),
        (&single, &["api", "GET", "/customers/cus_1"]),
        (
            &single,
            &["api", "GET", "/customers/cus_1", "--output", "json"],
        ),
    ] {
        let run = run_at(server, &home, arguments).expect(0);
        let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!run.stdout.chars().any(harmful), "{:?}", run.stdout);
    }
}

#[test]
fn a_lost_answer_comes_with_the_command_that_is_carried_out_once() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let fault = json!({
        "method": "POST", "path": "/v1/customers", "times": 2, "lose_response": true
    });
    mock_control(&mock, "/faults", fault);
    let create = [
        "customers",
        "create",
        "--email",
        "o@shop.example",
        "--name",
        "Zoë O'Hara",
    ];
    let lost = mock.run(&home, &create).expect(5);
    let (_, rest) = lost.stderr.rsplit_once("`fluxa customers").unwrap();
    let (command, _) = rest.split_once("`\n").unwrap();
    let command = format!("fluxa customers{command}");
    // As a shell reads it, quotes and all.
    let mut shell = mock.fluxa(&home, &[]);
    let binary = shell.get_program().to_owned();
    let script = command.replacen("fluxa", "\"$0\"", 1) + " --output json";
    let environment: Vec<_> = shell
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    shell = std::process::Command::new("sh");
    shell
        .arg("-c")
        .arg(script)
        .arg(binary)
        .env_clear()
        .envs(environment);
    let again = Run::of(shell).expect(0);
    assert_eq!(again.json_lines()[0]["name"], "Zoë O'Hara");
    let customers = many(&mock, &home, &["customers", "list", "--all"]);
    assert_eq!(customers.len(), 1, "{customers:?}");
}

#[test]
fn a_dry_run_shows_the_request_without_key_and_card_and_sends_nothing() {
    let home = Home::new();
    let server = Scripted::start(&["{}"]);
    let pay = ["sandbox", "complete-checkout-session", "chk_1", "--dry-run"];
    for output in ["human", "json"] {
        let arguments = [&pay[..], &CARD, &["--output", output]].concat();
        let shown = run_at(&server, &home, &arguments).expect(0);
        assert!(
            shown
                .stdout
                .contains("/sandbox/checkout/sessions/chk_1/complete")
        );
        assert!(shown.stdout.contains("Idempotency-Key"), "{}", shown.stdout);
        for secret in ["42424242", "123", KEY] {
            assert!(!shown.stdout.contains(secret), "{}", shown.stdout);
        }
    }
    assert_eq!(server.requests(), [""; 0]);
    // Nor is a key needed.
    home.run(&["refunds", "create", "--payment", "pay_1", "--dry-run"])
        .expect(0);
}

#[test]
fn what_cannot_be_undone_and_what_is_live_is_not_done_unasked() {
    let home = Home::new();
    let server = Scripted::start(&["{}"]);
    let delete = ["customers", "delete", "cus_1"];
    let run = run_at(&server, &home, &delete).expect(2);
    assert!(
        run.stderr.contains("`fluxa customers delete cus_1 --yes`"),
        "{}",
        run.stderr
    );
    for arguments in [
        &["refunds", "create", "--payment", "pay_1", "--api-key", LIVE][..],
        &["api", "POST", "/refunds", "--data", "{}", "--api-key", LIVE],
        &["api", "DELETE", "/customers/cus_1", "--api-key", LIVE],
    ] {
        let run = run_at(&server, &home, arguments).expect(2);
        assert!(
            run.stderr.contains("LIVE mode, real money"),
            "{}",
            run.stderr
        );
    }
    let pay = [
        "sandbox",
        "complete-checkout-session",
        "chk_1",
        "--api-key",
        LIVE,
    ];
    let run = run_at(&server, &home, &[&pay[..], &CARD].concat()).expect(2);
    assert!(!run.stderr.contains("4242"), "{}", run.stderr);
    assert_eq!(server.requests(), [""; 0]);
    run_at(&server, &home, &[&delete[..], &["--yes"]].concat()).expect(0);
}

#[test]
fn a_card_number_in_the_wrong_place_is_not_echoed() {
    let home = Home::new();
    for arguments in [
        &[
            "sandbox",
            "complete-checkout-session",
            "chk_1",
            "4242424242424242",
        ][..],
        &[
            "sandbox",
            "complete-checkout-session",
            "4242 4242 4242 4242",
        ],
        &[
            "sandbox",
            "complete-checkout-session",
            "chk_1",
            "--card.exp-year",
            "4242424242424242x",
        ],
        &[
            "sandbox",
            "complete-checkout-session",
            "chk_1",
            "--data",
            "{\"card\": 4242424242424242",
        ],
    ] {
        let run = home.run(arguments).expect(2);
        assert!(!run.stderr.contains("42424242"), "{}", run.stderr);
        let run = home
            .run(&[&["--output", "json"], arguments].concat())
            .expect(2);
        assert!(!run.stderr.contains("42424242"), "{}", run.stderr);
    }
}

#[test]
fn a_walk_that_broke_off_says_how_to_go_on_with_the_rest() {
    let home = Home::new();
    let page = r#"{"data":[{"id":"cus_1"}],"has_more":true,"next_cursor":"cus_1"}"#;
    let server = Scripted::start(&[page, "<html>"]);
    let list = ["customers", "list", "--all", "--email", "a@b.example"];
    let run = run_at(&server, &home, &list).expect(5);
    let again = "--email a@b.example --limit 100 --all --after cus_1`";
    assert!(run.stdout.contains("cus_1"), "{}", run.stdout);
    assert!(run.stderr.contains(again), "{}", run.stderr);
}

#[test]
fn what_data_says_twice_is_refused_and_what_a_flag_takes_its_place_is_said() {
    let home = Home::new();
    let server = Scripted::start(&["{}"]);
    let create = |data: &str, more: &[&str]| {
        let create = [
            "payments",
            "create",
            "--customer",
            "cus_1",
            "--currency",
            "GBP",
        ];
        run_at(
            &server,
            &home,
            &[&create[..], &["--data", data], more].concat(),
        )
    };
    for twice in [
        r#"{"amount":600,"amount":700}"#,
        r#"{"amount":6,"metadata":{"a":"1","amount":"2","a":"1"}}"#,
        r#"{"amount":6,"x":[{"b":1,"\u0062":2}]}"#,
    ] {
        let refused = create(twice, &[]).expect(2).stderr;
        assert!(refused.contains("twice"), "{refused}");
    }
    assert_eq!(server.requests(), [""; 0]);
    let said = create(r#"{"amount":600}"#, &["--amount", "500"]).expect(0);
    let warned = "--amount is sent; --data holds another amount";
    assert!(said.stderr.contains(warned), "{}", said.stderr);
    for agreed in [
        create(r#"{"amount":500}"#, &["--amount", "500"]),
        create(
            r#"{"amount":5,"metadata":{"a":"1"}}"#,
            &["--metadata", "b=2"],
        ),
    ] {
        assert_eq!(agreed.expect(0).stderr, "");
    }
}

#[test]
fn a_call_without_any_time_is_refused_and_not_sent() {
    let run = Home::new().run(&["payments", "list", "--timeout", "0"]);
    let said = run.expect(2).stderr;
    assert!(said.contains("leave --timeout out"), "{said}");
}

#[test]
fn scripts_are_told_that_a_list_has_more() {
    let home = Home::new();
    let more = r#"{"data":[{"id":"cus_1"}],"has_more":true,"next_cursor":"cus_1"}"#;
    let server = Scripted::start(&[more]);
    let list = ["customers", "list", "--limit", "1", "--output", "json"];
    let run = run_at(&server, &home, &list).expect(0);
    assert_eq!(run.stdout, "{\"id\":\"cus_1\"}\n");
    let warning: Value = serde_json::from_str(run.stderr.trim()).unwrap();
    let said = warning["warning"]["message"].as_str().unwrap();
    let rest = "`fluxa customers list --limit 1 --after cus_1`";
    assert!(said.contains(rest), "{said}");
}

#[test]
fn a_hint_names_no_flag_that_the_command_does_not_have() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let fault = json!({
        "method": "POST", "path": "/v1/sandbox/settlements/close",
        "status": 400, "code": "invalid_expand",
    });
    mock_control(&mock, "/faults", fault);
    let run = mock.run(&home, &["sandbox", "close-settlements"]).expect(4);
    assert!(!run.stderr.contains("--expand"), "{}", run.stderr);
    // A list that has no pages has no more of them.
    let page = r#"{"data":[{"id":"stl_1"}],"has_more":true,"next_cursor":"stl_1"}"#;
    let server = Scripted::start(&[page]);
    let run = run_at(&server, &home, &["sandbox", "close-settlements"]).expect(0);
    assert!(!run.stderr.contains("--after"), "{}", run.stderr);
}

#[test]
fn csv_is_no_json() {
    let home = Home::new();
    let history = ["payments", "history", "pay_1", "--csv", "--output", "json"];
    let run = home.run(&history).expect(2);
    assert!(run.stderr.contains("--csv is no JSON"), "{}", run.stderr);
}
