//! What a session adds to forwarding: expectations, a command of one's own, trouble on purpose, and
//! finding out why a target refuses.

use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use crate::support::endpoint::Endpoint;
use crate::support::{Home, KEY, Mock, Run, Running, eventually, signal};

const FLUXA: &str = env!("CARGO_BIN_EXE_fluxa");

/// A mock, and an endpoint that knows its secret.
fn shop(home: &Home) -> (Mock, Endpoint) {
    let mock = Mock::start(home, &[]);
    let run = mock.run(home, &["listen", "--print-secret"]).expect(0);
    let endpoint = Endpoint::strict(run.stdout.trim());
    (mock, endpoint)
}

/// `fluxa listen` to the endpoint in json mode, with these arguments too.
fn listen(home: &Home, mock: &Mock, endpoint: &Endpoint, arguments: &[&str]) -> Command {
    let url = endpoint.url();
    let all = [&["listen", "-f", &url, "--output", "json"], arguments].concat();
    mock.fluxa(home, &all)
}

fn summary(run: &Run) -> Value {
    let summary = run.json_lines().pop().unwrap();
    assert_eq!(summary["type"], "summary");
    summary
}

#[test]
fn expectations_that_are_met_end_it_with_0() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    let wanted = ["--expect", "payment.*>=4", "--expect", "payment.failed=0"];
    let mut listening = Running::start(listen(&home, &mock, &endpoint, &wanted));
    listening.next_of_type("ready");
    mock.run(&home, &["trigger", "payment.settled"]).expect(0);
    let summary = summary(&listening.finish().expect(0));
    assert_eq!(summary["expectations"][0]["handled"], 4, "{summary}");
    assert_eq!(summary["by_type"]["payment.settled"], 1);
}

#[test]
fn what_is_missing_ends_in_6_and_is_listed_for_people_and_scripts() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    let url = endpoint.url();
    for output in ["human", "json"] {
        let wanted = ["--expect", "refund.created=1", "--within", "100ms"];
        let all = [&["listen", "-f", &url, "--output", output], &wanted[..]].concat();
        let run = mock.run(&home, &all).expect(6);
        assert!(
            run.stderr.contains("refund.created=1 (0 came)"),
            "{}",
            run.stderr
        );
        match output {
            "json" => {
                let unmet = &summary(&run)["expectations"][0];
                assert_eq!(
                    (&unmet["met"], &unmet["handled"]),
                    (&false.into(), &0.into())
                );
            }
            _ => assert!(run.stderr.contains("0 came, 1 missing"), "{}", run.stderr),
        }
    }
    let typo = mock.run(
        &home,
        &["listen", "-f", &url, "--expect", "payment.setled=1"],
    );
    assert!(
        typo.expect(2)
            .stderr
            .contains("did you mean `payment.settled`?")
    );
    let filtered = ["--expect", "refund.created=1", "-e", "payment.*"];
    let all = [&["listen", "-f", &url], &filtered[..]].concat();
    assert!(
        mock.run(&home, &all)
            .expect(2)
            .stderr
            .contains("filtered out")
    );
}

#[test]
fn more_than_exactly_is_6_too_and_until_ends_it() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    let wanted = [
        "--expect",
        "customer.created=1",
        "--until",
        "refund.created",
    ];
    let mut listening = Running::start(listen(&home, &mock, &endpoint, &wanted));
    listening.next_of_type("ready");
    for event in ["customer.created", "customer.created", "refund.created"] {
        mock.run(&home, &["trigger", event]).expect(0);
    }
    let run = listening.finish().expect(6);
    assert_eq!(summary(&run)["expectations"][0]["handled"], 2);
    let wanted = ["--until", "refund.created", "--within", "50ms"];
    let run = Run::of(listen(&home, &mock, &endpoint, &wanted)).expect(6);
    assert!(
        run.stderr.contains("no `refund.created` came"),
        "{}",
        run.stderr
    );
}

#[test]
fn all_that_a_command_made_happen_is_delivered_before_it_ends() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    for (round, only) in [(1, "*"), (2, "payment.settled,checkout.session.completed")] {
        let arguments = ["-e", only, "--", FLUXA, "trigger", "payment.settled"];
        let run = Run::of(listen(&home, &mock, &endpoint, &arguments)).expect(0);
        let summary = summary(&run);
        let wanted = if round == 1 { 6 } else { 2 };
        assert_eq!(
            (&summary["delivered"], &summary["failed"]),
            (&wanted.into(), &0.into())
        );
        // stdout is NDJSON alone: what the command printed is on stderr.
        assert!(
            run.stderr.contains("payment.settled  evt_"),
            "{}",
            run.stderr
        );
    }
}

#[cfg(unix)]
#[test]
fn what_is_expected_may_come_after_a_command_that_went_well() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    let ended = home.path("ended");
    let script = format!(": > '{}'", ended.display());
    let expect = ["--expect", "refund.created=1", "--within", "20s"];
    let command = [&expect[..], &["--", "sh", "-c", &script]].concat();
    let mut listening = Running::start(listen(&home, &mock, &endpoint, &command));
    listening.next_of_type("ready");
    eventually("the command's end", || ended.exists().then_some(()));
    mock.run(&home, &["trigger", "refund.created"]).expect(0);
    let summary = summary(&listening.finish().expect(0));
    assert_eq!(summary["expectations"][0]["met"], true, "{summary}");
}

#[test]
fn what_was_not_delivered_when_it_ended_is_7_and_said_with_what_to_do() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    mock.run(&home, &["trigger", "customer.created"]).expect(0);
    let hangs = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}/", hangs.local_addr().unwrap());
    let start = |more: &[&str]| {
        let all = ["listen", "-f", &target, "--since", "1h", "--within", "2s"];
        Running::start(mock.fluxa(&home, &[&all, more].concat()))
    };
    let as_json = start(&["--output", "json"]);
    let for_people = start(&[]);
    let resumed = start(&["--resume"]);
    let expected = start(&["--expect", "customer.created"]);

    let summary = summary(&as_json.finish().expect(7));
    assert_eq!(
        (&summary["unfinished"], &summary["failed"]),
        (&1.into(), &0.into())
    );
    let undelivered = &summary["undelivered"][0];
    assert_eq!(undelivered["given_up"], false, "{summary}");
    assert_eq!(undelivered["target"], target, "{summary}");
    let event = undelivered["event"].as_str().unwrap();
    let again = format!("again: fluxa replay {event} -f {target}");
    let run = for_people.finish().expect(7);
    assert!(run.stderr.contains(&again), "{}", run.stderr);
    // It comes again by itself, and is not to be sent twice.
    let run = resumed.finish().expect(7);
    assert!(!run.stderr.contains("again:"), "{}", run.stderr);
    assert!(run.stderr.contains("the next --resume"), "{}", run.stderr);
    // It came, which is not the same as never having come.
    let run = expected.finish().expect(6);
    assert!(
        run.stderr.contains("waiting ") && run.stderr.contains("1 came, 1 not delivered"),
        "{}",
        run.stderr
    );
}

#[test]
fn without_a_target_events_are_shown_and_nothing_is_forwarded() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let trigger = [
        "--",
        FLUXA,
        "trigger",
        "customer.created",
        "--output",
        "json",
    ];
    let viewer = ["listen", "--expect", "customer.created=1"];
    let run = mock.run(&home, &[&viewer, &trigger[..]].concat()).expect(0);
    let of_ours = |line: &&str| line.contains("evt_") && !line.starts_with('{');
    let shown = run.stdout.lines().find(of_ours);
    let shown = shown.unwrap_or_default();
    assert!(
        shown.contains("customer.created ") && shown.contains("cus_"),
        "{}",
        run.stdout
    );
    assert!(
        run.stderr.contains("nothing is forwarded") && run.stderr.contains("1 event in"),
        "{}",
        run.stderr
    );
    let as_json = [
        "listen",
        "--since",
        "1h",
        "--max-events",
        "1",
        "--output",
        "json",
    ];
    let lines = mock.run(&home, &as_json).expect(0).json_lines();
    let types: Vec<_> = lines.iter().map(|line| &line["type"]).collect();
    assert_eq!(types, ["ready", "event", "summary"]);
    assert_eq!(
        (&lines[0]["targets"], &lines[0]["forward_to"]),
        (&Value::Array(Vec::new()), &"".into())
    );
    assert_eq!(lines[2]["unfinished"], 0);
    // It goes on behind what was shown, with what happened in between.
    for events in [1, 2] {
        let resumed = ["listen", "--resume", "--output", "json"];
        let run = mock.run(&home, &[&resumed, &trigger[..]].concat());
        assert_eq!(summary(&run.expect(0))["events"], events);
        mock.run(&home, &trigger[2..]).expect(0);
    }
    for of_a_target in [
        &["--chaos", "reorder"][..],
        &["--header", "A: b"],
        &["--retry", "1"],
        &["--timeout", "1"],
        &["--concurrency", "1"],
        &["--skip-verify"],
        &["--no-doctor"],
    ] {
        let run = mock
            .run(&home, &[&["listen"], of_a_target].concat())
            .expect(2);
        assert!(run.stderr.contains("--forward-to"), "{}", run.stderr);
    }
}

#[test]
fn what_can_never_come_is_said_before_anything_starts() {
    let home = Home::new();
    for (arguments, said) in [
        (&["-e", ""][..], "is a variable not set?"),
        (&["-e", ","], "is a variable not set?"),
        (&["-e", "paymnt.*"], "did you mean `payment.*`?"),
        (&["--expect", "refnd.*=1"], "did you mean `refund.*`?"),
        (&["--until", "*.faild"], "did you mean `*.failed`?"),
        (
            &["--route", "refund.*=1", "--until", "payment.settled"],
            "goes to no target",
        ),
    ] {
        let all = [&["listen", "--api-key", KEY], arguments].concat();
        let run = home.run(&all).expect(2);
        assert!(run.stderr.contains(said), "{}", run.stderr);
    }
    let ready = home.path("no-directory").join("ready");
    let ready = ready.to_str().unwrap();
    for command in [&["listen", "--api-key", KEY][..], &["mock", "--addr", "0"]] {
        let run = home.run(&[command, &["--ready-file", ready]].concat());
        let stderr = run.expect(1).stderr;
        assert!(
            stderr.contains(&format!("{ready}: No such file or directory")),
            "{stderr}"
        );
        assert!(
            !stderr.contains("127.0.0.1"),
            "nothing has started: {stderr}"
        );
    }
}

#[test]
fn the_banner_tells_what_goes_where() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    let (one, other) = (endpoint.url(), Endpoint::start("whsec_x", &[]).url());
    let route = format!("refund.*={other}");
    let banner = |arguments: &[&str]| {
        let all = [&["listen"], arguments, &["--", FLUXA, "--version"]].concat();
        mock.run(&home, &all).expect(0).stderr
    };
    let plain = banner(&["-f", &one, "-f", &other]);
    assert!(plain.contains(&format!("\n       → {other}\n")), "{plain}");
    assert!(!plain.contains("the rest"), "{plain}");
    let routed = banner(&["-f", &one, "--route", &route]);
    for line in [format!("the rest → {one}"), format!("refund.* → {other}")] {
        assert!(routed.contains(&line), "{routed}");
    }
    assert!(!routed.contains("nothing goes to"), "{routed}");
    let idle = banner(&["-f", &one, "--route", &route, "-e", "payment.*"]);
    assert!(
        idle.contains(&format!("warning: nothing goes to {other}")),
        "{idle}"
    );
}

#[cfg(unix)]
#[test]
fn an_interrupt_while_the_last_events_are_delivered_ends_it() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let hangs = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}/", hangs.local_addr().unwrap());
    let all = ["listen", "-f", &target, "--output", "json"];
    let (ended, expect) = (home.path("ended"), ["--expect", "refund.created", "--"]);
    let script = format!(
        "'{FLUXA}' trigger customer.created; : > '{}'",
        ended.display()
    );
    let script = ["sh", "-c", &script];
    let command = mock.fluxa(&home, &[&all[..], &expect, &script].concat());
    let mut listening = Running::start(command);
    listening.next_of_type("event");
    eventually("the command's end", || ended.exists().then_some(()));
    signal(listening.process(), "INT");
    let run = listening.finish().expect(130);
    assert_eq!(summary(&run)["unfinished"], 1);
}

#[cfg(unix)]
#[test]
fn a_commands_status_is_ours_and_it_knows_the_session_but_not_the_key() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    for (script, status) in [("exit 3", 3), ("kill -KILL $$", 137), ("exit 0", 0)] {
        let arguments = ["--expect", "payment.failed=0", "--", "sh", "-c", script];
        let run = Run::of(listen(&home, &mock, &endpoint, &arguments)).expect(status);
        assert_eq!(summary(&run)["type"], "summary");
    }
    let file = home.path("environment");
    let script = format!("env > '{}'", file.display());
    let arguments = ["--api-key", KEY, "--", "sh", "-c", &script];
    let mut command = listen(&home, &mock, &endpoint, &arguments);
    command.env_remove("FLUXA_SECRET_KEY");
    let ready = &Run::of(command).expect(0).json_lines()[0];
    let environment = std::fs::read_to_string(&file).unwrap();
    assert!(!environment.contains(KEY), "{environment}");
    let session = ready["session"].as_str().unwrap();
    for line in [
        &format!("FLUXA_LISTEN_SESSION={session}"),
        &format!("FLUXA_API_BASE={}", mock.base_url),
        "FLUXA_WEBHOOK_SECRET=whsec_",
    ] {
        assert!(environment.contains(line), "{line} in {environment}");
    }
    let nothing = ["--", "/no/such/program"];
    let run = Run::of(listen(&home, &mock, &endpoint, &nothing)).expect(1);
    assert!(
        run.stderr.contains("cannot start `/no/such/program`"),
        "{}",
        run.stderr
    );
}

#[cfg(unix)]
#[test]
fn an_interrupt_reaches_the_command_and_the_session_ends_after_it() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    let (begun, told) = (home.path("begun"), home.path("told"));
    let script = format!(
        "trap 'echo > \"{}\"; exit 0' INT; echo > '{}'; while :; do sleep 0.01; done",
        told.display(),
        begun.display()
    );
    let arguments = ["--", "sh", "-c", &script];
    let mut listening = Running::start(listen(&home, &mock, &endpoint, &arguments));
    listening.next_of_type("ready");
    eventually("the command", || begun.exists().then_some(()));
    signal(listening.process(), "INT");
    let run = listening.finish().expect(130);
    assert_eq!(summary(&run)["type"], "summary");
    assert!(told.exists());
}

#[cfg(unix)]
#[test]
fn a_command_that_would_go_on_ends_with_the_session_and_so_does_what_it_started() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    let file = home.path("processes");
    let script = format!(
        "tail -f /dev/null & echo $$ $! > '{}'; wait",
        file.display()
    );
    let arguments = ["--within", "300ms", "--", "sh", "-c", &script];
    let run = Run::of(listen(&home, &mock, &endpoint, &arguments)).expect(6);
    assert!(run.stderr.contains("had not ended"), "{}", run.stderr);
    let processes = std::fs::read_to_string(&file).unwrap();
    for process in processes.split_whitespace() {
        eventually(&format!("the end of {process}"), || {
            let alive = Command::new("kill").args(["-0", process]).output();
            (!alive.unwrap().status.success()).then_some(())
        });
    }
    assert_eq!(processes.split_whitespace().count(), 2, "{processes}");
}

#[test]
fn trouble_on_purpose_breaks_no_signature_and_is_the_same_for_the_same_seed() {
    let home = Home::new();
    let (mock, endpoint) = shop(&home);
    let run = |recipe: &str| {
        let trigger = ["--", FLUXA, "trigger", "payment.settled"];
        let chaos = [
            "-e",
            "payment.*",
            "--concurrency",
            "1",
            "--chaos",
            recipe,
            "--seed",
            "7",
        ];
        let command = listen(&home, &mock, &endpoint, &[&chaos[..], &trigger].concat());
        let run = Run::of(command).expect(0);
        let lines = run.json_lines();
        let deliveries = lines.iter().filter(|line| line["type"] == "delivery");
        let told: Vec<(String, Value)> = deliveries
            .map(|line| {
                (
                    line["event_type"].as_str().unwrap().to_owned(),
                    line["chaos"].clone(),
                )
            })
            .collect();
        (told, summary(&run)["chaos"].clone())
    };
    let (told, tally) = run("duplicate,reorder,delay=1..9ms");
    let types: Vec<&str> = told
        .iter()
        .map(|(event_type, _)| event_type.as_str())
        .collect();
    let pair = |one, two| [one, one, two, two];
    let early = pair("payment.captured", "payment.received");
    assert_eq!(
        types,
        [early, pair("payment.settled", "payment.settling")].concat()
    );
    assert_eq!(told[1].1["duplicate"], true, "{told:?}");
    assert_eq!(told[2].1["reordered"], true, "{told:?}");
    assert!(told[0].1["delay_ms"].as_u64().unwrap() > 0);
    assert_eq!(
        (&tally["seed"], &tally["duplicated"]),
        (&7.into(), &4.into())
    );
    assert_eq!(run("duplicate,reorder,delay=1..9ms"), (told, tally));

    let mut ids: Vec<String> = Vec::new();
    for delivery in endpoint.deliveries() {
        assert_eq!(delivery.verified, Ok(()), "{delivery:?}");
        ids.push(delivery.header("X-Fluxa-Delivery-Id").to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 16);
}

#[test]
fn a_server_with_another_secret_is_told_which_and_nothing_is_tried_when_it_is_off() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let endpoint = Endpoint::strict("whsec_ofanothershop");
    for (arguments, tried) in [(&["--no-doctor"][..], false), (&[], true)] {
        let before = endpoint.deliveries().len();
        let trigger = ["--", FLUXA, "trigger", "customer.created"];
        let mut command = listen(&home, &mock, &endpoint, &[arguments, &trigger].concat());
        command.env("FLUXA_WEBHOOK_SECRET", "whsec_ofanothershop");
        let run = Run::of(command).expect(7);
        let lines = run.json_lines();
        let found: Vec<_> = lines
            .iter()
            .filter(|line| line["type"] == "diagnosis")
            .collect();
        assert_eq!(found.len(), usize::from(tried));
        if let Some(found) = found.first() {
            assert_eq!(
                (&found["cause"], &found["status"]),
                (&"other_secret".into(), &400.into())
            );
            assert!(!run.stdout.contains("ofanothershop") && !run.stderr.contains("ofanothershop"));
        }
        let sent = endpoint.deliveries().split_off(before);
        assert_eq!(sent.len(), if tried { 3 } else { 1 });
        // The same event each time, as documented: what varies is the signature.
        for delivery in &sent {
            assert_eq!(delivery.body, sent[0].body);
            assert_eq!(
                delivery.header("X-Fluxa-Event-Id"),
                sent[0].header("X-Fluxa-Event-Id")
            );
        }
        let mut ids: Vec<_> = sent
            .iter()
            .map(|delivery| delivery.header("X-Fluxa-Delivery-Id"))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), sent.len(), "each is a delivery of its own");
    }
}
