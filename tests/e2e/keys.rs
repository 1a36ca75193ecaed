//! `fluxa keys`: create, rotate with a grace, revoke; and secrets in no other output.

use serde_json::json;

use crate::support::{Home, KEY, Mock, Run, call};

/// A command with this key.
fn with_key(mock: &Mock, home: &Home, key: &str, arguments: &[&str]) -> Run {
    let mut command = mock.fluxa(home, arguments);
    command.env("FLUXA_SECRET_KEY", key);
    Run::of(command)
}

#[test]
fn a_key_lives_is_rotated_and_dies_when_its_grace_is_over() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let create = ["keys", "create", "--name", "ci", "--output", "json"];
    let created = mock.run(&home, &create).expect(0).json_lines().remove(0);
    let (id, old) = (
        created["id"].as_str().unwrap(),
        created["secret"].as_str().unwrap(),
    );
    with_key(&mock, &home, old, &["events", "list"]).expect(0);

    let rotate = ["keys", "rotate", id, "--grace", "1h", "--output", "json"];
    let rotated = mock.run(&home, &rotate).expect(0).json_lines().remove(0);
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(old, new);
    for key in [old, new] {
        with_key(&mock, &home, key, &["events", "list"]).expect(0);
    }

    call(
        &mock,
        "POST",
        "/sandbox/clock/advance",
        json!({ "seconds": 3_601 }),
    );
    let refused = with_key(&mock, &home, old, &["events", "list"]).expect(3);
    assert!(
        !refused.stderr.contains(old),
        "the key is in the error: {}",
        refused.stderr
    );
    with_key(&mock, &home, new, &["events", "list"]).expect(0);

    let new_id = rotated["id"].as_str().unwrap();
    let arguments = ["keys", "revoke", new_id, "--mock"];
    let unasked = mock.run(&home, &arguments).expect(2);
    let again = format!("`fluxa keys revoke {new_id} --yes --mock`");
    assert!(unasked.stderr.contains(&again), "{}", unasked.stderr);
    mock.run(&home, &["keys", "revoke", new_id, "--yes"])
        .expect(0);
    with_key(&mock, &home, new, &["events", "list"]).expect(3);

    for output in ["human", "json"] {
        let list = mock
            .run(&home, &["keys", "list", "--output", output])
            .expect(0);
        for secret in [old, new, KEY] {
            assert!(!list.stdout.contains(secret) && !list.stderr.contains(secret));
        }
        assert!(list.stdout.contains(new_id), "{}", list.stdout);
    }
}

#[test]
fn a_restricted_key_does_what_its_scopes_say_and_no_more() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let arguments = [
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
    let created = mock.run(&home, &arguments).expect(0).json_lines().remove(0);
    let key = created["secret"].as_str().unwrap();
    assert!(key.starts_with("rk_test_"));
    with_key(&mock, &home, key, &["events", "list"]).expect(0);
    let run = with_key(&mock, &home, key, &["keys", "list"]).expect(3);
    assert!(run.stderr.contains("request id: req_"), "{}", run.stderr);
    mock.run(
        &home,
        &["keys", "create", "--name", "x", "--kind", "restricted"],
    )
    .expect(2);
}

#[test]
fn a_name_is_no_key_id_and_a_grace_has_its_bounds() {
    let home = Home::new();
    for arguments in [
        &["keys", "revoke", "ci"][..],
        &["keys", "revoke", "ci", "--yes"],
        &["keys", "rotate", "ci"],
    ] {
        let run = home.run(arguments).expect(2);
        assert!(run.stderr.contains("`ci` is no key id"), "{}", run.stderr);
    }
    let run = home
        .run(&["keys", "rotate", "key_1", "--grace", "5m"])
        .expect(2);
    assert!(run.stderr.contains("1h to 30d"), "{}", run.stderr);
}

#[test]
fn what_a_live_key_would_change_is_asked_first() {
    let home = Home::new();
    let mock = Mock::start(&home, &[]);
    let live = "sk_live_0000000000000000000000000000";
    let unasked = with_key(&mock, &home, live, &["keys", "create", "--name", "x"]).expect(2);
    assert!(unasked.stderr.contains("LIVE") && unasked.stderr.contains("--yes"));
    // Said yes, it is sent; the sandbox has no use for a live key.
    let sent = ["keys", "create", "--name", "x", "--yes"];
    with_key(&mock, &home, live, &sent).expect(3);
}
