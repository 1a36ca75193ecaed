//! `fluxa check` with the merchant's server: its life, what it is told, and that nothing of it is left.

use std::path::Path;

use crate::check::{check, file, scenario};
use crate::support::{Home, Run, Running, eventually, signal};

const STEPS: &str = "[[scenario.step]]\ntrigger = 'customer.created'\n[[scenario.step]]\nexpect = 'customer.created'";

/// A server by a shell's script; `ready` is a file that it makes.
fn shell(script: &str, more: &str) -> String {
    format!("[server]\ncommand = [\"sh\", \"-c\", '''{script}''']\nready = \"ready\"\n{more}\n")
}

fn is_gone(file: &Path) {
    let process = std::fs::read_to_string(file).unwrap();
    eventually("the end of what the server started", || {
        // A zombie that nobody has asked after has ended, too.
        let state = std::fs::read_to_string(format!("/proc/{}/stat", process.trim()));
        match state {
            Err(_) => Some(()),
            Ok(state) => state.contains(") Z ").then_some(()),
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_ends_with_all_that_it_started_and_first_it_is_asked_to() {
    let home = Home::new();
    let script = "sleep 1000 & echo $! > child; trap 'echo asked > asked; exit 0' TERM; echo up > ready; while :; do sleep 0.01; done";
    check(&home, &(shell(script, "") + &scenario("a", STEPS)), &[]).expect(0);
    is_gone(&home.path("child"));
    assert_eq!(
        std::fs::read_to_string(home.path("asked")).unwrap(),
        "asked\n"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn interrupted_or_terminated_nothing_is_left_and_the_report_is_whole() {
    for name in ["INT", "TERM", "QUIT"] {
        let home = Home::new();
        let script = "sleep 1000 & echo $! > child; echo up > ready; wait";
        let waits = "[[scenario.step]]\nexpect = 'customer.created'";
        let text = shell(script, "") + &scenario("a", waits) + &scenario("b", waits);
        file(&home, "a.toml", &text);
        let command = home.fluxa(&[
            "check", "a.toml", "--junit", "r.xml", "--jobs", "1", "--output", "json",
        ]);
        let running = Running::start(command);
        eventually("the server", || home.path("ready").exists().then_some(()));
        // What a run leaves that is killed here.
        let report = std::fs::read_to_string(home.path("r.xml")).unwrap();
        assert!(report.contains("errors=\"2\""), "{report}");
        signal(running.process(), name);
        let run = running.finish().expect(130);
        let lines = run.json_lines();
        assert_eq!(lines.len(), 3, "{}", run.stdout);
        assert_eq!(lines[2]["skipped"], 2);
        is_gone(&home.path("child"));
        let report = std::fs::read_to_string(home.path("r.xml")).unwrap();
        assert!(
            report.contains("errors=\"2\"") && report.ends_with("</testsuites>\n"),
            "{report}"
        );
    }
}

#[test]
fn a_server_that_does_not_start_is_told_with_its_last_words() {
    let home = Home::new();
    let text = shell(
        "echo 'no \\033[31mport sk_test_abcdef123456' >&2; exit 3",
        "",
    ) + &scenario("a", STEPS);
    let run = check(&home, &text, &["--junit", "r.xml"]).expect(1);
    for said in [
        "before the first step",
        "the server ended before it was ready: exit status: 3",
        "sk_test_…",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    let report = std::fs::read_to_string(home.path("r.xml")).unwrap();
    assert!(report.contains("<error message="), "{report}");
    assert!(
        !report.contains("abcdef") && !run.stdout.contains("abcdef"),
        "{report}"
    );

    let text = "[server]\ncommand = [\"/no/such/program\"]\n".to_owned() + &scenario("a", STEPS);
    let run = check(&home, &text, &[]).expect(1);
    assert!(
        run.stdout.contains("cannot start `/no/such/program`"),
        "{}",
        run.stdout
    );

    let text = shell("sleep 1000", "ready-within = \"50ms\"") + &scenario("a", STEPS);
    let run = check(&home, &text, &[]).expect(1);
    assert!(
        run.stdout.contains("not ready within 50 ms"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_server_that_ends_in_the_middle_ends_the_scenario() {
    let home = Home::new();
    let waits = "[[scenario.step]]\nexpect = 'customer.created'";
    let text =
        shell("echo last words; echo up > ready; sleep 0.2; exit 4", "") + &scenario("a", waits);
    let run = check(&home, &text, &[]).expect(6);
    for said in [
        "the server runs on",
        "it ended: exit status: 4",
        "last words",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
}

#[test]
fn a_server_has_the_sandbox_in_its_environment_and_nothing_of_it_in_its_arguments() {
    let home = Home::new();
    // It is ready once it could use the sandbox: with the key, at the address.
    let script = "\"$FLUXA\" customers create --email a@example.com --output json > made || exit 1; \
                  tr '\\0' ' ' < /proc/$$/cmdline > arguments; echo \"$FLUXA_WEBHOOK_SECRET $PORT\" > ready; sleep 1000";
    let own = format!(
        "env = {{ FLUXA = '{}', PORT = '${{port}}' }}",
        env!("CARGO_BIN_EXE_fluxa")
    );
    let steps = "[[scenario.step]]\nexpect = 'customer.created'\nwhere = { 'data.object.email' = 'a@example.com' }";
    check(&home, &(shell(script, &own) + &scenario("a", steps)), &[]).expect(0);
    let ready = std::fs::read_to_string(home.path("ready")).unwrap();
    let (secret, port) = ready.trim().split_once(' ').unwrap();
    assert!(
        secret.starts_with("whsec_") && port.parse::<u16>().is_ok(),
        "{ready}"
    );
    if cfg!(target_os = "linux") {
        let arguments = std::fs::read_to_string(home.path("arguments")).unwrap();
        assert!(
            !arguments.contains("sk_test_") && !arguments.contains("whsec_"),
            "{arguments}"
        );
    }
}

/// The examples are what people copy: they are run as they are.
#[test]
fn the_script_of_the_examples_runs_as_it_is() {
    let home = Home::new();
    let mut command = std::process::Command::new("bash");
    let own = home.fluxa(&[]);
    command
        .arg(examples().join("check.sh"))
        .env_clear()
        .current_dir(home.path(""));
    command.envs(
        own.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command.env("FLUXA", env!("CARGO_BIN_EXE_fluxa"));
    let run = Run::of(command).expect(0);
    assert!(run.stdout.contains("3 scenarios held"), "{}", run.stdout);
    assert!(home.path("fluxa.xml").exists());
}

/// Every command of the workflow, as its steps have them, by the shell that GitHub's runners use.
#[test]
fn the_commands_of_the_workflow_run_as_they_are() {
    let workflow = std::fs::read_to_string(examples().join("github-actions.yml")).unwrap();
    let commands = commands_of(&workflow);
    assert_eq!(commands.len(), 3, "{commands:?}");
    let home = Home::new();
    let binary = Path::new(env!("CARGO_BIN_EXE_fluxa"));
    // The repository is where the workflow runs; what it writes is not left there.
    let (repository, report) = (examples().join("../.."), home.path("fluxa.xml"));
    for command in commands {
        let command = command.replace(
            "--junit fluxa.xml",
            &format!("--junit {}", report.display()),
        );
        let mut shell = std::process::Command::new("bash");
        shell.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &command]);
        let own = home.fluxa(&[]);
        let mut path = binary.parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        shell.env_clear().current_dir(&repository);
        shell.envs(
            own.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        shell.env("PATH", path);
        Run::of(shell).expect(0);
    }
    assert!(report.exists());
}

fn examples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/ci")
}

/// The text of each `run:` of a workflow, on its line or in the block below it.
fn commands_of(workflow: &str) -> Vec<String> {
    let lines: Vec<&str> = workflow.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut commands = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(command) = line.trim_start().strip_prefix("run: ") else {
            continue;
        };
        if command != "|" {
            commands.push(command.to_owned());
            continue;
        }
        let below = lines[at + 1..].iter();
        let block =
            below.take_while(|below| below.trim().is_empty() || indent(below) > indent(line));
        commands.push(block.copied().collect::<Vec<_>>().join("\n"));
    }
    commands
}
