//! `fluxa webhooks`: signing and verifying by hand, with no key and no network.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Home, Run};

const SECRET: &str = "whsec_vector";
const BODY: &str = r#"{"id":"evt_1","type":"payment.settled"}"#;
/// printf '1716135600.%s' "$BODY" | openssl dgst -sha256 -hmac whsec_vector
const SIGNATURE: &str =
    "t=1716135600,v1=d7bf7b6b2854ba93ba97d1b7d1f60cc74cc303601fe12275781450b74019596d";

fn run(home: &Home, secret: &str, arguments: &[&str]) -> Run {
    let mut command = home.fluxa(&[&["webhooks"], arguments].concat());
    command.env("FLUXA_WEBHOOK_SECRET", secret);
    Run::of(command)
}

fn piped(home: &Home, secret: &str, arguments: &[&str], stdin: &str) -> Run {
    let mut command = home.fluxa(&[&["webhooks"], arguments].concat());
    command
        .env("FLUXA_WEBHOOK_SECRET", secret)
        .stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may have ended without reading.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    Run::finish(child)
}

#[test]
fn the_signature_is_that_of_another_tool() {
    let home = Home::new();
    let file = home.path("body");
    std::fs::write(&file, BODY).unwrap();
    let file = file.to_str().unwrap();
    let signed = run(&home, SECRET, &["sign", file, "--timestamp", "1716135600"]).expect(0);
    assert_eq!(signed.stdout.trim(), SIGNATURE);
    let arguments = ["sign", file, "--timestamp", "1716135600", "--secret-stdin"];
    let signed = piped(&home, "whsec_other", &arguments, "whsec_vector\n").expect(0);
    assert_eq!(signed.stdout.trim(), SIGNATURE);
    let arguments = ["sign", "-", "--timestamp", "1716135600", "--output", "json"];
    let signed = piped(&home, SECRET, &arguments, BODY).expect(0);
    assert_eq!(signed.json_lines()[0]["value"], SIGNATURE);

    let header = run(&home, SECRET, &["sign", file, "--header"]).expect(0);
    let header = header.stdout.trim();
    assert!(header.starts_with("X-Fluxa-Signature: t="), "{header}");
    let valid = run(&home, SECRET, &["verify", file, "--signature", header]).expect(0);
    assert!(
        valid.stdout.starts_with("valid  payment.settled evt_1"),
        "{}",
        valid.stdout
    );
}

#[test]
fn a_signature_that_is_not_good_is_told_exactly_why() {
    let home = Home::new();
    let file = home.path("body");
    let file = file.to_str().unwrap();
    let then = ["--at", "2024-05-19T16:20:00Z"];
    let spaced = r#"{"id": "evt_1", "type": "payment.settled"}"#;
    for (body, secret, signature, at, told) in [
        (
            BODY,
            SECRET,
            SIGNATURE,
            &["--at", "1716136000"],
            "is 100 seconds too old",
        ),
        (
            BODY,
            SECRET,
            SIGNATURE,
            &["--at", "1716135299"],
            "is 1 second too far in the future",
        ),
        (BODY, "whsec_other", SIGNATURE, &then, "by another secret"),
        (
            BODY,
            SECRET,
            "t=1716135600,v0=00",
            &then,
            "there is no `v1`",
        ),
        (BODY, SECRET, "v1=00", &then, "there is no `t`"),
        (
            &format!("{BODY}\n"),
            SECRET,
            SIGNATURE,
            &then,
            "white space at its end that was not",
        ),
        (spaced, SECRET, SIGNATURE, &then, "without white space"),
        ("{}", SECRET, SIGNATURE, &then, "the body is another"),
    ] {
        std::fs::write(file, body).unwrap();
        let arguments = [&["verify", file, "--signature", signature], &at[..]].concat();
        let run = run(&home, secret, &arguments).expect(1);
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
        assert!(
            run.stdout.is_empty() && !run.stderr.contains("vector"),
            "{}",
            run.stderr
        );
    }
    std::fs::write(file, BODY).unwrap();
    let late = [
        "verify",
        file,
        "--signature",
        SIGNATURE,
        "--at",
        "1716136000",
    ];
    run(
        &home,
        SECRET,
        &[&late[..], &["--tolerance", "400s"]].concat(),
    )
    .expect(0);
}

#[test]
fn a_secret_is_needed_and_never_taken_from_the_command_line() {
    let home = Home::new();
    let none = run(&home, "", &["sign", "body"]).expect(2);
    assert!(none.stderr.contains("--secret-stdin"), "{}", none.stderr);
    let both = run(&home, "", &["sign", "-", "--secret-stdin"]).expect(2);
    assert!(both.stderr.contains("both"), "{}", both.stderr);
    run(&home, SECRET, &["sign", "body", "--timestamp", "-1"]).expect(2);
    run(
        &home,
        SECRET,
        &["sign", "body", "--timestamp", "1000000000000"],
    )
    .expect(1);
}

/// Returns the block of a language in docs/webhooks.md.
fn snippet(language: &str) -> &'static str {
    let page = include_str!("../../docs/webhooks.md");
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0
}

/// What the page shows, run on a real signature, a body with one byte more, and another secret.
fn judges(home: &Home, program: &str, file: &str, source: &str) {
    let body = home.path("body.json");
    std::fs::write(&body, "{\"id\":\"evt_1\",\"name\":\"Zoë\"}").unwrap();
    std::fs::write(home.path(file), source).unwrap();
    let mut sign = home.fluxa(&["webhooks", "sign", body.to_str().unwrap()]);
    sign.env("FLUXA_WEBHOOK_SECRET", "whsec_right");
    let header = Run::of(sign).expect(0).stdout.trim().to_owned();
    for (secret, added, verdict) in [
        ("whsec_right", "", "true"),
        ("whsec_right", "\n", "false"),
        ("right", "", "false"),
    ] {
        let text = format!("{{\"id\":\"evt_1\",\"name\":\"Zoë\"}}{added}");
        std::fs::write(&body, text).unwrap();
        let mut command = std::process::Command::new(program);
        command
            .arg(home.path(file))
            .args([secret, &header])
            .arg(&body);
        let said = Run::of(command).expect(0).stdout.trim().to_lowercase();
        assert_eq!(said, verdict, "{program}: {secret} {added:?}");
    }
}

#[test]
fn what_the_page_shows_in_python_verifies_what_is_signed_here() {
    let call = "\nimport sys\nprint(is_genuine(sys.argv[1], sys.argv[2], open(sys.argv[3], 'rb').read()))\n";
    let source = format!("{}{call}", snippet("python"));
    judges(&Home::new(), "python3", "verify.py", &source);
}

#[test]
fn what_the_page_shows_in_javascript_verifies_what_is_signed_here() {
    let there = std::process::Command::new("node").arg("--version").output();
    if there.is_err() {
        assert!(std::env::var_os("CI").is_none(), "node is not installed");
        eprintln!("SKIPPED: node is not installed");
        return;
    }
    let call = "\nimport { readFileSync } from \"node:fs\";\nconst [, , secret, header, file] = process.argv;\n\
                console.log(isGenuine(secret, header, readFileSync(file)));\n";
    let source = format!("{}{call}", snippet("js"));
    judges(&Home::new(), "node", "verify.mjs", &source);
}
