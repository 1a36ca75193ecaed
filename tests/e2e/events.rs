//! `fluxa events`: what happened, and sending it again.

use serde_json::json;

use crate::support::endpoint::Endpoint;
use crate::support::{Home, KEY, Mock, Running, call, eventually};

#[test]
fn an_event_is_sent_to_an_endpoint_again_with_the_same_id() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start("whsec_not_looked_at", &[]);
    let body = json!({ "url": endpoint.url(), "events": ["customer.created"] });
    let created = call(&mock, "POST", "/webhook_endpoints", body);
    mock.run(&home, &["trigger", "customer.created"]).expect(0);
    eventually("the first delivery", || {
        (endpoint.deliveries().len() == 1).then_some(())
    });
    let event = endpoint.deliveries().remove(0).event;
    let we = created["id"].as_str().unwrap();
    let run = mock.run(&home, &["events", "resend", &event, "--endpoint", we]);
    assert!(run.expect(0).stdout.contains(&event));
    eventually("the second delivery", || {
        (endpoint.deliveries().len() == 2).then_some(())
    });
    assert_eq!(endpoint.deliveries()[1].event, event);
}

#[test]
fn listening_may_start_after_an_event_of_the_past() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let made = |count: &str| {
        let arguments = [
            "trigger",
            "customer.created",
            "--count",
            count,
            "--output",
            "json",
        ];
        let lines = mock.run(&home, &arguments).expect(0).json_lines();
        let ids = lines
            .iter()
            .map(|line| line["event"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let before = made("1").remove(0);
    let after = made("3");
    let endpoint = Endpoint::start("whsec_not_looked_at", &[]);
    let arguments = [
        "listen",
        "-f",
        &endpoint.url(),
        "--since",
        &before,
        "--max-events",
        "3",
    ];
    let listen = Running::start(mock.fluxa(&home, &arguments));
    listen.finish().expect(0);
    let mut seen: Vec<String> = endpoint.deliveries().into_iter().map(|d| d.event).collect();
    seen.sort();
    let mut expected = after;
    expected.sort();
    assert_eq!(seen, expected);
    let unknown = [
        "listen",
        "-f",
        &endpoint.url(),
        "--since",
        "evt_00000000000000ff",
    ];
    mock.run(&home, &unknown).expect(4);
}

#[test]
fn a_list_is_paged_and_tells_where_to_go_on() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    mock.run(&home, &["trigger", "payment.settled"]).expect(0);
    let all = mock
        .run(&home, &["events", "list", "--output", "json"])
        .expect(0)
        .json_lines();
    let first = mock
        .run(&home, &["events", "list", "--limit", "2"])
        .expect(0);
    let cursor = all[1]["id"].as_str().unwrap();
    assert!(
        first.stderr.contains(&format!("--after {cursor}")),
        "{}",
        first.stderr
    );
    let arguments = ["events", "list", "--after", cursor, "--output", "json"];
    assert_eq!(mock.run(&home, &arguments).expect(0).json_lines(), all[2..]);
}

#[test]
fn the_rest_of_a_list_is_asked_for_with_the_flags_that_were_given() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let base = mock.base_url.as_str();
    let arguments = [
        "events",
        "list",
        "--limit",
        "1",
        "--type",
        "customer.created",
        "--mock",
        "--api-base",
        base,
        "--api-key",
        KEY,
    ];
    mock.run(&home, &["trigger", "customer.created", "--count", "2"])
        .expect(0);
    let hint = mock.run(&home, &arguments).expect(0).stderr;
    // What is shown of the key stands for it: as it stands it opens no account, this or another.
    let again = format!("--mock --api-key 'sk_test_…0000' --api-base {base}\n");
    assert!(hint.contains("list --type customer.created --limit 1 --after evt_"));
    assert!(hint.ends_with(&again) && !hint.contains(KEY), "{hint}");
}

#[test]
fn a_type_that_does_not_exist_is_told_from_one_of_which_there_is_no_event() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let wrong = mock
        .run(&home, &["events", "list", "--type", "payment.setled"])
        .expect(2);
    let hint = "did you mean payment.settled?";
    assert!(wrong.stderr.contains(hint), "{}", wrong.stderr);
    let none = ["events", "list", "--type", "payment.settled"];
    let run = mock.run(&home, &none).expect(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", "none\n"));
}

#[test]
fn what_has_failed_is_sent_again_until_it_has_arrived() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    // Every attempt at both events fails, and the first resend does too.
    let endpoint = Endpoint::start("whsec_not_looked_at", &[500; 21]);
    let body = json!({ "url": endpoint.url(), "events": ["customer.created", "customer.updated"] });
    let created = call(&mock, "POST", "/webhook_endpoints", body);
    let we = created["id"].as_str().unwrap();
    mock.run(&home, &["trigger", "customer.updated"]).expect(0);
    let given_up = json!({ "seconds": 73 * 3_600 });
    call(&mock, "POST", "/sandbox/clock/advance", given_up);
    assert_eq!(endpoint.deliveries().len(), 20);

    let resend = |arguments: &[&str]| {
        mock.run(
            &home,
            &[&["events", "resend", "--failed"], arguments].concat(),
        )
    };
    let one = resend(&["--type", "customer.u*", "--output", "json"]).expect(7);
    assert!(one.stderr.contains("1 of 1 failed again"), "{}", one.stderr);
    let line = one.json_lines().remove(0);
    assert_eq!(
        (line["status"].as_str(), line["response_status"].as_i64()),
        (Some("failed"), Some(500))
    );
    assert_eq!(endpoint.deliveries()[20].event_type, "customer.updated");

    let wrong = resend(&["--type", "customer.updatd"]).expect(2);
    assert!(wrong.stderr.contains("did you mean `customer.updated`?"));
    // The clock is three days ahead: nothing has failed since.
    let none = resend(&["--since", "2099-01-01"]).expect(0);
    assert!(
        none.stderr.contains("no delivery has failed"),
        "{}",
        none.stderr
    );

    let all = resend(&["--endpoint", we, "--concurrency", "1"]).expect(0);
    assert!(
        all.stderr.contains("2 sent again: 2 arrived"),
        "{}",
        all.stderr
    );
    assert_eq!(
        all.stdout.matches("answered 200").count(),
        2,
        "{}",
        all.stdout
    );
    let sent: Vec<String> = endpoint.deliveries()[21..]
        .iter()
        .map(|d| d.event_type.clone())
        .collect();
    assert_eq!(sent.len(), 2);
    let none = resend(&[]).expect(0);
    assert!(
        none.stderr.contains("no delivery has failed"),
        "{}",
        none.stderr
    );
    assert_eq!(endpoint.deliveries().len(), 23);
}

#[test]
fn a_single_resend_says_what_the_endpoint_answered() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start("whsec_not_looked_at", &[200, 503]);
    let body = json!({ "url": endpoint.url(), "events": ["customer.created"] });
    let created = call(&mock, "POST", "/webhook_endpoints", body);
    let we = created["id"].as_str().unwrap();
    mock.run(&home, &["trigger", "customer.created"]).expect(0);
    eventually("the first delivery", || {
        (endpoint.deliveries().len() == 1).then_some(())
    });
    let event = endpoint.deliveries().remove(0).event;
    let resend = ["events", "resend", &event, "--endpoint", we];
    let failed = mock.run(&home, &resend).expect(7);
    assert!(failed.stdout.contains("answered 503"), "{}", failed.stdout);
    mock.run(&home, &resend).expect(0);
    mock.run(&home, &["events", "resend", &event]).expect(2);
    mock.run(&home, &["events", "resend"]).expect(2);
    mock.run(&home, &["events", "resend", &event, "--failed"])
        .expect(2);
    let wrong = ["events", "resend", &event, "--endpoint", "hooks"];
    let wrong = mock.run(&home, &wrong).expect(2);
    assert!(
        wrong.stderr.contains("webhook-endpoints list"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn what_became_of_an_object_is_shown_place_by_place() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    mock.run(&home, &["trigger", "payment.settled"]).expect(0);
    let list = ["events", "list", "--output", "json", "--type"];
    let id = |event_type: &str| {
        let line = mock
            .run(&home, &[&list[..], &[event_type]].concat())
            .expect(0)
            .json_lines()
            .remove(0);
        line["id"].as_str().unwrap().to_owned()
    };
    let (captured, settled) = (id("payment.captured"), id("payment.settled"));
    let human = mock
        .run(&home, &["events", "diff", &captured, &settled])
        .expect(0);
    let state = human
        .stdout
        .lines()
        .find(|line| line.starts_with("~ state "));
    assert!(
        state.unwrap().ends_with("CAPTURED → SETTLED"),
        "{}",
        human.stdout
    );
    // The same since then, as nothing has happened to it.
    let json = ["--output", "json"];
    let both = mock.run(
        &home,
        &[&["events", "diff", &captured, &settled], &json[..]].concat(),
    );
    let since = mock.run(&home, &[&["events", "diff", &captured], &json[..]].concat());
    let (both, since) = (both.expect(0).json_lines(), since.expect(0).json_lines());
    assert_eq!(both, since);
    assert!(both.contains(&json!({
        "path": "state", "change": "changed", "before": "CAPTURED", "after": "SETTLED",
    })));
    let none = mock.run(&home, &["events", "diff", &settled]).expect(0);
    assert_eq!(
        (none.stdout.as_str(), none.stderr.as_str()),
        ("", "no difference\n")
    );
    mock.run(&home, &["events", "diff", "pay_1"]).expect(2);
    mock.run(&home, &["events", "diff", "evt_00000000000000ff"])
        .expect(4);
}

#[test]
fn a_list_has_the_objects_the_filters_and_every_page() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let trigger = ["trigger", "customer.created", "--count", "3"];
    mock.run(&home, &trigger).expect(0);
    let list = |arguments: &[&str]| {
        mock.run(&home, &[&["events", "list"], arguments].concat())
            .expect(0)
    };
    let table = list(&["--type", "customer.created", "--all", "--limit", "1"]).stdout;
    assert_eq!(table.matches(" cus_").count(), 3, "{table}");
    assert!(table.lines().next().unwrap().contains("OBJECT"), "{table}");
    let past = list(&["--created-at-lt", "-24h"]);
    assert_eq!(past.stdout, "");
}
