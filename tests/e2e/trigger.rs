//! `fluxa trigger`: every event that can happen, happens.

use crate::support::{Home, Mock};

#[test]
fn every_available_event_can_be_triggered_and_exists_afterwards() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let list = mock
        .run(&home, &["trigger", "--list", "--output", "json"])
        .expect(0)
        .json_lines();
    assert_eq!(list.len(), 29);
    let available: Vec<&str> = list
        .iter()
        .filter(|entry| entry["available"] == true)
        .map(|entry| entry["event"].as_str().unwrap())
        .collect();
    assert_eq!(available.len(), 29, "{available:?}");
    for event in available {
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
