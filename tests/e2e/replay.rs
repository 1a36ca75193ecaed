//! `listen --record` and `fluxa replay`: what was recorded is sent again, byte for byte.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::endpoint::Endpoint;
use crate::support::{Home, Mock, Run, Running, eventually, json_lines, signal};

/// Records what one payment makes happen; returns the secret and what was delivered.
fn record(home: &Home, mock: &Mock, file: &Path) -> (String, Endpoint) {
    let run = mock.run(home, &["listen", "--print-secret"]).expect(0);
    let secret = run.stdout.trim().to_owned();
    let endpoint = Endpoint::start(&secret, &[]);
    let (url, fluxa) = (endpoint.url(), env!("CARGO_BIN_EXE_fluxa"));
    let file = file.to_str().unwrap();
    let arguments = [
        "listen",
        "-f",
        &url,
        "--record",
        file,
        "--",
        fluxa,
        "trigger",
        "payment.settled",
    ];
    mock.run(home, &arguments).expect(0);
    (secret, endpoint)
}

fn replay(home: &Home, file: &Path, target: &str, arguments: &[&str]) -> Run {
    let file = file.to_str().unwrap();
    let all = [
        &["replay", file, "-f", target, "--output", "json"],
        arguments,
    ];
    home.run(&all.concat())
}

fn recording(home: &Home) -> PathBuf {
    home.path("recording.ndjson")
}

/// Makes a recording one of long ago.
fn age(file: &Path) {
    let text = std::fs::read_to_string(file).unwrap();
    let mut lines = json_lines(&text);
    for line in &mut lines {
        line["at"] = "2026-01-01T00:00:00Z".into();
    }
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    std::fs::write(file, lines.join("\n") + "\n").unwrap();
}

#[test]
fn what_was_recorded_is_sent_again_byte_for_byte_in_order_with_its_old_signature() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let file = recording(&home);
    let (secret, first) = record(&home, &mock, &file);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert!(!std::fs::read_to_string(&file).unwrap().contains(&secret));
    drop(mock);

    // No key and no API are needed.
    let again = Endpoint::strict(&secret);
    let run = replay(&home, &file, &again.url(), &[]).expect(0);
    let summary = run.json_lines().pop().unwrap();
    assert_eq!(
        (&summary["delivered"], &summary["failed"]),
        (&6.into(), &0.into())
    );
    let (first, again) = (first.deliveries(), again.deliveries());
    assert_eq!(again.len(), 6);
    for delivery in &again {
        let original = first
            .iter()
            .find(|one| one.event == delivery.event)
            .unwrap();
        assert_eq!(delivery.body, original.body);
        for name in [
            "X-Fluxa-Signature",
            "X-Fluxa-Event",
            "X-Fluxa-Delivery-Id",
            "User-Agent",
            "Content-Type",
        ] {
            assert_eq!(delivery.header(name), original.header(name), "{name}");
        }
    }
    let recorded = json_lines(&std::fs::read_to_string(&file).unwrap());
    let order: Vec<&str> = recorded
        .iter()
        .filter(|line| line["type"] == "event")
        .map(|line| line["id"].as_str().unwrap())
        .collect();
    let sent: Vec<&str> = again
        .iter()
        .map(|delivery| delivery.event.as_str())
        .collect();
    assert_eq!(sent, order);
}

#[test]
fn a_replay_may_be_signed_anew_filtered_and_refused() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let file = recording(&home);
    let (secret, _) = record(&home, &mock, &file);
    age(&file);
    let old = Endpoint::start(&secret, &[400]);
    let run = replay(&home, &file, &old.url(), &["-e", "payment.*"]).expect(7);
    assert!(
        run.stderr.contains("--re-sign signs anew"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("1 of 4 events not delivered"),
        "{}",
        run.stderr
    );
    // Each once: what is refused is not tried again.
    assert_eq!(old.deliveries().len(), 4);

    // With the secret of the environment, and no key; else with that of the key.
    for (own, variable) in [("whsec_ofthisshop", "FLUXA_WEBHOOK_SECRET"), (&secret, "")] {
        let new = Endpoint::strict(own);
        let url = new.url();
        let arguments = ["replay", file.to_str().unwrap(), "-f", &url, "--re-sign"];
        let mut command = match variable {
            "" => mock.fluxa(&home, &arguments),
            _ => home.fluxa(&arguments),
        };
        command.env(
            "FLUXA_WEBHOOK_SECRET",
            if variable.is_empty() { "" } else { own },
        );
        let run = Run::of(command).expect(0);
        assert!(!run.stderr.contains("--re-sign"), "{}", run.stderr);
        assert_eq!(new.deliveries().len(), 6);
    }
    let none = replay(&home, &file, &old.url(), &["-e", "dispute.*"]).expect(1);
    assert!(none.stderr.contains("nothing to replay"), "{}", none.stderr);
    let keyless = replay(&home, &file, &old.url(), &["--re-sign"]).expect(3);
    assert!(
        keyless.stderr.contains("FLUXA_WEBHOOK_SECRET"),
        "{}",
        keyless.stderr
    );
}

#[test]
fn a_killed_session_leaves_whole_lines_and_the_next_one_goes_on() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let file = recording(&home);
    let endpoint = Endpoint::start("whsec_x", &[]);
    let (url, path) = (endpoint.url(), file.to_str().unwrap());
    let arguments = ["listen", "-f", &url, "--record", path, "--output", "json"];
    let mut listening = Running::start(mock.fluxa(&home, &arguments));
    listening.next_of_type("ready");
    mock.run(&home, &["trigger", "payment.settled"]).expect(0);
    for _ in 0..6 {
        listening.next_of_type("delivery");
    }
    signal(listening.process(), "KILL");
    drop(listening);
    let whole = std::fs::read_to_string(&file).unwrap();
    let count = |text: &str, kind: &str| {
        let lines = json_lines(text);
        lines.iter().filter(|line| line["type"] == kind).count()
    };
    assert!(whole.ends_with('\n'));
    assert_eq!((count(&whole, "event"), count(&whole, "attempt")), (6, 6));

    // What a kill in the middle of a write leaves.
    std::fs::write(
        &file,
        format!("{whole}{{\"type\":\"event\",\"id\":\"evt_to"),
    )
    .unwrap();
    let target = Endpoint::start("whsec_x", &[]);
    let run = replay(&home, &file, &target.url(), &[]).expect(0);
    assert!(run.stderr.contains("was cut off"), "{}", run.stderr);
    assert_eq!(target.deliveries().len(), 6);
    let arguments = [&arguments[..], &["--max-events", "1"]].concat();
    let mut listening = Running::start(mock.fluxa(&home, &arguments));
    listening.next_of_type("ready");
    mock.run(&home, &["trigger", "customer.created"]).expect(0);
    listening.finish().expect(0);
    let text = eventually("both sessions", || {
        let text = std::fs::read_to_string(&file).unwrap();
        text.starts_with(&whole).then_some(text)
    });
    assert_eq!((count(&text, "recording"), count(&text, "event")), (2, 7));
}

#[test]
fn a_file_that_is_no_recording_is_left_as_it_is() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let file = home.path("server.js");
    std::fs::write(&file, "listen(3000)\n").unwrap();
    let path = file.to_str().unwrap();
    let run = mock
        .run(&home, &["listen", "-f", "1", "--record", path])
        .expect(1);
    assert!(run.stderr.contains("is no recording"), "{}", run.stderr);
    let run = replay(&home, &file, "1", &[]).expect(1);
    assert!(run.stderr.contains("line 1"), "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "listen(3000)\n");
}

#[test]
fn what_was_given_up_is_sent_again_by_the_command_that_the_session_ends_with() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let run = mock.run(&home, &["listen", "--print-secret"]).expect(0);
    // Refuses what comes while the session lasts: two events, one attempt each.
    let endpoint = Endpoint::start(run.stdout.trim(), &[500, 500]);
    let (url, fluxa) = (endpoint.url(), env!("CARGO_BIN_EXE_fluxa"));
    let trigger = ["--", fluxa, "trigger", "customer.created", "--count", "2"];
    let listen = ["listen", "-f", &url, "--retry", "0"];
    let run = mock.run(&home, &[&listen[..], &trigger].concat()).expect(7);
    let command = run.stderr.split("again: ").nth(1).unwrap();
    let mut words = command.lines().next().unwrap().split_whitespace();
    assert_eq!(words.next(), Some("fluxa"));
    let arguments: Vec<&str> = words.collect();
    mock.run(&home, &arguments).expect(0);
    let all = endpoint.deliveries();
    let ids = |some: &[crate::support::endpoint::Delivery]| -> Vec<String> {
        let mut ids: Vec<String> = some.iter().map(|one| one.event.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(all.len(), 4);
    assert_eq!(ids(&all[..2]), ids(&all[2..]));
    assert!(all.iter().all(|one| one.verified.is_ok()), "{all:?}");
    let wrong = mock.run(&home, &["replay", "evt_1", "file", "-f", &url]);
    assert!(wrong.expect(2).stderr.contains("events list"));
}
