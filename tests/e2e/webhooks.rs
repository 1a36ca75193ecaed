//! `fluxa webhooks`: signing and verifying by hand, with no key and no network.

use std::io::Write;
use std::process::Stdio;

use fluxa_sdk::webhooks::sign;
use serde_json::{Value, json};

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
        (
            BODY,
            SECRET,
            &SIGNATURE[..SIGNATURE.len() - 2],
            &then,
            "has 62 of the 64 digits",
        ),
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
fn a_signature_is_good_for_a_body_that_is_no_event_and_says_so() {
    let home = Home::new();
    let file = home.path("body");
    std::fs::write(&file, "\u{fffd} not json").unwrap();
    let file = file.to_str().unwrap();
    let signed = run(&home, SECRET, &["sign", file, "--timestamp", "1716135600"]).expect(0);
    let header = signed.stdout.trim();
    let arguments = ["verify", file, "--signature", header, "--at", "1716135660"];
    let valid = run(&home, SECRET, &arguments).expect(0);
    assert!(
        valid.stdout.starts_with("valid  no event"),
        "{}",
        valid.stdout
    );
    assert!(
        valid.stdout.contains("60 seconds earlier"),
        "{}",
        valid.stdout
    );
    let json = [&arguments[..], &["--output", "json"]].concat();
    let valid = run(&home, SECRET, &json).expect(0).json_lines().remove(0);
    assert_eq!(
        valid,
        json!({ "valid": true, "event": null, "event_type": null, "age_seconds": 60 })
    );
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

/// A header as a server may see it, and whether it is good for a body.
struct Case {
    header: Value,
    body: Vec<u8>,
    genuine: bool,
}

/// Signatures good, bad and broken; none may end in anything but a verdict.
fn cases() -> Vec<Case> {
    let body = "{\"id\":\"evt_1\",\"name\":\"Zoë\"}".as_bytes();
    let now = jiff::Timestamp::now().as_second();
    let right = |at| sign(b"whsec_right", at, body);
    let good = right(now);
    let v1 = good.split_once(',').unwrap().1;
    let other = sign(b"right", now, body);
    let case = |header: Value, genuine| Case {
        header,
        body: body.to_vec(),
        genuine,
    };
    let text = |header: &str, genuine| case(json!(header), genuine);
    let mut cases = vec![
        text(&good, true),
        text(&good.replace(",v1", " , v1").replace("t=", " t="), true),
        text(
            &good.to_uppercase().replace("T=", "t=").replace("V1", "v1"),
            true,
        ),
        text(&other, false),
        text(&right(now - 400), false),
        text(&right(now + 400), false),
        // While a secret rotates there are several; one that fits is enough.
        text(&format!("{other},{v1}"), true),
        text(&format!("{good},v1=00,v1=,v1=é,v1"), true),
        text(&format!("t={now},v1=é,v2=x"), false),
        text(&format!("t={now},v1=éé,{v1}"), true),
        text(&format!("t={now}"), false),
        text(v1, false),
        text(&format!("t=²,{v1}"), false),
        text(&format!("t=-{now},{v1}"), false),
        text(&format!("t=0{now}0000,{v1}"), false),
        text(&format!("t,{v1}"), false),
        text(",=,==;t=t", false),
        text("", false),
        case(json!(null), false),
        // The header twice, as servers join it.
        text(&format!("{good}, {good}"), false),
    ];
    let longer = [body, b"\n"].concat();
    let binary = b"\xff\xfe{".to_vec();
    cases.push(Case {
        header: json!(good),
        body: longer,
        genuine: false,
    });
    for genuine in [true, false] {
        let secret = if genuine {
            "whsec_right"
        } else {
            "whsec_other"
        };
        cases.push(Case {
            header: json!(sign(secret.as_bytes(), now, &binary)),
            body: binary.clone(),
            genuine,
        });
    }
    cases
}

/// Runs what the page shows over all cases: the program reads them, and prints a verdict for each.
fn judges(program: &str, file: &str, source: &str, cases: &[Case]) {
    let home = Home::new();
    let given: Vec<Value> = cases
        .iter()
        .map(|case| json!({ "header": case.header, "body": case.body }))
        .collect();
    let file = home.path(file);
    std::fs::write(&file, source).unwrap();
    let list = home.path("cases.json");
    std::fs::write(&list, json!(given).to_string()).unwrap();
    let mut command = std::process::Command::new(program);
    command.arg(&file).arg(&list);
    let said = Run::of(command).expect(0).stdout;
    let said: Vec<bool> = serde_json::from_str(&said).unwrap();
    assert_eq!(said.len(), cases.len());
    for (case, said) in cases.iter().zip(said) {
        assert_eq!(said, case.genuine, "{program}: {}", case.header);
    }
}

#[test]
fn what_the_page_shows_in_python_judges_whatever_comes() {
    let call = "
import json, sys
cases = json.load(open(sys.argv[1]))
print(json.dumps([is_genuine('whsec_right', case['header'], bytes(case['body'])) for case in cases]))
";
    let source = format!("{}\n{call}", snippet("python"));
    judges("python3", "verify.py", &source, &cases());
}

#[test]
fn what_the_page_shows_in_javascript_judges_whatever_comes() {
    let there = std::process::Command::new("node").arg("--version").output();
    if there.is_err() {
        assert!(std::env::var_os("CI").is_none(), "node is not installed");
        eprintln!("SKIPPED: node is not installed");
        return;
    }
    let call = "
import { readFileSync } from \"node:fs\";
const cases = JSON.parse(readFileSync(process.argv[2]));
const judged = cases.map(({ header, body }) =>
  isGenuine(\"whsec_right\", header ?? undefined, body && Buffer.from(body)));
console.log(JSON.stringify(judged));
";
    let source = format!("{}\n{call}", snippet("js"));
    let mut cases = cases();
    // Some servers give a list where a header came twice.
    let twice = json!([cases[0].header, cases[0].header]);
    cases.push(Case {
        header: twice,
        body: cases[0].body.clone(),
        genuine: false,
    });
    judges("node", "verify.mjs", &source, &cases);
    let parsed = format!(
        "{}\nconsole.log(JSON.stringify([isGenuine(\"whsec_right\", JSON.parse(process.argv[2]), {{}})]));\n",
        snippet("js")
    );
    let home = Home::new();
    let file = home.path("parsed.mjs");
    std::fs::write(&file, parsed).unwrap();
    let mut command = std::process::Command::new("node");
    command.arg(&file).arg(cases[0].header.to_string());
    assert_eq!(Run::of(command).expect(0).stdout.trim(), "[false]");
}
