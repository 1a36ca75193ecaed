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
    let again = format!("--mock --api-base {base}\n");
    assert!(hint.contains("list --type customer.created --limit 1 --after evt_"));
    assert!(
        hint.ends_with(&again) && !hint.contains("--api-key"),
        "{hint}"
    );
}

#[test]
fn a_type_that_does_not_exist_is_told_from_one_of_which_there_is_no_event() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let wrong = mock
        .run(&home, &["events", "list", "--type", "payment.setled"])
        .expect(2);
    let hint = "did you mean `payment.settled`?";
    assert!(wrong.stderr.contains(hint), "{}", wrong.stderr);
    let none = ["events", "list", "--type", "payment.settled"];
    let run = mock.run(&home, &none).expect(0);
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("", "no events\n")
    );
}
