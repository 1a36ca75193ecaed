//! Exit codes, where errors go, and what they say.

use std::net::TcpListener;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Home, KEY, Mock, Run, mock_control, signal};

#[test]
fn a_fault_of_the_command_line_is_2_and_on_stderr() {
    let home = Home::new();
    for arguments in [
        &["nonsense"][..],
        &["listen", "--header", "A: b"],
        &["keys", "rotate"],
        &["trigger"],
    ] {
        let run = home.run(arguments).expect(2);
        assert_eq!(run.stdout, "");
        assert!(!run.stderr.is_empty());
    }
    let run = home.run(&["trigger"]).expect(2);
    assert!(
        run.stderr.contains("`fluxa trigger --list`"),
        "{}",
        run.stderr
    );
    let run = home.run(&["--output", "json", "nonsense"]).expect(2);
    let error: Value = serde_json::from_str(run.stderr.trim()).unwrap();
    assert_eq!(error["error"]["exit_code"], 2);
}

#[test]
fn a_typo_is_told_with_what_was_meant_in_both_outputs() {
    let home = Home::new();
    for (typed, meant) in [
        (&["lisen", "-f", "1"][..], "listen"),
        (&["logs", "tial"], "tail"),
        (&["payments", "lst"], "list"),
        (&["status", "--profil", "x"], "--profile"),
        (&["payments", "list", "--stat", "SETTLED"], "--state"),
        (&["payments", "list", "--state", "setled"], "SETTLED"),
        (&["completion", "zhs"], "zsh"),
        (&["trigger", "payment.setled"], "payment.settled"),
        (&["payments", "get", "rfd_1a"], "`fluxa refunds get rfd_1a`"),
        (&["events", "get", "pay_1a"], "`fluxa payments get pay_1a`"),
        (&["open", "--print", "inspecter"], "inspector"),
    ] {
        let with_key = |arguments: &[&str]| {
            let mut command = home.fluxa(arguments);
            command.env("FLUXA_SECRET_KEY", KEY);
            command.env("FLUXA_API_BASE", "http://127.0.0.1:1/v1");
            Run::of(command).expect(2).stderr
        };
        let human = with_key(typed);
        assert!(human.contains(meant), "{typed:?}: {human}");
        let json = with_key(&[&["--output", "json"], typed].concat());
        let error: Value = serde_json::from_str(json.trim()).unwrap();
        let (message, hint) = (&error["error"]["message"], &error["error"]["hint"]);
        assert!(
            format!("{message} {hint}").contains(meant),
            "{typed:?}: {json}"
        );
    }
    let run = home.run(&["--output", "json", "reconcile"]).expect(2);
    assert!(run.stderr.contains("<STATEMENT>"), "{}", run.stderr);
    let run = home.run(&["--output", "json"]).expect(2);
    assert!(run.stderr.contains("missing"), "{}", run.stderr);
}

#[test]
fn a_mock_for_other_machines_is_a_usage_error_that_says_what_to_do() {
    for address in ["0.0.0.0:4990", "[::]:4990", "192.0.2.1:4990"] {
        let run = Home::new().run(&["mock", "--addr", address]).expect(2);
        let (stdout, stderr) = (&run.stdout, &run.stderr);
        assert_eq!(stdout, "");
        assert!(stderr.contains("serves this machine only"), "{stderr}");
        assert!(stderr.contains("hint: use 127.0.0.1:4990"), "{stderr}");
        assert!(stderr.contains("SSH tunnel"), "{stderr}");
        assert!(stderr.contains("--expose"), "{stderr}");
    }
}

#[test]
fn no_key_is_3_and_says_what_to_do() {
    let run = Home::new().run(&["events", "list"]).expect(3);
    assert!(
        run.stderr.contains("hint: ") && run.stderr.contains("fluxa mock"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_key_in_a_variable_that_is_not_read_is_pointed_out() {
    let home = Home::new();
    let mut command = home.fluxa(&["events", "list"]);
    command.env("FLUXA_API_KEY", KEY);
    let run = Run::of(command).expect(3);
    let said = "no API key: FLUXA_API_KEY is not read";
    assert!(run.stderr.contains(said), "{}", run.stderr);
    assert!(
        run.stderr.contains("set FLUXA_SECRET_KEY"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_key_that_is_none_is_3_and_is_not_repeated() {
    let home = Home::new();
    let mut command = home.fluxa(&["events", "list"]);
    command.env("FLUXA_SECRET_KEY", "pk_test_abcdefghijklmnop");
    let run = Run::of(command).expect(3);
    assert!(!run.stderr.contains("abcdefghijklmnop"), "{}", run.stderr);
    let run = home
        .run(&["events", "get", "sk_test_abcdefghijklmnop", "extra"])
        .expect(2);
    assert!(!run.stderr.contains("abcdefghijklmnop"), "{}", run.stderr);
}

#[test]
fn an_api_error_is_4_with_its_request_id_in_both_outputs() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let missing = "evt_00000000000000ff";
    let run = mock.run(&home, &["events", "get", missing]).expect(4);
    assert!(run.stderr.contains("request id: req_"), "{}", run.stderr);
    assert!(run.stderr.contains("docs: https://"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
    let run = mock
        .run(&home, &["events", "get", missing, "--output", "json"])
        .expect(4);
    let error: Value = serde_json::from_str(run.stderr.trim()).unwrap();
    assert_eq!(error["error"]["kind"], "api");
    assert_eq!(error["error"]["status"], 404);
    assert!(
        error["error"]["request_id"]
            .as_str()
            .unwrap()
            .starts_with("req_")
    );
}

#[test]
fn a_wrong_key_is_3() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let mut command = mock.fluxa(&home, &["events", "list"]);
    command.env("FLUXA_SECRET_KEY", "sk_test_nobodysnobodysnobodysnobodysno");
    Run::of(command).expect(3);
}

#[test]
fn nobody_at_the_address_is_5_soon() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let base = format!("http://{address}/v1");
    let arguments = ["events", "list", "--api-base", &base, "--api-key", KEY];
    let run = Home::new().run(&arguments).expect(5);
    assert!(run.stderr.contains("fluxa mock"), "{}", run.stderr);
}

#[test]
fn a_flag_beats_the_environment() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let mut command = home.fluxa(&["events", "list", "--api-base", &mock.base_url]);
    command
        .env("FLUXA_API_BASE", "http://127.0.0.1:1/v1")
        .env("FLUXA_SECRET_KEY", KEY);
    Run::of(command).expect(0);
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let home = Home::new();
    let mut child = home
        .fluxa(&["trigger", "--list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    Run::finish(child).expect(0);
}

#[test]
fn a_mock_that_is_interrupted_says_so_and_one_that_is_terminated_ends_well() {
    for (name, code) in [("INT", 130), ("TERM", 0)] {
        let mock = Mock::start(&Home::new(), &[]);
        signal(mock.process(), name);
        assert_eq!(mock.wait(), code, "{name}");
    }
}

#[test]
fn escape_sequences_from_outside_do_not_reach_the_terminal() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}x";
    mock.run(&home, &["keys", "create", "--name", hostile])
        .expect(0);
    let run = mock.run(&home, &["keys", "list"]).expect(0);
    assert!(run.stdout.contains("\\u{1b}]0;owned"), "{}", run.stdout);
    let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!run.stdout.chars().any(harmful), "{:?}", run.stdout);
    let run = home.run(&["trigger", hostile]).expect(2);
    assert!(!run.stderr.chars().any(harmful), "{:?}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_refused_and_lets_no_other_key_through() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    let mut command = home.fluxa(&["config", "list"]);
    command.env(
        "FLUXA_SECRET_KEY",
        std::ffi::OsStr::from_bytes(b"sk_test_\xff"),
    );
    let run = Run::of(command).expect(2);
    assert!(
        run.stderr.contains("FLUXA_SECRET_KEY is not UTF-8"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_base_url_without_its_version_or_its_scheme_is_told_from_a_right_one() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let bare = mock.base_url.trim_end_matches("/v1");
    let run = mock
        .run(&home, &["events", "list", "--api-base", bare])
        .expect(4);
    assert!(run.stderr.contains("end in /v1?"), "{}", run.stderr);
    let run = mock
        .run(&home, &["events", "list", "--api-base", "localhost:4010"])
        .expect(2);
    let hint = "did you mean http://localhost:4010/v1?";
    assert!(run.stderr.contains(hint), "{}", run.stderr);
}

#[test]
fn a_port_that_is_taken_comes_with_another_and_how_to_use_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let other = if port == u16::MAX { port - 1 } else { port + 1 };
    let address = format!("localhost:{port}");
    let run = Home::new().run(&["mock", "--addr", &address]).expect(1);
    let hint = format!("--mock --api-base http://127.0.0.1:{other}/v1");
    assert!(run.stderr.contains(&hint), "{}", run.stderr);
}

#[test]
fn only_who_does_not_answer_is_said_not_to() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = std::io::Write::write_all(&mut stream, b"SSH-2.0-OpenSSH_9.6\r\n");
        }
    });
    let arguments = ["events", "list", "--api-base", &base, "--api-key", KEY];
    let run = home.run(&arguments).expect(5);
    assert!(!run.stderr.contains("is it running"), "{}", run.stderr);
    assert!(
        run.stderr.contains("something answers there"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_link_to_the_docs_is_one_that_a_browser_opens_and_runs_nothing() {
    let home = Home::new();
    for (link, shown) in [
        ("https://docs.fluxapay.co.uk/x", true),
        ("javascript:alert(1)", false),
        ("file:///etc/passwd", false),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/v1", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
            let body = format!(r#"{{"error":{{"code":"x","message":"no","doc_url":"{link}"}}}}"#);
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
        });
        let arguments = ["events", "list", "--api-base", &base, "--api-key", KEY];
        let said = home.run(&arguments).expect(4).stderr;
        assert_eq!(said.contains(link), shown, "{said}");
    }
}

#[test]
fn verbose_says_what_is_asked_what_came_of_it_and_of_retries() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let fault = serde_json::json!({
        "method": "POST", "path": "/v1/customers", "times": 1, "status": 503,
    });
    mock_control(&mock, "/faults", fault);
    let create = ["customers", "create", "--email", "a@shop.example", "-v"];
    let said = mock.run(&home, &create).expect(0).stderr;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    let host = mock.address();
    let sent = format!("> POST /v1/customers to {host}");
    assert!(lines[0].starts_with(&format!("{sent}, key ")), "{said}");
    assert!(
        lines[1].starts_with("< 503 POST /v1/customers in "),
        "{said}"
    );
    assert!(
        lines[1].contains(", req_") && lines[1].contains("; again in "),
        "{said}"
    );
    assert!(
        lines[2].starts_with(&format!("{sent}, attempt 2, key ")),
        "{said}"
    );
    assert!(
        lines[3].starts_with("< 201 POST /v1/customers in "),
        "{said}"
    );
    assert!(lines[3].contains(", attempt 2, req_"), "{said}");
    // A query may hold personal data.
    let list = ["customers", "list", "--email", "a@shop.example", "-v"];
    let said = mock.run(&home, &list).expect(0).stderr;
    assert!(said.contains("> GET /v1/customers to "), "{said}");
    assert!(!said.contains("shop.example"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn help_and_version_that_cannot_be_printed_are_failures() {
    let home = Home::new();
    for arguments in [&["--version"][..], &["--help"], &["listen", "--help"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let child = home
            .fluxa(arguments)
            .stdout(full.unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let run = Run::finish(child).expect(1);
        assert!(
            run.stderr.contains("cannot write to stdout"),
            "{}",
            run.stderr
        );
    }
}
