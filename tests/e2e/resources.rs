//! `fluxa <noun> <verb>`, made of the contract, against the mock.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Home, Mock, Run, Running, signal};

/// Runs a command for JSON, and returns the one object it printed.
#[track_caller]
fn one(mock: &Mock, home: &Home, arguments: &[&str]) -> Value {
    let mut lines = many(mock, home, arguments);
    assert_eq!(lines.len(), 1, "{arguments:?}: {lines:?}");
    lines.remove(0)
}

#[track_caller]
pub(crate) fn many(mock: &Mock, home: &Home, arguments: &[&str]) -> Vec<Value> {
    let arguments = [&["--output", "json"], arguments].concat();
    mock.run(home, &arguments).expect(0).json_lines()
}

fn id(object: &Value) -> &str {
    object["id"].as_str().unwrap()
}

const SESSION: [&str; 10] = [
    "checkout-sessions",
    "create",
    "--amount",
    "4999",
    "--currency",
    "gbp",
    "--success-url",
    "https://shop.example/done",
    "--cancel-url",
    "https://shop.example/back",
];

pub(crate) const CARD: [&str; 8] = [
    "--card.number",
    "4242424242424242",
    "--card.exp-month",
    "12",
    "--card.exp-year",
    "2030",
    "--card.cvc",
    "123",
];

/// Pays a session, and returns the payment.
fn payment(mock: &Mock, home: &Home, customer: &str) -> Value {
    let session = one(
        mock,
        home,
        &[&SESSION[..], &["--customer", customer]].concat(),
    );
    let pay = ["sandbox", "complete-checkout-session", id(&session)];
    let pay = [&pay[..], &CARD, &["--timing", "instant"]].concat();
    one(mock, home, &pay)
}

#[test]
fn a_customer_s_whole_life_goes_through_commands() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = [
        "customers",
        "create",
        "--email",
        "zoe@shop.example",
        "--metadata",
        "order_id=ord_1",
        "--metadata",
        "note=a=b, c",
    ];
    let customer = one(&mock, &home, &create);
    assert_eq!(
        customer["metadata"],
        json!({ "order_id": "ord_1", "note": "a=b, c" })
    );
    let cus = id(&customer);
    let paid = payment(&mock, &home, cus);
    let pay = id(&paid);
    assert_eq!(paid["state"], "SETTLED");

    let expanded = one(
        &mock,
        &home,
        &["payment", "get", pay, "--expand", "customer,settlement"],
    );
    assert_eq!(expanded["customer"]["id"], cus);
    assert_eq!(expanded["settlement"]["object"], "settlement");

    let settled = [
        "payments",
        "list",
        "--state",
        "settled",
        "--settled-at-gte",
        "-24h",
    ];
    assert_eq!(many(&mock, &home, &settled).len(), 1);
    let failed = ["payments", "list", "--state", "FAILED", "--output", "json"];
    assert_eq!(mock.run(&home, &failed).expect(0).stdout, "");

    let refund = one(
        &mock,
        &home,
        &["refunds", "create", "--payment", pay, "--amount", "100"],
    );
    assert_eq!(refund["amount"], 100);

    let renamed = ["customers", "update", cus, "--name", "Zoë"];
    assert_eq!(one(&mock, &home, &renamed)["name"], "Zoë");

    let gone = one(&mock, &home, &["customers", "delete", cus, "--yes"]);
    assert_eq!(gone["deleted"], true);
    mock.run(&home, &["customers", "update", cus, "--name", "x"])
        .expect(4);
}

#[test]
fn a_subscription_is_paused_and_cancelled_and_an_endpoint_is_made_by_commands() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let customer = one(
        &mock,
        &home,
        &["customers", "create", "--email", "a@shop.example"],
    );
    payment(&mock, &home, id(&customer));
    let create = [
        "subscriptions",
        "create",
        "--customer",
        id(&customer),
        "--amount",
        "1000",
        "--currency",
        "GBP",
        "--interval",
        "month",
        "--trial-end",
        "+14d",
    ];
    let subscription = one(&mock, &home, &create);
    assert_eq!(subscription["status"], "trial");
    let cancel = [
        "subscriptions",
        "cancel",
        id(&subscription),
        "--at-period-end",
        "--yes",
    ];
    assert_eq!(one(&mock, &home, &cancel)["cancel_at_period_end"], true);

    let create = [
        "webhook-endpoints",
        "create",
        "--url",
        "https://shop.example/hook",
        "--events",
        "payment.settled,refund.created",
    ];
    let endpoint = one(&mock, &home, &create);
    assert_eq!(
        endpoint["events"],
        json!(["payment.settled", "refund.created"])
    );
    let all = ["webhook-endpoints", "update", id(&endpoint), "--events", ""];
    assert_eq!(one(&mock, &home, &all)["events"], json!([]));
    assert_eq!(
        one(&mock, &home, &["merchant", "get"])["object"],
        "merchant"
    );
}

#[test]
fn a_history_is_a_table_json_or_csv() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let customer = one(
        &mock,
        &home,
        &["customers", "create", "--email", "a@shop.example"],
    );
    let paid = payment(&mock, &home, id(&customer));
    let history = ["payments", "history", id(&paid)];
    assert_eq!(many(&mock, &home, &history).len(), 4);
    let csv = mock
        .run(&home, &[&history[..], &["--csv"]].concat())
        .expect(0)
        .stdout;
    assert!(csv.starts_with("payment,at,actor,"), "{csv}");
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let table = mock.run(&home, &history).expect(0).stdout;
    assert!(
        table.starts_with("AT ") && table.contains("SETTLED"),
        "{table}"
    );
    let both = [&history[..], &["--csv", "--all"]].concat();
    mock.run(&home, &both).expect(2);
}

#[test]
fn an_object_is_a_block_with_money_in_pounds_and_its_id_first() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let block = mock.run(&home, &SESSION).expect(0).stdout;
    assert!(block.starts_with("id "), "{block}");
    let amount = block
        .lines()
        .find(|line| line.starts_with("amount"))
        .unwrap();
    assert!(amount.ends_with(" £49.99"), "{block}");
}

#[test]
fn all_pages_are_walked_and_each_item_is_printed_once() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    for count in 0..7 {
        let email = format!("c{count}@shop.example");
        one(&mock, &home, &["customers", "create", "--email", &email]);
    }
    let all = many(
        &mock,
        &home,
        &["customers", "list", "--all", "--limit", "3"],
    );
    let emails: Vec<&str> = all.iter().map(|c| c["email"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..7).rev().map(|n| format!("c{n}@shop.example")).collect();
    assert_eq!(emails, expected);

    let table = mock
        .run(&home, &["customers", "list", "--all", "--limit", "3"])
        .expect(0);
    assert_eq!(table.stdout.matches("EMAIL").count(), 1, "{}", table.stdout);
    assert_eq!(table.stdout.lines().count(), 8);

    // The command that is suggested prints the rest.
    let first = mock
        .run(&home, &["customers", "list", "--limit", "5"])
        .expect(0);
    let more = first.stderr.trim().strip_prefix("more: fluxa ").unwrap();
    let words: Vec<&str> = more.split(' ').collect();
    let rest = mock.run(&home, &words).expect(0).stdout;
    assert_eq!(rest.lines().count(), 3, "{rest}");
}

#[test]
fn faults_are_told_by_the_flag_that_they_came_from() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let cheap = [&SESSION[..3], &["20"], &SESSION[4..]].concat();
    let missing = "pay_1111111111111111";
    for (arguments, code, says) in [
        (&cheap[..], 4, "hint: check --amount"),
        (
            &["payments", "get", missing, "--expand", "custmer"],
            4,
            "--expand takes checkout_session",
        ),
        (
            &["payments", "list", "--state", "setled"],
            2,
            "did you mean SETTLED?",
        ),
        (&["payments", "get", "cus_1"], 2, "start with pay_"),
        (
            &[
                "refunds",
                "create",
                "--payment",
                missing,
                "--amount",
                "1.50",
            ],
            2,
            "did you mean 150?",
        ),
        (
            &[
                "refunds",
                "create",
                "--payment",
                missing,
                "--idempotency-key",
                "a b",
            ],
            2,
            "without blanks",
        ),
        (&["refunds", "create"], 2, "--payment"),
        (&["refunds", "create", "--data", "{}"], 2, "with --payment"),
        (&["refunds", "create", "--data", "[]"], 2, "no JSON object"),
        (
            &[
                "customers",
                "create",
                "--data",
                r#"{"email":"a@b.example","nmae":"x"}"#,
            ],
            4,
            "did you mean `name`?",
        ),
        (
            &["customers", "update", "cus_1"],
            2,
            "it may be --default-payment-method",
        ),
        (&["payments", "get", missing], 4, "request id: req_"),
    ] {
        let run = mock.run(&home, arguments).expect(code);
        assert!(run.stderr.contains(says), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn a_body_comes_from_a_file_or_stdin_and_flags_add_to_it() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let body = r#"{"email":"file@shop.example","name":"A","metadata":{"a":"1"}}"#;
    std::fs::write(home.path("body.json"), body).unwrap();
    let create = [
        "customers",
        "create",
        "--data",
        "@body.json",
        "--name",
        "B",
        "--metadata",
        "b=2",
    ];
    let customer = one(&mock, &home, &create);
    assert_eq!(
        (&customer["email"], &customer["name"]),
        (&json!("file@shop.example"), &json!("B"))
    );
    assert_eq!(customer["metadata"], json!({ "a": "1", "b": "2" }));

    let mut command = mock.fluxa(
        &home,
        &["customers", "create", "--data", "-", "--output", "json"],
    );
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(body.as_bytes())
        .unwrap();
    assert_eq!(Run::finish(child).expect(0).json_lines()[0]["name"], "A");

    for (data, says) in [
        ("@nowhere.json", "cannot read nowhere.json"),
        ("@/dev/zero", "over 1 MiB"),
        ("body.json", "write --data @FILE"),
    ] {
        let run = mock.run(&home, &["customers", "create", "--data", data]);
        assert!(
            matches!(run.code, 1 | 2) && run.stderr.contains(says),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn the_same_idempotency_key_is_answered_once_and_says_so() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = [
        "customers",
        "create",
        "--email",
        "k@shop.example",
        "--idempotency-key",
        "import-1",
    ];
    let first = mock.run(&home, &create).expect(0);
    let again = mock.run(&home, &create).expect(0);
    assert_eq!(first.stdout, again.stdout);
    assert!(
        again.stderr.contains("nothing was done again"),
        "{}",
        again.stderr
    );
    let other = [&create[..3], &["other@shop.example"], &create[4..]].concat();
    mock.run(&home, &other).expect(4);
}

#[test]
fn the_stream_of_events_is_printed_as_it_comes() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let trigger = ["trigger", "customer.created", "--output", "json"];
    let first = mock.run(&home, &trigger).expect(0).json_lines().remove(0);
    let after = first["event"].as_str().unwrap().to_owned();
    let stream = ["events", "stream", "--after", &after, "--output", "json"];
    let mut stream = Running::start(mock.fluxa(&home, &stream));
    mock.run(&home, &trigger).expect(0);
    stream.next_of_type("customer.created");
    signal(stream.process(), "INT");
    stream.finish().expect(130);
}

#[test]
fn a_dispute_is_raised_answered_and_won_and_the_clock_moves_by_commands() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let customer = one(
        &mock,
        &home,
        &["customers", "create", "--email", "a@shop.example"],
    );
    let cus = id(&customer);
    let paid = payment(&mock, &home, cus);
    let raise = [
        "sandbox",
        "create-dispute",
        "--payment",
        id(&paid),
        "--reason",
        "fraudulent",
    ];
    let dispute = one(&mock, &home, &raise);
    let evidence = [
        "disputes",
        "submit-evidence",
        id(&dispute),
        "--receipt",
        "No. 7",
    ];
    assert_eq!(one(&mock, &home, &evidence)["status"], "evidence_submitted");
    let resolve = [
        "sandbox",
        "resolve_dispute",
        id(&dispute),
        "--outcome",
        "won",
    ];
    assert_eq!(one(&mock, &home, &resolve)["status"], "won");

    let before = one(&mock, &home, &["sandbox", "clock"])["now"].clone();
    let advance = ["sandbox", "advance-clock", "--seconds", "86400"];
    assert!(one(&mock, &home, &advance)["now"].as_str() > before.as_str());

    let methods = many(&mock, &home, &["customers", "payment-methods", cus]);
    let detached = ["payment-methods", "detach", id(&methods[0]), "--yes"];
    assert_eq!(one(&mock, &home, &detached)["customer"], Value::Null);
    one(
        &mock,
        &home,
        &["listen-sessions", "create", "--events", "payment.settled"],
    );
}

#[test]
fn every_list_is_a_table_for_people_and_objects_for_scripts() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--seed-data", "20"]);
    for list in [
        "checkout-sessions list",
        "customers list",
        "disputes list",
        "ledger entries",
        "payments list",
        "refunds list",
        "request-logs list",
        "settlements list",
        "subscriptions list",
    ] {
        let words: Vec<&str> = list.split(' ').collect();
        let items = many(&mock, &home, &words);
        assert!(
            items.iter().all(|item| item["object"].is_string()),
            "{list}"
        );
        let table = mock.run(&home, &words).expect(0).stdout;
        assert!(
            table.starts_with("ID ") && table.lines().count() > 1,
            "{list}: {table}"
        );
    }
    for single in ["ledger balances", "merchant get", "sandbox clock"] {
        one(&mock, &home, &single.split(' ').collect::<Vec<_>>());
    }
}
