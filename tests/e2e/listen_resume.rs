//! `fluxa listen` over interruptions: its own, the server's, and those of a stream that is not to
//! be had.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::endpoint::Endpoint;
use crate::support::{Home, KEY, Mock, Running, call, control, eventually, mock_control, signal};

fn secret(mock: &Mock, home: &Home) -> String {
    let run = mock.run(home, &["listen", "--print-secret"]).expect(0);
    run.stdout.trim().to_owned()
}

fn customer(mock: &Mock) -> String {
    let made = call(
        mock,
        "POST",
        "/customers",
        json!({ "email": "a@example.com" }),
    );
    made["id"].as_str().unwrap().to_owned()
}

fn rename(mock: &Mock, customer: &str, name: &str) {
    call(
        mock,
        "PATCH",
        &format!("/customers/{customer}"),
        json!({ "name": name }),
    );
}

/// How often each object came, in the order in which they came first.
fn objects(endpoint: &Endpoint) -> Vec<String> {
    endpoint
        .deliveries()
        .into_iter()
        .map(|d| d.object)
        .collect()
}

fn listen(mock: &Mock, home: &Home, target: &str, more: &[&str]) -> Running {
    let arguments = [&["listen", "-f", target, "--output", "json"], more].concat();
    Running::start(mock.fluxa(home, &arguments))
}

fn stop(listen: Running) -> Value {
    signal(listen.process(), "INT");
    listen.finish().expect(130).json_lines().pop().unwrap()
}

#[test]
fn a_later_run_goes_on_where_the_last_one_stopped() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start(&secret(&mock, &home), &[]);
    let target = endpoint.url();
    customer(&mock);
    let run = |more: &[&str]| listen(&mock, &home, &target, &[&["--resume"], more].concat());

    // The first one starts now: what is over already is not of interest.
    let mut first = run(&[]);
    first.next_of_type("ready");
    let a = customer(&mock);
    first.next_of_type("delivery");
    stop(first);
    // Meanwhile, and across a run that sees nothing new.
    let (b, c) = (customer(&mock), customer(&mock));
    run(&["--max-events", "2", "--concurrency", "1"])
        .finish()
        .expect(0);
    let mut idle = run(&[]);
    idle.next_of_type("ready");
    stop(idle);
    let d = customer(&mock);
    run(&["--max-events", "1"]).finish().expect(0);
    assert_eq!(objects(&endpoint), [a, b, c, d]);

    // Another target has a position of its own.
    let other = Endpoint::start(&secret(&mock, &home), &[]);
    let mut fresh = listen(&mock, &home, &other.url(), &["--resume"]);
    fresh.next_of_type("ready");
    stop(fresh);
    assert!(other.deliveries().is_empty());
}

#[test]
fn a_target_that_was_done_with_an_event_does_not_get_it_again_because_another_hangs() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let good = Endpoint::start(&secret(&mock, &home), &[]);
    // Takes connections and never answers.
    let hangs = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hangs = format!("http://{}/", hangs.local_addr().unwrap());
    let run = || listen(&mock, &home, &good.url(), &["-f", &hangs, "--resume"]);

    let mut first = run();
    first.next_of_type("ready");
    let made: Vec<String> = (0..3).map(|_| customer(&mock)).collect();
    for _ in &made {
        first.next_of_type("delivery");
    }
    stop(first);
    let mut second = run();
    second.next_of_type("ready");
    let after = customer(&mock);
    second.next_of_type("delivery");
    stop(second);
    let mut came = objects(&good);
    came.sort();
    let mut expected = [made, vec![after]].concat();
    expected.sort();
    assert_eq!(came, expected);
}

#[test]
fn what_a_sandbox_that_was_started_anew_says_is_not_missed() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let address = mock.address();
    let endpoint = Endpoint::start("whsec_not_looked_at", &[]);
    let run = |mock: &Mock, more: &[&str]| {
        listen(
            mock,
            &home,
            &endpoint.url(),
            &[&["--resume"], more].concat(),
        )
    };
    let mut first = run(&mock, &[]);
    first.next_of_type("ready");
    let before = customer(&mock);
    first.next_of_type("delivery");
    // In memory, hence another merchant with another past; the one that listens goes on.
    mock.kill();
    let mock = Mock::start_at(&home, &address, &[]);
    first.next_of_type("recovered");
    let anew = customer(&mock);
    first.next_of_type("delivery");
    stop(first);
    let missed = customer(&mock);
    run(&mock, &["--max-events", "1", "--within", "20"])
        .finish()
        .expect(0);
    assert_eq!(objects(&endpoint), [before, anew, missed]);
}

#[test]
fn a_run_killed_in_the_middle_loses_nothing_and_keeps_the_order() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let endpoint = Endpoint::start(&secret(&mock, &home), &[]);
    let target = endpoint.url();
    let customers: Vec<String> = (0..4).map(|_| customer(&mock)).collect();
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..3 {
        let mut run = listen(&mock, &home, &target, &["--resume"]);
        run.next_of_type("ready");
        for name in 0..10 {
            for customer in &customers {
                rename(&mock, customer, &format!("{round} {name}"));
                *wanted.entry(customer.clone()).or_default() += 1;
            }
        }
        run.next_of_type("delivery");
        signal(run.process(), "KILL");
    }
    // A last one brings the rest.
    let mut run = listen(&mock, &home, &target, &["--resume"]);
    run.next_of_type("ready");
    let of = |customer: &String| -> Vec<String> {
        let deliveries = endpoint.deliveries().into_iter();
        let of_it = deliveries.filter(|d| d.object == *customer);
        of_it.map(|d| d.event).collect()
    };
    for (customer, count) in &wanted {
        let mut distinct = eventually("every event", || {
            let mut seen: Vec<String> = Vec::new();
            for event in of(customer) {
                if !seen.contains(&event) {
                    seen.push(event);
                }
            }
            (seen.len() == *count).then_some(seen)
        });
        let came_first = distinct.clone();
        // Ids rise with time: what came first came in the order in which it happened.
        distinct.sort();
        assert_eq!(came_first, distinct, "{customer}");
    }
    stop(run);
}

#[test]
fn two_runs_do_not_share_a_position() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start("whsec_x", &[]);
    let mut first = listen(&mock, &home, &endpoint.url(), &["--resume"]);
    first.next_of_type("ready");
    let second = listen(&mock, &home, &endpoint.url(), &["--resume"]);
    let refused = second.finish().expect(1);
    assert!(refused.stderr.contains("another `fluxa listen --resume`"));
    // Without it, or elsewhere, nobody is in the way.
    let within = ["--resume", "--within", "0"];
    let elsewhere = Endpoint::start("whsec_x", &[]);
    listen(&mock, &home, &elsewhere.url(), &within)
        .finish()
        .expect(0);
    stop(first);
    listen(&mock, &home, &endpoint.url(), &within)
        .finish()
        .expect(0);
}

#[test]
fn a_time_ago_is_by_the_sandboxs_clock_and_includes_its_boundary() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start(&secret(&mock, &home), &[]);
    let freeze = r#"{"freeze":true}"#;
    control(&mock.address(), "POST", "/_mock/clock", freeze).unwrap();
    let step = |seconds: u64| {
        let order = json!({ "advance_seconds": seconds }).to_string();
        control(&mock.address(), "POST", "/_mock/clock", &order).unwrap();
    };
    let older = customer(&mock);
    step(1);
    let (one, two) = (customer(&mock), customer(&mock));
    step(600);
    let newest = customer(&mock);
    for (since, events, expected) in [
        ("10m", "3", vec![&one, &two, &newest]),
        ("599s", "1", vec![&newest]),
        ("1d", "4", vec![&older, &one, &two, &newest]),
    ] {
        let before = endpoint.deliveries().len();
        // One at a time, so that the order of different objects shows too.
        let more = [
            "--since",
            since,
            "--max-events",
            events,
            "--concurrency",
            "1",
        ];
        listen(&mock, &home, &endpoint.url(), &more)
            .finish()
            .expect(0);
        let came = objects(&endpoint).split_off(before);
        assert_eq!(came.iter().collect::<Vec<_>>(), expected, "{since}");
    }
    let wrong = mock.run(&home, &["listen", "-f", "1", "--since", "yesterday"]);
    assert!(wrong.expect(2).stderr.contains("evt_"));
}

/// Has every opening of the stream go wrong.
fn no_stream(mock: &Mock, how: Value) {
    let mut fault = json!({ "method": "GET", "path": "/v1/events/stream", "times": 100_000 });
    for (name, value) in how.as_object().unwrap() {
        fault[name] = value.clone();
    }
    mock_control(mock, "/faults", fault);
}

#[test]
fn a_stream_that_alone_is_not_to_be_had_costs_no_event() {
    let home = Home::new();
    let record = home.path("record");
    for (how, begins) in [
        (json!({ "status": 502 }), false),
        (json!({ "cut": "before_head" }), false),
        // Nothing, a part of the greeting, a part of an event.
        (json!({ "cut": "body", "after_bytes": 0 }), true),
        (json!({ "cut": "body", "after_bytes": 5 }), true),
        (json!({ "cut": "body", "after_bytes": 80 }), true),
    ] {
        let mock = Mock::start(&home, &["--record", record.to_str().unwrap()]);
        let endpoint = Endpoint::start(&secret(&mock, &home), &[]);
        customer(&mock);
        no_stream(&mock, how.clone());
        let mut listen = listen(&mock, &home, &endpoint.url(), &["--concurrency", "1"]);
        assert_eq!(listen.next_line()["type"], "ready", "{how}");
        let made: Vec<String> = (0..3).map(|_| customer(&mock)).collect();
        eventually("all of them", || {
            (endpoint.deliveries().len() >= 3).then_some(())
        });
        if begins {
            assert_eq!(listen.next_of_type("recovered")["polling"], true, "{how}");
        }
        let after = customer(&mock);
        eventually("one more", || {
            (endpoint.deliveries().len() >= 4).then_some(())
        });
        signal(listen.process(), "INT");
        let run = listen.finish().expect(130);
        let said = run.stderr.contains("the list of events is read instead");
        assert_eq!(said, !begins, "{how}: {}", run.stderr);
        assert_eq!(objects(&endpoint), [made, vec![after]].concat(), "{how}");
    }
}

#[test]
fn a_rotated_key_goes_on_where_the_one_before_it_stopped() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start("whsec_not_looked_at", &[]);
    let target = endpoint.url();
    let of_key = |key: &str, more: &[&str]| {
        let mut arguments = vec!["listen", "-f", &target, "--output", "json", "--resume"];
        arguments.extend(more);
        let mut command = mock.fluxa(&home, &arguments);
        command.env("FLUXA_SECRET_KEY", key);
        Running::start(command)
    };
    let made = call(
        &mock,
        "POST",
        "/api_keys",
        json!({ "kind": "secret", "name": "x" }),
    );
    let mut first = of_key(made["secret"].as_str().unwrap(), &[]);
    first.next_of_type("ready");
    let a = customer(&mock);
    first.next_of_type("delivery");
    stop(first);
    let path = format!("/api_keys/{}/rotate", made["id"].as_str().unwrap());
    let rotated = call(&mock, "POST", &path, json!({}));
    let b = customer(&mock);
    let second = of_key(rotated["secret"].as_str().unwrap(), &["--max-events", "1"]);
    let run = second.finish().expect(0);
    assert_eq!(objects(&endpoint), [a, b]);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

#[test]
fn a_run_with_resume_that_does_not_find_its_place_says_so() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--auto-accounts"]);
    let endpoint = Endpoint::start("whsec_not_looked_at", &[]);
    let target = endpoint.url();
    let other = "sk_test_other000000000000000000000000000";
    let of_key = |key: &str, more: &[&str]| {
        let mut arguments = vec!["listen", "-f", &target, "--output", "json", "--resume"];
        arguments.extend(more);
        let mut command = mock.fluxa(&home, &arguments);
        command.env("FLUXA_SECRET_KEY", key);
        Running::start(command)
    };
    // Its account is older than the first run.
    of_key(other, &["--within", "0"]).finish().expect(0);
    let mut first = of_key(KEY, &[]);
    first.next_of_type("ready");
    let a = customer(&mock);
    first.next_of_type("delivery");
    stop(first);
    std::fs::remove_dir_all(home.path(".config/fluxa/listen")).unwrap();
    let mut first = of_key(KEY, &[]);
    first.next_of_type("ready");
    stop(first);
    let mut elsewhere = of_key(other, &[]);
    elsewhere.next_of_type("ready");
    signal(elsewhere.process(), "INT");
    let run = elsewhere.finish().expect(130);
    assert!(
        run.stderr.contains("no place is kept for this account"),
        "{}",
        run.stderr
    );
    // From now on it has one, and the other one's still stands.
    let run = of_key(other, &["--within", "0"]).finish().expect(0);
    assert!(!run.stderr.contains("no place is kept"), "{}", run.stderr);
    let b = customer(&mock);
    of_key(KEY, &["--max-events", "1"]).finish().expect(0);
    assert_eq!(objects(&endpoint), [a, b]);
}

#[test]
fn an_event_to_start_after_that_is_not_there_is_refused_before_anything_starts() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let unknown = ["listen", "-f", "1", "--since", "evt_0000000000000000"];
    let refused = mock.run(&home, &unknown).expect(4);
    assert!(refused.stderr.contains("has no event evt_0000000000000000"));
    assert!(
        refused.stderr.contains("fluxa events list"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_key_revoked_ends_the_run_that_listens_with_it() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::start("whsec_not_looked_at", &[]);
    let made = call(
        &mock,
        "POST",
        "/api_keys",
        json!({ "kind": "secret", "name": "x" }),
    );
    let target = endpoint.url();
    let mut command = mock.fluxa(&home, &["listen", "-f", &target, "--output", "json"]);
    command.env("FLUXA_SECRET_KEY", made["secret"].as_str().unwrap());
    let mut listen = Running::start(command);
    listen.next_of_type("ready");
    let path = format!("/api_keys/{}/revoke", made["id"].as_str().unwrap());
    call(&mock, "POST", &path, json!({}));
    assert!(listen.finish().expect(3).stderr.contains("key_revoked"));
}

#[test]
fn without_a_stream_the_list_of_events_is_read_and_the_server_may_die_meanwhile() {
    let home = Home::new();
    let db = home.path("mock.db");
    // A recording of its own: the contract has no 404 for the stream.
    let record = home.path("record");
    let record = record.to_str().unwrap();
    let options = ["--db", db.to_str().unwrap(), "--record", record];
    let mock = Mock::start(&home, &options);
    let address = mock.address();
    let endpoint = Endpoint::start(&secret(&mock, &home), &[]);
    no_stream(&mock, json!({ "status": 404, "code": "route_missing" }));
    let mut listen = listen(&mock, &home, &endpoint.url(), &[]);
    assert_eq!(listen.next_line()["type"], "ready");
    let (a, b) = (customer(&mock), customer(&mock));
    listen.next_of_type("delivery");
    listen.next_of_type("delivery");
    mock.kill();
    listen.next_of_type("reconnecting");
    let mock = Mock::start_at(&home, &address, &options);
    let c = customer(&mock);
    let recovered = listen.next_of_type("recovered");
    assert_eq!(
        (&recovered["polling"], &recovered["resumed"]),
        (&json!(true), &json!(true))
    );
    eventually("the third", || {
        (objects(&endpoint).len() >= 3).then_some(())
    });
    signal(listen.process(), "INT");
    let run = listen.finish().expect(130);
    assert!(run.stderr.contains("404") && run.stderr.contains("list of events"));
    assert_eq!(run.json_lines().pop().unwrap()["reconnects"], 1);
    let mut came = objects(&endpoint);
    came.sort();
    let mut expected = [a, b, c];
    expected.sort();
    assert_eq!(came, expected);
    assert!(endpoint.deliveries().iter().all(|d| d.verified == Ok(())));
}

#[test]
fn what_happened_while_the_server_could_not_be_reached_is_counted() {
    let home = Home::new();
    let db = home.path("mock.db");
    let options = ["--db", db.to_str().unwrap()];
    let mut mock = Mock::start(&home, &options);
    let address = mock.address();
    let endpoint = Endpoint::start(&secret(&mock, &home), &[]);
    // With a filter too: what is not asked for is not made up for.
    let filter = ["--events", "customer.created"];
    let mut listen = listen(&mock, &home, &endpoint.url(), &filter);
    listen.next_of_type("ready");
    customer(&mock);
    listen.next_of_type("delivery");
    for missed in [3, 0, 2] {
        mock.kill();
        listen.next_of_type("reconnecting");
        // The same sandbox, where the listener does not find it.
        let elsewhere = Mock::start(&home, &options);
        for _ in 0..missed {
            let made = customer(&elsewhere);
            rename(&elsewhere, &made, "no matter");
        }
        elsewhere.kill();
        mock = Mock::start_at(&home, &address, &options);
        let recovered = listen.next_of_type("recovered");
        assert_eq!(recovered["events"], missed, "{recovered}");
        assert_eq!(recovered["resumed"], true);
    }
    eventually("all of them", || {
        (objects(&endpoint).len() == 6).then_some(())
    });
    stop(listen);
    assert_eq!(endpoint.deliveries().len(), 6);
}
