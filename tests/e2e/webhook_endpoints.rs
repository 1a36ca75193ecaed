//! `fluxa webhook-endpoints`: their secrets go where they belong, and which events they get is checked.

use serde_json::{Value, json};

use crate::support::{Home, Mock, Running, call, eventually, mock_control};

const URL: &str = "https://shop.example.com/webhooks/fluxa";

#[test]
fn a_secret_is_shown_once_or_put_where_it_belongs() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = ["webhook-endpoints", "create", "--url", URL];
    let shown = mock.run(&home, &create).expect(0);
    let secret = shown.stdout.lines().last().unwrap();
    assert!(secret.starts_with("whsec_"), "{}", shown.stdout);
    assert!(
        shown.stderr.contains("it is not shown again"),
        "{}",
        shown.stderr
    );

    let written = [
        &create[..],
        &[
            "--write-env",
            ".env:FLUXA_WEBHOOK_SECRET",
            "--output",
            "json",
        ],
    ]
    .concat();
    let run = mock.run(&home, &written).expect(0);
    let endpoint = run.json_lines().remove(0);
    let file = || std::fs::read_to_string(home.path(".env")).unwrap();
    let first = file();
    assert!(first.starts_with("FLUXA_WEBHOOK_SECRET=whsec_"), "{first}");
    assert!(!run.stdout.contains("whsec_") && !run.stderr.contains("whsec_"));

    let id = endpoint["id"].as_str().unwrap();
    let rotate = ["webhook-endpoints", "rotate-secret", id, "--stdout-secret"];
    let unasked = mock.run(&home, &rotate).expect(2);
    assert!(unasked.stderr.contains("--yes"), "{}", unasked.stderr);
    let rotate = [&rotate[..], &["--yes"]].concat();
    let rotated = mock.run(&home, &rotate).expect(0).stdout;
    assert!(
        rotated.starts_with("whsec_") && rotated.lines().count() == 1,
        "{rotated}"
    );
    assert!(!first.contains(rotated.trim()));
    let get = mock.run(&home, &["webhook-endpoints", "get", id]).expect(0);
    assert!(!get.stdout.contains("whsec_"), "{}", get.stdout);
}

#[test]
fn a_file_that_cannot_be_written_costs_no_secret() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    // There is room for its own name, and none for that of what it is made of.
    let target = format!("{}:SECRET", "x".repeat(253));
    for output in ["human", "json"] {
        let arguments = [
            "webhook-endpoints",
            "create",
            "--url",
            URL,
            "--write-env",
            &target,
            "--output",
            output,
        ];
        let run = mock.run(&home, &arguments).expect(1);
        assert!(run.stdout.contains("whsec_"), "{}", run.stdout);
        assert!(
            run.stderr.contains("on stdout, now and never again"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("whsec_"), "{}", run.stderr);
    }
}

#[test]
fn a_rotation_that_was_killed_is_finished_with_the_secret_that_was_made() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    for when in ["before", "after"] {
        let made = call(&mock, "POST", "/webhook_endpoints", json!({ "url": URL }));
        let id = made["id"].as_str().unwrap();
        let fault = json!({
            "method": "POST", "path": "/v1/webhook_endpoints/*/rotate_secret", "when": when,
            "delay_ms": 60_000,
        });
        let fault = mock_control(&mock, "/faults", fault);
        let fault = format!("/faults/{}", fault["id"].as_str().unwrap());
        let rotate = [
            "webhook-endpoints",
            "rotate-secret",
            id,
            "--grace",
            "2h",
            "--yes",
        ];
        let running = Running::start(mock.fluxa(&home, &rotate));
        eventually("the request", || {
            (mock_control(&mock, &fault, Value::Null)["hits"] == 1).then_some(())
        });
        let path = format!("/webhook_endpoints/{id}");
        let previous =
            || call(&mock, "GET", &path, Value::Null)["previous_secret_expires_at"].clone();
        if when == "after" {
            eventually("the rotation", || previous().is_string().then_some(()));
        }
        drop(running);
        let ends = previous();
        let told = mock.run(&home, &["webhook-endpoints", "get", id]).expect(0);
        let finish = format!("`fluxa webhook-endpoints rotate-secret {id} --yes`");
        assert!(told.stderr.contains(&finish), "{}", told.stderr);
        let finish = ["webhook-endpoints", "rotate-secret", id, "--yes"];
        // Another one, by a key of its own, is no end of this one.
        if when == "before" {
            let another = [&finish[..], &["--idempotency-key", "another"]].concat();
            mock.run(&home, &another).expect(0);
        }
        let run = mock.run(&home, &finish).expect(0);
        assert!(run.stdout.contains("whsec_"), "{}", run.stdout);
        assert!(run.stderr.contains("this finishes it"), "{}", run.stderr);
        if when == "after" {
            // It was not rotated again: the secret that the server has still counts.
            assert_eq!(previous(), ends);
        }
        let silent = mock.run(&home, &["webhook-endpoints", "get", id]).expect(0);
        assert_eq!(silent.stderr, "");
    }
}

#[test]
fn events_are_named_by_patterns_and_checked() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = |events: &str| {
        let arguments = [
            "webhook-endpoints",
            "create",
            "--url",
            URL,
            "--events",
            events,
            "--output",
            "json",
        ];
        mock.run(&home, &arguments)
    };
    let made = create("refund.*,refund.created,dispute.won")
        .expect(0)
        .json_lines()
        .remove(0);
    let expected = json!([
        "refund.created",
        "refund.failed",
        "refund.succeeded",
        "dispute.won"
    ]);
    assert_eq!(made["events"], expected);
    let wrong = create("refund.succeded").expect(2);
    assert!(
        wrong.stderr.contains("did you mean refund.succeeded?"),
        "{}",
        wrong.stderr
    );
    let nothing = create("refnd.*").expect(2);
    assert!(
        nothing.stderr.contains("matches nothing"),
        "{}",
        nothing.stderr
    );
}
