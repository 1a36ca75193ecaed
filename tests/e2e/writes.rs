//! Was it carried out? Writes whose answer is lost, cut, no answer of the API, or cannot be printed;
//! and commands that are suggested then, which must not act twice, nor on another account.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::resources::many;
use crate::support::scripted::Scripted;
use crate::support::{
    Home, KEY, Mock, Run, Running, ends, eventually, json_lines, mock_control, signal,
};

const OTHER: &str = "sk_test_other000000000000000000000000000";
const LIVE: &str = "sk_live_0123456789abcdefghij0123456789ab";
const OTHER_LIVE: &str = "sk_live_other000000000000000000000000000";
const CREATE: [&str; 4] = ["customers", "create", "--email", "a@shop.example"];

/// The command that was suggested, as it was typed: the last between backticks that starts like this.
#[track_caller]
fn suggested(said: &str, start: &str) -> String {
    let mut commands = said
        .split('`')
        .filter(|part| part.starts_with(&format!("fluxa {start}")));
    let last = commands.next_back();
    last.unwrap_or_else(|| panic!("no {start}: {said}"))
        .to_owned()
}

/// Runs a suggested command as a shell reads it, in the environment of this one.
fn copied(environment: &Command, command: &str) -> Run {
    let mut shell = Command::new("sh");
    let command = command.replacen("fluxa", "\"$0\"", 1);
    shell
        .args(["-c", &command])
        .arg(environment.get_program())
        .env_clear()
        .envs(
            environment
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null());
    Run::of(shell)
}

fn at(base_url: &str, home: &Home, key: &str, arguments: &[&str]) -> Command {
    let mut command = home.fluxa(arguments);
    command
        .env("FLUXA_API_BASE", base_url)
        .env("FLUXA_SECRET_KEY", key);
    command
}

fn lose_answers(mock: &Mock, path: &str) {
    let fault = json!({ "method": "POST", "path": path, "times": 2, "lose_response": true });
    mock_control(mock, "/faults", fault);
}

#[test]
fn a_suggested_command_acts_on_the_account_of_the_key_that_was_typed_or_on_none() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--auto-accounts"]);
    lose_answers(&mock, "/v1/customers");
    // The environment belongs to the one account, the flag to the other.
    let create = [&CREATE[..], &["--api-key", KEY]].concat();
    let environment = || at(&mock.base_url, &home, OTHER, &create);
    let lost = Run::of(environment()).expect(5);
    let again = suggested(&lost.stderr, "customers create");
    let refused = copied(&environment(), &again).expect(3);
    assert!(
        refused.stderr.contains("the whole key"),
        "{}",
        refused.stderr
    );
    let list = ["customers", "list"];
    let of = |key: &str| {
        let list = [&list[..], &["--output", "json"]].concat();
        Run::of(at(&mock.base_url, &home, key, &list))
            .expect(0)
            .json_lines()
    };
    assert_eq!((of(OTHER).len(), of(KEY).len()), (0, 1));
    let whole = again.replace("'sk_test_…0000'", KEY);
    copied(&environment(), &whole).expect(0);
    assert_eq!((of(OTHER).len(), of(KEY).len()), (0, 1));
}

#[test]
fn a_question_about_a_live_key_is_not_answered_with_another_one() {
    let home = Home::new();
    let server = Scripted::start(&["{}"]);
    let refund = ["refunds", "create", "--payment", "pay_1", "--amount", "500"];
    let refund = [&refund[..], &["--api-key", LIVE]].concat();
    let environment = || at(&server.base_url, &home, OTHER_LIVE, &refund);
    let asked = Run::of(environment()).expect(2);
    let yes = suggested(&asked.stderr, "refunds create");
    assert!(yes.contains("--yes"), "{yes}");
    copied(&environment(), &yes).expect(3);
    assert_eq!(server.requests(), [""; 0]);
}

#[test]
fn what_may_have_been_carried_out_names_its_key_how_long_it_holds_and_where_to_look() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    lose_answers(&mock, "/v1/customers");
    let lost = mock.run(&home, &[&CREATE[..], &["--output", "json"]].concat());
    let error = lost.expect(5).stderr;
    let error = &serde_json::from_str::<Value>(error.trim()).unwrap()["error"];
    assert_eq!(error["outcome"], "unknown");
    let key = error["idempotency_key"].as_str().unwrap();
    let hint = error["hint"].as_str().unwrap();
    assert!(
        hint.contains("within 24 hours") && hint.contains(key),
        "{hint}"
    );
    assert_eq!(hint.matches("may have been").count(), 1, "{hint}");
    let look = suggested(hint, "logs tail");
    let look = copied(&mock.fluxa(&home, &[]), &look);
    let look = look.expect(0).stdout;
    assert!(look.lines().all(|line| line.contains(key)), "{look}");
    assert!(look.contains("201 POST"), "{look}");
    // Nothing else has that key.
    mock.run(&home, &CREATE).expect(0);
    let all = mock.run(&home, &["logs", "tail", "--no-follow"]).expect(0);
    let tail = ["logs", "tail", "--no-follow", "--idempotency-key", "other"];
    let none = mock.run(&home, &tail).expect(0);
    assert_eq!(none.stdout, "");
    assert!(all.stdout.lines().count() > look.lines().count());
}

#[test]
fn a_write_that_is_refused_says_so_and_what_only_reads_has_no_outcome() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let error = |arguments: &[&str], code: i32| {
        let run = mock.run(&home, &[arguments, &["--output", "json"]].concat());
        // That a flag beats the environment is warned of before.
        json_lines(&run.expect(code).stderr).pop().unwrap()["error"].clone()
    };
    let refund = ["refunds", "create", "--payment", "pay_0000000000000000"];
    let refused = error(&refund, 4);
    assert_eq!(refused["outcome"], "rejected");
    assert!(refused["idempotency_key"].is_string(), "{refused}");
    // What sets or deletes needs no key.
    let change = ["customers", "update", "cus_0000000000000000", "--name", "x"];
    let refused = error(&change, 4);
    assert_eq!(refused["outcome"], "rejected");
    assert!(refused["idempotency_key"].is_null(), "{refused}");
    let missing = error(&["payments", "get", "pay_0000000000000000"], 4);
    assert_eq!(missing["outcome"], Value::Null);
    let gone = ["--api-base", "http://127.0.0.1:1/v1"];
    let unsent = error(&[&refund[..], &gone].concat(), 5);
    assert_eq!(unsent["outcome"], "not_sent");
}

#[test]
fn whoever_ends_a_write_is_told_its_key_and_how_to_find_out() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--quiet"]);
    let fault = json!({
        "method": "POST", "path": "/v1/refunds", "times": 3, "delay_ms": 60_000,
    });
    mock_control(&mock, "/faults", fault);
    for (at, name) in ends().into_iter().enumerate() {
        let refund = ["refunds", "create", "--payment", "pay_1111111111111111"];
        let refund = [&refund[..], &["--output", "json"]].concat();
        let waiting = Running::start(mock.fluxa(&home, &refund));
        eventually("the request", || {
            let faults = mock_control(&mock, "/faults", Value::Null);
            (faults["data"][0]["hits"] == at + 1).then_some(())
        });
        signal(waiting.process(), name);
        let said = waiting.finish().expect(130).stderr;
        let error = &serde_json::from_str::<Value>(said.trim()).unwrap()["error"];
        assert_eq!(
            (&error["kind"], &error["outcome"]),
            (&json!("interrupted"), &json!("unknown"))
        );
        let key = error["idempotency_key"].as_str().unwrap();
        let hint = error["hint"].as_str().unwrap();
        assert!(
            hint.contains(&format!("--idempotency-key {key}`")),
            "{name}: {hint}"
        );
        suggested(hint, "refunds create");
        suggested(hint, "logs tail");
    }
}

#[test]
fn a_success_that_is_no_answer_of_the_api_may_have_been_carried_out() {
    let home = Home::new();
    let keys = ["keys", "create", "--name", "x"];
    let api = ["api", "POST", "/customers", "--data", "{}"];
    let pay = [
        "payments",
        "create",
        "--amount",
        "500",
        "--currency",
        "GBP",
        "--customer",
        "cus_1",
    ];
    let close = ["sandbox", "close-settlements"];
    for body in ["<html>hello</html>", r#"{"id":"key_1","secr"#, ""] {
        for arguments in [&pay[..], &keys, &api, &CREATE, &close] {
            if body.is_empty() && arguments == api {
                continue;
            }
            let server = Scripted::start(&[body]);
            let run = Run::of(at(&server.base_url, &home, KEY, arguments)).expect(5);
            let (stdout, said) = (&run.stdout, &run.stderr);
            assert_eq!(stdout, "", "{arguments:?}");
            assert!(said.contains("may have been carried out"), "{said}");
            assert!(said.contains("within 24 hours"), "{said}");
            assert!(!said.contains("is it running"), "{said}");
            let sent = &server.requests()[0];
            let again = suggested(said, arguments[0]);
            let key = again.split_once("--idempotency-key ").unwrap().1;
            assert!(sent.contains(key), "{sent}: {again}");
        }
    }
    // Cut off in the middle, and the sandbox says what became of it.
    let mock = Mock::start(&home, &[]);
    let fault = json!({
        "method": "POST", "path": "/v1/customers", "times": 2, "cut": "body", "after_bytes": 20,
    });
    mock_control(&mock, "/faults", fault);
    let said = mock.run(&home, &CREATE).expect(5).stderr;
    assert!(said.contains("it may have been carried out"), "{said}");
    assert!(!said.contains("does not answer"), "{said}");
    copied(
        &mock.fluxa(&home, &[]),
        &suggested(&said, "customers create"),
    )
    .expect(0);
    assert_eq!(many(&mock, &home, &["customers", "list"]).len(), 1);
    // JSON as well, and not what was asked for.
    let server = Scripted::start(&[r#"{"id":"key_1"}"#]);
    let run = Run::of(at(&server.base_url, &home, KEY, &keys)).expect(5);
    assert!(
        run.stderr.contains("it was carried out: key_1"),
        "{}",
        run.stderr
    );
}

/// What takes no byte.
#[cfg(target_os = "linux")]
fn full() -> Stdio {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    full.unwrap().into()
}

/// Runs a command whose stdout is something else than a pipe that is read.
fn with_stdout(mut command: Command, stdout: impl Into<Stdio>) -> Run {
    let child = command
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Run::finish(child)
}

#[cfg(target_os = "linux")]
#[test]
fn a_write_whose_answer_cannot_be_printed_is_not_taken_for_one_that_failed() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let api = [
        "api",
        "POST",
        "/customers",
        "--data",
        r#"{"email":"a@shop.example"}"#,
    ];
    for arguments in [&CREATE[..], &api] {
        let before = many(&mock, &home, &["customers", "list"]).len();
        let as_json = [arguments, &["--output", "json"]].concat();
        for arguments in [arguments, &as_json] {
            let unprinted = with_stdout(mock.fluxa(&home, arguments), full()).expect(1);
            let said = &unprinted.stderr;
            assert!(said.contains("it was carried out: cus_"), "{said}");
            assert!(said.contains("cannot write to stdout"), "{said}");
            let again = suggested(said, arguments[0]).replace("\\\"", "\"");
            let shown = copied(&mock.fluxa(&home, &[]), &again).expect(0);
            let id = said.split_once("carried out: ").unwrap().1;
            let id = id.split_once(';').unwrap().0;
            assert!(shown.stdout.contains(id), "{}: {said}", shown.stdout);
        }
        let after = many(&mock, &home, &["customers", "list"]).len();
        assert_eq!(after, before + 2);
    }
    let unprinted = with_stdout(
        mock.fluxa(&home, &[&CREATE[..], &["--output", "json"]].concat()),
        full(),
    );
    let error = serde_json::from_str::<Value>(unprinted.stderr.trim()).unwrap();
    let error = &error["error"];
    assert_eq!(error["outcome"], "carried_out");
    assert!(error["id"].as_str().unwrap().starts_with("cus_"), "{error}");
    assert!(error["idempotency_key"].is_string(), "{error}");
}

#[test]
fn a_write_whose_answer_nobody_reads_is_a_success_that_is_told_of() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let said = with_stdout(mock.fluxa(&home, &CREATE), writer)
        .expect(0)
        .stderr;
    assert!(said.contains("it was carried out: cus_"), "{said}");
    assert!(said.contains("--idempotency-key "), "{said}");
    // What only reads has nothing to tell.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let list = mock.fluxa(&home, &["customers", "list"]);
    assert_eq!(with_stdout(list, writer).expect(0).stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_secret_that_stdout_does_not_take_can_be_had_again_or_ended_and_is_in_no_log() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let create = ["keys", "create", "--name", "ci", "--stdout-secret"];
    for stdout in [full(), closed.into(), Stdio::null()] {
        let lost = with_stdout(mock.fluxa(&home, &create), stdout)
            .expect(1)
            .stderr;
        assert!(!lost.contains("sk_test_"), "{lost}");
        let before = many(&mock, &home, &["keys", "list"]);
        let again = suggested(&lost, "keys create");
        let secret = copied(&mock.fluxa(&home, &[]), &again).expect(0).stdout;
        assert!(secret.starts_with("sk_test_"), "{again}");
        assert_eq!(many(&mock, &home, &["keys", "list"]), before);
        let mut works = mock.fluxa(&home, &["whoami"]);
        works.env("FLUXA_SECRET_KEY", secret.trim());
        Run::of(works).expect(0);
        let end = suggested(&lost, "keys revoke");
        copied(&mock.fluxa(&home, &[]), &format!("{end} --yes")).expect(0);
    }
    // An endpoint's is ended by another.
    let create = [
        "webhook-endpoints",
        "create",
        "--url",
        "http://127.0.0.1:9/",
    ];
    let lost = with_stdout(mock.fluxa(&home, &create), full())
        .expect(1)
        .stderr;
    assert!(!lost.contains("whsec_"), "{lost}");
    suggested(&lost, "webhook-endpoints rotate-secret we_");
}

#[cfg(target_os = "linux")]
mod on_a_terminal {
    use std::io::Write;

    use super::*;

    /// Runs a shell's line on a terminal where this is typed; `$FLUXA` is the binary.
    fn on_terminal(environment: &Command, line: &str, typed: &str) -> String {
        let mut command = Command::new("script");
        command
            .args(["-qec", line, "/dev/null"])
            .env_clear()
            .env("FLUXA", environment.get_program())
            .env("TERM", "dumb")
            .envs(
                environment
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut keyboard = child.stdin.take().unwrap();
        keyboard.write_all(typed.as_bytes()).unwrap();
        let said = Run::finish(child).stdout;
        // Before then its end would be taken for the end of what is typed.
        drop(keyboard);
        said
    }

    #[test]
    fn a_secret_that_stdout_does_not_take_is_shown_there() {
        let home = Home::new();
        let mock = Mock::start(&home, &[]);
        let create = "\"$FLUXA\" keys create --name ci > /dev/full";
        let shown = on_terminal(&mock.fluxa(&home, &[]), create, "");
        assert!(shown.contains("sk_test_"), "{shown}");
    }

    #[test]
    fn a_live_write_names_the_money_the_object_the_account_and_the_key() {
        let home = Home::new();
        let server = Scripted::start(&[r#"{"id":"mer_1","object":"merchant","livemode":true,
            "created_at":"2026-05-19T10:23:14.572Z","metadata":{},"name":"Acme Ltd","kyb_status":"approved"}"#]);
        let refund = "\"$FLUXA\" refunds create --payment pay_1 --amount 500";
        let asked = on_terminal(&at(&server.base_url, &home, LIVE, &[]), refund, "no\n");
        for named in [
            "LIVE",
            "500",
            "pay_1",
            "Acme Ltd",
            "sk_live_…89ab",
            "FLUXA_SECRET_KEY",
        ] {
            assert!(asked.contains(named), "{named}: {asked}");
        }
        assert_eq!(server.requests().len(), 1, "{asked}");
        assert!(server.requests()[0].starts_with("GET /v1/merchant"));
    }

    #[test]
    fn whoever_ends_the_question_for_a_key_finds_the_terminal_as_it_was() {
        let home = Home::new();
        for name in ends() {
            let line = format!(
                "\"$FLUXA\" login </dev/tty & login=$!
                 while stty -a | grep -q ' echo '; do :; done
                 kill -{name} $login
                 wait $login
                 echo \"code $?\"
                 stty -a | grep -q ' echo ' && echo as it was"
            );
            let said = on_terminal(&home.fluxa(&[]), &line, "");
            assert!(said.contains("code 130"), "{name}: {said}");
            assert!(said.contains("as it was"), "{name}: {said}");
        }
    }
}

#[test]
fn a_live_write_that_is_not_asked_about_is_said_to_be_one() {
    let home = Home::new();
    let server = Scripted::start(&[r#"{"id":"rfd_1"}"#]);
    let refund = ["refunds", "create", "--payment", "pay_1", "--yes"];
    let run = Run::of(at(&server.base_url, &home, LIVE, &refund)).expect(0);
    assert!(
        run.stderr.contains("LIVE mode, real money: "),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("pay_1"), "{}", run.stderr);
}

#[test]
fn a_live_key_that_goes_where_another_set_up_says_is_warned_of() {
    let home = Home::new();
    let server = Scripted::start(&["{}"]);
    let get = ["customers", "get", "cus_1"];
    let run = |key: &str, more: &[&str]| {
        let mut command = home.fluxa(&[&get[..], &["--api-base", &server.base_url], more].concat());
        command.env("FLUXA_SECRET_KEY", key);
        Run::of(command).expect(0).stderr
    };
    assert!(run(LIVE, &[]).contains("a LIVE key (FLUXA_SECRET_KEY) goes to http://127.0.0.1:"));
    assert_eq!(run(KEY, &[]), "");
    assert!(!run(KEY, &["--api-key", LIVE]).contains("goes to"));
}
