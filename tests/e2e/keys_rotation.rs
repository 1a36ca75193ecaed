//! `fluxa keys rotate`: cut off anywhere, by a kill, a full disk or the network, it leaves the old key
//! or the new one, and the same command finishes it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::victim::Shim;
use crate::support::{Home, Mock, Run, Running, call, eventually, mock_control, piped, signal};

/// A profile that holds a key of the mock.
struct Profile {
    home: Home,
    base_url: String,
    id: String,
    old: String,
}

impl Profile {
    fn new(mock: &Mock) -> Self {
        let body = json!({ "kind": "secret", "name": "of a profile" });
        let key = call(mock, "POST", "/api_keys", body);
        let home = Home::new();
        let old = key["secret"].as_str().unwrap().to_owned();
        piped(home.fluxa(&["config", "set", "secret_key"]), &old).expect(0);
        Self {
            home,
            base_url: mock.base_url.clone(),
            id: key["id"].as_str().unwrap().to_owned(),
            old,
        }
    }

    fn directory(&self) -> PathBuf {
        self.home.path(".config/fluxa")
    }

    fn fluxa(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.fluxa(arguments);
        command.env("FLUXA_API_BASE", &self.base_url);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.fluxa(arguments))
    }

    fn rotation(&self) -> Command {
        self.fluxa(&["keys", "rotate", &self.id, "--grace", "1h", "--yes"])
    }

    /// The key it holds, which must be whole.
    #[track_caller]
    fn stored(&self) -> String {
        let text = std::fs::read_to_string(self.directory().join("credentials.toml")).unwrap();
        let key = text.split('"').nth(1).unwrap().to_owned();
        assert_eq!(key.len(), self.old.len(), "{text}");
        key
    }

    /// It holds the only successor of the key it held; returns that.
    #[track_caller]
    fn assert_rotated_once(&self, mock: &Mock) -> String {
        let keys = all_keys(mock);
        let rotated = |key: &&Value| key["rotated_from"] == self.id.as_str();
        let successors: Vec<&Value> = keys.iter().filter(rotated).collect();
        assert_eq!(successors.len(), 1, "{successors:?}");
        let new = self.stored();
        assert!(new != self.old && new.ends_with(successors[0]["last4"].as_str().unwrap()));
        self.run(&["events", "list"]).expect(0);
        new
    }
}

/// The grace of every key that was rotated is over.
fn end_the_grace(mock: &Mock) {
    let hour = json!({ "seconds": 3_601 });
    call(mock, "POST", "/sandbox/clock/advance", hour);
}

#[test]
fn the_profile_gets_the_new_key_which_is_printed_nowhere() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    for output in ["human", "json"] {
        let profile = Profile::new(&mock);
        let mut rotation = profile.rotation();
        rotation.args(["--output", output]);
        let run = Run::of(rotation).expect(0);
        let new = profile.assert_rotated_once(&mock);
        for text in [&run.stdout, &run.stderr] {
            assert!(
                !text.contains(&new) && !text.contains(&profile.old),
                "{text}"
            );
        }
        // What listen signs with is another secret now.
        let said = run.stderr.contains("another FLUXA_WEBHOOK_SECRET");
        assert_eq!(said, output == "human", "{}", run.stderr);
        // Typed once more, nothing is wrong: it is done.
        let again = Run::of(profile.rotation()).expect(0);
        assert!(again.stderr.contains("rotated before"), "{}", again.stderr);
        end_the_grace(&mock);
        profile.run(&["events", "list"]).expect(0);
        let revoke = ["keys", "revoke", &id_of(&mock, &new), "--yes"];
        let revoked = profile.run(&revoke).expect(0);
        assert!(
            revoked
                .stderr
                .contains("is the key in use, from profile default")
        );
    }
}

fn all_keys(mock: &Mock) -> Vec<Value> {
    let list = ["keys", "list", "--all", "--output", "json"];
    mock.run(&Home::new(), &list).expect(0).json_lines()
}

/// The id of a key by its end.
fn id_of(mock: &Mock, key: &str) -> String {
    let keys = all_keys(mock);
    let found = keys
        .iter()
        .find(|found| key.ends_with(found["last4"].as_str().unwrap()));
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn where_the_new_key_goes_can_be_said() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    // Not stored: it is printed, and what holds the old one is told.
    let profile = Profile::new(&mock);
    let mut rotation = profile.rotation();
    rotation.args(["--no-store", "--stdout-secret"]);
    let run = Run::of(rotation).expect(0);
    assert!(run.stdout.starts_with("sk_test_") && run.stdout.lines().count() == 1);
    assert!(
        run.stderr.contains("profile default holds the old key"),
        "{}",
        run.stderr
    );
    assert_eq!(profile.stored(), profile.old);

    // From the environment: the profile has nothing to do with it.
    let profile = Profile::new(&mock);
    let body = json!({ "kind": "secret", "name": "of the environment" });
    let key = call(&mock, "POST", "/api_keys", body);
    let rotate = [
        "keys",
        "rotate",
        key["id"].as_str().unwrap(),
        "--write-env",
        ".env:KEY",
        "--yes",
    ];
    let mut rotation = profile.fluxa(&rotate);
    rotation.env("FLUXA_SECRET_KEY", key["secret"].as_str().unwrap());
    let run = Run::of(rotation).expect(0);
    assert!(
        run.stderr.contains("FLUXA_SECRET_KEY holds the old key"),
        "{}",
        run.stderr
    );
    let file = std::fs::read_to_string(profile.home.path(".env")).unwrap();
    let new = file.trim().strip_prefix("KEY=").unwrap();
    assert!(!run.stdout.contains(new) && !run.stderr.contains(new));
    assert_eq!(profile.stored(), profile.old);

    // Another's key into the profile.
    let new_id = id_of(&mock, new);
    profile
        .run(&["keys", "rotate", &new_id, "--store", "--yes"])
        .expect(0);
    assert!(id_of(&mock, &profile.stored()) != profile.id);
    profile.run(&["events", "list"]).expect(0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_kill_at_any_write_leaves_a_key_that_works_and_a_rotation_that_can_be_finished() {
    let Some(shim) = Shim::build() else {
        return;
    };
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let mut finished = Vec::new();
    for tear in [false, true] {
        for write in 1.. {
            let profile = Profile::new(&mock);
            let mut rotation = profile.rotation();
            shim.kill_at(&mut rotation, &profile.directory(), write, tear);
            let run = Run::of(rotation);
            if run.code == 0 {
                // The note before the request, the key, the note's end: each at least a file written,
                // synced, renamed and its directory synced.
                assert!(write > 12, "only {write} writes");
                break;
            }
            assert_eq!(run.code, -1, "{run:?}");
            let stored = profile.stored();
            profile.run(&["events", "list"]).expect(0);
            let again = Run::of(profile.rotation()).expect(0);
            for key in [&stored, &profile.stored()] {
                assert!(!again.stdout.contains(key) && !again.stderr.contains(key));
            }
            profile.assert_rotated_once(&mock);
            finished.push(profile);
        }
    }
    end_the_grace(&mock);
    for profile in finished {
        profile.run(&["events", "list"]).expect(0);
    }
}

#[test]
fn a_kill_while_the_request_is_under_way_is_finished_with_the_key_that_was_made() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    for when in ["before", "after"] {
        let profile = Profile::new(&mock);
        let fault = json!({
            "method": "POST", "path": "/v1/api_keys/*/rotate", "when": when, "delay_ms": 60_000,
        });
        let fault = mock_control(&mock, "/faults", fault);
        let path = format!("/faults/{}", fault["id"].as_str().unwrap());
        let rotation = Running::start(profile.rotation());
        eventually("the request", || {
            (mock_control(&mock, &path, Value::Null)["hits"] == 1).then_some(())
        });
        if when == "after" {
            eventually("the rotation", || {
                let key = call(
                    &mock,
                    "GET",
                    &format!("/api_keys/{}", profile.id),
                    Value::Null,
                );
                (key["status"] == "rotating").then_some(())
            });
        }
        drop(rotation);
        assert_eq!(profile.stored(), profile.old);
        // Whoever looks at keys is told.
        let told = profile.run(&["keys", "list"]).expect(0);
        let finish = format!("`fluxa keys rotate {}`", profile.id);
        assert!(told.stderr.contains(&finish), "{}", told.stderr);
        // What it would be: the same request again.
        let shown = [
            "keys",
            "rotate",
            &profile.id,
            "--dry-run",
            "--output",
            "json",
        ];
        let shown = profile.run(&shown).expect(0).json_lines().remove(0);
        assert_eq!(shown["body"]["grace_seconds"], 3_600);
        assert_ne!(shown["headers"]["Idempotency-Key"], "(random)");
        // With the grace it was begun with, whatever is typed now.
        let again = profile.run(&["keys", "rotate", &profile.id]).expect(0);
        assert!(
            again.stderr.contains("with its grace of 1 h"),
            "{}",
            again.stderr
        );
        profile.assert_rotated_once(&mock);
        let silent = profile.run(&["keys", "list"]).expect(0);
        assert_eq!(silent.stderr, "");
    }
    end_the_grace(&mock);
}

#[cfg(unix)]
#[test]
fn an_interrupt_says_how_it_is_finished() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let profile = Profile::new(&mock);
    let fault = json!({
        "method": "POST", "path": "/v1/api_keys/*/rotate", "when": "after", "delay_ms": 60_000,
    });
    let fault = mock_control(&mock, "/faults", fault);
    let path = format!("/faults/{}", fault["id"].as_str().unwrap());
    let rotation = Running::start(profile.rotation());
    eventually("the request", || {
        (mock_control(&mock, &path, Value::Null)["hits"] == 1).then_some(())
    });
    signal(rotation.process(), "INT");
    let run = rotation.finish().expect(130);
    assert!(
        run.stderr.contains("this finishes it, once"),
        "{}",
        run.stderr
    );
    Run::of(profile.rotation()).expect(0);
    profile.assert_rotated_once(&mock);
}

#[test]
fn an_answer_that_is_lost_is_asked_for_again() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let profile = Profile::new(&mock);
    let fault = json!({
        "method": "POST", "path": "/v1/api_keys/*/rotate", "lose_response": true, "times": 2,
    });
    mock_control(&mock, "/faults", fault);
    let lost = Run::of(profile.rotation()).expect(5);
    assert!(
        lost.stderr.contains("this finishes it, once"),
        "{}",
        lost.stderr
    );
    assert_eq!(profile.stored(), profile.old);
    Run::of(profile.rotation()).expect(0);
    profile.assert_rotated_once(&mock);
}

#[test]
fn a_profile_that_got_another_key_since_keeps_that() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let profile = Profile::new(&mock);
    let fault = json!({
        "method": "POST", "path": "/v1/api_keys/*/rotate", "lose_response": true, "times": 2,
    });
    mock_control(&mock, "/faults", fault);
    Run::of(profile.rotation()).expect(5);
    let body = json!({ "kind": "secret", "name": "another" });
    let another = call(&mock, "POST", "/api_keys", body);
    let another = another["secret"].as_str().unwrap();
    piped(
        profile.home.fluxa(&["config", "set", "secret_key"]),
        another,
    )
    .expect(0);
    let run = Run::of(profile.rotation()).expect(0);
    assert!(
        run.stderr.contains("holds another key by now"),
        "{}",
        run.stderr
    );
    assert!(
        run.stdout.lines().last().unwrap().starts_with("sk_test_"),
        "{}",
        run.stdout
    );
    assert_eq!(profile.stored(), another);
}

#[test]
fn many_rotations_of_one_key_at_once_make_one_new_key() {
    let home = Home::new();
    let mock = Mock::start(&home, &["--rate-limit", "off"]);
    let profile = Profile::new(&mock);
    let all: Vec<Running> = (0..8).map(|_| Running::start(profile.rotation())).collect();
    for one in all {
        let run = one.finish();
        // One that begins when another is done finds the key rotated.
        assert!(matches!(run.code, 0 | 4), "{run:?}");
    }
    profile.assert_rotated_once(&mock);
    assert_eq!(profile.run(&["keys", "list"]).expect(0).stderr, "");
}

#[test]
fn what_is_refused_is_over() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let profile = Profile::new(&mock);
    profile
        .run(&["keys", "rotate", "key_00000000000000ff", "--yes"])
        .expect(4);
    let list = profile.run(&["keys", "list"]).expect(0);
    assert_eq!(list.stderr, "");
    // Rotated elsewhere: nothing to finish here, and the successor is named.
    call(
        &mock,
        "POST",
        &format!("/api_keys/{}/rotate", profile.id),
        json!({}),
    );
    let refused = Run::of(profile.rotation()).expect(4);
    assert!(
        refused.stderr.contains("its successor is key_"),
        "{}",
        refused.stderr
    );
    assert_eq!(profile.run(&["keys", "list"]).expect(0).stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_the_old_key_and_shows_the_new_one_once() {
    let Some(shim) = Shim::build() else {
        return;
    };
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let profile = Profile::new(&mock);

    // No room for the note: nothing was rotated.
    let mut rotation = profile.rotation();
    shim.fill_up(&mut rotation, &profile.directory());
    let refused = Run::of(rotation).expect(1);
    assert!(
        refused.stderr.contains("nothing was rotated"),
        "{}",
        refused.stderr
    );

    // None for the key alone.
    let mut rotation = profile.rotation();
    shim.fill_up(&mut rotation, &profile.directory().join(".credentials"));
    let failed = Run::of(rotation).expect(1);
    let secret = failed.stdout.lines().last().unwrap();
    assert!(secret.starts_with("sk_test_"), "{}", failed.stdout);
    assert!(!failed.stderr.contains(secret), "{}", failed.stderr);
    assert!(
        failed.stderr.contains("on stdout, now and never again"),
        "{}",
        failed.stderr
    );
    assert_eq!(profile.stored(), profile.old);
    profile.run(&["events", "list"]).expect(0);
    // Room again: the same key.
    Run::of(profile.rotation()).expect(0);
    assert_eq!(profile.assert_rotated_once(&mock), secret);
}
