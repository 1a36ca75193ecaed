//! `fluxa trigger`: every event that can happen, happens.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Home, Mock, Run, call, eventually, signal};

#[test]
fn every_event_can_be_triggered_and_exists_afterwards() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let list = mock
        .run(&home, &["trigger", "--list", "--output", "json"])
        .expect(0)
        .json_lines();
    assert_eq!(list.len(), 29);
    for entry in &list {
        let event = entry["event"].as_str().unwrap();
        let run = mock
            .run(&home, &["trigger", event, "--output", "json"])
            .expect(0);
        let triggered = &run.json_lines()[0];
        assert_eq!(triggered["event_type"], event);
        let id = triggered["event"].as_str().unwrap();
        let found = mock
            .run(&home, &["events", "get", id, "--output", "json"])
            .expect(0);
        assert_eq!(found.json_lines()[0]["type"], event);
    }
}

#[test]
fn overrides_and_count_reach_the_objects() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let arguments = [
        "trigger",
        "payment.settled",
        "--override",
        "amount=2500",
        "--override",
        "metadata.order_id=ord_1",
        "--count",
        "3",
        "--output",
        "json",
    ];
    let run = mock.run(&home, &arguments).expect(0);
    assert_eq!(run.json_lines().len(), 3);
    let event = run.json_lines()[2]["event"].as_str().unwrap().to_owned();
    let event = mock
        .run(&home, &["events", "get", &event, "--output", "json"])
        .expect(0);
    let event = &event.json_lines()[0];
    assert_eq!(event["data"]["object"]["amount"], 2500);
}

#[test]
fn an_unknown_event_is_a_usage_error_with_a_suggestion() {
    let run = Home::new().run(&["trigger", "payment.setled"]).expect(2);
    assert!(
        run.stderr.contains("did you mean `payment.settled`?"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
}

#[test]
fn the_list_is_for_people_too() {
    let run = Home::new().run(&["trigger", "--list"]).expect(0);
    assert_eq!(run.stdout.lines().count(), 30, "{}", run.stdout);
}

#[test]
fn what_is_shown_can_be_changed_and_run_from_a_file() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let arguments = [
        "trigger",
        "payment.settled",
        "--show",
        "--override",
        "amount=2500",
        "--add",
        "session:ui_mode=embedded",
        "--remove",
        "metadata.made_by",
    ];
    // Nothing is sent: there is no server to send it to.
    let shown = home.run(&arguments).expect(0).stdout;
    let fixture: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(fixture["steps"][0]["body"]["amount"], 2500);
    assert_eq!(fixture["steps"][0]["body"]["ui_mode"], "embedded");
    assert_eq!(fixture["steps"][0]["body"]["metadata"], json!({}));

    let file = home.path("mine.json");
    std::fs::write(&file, &shown).unwrap();
    let file = file.to_str().unwrap();
    let arguments = ["fixtures", "run", file, "--count", "2", "--output", "json"];
    let lines = mock.run(&home, &arguments).expect(0).json_lines();
    assert_eq!(lines.len(), 2);
    let payment = lines[0]["objects"]["payment"].as_str().unwrap();
    let payment = call(&mock, "GET", &format!("/payments/{payment}"), json!(null));
    assert_eq!(
        (&payment["amount"], &payment["state"]),
        (&json!(2500), &json!("SETTLED"))
    );

    std::fs::write(home.path("wrong.json"), shown.replace("ui_mode", "ui_mod")).unwrap();
    let wrong = home.path("wrong.json");
    // The first file is right, and nothing of it is run.
    let arguments = ["fixtures", "run", file, wrong.to_str().unwrap()];
    let refused = mock.run(&home, &arguments).expect(2);
    assert!(
        refused.stderr.contains("did you mean `ui_mode`?"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.stdout, "");
}

#[test]
fn many_are_made_at_once_and_each_is_told_of() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let arguments = [
        "trigger",
        "customer.created",
        "--count",
        "40",
        "--concurrency",
        "8",
        "--output",
        "json",
    ];
    let lines = mock.run(&home, &arguments).expect(0).json_lines();
    let mut events: Vec<&str> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    events.sort_unstable();
    events.dedup();
    assert_eq!(events.len(), 40);
}

#[test]
fn a_failure_among_many_is_told_and_the_others_are_made() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let fault = json!({ "path": "/v1/customers", "method": "POST", "status": 400, "times": 1 });
    let base = mock.base_url.trim_end_matches("/v1").to_owned();
    let status = std::process::Command::new("curl")
        .args([
            "-sfo",
            "/dev/null",
            "-X",
            "POST",
            &format!("{base}/_mock/faults"),
        ])
        .args([
            "-H",
            "content-type: application/json",
            "-d",
            &fault.to_string(),
        ])
        .status();
    assert!(status.unwrap().success());
    let arguments = [
        "trigger",
        "customer.created",
        "--count",
        "5",
        "--output",
        "json",
    ];
    let run = mock.run(&home, &arguments).expect(4);
    let failed = run
        .json_lines()
        .iter()
        .filter(|line| line["type"] == "failed")
        .count();
    assert_eq!((run.json_lines().len(), failed), (5, 1), "{}", run.stdout);
}

/// Returns the command that a hint gives between backticks, without the name of the program.
fn suggested(said: &str) -> Vec<String> {
    let (_, rest) = said
        .split_once("`fluxa ")
        .unwrap_or_else(|| panic!("{said}"));
    let (command, _) = rest.split_once('`').unwrap();
    command.split(' ').map(str::to_owned).collect()
}

#[test]
fn an_event_that_cannot_come_any_more_is_not_waited_for_and_says_what_became_of_it() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    // A day: that it ends shows that it does not wait.
    let arguments = [
        "trigger",
        "payment.settled",
        "--override",
        "card.number=4000000000000002",
        "--wait",
        "86400",
    ];
    let run = mock.run(&home, &arguments).expect(6);
    let said = &run.stderr;
    assert!(
        said.contains("cannot come any more: it is FAILED (card_declined)"),
        "{said}"
    );
    assert!(said.contains("made so far: session chk_"), "{said}");
    assert!(!said.contains("4000000000000002"), "{said}");
    let look = suggested(said);
    let look: Vec<&str> = look.iter().map(String::as_str).collect();
    assert_eq!(look[..2], ["payments", "history"]);
    mock.run(&home, &look).expect(0);
}

#[test]
fn what_moves_by_hand_is_told_with_the_command_that_moves_it() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let arguments = [
        "trigger",
        "payment.settled",
        "--timing",
        "manual",
        "--wait",
        "0.1",
    ];
    let run = mock.run(&home, &arguments).expect(6);
    assert!(
        run.stderr.contains("did not happen within 0.1 s"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("it is CAPTURED") || run.stderr.contains("it is PAYMENT_RECEIVED"));
    let command = suggested(&run.stderr);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    assert_eq!(command[..2], ["sandbox", "advance-payment"]);
    mock.run(&home, &command).expect(0);
    let list = [
        "events",
        "list",
        "--type",
        "payment.settled",
        "--output",
        "json",
    ];
    let events = mock.run(&home, &list).expect(0).json_lines();
    assert_eq!(events[0]["data"]["object"]["id"], command[2]);

    let unwaited = mock.run(&home, &arguments[..4]).expect(0);
    assert!(
        unwaited.stdout.contains("on its way"),
        "{}",
        unwaited.stdout
    );
    assert!(
        unwaited.stderr.contains("sandbox advance-payment pay_"),
        "{}",
        unwaited.stderr
    );
}

#[test]
fn an_interrupted_run_names_what_it_has_made() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let arguments = [
        "trigger",
        "payment.settled",
        "--timing",
        "manual",
        "--wait",
        "86400",
    ];
    let mut command = mock.fluxa(&home, &arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let waiting = command.spawn().unwrap();
    // It looks for the event once the payment is there.
    eventually("it looks for the event", || {
        let seen = call(&mock, "GET", "/request_logs", json!(null));
        let seen = seen["data"].as_array().unwrap().clone();
        let looks = |path: &Value| path.as_str().unwrap().starts_with("/v1/events");
        seen.into_iter().find(|request| looks(&request["path"]))
    });
    signal(waiting.id(), "TERM");
    let run = Run::finish(waiting).expect(130);
    let payment = &call(&mock, "GET", "/payments", json!(null))["data"][0]["id"];
    let named = format!("payment {}", payment.as_str().unwrap());
    assert!(run.stderr.contains(&named), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_made_and_could_not_be_told_is_counted_and_named() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = mock.fluxa(&home, &["trigger", "customer.created", "--count", "5"]);
    command.stdout(full).stderr(Stdio::piped());
    let run = Run::finish(command.spawn().unwrap()).expect(1);
    let customers = call(&mock, "GET", "/customers", json!(null));
    let customers = customers["data"].as_array().unwrap();
    let counted = format!("{} of 5 made", customers.len());
    assert!(run.stderr.contains(&counted), "{}", run.stderr);
    let id = customers[0]["id"].as_str().unwrap();
    assert!(
        run.stderr.contains(&format!("customer {id}")),
        "{}",
        run.stderr
    );
}

#[test]
fn a_step_that_fails_is_named_as_it_was_sent() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let file = home.path("wrong.json");
    let fixture = json!({ "summary": "Expires twice.", "steps": [
        { "name": "session", "request": "POST /checkout/sessions", "body": {
            "amount": 4999, "currency": "GBP",
            "success_url": "https://example.com/done", "cancel_url": "https://example.com/cancel",
        } },
        { "name": "expired", "request": "POST /checkout/sessions/${session.id}/expire" },
        { "name": "moved", "request": "POST /sandbox/payments/${expired.id}/advance",
          "body": { "to": "SETTLED" } },
    ] });
    std::fs::write(&file, fixture.to_string()).unwrap();
    let arguments = ["fixtures", "run", file.to_str().unwrap()];
    let run = mock.run(&home, &arguments).expect(4);
    assert!(
        run.stderr.contains("POST /sandbox/payments/chk_"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("${"), "{}", run.stderr);
    assert!(
        run.stderr.contains("made so far: session chk_"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_no_step_answers_is_found_before_anything_is_sent() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let file = home.path("wrong.json");
    let fixture = json!({ "summary": "Nothing.", "steps": [
        { "name": "c", "request": "POST /customers", "body": { "email": "a@example.com" } },
        { "name": "again", "request": "GET /customers/${c.idd}" },
    ] });
    std::fs::write(&file, fixture.to_string()).unwrap();
    let arguments = ["fixtures", "run", file.to_str().unwrap()];
    let run = mock.run(&home, &arguments).expect(2);
    assert!(run.stderr.contains("did you mean `id`?"), "{}", run.stderr);
    let seen = call(&mock, "GET", "/request_logs", json!(null));
    assert_eq!(seen["data"].as_array().unwrap().len(), 0);
}

#[test]
fn events_are_made_with_test_keys_only_and_nothing_is_sent_before() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let mut command = mock.fluxa(&home, &["trigger", "payment.settled", "--yes"]);
    command.env("FLUXA_SECRET_KEY", "sk_live_0000000000000000000000000000");
    let refused = Run::of(command).expect(3);
    assert!(refused.stderr.contains("live"), "{}", refused.stderr);
    let seen = call(&mock, "GET", "/request_logs", json!(null));
    assert_eq!(seen["data"].as_array().unwrap().len(), 0);
}

#[test]
fn editing_needs_somebody_at_a_terminal() {
    let home = Home::new();
    let run = home
        .run(&["trigger", "payment.settled", "--edit", "--mock"])
        .expect(2);
    assert!(run.stderr.contains("fluxa fixtures run"), "{}", run.stderr);
}

/// `script` gives the command a terminal of its own.
#[cfg(target_os = "linux")]
#[test]
fn what_was_edited_is_what_is_sent() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let editor = home.path("editor");
    std::fs::write(&editor, "#!/bin/sh\nsed -i s/4999/1234/ \"$1\"\n").unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).unwrap();
    let typed = format!(
        "{} trigger payment.received --edit",
        env!("CARGO_BIN_EXE_fluxa")
    );
    let log = home.path("terminal");
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &typed]).arg(&log);
    let own = mock.fluxa(&home, &[]);
    command.env_clear().stdin(Stdio::null());
    command.envs(
        own.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command.env("EDITOR", &editor).env("TERM", "xterm");
    Run::of(command).expect(0);
    let payments = call(&mock, "GET", "/payments", json!(null));
    assert_eq!(payments["data"][0]["amount"], 1234);
}

#[test]
fn a_pace_of_ones_own_brings_the_events_that_are_otherwise_brought_by_hand() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    for event in ["payment.captured", "checkout.session.completed"] {
        for timing in ["5s", "instant", "manual"] {
            let arguments = ["trigger", event, "--timing", timing];
            let run = mock.run(&home, &arguments).expect(0);
            assert!(run.stdout.contains("evt_"), "{timing}: {}", run.stdout);
        }
    }
}
