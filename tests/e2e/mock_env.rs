//! `fluxa mock -- CMD` and `fluxa mock --print-env`.

use serde_json::json;

use crate::support::{Home, KEY, Run, Running, eventually, piped, signal};

fn exec(home: &Home, script: &str) -> Run {
    let mut command = home.fluxa(&["mock", "--", "sh", "-c", script]);
    command.env("FLUXA", env!("CARGO_BIN_EXE_fluxa"));
    Run::of(command)
}

#[test]
fn a_command_has_a_sandbox_for_as_long_as_it_runs() {
    let home = Home::new();
    let script =
        "\"$FLUXA\" trigger payment.settled --output json && echo \"$FLUXA_API_BASE\" > base";
    let run = exec(&home, script).expect(0);
    assert_eq!(run.json_lines()[0]["event_type"], "payment.settled");
    assert_eq!(run.stderr, "");
    let base = std::fs::read_to_string(home.path("base")).unwrap();
    let address = base
        .trim()
        .trim_start_matches("http://")
        .trim_end_matches("/v1");
    assert!(
        std::net::TcpStream::connect(address).is_err(),
        "it still runs at {address}"
    );
}

#[test]
fn whoever_is_logged_in_elsewhere_is_not_warned_of_the_sandbox_that_was_asked_for() {
    let home = Home::new();
    for set in [
        &["config", "set", "api_base", "http://127.0.0.1:9/v1"][..],
        &["config", "set", "secret_key"],
    ] {
        piped(home.fluxa(set), &KEY.replace("mock", "ours")).expect(0);
    }
    let run = exec(&home, "\"$FLUXA\" trigger customer.created").expect(0);
    assert_eq!(run.stderr, "");
    // A key alone is no sandbox: the profile's address is used with it.
    let mut alone = home.fluxa(&["config", "get", "api_base"]);
    alone.env("FLUXA_SECRET_KEY", KEY);
    assert_eq!(Run::of(alone).expect(0).stdout, "http://127.0.0.1:9/v1\n");
}

#[test]
fn the_status_of_the_command_is_passed_on() {
    let home = Home::new();
    exec(&home, "exit 0").expect(0);
    exec(&home, "exit 42").expect(42);
    exec(&home, "kill -KILL $$").expect(128 + 9);
    home.run(&["mock", "--", "/no/such/program"]).expect(1);
    home.run(&["mock", "--exec"]).expect(2);
    home.run(&["mock", "--exec", "--", "true"]).expect(0);
}

#[test]
fn sandboxes_of_commands_run_side_by_side() {
    let home = Home::new();
    let script =
        "\"$FLUXA\" mock -- sh -c 'test \"$FLUXA_API_BASE\" != \"$OUTER\" && \"$FLUXA\" status'";
    exec(
        &home,
        &format!("export OUTER=\"$FLUXA_API_BASE\"; {script}"),
    )
    .expect(0);
}

#[cfg(unix)]
#[test]
fn a_command_is_told_of_the_end_that_is_asked_for() {
    for (name, status) in [("TERM", 7), ("INT", 130)] {
        let home = Home::new();
        let script = "trap 'echo asked > asked; exit 7' TERM INT; echo up > up; while :; do sleep 0.01; done";
        let running = Running::start(home.fluxa(&["mock", "--", "sh", "-c", script]));
        eventually("the command", || home.path("up").exists().then_some(()));
        signal(running.process(), name);
        running.finish().expect(status);
        assert!(home.path("asked").exists(), "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_key_is_in_anybodys_arguments() {
    let home = Home::new();
    let script = "cat /proc/$$/cmdline /proc/$PPID/cmdline; echo; echo environment; tr '\\0' '\\n' < /proc/$$/environ";
    let run = exec(&home, script).expect(0);
    let (arguments, environment) = run.stdout.split_once("\nenvironment\n").unwrap();
    assert!(!arguments.contains("sk_test_mock"), "{arguments:?}");
    assert!(
        environment.contains(&format!("FLUXA_SECRET_KEY={KEY}")),
        "{environment:?}"
    );
}

#[test]
fn the_environment_is_printed_for_shells_and_read_by_them() {
    let home = Home::new();
    let print = |form: &str| home.run(&["mock", "--addr", "4321", form]).expect(0);
    let sh = print("--print-env").stdout;
    assert_eq!(print("--print-env=sh").stdout, sh);
    let mut shell = std::process::Command::new("sh");
    shell.args([
        "-c",
        &format!("{sh}\nprintf '%s %s' \"$FLUXA_API_BASE\" \"$FLUXA_SECRET_KEY\""),
    ]);
    let read = Run::of(shell).expect(0).stdout;
    assert_eq!(read, format!("http://127.0.0.1:4321/v1 {KEY}"));
    let lines = format!("FLUXA_API_BASE=http://127.0.0.1:4321/v1\nFLUXA_SECRET_KEY={KEY}\n");
    assert_eq!(print("--print-env=dotenv").stdout, lines);
    assert_eq!(print("--print-env=github").stdout, lines);
    assert!(
        print("--print-env=fish")
            .stdout
            .starts_with("set -gx FLUXA_API_BASE '")
    );
    assert!(
        print("--print-env=powershell")
            .stdout
            .starts_with("$env:FLUXA_API_BASE = '")
    );
    let expected = json!({ "FLUXA_API_BASE": "http://127.0.0.1:4321/v1", "FLUXA_SECRET_KEY": KEY });
    assert_eq!(print("--print-env=json").json_lines(), [expected]);
    let run = home.run(&["mock", "--addr", "0", "--print-env"]).expect(2);
    assert!(run.stderr.contains("fluxa mock -- CMD"), "{}", run.stderr);
}
