//! `fluxa login`, `logout`, `whoami`: a key is checked, stored, used, said to be whose, and removed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Home, KEY, Mock, Run, Running, eventually, piped, ready_file, signal};

/// The mock's well-known restricted key: it may read.
const READER: &str = "rk_test_mock0000000000000000000000000000";

const LIVE: &str = "sk_live_abcdefghijklmnopqrstuvwxyz0123";

/// Logs in with a key on stdin, to the mock.
fn login(home: &Home, base: &str, key: &str, more: &[&str]) -> Run {
    let arguments = [&["login", "--api-key-stdin", "--api-base", base], more].concat();
    piped(home.fluxa(&arguments), key)
}

fn credentials(home: &Home) -> Option<String> {
    std::fs::read_to_string(home.path(".config/fluxa/credentials.toml")).ok()
}

#[track_caller]
fn whoami(home: &Home, more: &[&str]) -> Value {
    let arguments = [&["whoami", "--output", "json"], more].concat();
    home.run(&arguments).expect(0).json_lines().remove(0)
}

#[test]
fn a_key_that_was_checked_is_stored_and_used_until_logout() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let stored = login(&home, &mock.base_url, KEY, &[]).expect(0);
    for said in [
        "sk_test_…0000",
        "test: no money moves",
        "plain text",
        "0600",
    ] {
        assert!(stored.stderr.contains(said), "{}", stored.stderr);
    }
    assert_eq!(stored.stdout, "");
    assert!(credentials(&home).unwrap().contains(KEY));

    // The base URL it was checked at is the profile's from now on.
    home.run(&["events", "list"]).expect(0);
    let who = whoami(&home, &[]);
    assert_eq!(who["mode"], "test");
    assert_eq!(who["key"], "sk_test_…0000");
    assert_eq!(who["key_from"], "profile default");
    assert_eq!(who["api_base"], mock.base_url.as_str());
    assert!(who["account"]["id"].as_str().unwrap().starts_with("mer_"));
    let said = home.run(&["whoami"]).expect(0).stdout;
    assert!(said.contains("test: no money moves") && !said.contains("mock0000"));

    let gone = home.run(&["logout"]).expect(0);
    assert!(gone.stderr.contains("removed: default"), "{}", gone.stderr);
    assert!(!credentials(&home).unwrap().contains(KEY));
    home.run(&["whoami"]).expect(3);
    let again = home.run(&["logout"]).expect(0);
    assert!(again.stderr.contains("no key was stored"));
}

#[test]
fn a_key_that_is_not_good_is_not_stored_and_the_one_before_stands() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/v1", free.local_addr().unwrap());
    drop(free);
    let unknown = "sk_test_nobodysnobodysnobodysnobodysno";
    for (key, base, code) in [
        (unknown, &mock.base_url, 3),
        (
            "pk_test_mock0000000000000000000000000000",
            &mock.base_url,
            3,
        ),
        ("nonsense", &mock.base_url, 3),
        ("", &mock.base_url, 3),
        (LIVE, &mock.base_url, 3),
        (KEY, &nobody, 5),
        (KEY, &"http://example.com/v1".to_owned(), 2),
    ] {
        let refused = login(&home, base, key, &[]).expect(code);
        assert!(!refused.stderr.contains("nobodys"), "{}", refused.stderr);
        assert_eq!(credentials(&home), None, "{key} at {base}");
    }
    login(&home, &mock.base_url, KEY, &[]).expect(0);
    let before = credentials(&home);
    let refused = login(&home, &mock.base_url, unknown, &[]).expect(3);
    assert!(refused.stderr.contains("nothing is stored"));
    assert_eq!(credentials(&home), before);
}

#[test]
fn a_restricted_key_that_may_not_see_the_account_logs_in() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = [
        "keys",
        "create",
        "--name",
        "reader",
        "--kind",
        "restricted",
        "--scope",
        "events:read",
        "--output",
        "json",
    ];
    let created = mock.run(&home, &create).expect(0).json_lines().remove(0);
    let key = created["secret"].as_str().unwrap();
    let stored = login(&home, &mock.base_url, key, &["--output", "json"]).expect(0);
    let stored = stored.json_lines().remove(0);
    assert_eq!(stored["account"], Value::Null);
    assert_eq!(
        (&stored["mode"], &stored["key_in"]),
        (&json!("test"), &json!("file"))
    );
    assert_eq!(whoami(&home, &[])["account"], Value::Null);
    let said = home.run(&["whoami"]).expect(0).stdout;
    assert!(said.contains("merchant:read"), "{said}");
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let home = Home::new();
    let unasked = home.run(&["login", "--profile", "shop"]).expect(2);
    let again = "`fluxa login --api-key-stdin --profile shop < key.txt`";
    assert!(unasked.stderr.contains(again), "{}", unasked.stderr);
    home.run(&["login", "--api-key-stdin", "--mock"]).expect(2);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_the_key_is_asked_for_and_not_echoed() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let terminal = home.path("terminal");
    let fluxa = home.fluxa(&[]);
    let line = format!(
        "tty > {}; exec {} login --api-base {}",
        terminal.display(),
        Path::new(fluxa.get_program()).display(),
        mock.base_url
    );
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env_clear();
    command.envs(
        fluxa
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.expect("`script` of util-linux gives the terminal");
    let mut shown = BufReader::new(child.stdout.take().unwrap());
    let mut before = String::new();
    while !before.contains("API key") {
        assert_ne!(shown.read_line(&mut before).unwrap(), 0, "{before}");
    }
    let name = std::fs::read_to_string(&terminal).unwrap();
    eventually("a terminal that does not echo", || {
        let mut stty = Command::new("stty");
        let settings = stty
            .args(["-a", "-F", name.trim()])
            .output()
            .unwrap()
            .stdout;
        String::from_utf8_lossy(&settings)
            .contains("-echo ")
            .then_some(())
    });
    let mut typed = child.stdin.take().unwrap();
    typed.write_all(format!("{KEY}\n").as_bytes()).unwrap();
    let mut after = String::new();
    shown.read_to_string(&mut after).unwrap();
    assert!(child.wait().unwrap().success(), "{before}{after}");
    drop(typed);
    assert!(after.contains("stored for profile default"), "{after}");
    assert!(!after.contains("mock0000"), "{after}");
    assert!(credentials(&home).unwrap().contains(KEY));
}

#[test]
fn profiles_are_kept_apart_and_one_is_chosen() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    login(&home, &mock.base_url, KEY, &[]).expect(0);
    let second = login(&home, &mock.base_url, READER, &["--profile", "reader"]).expect(0);
    assert!(
        second.stderr.contains("fluxa config use reader"),
        "{}",
        second.stderr
    );
    assert_eq!(whoami(&home, &[])["key"], "sk_test_…0000");
    assert_eq!(
        whoami(&home, &["--profile", "reader"])["key"],
        "rk_test_…0000"
    );

    home.run(&["config", "use", "reader"]).expect(0);
    assert_eq!(whoami(&home, &[])["profile"], "reader");
    assert_eq!(
        whoami(&home, &["--profile", "default"])["profile"],
        "default"
    );
    let wrong = home.run(&["config", "use", "raeder"]).expect(2);
    assert!(
        wrong.stderr.contains("did you mean `reader`?"),
        "{}",
        wrong.stderr
    );
    let listed = home
        .run(&["config", "profiles", "--output", "json"])
        .expect(0);
    let listed: Vec<Value> = listed
        .json_lines()
        .iter()
        .map(|profile| {
            json!([
                profile["profile"],
                profile["used"],
                profile["mode"],
                profile["key"]
            ])
        })
        .collect();
    assert_eq!(
        listed,
        [
            json!(["default", false, "test", "sk_test_…0000"]),
            json!(["reader", true, "test", "rk_test_…0000"]),
        ]
    );

    home.run(&["config", "delete", "reader"]).expect(2);
    home.run(&["config", "delete", "reader", "--yes"]).expect(0);
    assert!(!credentials(&home).unwrap().contains(READER));
    assert_eq!(whoami(&home, &[])["profile"], "default");
    login(&home, &mock.base_url, READER, &["--profile", "reader"]).expect(0);
    let all = ["logout", "--all", "--output", "json"];
    let unasked = home.run(&all).expect(2);
    assert!(
        unasked.stderr.contains("(default, reader)"),
        "{}",
        unasked.stderr
    );
    let all = home.run(&[&all[..], &["--yes"]].concat()).expect(0);
    assert_eq!(
        all.json_lines()[0],
        json!({ "removed": ["default", "reader"] })
    );
    assert!(!credentials(&home).unwrap().contains("_test_"));
}

#[test]
fn a_profile_without_a_key_points_to_one_that_has_one() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    login(&home, &mock.base_url, KEY, &["--profile", "shop"]).expect(0);
    let none = home.run(&["events", "list"]).expect(3);
    assert!(none.stderr.contains("`--profile shop`"), "{}", none.stderr);
    let named = home
        .run(&["events", "list", "--profile", "nobody"])
        .expect(2);
    assert!(named.stderr.contains("profiles: shop"), "{}", named.stderr);
}

/// Who am I, with this in the environment: what is said on stderr, and what is used.
#[track_caller]
fn whoami_with(home: &Home, environment: &[(&str, &str)], more: &[&str]) -> (Value, String) {
    let mut command = home.fluxa(&[&["whoami", "--output", "json"], more].concat());
    command.envs(environment.iter().copied());
    let run = Run::of(command).expect(0);
    (run.json_lines().remove(0), run.stderr)
}

#[test]
fn what_is_used_instead_of_something_else_is_said_once_and_without_its_value() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let elsewhere = "http://127.0.0.1:1/v1";
    login(&home, &mock.base_url, KEY, &[]).expect(0);
    let (key, base) = ("FLUXA_SECRET_KEY", "FLUXA_API_BASE");

    let (who, said) = whoami_with(&home, &[(key, KEY), (base, &mock.base_url)], &[]);
    assert_eq!((&who["key_from"], said.as_str()), (&json!(key), ""));
    let slash = format!("{}/", mock.base_url);
    assert_eq!(
        whoami_with(&home, &[(base, &slash)], &["--api-key", KEY]).1,
        ""
    );

    for (environment, flags, used, warnings) in [
        (
            &[(key, READER)][..],
            &[][..],
            key,
            &["FLUXA_SECRET_KEY is used; profile default holds another key"][..],
        ),
        (
            &[(key, LIVE)],
            &["--api-key", READER],
            "--api-key",
            &["--api-key is used; FLUXA_SECRET_KEY and profile default hold another key"],
        ),
        (
            &[(base, elsewhere)],
            &["--api-base", &mock.base_url],
            "profile default",
            &["--api-base is used; FLUXA_API_BASE holds another base URL"],
        ),
    ] {
        let (who, said) = whoami_with(&home, environment, flags);
        assert_eq!(who["key_from"], used);
        let said: Vec<Value> = said
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let expected: Vec<Value> = warnings
            .iter()
            .map(|warning| json!({ "warning": { "message": warning } }))
            .collect();
        assert_eq!(said, expected);
    }
    // --mock beside an environment that is set up for something else.
    let mut command = home.fluxa(&["events", "list", "--mock"]);
    command.env(key, LIVE).env(base, elsewhere);
    let said = Run::of(command).stderr;
    for warning in [
        "--mock is used; FLUXA_SECRET_KEY holds another key",
        "--mock is used; FLUXA_API_BASE holds another base URL",
    ] {
        assert_eq!(said.matches(warning).count(), 1, "{said}");
    }
    assert!(!said.contains("profile default"), "{said}");
}

#[test]
fn a_stored_key_that_will_not_be_used_is_said() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let mut command = home.fluxa(&["login", "--api-key-stdin"]);
    command.env("FLUXA_SECRET_KEY", READER);
    command.env("FLUXA_API_BASE", &mock.base_url);
    let stored = piped(command, KEY).expect(0);
    for said in ["`unset FLUXA_SECRET_KEY`", "`fluxa config set api_base "] {
        assert!(stored.stderr.contains(said), "{}", stored.stderr);
    }
    let mut command = home.fluxa(&["logout"]);
    command.env("FLUXA_SECRET_KEY", READER);
    let gone = Run::of(command).expect(0);
    assert!(
        gone.stderr.contains("`unset FLUXA_SECRET_KEY`"),
        "{}",
        gone.stderr
    );
}

#[test]
fn a_live_key_is_shown_as_one() {
    let home = Home::new();
    let set = home.fluxa(&["config", "set", "secret_key", "--profile", "live"]);
    piped(set, LIVE).expect(0);
    for arguments in [
        &["config", "list", "--profile", "live"][..],
        &["config", "profiles"],
    ] {
        let shown = home.run(arguments).expect(0).stdout;
        assert!(
            shown.contains("LIVE") && shown.contains("sk_live_…0123"),
            "{shown}"
        );
    }
    let json = ["config", "list", "--profile", "live", "--output", "json"];
    assert_eq!(home.run(&json).expect(0).json_lines()[0]["mode"], "live");
    let asked = ["keys", "create", "--name", "x", "--profile", "live"];
    let asked = home.run(&asked).expect(2);
    assert!(
        asked.stderr.contains("LIVE mode, real money"),
        "{}",
        asked.stderr
    );
}

#[test]
fn listen_says_which_mode_it_is_in() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let ready = home.path("ready");
    let listen = ["listen", "-f", "1", "--ready-file", ready.to_str().unwrap()];
    let human = Running::start(mock.fluxa(&home, &listen));
    ready_file(&ready);
    signal(human.process(), "INT");
    let said = human.finish().expect(130).stderr;
    assert!(said.contains("test mode"), "{said}");
    let as_json = [&listen[..], &["--output", "json"]].concat();
    let mut json = Running::start(mock.fluxa(&home, &as_json));
    assert_eq!(json.next_of_type("ready")["livemode"], false);
}
