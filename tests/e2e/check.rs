//! `fluxa check`: scenarios run against the real sandbox, and what is said of them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::endpoint::Endpoint;
use crate::support::{Home, KEY, Mock, Run, call};

/// Settles once, exactly, and says so.
const SETTLES: &str = r#"
  [[scenario.step]]
  trigger = "payment.settled"
  override = { amount = 2500, metadata.order_id = "ord_1" }
  as = "paid"
  [[scenario.step]]
  expect = "payment.settled"
  count = 1
  where = { "data.object.id" = "${paid.payment}", "data.object.amount" = 2500 }
  as = "settled"
  [[scenario.step]]
  call = "GET /payments/${settled.data.object.id}"
  where = { state = "SETTLED", "metadata.order_id" = "ord_1", settlement_reference = { matches = "STL-*" } }
"#;

/// Waits for what does not come.
const WAITS_IN_VAIN: &str = r#"
  [[scenario.step]]
  trigger = "payment.settled"
  [[scenario.step]]
  expect = "*"
  count = 6
  [[scenario.step]]
  expect = "refund.succeeded"
  within = "50ms"
"#;

pub(crate) fn scenario(name: &str, steps: &str) -> String {
    format!("[[scenario]]\nname = \"{name}\"\n{steps}\n")
}

pub(crate) fn file(home: &Home, name: &str, text: &str) -> PathBuf {
    let path = home.path(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Runs a file with further arguments, in the home's directory.
pub(crate) fn check(home: &Home, text: &str, arguments: &[&str]) -> Run {
    file(home, "a.toml", text);
    let all: Vec<&str> = ["check", "a.toml"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    home.run(&all)
}

#[test]
fn what_holds_passes_and_what_does_not_is_told_with_what_came_instead() {
    let home = Home::new();
    let text = scenario("settles", SETTLES) + &scenario("waits", WAITS_IN_VAIN);
    let run = check(&home, &text, &[]).expect(6);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("✓ settles "), "{}", run.stdout);
    assert!(lines[1].starts_with("✗ waits "), "{}", run.stdout);
    for said in [
        "step 3 (line 25): expect refund.succeeded",
        "expected  refund.succeeded within 50 ms",
        "got       of the 6 events that came, none is refund.succeeded",
        "payment.settled ×1",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    assert!(
        run.stderr.contains("1 of 2 scenarios failed"),
        "{}",
        run.stderr
    );
    let held = check(&home, &scenario("settles", SETTLES), &[]).expect(0);
    assert!(held.stdout.contains("1 scenario held"), "{}", held.stdout);
}

#[test]
fn the_lines_for_programs_say_all_that_happened() {
    let home = Home::new();
    let text = scenario("settles", SETTLES) + &scenario("waits", WAITS_IN_VAIN);
    let lines = check(&home, &text, &["--output", "json"])
        .expect(6)
        .json_lines();
    let types: Vec<&str> = lines
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["scenario", "scenario", "summary"]);
    let (held, failed, summary) = (&lines[0], &lines[1], &lines[2]);
    assert_eq!(
        (&held["name"], &held["ok"]),
        (&json!("settles"), &json!(true))
    );
    let settled = |event: &&Value| event["event_type"] == "payment.settled";
    let settled = held["events"].as_array().unwrap().iter().find(settled);
    assert_eq!(settled.unwrap()["count"], 1);
    assert_eq!(failed["file"], "a.toml");
    assert_eq!(failed["step"]["number"], 3);
    assert_eq!(failed["exit_code"], 6);
    for name in ["expected", "got", "duration_ms", "server_output"] {
        assert!(!failed[name].is_null(), "{name}: {failed}");
    }
    let counts = ["scenarios", "passed", "failed", "skipped"].map(|name| summary[name].as_u64());
    assert_eq!(counts, [Some(2), Some(1), Some(1), Some(0)]);
}

#[test]
fn scenarios_side_by_side_see_nothing_of_each_other() {
    let home = Home::new();
    // Each insists that exactly one payment settled.
    let all: String = (0..12)
        .map(|n| scenario(&format!("number {n}"), SETTLES))
        .collect();
    let lines = check(&home, &all, &["--jobs", "6", "--output", "json"])
        .expect(0)
        .json_lines();
    let names: Vec<String> = lines
        .iter()
        .filter_map(|line| line["name"].as_str().map(str::to_owned))
        .collect();
    let expected: Vec<String> = (0..12).map(|n| format!("number {n}")).collect();
    assert_eq!(names, expected, "in their order, whoever was first");
}

#[test]
fn faults_and_time_are_at_hand_in_a_sandbox_of_ones_own() {
    let home = Home::new();
    let text = r#"
        [[scenario]]
        name = "an outage"
        pace = "frozen"
        [[scenario.step]]
        trigger = "payment.settled"
        timing = "30s"
        as = "paid"
        [[scenario.step]]
        expect = "payment.settled"
        count = 0
        [[scenario.step]]
        fault = { path = "/v1/*", status = 503, times = 1 }
        [[scenario.step]]
        call = "GET /payments/${paid.payment}"
        status = 503
        [[scenario.step]]
        advance = "2m"
        [[scenario.step]]
        expect = "payment.settled"
        count = 1
        [[scenario.step]]
        call = "GET /payments/${paid.payment}"
        where = { state = "SETTLED" }
        eventually = true
        [[scenario.step]]
        invariants = true
    "#;
    check(&home, text, &[]).expect(0);
    // A fault hits what the scenario does, and nothing that we do for it.
    let first = r#"
        [[scenario.step]]
        fault = { path = "/v1/*", status = 503, times = 1 }
        [[scenario.step]]
        call = "GET /events"
        status = 503
        [[scenario.step]]
        call = "GET /events"
        status = 200
    "#;
    let all: String = (0..12)
        .map(|n| scenario(&format!("number {n}"), first))
        .collect();
    check(&home, &all, &[]).expect(0);
    let nonsense = scenario(
        "a fault",
        "[[scenario.step]]\nfault = { path = '/v1/*' }\n[[scenario.step]]\ninvariants = true",
    );
    let run = check(&home, &nonsense, &[]).expect(6);
    assert!(
        run.stdout.contains("The fault does nothing"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_scenario_ends_at_its_time_limit_whatever_it_waits_for() {
    let home = Home::new();
    let steps = r#"
        within = "300ms"
        [[scenario.step]]
        fault = { path = "/v1/merchant", delay_ms = 600000 }
        [[scenario.step]]
        call = "GET /merchant"
        status = 200
    "#;
    let run = check(&home, &scenario("slow", steps), &[]).expect(6);
    assert!(
        run.stdout.contains("within the scenario's 300 ms"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_count_is_exact_although_one_more_is_on_its_way() {
    let home = Home::new();
    let twice = "[[scenario.step]]\ntrigger = 'customer.created'\n".repeat(2);
    let steps = twice + "[[scenario.step]]\nexpect = 'customer.created'\ncount = 1";
    let run = check(&home, &scenario("two", &steps), &[]).expect(6);
    assert!(run.stdout.contains("2 came: evt_"), "{}", run.stdout);
}

#[test]
fn none_means_none_of_what_is_still_on_its_way() {
    let home = Home::new();
    let steps = |more: &str| {
        scenario(
            "none",
            &format!(
                "within = '20s'\n[[scenario.step]]\ntrigger = 'payment.settled'\n\
                 timing = 'settling=300ms,settled=300ms'\n\
                 [[scenario.step]]\nexpect = 'payment.settled'\ncount = 0\n{more}"
            ),
        )
    };
    // It comes 600 ms later: without a time all of that is waited for.
    let run = check(&home, &steps(""), &[]).expect(6);
    assert!(run.stdout.contains("1 came: evt_"), "{}", run.stdout);
    assert!(
        run.stdout.contains("expected  no payment.settled\n"),
        "{}",
        run.stdout
    );
    let run = check(&home, &steps("within = '10s'"), &[]).expect(6);
    let said = "expected  no payment.settled within 10 s\n";
    assert!(run.stdout.contains(said), "{}", run.stdout);
    // With a shorter time, or a clock that stands still, it does not come by then.
    check(&home, &steps("within = '1ms'"), &[]).expect(0);
    check(
        &home,
        &steps("").replace("within", "pace = 'frozen'\nwithin"),
        &[],
    )
    .expect(0);
}

#[test]
fn an_assertion_that_cannot_fail_is_told_before_anything_runs() {
    let home = Home::new();
    let steps = "[[scenario.step]]\ntrigger = 'payment.settled'\nas = 'paid'\n\
                 [[scenario.step]]\ncall = 'GET /payments/${paid.payment}'\n\
                 where = { staet = { not = 'FAILED' } }";
    let run = check(&home, &scenario("typo", steps), &[]).expect(2);
    assert!(
        run.stderr.contains("a.toml:8: ") && run.stderr.contains("did you mean `state`?"),
        "{}",
        run.stderr
    );
    assert_eq!(run.stdout, "");
    // Of an item that is not there nothing holds.
    let steps = "[[scenario.step]]\ncall = 'GET /payments'\n\
                 where = { 'data.7.state' = { not = 'FAILED' } }";
    let run = check(&home, &scenario("few", steps), &[]).expect(6);
    assert!(run.stdout.contains("there is no data.7"), "{}", run.stdout);
}

#[test]
fn a_server_that_answers_otherwise_is_exit_code_7_and_6_comes_before_it() {
    let home = Home::new();
    let endpoint = Endpoint::start("whsec_any", &[500; 12]);
    let server = format!("[server]\nforward-to = \"{}\"\n", endpoint.url());
    let steps = "[[scenario.step]]\ntrigger = 'payment.settled'\n[[scenario.step]]\nexpect = 'payment.settled'";
    let text = server.clone() + &scenario("broken", steps);
    let run = check(&home, &text, &[]).expect(7);
    assert!(run.stdout.contains("answered 2xx"), "{}", run.stdout);
    assert!(run.stdout.contains("got       500"), "{}", run.stdout);
    let both = server.clone() + &scenario("broken", steps) + &scenario("waits", WAITS_IN_VAIN);
    check(&home, &both, &["--jobs", "1"]).expect(6);
    // The last answer counts.
    let endpoint = Endpoint::start("whsec_any", &[503]);
    let text = format!("[server]\nforward-to = \"{}\"\nretry = 1\n", endpoint.url())
        + &scenario(
            "again",
            "[[scenario.step]]\ntrigger = 'customer.created'\n[[scenario.step]]\nexpect = 'customer.created'\nanswered = 200",
        );
    check(&home, &text, &[]).expect(0);
    assert_eq!(endpoint.deliveries().len(), 2);
    // What is expected to fail may.
    let endpoint = Endpoint::start("whsec_any", &[500; 6]);
    let text = format!("[server]\nforward-to = \"{}\"\n", endpoint.url())
        + &scenario("broken", &format!("{steps}\nanswered = '5xx'"));
    check(&home, &text, &[]).expect(0);
    assert_eq!(endpoint.deliveries().len(), 6);
}

#[test]
fn a_file_that_is_wrong_is_told_before_anything_runs() {
    let home = Home::new();
    file(&home, "b.toml", "[[scenario]]\nname = 'b'\nstps = []\n");
    file(&home, "c.toml", "[[scenario]\n");
    file(&home, "a.toml", &scenario("settles", SETTLES));
    let arguments = ["check", "a.toml", "b.toml", "c.toml", "--junit", "r.xml"];
    let run = home.run(&arguments).expect(2);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("b.toml:3: a scenario has no `stps`"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("did you mean `step`?"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("c.toml:1: "), "{}", run.stderr);
    let report = std::fs::read_to_string(home.path("r.xml")).unwrap();
    assert!(report.contains("errors=\"2\""), "{report}");
    assert!(
        report.contains("b.toml:3: a scenario has no `stps`"),
        "{report}"
    );
    home.run(&["check", "nowhere.toml"]).expect(1);
}

#[test]
fn scenarios_are_listed_and_chosen_by_name() {
    let home = Home::new();
    let text = scenario("a refund", SETTLES) + &scenario("a payment", SETTLES);
    let listed = check(&home, &text, &["--list", "--output", "json"])
        .expect(0)
        .json_lines();
    assert_eq!(listed.len(), 2);
    assert_eq!(
        (&listed[0]["name"], &listed[0]["steps"]),
        (&json!("a refund"), &json!(3))
    );
    for filter in ["refund", "*refund", "a r*"] {
        let run = check(&home, &text, &["--filter", filter]).expect(0);
        assert!(
            run.stdout.contains("a refund") && !run.stdout.contains("a payment"),
            "{}",
            run.stdout
        );
    }
    let run = check(&home, &text, &["--filter", "refnd"]).expect(2);
    assert!(
        run.stderr.contains("none is called `refnd`"),
        "{}",
        run.stderr
    );
}

#[test]
fn with_fail_fast_the_first_failure_is_the_last_thing_that_runs() {
    let home = Home::new();
    let text = scenario("waits", WAITS_IN_VAIN) + &scenario("settles", SETTLES);
    let run = check(&home, &text, &["--fail-fast", "--jobs", "1"]).expect(6);
    assert!(run.stdout.contains("- settles"), "{}", run.stdout);
    assert!(
        run.stderr.contains("1 of 2 scenarios failed, 1 not run"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_same_seed_makes_the_same_ids() {
    let home = Home::new();
    // What is expected is nobody's id, so that the true one is told.
    let steps = "pace = 'frozen'\n[[scenario.step]]\ntrigger = 'customer.created'\n[[scenario.step]]\nexpect = 'customer.*'\ncount = 1\n\
                 [[scenario.step]]\nexpect = 'customer.created'\nwhere = { id = 'evt_0' }\nwithin = '50ms'";
    let ids: HashSet<String> = ["7", "7", "8"]
        .iter()
        .map(|seed| {
            let arguments = ["--seed", seed, "--output", "json"];
            let lines = check(&home, &scenario("ids", steps), &arguments)
                .expect(6)
                .json_lines();
            let got = lines[0]["got"].as_str().unwrap();
            // The first digits are the time.
            got.split('"').nth(1).unwrap()[12..].to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
}

#[test]
fn the_sandbox_of_the_settings_is_used_when_that_is_asked_for() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    // What was there before is none of the scenario's.
    mock.run(&home, &["trigger", "payment.settled"]).expect(0);
    let all = "[[scenario.step]]\nexpect = 'payment.settled'\ncount = 0\nwithin = '50ms'";
    file(
        &home,
        "a.toml",
        &scenario("settles", &(SETTLES.to_owned() + all)),
    );
    let arguments = ["check", "a.toml", "--sandbox", "settings"];
    mock.run(&home, &arguments).expect(0);
    let payments = call(&mock, "GET", "/payments", json!(null));
    assert_eq!(payments["data"].as_array().unwrap().len(), 2);

    let mut live = mock.fluxa(&home, &arguments);
    live.env("FLUXA_SECRET_KEY", KEY.replace("test", "live"));
    let refused = Run::of(live).expect(3);
    assert!(refused.stderr.contains("live"), "{}", refused.stderr);
    let mut wrong = mock.fluxa(&home, &arguments);
    wrong.env("FLUXA_SECRET_KEY", format!("sk_test_{}", "x".repeat(32)));
    Run::of(wrong).expect(3);
    let jobs = [&arguments[..], &["--jobs", "2"]].concat();
    mock.run(&home, &jobs).expect(2);

    let address = mock.base_url.clone();
    mock.kill();
    let mut gone = home.fluxa(&arguments);
    gone.env("FLUXA_API_BASE", address)
        .env("FLUXA_SECRET_KEY", KEY);
    let run = Run::of(gone).expect(5);
    assert!(run.stdout.contains("does not answer"), "{}", run.stdout);
}

#[test]
fn what_comes_from_outside_does_not_reach_the_terminal() {
    let home = Home::new();
    let steps = "[[scenario.step]]\ntrigger = 'customer.created'\noverride = { email = 'a@example.com', name = \"\\u001b[2J\\u202e\" }\n\
                 [[scenario.step]]\nexpect = 'customer.created'\nwhere = { 'data.object.name' = 'x' }\nwithin = '50ms'";
    let run = check(&home, &scenario("\\u001b]0;title\\u0007", steps), &[]).expect(6);
    let dangerous = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!run.stdout.contains(dangerous), "{:?}", run.stdout);
    assert!(run.stdout.contains("\\u{1b}]0;title"), "{}", run.stdout);
}

/// Nobody reads on: the run ends; what has failed by then is a failure all the same.
#[test]
fn a_closed_pipe_ends_the_run_and_hides_no_failure() {
    let many: String = (0..40)
        .map(|n| scenario(&format!("number {n}"), SETTLES))
        .collect();
    let first = scenario("waits", WAITS_IN_VAIN);
    for (text, code) in [(many.clone(), 0), (first + &many, 6)] {
        let home = Home::new();
        file(&home, "a.toml", &text);
        let (lines, status) = into_head(&home);
        assert_eq!((lines, status), (1, code));
    }
}

/// Lets one line be read; returns how many were, and the exit code of the run.
fn into_head(home: &Home) -> (usize, i32) {
    let own = home.fluxa(&[]);
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "(\"$0\" check a.toml --jobs 1; echo $? > code) | head -n 1",
        ])
        .arg(env!("CARGO_BIN_EXE_fluxa"))
        .env_clear()
        .current_dir(home.path(""));
    command.envs(
        own.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let run = Run::of(command).expect(0);
    let code = std::fs::read_to_string(home.path("code")).unwrap();
    (run.stdout.lines().count(), code.trim().parse().unwrap())
}
